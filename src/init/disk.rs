//! Grows the data partition to the end of the disk: an image is as long as what it holds, a card is longer.
//!
//! Never: both copies of the partition table torn at once; the backup is on the medium before the primary changes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use thiserror::Error;

use super::gpt::{self, Copy, ENTRIES_BYTES, ENTRY_SECTORS, GptError, SECTOR_BYTES};
use super::partitions::Disk;
use super::{ioctls, say};

/// What keeps the partition as it is.
#[derive(Debug, Error)]
pub enum DiskError {
    #[error(transparent)]
    Table(#[from] GptError),
    #[error("the partition table could not be read: {0}")]
    Read(#[source] io::Error),
    #[error("the partition table could not be written: {0}")]
    Write(#[source] io::Error),
    #[error("the kernel keeps the old length: {0}")]
    Kernel(#[source] io::Error),
}

/// Grows the data partition where it does not reach the end of the disk yet, or mends a damaged copy of the table.
///
/// # Errors
/// [`DiskError`]; one copy of the table is whole all the same.
pub fn grow_data(disk: &mut Disk) -> Result<(), DiskError> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .open(disk.device());
    let file = opened.map_err(DiskError::Read)?;
    let end = disk.length_sectors;
    let read = |header, entries| read_copy(&file, header, entries).map_err(DiskError::Read);
    let primary = read(1, 2)?;
    let backup = read(end.saturating_sub(1), end.saturating_sub(1 + ENTRY_SECTORS))?;
    let Some(grown) = gpt::grown(&primary, &backup, end)? else {
        return Ok(());
    };
    write_copy(&file, &grown.backup, end - 1, end - 1 - ENTRY_SECTORS)
        .and_then(|()| write_copy(&file, &grown.primary, 1, 2))
        .map_err(DiskError::Write)?;
    let length_sectors = grown.last_sector + 1 - grown.first_sector;
    if grown.first_sector == disk.data.start_sectors && length_sectors > disk.data.length_sectors {
        let bytes = |sectors: u64| i64::try_from(sectors * SECTOR_BYTES as u64).unwrap_or(i64::MAX);
        ioctls::resize_partition(
            &file,
            disk.data.number,
            bytes(grown.first_sector),
            bytes(length_sectors),
        )
        .map_err(DiskError::Kernel)?;
        disk.data.length_sectors = length_sectors;
        say::info("the data partition has grown to the end of the disk");
    }
    Ok(())
}

fn read_copy(file: &File, header: u64, entries: u64) -> io::Result<Copy> {
    let mut copy = Copy {
        header: [0; SECTOR_BYTES],
        entries: vec![0; ENTRIES_BYTES],
    };
    file.read_exact_at(&mut copy.header, header * SECTOR_BYTES as u64)?;
    file.read_exact_at(&mut copy.entries, entries * SECTOR_BYTES as u64)?;
    Ok(copy)
}

fn write_copy(file: &File, copy: &Copy, header: u64, entries: u64) -> io::Result<()> {
    file.write_all_at(&copy.entries, entries * SECTOR_BYTES as u64)?;
    file.write_all_at(&copy.header, header * SECTOR_BYTES as u64)?;
    file.sync_data()
}
