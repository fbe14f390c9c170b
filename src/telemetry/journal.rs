//! Keeps what is counted as long as the owner allows it, and carries out what the owner answers.
//!
//! ```text
//! a playback ends ─► memory ─► database, at most once an hour and at the end
//! an answer ─► flash ─► memory emptied ─► database emptied ─► "saved"
//! ```
//!
//! Never: counting while the answer in force says no; a task of its own; reading for an upload without a `Grant`.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::class::{Facts, Metric, Playback};
use super::crash::Reports;
use super::draw::KernelRandom;
use super::held::{Held, MetricCounts, Performance, WentBack};
use super::moment::Moment;
use super::report::Report;
use super::stored::Found;
use crate::base::clock::SharedClock;
use crate::base::week::Week;
use crate::consent::{Answer, Choice, Consent, Kind, Mode, SetError, State, Switches};
pub use crate::db::telemetry::ReceiptRow as Sent;
use crate::db::telemetry::{self as rows, StoredJournal};
use crate::db::{Db, DbError};

const WRITE_EVERY: Duration = Duration::from_secs(3600);

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

/// The answer under which the box is looked at; what was seen under another one is not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looking(u64);

/// What becomes of the next reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// This build has no collector: nothing can be sent.
    NoCollector,
    /// The owner does not share.
    Off,
    /// Chance has drawn other weeks of this year.
    NotAReportWeek,
}

/// The next reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    pub week: Week,
    /// Those that wait; else those of the running week, as they were if it ended now.
    pub reports: Vec<Report>,
    /// False while the week still runs.
    pub complete: bool,
    /// Those of the running week, where others still wait.
    pub growing: Vec<Report>,
    pub sending: Sending,
    /// The first week in which they could leave; `None` where that is not known.
    pub first_possible: Option<Week>,
}

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
    /// Asks for the database to be brought up to date.
    wake: Notify,
    /// The mode in force.
    mode: watch::Sender<Mode>,
}

#[derive(Default)]
struct Now {
    /// What the box is; nothing is counted before it is known.
    facts: Option<Facts>,
    /// Another one with every change of the answer.
    looking: Looking,
    /// An answer is being stored: nothing is counted, and nothing begins.
    changing: bool,
    /// `None` while nothing is counted.
    held: Option<Held>,
    trouble: Option<Trouble>,
    /// What is stored is a newer Alcove's.
    newer: bool,
    /// What is stored must go.
    must_clear: bool,
    /// Memory holds what the database does not.
    unsaved: bool,
}

