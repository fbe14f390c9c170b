//! Reports of crashes, kept for the owner to see: at most twenty, for four weeks at most.
//!
//! Never: kept without the owner's yes, or under a clock that was not set; a time finer than the week; sent. What
//! would send one needs a [`Grant`] to read it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use serde::{Deserialize, Serialize};

use super::class::{BoardFamily, Metric, Sample};
use super::moment::Moment;
use crate::base::clock::SharedClock;
use crate::base::crash::{Crash, Program, Since, Version};
use crate::base::folder::Folder;
use crate::base::week::Week;
use crate::consent::{Consent, CrashReports, Grant, Kind, Revoked};

/// The oldest goes when there is one more.
const MOST_REPORTS: usize = 20;
/// The week of the crash and the three after it: 28 days, the most that are less than 30.
const WEEKS_KEPT: i32 = 4;
/// Longer than any report of the frames that a crash can have.
const MOST_BYTES: usize = 32 << 10;
/// First line of a file whose report was made while the owner let reports leave.
const MAY_LEAVE: &str = "may leave\n";
/// First line of the others: what was there before a yes is never sent.
const STAYS: &str = "stays\n";

/// What is told of one crash.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    week: Week,
    version: Version,
    board: Sample,
    #[serde(flatten)]
    crash: Crash,
}

/// Why a report was not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    #[error("the owner has not said yes to crash reports")]
    NotCollected,
    /// The answer has changed since, or is being changed.
    #[error("it may have happened under another answer")]
    OtherAnswer,
    #[error("the clock is not set")]
    NoWeek,
    /// The same code crashed in the same way this week.
    #[error("there is a report like it already")]
    Known,
    #[error("another report is being written")]
    Busy,
    #[error("it cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// A report as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    id: u64,
    week: Week,
    program: Program,
    may_leave: bool,
    bytes: String,
}

impl Report {
    /// For the owner's requests; a report does not contain it.
    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn week(&self) -> Week {
        self.week
    }

    pub fn program(&self) -> Program {
        self.program
    }

    /// The exact bytes, as they would be sent: JSON.
    pub fn bytes(&self) -> &str {
        &self.bytes
    }

    /// Whether it could leave the box: it happened after the owner allowed that.
    pub fn may_leave(&self) -> bool {
        self.may_leave
    }
}

/// The kept reports; a cheap handle.
#[derive(Clone)]
pub struct Reports {
    shared: Arc<Shared>,
}

struct Shared {
    /// Held while something is written; numbers never go down while the program runs.
    folder: Mutex<(Folder, u64)>,
    /// What happened earlier happened under another answer; `None` while one is being stored.
    answered: Mutex<Option<Since>>,
    /// All that was there when the owner said so has yet to go.
    must_clear: AtomicBool,
    consent: Consent,
    board: BoardFamily,
    clock: SharedClock,
}

impl Reports {
    /// Reports of this board in `folder`.
    pub fn new(folder: Folder, consent: Consent, board: BoardFamily, clock: SharedClock) -> Self {
        Self {
            shared: Arc::new(Shared {
                folder: Mutex::new((folder, 0)),
                answered: Mutex::new(Some(Since::now())),
                must_clear: AtomicBool::new(false),
                consent,
                board,
                clock,
            }),
        }
    }

    /// Whether the owner lets crash reports be kept now.
    pub fn collects(&self) -> bool {
        self.shared.consent.collects(Kind::CrashReports)
    }

    fn week(&self) -> Option<Week> {
        Moment::now(self.shared.clock.as_ref()).map(Moment::week)
    }

    fn shares(&self) -> bool {
        let state = self.shared.consent.state();
        state.effective.shares(Kind::CrashReports)
    }

    /// From here on nothing is kept, until [`Reports::go_on`].
    pub(super) fn hold(&self) {
        *self.answered() = None;
    }

    /// Another answer is in force; what happened before it is not kept under it.
    pub(super) fn go_on(&self) {
        *self.answered() = Some(Since::now());
    }

