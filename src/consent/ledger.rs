//! How much epsilon was booked in which week, and how much may still be.
//!
//! Never: giving any of it back, whatever the clock says.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::base::week::Week;

/// As many weeks as 366 days can touch; what was booked in them counts as this year's.
const YEAR_WEEKS: i32 = 54;

/// Thousandths of epsilon.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct MilliEpsilon(pub u32);

/// What a box may book in one week: five draws of 0.2.
pub const WEEK_LIMIT: MilliEpsilon = MilliEpsilon(1_000);
/// What a box may book in a year.
pub const YEAR_LIMIT: MilliEpsilon = MilliEpsilon(26_000);

/// In how many weeks of a year a box may book.
pub const REPORTING_WEEKS: usize = 26;

/// Why nothing was booked; whoever asked must not send.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("the clock is not set, or behind a week that was booked in")]
    ClockBehind,
    #[error("this week's budget is spent")]
    WeekSpent,
    #[error("this year's budget is spent")]
    YearSpent,
    #[error("as many weeks of this year as may be have reported")]
    WeeksSpent,
    #[error("{0}")]
    Revoked(#[from] super::Revoked),
    /// It may count as booked; the answer is in doubt, and off.
    #[error("the booking could not be stored: {0}")]
    NotSaved(std::io::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Booked {
    week: Week,
    epsilon: MilliEpsilon,
}

/// The bookings of a year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// Set where bookings may be missing: the next attempt counts a whole year as spent.
    lost: bool,
    /// Ascending; the last is the latest week that was ever booked in, and is never dropped.
    weeks: Vec<Booked, { YEAR_WEEKS as usize }>,
}

/// The ledger as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// `None` while the clock is not set.
    pub week: Option<Week>,
    pub spent_this_week: MilliEpsilon,
    pub spent_this_year: MilliEpsilon,
    /// Nothing can be booked before this week, because the clock went back or a year counts as spent.
    pub blocked_until: Option<Week>,
    /// True when bookings may have been lost, so that the next one finds the year spent.
    pub lost: bool,
}

impl Ledger {
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    /// Books `epsilon` in `week`. A refusal changes nothing but a lost ledger, which becomes a spent year.
    pub(super) fn book(
        &mut self,
        week: Option<Week>,
        epsilon: MilliEpsilon,
    ) -> Result<(), BookError> {
        let week = week.ok_or(BookError::ClockBehind)?;
        if self.latest().is_some_and(|latest| week < latest) {
            return Err(BookError::ClockBehind);
        }
        if self.lost {
            self.lost = false;
            self.weeks.clear();
            self.put(week, YEAR_LIMIT);
        }
        let in_week = self.spent_in_week(week).0.saturating_add(epsilon.0);
        if self.spent_in_year(week).0.saturating_add(epsilon.0) > YEAR_LIMIT.0 {
            return Err(BookError::YearSpent);
        }
        if in_week > WEEK_LIMIT.0 {
            return Err(BookError::WeekSpent);
        }
        if self.are_weeks_spent(week) {
            return Err(BookError::WeeksSpent);
        }
        self.weeks.retain(|booked| is_in_year_of(booked.week, week));
        self.put(week, MilliEpsilon(in_week));
        Ok(())
    }

    /// Of each week the larger booking of the two.
    pub(super) fn merge(&mut self, other: &Self) {
        self.lost |= other.lost;
        for booked in &other.weeks {
            if self.spent_in_week(booked.week) < booked.epsilon {
                self.put(booked.week, booked.epsilon);
            }
        }
    }

    pub(super) fn budget(&self, week: Option<Week>) -> Budget {
        let shown = week.max(self.latest());
        let behind = self
            .latest()
            .filter(|latest| week.is_some_and(|week| week < *latest));
        Budget {
            week,
            spent_this_week: shown.map_or_else(MilliEpsilon::default, |at| self.spent_in_week(at)),
            spent_this_year: shown.map_or_else(MilliEpsilon::default, |at| self.spent_in_year(at)),
            blocked_until: shown.and_then(|at| self.free_again(at)).or(behind),
            lost: self.lost,
        }
    }

    fn latest(&self) -> Option<Week> {
        self.weeks.last().map(|booked| booked.week)
    }

    fn spent_in_week(&self, week: Week) -> MilliEpsilon {
        let found = self.weeks.iter().find(|booked| booked.week == week);
        found.map_or_else(MilliEpsilon::default, |booked| booked.epsilon)
    }

    fn spent_in_year(&self, week: Week) -> MilliEpsilon {
        let booked = self
            .weeks
            .iter()
            .filter(|booked| is_in_year_of(booked.week, week));
        MilliEpsilon(booked.fold(0, |sum, booked| sum.saturating_add(booked.epsilon.0)))
    }

    /// True when `week` would be one more than a year may have.
    fn are_weeks_spent(&self, week: Week) -> bool {
        let mut others = self.weeks.iter().map(|booked| booked.week);
        let is_booked = others.clone().any(|other| other == week);
        let of_year = others.by_ref().filter(|other| is_in_year_of(*other, week));
        !is_booked && of_year.count() >= REPORTING_WEEKS
    }

    /// The first week after `week` in which the year is no longer spent; `None` when it is not spent now.
    fn free_again(&self, week: Week) -> Option<Week> {
        let is_free =
            |week: Week| self.spent_in_year(week) < YEAR_LIMIT && !self.are_weeks_spent(week);
        if is_free(week) {
            return None;
        }
        (0..=YEAR_WEEKS)
            .map(|weeks| week.plus(weeks))
            .find(|later| is_free(*later))
    }

    /// Sets a week's booking, in order; where there is no room, the oldest week gives way.
    fn put(&mut self, week: Week, epsilon: MilliEpsilon) {
        let booked = Booked { week, epsilon };
        let at = self.weeks.partition_point(|other| other.week < week);
        if let Some(same) = self.weeks.get_mut(at).filter(|other| other.week == week) {
            *same = booked;
            return;
        }
        let at = match (self.weeks.is_full(), at) {
            // Older than a whole year.
            (true, 0) => return,
            (true, at) => {
                self.weeks.remove(0);
                at - 1
            }
            (false, at) => at,
        };
        self.weeks.insert(at, booked).expect("room was made");
    }
}

#[cfg(test)]
impl Ledger {
    /// The same in each week, however many there are.
    pub(super) fn of_weeks(weeks: std::ops::Range<u16>, epsilon: MilliEpsilon) -> Self {
        let mut ledger = Self::default();
        for week in weeks {
            ledger.put(Week::from_1970(week), epsilon);
        }
        ledger
    }
}

fn is_in_year_of(booked: Week, week: Week) -> bool {
    booked.plus(YEAR_WEEKS) > week
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_an_older_week_into_a_full_year_gives_nothing_back() {
        let draw = MilliEpsilon(200);
        let full = Ledger::of_weeks(3000..3054, draw);
        let mut merged = full.clone();
        merged.merge(&Ledger::of_weeks(2990..2991, draw));
        assert_eq!(merged, full);
        merged.merge(&Ledger::of_weeks(3054..3055, draw));
        assert_eq!(merged, Ledger::of_weeks(3001..3055, draw));
    }
}
