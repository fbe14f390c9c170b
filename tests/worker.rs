//! The pool and real worker processes on real files: probes, indexes, pictures, subtitles, faults.
//!
//! Never: a stand-in for the worker; a network.

#[path = "worker/bench.rs"]
mod bench;
#[path = "worker/crash.rs"]
mod crash;
#[path = "worker/faults.rs"]
mod faults;
#[path = "worker/image.rs"]
mod image;
#[path = "worker/index.rs"]
mod index;
#[path = "worker/pool.rs"]
mod pool;
#[path = "worker/probe.rs"]
mod probe;
#[path = "worker/sandbox.rs"]
mod sandbox;
#[path = "worker/subtitle.rs"]
mod subtitle;
