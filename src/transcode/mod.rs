//! How a file reaches a player: the decision, the playlists, and the sessions that make segments.
//!
//! Never: libav types, HTTP types, paths of media files.

pub mod backend;
pub mod capacity;
pub mod decide;
pub mod ladder;
pub mod language;
pub mod plan;
pub mod playlist;
pub mod reason;
pub mod session;
pub mod source;
#[cfg(test)]
mod test_media;
