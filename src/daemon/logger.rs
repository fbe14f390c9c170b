//! Log lines on standard error, in the form that its reader wants.
//!
//! The journal takes a priority in front of each line (sd-daemon(3)); people get the time instead.
//!
//! Never: more than one line for one message.

use std::io::Write;
use std::os::fd::AsFd;

use log::{Level, LevelFilter, Log, Metadata, Record};

/// The logger of the program.
#[derive(Debug)]
struct Stderr {
    journal: bool,
}

/// Makes `log` write to standard error. Called once, before anything is logged.
pub fn start(level: LevelFilter) {
    let logger = Stderr {
        journal: is_journal(),
    };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        log::set_max_level(level);
    }
}

/// True when standard error is the stream that systemd connected to the journal (systemd.exec(5)).
fn is_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let Ok(facts) = nix::sys::stat::fstat(std::io::stderr().as_fd()) else {
        return false;
    };
    stream == format!("{}:{}", facts.st_dev, facts.st_ino)
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let time = (!self.journal).then(|| jiff::Timestamp::now().to_string());
        let line = line(
            record.level(),
            record.target(),
            &record.args().to_string(),
            time,
        );
        // Nothing is left to do when even standard error is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn line(level: Level, target: &str, message: &str, time: Option<String>) -> String {
    let message = message.replace(['\n', '\r'], " ");
    match time {
        Some(time) => format!("{time} {level:<5} {target}: {message}\n"),
        None => format!("<{}>{target}: {message}\n", priority(level)),
    }
}

/// The priorities of syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_with_its_priority() {
        let forged = "a film\n<3>alcove: all is lost";
        assert_eq!(
            line(Level::Info, "alcove", forged, None),
            "<6>alcove: a film <3>alcove: all is lost\n"
        );
        let time = Some("2026-11-21T10:00:00Z".to_owned());
        assert_eq!(
            line(Level::Warn, "alcove", "x", time),
            "2026-11-21T10:00:00Z WARN  alcove: x\n"
        );
    }
}
