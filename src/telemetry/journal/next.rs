//! The next reports, as the owner is shown them.
//!
//! Never: letting one leave.

use super::Sent;
use super::now::Now;
use crate::base::clock::SharedClock;
use crate::base::week::Week;
use crate::consent::Consent;
use crate::db::telemetry as rows;
use crate::db::{Db, DbError};
use crate::telemetry::report::Report;

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
        let mut now = Now::load(db).await?;
        now.keep_up(consent, clock);
        let week = Week::of_unix_ms(clock.unix_ms());
        Ok(Self {
            next: now.next(week, consent.budget().blocked_until),
            receipts: db.read(rows::receipts).await?,
        })
    }
}

impl Now {
    /// The next reports; none leaves before `blocked`.
    pub(super) fn next(&self, this_week: Week, blocked: Option<Week>) -> Next {
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
}
