//! Boot states as they should not be: everything that cut power, worn flash and strangers leave on two copies.
//!
//! Never: chance that cannot be repeated.

use alcove::base::crc32::crc32;
use alcove::update::bootstate::{
    BLOCK_BYTES, Reason, Reset, Slot, SlotState, State, encode, newest,
};

use super::board::Copies;

const SECTOR_BYTES: usize = 512;

/// Numbers that look random and are the same each time (xorshift64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 up to and without `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next().to_le_bytes()[3];
        }
    }
}

fn any_slot(dice: &mut Dice) -> SlotState {
    SlotState {
        tries: dice.of(&[0, 1, 2, 3]),
        good: dice.below(2) == 1,
        reason: dice.of(&[Reason::None, Reason::Tries, Reason::Verity, Reason::Health]),
    }
}

fn any_state(dice: &mut Dice) -> State {
    State {
        primary: dice.of(&[Slot::A, Slot::B]),
        a: any_slot(dice),
        b: any_slot(dice),
        reset: dice.of(&[Reset::None, Reset::Keep, Reset::All]),
    }
}

/// Two copies after some changes, all of them written whole.
fn undamaged(dice: &mut Dice) -> Copies {
    let mut copies = [[0; BLOCK_BYTES]; 2];
    for _ in 0..dice.below(5) {
        let (_, at, sequence) = newest(&copies[0], &copies[1]);
        copies[at] = encode(&any_state(dice), sequence);
    }
    copies
}

/// A checksum that is right over words that are not.
fn nonsense(dice: &mut Dice) -> [u8; BLOCK_BYTES] {
    const NAMES: [&str; 9] = [
        "a_good", "a_tries", "b_good", "b_tries", "reason_a", "reason_b", "reset", "seq", "slot",
    ];
    const VALUES: [&str; 11] = [
        "0", "1", "2", "3", "4", "-1", "a", "b", "none", "x", "99999",
    ];
    const USUAL: [&str; 9] = ["1", "2", "1", "2", "none", "tries", "none", "1", "b"];
    let mut text = String::new();
    for (name, usual) in NAMES.into_iter().zip(USUAL) {
        // A word that the script does not know as a reason is as good as one.
        let is_usual = name.starts_with("reason") || dice.below(2) == 0;
        let value = if is_usual { usual } else { dice.of(&VALUES) };
        if dice.below(8) > 0 {
            text += &format!("{name}={value}\0");
        }
    }
    let mut block = [0; BLOCK_BYTES];
    block[4..4 + text.len()].copy_from_slice(text.as_bytes());
    let crc = crc32(&block[4..]);
    block[..4].copy_from_slice(&crc.to_le_bytes());
    block
}

/// Two copies with damage of a random kind, and the name of that.
pub fn damaged(dice: &mut Dice) -> (Copies, &'static str) {
    let mut copies = undamaged(dice);
    let which = dice.below(2);
    let kind = match dice.below(9) {
        0 => "whole",
        1 => {
            for _ in 0..=dice.below(8) {
                copies[which][dice.below(BLOCK_BYTES)] ^= 1 << dice.below(8);
            }
            "flipped bits"
        }
        2 => {
            for copy in &mut copies {
                copy[dice.below(200)] ^= 1 << dice.below(8);
            }
            "flipped bits in both"
        }
        3 => {
            let (_, at, sequence) = newest(&copies[0], &copies[1]);
            let block = encode(&any_state(dice), sequence);
            let end = dice.below(BLOCK_BYTES / SECTOR_BYTES + 1) * SECTOR_BYTES;
            copies[at][..end].copy_from_slice(&block[..end]);
            "a torn write"
        }
        4 => {
            let fill = dice.of(&[0, 0xff]);
            copies[which].fill(fill);
            if dice.below(2) == 0 {
                copies[1 - which].fill(fill);
            }
            "erased"
        }
        5 => {
            dice.fill(&mut copies[which]);
            if dice.below(2) == 0 {
                dice.fill(&mut copies[1 - which]);
            }
            "noise"
        }
        6 => {
            copies[which] = nonsense(dice);
            "nonsense with a checksum"
        }
        7 => {
            copies = [nonsense(dice), nonsense(dice)];
            "nonsense with checksums in both"
        }
        _ => {
            copies[which] = copies[1 - which];
            "the same copy twice"
        }
    };
    (copies, kind)
}
