//! Keeps what is counted as long as the owner allows it, and carries out what the owner answers.
//!
//! ```text
//! a playback ends ─► memory ─► database, at most once an hour and at the end
//! an answer ─► flash ─► memory emptied ─► database emptied ─► "saved"
//! ```
//!
//! | file | concept |
//! |---|---|
//! | `now` | what memory holds |
//! | `answer` | what the owner answers and deletes |
//! | `settle` | what the database is to hold |
//! | `next` | the next reports, shown |
//! | `take` | a report on its way out |
//! | `uploads` | how many are |
//!
//! Never: counting while the answer in force says no; a task of its own; reading for an upload without a `Grant`.

mod answer;
mod next;
mod now;
mod settle;
mod take;
mod uploads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

pub use self::answer::{AnswerError, NotDeleted};
pub use self::next::{Look, Next, Sending};
use self::now::Now;
pub use self::now::{Looking, Trouble};
pub(in crate::telemetry) use self::uploads::OnItsWay;
use self::uploads::Uploads;
use super::class::{Facts, Metric, Playback};
use super::crash::Reports;
use super::held::{Held, MetricCounts, Performance};
use crate::base::clock::SharedClock;
use crate::base::week::Week;
use crate::consent::{Choice, Consent, Kind, Mode, State, Switches};
use crate::db::telemetry as rows;
pub use crate::db::telemetry::ReceiptRow as Sent;
use crate::db::{Db, DbError};

const WRITE_EVERY: Duration = Duration::from_secs(3600);

/// Where playbacks are watched before they are counted.
pub trait Source: Send + Sync {
    /// Forgets everything that was gathered so far, and gathers from now on what `what` says.
    fn gather(&self, what: Gathered);
}

/// Where ended playbacks come out one after another.
pub trait Outlet {
    /// False when the one that came out last has been forgotten since.
    fn is_current(&self) -> bool;
}

/// What may be gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    Nothing,
    Playbacks,
}

/// The journal; a cheap handle.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    consent: Consent,
    crashes: Reports,
    clock: SharedClock,
    source: Arc<dyn Source>,
    now: Mutex<Now>,
    /// Held while the database is brought to what memory holds, so that a late write brings nothing back.
    disk: tokio::sync::Mutex<()>,
    uploads: Uploads,
    /// The mode in force.
    mode: watch::Sender<Mode>,
}

impl Journal {
    /// Opens what is stored; deletes it where the answer in force does not allow it. `source` is told what to gather.
    ///
    /// # Errors
    /// [`DbError`] of the query.
    pub async fn open(
        db: Db,
        consent: Consent,
        crashes: Reports,
        clock: SharedClock,
        source: Arc<dyn Source>,
    ) -> Result<Self, DbError> {
        let mut now = Now::load(&db).await?;
        let state = consent.state();
        // The end before this start may have come in the middle of a deletion, or before the log was emptied.
        if !now.newer && !state.effective.collects(Kind::PlaybackStatistics) {
            now.clear.ask();
        }
        now.scrub.ask();
        let journal = Self {
            inner: Arc::new(Inner {
                db,
                consent,
                crashes,
                clock,
                source,
                now: Mutex::new(now),
                disk: tokio::sync::Mutex::new(()),
                uploads: Uploads::default(),
                mode: watch::Sender::new(state.effective.mode()),
            }),
        };
        journal.inner.gather(&state);
        let inner = Arc::clone(&journal.inner);
        to_the_end(move || inner.begin()).await;
        Ok(journal)
    }

    /// Writes once an hour and at the end, until `end` is cancelled.
    pub async fn run(&self, end: CancellationToken) {
        let mut hour = interval_at(Instant::now() + WRITE_EVERY, WRITE_EVERY);
        hour.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !end.is_cancelled() {
            tokio::select! {
                () = end.cancelled() => {}
                _ = hour.tick() => {}
            }
            self.write().await;
        }
    }

    /// Counts a playback that ended, where the owner allows it and nothing was forgotten since it came out of where it
    /// was gathered: `outlet` is asked when no answer can come in between.
    pub fn note(&self, playback: &Playback, outlet: &impl Outlet) {
        let mut now = self.inner.current();
        if outlet.is_current() {
            now.count(playback);
        }
    }

    /// To be asked before a look at the box.
    pub fn looking(&self) -> Looking {
        self.inner.now().looking
    }

