//! The ext4 file systems of settings and data: made where there is nothing, checked at each start, grown with their
//! partition. The tools are the root's own.
//!
//! Never: a new file system over anything that is not blank, except where a reset was asked for.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

use thiserror::Error;

use super::partitions::Partition;
use super::say;
use super::watchdog::Watchdog;

/// The names of the file systems, by which udev's rules know them as Alcove's own.
pub const SETTINGS_LABEL: &str = "alcove-settings";
pub const DATA_LABEL: &str = "alcove-data";
const SUPERBLOCK_AT: u64 = 1024;
const SUPERBLOCK_BYTES: usize = 1024;
/// A partition whose first bytes are all zero was never used.
const BLANK_BYTES: usize = 64 * 1024;
/// Less than this at the end is not worth growing into.
const WORTH_GROWING_BYTES: u64 = 16 * 1024 * 1024;
const SECTOR_BYTES: u64 = 512;
/// Exit codes of e2fsck(8): 1 for errors that were corrected, 2 where a restart is wanted, which nothing mounted needs.
const CHECKED: [i32; 4] = [0, 1, 2, 3];

/// Why a file system is of no use.
#[derive(Debug, Error)]
pub enum FileSystemError {
    #[error("{device} could not be read: {source}")]
    Read { device: String, source: io::Error },
    #[error("{program} could not be started: {source}")]
    Start {
        program: &'static str,
        source: io::Error,
    },
    #[error("{program} has failed on {device}")]
    Failed {
        program: &'static str,
        device: String,
    },
}

/// What the first bytes of a partition say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Blank,
    /// A superblock, with the length that it gives the file system.
    Ext4 {
        length_bytes: u64,
    },
    Other,
}

/// Makes a file system where the partition is blank, checks it where not.
///
/// # Errors
/// [`FileSystemError`] where it cannot be made whole.
pub fn make_whole(
    partition: &Partition,
    label: &str,
    watchdog: &mut Watchdog,
) -> Result<(), FileSystemError> {
    if content_of(partition)? == Content::Blank {
        return make(partition, label, watchdog);
    }
    // `-p` stops at what it must ask about; `-y` goes on, which is better than a box that never starts.
    for manner in ["-p", "-y"] {
        let code = run("/usr/sbin/e2fsck", &[manner], partition, watchdog)?;
        if CHECKED.contains(&code) {
            return Ok(());
        }
        say::error(&format!("e2fsck {manner} of {label} has ended with {code}"));
    }
    Err(FileSystemError::Failed {
        program: "e2fsck",
        device: partition.name.clone(),
    })
}

/// Makes an empty file system, whatever is there.
///
/// # Errors
/// [`FileSystemError`].
pub fn make(
    partition: &Partition,
    label: &str,
    watchdog: &mut Watchdog,
) -> Result<(), FileSystemError> {
    say::info(&format!("making an empty file system for {label}"));
    let arguments = ["-q", "-F", "-t", "ext4", "-m", "1", "-L", label];
    match run("/usr/sbin/mke2fs", &arguments, partition, watchdog)? {
        0 => Ok(()),
        _ => Err(FileSystemError::Failed {
            program: "mke2fs",
            device: partition.name.clone(),
        }),
    }
}

/// True where nothing was ever written.
///
/// # Errors
/// [`FileSystemError::Read`].
pub fn is_blank(partition: &Partition) -> Result<bool, FileSystemError> {
    Ok(content_of(partition)? == Content::Blank)
}

/// Grows a mounted file system to the end of its partition. What goes wrong is said: the old length serves too.
pub fn grow(partition: &Partition, watchdog: &mut Watchdog) {
    let partition_bytes = partition.length_sectors * SECTOR_BYTES;
    let Ok(Content::Ext4 { length_bytes }) = content_of(partition) else {
        return;
    };
    if length_bytes.saturating_add(WORTH_GROWING_BYTES) > partition_bytes {
        return;
    }
    match run("/usr/sbin/resize2fs", &[], partition, watchdog) {
        Ok(0) => say::info("the data's file system has grown to the end of its partition"),
        Ok(code) => say::error(&format!("resize2fs has ended with {code}")),
        Err(error) => say::error(&error.to_string()),
    }
}

fn content_of(partition: &Partition) -> Result<Content, FileSystemError> {
    let mut first = vec![0; BLANK_BYTES];
    let read = File::open(partition.device()).and_then(|file| file.read_exact_at(&mut first, 0));
    read.map_err(|source| FileSystemError::Read {
        device: partition.name.clone(),
        source,
    })?;
    Ok(content(&first))
}

fn content(first: &[u8]) -> Content {
    let start = usize::try_from(SUPERBLOCK_AT).expect("1024 fits");
    let superblock = &first[start..start + SUPERBLOCK_BYTES];
    let number = |at: usize| {
        let bytes = superblock[at..at + 4].try_into();
        u64::from(u32::from_le_bytes(bytes.expect("4 bytes were taken")))
    };
    const BLOCKS_AT: usize = 0x4;
    const LOG_BLOCK_AT: usize = 0x18;
    const MAGIC_AT: usize = 0x38;
    const BLOCKS_HIGH_AT: usize = 0x150;
    const MOST_LOG_BLOCK: u64 = 6;
    if superblock[MAGIC_AT..MAGIC_AT + 2] == [0x53, 0xef] {
        let blocks = number(BLOCKS_HIGH_AT) << 32 | number(BLOCKS_AT);
        let block_bytes = 1024 << number(LOG_BLOCK_AT).min(MOST_LOG_BLOCK);
        let length_bytes = blocks.saturating_mul(block_bytes);
        return Content::Ext4 { length_bytes };
    }
    match first.iter().all(|byte| *byte == 0) {
        true => Content::Blank,
        false => Content::Other,
    }
}

/// The program's exit code; -1 where a signal ended it.
fn run(
    program: &'static str,
    arguments: &[&str],
    partition: &Partition,
    watchdog: &mut Watchdog,
) -> Result<i32, FileSystemError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(partition.device())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .current_dir(Path::new("/"));
    let ended = watchdog.keep_during(&mut command);
    let status = ended.map_err(|source| FileSystemError::Start { program, source })?;
    Ok(status.code().unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_blank_or_ext4_or_something_else() {
        let blank = vec![0; BLANK_BYTES];
        let mut other = blank.clone();
        other[BLANK_BYTES - 1] = 1;
        let mut ext4 = blank.clone();
        ext4[1024 + 0x38..1024 + 0x3a].copy_from_slice(&[0x53, 0xef]);
        ext4[1024 + 4..1024 + 8].copy_from_slice(&2560u32.to_le_bytes());
        ext4[1024 + 0x18] = 2;
        let mut large = ext4.clone();
        large[1024 + 0x150] = 1;
        for (first, expected) in [
            (blank, Content::Blank),
            (other, Content::Other),
            (
                ext4,
                Content::Ext4 {
                    length_bytes: 2560 * 4096,
                },
            ),
            (
                large,
                Content::Ext4 {
                    length_bytes: ((1 << 32) + 2560) * 4096,
                },
            ),
        ] {
            assert_eq!(content(&first), expected);
        }
    }
}
