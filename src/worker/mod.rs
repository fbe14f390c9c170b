//! The inside of a worker: closes itself in, then runs one job after the other.
//!
//! Never: database, network, paths.

mod axis;
mod cadence;
mod crash;
mod cue;
mod escape;
mod fragment;
mod image;
mod index;
mod markup;
mod nal;
mod photo;
mod picture;
mod probe;
mod reader;
mod remux;
mod reply;
mod retime;
mod sandbox;
mod seccomp;
mod segment;
mod serve;
mod sound;
mod sound_copy;
mod sound_place;
mod subtitle;
mod subtitle_text;
mod syscalls;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

pub use reply::Reply;
use serve::Settings;

/// Runs the program with its arguments: the lane and the most bytes of address space.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(settings) = Settings::parse(arguments) else {
        say("alcove-worker is started by alcove, not by hand");
        return ExitCode::from(64);
    };
    crate::av::error::silence();
    match serve::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("alcove-worker: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard error, which may be closed, full, or a file that no longer takes any.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
