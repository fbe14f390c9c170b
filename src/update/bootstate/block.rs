//! One copy of the boot state as bytes: U-Boot's environment with its checksum (`env export -c -s 0x1000`), and
//! which of two copies counts.
//!
//! Never: more strictness than the boot script has, which must come to the same state from the same bytes.

use super::state::{Reason, Reset, Slot, SlotState, State};
use crate::base::crc32::crc32;

/// Length of a copy.
pub const BLOCK_BYTES: usize = 4096;
/// Where the second copy begins; the first one begins at 0.
pub const SECOND_COPY_AT_BYTES: u64 = 512 * 1024;
const CRC_BYTES: usize = 4;

/// Counts changes 0, 1, 2, 0: enough to tell which of two copies follows the other, and U-Boot, which cannot add, can
/// count so with comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(u8);

impl Sequence {
    const COUNT: u8 = 3;

    /// That of the change after this one.
    pub fn following(self) -> Self {
        Self((self.0 + 1) % Self::COUNT)
    }

    fn of_word(word: &str) -> Option<Self> {
        match word {
            "0" => Some(Self(0)),
            "1" => Some(Self(1)),
            "2" => Some(Self(2)),
            _ => None,
        }
    }
}

/// A copy that holds `state`, names in the order in which U-Boot writes them.
pub fn encode(state: &State, sequence: Sequence) -> [u8; BLOCK_BYTES] {
    let text = format!(
        "a_good={}\0a_tries={}\0b_good={}\0b_tries={}\0reason_a={}\0reason_b={}\0reset={}\0seq={}\0slot={}\0",
        u8::from(state.a.good),
        state.a.tries,
        u8::from(state.b.good),
        state.b.tries,
        state.a.reason.word(),
        state.b.reason.word(),
        state.reset.word(),
        sequence.0,
        state.primary,
    );
    let mut block = [0; BLOCK_BYTES];
    block[CRC_BYTES..CRC_BYTES + text.len()].copy_from_slice(text.as_bytes());
    let crc = crc32(&block[CRC_BYTES..]);
    block[..CRC_BYTES].copy_from_slice(&crc.to_le_bytes());
    block
}

/// What a copy holds; `None` where it was never written or is damaged. A value that has no meaning stands for the
/// cautious one: no tries, not good.
pub fn decode(block: &[u8; BLOCK_BYTES]) -> Option<(State, Sequence)> {
    let (crc, body) = block.split_first_chunk::<CRC_BYTES>()?;
    if u32::from_le_bytes(*crc) != crc32(body) {
        return None;
    }
    let pairs: Vec<&[u8]> = body
        .split(|byte| *byte == 0)
        .take_while(|pair| !pair.is_empty())
        .collect();
    let value = |name: &str| {
        pairs.iter().rev().find_map(|pair| {
            let rest = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            std::str::from_utf8(rest).ok()
        })
    };
    let slot = |tries: &str, good: &str, reason: &str| SlotState {
        tries: match value(tries) {
            Some("1") => 1,
            Some("2") => 2,
            Some("3") => 3,
            _ => 0,
        },
        good: value(good) == Some("1"),
        reason: value(reason).map(Reason::of_word).unwrap_or_default(),
    };
    let state = State {
        primary: value("slot")
            .and_then(|word| word.parse().ok())
            .unwrap_or(Slot::A),
        a: slot("a_tries", "a_good", "reason_a"),
        b: slot("b_tries", "b_good", "reason_b"),
        reset: value("reset").map(Reset::of_word).unwrap_or_default(),
    };
    Some((state, value("seq").and_then(Sequence::of_word)?))
}

