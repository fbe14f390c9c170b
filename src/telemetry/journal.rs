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

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::class::{Facts, Metric, Playback};
use super::crash::Reports;
use super::draw::{KernelRandom, one_of};
use super::held::{Held, MetricCounts, Performance, WentBack};
use super::moment::Moment;
use super::registry::REGISTRY;
use super::report::Report;
use super::stored::Found;
use super::upload::{Taken, UploadError};
use crate::base::clock::SharedClock;
use crate::base::week::Week;
use crate::consent::{
    Ahead, Choice, Consent, Grant, Kind, MilliEpsilon, Mode, PlaybackStatistics, SetError, State,
    Switches,
};
pub use crate::db::telemetry::ReceiptRow as Sent;
use crate::db::telemetry::{self as rows, ReceiptId, StoredJournal};
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
    clear: Wish,
    /// Memory holds what the database does not.
    save: Wish,
    /// The log of the database may hold what must go.
    scrub: Wish,
}

/// What is stored, looked at without changing anything, whatever is answered.
pub struct Look {
    pub next: Next,
    /// Every report that was sent or may have been, the newest first.
    pub receipts: Vec<Sent>,
}

impl Look {
    /// Looks once.
    ///
    /// # Errors
    /// [`DbError`] of the query.
    pub async fn at(db: &Db, consent: &Consent, clock: &SharedClock) -> Result<Self, DbError> {
        let stored = db.read(rows::load).await?;
        let mut now = Now::found(stored.as_ref());
        now.keep_up(consent, clock);
        let week = Week::of_unix_ms(clock.unix_ms());
        Ok(Self {
            next: now.next(week, consent.budget().blocked_until),
            receipts: db.read(rows::receipts).await?,
        })
    }
}

/// Something that is to be done, and is asked for again while it is being done.
#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    asked: u64,
    done: u64,
}

impl Wish {
    fn ask(&mut self) {
        self.asked += 1;
    }

    /// What to hand to [`Wish::done`] afterwards; `None` when there is nothing to do.
    fn open(self) -> Option<u64> {
        (self.done < self.asked).then_some(self.asked)
    }

    fn done(&mut self, asked: u64) {
        self.done = self.done.max(asked);
    }

