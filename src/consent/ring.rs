//! The two halves of a flash as one ring of records: finds the newest, appends the next.
//!
//! Never: acknowledging a record that is not flushed in both halves; bringing an older answer back in silence.

use std::io;

use super::flash::{Access, Block, Flash};
use super::reason::Reason;
use super::record::{Condition, Record, Unread, examine, seal, unseal};

/// Blocks that are read at once while a flash is opened.
const READ_BLOCKS: u32 = 64;
/// What a block reads as when the medium gives an error: neither blank nor whole.
const UNREADABLE: u8 = 0x5a;

pub(super) struct Ring {
    flash: Box<dyn Flash>,
    /// The next record is put together here, so that appending needs no memory.
    block: Box<Block>,
    /// Of the last record that was read or tried.
    sequence: u64,
    /// Damaged blocks are blanked with the next record, or they would keep the answer in doubt for ever.
    blank_others: bool,
}

/// What stands on one flash.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) record: Option<Record>,
    pub(super) doubt: Option<Reason>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Lower,
    Upper,
}

/// A whole block that was found.
struct Found {
    sequence: u64,
    block: Box<Block>,
    /// The half that lacks the copy.
    lacking: Option<Half>,
}

/// What a walk over all blocks found.
#[derive(Default)]
struct Survey {
    /// The newest one that has, or had, its copy: it may have been acknowledged.
    complete: Option<Found>,
    /// Those whose copy was perhaps never written.
    single: Vec<Found>,
    /// Damaged blocks whose copy is whole or blank: torn by a power cut, or rotted.
    damaged_lower: u32,
    damaged_upper: u32,
    /// Places where neither half can be read, or where they contradict each other.
    damaged_pairs: u32,
}

impl Ring {
    /// Reads the flash. For changing, it also makes lasting what is there: flushes first, because the last run may
    /// have ended between a write and its flush, and writes the copy that the newest record lacks.
    pub(super) fn open(mut flash: Box<dyn Flash>, access: Access) -> (Self, Reading) {
        let mends = access == Access::Change && flash.is_writable();
        let mut doubt = None;
        if mends && flash.flush().is_err() {
            doubt = Some(Reason::NotSaved);
        }
        let survey = Survey::of(flash.as_mut());
        let reading = survey.reading();
        let mut ring = Self {
            flash,
            block: Box::new(Block::ZERO),
            sequence: survey.newest().map_or(0, |newest| newest.sequence),
            blank_others: matches!(reading.doubt, Some(Reason::Noise | Reason::Damaged)),
        };
        if mends && ring.mend(&survey, &reading).is_err() {
            doubt = Some(Reason::NotSaved);
        }
        let reading = Reading {
            doubt: reading.doubt.or(doubt),
            ..reading
        };
        (ring, reading)
    }

    /// Writes `record` as the newest one. It allocates nothing.
    ///
    /// # Errors
    /// The medium's own. Whether the record is there is unknown then; the next call takes the next block.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<()> {
        self.sequence += 1;
        seal(record, self.sequence, &mut self.block);
        for half in [Half::Lower, Half::Upper] {
            let at = self.place(half);
            self.flash.write(at, &self.block)?;
            self.flash.flush()?;
        }
        if self.blank_others {
            self.blank_others()?;
        }
        Ok(())
    }

    /// Blanks everything but the newest record, one half after the other.
    ///
    /// # Errors
    /// The medium's own; the newest record is untouched.
    pub(super) fn blank_others(&mut self) -> io::Result<()> {
        let half_blocks = self.half_blocks();
        for half in [Half::Lower, Half::Upper] {
            let (first, kept) = (half.first(half_blocks), self.place(half));
            for at in (first..first + half_blocks).filter(|at| *at != kept) {
                self.flash.write(at, &Block::ZERO)?;
            }
            self.flash.flush()?;
        }
        self.blank_others = false;
        Ok(())
    }

    /// Makes what was read lasting: as the copy that the newest record lacks, or where that record does not count, as
    /// a newer one.
    fn mend(&mut self, survey: &Survey, reading: &Reading) -> io::Result<()> {
        let Some((newest, half)) = survey
            .newest()
            .and_then(|newest| Some((newest, newest.lacking?)))
        else {
            return Ok(());
        };
        match &reading.record {
            Some(kept) if unseal(&newest.block).as_ref() != Ok(kept) => self.append(kept),
            _ => {
                self.flash.write(self.place(half), &newest.block)?;
                self.flash.flush()
            }
        }
    }

    fn half_blocks(&self) -> u32 {
        self.flash.blocks() / 2
    }

    fn place(&self, half: Half) -> u32 {
        half.first(self.half_blocks()) + index_of(self.sequence, self.half_blocks())
    }
}

impl Half {
    fn first(self, half_blocks: u32) -> u32 {
        match self {
            Self::Lower => 0,
            Self::Upper => half_blocks,
        }
    }
}

/// The place of a sequence within each half.
fn index_of(sequence: u64, half_blocks: u32) -> u32 {
    u32::try_from(sequence % u64::from(half_blocks)).expect("smaller than a u32")
}

