//! The web side from outside: the real programs, over sockets.
//!
//! Never: anything but loopback.

#[path = "../house/mod.rs"]
mod house;

mod account;
mod ends;
mod limits;
mod server;
mod surface;