/// Whether a write also leaves nothing of what was there before in the database's log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Kept,
    Emptied,
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
        let stored = db.read(rows::load).await?;
        let state = consent.state();
        let journal = Self {
            inner: Arc::new(Inner {
                db,
                consent,
                crashes,
                clock,
                source,
                now: Mutex::new(Now::found(stored.as_ref())),
                disk: tokio::sync::Mutex::new(()),
                wake: Notify::new(),
                mode: watch::Sender::new(state.effective.mode()),
            }),
        };
        journal.inner.gather(&state);
        if let Err(error) = journal.obey().await {
            log::warn!("crash reports are not deleted yet: {error}");
        }
        if let Err(error) = journal.inner.settle(Log::Emptied).await {
            log::warn!("what was counted earlier is not deleted yet: {error}");
        }
        Ok(journal)
    }

    /// Writes once an hour and at the end, until `end` is cancelled.
    pub async fn run(&self, end: CancellationToken) {
        let mut hour = interval_at(Instant::now() + WRITE_EVERY, WRITE_EVERY);
        hour.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !end.is_cancelled() {
            tokio::select! {
                () = end.cancelled() => {}
                () = self.inner.wake.notified() => {}
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
        now.keep_up(&self.inner);
    }

    async fn write(&self) {
        let _disk = self.inner.disk.lock().await;
        if let Err(error) = self.inner.settle(Log::Kept).await {
            log::warn!("what was counted is not written yet: {error}");
        }
    }

    /// The answer that this journal goes by.
    pub fn consent(&self) -> &Consent {
        &self.inner.consent
    }

    /// Stores the owner's answer. Returns when it is on flash and, where it ends the counting, everything that was
    /// counted is gone.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub async fn answer(&self, choice: Choice, switches: Switches) -> Result<State, AnswerError> {
        let _disk = self.inner.disk.lock().await;
        let inner = Arc::clone(&self.inner);
        // It goes on when the asker goes away, and then the task of the journal deletes.
        let changing = tokio::task::spawn_blocking(move || inner.change(choice, switches));
        let changed = changing.await.map_err(|_| AnswerError::GivenUp)?;
        let settled = self.inner.settle(Log::Emptied).await;
        let (changed, obeyed) = changed;
        let state = changed?;
        settled.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        obeyed.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        Ok(state)
    }

    /// The reports of crashes, which go by the same answer.
    pub fn crashes(&self) -> &Reports {
        &self.inner.crashes
    }

    async fn obey(&self) -> Result<(), NotDeleted> {
        let crashes = self.inner.crashes.clone();
        let obeying = tokio::task::spawn_blocking(move || crashes.obey());
        Ok(obeying.await.map_err(|_| NotDeleted::GivenUp)??)
    }

    /// Deletes everything that was counted, of whatever version, and the reports of crashes; counting goes on where the
    /// owner allows it.
    ///
    /// # Errors
    /// [`NotDeleted`]; what was counted is then tried again within the hour.
    pub async fn clear(&self) -> Result<(), NotDeleted> {
        let _disk = self.inner.disk.lock().await;
        // What runs at this moment goes as well.
        self.inner.gather(&self.inner.consent.state());
        self.inner.forget();
        let crashes = self.inner.crashes.clone();
        let clearing = tokio::task::spawn_blocking(move || crashes.clear());
        let cleared = clearing.await.map_err(|_| NotDeleted::GivenUp);
        self.inner.settle(Log::Emptied).await?;
        Ok(cleared??)
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
        let now = self.inner.current();
        let nothing = Next {
            week: self.week(),
            reports: Vec::new(),
            complete: false,
            growing: Vec::new(),
            sending: Sending::Off,
            first_possible: None,
        };
        let Some(held) = now.held.as_ref().filter(|held| held.shares()) else {
            return nothing;
        };
        let (complete, growing) = (held.complete(), held.growing());
        let first = match complete.first() {
            Some(_) => Some(self.week()),
            None => held.next_reports(),
        };
        let first_possible = first.map(|first| blocked.map_or(first, |week| first.max(week)));
        let sending = if complete.is_empty() && growing.is_empty() {
            Sending::NotAReportWeek
        } else {
            Sending::NoCollector
        };
        match complete.first().map(|report| report.week()) {
            Some(week) => Next {
                week,
                reports: complete,
                complete: true,
                growing,
                sending,
                first_possible,
            },
            None => Next {
                reports: growing,
                sending,
                first_possible,
                ..nothing
            },
        }
    }

    /// Every report that was sent, the newest first.
    ///
    /// # Errors
    /// [`DbError`] of the query.
    pub async fn receipts(&self) -> Result<Vec<Sent>, DbError> {
        self.inner.db.read(rows::receipts).await
    }

    pub(super) fn waiting(&self) -> Vec<Report> {
        let now = self.inner.current();
        now.held.as_ref().map_or_else(Vec::new, Held::complete)
    }

    /// Remembers that `report` was sent, and that it need not be sent again.
    pub(super) async fn sent(&self, report: Report) -> Result<(), DbError> {
        let _disk = self.inner.disk.lock().await;
        let receipt = Sent {
            week: report.week().to_string(),
            metric: report.metric().name().to_owned(),
            bytes: String::from_utf8_lossy(&report.bytes()).into_owned(),
            sent_week: self.week().to_string(),
        };
        let db = &self.inner.db;
        db.write(move |conn| rows::add_receipt(conn, &receipt))
            .await?;
        {
            let mut now = self.inner.current();
            if let Some(held) = &mut now.held {
                held.sent(report);
                now.unsaved = true;
            }
        }
        self.inner.settle(Log::Kept).await
    }
}

