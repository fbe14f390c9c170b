//! What every room may stand on: time, exact rational time, descriptor passing.
//!
//! Never: another room, policy, media knowledge.

pub mod clock;
pub mod fd_channel;
pub mod rational;
