//! A bundle on its way in: one at a time, never longer than the slots, and gone when it did not arrive whole.
//!
//! Never: half a file under the name of a bundle; a disk filled up for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

const BUNDLE: &str = "bundle.raucb";
const UNFINISHED: &str = "bundle.part";
/// A bundle holds one slot's images, and those are compressed already: 512 MiB of root, 128 MiB of boot.
pub const MOST_BYTES: u64 = 640 * 1024 * 1024;
/// What the household's own data must still have after an upload.
const LEFT_FREE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("an update has at most {} MB", MOST_BYTES / 1_000_000)]
    TooLong,
    #[error(
        "there is no room for the file on the disk that holds Alcove's data; {missing_bytes} more bytes must be free"
    )]
    NoRoom { missing_bytes: u64 },
    #[error("the file did not arrive whole")]
    CutShort,
    #[error("the file could not be kept: {0}")]
    Write(#[source] io::Error),
}

/// Where bundles arrive.
#[derive(Clone, Debug)]
pub struct Intake {
    folder: PathBuf,
    most_bytes: u64,
}

/// A file that is arriving; dropped before [`Upload::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    file: File,
    intake: Intake,
    expected_bytes: Option<u64>,
    written_bytes: u64,
    is_finished: bool,
}

impl Intake {
    /// The folder is made with the first upload.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            most_bytes: MOST_BYTES,
        }
    }

    /// Where the whole bundle lies.
    pub fn bundle(&self) -> PathBuf {
        self.folder.join(BUNDLE)
    }

    /// Removes whatever lies here, of this start or of one before.
    pub fn clear(&self) {
        for name in [UNFINISHED, BUNDLE] {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    log::warn!("a file of an update could not be removed: {error}");
                }
                _ => {}
            }
        }
    }

    /// Begins to take a file of `expected_bytes`, when that is known.
    ///
    /// # Errors
    /// [`IntakeError`] where it is too long or the disk too full.
    pub async fn begin(&self, expected_bytes: Option<u64>) -> Result<Upload, IntakeError> {
        if expected_bytes.is_some_and(|length| length > self.most_bytes) {
            return Err(IntakeError::TooLong);
        }
        self.clear();
        fs::create_dir_all(&self.folder).map_err(IntakeError::Write)?;
        let wanted = expected_bytes.unwrap_or(0).saturating_add(LEFT_FREE_BYTES);
        let free = free_bytes(&self.folder).map_err(IntakeError::Write)?;
        if free < wanted {
            return Err(IntakeError::NoRoom {
                missing_bytes: wanted - free,
            });
        }
        let file = File::create(self.folder.join(UNFINISHED))
            .await
            .map_err(failed)?;
        Ok(Upload {
            file,
            intake: self.clone(),
            expected_bytes,
            written_bytes: 0,
            is_finished: false,
        })
    }
}

impl Upload {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`IntakeError`]; the upload is over then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), IntakeError> {
        self.written_bytes = self.written_bytes.saturating_add(bytes.len() as u64);
        if self.written_bytes > self.intake.most_bytes {
            return Err(IntakeError::TooLong);
        }
        self.file.write_all(bytes).await.map_err(failed)
    }

    /// The file has arrived: it is on the disk under its name now.
    ///
    /// # Errors
    /// [`IntakeError::CutShort`] when it is not as long as was said, or empty.
    pub async fn finish(mut self) -> Result<PathBuf, IntakeError> {
        let is_whole = self
            .expected_bytes
            .is_none_or(|length| length == self.written_bytes);
        if !is_whole || self.written_bytes == 0 {
            return Err(IntakeError::CutShort);
        }
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        let bundle = self.intake.bundle();
        fs::rename(self.intake.folder.join(UNFINISHED), &bundle).map_err(IntakeError::Write)?;
        self.is_finished = true;
        Ok(bundle)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_finished {
            self.intake.clear();
        }
    }
}

fn failed(error: io::Error) -> IntakeError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => IntakeError::NoRoom {
            missing_bytes: LEFT_FREE_BYTES,
        },
        _ => IntakeError::Write(error),
    }
}

/// What the disk of `folder` has left for whoever is not root.
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let facts = nix::sys::statvfs::statvfs(folder)?;
    Ok(facts
        .blocks_available()
        .saturating_mul(facts.fragment_size()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>());
        let names = entries.unwrap_or_default().into_iter();
        names
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[tokio::test]
    async fn only_a_whole_file_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let intake = Intake {
            most_bytes: 10,
            ..Intake::new(scratch.path().join("update"))
        };
        for (expected, parts, want) in [
            (Some(4), &["abcd"][..], "kept"),
            (None, &["ab", "cd"], "kept"),
            (Some(5), &["abcd"], "the file did not arrive whole"),
            (Some(3), &["abcd"], "the file did not arrive whole"),
            (None, &[], "the file did not arrive whole"),
            (Some(11), &[], "an update has at most 671 MB"),
            (None, &["abcdef", "ghijkl"], "an update has at most 671 MB"),
        ] {
            let outcome = async {
                let mut upload = intake.begin(expected).await?;
                for part in parts {
                    upload.write(part.as_bytes()).await?;
                }
                upload.finish().await
            };
            match outcome.await {
                Ok(path) => {
                    assert_eq!(want, "kept");
                    assert_eq!(fs::read(path).unwrap(), b"abcd");
                    assert_eq!(names(&intake.folder), [BUNDLE]);
                }
                Err(error) => {
                    assert_eq!(error.to_string(), want);
                    let left = names(&intake.folder);
                    assert!(left.is_empty() || expected == Some(11), "{left:?}");
                }
            }
        }
        let mut upload = intake.begin(None).await.unwrap();
        upload.write(b"abc").await.unwrap();
        assert_eq!(
            names(&intake.folder),
            [UNFINISHED],
            "the bundle before goes first"
        );
        drop(upload);
        assert!(names(&intake.folder).is_empty());
    }
}