impl Inner {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held, brought up to date.
    fn current(&self) -> MutexGuard<'_, Now> {
        let mut now = self.now();
        now.keep_up(self);
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

    /// Blocks until the answer is on flash.
    fn change(
        &self,
        choice: Choice,
        switches: Switches,
    ) -> (Result<State, SetError>, io::Result<()>) {
        let before = self.consent.state().effective;
        let asked = Answer::new(choice, switches);
        // What was gathered and seen under one answer is never taken for the next one's, however short the moment.
        if asked != before {
            self.now().hold();
            self.crashes.hold();
            self.source.gather(Gathered::Nothing);
        }
        let outcome = self.consent.set(choice, switches);
        let after = self.consent.state();
        let is_other = asked != before || after.effective != before;
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
        self.wake.notify_one();
        (outcome, obeyed)
    }

    fn forget(&self) {
        let mut now = self.current();
        *now = Now {
            facts: now.facts,
            looking: now.looking,
            changing: now.changing,
            must_clear: true,
            ..Now::default()
        };
    }

    /// Brings the database to what memory holds.
    async fn settle(&self, log: Log) -> Result<(), DbError> {
        let (must_clear, held) = {
            let mut now = self.current();
            let held = now.held.as_ref().filter(|_| now.unsaved).map(Held::store);
            let held = held.filter(|_| !now.newer);
            now.unsaved = false;
            (now.must_clear, held)
        };
        let has_held = held.is_some();
        let outcome = self.bring(must_clear, held, log).await;
        let mut now = self.now();
        match outcome {
            Ok(()) => now.must_clear &= !must_clear,
            Err(_) => now.unsaved |= has_held,
        }
        outcome
    }

    async fn bring(
        &self,
        must_clear: bool,
        held: Option<StoredJournal>,
        log: Log,
    ) -> Result<(), DbError> {
        if must_clear {
            self.db.write(rows::clear).await?;
        }
        if let Some(held) = held {
            self.db.write(move |conn| rows::save(conn, &held)).await?;
            if log == Log::Emptied {
                self.db.write(|conn| rows::scrub(conn)).await?;
            }
        }
        Ok(())
    }
}

impl Now {
    /// What is held at the start.
    fn found(stored: Option<&StoredJournal>) -> Self {
        let mut now = Self::default();
        match stored.map(Found::judge) {
            // A kill between the deletion and the emptying of the log leaves nothing but the log.
            None => now.must_clear = true,
            Some(Found::Held(held)) => now.held = Some(held),
            Some(Found::Newer) => now.newer = true,
            Some(Found::Useless) => now.must_clear = true,
        }
        now
    }

    /// From here on what was seen of the box is of no use, and nothing is counted.
    fn hold(&mut self) {
        self.changing = true;
        self.looking = Looking(self.looking.0 + 1);
        self.facts = None;
    }

    /// Brings memory to what the answer in force and the clock say.
    fn keep_up(&mut self, inner: &Inner) {
        let answer = inner.consent.state().effective;
        let shares = answer.shares(Kind::PlaybackStatistics);
        self.trouble = None;
        // Whatever the clock shows: where the owner no longer shares, what was drawn is gone.
        if !shares && self.held.as_mut().is_some_and(Held::end_sharing) {
            self.unsaved = true;
        }
        if !answer.collects(Kind::PlaybackStatistics) {
            let said_no = answer.mode() != Mode::Undecided;
            self.must_clear |= self.held.take().is_some() || (self.newer && said_no);
            self.newer &= !said_no;
            self.unsaved = false;
            self.facts = None;
        } else if self.newer {
            self.trouble = Some(Trouble::Newer);
        } else if let Some(moment) = Moment::now(inner.clock.as_ref()) {
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
        self.unsaved |= turned || began;
        Ok(())
    }

    /// Counts a playback, unless something is in the way.
    fn count(&mut self, playback: &Playback) {
        if self.changing {
            return;
        }
        if let (Some(held), Some(facts), None) = (&mut self.held, &self.facts, self.trouble) {
            held.note(&mut KernelRandom, playback, facts);
            self.unsaved = true;
        }
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
