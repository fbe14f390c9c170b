//! What is remembered of updates from one start to the next: a file on the settings, written whole or not at all.
//!
//! Never: a start that fails because the file is damaged; then nothing is remembered.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const NAME: &str = "update.json";
/// A longer file is none of ours.
const MOST_BYTES: u64 = 64 * 1024;

/// An update that was written to its slot, and has not proved itself yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub from: String,
    pub to: String,
    /// The slot that holds it.
    pub slot: String,
    /// The slot that ran before.
    pub from_slot: String,
    /// The start of the machine during which it was written; an attempt is judged in a later one.
    pub boot_id: String,
}

/// How an update ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Good,
    RolledBack,
}

/// The last update that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    pub from: String,
    pub to: String,
    pub outcome: Outcome,
    /// The boot state's word for why a version was left.
    pub reason: Option<String>,
    /// The part that failed, for a version that did not pass its check.
    pub failed: Option<String>,
    /// "2026-W47"; `None` where the clock was not set.
    pub at_week: Option<String>,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    pub attempt: Option<Attempt>,
    /// The part that failed in the check of the attempt, written down before the way back.
    pub failed: Option<String>,
    pub last: Option<Last>,
}

impl Record {
    /// Reads what is remembered in `folder`.
    pub fn read(folder: &Path) -> Self {
        let mut text = String::new();
        let read = File::open(folder.join(NAME))
            .and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
        match read {
            Ok(_) => serde_json::from_str(&text).unwrap_or_else(|error| {
                log::warn!("what is remembered of updates cannot be read: {error}");
                Self::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    log::warn!("what is remembered of updates cannot be read: {error}");
                }
                Self::default()
            }
        }
    }

    /// Replaces what is remembered in `folder`; after a power cut it is this or what was before.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        replace(&folder.join(NAME), &text)
    }
}

/// Writes the file at `path` whole or not at all, and makes the folder it lies in where that is missing. It holds no secret:
/// everybody may read it, and so it is among what is copied aside before an update, whoever wrote it.
///
/// # Errors
/// The operating system's own.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
    fs::create_dir_all(&folder)?;
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o644);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_survives_and_damage_is_forgotten() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("below");
        assert_eq!(Record::read(&folder), Record::default());
        let record = Record {
            attempt: Some(Attempt {
                from: "1.0.0".into(),
                to: "1.1.0".into(),
                slot: "b".into(),
                from_slot: "a".into(),
                boot_id: "one".into(),
            }),
            ..Record::default()
        };
        record.write(&folder).unwrap();
        assert_eq!(Record::read(&folder), record);
        for damage in ["", "{", "[]", "{\"attempt\":5}"] {
            fs::write(folder.join(NAME), damage).unwrap();
            assert_eq!(Record::read(&folder), Record::default(), "{damage}");
        }
    }
}
