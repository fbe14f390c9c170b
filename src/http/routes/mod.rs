//! The handlers, one file a topic.
//!
//! Never: SQL, libav, decisions that belong to a feature.

pub mod art;
pub mod board;
pub mod crashes;
pub mod events;
pub mod experience;
pub mod file;
pub mod health;
pub mod home;
pub mod items;
pub mod libraries;
pub mod login;
pub mod me;
pub mod openapi;
pub mod performance;
pub mod playback;
pub mod privacy;
pub mod progress;
pub mod scan;
pub mod setup;
pub mod stream;
pub mod update;
