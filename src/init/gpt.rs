//! The partition table (UEFI specification, chapter 5), as far as its last partition must grow.
//!
//! Never: reading or writing a disk; a change of any other partition.

use alcove::base::crc32::crc32;
use thiserror::Error;

/// Length of a sector; other lengths are not read.
pub const SECTOR_BYTES: usize = 512;
/// Sectors of the entries: 128 of 128 bytes.
pub const ENTRY_SECTORS: u64 = 32;
const ENTRY_BYTES: usize = 128;
const ENTRY_COUNT: usize = 128;
pub const ENTRIES_BYTES: usize = ENTRY_BYTES * ENTRY_COUNT;
/// A partition ends on a whole MiB, as it begins.
const ALIGN_SECTORS: u64 = 2048;
const PRIMARY_SECTOR: u64 = 1;

const HEADER_BYTES: usize = 92;
const CRC_AT: usize = 16;
const OWN_SECTOR_AT: usize = 24;
const OTHER_SECTOR_AT: usize = 32;
const LAST_USABLE_AT: usize = 48;
const ENTRIES_SECTOR_AT: usize = 72;
const ENTRIES_CRC_AT: usize = 88;
const ENTRY_FIRST_AT: usize = 32;
const ENTRY_LAST_AT: usize = 40;

/// Why a table cannot be grown.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum GptError {
    #[error("neither copy of the partition table is whole")]
    Damaged,
    #[error("the partition table is not one that Alcove's builder makes")]
    Foreign,
    #[error("the disk is shorter than its partitions")]
    TooShort,
}

/// One copy of a table: header and entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    pub header: [u8; SECTOR_BYTES],
    pub entries: Vec<u8>,
}

/// Both copies, as they should be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    pub primary: Copy,
    pub backup: Copy,
    /// First and last sector of the partition that grew.
    pub first_sector: u64,
    pub last_sector: u64,
}

impl Copy {
    /// True where the checksums hold, and the copy knows itself to be at `sector`.
    fn is_whole(&self, sector: u64) -> bool {
        let mut bare = self.header;
        bare[CRC_AT..CRC_AT + 4].fill(0);
        self.header.starts_with(b"EFI PART")
            && self.number::<4>(CRC_AT) == u64::from(crc32(&bare[..HEADER_BYTES]))
            && self.number::<8>(OWN_SECTOR_AT) == sector
            && self.number::<4>(ENTRIES_CRC_AT) == u64::from(crc32(&self.entries))
    }

    /// True where header and entries have the lengths that everything here goes by.
    fn has_usual_lengths(&self) -> bool {
        [(12, HEADER_BYTES), (80, ENTRY_COUNT), (84, ENTRY_BYTES)]
            .into_iter()
            .all(|(at, length)| self.number::<4>(at) == length as u64)
    }

    fn number<const N: usize>(&self, at: usize) -> u64 {
        number(&self.header[at..at + N])
    }

