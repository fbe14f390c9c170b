//! The budget under every clock: at most 1.0 a week and 26.0 a year, and nothing is given back.

use std::sync::Arc;

use alcove::base::clock::ManualClock;
use alcove::base::week::Week;
use alcove::consent::{
    BookError, Choice, Consent, MilliEpsilon, PlaybackStatistics, Reset, Settings,
};

use super::mock::{ALL, Mock, WEEK, clock_at, settings};

const DRAW: MilliEpsilon = MilliEpsilon(200);
/// As many weeks as 366 days can touch.
const YEAR_WEEKS: u16 = 54;

fn at(clock: Arc<ManualClock>) -> Settings {
    Settings {
        clock,
        ..settings()
    }
}

fn sharing(mock: &Mock, clock: Arc<ManualClock>) -> Consent {
    let consent = mock.open(at(clock));
    consent.set(Choice::Share, ALL).expect("stored");
    consent
}

fn book(consent: &Consent) -> Result<(), BookError> {
    let grant = consent.grant::<PlaybackStatistics>().expect("shared");
    consent.book(&grant, DRAW)
}

/// Draws of 0.2 that are booked before the first refusal.
fn draws(consent: &Consent) -> u32 {
    (0..)
        .take_while(|_| book(consent).is_ok())
        .count()
        .try_into()
        .expect("few")
}

fn number(week: Week) -> u16 {
    week.since_1970().expect("after 1970")
}

fn go_to(clock: &ManualClock, week: u16) {
    use alcove::base::clock::Clock;
    clock.advance_ms(Week::from_1970(week).start_unix_ms() - clock.unix_ms());
}

#[test]
fn a_week_has_five_draws_and_a_year_a_hundred_and_thirty() {
    let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
    let consent = sharing(&mock, clock.clone());
    let mut booked = Vec::new();
    for week in WEEK..WEEK + 200 {
        go_to(&clock, week);
        booked.push(draws(&consent));
    }
    assert_eq!(
        &booked[..27],
        [[5; 26].as_slice(), &[0]].concat().as_slice()
    );
    let most_a_week = booked.iter().max().expect("weeks") * DRAW.0;
    let years = booked.windows(usize::from(YEAR_WEEKS));
    let most_a_year = years
        .map(|year| year.iter().sum::<u32>() * DRAW.0)
        .max()
        .expect("years");
    println!(
        "ledger: at most {most_a_week} thousandths of epsilon a week and {most_a_year} a year, asked for every week of 200"
    );
    assert_eq!((most_a_week, most_a_year), (1_000, 26_000));
}

#[test]
fn a_year_has_26_weeks_that_report_however_little_each_books() {
    let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
    let consent = sharing(&mock, clock.clone());
    for week in WEEK..WEEK + 26 {
        go_to(&clock, week);
        book(&consent).expect("one of 26 weeks");
    }
    book(&consent).expect("the last week may go on");
    assert_eq!(consent.budget().blocked_until, None);
    let free = WEEK + YEAR_WEEKS;
    for week in [WEEK + 26, free - 1] {
        go_to(&clock, week);
        assert!(matches!(book(&consent), Err(BookError::WeeksSpent)));
        assert_eq!(consent.budget().blocked_until.map(number), Some(free));
    }
    go_to(&clock, free);
    book(&consent).expect("the first week is more than a year ago");
}

#[test]
fn a_booking_that_does_not_fit_is_refused_whole() {
    let consent = sharing(&Mock::blank(8), clock_at(WEEK));
    let grant = consent.grant::<PlaybackStatistics>().expect("shared");
    let book = |milli| consent.book(&grant, MilliEpsilon(milli));
    assert!(matches!(book(1_001), Err(BookError::WeekSpent)));
    assert!(matches!(book(u32::MAX), Err(BookError::YearSpent)));
    assert!(book(900).is_ok());
    assert!(matches!(book(101), Err(BookError::WeekSpent)));
    assert!(book(100).is_ok());
    assert_eq!(consent.budget().spent_this_week, MilliEpsilon(1_000));
}

