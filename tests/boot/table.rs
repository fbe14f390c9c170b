//! The partition table of a board's disk: where a partition of this name is.
//!
//! Never: a place that is written here a second time.
//! Source: UEFI specification 2.10, chapter 5

use super::disk::Disk;

const SECTOR_BYTES: u64 = 512;
const ENTRIES: usize = 128;
const ENTRY_BYTES: usize = 128;

/// Where a partition begins and how long it is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    pub at_bytes: u64,
    pub size_bytes: u64,
}

/// The partition `name` of `disk`.
///
/// # Panics
/// Where there is none.
pub fn partition(disk: &Disk, name: &str) -> Partition {
    let mut entries = vec![0; ENTRIES * ENTRY_BYTES];
    disk.read(2 * SECTOR_BYTES, &mut entries).expect("the disk");
    let entry = entries
        .chunks(ENTRY_BYTES)
        .find(|entry| name_of(entry) == name)
        .unwrap_or_else(|| panic!("the disk has no partition '{name}'"));
    let number = |at: usize| u64::from_le_bytes(entry[at..at + 8].try_into().expect("eight bytes"));
    let (first, last) = (number(32), number(40));
    Partition {
        at_bytes: first * SECTOR_BYTES,
        size_bytes: (last + 1 - first) * SECTOR_BYTES,
    }
}

fn name_of(entry: &[u8]) -> String {
    let units = entry[56..]
        .chunks(2)
        .map(|two| u16::from_le_bytes([two[0], two[1]]));
    let name: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&name)
}
