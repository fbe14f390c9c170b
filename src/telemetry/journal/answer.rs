//! Carries out what the owner answers, and what the owner deletes.
//!
//! Never: "saved" before it is on flash and what must go is gone from the disk.

use std::io;

use super::Inner;
use crate::consent::{Ahead, SetError, State};
use crate::db::DbError;

/// Why an answer was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer was not stored: {0}")]
    Set(#[from] SetError),
    /// The answer is stored, but what it takes back is not gone; that is tried again within the hour and at the next start.
    #[error("what was collected is not deleted yet: {0}")]
    NotEmptied(NotDeleted),
    /// The answer is not stored: it would have brought that back.
    #[error("what was collected under an earlier answer is not deleted yet: {0}")]
    Owed(NotDeleted),
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
    #[error("a report is still on its way out")]
    OnItsWay,
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
        // What a no left behind would look like what this yes allows.
        if ahead.allows_more() && self.owes() {
            self.pay().map_err(AnswerError::Owed)?;
        }
        let (changed, obeyed) = self.change(ahead);
        let settled = self.settle();
        let ended = self.uploads.wait();
        let state = changed?;
        match settled {
            // The answer does not wait for what is only not written yet.
            Err(error) if !self.owes() => log::warn!("what was counted is not written: {error}"),
            settled => settled.map_err(|error| AnswerError::NotEmptied(error.into()))?,
        }
        obeyed.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        ended.map_err(AnswerError::NotEmptied)?;
        Ok(state)
    }

    pub(super) fn clear_all(&self) -> Result<(), NotDeleted> {
        let _disk = self.disk.blocking_lock();
        // What runs at this moment goes as well.
        self.consent.void_grants();
        self.hold();
        self.forget();
        self.crashes.owe();
        let cleared = self.follow();
        let settled = self.settle();
        self.uploads.wait()?;
        settled?;
        Ok(cleared?)
    }

    /// True while something that must go is still there.
    fn owes(&self) -> bool {
        let now = self.now();
        now.clear.open().is_some() || now.scrub.open().is_some() || self.crashes.owes()
    }

    fn pay(&self) -> Result<(), NotDeleted> {
        self.settle()?;
        Ok(self.crashes.obey()?)
    }

    /// Blocks until the answer is on flash, and waits for nothing else before that.
    fn change(&self, ahead: Ahead) -> (Result<State, SetError>, io::Result<()>) {
        let asked = ahead.answer();
        let is_same = asked == ahead.before() && asked == self.consent.state().effective;
        // What was gathered and seen under one answer is never taken for the next one's, however short the moment.
        if !is_same {
            self.hold();
        }
        let outcome = self.consent.store(ahead);
        let after = self.consent.state();
        let obeyed = if is_same && after.effective == asked {
            self.crashes.obey()
        } else {
            self.follow()
        };
        (outcome.map(|_| after), obeyed)
    }

    /// From here on nothing is counted and no crash kept, until [`Inner::follow`].
    fn hold(&self) {
        self.now().hold();
        self.crashes.hold();
    }

    /// Begins afresh under what holds now, whatever became of an answer: it may be more private than before.
    pub(super) fn follow(&self) -> io::Result<()> {
        let after = self.consent.state();
        self.now().hold();
        self.crashes.go_on();
        self.gather(&after);
        self.now().changing = false;
        let obeyed = self.crashes.obey();
        drop(self.current());
        self.mode.send_replace(after.effective.mode());
        obeyed
    }

    fn forget(&self) {
        let mut now = self.current();
        now.held = None;
        now.newer = false;
        now.save.give_up();
        now.clear.ask();
    }
}
