//! How a file reaches a player: the decision, the playlists, and the sessions that make segments.
//!
//! Never: libav types, HTTP types, paths of media files.

pub mod backend;
mod cache;
pub mod capacity;
pub mod classes;
pub mod decide;
#[cfg(test)]
mod decide_tests;
pub mod ladder;
pub mod language;
mod live;
mod obstacle;
mod part;
pub mod plan;
pub mod playbacks;
#[cfg(test)]
mod playbacks_tests;
pub mod playlist;
#[cfg(test)]
mod playlist_tests;
pub mod reason;
mod schedule;
pub mod session;
#[cfg(test)]
mod session_tests;
pub mod source;
#[cfg(test)]
mod test_media;
mod viewer;
