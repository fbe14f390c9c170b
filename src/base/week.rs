//! The calendar week of UTC, the only time that a statistic knows.
//!
//! Never: a day, an hour, a time zone.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_DAY: i64 = 719_162;
/// The Monday of the week of 1970-01-01, counted in the same way.
const EPOCH_MONDAY: i64 = EPOCH_DAY - 3;
/// No Alcove ran before: a clock that shows an earlier week was not set.
const FIRST_YEAR: u16 = 2026;

/// A week from Monday to Sunday, numbered as ISO 8601 does, in the years 1 to 9999.
///
/// Texts hold it as `2026-W47`; records in bytes as the number of weeks since that of 1970-01-01, which is all of them
/// that any box can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    year: u16,
    number: u8,
}

/// A text that is no week such as `2026-W47`.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAWeek;

impl Week {
    /// Week `number` of `year`, if that year has it.
    pub const fn new(year: u16, number: u8) -> Option<Self> {
        if year == 0 || year > 9999 || number == 0 || number > weeks_in(year as i64) {
            return None;
        }
        Some(Self { year, number })
    }

    /// The week of a moment, in milliseconds since 1970-01-01 UTC; moments outside the years count
    /// to the first or the last week.
    pub fn of_unix_ms(ms: i64) -> Self {
        // 0001-01-01 was a Monday. The year of a week is that of its Thursday; the last one of 9999 is
        // two days before the year 10000.
        let day = ms.div_euclid(DAY_MS) + EPOCH_DAY;
        let thursday = (day - day.rem_euclid(7) + 3).clamp(3, first_day(10_000) - 2);
        let guess = thursday * 400 / 146_097 + 1;
        let year = if first_day(guess + 1) <= thursday {
            guess + 1
        } else if first_day(guess) > thursday {
            guess - 1
        } else {
            guess
        };
        let number = (thursday - first_day(year)) / 7 + 1;
        Self {
            year: u16::try_from(year).expect("clamped to four digits"),
            number: u8::try_from(number).expect("a year has 53 weeks at most"),
        }
    }

    /// The ISO year, which can differ from the calendar's in the days around New Year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// 1 to 52 or 53.
    pub fn number(self) -> u8 {
        self.number
    }

    /// The week `weeks` after this one, or before it where they are negative; the first or the last week there is where
    /// that lies outside the years.
    pub fn plus(self, weeks: i32) -> Self {
        Self::of_unix_ms(self.start_unix_ms() + 7 * DAY_MS * i64::from(weeks))
    }

    /// The week that a clock shows; `None` while it has plainly not been set.
    pub fn of_set_clock(unix_ms: i64) -> Option<Self> {
        let week = Self::of_unix_ms(unix_ms);
        (week.year >= FIRST_YEAR && week.since_1970().is_some()).then_some(week)
    }

    /// The first moment of its Monday, in milliseconds since 1970-01-01 UTC.
    pub fn start_unix_ms(self) -> i64 {
        (self.monday() - EPOCH_DAY) * DAY_MS
    }

    /// The week that comes `weeks` after that of 1970-01-01.
    pub fn from_1970(weeks: u16) -> Self {
        Self::of_unix_ms((EPOCH_MONDAY - EPOCH_DAY + 7 * i64::from(weeks)) * DAY_MS)
    }

    /// How many weeks it comes after that of 1970-01-01; `None` before it, and after the year 3225.
    pub fn since_1970(self) -> Option<u16> {
        u16::try_from((self.monday() - EPOCH_MONDAY).div_euclid(7)).ok()
    }

    /// Days from 0001-01-01 to its Monday.
    fn monday(self) -> i64 {
        // The fourth of January is in the first week of its year.
        let fourth = first_day(i64::from(self.year)) + 3;
        fourth - fourth.rem_euclid(7) + 7 * (i64::from(self.number) - 1)
    }

    /// The weeks of this week's year: 52 or 53.
    pub fn weeks_in_year(self) -> u8 {
        weeks_in(i64::from(self.year))
    }
}

/// Days from 0001-01-01 to the first of January of `year`.
const fn first_day(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before / 4 - before / 100 + before / 400
}

/// A year has 53 weeks when it begins or ends on a Thursday.
const fn weeks_in(year: i64) -> u8 {
    if first_day(year) % 7 == 3 || (first_day(year + 1) - 1) % 7 == 3 {
        53
    } else {
        52
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-W{:02}", self.year, self.number)
    }
}

impl fmt::Display for NotAWeek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a week such as 2026-W47")
    }
}

impl std::error::Error for NotAWeek {}

impl FromStr for Week {
    type Err = NotAWeek;