    fn put(&mut self, at: usize, value: u64) {
        self.header[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    /// The same table as the copy at `sector`, with its entries at `entries_sector` and the other copy at `other`.
    fn placed(&self, sector: u64, entries_sector: u64, other: u64) -> Self {
        let mut copy = self.clone();
        copy.put(OWN_SECTOR_AT, sector);
        copy.put(OTHER_SECTOR_AT, other);
        copy.put(ENTRIES_SECTOR_AT, entries_sector);
        let entries_crc = crc32(&copy.entries).to_le_bytes();
        copy.header[ENTRIES_CRC_AT..ENTRIES_CRC_AT + 4].copy_from_slice(&entries_crc);
        copy.header[CRC_AT..CRC_AT + 4].fill(0);
        let crc = crc32(&copy.header[..HEADER_BYTES]).to_le_bytes();
        copy.header[CRC_AT..CRC_AT + 4].copy_from_slice(&crc);
        copy
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The table with its last partition grown to the end of a disk of `disk_sectors`. `None` where nothing is to be
/// written. `backup` is what lies at the very end of the disk; it counts where `primary` is damaged.
///
/// # Errors
/// [`GptError`]; nothing is to be written then.
pub fn grown(primary: &Copy, backup: &Copy, disk_sectors: u64) -> Result<Option<Grown>, GptError> {
    let backup_sector = disk_sectors.checked_sub(1).ok_or(GptError::TooShort)?;
    let table = if primary.is_whole(PRIMARY_SECTOR) {
        primary
    } else if backup.is_whole(backup_sector) {
        backup
    } else {
        return Err(GptError::Damaged);
    };
    if !table.has_usual_lengths() {
        return Err(GptError::Foreign);
    }
    let last_usable = disk_sectors
        .checked_sub(ENTRY_SECTORS + 2)
        .ok_or(GptError::TooShort)?;
    let aligned_last = ((last_usable + 1) / ALIGN_SECTORS * ALIGN_SECTORS)
        .checked_sub(1)
        .ok_or(GptError::TooShort)?;
    let (at, first_sector, last) = last_partition(&table.entries).ok_or(GptError::Foreign)?;
    if last > last_usable {
        return Err(GptError::TooShort);
    }
    let last_sector = last.max(aligned_last);

    let mut new = table.clone();
    new.put(LAST_USABLE_AT, last_usable);
    new.entries[at + ENTRY_LAST_AT..at + ENTRY_LAST_AT + 8]
        .copy_from_slice(&last_sector.to_le_bytes());
    let grown = Grown {
        primary: new.placed(PRIMARY_SECTOR, PRIMARY_SECTOR + 1, backup_sector),
        backup: new.placed(backup_sector, backup_sector - ENTRY_SECTORS, PRIMARY_SECTOR),
        first_sector,
        last_sector,
    };
    let is_there = grown.primary == *primary && grown.backup == *backup;
    Ok((!is_there).then_some(grown))
}

/// Where the entry of the partition that lies last begins; its first and last sector.
fn last_partition(entries: &[u8]) -> Option<(usize, u64, u64)> {
    entries
        .chunks_exact(ENTRY_BYTES)
        .enumerate()
        .filter(|(_, entry)| entry[..16].iter().any(|byte| *byte != 0))
        .map(|(i, entry)| {
            let first = number(&entry[ENTRY_FIRST_AT..ENTRY_FIRST_AT + 8]);
            let last = number(&entry[ENTRY_LAST_AT..ENTRY_LAST_AT + 8]);
            (i * ENTRY_BYTES, first, last)
        })
        .max_by_key(|(_, first, _)| *first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLANK: Copy = Copy {
        header: [0; SECTOR_BYTES],
        entries: Vec::new(),
    };

    /// A table of two partitions, the second at MiB 4 with a length of 4 MiB.
    fn table(disk_sectors: u64) -> Grown {
        let mut new = BLANK;
        new.entries = vec![0; ENTRIES_BYTES];
        new.header[..8].copy_from_slice(b"EFI PART");
        new.header[8..12].copy_from_slice(&0x1_0000u32.to_le_bytes());
        for (at, length) in [(12, 92u32), (80, 128), (84, 128)] {
            new.header[at..at + 4].copy_from_slice(&length.to_le_bytes());
        }
        for (entry, first, last) in [(3, 2048u64, 8191u64), (1, 8192, 16383)] {
            let entry = &mut new.entries[entry * 128..(entry + 1) * 128];
            entry[..32].fill(7);
            entry[32..40].copy_from_slice(&first.to_le_bytes());
            entry[40..48].copy_from_slice(&last.to_le_bytes());
        }
        new.put(40, 34);
        new.put(LAST_USABLE_AT, disk_sectors - 34);
        let end = disk_sectors - 1;
        Grown {
            primary: new.placed(1, 2, end),
            backup: new.placed(end, end - 32, 1),
            first_sector: 8192,
            last_sector: 16383,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_last_partition_fills_the_disk_and_a_second_look_finds_nothing_to_do(
            disk_sectors in 16_500u64..1 << 40,
        ) {
            let old = table(16_500);
            let new = grown(&old.primary, &BLANK, disk_sectors).unwrap().unwrap();
            prop_assert!(new.last_sector >= 16_383 && new.last_sector <= disk_sectors - 34);
            prop_assert!(new.last_sector == 16_383 || disk_sectors - new.last_sector < 2048 + 34);
            prop_assert!(new.primary.is_whole(1) && new.backup.is_whole(disk_sectors - 1));
            prop_assert_eq!(&new.primary.entries, &new.backup.entries);
            prop_assert_eq!(grown(&new.primary, &new.backup, disk_sectors), Ok(None));
            // All bytes of the entries but the end of the last partition are as they were.
            let mut entries = new.primary.entries.clone();
            entries[128 + 40..128 + 48].copy_from_slice(&16_383u64.to_le_bytes());
            prop_assert_eq!(&entries, &old.primary.entries);
        }
    }

    #[test]
    fn a_cut_between_the_two_copies_is_mended_from_the_other_one() {
        let old = table(16_500);
        let new = grown(&old.primary, &BLANK, 99_999).unwrap().unwrap();
        let torn = Copy {
            header: old.primary.header,
            entries: new.primary.entries.clone(),
        };
        for primary in [&torn, &old.primary, &BLANK] {
            let mended = grown(primary, &new.backup, 99_999);
            assert_eq!(mended, Ok(Some(new.clone())));
        }
        let mended = grown(&new.primary, &BLANK, 99_999);
        assert_eq!(mended, Ok(Some(new.clone())));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let whole = table(16_500);
        let mut foreign = whole.primary.clone();
        foreign.header[80] = 64;
        let foreign = foreign.placed(1, 2, 16_499);
        let mut empty = whole.primary.clone();
        empty.entries.fill(0);
        let empty = empty.placed(1, 2, 16_499);
        for (primary, sectors, error) in [
            (&BLANK, 16_500, GptError::Damaged),
            (&whole.backup, 16_500, GptError::Damaged),
            (&foreign, 16_500, GptError::Foreign),
            (&empty, 16_500, GptError::Foreign),
            (&whole.primary, 16_400, GptError::TooShort),
            (&whole.primary, 20, GptError::TooShort),
            (&whole.primary, 0, GptError::TooShort),
        ] {
            assert_eq!(grown(primary, &BLANK, sectors), Err(error), "{sectors}");
        }
    }
}
