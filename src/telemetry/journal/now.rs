//! What memory holds, brought to what the answer in force and the clock say.
//!
//! Never: counting while the answer says no; the disk.

use super::settle::Wish;
use crate::base::clock::SharedClock;
use crate::consent::{Consent, Kind, Mode};
use crate::db::telemetry::StoredJournal;
use crate::telemetry::class::{Facts, Playback};
use crate::telemetry::draw::KernelRandom;
use crate::telemetry::held::{Held, WentBack};
use crate::telemetry::moment::Moment;
use crate::telemetry::stored::Found;

/// Why nothing is counted although the owner said yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The clock shows a time before any Alcove.
    ClockNotSet,
    /// The clock shows an earlier day than one that was counted.
    ClockWentBack,
    /// A newer Alcove wrote what is stored.
    Newer,
}

/// The answer under which the box is looked at; what was seen under another one is not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looking(u64);

#[derive(Default)]
pub(super) struct Now {
    /// What the box is; nothing is counted before it is known.
    pub(super) facts: Option<Facts>,
    /// Another one with every change of the answer.
    pub(super) looking: Looking,
    /// An answer is being stored: nothing is counted, and nothing begins.
    pub(super) changing: bool,
    /// `None` while nothing is counted.
    pub(super) held: Option<Held>,
    pub(super) trouble: Option<Trouble>,
    /// What is stored is a newer Alcove's.
    pub(super) newer: bool,
    /// What is stored must go.
    pub(super) clear: Wish,
    /// Memory holds what the database does not.
    pub(super) save: Wish,
    /// The log of the database may hold what must go.
    pub(super) scrub: Wish,
}

impl Now {
    /// What is held at the start.
    pub(super) fn found(stored: Option<&StoredJournal>) -> Self {
        let mut now = Self::default();
        match stored.map(Found::judge) {
            None => {}
            Some(Found::Held(held)) => now.held = Some(held),
            Some(Found::Newer) => now.newer = true,
            Some(Found::Useless) => now.clear.ask(),
        }
        now
    }

    /// What is stored turns out to be a newer Alcove's: nothing is counted beside it.
    pub(super) fn find_newer(&mut self) {
        self.newer = true;
        self.held = None;
        self.save.give_up();
    }

    /// From here on what was seen of the box is of no use, and nothing is counted.
    pub(super) fn hold(&mut self) {
        self.changing = true;
        self.looking = Looking(self.looking.0 + 1);
        self.facts = None;
    }

    /// Brings memory to what the answer in force and the clock say.
    pub(super) fn keep_up(&mut self, consent: &Consent, clock: &SharedClock) {
        let answer = consent.state().effective;
        let shares = answer.shares(Kind::PlaybackStatistics);
        self.trouble = None;
        // Whatever the clock shows: where the owner no longer shares, what was drawn is gone.
        if !shares && self.held.as_mut().is_some_and(Held::end_sharing) {
            self.save.ask();
            self.scrub.ask();
        }
        if !answer.collects(Kind::PlaybackStatistics) {
            let said_no = answer.mode() != Mode::Undecided;
            if self.held.take().is_some() || (self.newer && said_no) {
                self.clear.ask();
            }
            self.newer &= !said_no;
            self.save.give_up();
            self.facts = None;
        } else if self.newer {
            self.trouble = Some(Trouble::Newer);
        } else if let Some(moment) = Moment::now(clock.as_ref()) {
            if self.turn(moment, shares).is_err() {
                self.trouble = Some(Trouble::ClockWentBack);
            }
        } else {
            self.trouble = Some(Trouble::ClockNotSet);
        }
    }

    fn turn(&mut self, moment: Moment, shares: bool) -> Result<(), WentBack> {
        let (random, facts) = (&mut KernelRandom, self.facts.as_ref());
        let held = self.held.get_or_insert_with(|| Held::new(moment));
        let turned = held.turn(random, moment, facts)?;
        let began = shares && !self.changing && held.begin_sharing(random, facts);
        if turned || began {
            self.save.ask();
        }
        Ok(())
    }

    /// Counts a playback, unless something is in the way.
    pub(super) fn count(&mut self, playback: &Playback) {
        if self.changing {
            return;
        }
        if let (Some(held), Some(facts), None) = (&mut self.held, &self.facts, self.trouble) {
            held.note(&mut KernelRandom, playback, facts);
            self.save.ask();
        }
    }
}