    fn from_str(text: &str) -> Result<Self, NotAWeek> {
        let digits = |part: &str, count: usize| {
            let fits = part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
            fits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (year, number) = text.split_once("-W").ok_or(NotAWeek)?;
        let year = digits(year, 4).ok_or(NotAWeek)?;
        let number = digits(number, 2).ok_or(NotAWeek)?;
        u8::try_from(number)
            .ok()
            .and_then(|number| Self::new(year, number))
            .ok_or(NotAWeek)
    }
}

impl Serialize for Week {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        let number = self.since_1970();
        serializer.serialize_u16(number.ok_or_else(|| S::Error::custom(NotAWeek))?)
    }
}

impl<'de> Deserialize<'de> for Week {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return text.parse().map_err(D::Error::custom);
        }
        u16::deserialize(deserializer).map(Self::from_1970)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Date;

    #[test]
    fn weeks_are_those_of_the_calendar() {
        let check = |text: &str, expected: &str| {
            let date: Date = text.parse().unwrap();
            let zoned = date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
            let start = zoned.unwrap().timestamp().as_millisecond();
            assert_eq!(Week::of_unix_ms(start).to_string(), expected, "{text}");
            let end = start + DAY_MS - 1;
            assert_eq!(Week::of_unix_ms(end).to_string(), expected, "end of {text}");
        };
        check("1970-01-01", "1970-W01");
        check("2021-01-03", "2020-W53");
        check("2021-01-04", "2021-W01");
        check("2024-12-30", "2025-W01");
        check("2026-11-22", "2026-W47");
        check("1969-12-28", "1969-W52");
        let mut date: Date = "1899-12-20".parse().unwrap();
        while date.year() < 2110 {
            let iso = date.iso_week_date();
            check(
                &date.to_string(),
                &format!("{:04}-W{:02}", iso.year(), iso.week()),
            );
            date = date.saturating_add(jiff::Span::new().days(5));
        }
    }

    #[test]
    fn weeks_are_counted_across_years() {
        let check = |text: &str, weeks, expected: &str| {
            let week: Week = text.parse().unwrap();
            assert_eq!(week.plus(weeks).to_string(), expected, "{text} + {weeks}");
        };
        check("2026-W47", 0, "2026-W47");
        check("2026-W47", -11, "2026-W36");
        check("2021-W01", -1, "2020-W53");
        check("2026-W53", 1, "2027-W01");
        check("0001-W02", -9, "0001-W01");
        check("9999-W50", 9, "9999-W52");
        let start = 1_000_000_000_000;
        for n in 0..3000_i32 {
            let later = Week::of_unix_ms(start + 7 * DAY_MS * i64::from(n));
            assert_eq!(later.plus(-n), Week::of_unix_ms(start), "{n}");
            assert_eq!(Week::of_unix_ms(start).plus(n), later, "{n}");
        }
    }

    #[test]
    fn a_record_holds_the_weeks_since_1970_and_a_text_the_calendars() {
        for number in (0..=u16::MAX).step_by(7).chain([u16::MAX]) {
            let week = Week::from_1970(number);
            assert_eq!(week.since_1970(), Some(number));
            assert_eq!(Week::of_unix_ms(week.start_unix_ms()), week);
            assert_eq!(Week::of_unix_ms(week.start_unix_ms() - 1), week.plus(-1));
        }
        let week: Week = "2026-W47".parse().unwrap();
        assert_eq!(postcard::to_allocvec(&week).unwrap(), [0x98, 0x17]);
        assert_eq!(postcard::from_bytes::<Week>(&[0x98, 0x17]), Ok(week));
        assert_eq!(serde_json::to_string(&week).unwrap(), "\"2026-W47\"");
        assert_eq!(Week::from_1970(0).plus(-1).since_1970(), None);
    }

    #[test]
    fn a_clock_of_before_2026_was_not_set() {
        for (text, is_set) in [("2025-W52", false), ("2026-W01", true), ("3300-W01", false)] {
            let start = text.parse::<Week>().unwrap().start_unix_ms();
            assert_eq!(Week::of_set_clock(start).is_some(), is_set, "{text}");
        }
    }

    #[test]
    fn a_clock_out_of_its_mind_still_has_a_week() {
        assert_eq!(Week::of_unix_ms(i64::MIN).to_string(), "0001-W01");
        assert_eq!(Week::of_unix_ms(i64::MAX).to_string(), "9999-W52");
    }

    #[test]
    fn only_weeks_that_exist_are_read() {
        for good in ["2026-W53", "2020-W53", "0001-W01"] {
            assert_eq!(good.parse::<Week>().unwrap().to_string(), good);
        }
        for bad in [
            "2025-W53", "2026-W00", "2026-w10", "2026-W1", "+026-W10", "26-W10", "2026-W54",
            "0000-W01", "",
        ] {
            assert_eq!(bad.parse::<Week>(), Err(NotAWeek), "{bad}");
        }
    }
}
