//! What holds at this moment, and what answers that wait to be stored take back of it already.
//!
//! Never: waiting for the flash.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::handle::Shared;
use super::reason::Reason;
use super::record::{Answer, Choice, Mode, Switches};
use crate::base::week::Week;

/// What holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What everybody goes by.
    pub effective: Answer,
    /// What stands on flash, as far as it can be read.
    pub stored: Answer,
    /// Why the two differ, or what is wrong.
    pub reason: Option<Reason>,
    /// False where no change can be stored while the program runs.
    pub writable: bool,
    /// The week of the stored answer; `None` before the first one, or when the clock was not set.
    pub answered_week: Option<Week>,
    /// The registry that the stored answer is about; 0 before the first one.
    pub answered_registry: u32,
}

impl State {
    /// True when the question is to be asked, with nothing preselected.
    pub fn asks(&self) -> bool {
        self.effective.mode() == Mode::Undecided
    }
}

pub(super) struct Now(RwLock<Inside>);

/// Off, and two modes with three switches each.
const ANSWERS: usize = 1 + 2 * 8;

struct Inside {
    /// Without the answers that wait.
    state: State,
    /// Goes up with every change; a grant is of one generation.
    generation: u64,
    /// Answers that wait to be stored, each with how often it does.
    waiting: heapless::Vec<(Answer, usize), ANSWERS>,
}

impl Inside {
    fn state(&self) -> State {
        let waiting = self.waiting.iter().map(|(answer, _)| *answer);
        State {
            effective: waiting.fold(self.state.effective, Answer::meet),
            ..self.state
        }
    }

    fn begin(&mut self, answer: Answer) {
        match self.waiting.iter_mut().find(|(one, _)| *one == answer) {
            Some((_, count)) => *count += 1,
            None => {
                let pushed = self.waiting.push((answer, 1));
                pushed.expect("there are no more answers than that");
            }
        }
    }

    fn end(&mut self, answer: Answer) {
        for (one, count) in &mut self.waiting {
            if *one == answer {
                *count -= 1;
            }
        }
        self.waiting.retain(|(_, count)| *count > 0);
    }
}

impl Now {
    pub(super) fn new(state: State) -> Self {
        Self(RwLock::new(Inside {
            state,
            generation: 0,
            waiting: heapless::Vec::new(),
        }))
    }

    /// What holds, and the generation of a grant that is given for it.
    pub(super) fn look(&self) -> (State, u64) {
        let inside = self.read();
        (inside.state(), inside.generation)
    }

    pub(super) fn state(&self) -> State {
        self.read().state()
    }

    pub(super) fn generation(&self) -> u64 {
        self.read().generation
    }

    pub(super) fn void_grants(&self) {
        self.write().generation += 1;
    }

    /// Lets `state` hold, but for what answers that wait take back.
    pub(super) fn publish(&self, state: State) {
        let mut inside = self.write();
        inside.generation += 1;
        inside.state = state;
    }

    fn read(&self) -> RwLockReadGuard<'_, Inside> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inside> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer on its way to the flash: what it takes back is taken back as long as this lives.
#[must_use = "what it takes back holds again when it is dropped"]
pub struct Ahead {
    pub(super) shared: Arc<Shared>,
    /// A later answer has a higher one.
    pub(super) number: u64,
    pub(super) choice: Choice,
    pub(super) switches: Switches,
    before: Answer,
}

impl Ahead {
    pub(super) fn new(shared: Arc<Shared>, choice: Choice, switches: Switches) -> Self {
        let mut now = shared.now.write();
        now.generation += 1;
        let (number, before) = (now.generation, now.state().effective);
        now.begin(Answer::new(choice, switches));
        drop(now);
        Self {
            shared,
            number,
            choice,
            switches,
            before,
        }
    }

    /// What is answered.
    pub fn answer(&self) -> Answer {
        Answer::new(self.choice, self.switches)
    }

    /// True where it allows something that did not hold before.
    pub fn allows_more(&self) -> bool {
        self.answer().meet(self.before) != self.answer()
    }

    /// What held before it was answered.
    pub fn before(&self) -> Answer {
        self.before
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Nobody knows what became of it: what it takes back does not come again.
        if std::thread::panicking() {
            return;
        }
        let mut now = self.shared.now.write();
        let before = now.state().effective;
        now.end(self.answer());
        if now.state().effective != before {
            now.generation += 1;
        }
    }
}
