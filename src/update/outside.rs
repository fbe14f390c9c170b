//! What may leave the home network because the owner switched it on, and what did by the kernel's own count.
//!
//! Never: a switch that is on because a file is missing or cannot be read.

use std::fs;
use std::io;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::firmware::Firmware;
use super::record::replace;

/// A thing that needs the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    TimeSync,
    UpdateCheck,
}

/// Why nothing was changed or read.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    #[error("the choice could not be kept: {0}")]
    Keep(#[source] io::Error),
    #[error("the firewall could not be changed: {0}")]
    Apply(#[source] io::Error),
}

/// As the file on the settings has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Chosen {
    time_sync: bool,
    update_check: bool,
}

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    pub time_sync: Passage,
    pub update_check: Passage,
    /// What went to the feed of release news; no switch of this version opens that way.
    pub news: Option<Count>,
    /// What went to a collector, likewise.
    pub statistics: Option<Count>,
    /// What wanted to leave and was not let; `None` where the kernel does not count.
    pub dropped: Option<Count>,
}

/// One way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    pub on: bool,
    /// What left by it since the start; `None` where the kernel does not count.
    pub sent: Option<Count>,
}

/// Counted by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub packets: u64,
    pub bytes: u64,
}

impl Switch {
    pub const ALL: [Self; 2] = [Self::TimeSync, Self::UpdateCheck];

    pub fn word(self) -> &'static str {
        match self {
            Self::TimeSync => "time_sync",
            Self::UpdateCheck => "update_check",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.word() == word)
    }
}

/// What holds now.
///
/// # Errors
/// None so far; a file that cannot be read is all off.
pub fn read(firmware: &Firmware) -> Result<Outside, OutsideError> {
    let chosen = chosen(firmware);
    let listed = counters(firmware).unwrap_or_default();
    let passage = |on, name| Passage {
        on,
        sent: count(&listed, name),
    };
    Ok(Outside {
        time_sync: passage(chosen.time_sync, "out_time_sync"),
        update_check: passage(chosen.update_check, "out_update_check"),
        news: count(&listed, "out_news"),
        statistics: count(&listed, "out_statistics"),
        dropped: count(&listed, "out_dropped"),
    })
}

/// Keeps the choice and has the firewall follow it.
///
/// # Errors
/// [`OutsideError`]; where the firewall does not follow, what was chosen before holds again.
pub fn set(firmware: &Firmware, switch: Switch, on: bool) -> Result<Outside, OutsideError> {
    let before = chosen(firmware);
    let mut after = before;
    match switch {
        Switch::TimeSync => after.time_sync = on,
        Switch::UpdateCheck => after.update_check = on,
    }
    keep(firmware, after)?;
    if let Err(error) = apply(firmware) {
        keep(firmware, before)?;
        return Err(OutsideError::Apply(error));
    }
    read(firmware)
}

fn chosen(firmware: &Firmware) -> Chosen {
    let text = fs::read_to_string(firmware.outside()).unwrap_or_default();
    toml::from_str(&text).unwrap_or_default()
}

fn keep(firmware: &Firmware, chosen: Chosen) -> Result<(), OutsideError> {
    let text =
        toml::to_string(&chosen).map_err(|error| OutsideError::Keep(io::Error::other(error)))?;
    replace(&firmware.outside(), text.as_bytes()).map_err(OutsideError::Keep)
}

fn apply(firmware: &Firmware) -> io::Result<()> {
    let status = Command::new(firmware.program("usr/libexec/alcove/outside")).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(status.to_string()))
    }
}

/// The counters of the firewall, as nft(8) lists them in JSON.
fn counters(firmware: &Firmware) -> Option<serde_json::Value> {
    let mut command = Command::new(firmware.program("usr/sbin/nft"));
    let output = command
        .args(["-j", "list", "counters", "table", "inet", "alcove"])
        .output()
        .ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

fn count(listed: &serde_json::Value, name: &str) -> Option<Count> {
    let all = listed.get("nftables")?.as_array()?;
    let counter = all.iter().filter_map(|entry| entry.get("counter"));
    let mut named =
        counter.filter(|counter| counter.get("name").is_some_and(|found| found == name));
    let found = named.next()?;
    Some(Count {
        packets: found.get("packets")?.as_u64()?,
        bytes: found.get("bytes")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const LISTED: &str = r#"{"nftables": [{"metainfo": {"version": "1.0.6"}},
        {"counter": {"family": "inet", "name": "out_time_sync", "table": "alcove", "handle": 2, "packets": 7, "bytes": 532}},
        {"counter": {"family": "inet", "name": "out_news", "table": "alcove", "handle": 3, "packets": 0, "bytes": 0}},
        {"counter": {"family": "inet", "name": "out_dropped", "table": "alcove", "handle": 4, "packets": 9, "bytes": 540}}]}"#;

    /// A root with programs that answer and exit so.
    fn root(exit: i32) -> (tempfile::TempDir, Firmware) {
        let root = tempfile::tempdir().unwrap();
        let programs = [
            (
                "usr/sbin/nft",
                format!("#!/bin/sh\ncat <<'EOF'\n{LISTED}\nEOF\n"),
            ),
            (
                "usr/libexec/alcove/outside",
                format!("#!/bin/sh\nexit {exit}\n"),
            ),
        ];
        for (path, text) in programs {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let firmware = Firmware::at(root.path().to_owned());
        (root, firmware)
    }

    #[test]
    fn all_is_off_until_it_is_chosen_and_the_kernels_counts_are_shown() {
        let (_root, firmware) = root(0);
        let first = read(&firmware).unwrap();
        assert_eq!((first.time_sync.on, first.update_check.on), (false, false));
        let sent = first
            .time_sync
            .sent
            .map(|count| (count.packets, count.bytes));
        assert_eq!(sent, Some((7, 532)));
        assert_eq!(first.update_check.sent, None);
        assert_eq!(first.news.map(|count| count.packets), Some(0));
        assert_eq!(first.statistics, None);
        assert_eq!(first.dropped.map(|count| count.packets), Some(9));
        let after = set(&firmware, Switch::TimeSync, true).unwrap();
        assert_eq!((after.time_sync.on, after.update_check.on), (true, false));
        assert_eq!(read(&firmware).unwrap(), after);
        let mode = fs::metadata(firmware.outside())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(
            mode & 0o444,
            0o444,
            "the copy aside is made by another user"
        );
        for damage in ["time_sync = \"yes\"", "time_sync", "\u{0}"] {
            fs::write(firmware.outside(), damage).unwrap();
            assert!(!read(&firmware).unwrap().time_sync.on, "{damage}");
        }
    }

    #[test]
    fn a_choice_that_the_firewall_does_not_follow_is_taken_back() {
        let (_root, firmware) = root(1);
        assert!(matches!(
            set(&firmware, Switch::UpdateCheck, true),
            Err(OutsideError::Apply(_))
        ));
        assert!(!read(&firmware).unwrap().update_check.on);
    }
}
