//! What the owner answered, kept on flash where a power cut cannot lose it, and the grants that come of it.
//!
//! Never: network, database, async; a yes that is in doubt; an older answer in place of a damaged one.
//!
//! # The flash
//!
//! 8 MiB in two halves of 1,024 blocks of 4 KiB. The record with sequence *s* stands at index *s* mod 1,024 of both:
//!
//! ```text
//!            index 0   1        i       i+1           1023
//! lower half   [  ] [  ]  ...  [ s ]  [s-1023]  ...   [  ]     blocks    0 to 1023
//! upper half   [  ] [  ]  ...  [ s ]  [s-1023]  ...   [  ]     blocks 1024 to 2047
//! ```
//!
//! A block, numbers little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `ALCONSNT` |
//! | 8 | 2 | layout version, 1 |
//! | 10 | 2 | length of the payload |
//! | 12 | 4 | zero |
//! | 16 | 8 | sequence, from 1, one more with every attempt to write |
//! | 24 | 8 | the sequence with all bits inverted |
//! | 32 | length | payload: the record in postcard |
//! | after it | | zero |
//! | 4092 | 4 | CRC32C of bytes 0 to 4091 |
//!
//! The payload of layout 1, in postcard's encoding (variable-length integers, one byte a bool or an enum's index):
//! mode (0 off, 1 undecided, 2 local, 3 share) · switches for playback statistics, crash reports, release news ·
//! registry version that was answered · highest registry version seen since · week of the answer, optional · ledger:
//! lost or not, and up to 54 pairs of week and thousandths of epsilon. Weeks are counted from
//! that of 1970-01-01, Monday to Sunday.
//!
//! A newer layout keeps magic, layout version, sequence and checksum where they are.
//!
//! # A change
//!
//! ```text
//! ahead ─► memory: only what old and new both allow, all grants void
//! store ─► waits for a change that is being stored; refused when a later answer came first
//!     ─► write lower[i] ─► flush ─► write upper[i] ─► flush ─► memory: the new answer ─► "saved"
//!              │             │            │             │
//!              └─────────────┴─────┬──────┴─────────────┘ an error
//!                                  ▼
//!              memory: off, not saved; the next change takes index i+1
//! ```
//!
//! A power cut leaves the record before or this one. A record that has no copy was perhaps never acknowledged: it counts
//! where it allows nothing that the one before did not, and else the one before does, with the bookings of both. A copy
//! that is one bit away was there, and rotted. The program that starts next first flushes, then writes the copy that
//! the newest record lacks, or what counts instead as a newer one, so the answer that it shows stays when one of its
//! two blocks rots.
//!
//! # What is read
//!
//! | on the flash | answer |
//! |---|---|
//! | nothing, or one torn block of a first write | undecided |
//! | a newest whole block with its copy | its record, if its registry is the one of this program |
//! | a newest whole block without a copy | its record, or the one before where that is more private |
//! | both blocks of any index damaged, or different with one sequence | off, `Damaged`: a newer answer may have been there |
//! | no whole block, yet not blank | off, `Noise` |
//! | a newest block of a newer layout | off, `NewerLayout`; a no can be stored, a yes cannot |
//! | nothing, in a file that was made in place of a lost one | off, `Missing`, and the loss is written on it |
//! | two devices with different answers | off, `TwoAnswers`; the next answer goes to both |
//!
//! Where bookings of epsilon may be lost with a block, the year counts as spent.

mod flash;
mod grant;
mod handle;
mod ledger;
mod now;
mod reason;
mod record;
mod ring;

pub use flash::{Access, BLOCK_BYTES, BLOCKS, Block, Flash, OpenFlash, Place};
pub use grant::{
    Category, CrashReports, GRANT_MS, Grant, PlaybackStatistics, ReleaseNews, Revoked,
};
pub use handle::{Consent, NoGrant, Reset, Settings, asks_not_to_track};
pub use ledger::{BookError, Budget, MilliEpsilon, REPORTING_WEEKS, WEEK_LIMIT, YEAR_LIMIT};
pub use now::{Ahead, State};
pub use reason::{Reason, SetError};
pub use record::{Answer, Choice, Kind, Mode, Switches};
