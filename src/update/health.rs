//! Whether a version that was just started does its work, before it may stay.
//!
//! Never: a check that passes because it could not be made.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use super::helper::Helper;

/// The whole check; what has not passed by then has failed.
pub const LIMIT: Duration = Duration::from_secs(280);
const PROBE: &str = ".alcove-check";
const PROBE_BYTES: usize = 64 * 1024;

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The page answers.
    Page,
    /// The database can be read and written.
    Database,
    /// The disks of the settings and of the data can be written.
    Storage,
    /// A worker encodes.
    Encode,
    /// Every block of the root image is what was signed.
    RootImage,
    /// All of it within the time.
    Time,
}

impl Part {
    pub fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Database => "database",
            Self::Storage => "storage",
            Self::Encode => "encode",
            Self::RootImage => "root_image",
            Self::Time => "time",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The part that does not work, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why}")]
pub struct Sick {
    pub part: Part,
    pub why: String,
}

/// What a check says some time later.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// The parts that only the daemon can try.
pub trait Parts: Send + Sync {
    fn page(&self) -> Judging<'_>;
    fn database(&self) -> Judging<'_>;
    fn encode(&self) -> Judging<'_>;
}

/// Tries everything; `folders` must be writable.
///
/// # Errors
/// [`Sick`] with the first part that does not work.
pub async fn judge(parts: &dyn Parts, folders: Vec<PathBuf>, helper: &Helper) -> Result<(), Sick> {
    let all = async {
        let sick = |part| move |why| Sick { part, why };
        parts.page().await.map_err(sick(Part::Page))?;
        parts.database().await.map_err(sick(Part::Database))?;
        let written = tokio::task::spawn_blocking(move || {
            folders.iter().try_for_each(|folder| write_in(folder))
        });
        let written = written.await.map_err(|error| error.to_string());
        written
            .and_then(|done| done.map_err(|error| error.to_string()))
            .map_err(sick(Part::Storage))?;
        parts.encode().await.map_err(sick(Part::Encode))?;
        let read = helper.read_root().await.map_err(|error| error.to_string());
        let read = read.map_err(sick(Part::RootImage))?;
        match read.failed {
            Some(failed) => Err(format!("at byte {}: {failed}", read.read_bytes)),
            None if read.read_bytes == 0 => Err("it is empty".into()),
            None => Ok(()),
        }
        .map_err(sick(Part::RootImage))
    };
    let late = Sick {
        part: Part::Time,
        why: format!("not done within {} s", LIMIT.as_secs()),
    };
    tokio::time::timeout(LIMIT, all).await.unwrap_or(Err(late))
}

/// Writes a file to the medium, reads it back, and removes it.
fn write_in(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(PROBE);
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(PROBE_BYTES).collect();
    let tried = write_and_read(&path, &bytes);
    let removed = fs::remove_file(&path);
    tried.and(removed)
}

fn write_and_read(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let mut kept = Vec::new();
    fs::File::open(path)?.read_to_end(&mut kept)?;
    if kept == bytes {
        Ok(())
    } else {
        Err(io::Error::other("what was written is not what is read"))
    }
}
