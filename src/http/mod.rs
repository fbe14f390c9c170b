//! The web side: listener, routes, API types, the built interface.
//!
//! Never: SQL, libav, the machine's own files.

mod app;
pub mod classes;
mod conditions;
pub mod doc;
mod extract;
mod failures;
mod file_body;
mod guard;
mod hosts;
mod page;
mod playing;
mod problem;
mod refusal;
mod router;
mod routes;
mod send_file;
mod server;
mod stall;
pub mod types;
mod ui;
mod watched;

pub use app::{Addresses, Rooms};
pub use page::Page;
pub use router::router;
pub use server::{ServerConfig, serve};
