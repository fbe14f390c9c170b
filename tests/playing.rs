//! Films are played to the end by ffmpeg and GStreamer, from files and from a running Alcove.
//!
//! Never: a worker other than the real one, or an address off this machine.

#[path = "house/mod.rs"]
mod house;
#[path = "media/mod.rs"]
mod media;
#[path = "playing/mod.rs"]
mod playing;