    fn answered(&self) -> MutexGuard<'_, Option<Since>> {
        let answered = self.shared.answered.lock();
        answered.unwrap_or_else(PoisonError::into_inner)
    }

    fn is_under_this_answer(&self, since: Since) -> bool {
        let answered = match self.shared.answered.try_lock() {
            Ok(answered) => *answered,
            Err(TryLockError::Poisoned(answered)) => *answered.into_inner(),
            // It is changing.
            Err(TryLockError::WouldBlock) => None,
        };
        answered.is_some_and(|answered| answered <= since)
    }

    /// Keeps a report of `crash`, which happened no earlier than `since`. Blocks for a few small writes, and for whoever
    /// looks at the reports.
    ///
    /// # Errors
    /// [`NotKept`], but never [`NotKept::Busy`].
    pub fn keep(&self, since: Since, crash: Crash) -> Result<(), NotKept> {
        self.keep_in(&mut self.held(), since, crash)
    }

    /// [`Reports::keep`] for the hook of a panic: it waits for nobody, for its own thread may be the one.
    ///
    /// # Errors
    /// [`NotKept`].
    pub fn keep_at_once(&self, since: Since, crash: Crash) -> Result<(), NotKept> {
        let mut held = match self.shared.folder.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(held)) => held.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(NotKept::Busy),
        };
        self.keep_in(&mut held, since, crash)
    }

    fn keep_in(
        &self,
        (folder, newest): &mut (Folder, u64),
        since: Since,
        crash: Crash,
    ) -> Result<(), NotKept> {
        // Behind the lock: what clears the folder after a no finds everything that was kept before it.
        if !self.collects() {
            return Err(NotKept::NotCollected);
        }
        let may_leave = self.shares();
        // After the answer was asked for: one that came since the crash is found here.
        if !self.is_under_this_answer(since) {
            return Err(NotKept::OtherAnswer);
        }
        let week = self.week().ok_or(NotKept::NoWeek)?;
        let told = Told {
            week,
            version: Version::own(),
            board: self.shared.board.into(),
            crash,
        };
        let bytes = serde_json::to_string(&told).map_err(io::Error::from)?;
        expire(folder, Some(week))?;
        let kept = read_all(folder)?;
        if kept.iter().any(|report| report.bytes == bytes) {
            return Err(NotKept::Known);
        }
        let excess = (kept.len() + 1).saturating_sub(MOST_REPORTS);
        for report in kept.iter().take(excess) {
            folder.remove(report.id)?;
        }
        let last = folder.numbers()?.last().copied().unwrap_or(0);
        *newest = last.max(*newest).saturating_add(1);
        Ok(write(folder, *newest, may_leave, &bytes)?)
    }

    /// All that are kept, the newest first.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn list(&self) -> io::Result<Vec<Report>> {
        let mut reports = read_all(&self.held().0)?;
        reports.reverse();
        Ok(reports)
    }

    /// Deletes one.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn delete(&self, report: &Report) -> io::Result<()> {
        self.held().0.remove(report.id)
    }

    /// Deletes what is too old, or from a week that has not come, or everything while the clock is not set: a clock
    /// that went back keeps nothing for ever.
    ///
    /// # Errors
    /// The operating system's own.
    fn expire(&self) -> io::Result<()> {
        expire(&self.held().0, self.week())
    }

    /// Follows the answer in force; called at the start and after every change, before the change is called saved. A no
    /// deletes everything, and without a yes to sending, what is there never leaves, whatever is answered later.
    ///
    /// # Errors
    /// The operating system's own, after all that can go is gone; the next call tries again.
    pub fn obey(&self) -> io::Result<()> {
        if self.owes() || !self.collects() {
            return self.clear();
        }
        let held = self.held();
        if let Some(week) = self.week() {
            expire(&held.0, Some(week))?;
        }
        if self.shares() {
            return Ok(());
        }
        for report in read_all(&held.0)?.iter().filter(|report| report.may_leave) {
            // To go needs no room.
            if write(&held.0, report.id, false, &report.bytes).is_err() {
                held.0.remove(report.id)?;
            }
        }
        Ok(())
    }

    /// Everything that is there must go, with the next [`Reports::obey`] or [`Reports::tend`].
    pub(super) fn owe(&self) {
        self.shared.must_clear.store(true, Ordering::Release);
    }

    /// True while something that must go is still there: then nothing leaves.
    pub(super) fn owes(&self) -> bool {
        self.shared.must_clear.load(Ordering::Acquire)
    }

    fn clear(&self) -> io::Result<()> {
        let held = self.held();
        self.owe();
        held.0.clear()?;
        self.shared.must_clear.store(false, Ordering::Release);
        Ok(())
    }

    /// Sees to it that whatever must go is gone: what could not be deleted when it should, and what is too old. Called
    /// from time to time, but not before a clock had time to be set.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn tend(&self) -> io::Result<()> {
        self.obey()?;
        self.expire()
    }

    /// What may be sent with `grant`: the bytes that [`Reports::list`] shows, of reports since the yes. Nothing sends
    /// them yet.
    ///
    /// # Errors
    /// [`Revoked`] when the permission is over; a folder that cannot be read holds nothing to be sent.
    pub fn for_upload(&self, grant: &Grant<CrashReports>) -> Result<Vec<Report>, Revoked> {
        grant.check()?;
        let mut reports = self.list().unwrap_or_default();
        reports.retain(|report| report.may_leave && !self.owes());
        grant.check()?;
        Ok(reports)
    }

    fn held(&self) -> MutexGuard<'_, (Folder, u64)> {
        let held = self.shared.folder.lock();
        // Each file is whole or not there, whatever happened to who held it.
        held.unwrap_or_else(PoisonError::into_inner)
    }
}

/// In order of their numbers. A file that is not exactly what this program would write is no report.
fn read_all(folder: &Folder) -> io::Result<Vec<Report>> {
    let numbers = folder.numbers()?;
    Ok(numbers
        .into_iter()
        .filter_map(|id| read(folder, id))
        .collect())
}

fn read(folder: &Folder, id: u64) -> Option<Report> {
    let text = String::from_utf8(folder.read(id, MOST_BYTES).ok()?).ok()?;
    let leaving = text.strip_prefix(MAY_LEAVE);
    let bytes = leaving.or_else(|| text.strip_prefix(STAYS))?.to_owned();
    let told: Told = serde_json::from_str(&bytes).ok()?;
    let is_exact = serde_json::to_string(&told).is_ok_and(|again| again == bytes);
    (is_exact && told.board.metric() == Metric::BoardFamily).then(|| Report {
        id,
        week: told.week,
        program: told.crash.program(),
        may_leave: leaving.is_some(),
        bytes,
    })
}

fn write(folder: &Folder, id: u64, may_leave: bool, bytes: &str) -> io::Result<()> {
    let mark = if may_leave { MAY_LEAVE } else { STAYS };
    folder.write(id, [mark, bytes].concat().as_bytes())
}

fn expire(folder: &Folder, now: Option<Week>) -> io::Result<()> {
    for id in folder.numbers()? {
        let kept = read(folder, id).is_some_and(|report| {
            now.is_some_and(|now| report.week <= now && now < report.week.plus(WEEKS_KEPT))
        });
        if !kept {
            folder.remove(id)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "crash_tests.rs"]
mod tests;
