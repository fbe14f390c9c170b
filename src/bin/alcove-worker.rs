//! The program that touches media bytes: one child process of the daemon, closed in before it reads any.
//!
//! Never: a path, a socket, or a second parent.

#[path = "../av/mod.rs"]
mod av;
#[path = "../worker/mod.rs"]
mod worker;

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::main(std::env::args_os().skip(1))
}
