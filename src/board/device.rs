//! How the disk below a folder is connected.
//!
//! Never: its maker, model, size or serial number.

use std::fs;
use std::path::{Path, PathBuf};

use super::classes;
use crate::telemetry::class::Storage;

/// Layers of mapped devices (LVM, RAID, encryption) that are looked through.
const MAX_LAYERS: usize = 8;

/// The connection of the block device `major`:`minor`, on which a file system lies.
///
/// The place of a block device in /sys/devices names every bus on the way to it.
pub(super) fn connection(root: &Path, major: u64, minor: u64) -> Storage {
    let listed = root.join(format!("sys/dev/block/{major}:{minor}"));
    let device = match fs::canonicalize(listed) {
        Ok(device) => Some(device),
        // Btrfs and others have a number of their own; the list of mounts names the device.
        Err(_) => mounted_from(root, major, minor)
            .and_then(|name| fs::canonicalize(root.join("sys/class/block").join(name)).ok()),
    };
    device.map_or(Storage::Other, |device| bus(&device, MAX_LAYERS))
}

fn bus(device: &Path, layers: usize) -> Storage {
    let storage = classes::storage(device.to_str());
    if storage != Storage::Other {
        return storage;
    }
    let below = fs::read_dir(device.join("slaves")).into_iter().flatten();
    let below = below.filter_map(|entry| fs::canonicalize(entry.ok()?.path()).ok());
    let mut below: Vec<PathBuf> = below.collect();
    below.sort();
    match below.first() {
        Some(first) if layers > 0 => bus(first, layers - 1),
        _ => Storage::Other,
    }
}

/// The name of the device that proc_pid_mountinfo(5) lists for a file system.
fn mounted_from(root: &Path, major: u64, minor: u64) -> Option<String> {
    let text = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let number = format!("{major}:{minor}");
    let line = text
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(&number))?;
    let (_, rest) = line.split_once(" - ")?;
    let source = rest.split(' ').nth(1)?.strip_prefix("/dev/")?;
    // A name with a folder in it, such as mapper/disk, is a link to the device.
    (!source.contains('/')).then(|| source.to_owned())
}
