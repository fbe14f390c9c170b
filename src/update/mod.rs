//! Updates of the firmware: which of its two slots starts, what comes into the other one, and how a version proves itself.
//!
//! Never: what the box is for (`library`, `transcode`).

mod aside;
pub mod bootstate;
pub mod bundle;
mod error;
pub mod firmware;
pub mod health;
pub mod helper;
pub mod intake;
pub mod offer;
pub mod outside;
pub mod phase;
pub mod rauc;
pub mod record;
pub mod system;
pub mod updates;
pub mod version;

pub use error::UpdateError;
pub use firmware::Firmware;
pub use updates::Updates;
