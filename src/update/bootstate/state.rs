//! What the boot state says, and how it may change.
//!
//! Never: bytes.

use std::fmt;
use std::str::FromStr;

/// Starts that a slot is given to prove itself.
pub const MOST_TRIES: u8 = 3;

/// One of the two places that a version can lie in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Slot {
    #[default]
    A,
    B,
}

/// Why a slot was left, as far as somebody lived to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reason {
    #[default]
    None,
    /// All tries were used up, and nothing said why.
    Tries,
    /// The boot loader could not read the kernel, or what belongs to it.
    Load,
    /// The root image is not what was signed.
    Verity,
    /// The settings or the data could not be mounted.
    Mount,
    /// The program ended again and again.
    Crash,
    /// The watchdog restarted the board.
    Watchdog,
    /// The health check said no.
    Health,
}

/// A factory reset that the next start carries out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reset {
    #[default]
    None,
    /// Settings and data are emptied; the answer about privacy stays.
    Keep,
    /// That too.
    All,
}

impl Slot {
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// `a` or `b`, as in the boot state, on the kernel command line and in RAUC's `bootname`.
    pub fn word(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// The slot that a kernel command line names with `alcove.slot=`.
    pub fn of_command_line(line: &str) -> Option<Self> {
        line.split_ascii_whitespace()
            .filter_map(|word| word.strip_prefix("alcove.slot="))
            .find_map(|word| word.parse().ok())
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Slot {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "a" => Ok(Self::A),
            "b" => Ok(Self::B),
            _ => Err("a slot is `a` or `b`"),
        }
    }
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Tries,
        Self::Load,
        Self::Verity,
        Self::Mount,
        Self::Crash,
        Self::Watchdog,
        Self::Health,
    ];

    /// As the boot state has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tries => "tries",
            Self::Load => "load",
            Self::Verity => "verity",
            Self::Mount => "mount",
            Self::Crash => "crash",
            Self::Watchdog => "watchdog",
            Self::Health => "health",
        }
    }

    /// [`Reason::None`] for a word that this program does not know.
    pub(super) fn of_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|reason| reason.word() == word);
        known.unwrap_or_default()
    }
}

impl Reset {
    /// As the boot state has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Keep => "keep",
            Self::All => "all",
        }
    }

    /// [`Reset::None`] for a word that this program does not know.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "keep" => Self::Keep,
            "all" => Self::All,
            _ => Self::None,
        }
    }
}

/// What is known of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotState {
    /// Starts that are left before the other slot's turn; [`MOST_TRIES`] at most.
    pub tries: u8,
    /// The version in it has proved itself once.
    pub good: bool,
    pub reason: Reason,
}

/// The whole boot state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The slot that starts while it has tries left.
    pub primary: Slot,
    pub a: SlotState,
    pub b: SlotState,
    pub reset: Reset,
}

impl State {
    /// What holds where nothing was written yet.
    pub const FACTORY: Self = {
        let untried = SlotState {
            tries: MOST_TRIES,
            good: false,
            reason: Reason::None,
        };
        Self {
            primary: Slot::A,
            a: untried,
            b: untried,
            reset: Reset::None,
        }
    };

    pub fn of(&self, slot: Slot) -> SlotState {
        match slot {
            Slot::A => self.a,
            Slot::B => self.b,
        }
    }

    fn of_mut(&mut self, slot: Slot) -> &mut SlotState {
        match slot {
            Slot::A => &mut self.a,
            Slot::B => &mut self.b,
        }
    }

    /// The slot that the boot script starts next.
    pub fn next(&self) -> Slot {
        let other = self.primary.other();
        if self.of(self.primary).tries == 0 && self.of(other).tries > 0 {
            other
        } else {
            self.primary
        }
    }

    /// `slot` starts from now on, as long as it has tries: what an update does in the end.
    pub fn activate(&mut self, slot: Slot) {
        self.primary = slot;
        let state = self.of_mut(slot);
        state.tries = MOST_TRIES;
        state.reason = Reason::None;
    }

    /// The running `slot` has proved itself. Where it runs because the other one is spent, it is the primary one now, so that
    /// two slots without tries do not bring the other one back.
    pub fn mark_good(&mut self, slot: Slot) {
        *self.of_mut(slot) = SlotState {
            tries: MOST_TRIES,
            good: true,
            reason: Reason::None,
        };
        if self.of(slot.other()).tries == 0 {
            self.primary = slot;
        }
    }

    /// `slot` is not started again before the other one is spent too.
    pub fn mark_bad(&mut self, slot: Slot, reason: Reason) {
        *self.of_mut(slot) = SlotState {
            tries: 0,
            good: false,
            reason,
        };
    }

    /// Why the start of `slot` that is under way comes to nothing; its tries are counted already.
    pub fn note(&mut self, slot: Slot, reason: Reason) {
        self.of_mut(slot).reason = reason;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(primary: Slot, a_tries: u8, b_tries: u8) -> State {
        let mut state = State::FACTORY;
        state.primary = primary;
        state.a.tries = a_tries;
        state.b.tries = b_tries;
        state
    }

    #[test]
    fn a_spent_slot_is_passed_over_unless_both_are() {
        for (primary, a, b, next) in [
            (Slot::A, 3, 3, Slot::A),
            (Slot::A, 1, 0, Slot::A),
            (Slot::A, 0, 1, Slot::B),
            (Slot::A, 0, 0, Slot::A),
            (Slot::B, 3, 1, Slot::B),
            (Slot::B, 2, 0, Slot::A),
            (Slot::B, 0, 0, Slot::B),
        ] {
            assert_eq!(state(primary, a, b).next(), next, "{primary} {a} {b}");
        }
    }

    #[test]
    fn an_update_is_tried_and_the_one_that_took_over_for_it_stays() {
        let mut state = State::FACTORY;
        state.mark_good(Slot::A);
        state.mark_bad(Slot::B, Reason::None);
        assert_eq!(state.next(), Slot::A);
        state.activate(Slot::B);
        assert_eq!(
            (state.next(), state.b.tries, state.b.good),
            (Slot::B, 3, false)
        );
        state.mark_good(Slot::A);
        assert_eq!(state.primary, Slot::B, "the update is still to be tried");
        state.mark_bad(Slot::B, Reason::Verity);
        assert_eq!((state.next(), state.primary), (Slot::A, Slot::B));
        state.mark_good(Slot::A);
        assert_eq!((state.primary, state.b.reason), (Slot::A, Reason::Verity));
    }

    #[test]
    fn the_slot_is_found_on_the_command_line() {
        for (line, slot) in [
            ("console=ttyAMA0 alcove.slot=b panic=5", Some(Slot::B)),
            ("alcove.slot=a", Some(Slot::A)),
            ("xalcove.slot=a alcove.slot= alcove.slot=c", None),
            ("", None),
        ] {
            assert_eq!(Slot::of_command_line(line), slot, "{line}");
        }
    }
}
