//! Safe, owned wrappers over libav; everything unsafe about it stays in here.
//!
//! Never: opening a path, async, deciding what a file becomes.

pub mod audio_header;
pub mod bits;
pub mod chapters;
pub mod codecs;
pub mod error;
pub mod file;
pub mod gop;
pub mod index;
pub mod input;
pub mod mpeg_audio;
pub mod probe;
pub mod stream;
pub mod tags;
pub mod video_header;
