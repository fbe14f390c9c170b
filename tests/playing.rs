//! Films are played to the end by ffmpeg.
//!
//! Never: a worker other than the real one, or an address off this machine.

#[path = "media/mod.rs"]
mod media;
#[path = "playing/mod.rs"]
mod playing;
