//! What every room may stand on: time, weeks, exact rational time, steps, descriptor
//! passing, numbered files, checksums, and what a crash may tell.
//!
//! Never: another room, policy, media knowledge.

pub mod clock;
pub mod crash;
pub mod crash_record;
pub mod crc32;
pub mod fd_channel;
pub mod folder;
pub mod rational;
pub mod steps;
pub mod symbols;
pub mod trace;
pub mod week;