#[test]
fn no_clock_gives_anything_back() {
    let check = |name: &str, weeks: &[u16], expected: &[u32]| {
        let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
        drop(sharing(&mock, clock.clone()));
        let mut booked = Vec::new();
        for week in weeks {
            go_to(&clock, *week);
            // Each time the program starts anew: nothing may hang on what it remembers.
            booked.push(draws(&mock.open(at(clock.clone()))));
        }
        assert_eq!(booked, expected, "{name}");
    };
    check("again in the same week", &[WEEK, WEEK], &[5, 0]);
    check("not set", &[0, 1, 2_921], &[0, 0, 0]);
    check(
        "1970 after a booking",
        &[WEEK, 0, WEEK, WEEK + 1],
        &[5, 0, 0, 5],
    );
    check(
        "a year back",
        &[WEEK, WEEK - 52, WEEK - 1, WEEK],
        &[5, 0, 0, 0],
    );
    check(
        "a year forward and back",
        &[WEEK, WEEK + 52, WEEK + 1, WEEK + 52, WEEK + 53],
        &[5, 5, 0, 0, 5],
    );
    check("the end of time", &[WEEK, u16::MAX, WEEK + 1], &[5, 5, 0]);
}

#[test]
fn whatever_the_clock_does_no_year_that_it_shows_has_more_than_26() {
    let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
    let consent = sharing(&mock, clock.clone());
    let mut random = 7_u64;
    let mut booked = vec![0; 3_000];
    for _ in 0..4_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let step = (random >> 33) % 5;
        let week = consent.budget().week.map_or(WEEK, number);
        let jump = if step == 4 {
            week.saturating_sub(40)
        } else {
            week + u16::try_from(step).expect("small")
        };
        go_to(&clock, jump.clamp(WEEK, WEEK + 2_900));
        let week = number(consent.budget().week.expect("set"));
        booked[usize::from(week - WEEK)] += draws(&consent);
    }
    let years = booked.windows(usize::from(YEAR_WEEKS));
    let most = years
        .map(|year| year.iter().sum::<u32>())
        .max()
        .expect("years");
    assert!((100..=130).contains(&most), "{most}");
    assert_eq!(booked.iter().max(), Some(&5));
}

#[test]
fn the_ledger_survives_restart_no_and_yes_and_both_factory_resets() {
    let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
    let mut consent = sharing(&mock, clock.clone());
    assert_eq!(draws(&consent), 5);
    for reset in [None, Some(Reset::KeepOptOuts), Some(Reset::Erase)] {
        match reset {
            None => consent.set(Choice::Off, ALL),
            Some(reset) => consent.factory_reset(reset),
        }
        .expect("stored");
        drop(consent);
        consent = sharing(&mock, clock.clone());
        assert_eq!(draws(&consent), 0, "{reset:?}");
        assert_eq!(consent.budget().spent_this_year, MilliEpsilon(1_000));
    }
}

#[test]
fn the_page_is_told_when_the_year_begins_to_be_free_again() {
    let (mock, clock) = (Mock::blank(8), clock_at(WEEK));
    let consent = sharing(&mock, clock.clone());
    assert_eq!(consent.budget().blocked_until, None);
    for week in WEEK..WEEK + 26 {
        go_to(&clock, week);
        assert_eq!(draws(&consent), 5);
    }
    let free = WEEK + YEAR_WEEKS;
    assert_eq!(consent.budget().blocked_until.map(number), Some(free));
    go_to(&clock, free - 1);
    assert_eq!(draws(&consent), 0);
    go_to(&clock, free);
    assert_eq!(draws(&consent), 5);
    let next = Some(free + 1);
    assert_eq!(consent.budget().blocked_until.map(number), next);
    go_to(&clock, WEEK);
    assert_eq!(consent.budget().blocked_until.map(number), next);
}