impl Survey {
    fn of(flash: &mut dyn Flash) -> Self {
        let half_blocks = flash.blocks() / 2;
        let at_once = READ_BLOCKS.min(half_blocks);
        let mut lower = vec![Block::ZERO; at_once as usize];
        let mut upper = lower.clone();
        let mut survey = Self::default();
        for first in (0..half_blocks).step_by(at_once as usize) {
            let count = at_once.min(half_blocks - first) as usize;
            read_what_can_be_read(flash, first, &mut lower[..count]);
            read_what_can_be_read(flash, half_blocks + first, &mut upper[..count]);
            for (index, (lower, upper)) in (first..).zip(lower.iter().zip(&upper)).take(count) {
                survey.add(lower, upper, index, half_blocks);
            }
        }
        survey
    }

    fn add(&mut self, lower: &Block, upper: &Block, index: u32, half_blocks: u32) {
        let in_place = |block| match examine(block) {
            // A block that a confused medium put elsewhere.
            Condition::Whole(sequence) if index_of(sequence, half_blocks) != index => {
                Condition::Damaged
            }
            condition => condition,
        };
        let pair = (in_place(lower), in_place(upper));
        match pair {
            (Condition::Damaged, Condition::Damaged) => self.damaged_pairs += 1,
            (Condition::Damaged, _) => self.damaged_lower += 1,
            (_, Condition::Damaged) => self.damaged_upper += 1,
            (Condition::Whole(a), Condition::Whole(b)) if a == b && lower != upper => {
                self.damaged_pairs += 1;
            }
            _ => {}
        }
        for (block, copy, half, own, other) in [
            (lower, upper, Half::Upper, pair.0, pair.1),
            (upper, lower, Half::Lower, pair.1, pair.0),
        ] {
            let Condition::Whole(sequence) = own else {
                continue;
            };
            let is_complete = own == other || is_one_bit_away(block, copy);
            if is_complete && !is_newer(sequence, self.complete.as_ref()) {
                continue;
            }
            let found = Found {
                sequence,
                block: Box::new(block.clone()),
                lacking: (own != other).then_some(half),
            };
            if is_complete {
                self.complete = Some(found);
            } else {
                self.single.push(found);
            }
        }
    }

    fn newest(&self) -> Option<&Found> {
        let all = self.complete.iter().chain(&self.single);
        all.max_by_key(|found| found.sequence)
    }

    fn reading(&self) -> Reading {
        let Some(newest) = self.newest() else {
            return Reading {
                record: None,
                doubt: (!self.is_blank()).then_some(Reason::Noise),
            };
        };
        match unseal(&newest.block) {
            Ok(_) => Reading {
                record: Some(self.record_that_counts()),
                doubt: (self.damaged_pairs > 0).then_some(Reason::Damaged),
            },
            Err(unread) => Reading {
                record: None,
                doubt: Some(match unread {
                    Unread::NewerLayout => Reason::NewerLayout,
                    Unread::Damaged => Reason::Damaged,
                }),
            },
        }
    }

    /// The record that was acknowledged last, and of what was tried since then only what takes something back: whoever
    /// tried it was told that everything is off.
    fn record_that_counts(&self) -> Record {
        let mut tried: Vec<&Found> = self.single.iter().collect();
        tried.retain(|found| is_newer(found.sequence, self.complete.as_ref()));
        tried.sort_by_key(|found| found.sequence);
        let acknowledged = self
            .complete
            .as_ref()
            .map_or_else(Record::default, record_of);
        tried.into_iter().fold(acknowledged, |before, found| {
            before.then_tried(record_of(found))
        })
    }

    /// True also when the very first write was cut: it tore one block, and was not acknowledged.
    fn is_blank(&self) -> bool {
        self.damaged_pairs == 0 && self.damaged_upper == 0 && self.damaged_lower <= 1
    }
}

fn is_newer(sequence: u64, other: Option<&Found>) -> bool {
    other.is_none_or(|other| other.sequence < sequence)
}

fn record_of(found: &Found) -> Record {
    unseal(&found.block).unwrap_or_else(|_| {
        let mut unread = Record::default();
        unread.ledger.lose();
        unread
    })
}

/// True for a copy that was whole, and rotted since: a write that was cut leaves more than one bit to tell.
fn is_one_bit_away(block: &Block, copy: &Block) -> bool {
    // Whole parts compare far faster than bytes, and one bit is in one of them.
    const PART_BYTES: usize = 64;
    let parts = block.0.chunks(PART_BYTES).zip(copy.0.chunks(PART_BYTES));
    let mut other = parts.filter(|(own, copy)| own != copy);
    let (Some((own, copy)), None) = (other.next(), other.next()) else {
        return false;
    };
    let bits = own.iter().zip(copy).map(|(a, b)| (a ^ b).count_ones());
    bits.sum::<u32>() == 1
}

/// Reads many blocks at once, and one by one where that fails.
fn read_what_can_be_read(flash: &mut dyn Flash, first: u32, blocks: &mut [Block]) {
    if flash.read(first, blocks).is_ok() {
        return;
    }
    for (at, block) in (first..).zip(blocks) {
        if flash.read(at, std::slice::from_mut(block)).is_err() {
            block.0.fill(UNREADABLE);
        }
    }
}

impl Reading {
    /// True when nobody has answered here.
    pub(super) fn is_empty(&self) -> bool {
        self.record.is_none() && self.doubt.is_none()
    }

    /// The record to go on from: where bookings may be missing, with a ledger that says so.
    pub(super) fn record_in_doubt(&self) -> Option<Record> {
        let lost = self.doubt.is_some_and(Reason::loses_ledger);
        let mut record = match &self.record {
            Some(record) => record.clone(),
            None if lost => Record::default(),
            None => return None,
        };
        if lost {
            record.ledger.lose();
        }
        Some(record)
    }
}