    /// Takes note of what the box is and how it does, unless the answer has changed since the look began.
    pub fn look_at(&self, began: Looking, facts: Facts) {
        let mut now = self.inner.now();
        if now.changing || began != now.looking {
            return;
        }
        now.facts = Some(facts);
        // Where nothing may be counted, it is forgotten again.
        now.keep_up(&self.inner.consent, &self.inner.clock);
    }

    async fn write(&self) {
        let inner = Arc::clone(&self.inner);
        let writing = to_the_end(move || {
            let _disk = inner.disk.blocking_lock();
            inner.settle()
        });
        if let Some(Err(error)) = writing.await {
            log::warn!("what was counted is not written yet: {error}");
        }
    }

    /// The answer that this journal goes by.
    pub fn consent(&self) -> &Consent {
        &self.inner.consent
    }

    /// Stores the owner's answer. Returns when it is on flash and, where it ends the counting, everything that was
    /// counted is gone. What it takes back holds from the moment of the call, and it is carried out even when who
    /// asked for it goes away.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub async fn answer(&self, choice: Choice, switches: Switches) -> Result<State, AnswerError> {
        let ahead = self.inner.consent.ahead(choice, switches);
        // Memory lets go of it now, however long the disk takes.
        drop(self.inner.current());
        let inner = Arc::clone(&self.inner);
        let outcome = to_the_end(move || inner.carry_out(ahead)).await;
        outcome.unwrap_or(Err(AnswerError::GivenUp))
    }

    /// The reports of crashes, which go by the same answer.
    pub fn crashes(&self) -> &Reports {
        &self.inner.crashes
    }

    /// Deletes everything that was counted, of whatever version, and the reports of crashes; counting goes on where the
    /// owner allows it. It is done even when who asked for it goes away.
    ///
    /// # Errors
    /// [`NotDeleted`]; it is then tried again within the hour.
    pub async fn clear(&self) -> Result<(), NotDeleted> {
        let inner = Arc::clone(&self.inner);
        let outcome = to_the_end(move || inner.clear_all()).await;
        outcome.unwrap_or(Err(NotDeleted::GivenUp))
    }

    /// Tells of every change of what is in force, with its mode.
    pub fn subscribe(&self) -> watch::Receiver<Mode> {
        self.inner.mode.subscribe()
    }

    /// Why nothing is counted, where the answer would allow it.
    pub fn trouble(&self) -> Option<Trouble> {
        self.inner.current().trouble
    }

    /// True while playbacks are counted.
    pub fn is_collecting(&self) -> bool {
        let now = self.inner.current();
        now.held.is_some() && now.trouble.is_none()
    }

    /// The running week by the clock, whether it is set or not.
    pub fn week(&self) -> Week {
        Week::of_unix_ms(self.inner.clock.unix_ms())
    }

    /// What was counted; zeros while nothing is.
    pub fn counts(&self) -> Vec<MetricCounts> {
        let now = self.inner.current();
        let empty = || Metric::ALL.iter().map(|metric| MetricCounts::none(*metric));
        match &now.held {
            Some(held) => held.counts(now.facts.as_ref()),
            None => empty().collect(),
        }
    }

    /// How this box encodes.
    pub fn performance(&self) -> Vec<Performance> {
        let now = self.inner.current();
        now.held.as_ref().map_or_else(Vec::new, Held::performance)
    }

    /// The next reports.
    pub fn next(&self) -> Next {
        let blocked = self.inner.consent.budget().blocked_until;
        self.inner.current().next(self.week(), blocked)
    }

    /// Every report that was sent or may have been, the newest first.
    ///
    /// # Errors
    /// [`DbError`] of the query.
    pub async fn receipts(&self) -> Result<Vec<Sent>, DbError> {
        self.inner.db.read(rows::receipts).await
    }
}

impl Inner {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held, brought up to date.
    fn current(&self) -> MutexGuard<'_, Now> {
        let mut now = self.now();
        now.keep_up(&self.consent, &self.clock);
        now
    }

    fn gather(&self, state: &State) {
        let what = if state.effective.collects(Kind::PlaybackStatistics) {
            Gathered::Playbacks
        } else {
            Gathered::Nothing
        };
        self.source.gather(what);
    }
}

/// Does `work`, which may block, to its end even when who waits for it goes away; `None` when it panicked.
async fn to_the_end<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
