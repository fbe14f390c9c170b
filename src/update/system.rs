//! What only root may do, one line asked and one line answered: `alcove system`, which systemd starts for each
//! connection of the daemon.
//!
//! Never: a request with a free text in it; anything that the daemon could do itself.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::process::Command;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use serde::{Deserialize, Serialize};

use super::bootstate::{Device, DeviceError, Reason, Reset, Slot, SlotState, State};
use super::firmware::Firmware;
use super::outside::{self, OutsideError, Switch};

/// No request is longer.
const MOST_REQUEST_BYTES: u64 = 64;
const READ_AT_ONCE_BYTES: usize = 1024 * 1024;

/// All that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    Restart,
    /// Restarts, and the next start empties settings and data.
    Reset(Reset),
    /// What the boot state says.
    Boot,
    /// The running version did not pass its check and is not to start again.
    Fail,
    /// Reads the running root image from its beginning to its end.
    ReadRoot,
    /// What may leave the home network, and what did.
    Outside,
    SetOutside(Switch, bool),
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    #[error("no such request")]
    Unknown,
    #[error(transparent)]
    BootState(#[from] DeviceError),
    #[error("the kernel was not told which slot runs")]
    NoSlot,
    #[error("the machine does not restart: {0}")]
    Restart(io::Error),
    #[error(transparent)]
    Outside(#[from] OutsideError),
    #[error("the other slot holds no version that has proved itself")]
    NowhereToGo,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What the boot state says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootFacts {
    /// The slot that runs.
    pub slot: String,
    pub a: SlotFacts,
    pub b: SlotFacts,
}

/// What it says of one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotFacts {
    pub tries: u8,
    pub good: bool,
    pub reason: String,
}

/// How reading the root image went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootRead {
    pub read_bytes: u64,
    /// What the kernel said at that place; `None` when it was read to its end.
    pub failed: Option<String>,
}

impl BootFacts {
    pub fn running(&self) -> &SlotFacts {
        if self.slot == Slot::B.word() {
            &self.b
        } else {
            &self.a
        }
    }

    pub fn other(&self) -> &SlotFacts {
        if self.slot == Slot::B.word() {
            &self.a
        } else {
            &self.b
        }
    }
}

impl From<SlotState> for SlotFacts {
    fn from(state: SlotState) -> Self {
        Self {
            tries: state.tries,
            good: state.good,
            reason: state.reason.word().to_owned(),
        }
    }
}

impl Request {
    /// As it is written on the line.
    pub fn line(self) -> String {
        match self {
            Self::Restart => "restart".into(),
            Self::Reset(reset) => format!("reset {}", reset.word()),
            Self::Boot => "boot".into(),
            Self::Fail => "fail health".into(),
            Self::ReadRoot => "read-root".into(),
            Self::Outside => "outside".into(),
            Self::SetOutside(switch, on) => format!(
                "outside {} {}",
                switch.word(),
                if on { "on" } else { "off" }
            ),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        Some(match words[..] {
            ["restart"] => Self::Restart,
            ["reset", "keep"] => Self::Reset(Reset::Keep),
            ["reset", "all"] => Self::Reset(Reset::All),
            ["boot"] => Self::Boot,
            ["fail", "health"] => Self::Fail,
            ["read-root"] => Self::ReadRoot,
            ["outside"] => Self::Outside,
            ["outside", switch, "on"] => Self::SetOutside(Switch::of_word(switch)?, true),
            ["outside", switch, "off"] => Self::SetOutside(Switch::of_word(switch)?, false),
            _ => return None,
        })
    }
}

/// Reads one request from `asked` and answers it on `answers`, as a line of JSON.
///
/// # Errors
/// The operating system's own, when the answer cannot be written.
pub fn answer(firmware: &Firmware, asked: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut line = String::new();
    asked.take(MOST_REQUEST_BYTES).read_line(&mut line)?;
    let request = Request::parse(line.trim_end_matches('\n'));
    let done = request
        .ok_or(SystemError::Unknown)
        .and_then(|request| run(firmware, request));
    let text = done.unwrap_or_else(|error| {
        log::warn!("a request was not carried out: {error}");
        serde_json::json!({ "error": error.to_string() }).to_string()
    });
    writeln!(answers, "{text}")?;
    answers.flush()
}

fn run(firmware: &Firmware, request: Request) -> Result<String, SystemError> {
    let boot_state = || Device::open(&firmware.boot_state());
    match request {
        Request::Restart => restart(firmware)?,
        Request::Reset(reset) => {
            boot_state()?.change(|state| state.reset = reset)?;
            restart(firmware)?;
        }
        Request::Boot => {
            let (state, slot) = (boot_state()?.read()?, slot(firmware)?);
            return text(&BootFacts {
                slot: slot.word().to_owned(),
                a: state.a.into(),
                b: state.b.into(),
            });
        }
        Request::Fail => {
            let (device, slot) = (boot_state()?, slot(firmware)?);
            if !device.read()?.of(slot.other()).good {
                return Err(SystemError::NowhereToGo);
            }
            device.change(|state: &mut State| state.mark_bad(slot, Reason::Health))?;
        }
        Request::ReadRoot => return text(&read_root(firmware)?),
        Request::Outside => return text(&outside::read(firmware)?),
        Request::SetOutside(switch, on) => return text(&outside::set(firmware, switch, on)?),
    }
    Ok("{\"ok\":true}".into())
}

fn text<T: Serialize>(value: &T) -> Result<String, SystemError> {
    serde_json::to_string(value).map_err(|error| io::Error::other(error).into())
}

fn slot(firmware: &Firmware) -> Result<Slot, SystemError> {
    let line = std::fs::read_to_string(firmware.kernel_command_line())?;
    Slot::of_command_line(&line).ok_or(SystemError::NoSlot)
}

fn restart(firmware: &Firmware) -> Result<(), SystemError> {
    let mut command = Command::new(firmware.program("usr/bin/systemctl"));
    let status = command
        .args(["--no-block", "reboot"])
        .status()
        .map_err(SystemError::Restart)?;
    if status.success() {
        Ok(())
    } else {
        Err(SystemError::Restart(io::Error::other(status.to_string())))
    }
}

/// Has the kernel judge every block; they do not stay in memory.
fn read_root(firmware: &Firmware) -> io::Result<RootRead> {
    let mut file = File::open(firmware.root_image())?;
    let mut buffer = vec![0; READ_AT_ONCE_BYTES];
    let mut read_bytes = 0;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let failed = Some(error.to_string());
                return Ok(RootRead { read_bytes, failed });
            }
        };
        let at = i64::try_from(read_bytes).unwrap_or(i64::MAX);
        let length = i64::try_from(count).unwrap_or(0);
        // Only a hint: films are worth more of the memory.
        let _ = posix_fadvise(&file, at, length, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
        read_bytes += count;
    }
    Ok(RootRead {
        read_bytes,
        failed: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_read_as_it_is_written_and_nothing_else_is_one() {
        let mut all = vec![
            Request::Restart,
            Request::Reset(Reset::Keep),
            Request::Reset(Reset::All),
            Request::Boot,
            Request::Fail,
            Request::ReadRoot,
            Request::Outside,
        ];
        for switch in Switch::ALL {
            all.extend([
                Request::SetOutside(switch, true),
                Request::SetOutside(switch, false),
            ]);
        }
        for request in all {
            assert_eq!(Request::parse(&request.line()), Some(request));
        }
        for line in [
            "",
            "reset",
            "reset none",
            "restart now",
            "outside all on",
            "outside time_sync",
            "Restart",
        ] {
            assert_eq!(Request::parse(line), None, "{line}");
        }
    }
}
