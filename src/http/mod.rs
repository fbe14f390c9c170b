//! The web side: listener, routes, API types, the built interface.
//!
//! Never: SQL, libav, the machine's own files.

pub mod doc;
pub mod problem;
pub mod routes;
pub mod types;
