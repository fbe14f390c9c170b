//! Carries out what the owner answers, and what the owner deletes.
//!
//! Never: "saved" before it is on flash and what must go is gone from the disk.

use std::io;

use super::{Gathered, Inner};
use crate::consent::{Ahead, SetError, State};
use crate::db::DbError;

/// Why an answer was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer was not stored: {0}")]
    Set(#[from] SetError),
    /// The answer is stored, and nothing more is counted; emptying is tried again within the hour and at the next start.
    #[error("what was collected is not deleted yet: {0}")]
    NotEmptied(NotDeleted),
    #[error("the change was given up")]
    GivenUp,
}

/// Why something that must go is still there.
#[derive(Debug, thiserror::Error)]
pub enum NotDeleted {
    #[error(transparent)]
    Counted(#[from] DbError),
    #[error("crash reports: {0}")]
    Crashes(#[from] io::Error),
    #[error("it was given up")]
    GivenUp,
}

impl Inner {
    /// Brings the disk to what the answer says at the start.
    pub(super) fn begin(&self) {
        if let Err(error) = self.crashes.obey() {
            log::warn!("crash reports are not deleted yet: {error}");
        }
        if let Err(error) = self.settle() {
            log::warn!("what was counted earlier is not deleted yet: {error}");
        }
    }

    pub(super) fn carry_out(&self, ahead: Ahead) -> Result<State, AnswerError> {
        let _disk = self.disk.blocking_lock();
        let (changed, obeyed) = self.change(ahead);
        let settled = self.settle();
        let state = changed?;
        settled.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        obeyed.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        Ok(state)
    }

    pub(super) fn clear_all(&self) -> Result<(), NotDeleted> {
        let _disk = self.disk.blocking_lock();
        // What runs at this moment goes as well.
        self.consent.void_grants();
        self.gather(&self.consent.state());
        self.forget();
        let cleared = self.crashes.clear();
        self.settle()?;
        Ok(cleared?)
    }

    /// Blocks until the answer is on flash.
    fn change(&self, ahead: Ahead) -> (Result<State, SetError>, io::Result<()>) {
        let asked = ahead.answer();
        let is_same = asked == ahead.before() && asked == self.consent.state().effective;
        // What was gathered and seen under one answer is never taken for the next one's, however short the moment.
        if !is_same {
            self.now().hold();
            self.crashes.hold();
            self.source.gather(Gathered::Nothing);
        }
        let outcome = self.consent.store(ahead);
        let after = self.consent.state();
        let is_other = !is_same || after.effective != asked;
        if is_other {
            self.now().hold();
            self.crashes.go_on();
            self.gather(&after);
        }
        self.now().changing = false;
        // Whatever became of it: the answer in force may be more private than before.
        let obeyed = self.crashes.obey();
        drop(self.current());
        self.mode.send_if_modified(|told| {
            *told = after.effective.mode();
            is_other
        });
        (outcome.map(|_| after), obeyed)
    }

    fn forget(&self) {
        let mut now = self.current();
        now.held = None;
        now.newer = false;
        now.save.give_up();
        now.clear.ask();
    }
}
