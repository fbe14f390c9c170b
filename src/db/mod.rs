//! SQLite: the schema, its migrations and every query; one writer, two readers.
//!
//! Never: HTTP types, decisions about what is shown or played.

pub mod accounts;
pub mod art;
mod connection;
pub mod cursor;
mod error;
pub mod files;
pub mod item_query;
pub mod item_writes;
pub mod items;
pub mod libraries;
mod migrations;
pub mod settings;
pub mod side_subtitles;
pub mod telemetry;
pub mod watch;

pub use connection::Db;
pub use error::DbError;
pub use rusqlite::Connection;
