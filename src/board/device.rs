//! How the disk below a folder is connected.
//!
//! Never: its maker, model, size or serial number.

use std::fs;
use std::path::{Path, PathBuf};

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
    let mut names = device.iter().filter_map(|name| name.to_str());
    // A disk at USB may call itself ATA further down: the bus nearest to the board decides.
    let found = names.find_map(|name| match name {
        _ if name.starts_with("mmc_host") => Some(Storage::MemoryCard),
        _ if is_numbered(name, "usb") => Some(Storage::UsbDisk),
        _ if is_numbered(name, "ata") || is_numbered(name, "nvme") => Some(Storage::InternalDisk),
        _ => None,
    });
    if let Some(storage) = found {
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

/// True for `usb1` and not for `usb-storage`.
fn is_numbered(name: &str, bus: &str) -> bool {
    let number = name.strip_prefix(bus);
    number.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
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
