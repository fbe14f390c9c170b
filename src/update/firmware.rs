//! Where the firmware keeps what an update needs, and which version of it for which board runs.
//!
//! Never: writing; a guess where the program runs on a machine that is not the firmware.

use std::path::PathBuf;

use serde::Deserialize;

const SHARE: &str = "usr/share/alcove";

/// The paths of the firmware, below a root that tests choose.
#[derive(Clone, Debug)]
pub struct Firmware {
    root: PathBuf,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// As in `board/*.toml`: `rpi4`.
    pub board: String,
    pub version: String,
}

#[derive(Deserialize)]
struct BoardFile {
    id: String,
}

impl Firmware {
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// What runs; `None` where this is no firmware.
    pub fn facts(&self) -> Option<Facts> {
        let share = self.root.join(SHARE);
        let text = std::fs::read_to_string(share.join("board.toml")).ok()?;
        let board: BoardFile = toml::from_str(&text).ok()?;
        let version = std::fs::read_to_string(share.join("version")).ok()?;
        let version = version.lines().next()?.trim().to_owned();
        Some(Facts {
            board: board.id,
            version,
        })
    }

    /// The partition of the settings.
    pub fn settings(&self) -> PathBuf {
        self.root.join("settings")
    }

    /// Where the daemon keeps files of its own that survive everything but a factory reset.
    pub fn kept(&self) -> PathBuf {
        self.settings().join("alcove")
    }

    /// The certificates that RAUC accepts signatures of.
    pub fn keyring(&self) -> PathBuf {
        self.root.join("etc/rauc/keyring.pem")
    }

    /// Where the root helper listens.
    pub fn helper(&self) -> PathBuf {
        self.root.join("run/alcove-system.sock")
    }

    pub fn boot_state(&self) -> PathBuf {
        self.root.join("dev/disk/by-partlabel/bootstate")
    }

    /// The root file system as the kernel checks it block by block.
    pub fn root_image(&self) -> PathBuf {
        self.root.join("dev/mapper/root")
    }

    pub fn kernel_command_line(&self) -> PathBuf {
        self.root.join("proc/cmdline")
    }

    /// Names this start of the machine.
    pub fn boot_id(&self) -> String {
        let path = self.root.join("proc/sys/kernel/random/boot_id");
        let read = std::fs::read_to_string(path).unwrap_or_default();
        read.trim().to_owned()
    }

    /// What may leave the home network, as the owner chose.
    pub fn outside(&self) -> PathBuf {
        self.settings().join("outside.toml")
    }

    /// A program of the firmware.
    pub fn program(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_the_firmware_when_it_names_its_board_and_version() {
        for (board, version, want) in [
            (None, None, None),
            (Some("id = \"rpi4\"\n"), None, None),
            (Some("name = \"a Pi\"\n"), Some("1.0.0\n"), None),
            (
                Some("id = \"rpi4\"\nname = \"a Pi\"\n"),
                Some("1.2.0\n"),
                Some(("rpi4", "1.2.0")),
            ),
        ] {
            let root = tempfile::tempdir().unwrap();
            let share = root.path().join(SHARE);
            std::fs::create_dir_all(&share).unwrap();
            for (name, text) in [("board.toml", board), ("version", version)] {
                if let Some(text) = text {
                    std::fs::write(share.join(name), text).unwrap();
                }
            }
            let facts = Firmware::at(root.path().to_owned()).facts();
            let seen = facts.as_ref().map(|facts| (&*facts.board, &*facts.version));
            assert_eq!(seen, want);
        }
    }
}
