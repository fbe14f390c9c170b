//! The boot state: which slot starts next, how many tries each has left, and what became of it.
//!
//! The boot script (`image/boot/boot.cmd`) chooses by it and counts each start down; the firmware changes it
//! through the functions of [`State`]. What happens to one slot:
//!
//! ```text
//!           activate                      mark_good
//!  spent ────────────► trying, 3 tries ─────────────► good, 3 tries ◄─┐
//!    ▲ ▲                   │ a start: 3, 2, 1, 0          │ a start   │ mark_good, after
//!    │ └───────────────────┘                              ▼           │ each start
//!    │   the last start came to nothing           good, 2, 1, 0 ──────┘
//!    │                                                    │
//!    └────────────────────────────────────────────────────┘
//!        mark_bad, from anywhere; or the last start came to nothing
//! ```
//!
//! A slot that is spent is passed over for the other one. Where both are spent, both get three tries again: a board never
//! stands without a slot to start. What nobody has written yet, or nobody can read any more, is [`State::FACTORY`].
//!
//! It is kept in two copies of 4 KiB that lie 512 KiB apart, in the format of U-Boot's environment. Each change goes to the
//! older copy, so that a power cut leaves the newer one.
//!
//! Never: starting anything; a third slot.

mod block;
mod device;
mod state;

pub use block::{BLOCK_BYTES, SECOND_COPY_AT_BYTES, decode, encode, newest};
pub use device::{Device, DeviceError};
pub use state::{MOST_TRIES, Reason, Reset, Slot, SlotState, State};
