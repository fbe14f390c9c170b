//! SQLite: the schema, its migrations and every query; one writer, two readers.
//!
//! Never: HTTP types, decisions about what is shown or played.

pub mod accounts;
mod connection;
mod error;
pub mod items;
mod migrations;
pub mod settings;

pub use connection::Db;
pub use error::DbError;
pub use rusqlite::Connection;
