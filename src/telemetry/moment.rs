//! The week and the day that are counted now.
//!
//! Never: an hour; a week from a clock that was not set.

use crate::base::clock::Clock;
use crate::base::week::Week;
use crate::db::telemetry::StoredJournal;

const DAY_MS: i64 = 86_400_000;
/// How many weeks the owner sees of how this box encodes, the running one included.
const PERFORMANCE_WEEKS: i32 = 12;
/// How many weeks a complete report may wait before it is forgotten.
const WAIT_WEEKS: i32 = 4;

/// A week, and a day in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    week: Week,
    /// 0 is Monday.
    day: u8,
}

impl Moment {
    /// What `clock` shows; `None` when it was plainly not set.
    pub fn now(clock: &dyn Clock) -> Option<Self> {
        Self::of(clock.unix_ms())
    }

    /// What was counted when `journal` was stored.
    pub(super) fn stored(journal: &StoredJournal) -> Option<Self> {
        let day = u8::try_from(journal.day).ok().filter(|day| *day < 7)?;
        let week = journal.week.parse().ok()?;
        Some(Self { week, day })
    }

    fn of(unix_ms: i64) -> Option<Self> {
        // 1970-01-01 was a Thursday.
        let day = (unix_ms.div_euclid(DAY_MS) + 3).rem_euclid(7);
        Some(Self {
            week: Week::of_set_clock(unix_ms)?,
            day: u8::try_from(day).expect("a week has seven days"),
        })
    }

    pub fn week(self) -> Week {
        self.week
    }

    /// 0 is Monday.
    pub fn day(self) -> u8 {
        self.day
    }

    /// The first week of which it is still shown how this box encodes.
    pub(super) fn first_of_performance(self) -> Week {
        self.week.plus(1 - PERFORMANCE_WEEKS)
    }

    /// The first week whose reports may still wait.
    pub(super) fn first_that_waits(self) -> Week {
        self.week.plus(-WAIT_WEEKS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    #[test]
    fn days_begin_on_monday_and_no_clock_counts_that_was_not_set() {
        let check = |ms, expected: Option<(&str, u8)>| {
            let moment = Moment::now(&ManualClock::at_unix_ms(ms));
            let got = moment.map(|moment| (moment.week().to_string(), moment.day()));
            let expected = expected.map(|(week, day)| (week.to_owned(), day));
            assert_eq!(got, expected, "{ms}");
        };
        check(0, None);
        check(-1, None);
        let new_year = 1_767_225_600_000;
        check(new_year - 4 * DAY_MS, None);
        check(new_year, Some(("2026-W01", 3)));
        check(new_year + 3 * DAY_MS, Some(("2026-W01", 6)));
        check(new_year + 4 * DAY_MS, Some(("2026-W02", 0)));
    }
}
