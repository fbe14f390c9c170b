//! Safe, owned wrappers over libav; everything unsafe about it stays in here.
//!
//! Never: opening a path, async, deciding what a file becomes.

pub mod error;
pub mod input;
