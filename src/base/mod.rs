//! What every room may stand on: time, weeks, exact rational time, steps, descriptor
//! passing.
//!
//! Never: another room, policy, media knowledge.

pub mod clock;
pub mod fd_channel;
pub mod rational;
pub mod steps;
pub mod week;