    fn give_up(&mut self) {
        self.done = self.asked;
    }
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
                mode: watch::Sender::new(state.effective.mode()),
            }),
        };
        journal.inner.gather(&state);
        // The end before this start may have come in the middle of a deletion, or before the log was emptied.
        if stored.is_none() && !state.effective.collects(Kind::PlaybackStatistics) {
            journal.inner.now().clear.ask();
        }
        journal.inner.now().scrub.ask();
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

    /// Takes a report out of those that wait, whichever chance draws, books it and writes its receipt; gives the grant
    /// back with it.
    pub(super) async fn take_one(
        &self,
        grant: Grant<PlaybackStatistics>,
    ) -> Result<Option<Taken>, UploadError> {
        let inner = Arc::clone(&self.inner);
        let taking = to_the_end(move || inner.take_one(grant));
        taking.await.unwrap_or(Err(UploadError::GivenUp))
    }

    /// Remembers that the report of a receipt has arrived.
    pub(super) async fn arrived(&self, receipt: ReceiptId) -> Result<(), DbError> {
        let db = &self.inner.db;
        db.write(move |conn| rows::mark_arrived(conn, receipt))
            .await
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

    /// Brings the disk to what the answer says at the start.
    fn begin(&self) {
        if let Err(error) = self.crashes.obey() {
            log::warn!("crash reports are not deleted yet: {error}");
        }
        if let Err(error) = self.settle() {
            log::warn!("what was counted earlier is not deleted yet: {error}");
        }
    }

    fn carry_out(&self, ahead: Ahead) -> Result<State, AnswerError> {
        let _disk = self.disk.blocking_lock();
        let (changed, obeyed) = self.change(ahead);
        let settled = self.settle();
        let state = changed?;
        settled.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        obeyed.map_err(|error| AnswerError::NotEmptied(error.into()))?;
        Ok(state)
    }

    fn clear_all(&self) -> Result<(), NotDeleted> {
        let _disk = self.disk.blocking_lock();
        // What runs at this moment goes as well.
        self.consent.void_grants();
        self.gather(&self.consent.state());
        self.forget();
        let cleared = self.crashes.clear();
        self.settle()?;
        Ok(cleared?)
    }

    fn take_one(&self, grant: Grant<PlaybackStatistics>) -> Result<Option<Taken>, UploadError> {
        let _disk = self.disk.blocking_lock();
        grant.check()?;
        let waiting = self.waiting();
        let Some(report) = one_of(&mut KernelRandom, &waiting) else {
            return Ok(None);
        };
        let epsilon = MilliEpsilon(REGISTRY.epsilon_a_report_milli);
        self.consent.book(&grant, epsilon)?;
        self.wait_no_longer(report)?;
        let receipt = Sent {
            week: report.week().to_string(),
            metric: report.metric().name().to_owned(),
            bytes: String::from_utf8_lossy(&report.bytes()).into_owned(),
            sent_week: Week::of_unix_ms(self.clock.unix_ms()).to_string(),
            arrived: false,
        };
        let db = &self.db;
        let receipt = db.write_blocking(move |conn| rows::add_receipt(conn, &receipt))?;
        if let Err(revoked) = grant.check() {
            // It has not left, and does not.
            db.write_blocking(move |conn| rows::remove_receipt(conn, receipt))?;
            return Err(revoked.into());
        }
        Ok(Some(Taken {
            grant,
            report,
            receipt,
        }))
    }

    /// Reports that may leave; none while the clock is in doubt.
    fn waiting(&self) -> Vec<Report> {
        let now = self.current();
        match (&now.held, now.trouble) {
            (Some(held), None) => held.complete(),
            _ => Vec::new(),
        }
    }

    fn wait_no_longer(&self, report: Report) -> Result<(), DbError> {
        let mut now = self.current();
        if let Some(held) = &mut now.held {
            held.sent(report);
            now.save.ask();
        }
        drop(now);
        self.settle()
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

    /// Brings the database to what memory holds. What fails stays wished for. Blocks.
    fn settle(&self) -> Result<(), DbError> {
        let (clear, save, scrub, held) = {
            let now = self.current();
            let held = now.held.as_ref().filter(|_| !now.newer);
            let save = now.save.open().filter(|_| held.is_some());
            let held = held.filter(|_| save.is_some()).map(Held::store);
            (now.clear.open(), save, now.scrub.open(), held)
        };
        if let Some(asked) = clear {
            self.db.write_blocking(rows::clear)?;
            self.now().clear.done(asked);
        }
        if let (Some(asked), Some(held)) = (save, held) {
            self.db
                .write_blocking(move |conn| rows::save(conn, &held))?;
            self.now().save.done(asked);
        }
        if let Some(asked) = scrub {
            self.db.write_blocking(|conn| rows::scrub(conn))?;
            self.now().scrub.done(asked);
        }
        Ok(())
    }
}

/// Does `work`, which may block, to its end even when who waits for it goes away; `None` when it panicked.
async fn to_the_end<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

impl Now {
    /// What is held at the start.
    fn found(stored: Option<&StoredJournal>) -> Self {
        let mut now = Self::default();
        match stored.map(Found::judge) {
            None => {}
            Some(Found::Held(held)) => now.held = Some(held),
            Some(Found::Newer) => now.newer = true,
            Some(Found::Useless) => now.clear.ask(),
        }
        now
    }

    /// The next reports; none leaves before `blocked`.
    fn next(&self, this_week: Week, blocked: Option<Week>) -> Next {
        let nothing = Next {
            week: this_week,
            reports: Vec::new(),
            complete: false,
            growing: Vec::new(),
            sending: Sending::Off,
            first_possible: None,
        };
        let Some(held) = self.held.as_ref().filter(|held| held.shares()) else {
            return nothing;
        };
        let (complete, growing) = (held.complete(), held.growing());
        let first = match complete.first() {
            Some(_) => Some(this_week),
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

    /// From here on what was seen of the box is of no use, and nothing is counted.
    fn hold(&mut self) {
        self.changing = true;
        self.looking = Looking(self.looking.0 + 1);
        self.facts = None;
    }

    /// Brings memory to what the answer in force and the clock say.
    fn keep_up(&mut self, consent: &Consent, clock: &SharedClock) {
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
    fn count(&mut self, playback: &Playback) {
        if self.changing {
            return;
        }
        if let (Some(held), Some(facts), None) = (&mut self.held, &self.facts, self.trouble) {
            held.note(&mut KernelRandom, playback, facts);
            self.save.ask();
        }
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
