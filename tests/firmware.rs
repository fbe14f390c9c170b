//! The root overlay of the image, as far as it can be tried without starting it: the rules for packets, the units, the
//! place of a drive.
//!
//! Never: the machine's own network, mounts or services.

#[cfg(test)]
#[path = "firmware/drives.rs"]
mod drives;
#[cfg(test)]
#[path = "firmware/packets.rs"]
mod packets;
#[cfg(test)]
#[path = "firmware/units.rs"]
mod units;

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the image lays over the packages.
fn overlay() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("image/root")
}

/// Whether the command can be run and ends well; a test that needs it says so and passes where it cannot.
fn works(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    let works = output.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!(
            "not tried: `{program} {}` does not work here",
            arguments.join(" ")
        );
    }
    works
}
