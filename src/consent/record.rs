//! The answer, and the block that carries it.
//!
//! Never: deciding whether the answer holds; allocating.

use serde::{Deserialize, Serialize};

use super::flash::{BLOCK_BYTES, Block};
use super::ledger::Ledger;
use crate::base::week::Week;

/// First bytes of every block; the same in all layouts, like the places of version, sequence and checksum.
const MAGIC: [u8; 8] = *b"ALCONSNT";
/// The layout that this program writes.
const LAYOUT: u16 = 1;

const LAYOUT_AT: usize = 8;
const LENGTH_AT: usize = 10;
const SEQUENCE_AT: usize = 16;
/// The sequence again, each bit turned round: two blocks that stood at one place differ in two bits at least, so that one
/// rotted bit cannot finish a torn write.
const INVERSE_AT: usize = 24;
const PAYLOAD_AT: usize = 32;
const CRC_AT: usize = BLOCK_BYTES - 4;

/// How far the owner goes, the most private first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Mode {
    /// Not even collected.
    Off,
    /// Nobody was asked yet; nothing is collected.
    #[default]
    Undecided,
    /// Collected for the owner's eyes; nothing leaves.
    Local,
    /// Collected, and may leave.
    Share,
}

/// What a person can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    Off,
    Local,
    Share,
}

/// What each switch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    PlaybackStatistics,
    CrashReports,
    /// Marketing communications: the box may fetch a feed.
    ReleaseNews,
}

/// The three switches. Off is the default of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Switches {
    pub playback_statistics: bool,
    pub crash_reports: bool,
    pub release_news: bool,
}

/// A mode with its switches; none is on where nothing is collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    mode: Mode,
    switches: Switches,
}

impl Switches {
    fn and(self, other: Self) -> Self {
        Self {
            playback_statistics: self.playback_statistics && other.playback_statistics,
            crash_reports: self.crash_reports && other.crash_reports,
            release_news: self.release_news && other.release_news,
        }
    }
}

impl Answer {
    /// A plain no.
    pub const OFF: Self = Self {
        mode: Mode::Off,
        switches: Switches {
            playback_statistics: false,
            crash_reports: false,
            release_news: false,
        },
    };

    pub(super) const UNDECIDED: Self = Self {
        mode: Mode::Undecided,
        ..Self::OFF
    };

    /// What the owner says with `choice`; a no needs no switches.
    pub fn new(choice: Choice, switches: Switches) -> Self {
        let mode = match choice {
            Choice::Off => return Self::OFF,
            Choice::Local => Mode::Local,
            Choice::Share => Mode::Share,
        };
        Self { mode, switches }
    }

    pub fn mode(self) -> Mode {
        self.mode
    }

    pub fn switches(self) -> Switches {
        self.switches
    }

    /// True for *local* and *share*.
    pub fn is_yes(self) -> bool {
        self.mode >= Mode::Local
    }

    /// True when events of this kind may be kept on this box.
    pub fn collects(self, kind: Kind) -> bool {
        self.is_yes()
            && match kind {
                Kind::PlaybackStatistics => self.switches.playback_statistics,
                Kind::CrashReports => self.switches.crash_reports,
                Kind::ReleaseNews => self.switches.release_news,
            }
    }

    /// True when something of this kind may leave the box or be fetched.
    pub fn shares(self, kind: Kind) -> bool {
        self.mode == Mode::Share && self.collects(kind)
    }

    /// Only what both allow.
    pub(super) fn meet(self, other: Self) -> Self {
        let mode = self.mode.min(other.mode);
        if mode < Mode::Local {
            return Self { mode, ..Self::OFF };
        }
        Self {
            mode,
            switches: self.switches.and(other.switches),
        }
    }
}

/// Everything that is on flash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) answer: Answer,
    /// The registry that was shown with the question; 0 before the first answer.
    pub(super) answered_registry: u32,
    /// The highest registry that was seen since then.
    pub(super) seen_registry: u32,
    /// `None` when the clock was not set.
    pub(super) answered_week: Option<Week>,
    pub(super) ledger: Ledger,
}

impl Record {
    /// What counts when `tried` was written after this one and perhaps never acknowledged: it, where it allows nothing
    /// that this one does not. Neither's bookings are lost.
    pub(super) fn then_tried(self, tried: Self) -> Self {
        let is_as_private = tried.answer.meet(self.answer) == tried.answer;
        let is_same_question = tried.answered_registry == self.answered_registry;
        let takes_back = is_as_private && (is_same_question || !tried.answer.is_yes());
        let (mut kept, other) = if takes_back {
            (tried, self)
        } else {
            (self, tried)
        };
        kept.seen_registry = kept.seen_registry.max(other.seen_registry);
        kept.ledger.merge(&other.ledger);
        kept
    }

    /// What holds of two devices' records: the more private of each.
    pub(super) fn merge(&mut self, other: &Self) {
        self.answer = self.answer.meet(other.answer);
        self.answered_registry = self.answered_registry.min(other.answered_registry);
        self.seen_registry = self.seen_registry.max(other.seen_registry);
        self.answered_week = self.answered_week.max(other.answered_week);
        self.ledger.merge(&other.ledger);
    }
}

