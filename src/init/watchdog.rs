//! The hardware watchdog: armed before anything can hang, kept content while long work goes on, left armed for systemd
//! (<https://docs.kernel.org/watchdog/watchdog-api.html>).
//!
//! Never: the letter that would disarm it when it is closed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::{ioctls, say};

const TIMEOUT_S: i32 = 60;
/// A tool that works longer than this counts as hung.
const LONGEST_WORK: Duration = Duration::from_secs(30 * 60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// The watchdog, or none where the board has none.
pub struct Watchdog(Option<File>);

impl Watchdog {
    pub fn arm(path: &Path) -> Self {
        let armed = OpenOptions::new().write(true).open(path).and_then(|file| {
            let timeout_s = ioctls::set_watchdog_timeout(&file, TIMEOUT_S)?;
            say::info(&format!(
                "the watchdog restarts this board after {timeout_s} s"
            ));
            Ok(file)
        });
        match armed {
            Ok(file) => Self(Some(file)),
            Err(error) => {
                say::info(&format!("no watchdog: {error}"));
                Self(None)
            }
        }
    }

    /// Says that work goes on.
    pub fn keep(&mut self) {
        if let Some(file) = &mut self.0 {
            let _ = file.write_all(b"1");
        }
    }

    /// Runs a program to its end, which may take long.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn keep_during(&mut self, command: &mut Command) -> io::Result<ExitStatus> {
        let mut child = command.spawn()?;
        let begun = Instant::now();
        let mut kept = begun;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if kept.elapsed() >= KEEP_EVERY && begun.elapsed() < LONGEST_WORK {
                self.keep();
                kept = Instant::now();
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}
