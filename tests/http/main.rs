//! The web side from outside: the real programs, over sockets.
//!
//! Never: anything but loopback.

#[path = "../house/mod.rs"]
mod house;
#[path = "../media/mod.rs"]
mod media;

mod account;
mod day;
mod ends;
mod files;
mod hung;
mod kills;
mod limits;
mod newer;
mod privacy;
mod server;
mod surface;
