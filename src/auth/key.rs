//! The key that signs playback tickets: 32 bytes in a file that only this user reads.
//!
//! Never: a key that is shorter, or a second one while the first can be read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const FILE: &str = "ticket.key";
const BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key {} could not be {what}: {source}", path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Reads the key in `state_dir`, or makes one. A damaged key is replaced: its tickets end.
///
/// # Errors
/// [`KeyError`].
pub(super) fn load(state_dir: &Path) -> Result<[u8; BYTES], KeyError> {
    let path = state_dir.join(FILE);
    match File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(BYTES as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(|source| KeyError::Io {
                    what: "read",
                    path: path.clone(),
                    source,
                })?;
            if let Ok(key) = bytes.try_into() {
                return Ok(key);
            }
            log::warn!("the key of playback tickets was damaged and is made anew");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => {
            return Err(KeyError::Io {
                what: "opened",
                path,
                source,
            });
        }
    }
    let mut key = [0; BYTES];
    getrandom::fill(&mut key).map_err(KeyError::Random)?;
    store(state_dir, &path, &key).map_err(|source| KeyError::Io {
        what: "written",
        path,
        source,
    })?;
    Ok(key)
}

/// Whole or not at all, also through a power cut: written aside, flushed, renamed, folder flushed.
fn store(state_dir: &Path, path: &Path, key: &[u8]) -> std::io::Result<()> {
    let aside = state_dir.join("ticket.key.new");
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(state_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_stays_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let key = load(dir.path()).unwrap();
        assert_eq!(load(dir.path()).unwrap(), key);
        let mode = fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_power_cut_while_it_is_made_leaves_nothing_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ticket.key.new"), [1; 7]).unwrap();
        let key = load(dir.path()).unwrap();
        assert_eq!(load(dir.path()).unwrap(), key);
        fs::write(dir.path().join(FILE), [1; 31]).unwrap();
        assert_ne!(load(dir.path()).unwrap(), key);
    }
}
