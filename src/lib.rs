//! Alcove: a private media server for small ARM boards.
//!
//! The rooms and the direction of their arrows are described in ARCHITECTURE.md. This library
//! never links libav: the rooms `av` and `worker` belong to the program `alcove-worker` alone.

pub mod auth;
pub mod base;
pub mod board;
pub mod consent;
pub mod daemon;
pub mod db;
pub mod http;
pub mod library;
pub mod media;
pub mod pool;
pub mod telemetry;
pub mod transcode;
pub mod update;
