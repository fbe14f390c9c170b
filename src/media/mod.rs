//! Values that both programs speak: what a file holds, where it is cut, what is asked of a worker.
//!
//! Never: input or output, async, libav.

pub mod client;
pub mod codec;
pub mod grid;
pub mod info;
pub mod job;
pub mod target;
pub mod wire;