/// What a block is, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// As it came from the factory: all bits 0, or all 1.
    Blank,
    /// Written once, and no longer what was written.
    Damaged,
    /// Magic and checksum agree; holds its sequence.
    Whole(u64),
}

/// A whole block that holds no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    NewerLayout,
    Damaged,
}

/// Fills `block` with `record`. The checksum stands at the very end, so a block that was written in part is damaged
/// wherever the tear is.
pub(super) fn seal(record: &Record, sequence: u64, block: &mut Block) {
    block.0.fill(0);
    let payload = &mut block.0[PAYLOAD_AT..CRC_AT];
    let used = postcard::to_slice(record, payload)
        .expect("the largest record is a tenth of a block")
        .len();
    let length = u16::try_from(used).expect("shorter than a block");
    block.0[..LAYOUT_AT].copy_from_slice(&MAGIC);
    block.0[LAYOUT_AT..LENGTH_AT].copy_from_slice(&LAYOUT.to_le_bytes());
    block.0[LENGTH_AT..LENGTH_AT + 2].copy_from_slice(&length.to_le_bytes());
    block.0[SEQUENCE_AT..INVERSE_AT].copy_from_slice(&sequence.to_le_bytes());
    block.0[INVERSE_AT..PAYLOAD_AT].copy_from_slice(&(!sequence).to_le_bytes());
    let crc = crc32c::crc32c(&block.0[..CRC_AT]);
    block.0[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
}

pub(super) fn examine(block: &Block) -> Condition {
    static ZERO: Block = Block::ZERO;
    static ERASED: Block = Block([0xff; BLOCK_BYTES]);
    if *block == ZERO || *block == ERASED {
        return Condition::Blank;
    }
    let crc = u32::from_le_bytes(field(block, CRC_AT));
    if block.0[..LAYOUT_AT] != MAGIC || crc != crc32c::crc32c(&block.0[..CRC_AT]) {
        return Condition::Damaged;
    }
    Condition::Whole(u64::from_le_bytes(field(block, SEQUENCE_AT)))
}

/// The record of a whole block.
pub(super) fn unseal(block: &Block) -> Result<Record, Unread> {
    let layout = u16::from_le_bytes(field(block, LAYOUT_AT));
    if layout > LAYOUT {
        return Err(Unread::NewerLayout);
    }
    let length = usize::from(u16::from_le_bytes(field(block, LENGTH_AT)));
    let payload = block.0[PAYLOAD_AT..CRC_AT].get(..length);
    match payload.map(postcard::take_from_bytes) {
        Some(Ok((record, []))) if layout == LAYOUT => Ok(record),
        _ => Err(Unread::Damaged),
    }
}

fn field<const N: usize>(block: &Block, at: usize) -> [u8; N] {
    block.0[at..at + N].try_into().expect("N bytes were taken")
}

#[cfg(test)]
mod tests {
    use super::super::ledger::MilliEpsilon;
    use super::*;

    fn record(bookings: u16) -> Record {
        let mut record = Record {
            answer: Answer::new(
                Choice::Share,
                Switches {
                    crash_reports: true,
                    ..Switches::default()
                },
            ),
            answered_registry: 3,
            seen_registry: u32::MAX,
            answered_week: Some(Week::from_1970(2968)),
            ledger: Ledger::default(),
        };
        record.ledger = Ledger::of_weeks(2968..2968 + bookings, MilliEpsilon(200));
        record
    }

    #[test]
    fn layout_1_is_what_released_programs_have_written() {
        let mut block = Block::ZERO;
        seal(&record(1), 0x0102, &mut block);
        let head: [u8; 32] = *b"ALCONSNT\x01\x00\x13\x00\0\0\0\0\x02\x01\0\0\0\0\0\0\xfd\xfe\xff\xff\xff\xff\xff\xff";
        assert_eq!(block.0[..32], head);
        let payload =
            b"\x03\x00\x01\x00\x03\xff\xff\xff\xff\x0f\x01\x98\x17\x00\x01\x98\x17\xc8\x01";
        assert_eq!(block.0[32..51], *payload);
        assert!(block.0[51..CRC_AT].iter().all(|byte| *byte == 0));
        assert_eq!(examine(&block), Condition::Whole(0x0102));
        assert_eq!(unseal(&block), Ok(record(1)));
    }

    #[test]
    fn a_full_ledger_fits_many_times() {
        let mut block = Block::ZERO;
        let full = record(54);
        seal(&full, u64::MAX, &mut block);
        assert_eq!(unseal(&block), Ok(full));
        assert!(block.0[512..CRC_AT].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn bytes_after_the_record_or_too_few_are_damage() {
        for length in [0, 5, 18, 20, 5000] {
            let mut block = Block::ZERO;
            seal(&record(1), 1, &mut block);
            block.0[LENGTH_AT..LENGTH_AT + 2].copy_from_slice(&u16::to_le_bytes(length));
            assert_eq!(unseal(&block), Err(Unread::Damaged), "{length}");
        }
    }
}