/// Of two copies, the state that counts; and what to write next: which copy (0 or 1), and its sequence.
pub fn newest(first: &[u8; BLOCK_BYTES], second: &[u8; BLOCK_BYTES]) -> (State, usize, Sequence) {
    match (decode(first), decode(second)) {
        (None, None) => (State::FACTORY, 0, Sequence(0)),
        (None, Some((state, sequence))) => (state, 0, sequence.following()),
        (Some((_, older)), Some((state, newer))) if older.following() == newer => {
            (state, 0, newer.following())
        }
        (Some((state, sequence)), _) => (state, 1, sequence.following()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_slot() -> impl Strategy<Value = SlotState> {
        let reason = prop::sample::select(vec![
            "none", "tries", "load", "verity", "mount", "crash", "watchdog", "health",
        ]);
        (0..=3u8, any::<bool>(), reason).prop_map(|(tries, good, reason)| SlotState {
            tries,
            good,
            reason: Reason::of_word(reason),
        })
    }

    fn any_state() -> impl Strategy<Value = State> {
        let reset = prop::sample::select(vec![Reset::None, Reset::Keep, Reset::All]);
        let primary = prop::sample::select(vec![Slot::A, Slot::B]);
        (primary, any_slot(), any_slot(), reset).prop_map(|(primary, a, b, reset)| State {
            primary,
            a,
            b,
            reset,
        })
    }

    fn sealed(text: &str) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        block[4..4 + text.len()].copy_from_slice(text.as_bytes());
        let crc = crc32(&block[4..]);
        block[..4].copy_from_slice(&crc.to_le_bytes());
        block
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(state in any_state(), sequence in 0..3u8) {
            let read = decode(&encode(&state, Sequence(sequence)));
            prop_assert_eq!(read, Some((state, Sequence(sequence))));
        }

        #[test]
        fn a_damaged_copy_is_none(
            state in any_state(),
            flips in prop::collection::vec((0..BLOCK_BYTES, 1..=255u8), 1..4),
        ) {
            let whole = encode(&state, Sequence(1));
            let mut block = whole;
            for (at, bits) in flips {
                block[at] ^= bits;
            }
            prop_assert!(block == whole || decode(&block).is_none());
        }

        #[test]
        fn a_change_that_power_cut_short_is_the_state_before_or_after(
            states in prop::collection::vec(any_state(), 1..6),
            cut in 0..=8usize,
        ) {
            let mut copies = [[0; BLOCK_BYTES]; 2];
            let mut before = State::FACTORY;
            for (i, state) in states.iter().enumerate() {
                let (read, at, sequence) = newest(&copies[0], &copies[1]);
                prop_assert_eq!(read, before);
                let block = encode(state, sequence);
                let is_last = i + 1 == states.len();
                let written = if is_last { cut * 512 } else { BLOCK_BYTES };
                copies[at][..written].copy_from_slice(&block[..written]);
                if !is_last {
                    before = *state;
                }
            }
            let (read, _, _) = newest(&copies[0], &copies[1]);
            let after = states[states.len() - 1];
            prop_assert!(read == before || read == after);
            prop_assert!(cut > 0 || read == before);
            prop_assert!(cut < 8 || read == after);
        }

        #[test]
        fn no_bytes_are_too_strange(noise in prop::collection::vec(any::<u8>(), BLOCK_BYTES - 4)) {
            let mut block = [0; BLOCK_BYTES];
            block[4..].copy_from_slice(&noise);
            let crc = crc32(&noise);
            block[..4].copy_from_slice(&crc.to_le_bytes());
            let _ = decode(&block);
        }
    }

    #[test]
    fn values_without_a_meaning_are_the_cautious_ones() {
        let spent = SlotState {
            tries: 0,
            good: false,
            reason: Reason::None,
        };
        let strange = "a_good=yes\0a_tries=4\0reason_a=boredom\0reset=please\0seq=1\0slot=c\0";
        let (state, _) = decode(&sealed(strange)).unwrap();
        let expected = State {
            primary: Slot::A,
            a: spent,
            b: spent,
            reset: Reset::None,
        };
        assert_eq!(state, expected);
        for lost in ["slot=b\0", "seq=3\0", "seq=\0", ""] {
            assert_eq!(decode(&sealed(lost)), None, "{lost:?}");
        }
    }

    #[test]
    fn a_copy_is_what_released_boot_scripts_read() {
        let block = encode(&State::FACTORY, Sequence(2));
        let text = "a_good=0\0a_tries=3\0b_good=0\0b_tries=3\0reason_a=none\0reason_b=none\0reset=none\0seq=2\0slot=a\0\0";
        assert_eq!(&block[4..4 + text.len()], text.as_bytes());
        assert!(block[4 + text.len()..].iter().all(|byte| *byte == 0));
    }
}
