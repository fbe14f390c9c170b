//! What chance decides: the weeks in which a box reports, the metrics of a week, the playback behind
//! an answer.
//!
//! Never: a choice that depends on what was played; keeping anything on disk.

use serde::{Deserialize, Serialize};

use super::class::{Metric, Sample};
use super::registry::REGISTRY;
use super::report::Report;
use super::stored::answer_of;
use crate::base::week::Week;
use crate::db::telemetry::AnswerRow;

/// Where chance comes from; tests bring a seeded one.
pub trait Random {
    /// Evenly distributed over all values.
    fn next(&mut self) -> u64;
}

/// The kernel's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelRandom;

impl Random for KernelRandom {
    fn next(&mut self) -> u64 {
        getrandom::u64().expect("the kernel has random numbers once it has started")
    }
}

/// The weeks of one year in which a box reports: half of them, whichever year it was set up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportingWeeks {
    year: u16,
    /// Bit `n` for week `n`.
    weeks: u64,
}

impl ReportingWeeks {
    /// Draws them for the year of `week`.
    pub fn draw(random: &mut impl Random, week: Week) -> Self {
        let mut numbers: Vec<u8> = (1..=week.weeks_in_year()).collect();
        let chosen = shuffled_front(random, &mut numbers, REGISTRY.weeks_a_year as usize);
        Self {
            year: week.year(),
            weeks: chosen.iter().fold(0, |weeks, number| weeks | 1 << number),
        }
    }

    /// True when `week` is of the year that these were drawn for; otherwise draw again.
    pub fn are_of_year_of(&self, week: Week) -> bool {
        self.year == week.year()
    }

    /// True when the box reports in `week`.
    pub fn contain(&self, week: Week) -> bool {
        self.are_of_year_of(week) && self.weeks >> week.number() & 1 == 1
    }
}

/// The metrics that a box reports on in `week`, drawn evenly from all that are collected, in the
/// order in which they were drawn.
pub fn metrics_of_week(random: &mut impl Random, week: Week) -> Vec<Metric> {
    let collected = Metric::ALL
        .iter()
        .filter(|metric| metric.is_collected(week));
    let mut metrics: Vec<Metric> = collected.copied().collect();
    shuffled_front(random, &mut metrics, REGISTRY.reports_a_week as usize).to_vec()
}

/// One answer of a week, each playback's with the same chance, without keeping the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservoir {
    /// Answers offered so far.
    seen: u64,
    kept: Sample,
}

impl Reservoir {
    /// Begins with the first answer.
    pub fn new(first: Sample) -> Self {
        Self {
            seen: 1,
            kept: first,
        }
    }

    /// Takes the next answer of the same metric; it replaces the kept one with a chance of one in
    /// however many there were.
    pub fn offer(&mut self, random: &mut impl Random, sample: Sample) {
        debug_assert_eq!(sample.metric(), self.kept.metric());
        self.seen = self.seen.saturating_add(1);
        if below(random, self.seen) == 0 {
            self.kept = sample;
        }
    }

    /// As it was stored, if it still means something.
    pub(super) fn stored(row: &AnswerRow) -> Option<Self> {
        let kept = answer_of(row)?;
        let seen = u64::try_from(row.seen).ok().filter(|seen| *seen > 0)?;
        (kept.metric().name() == row.metric).then_some(Self { seen, kept })
    }

    /// How many answers chance chose among.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// The answer that chance kept.
    pub fn kept(&self) -> Sample {
        self.kept
    }
}

/// The first `count` of `all` after an even shuffle (Fisher and Yates).
fn shuffled_front<'a, T>(random: &mut impl Random, all: &'a mut [T], count: usize) -> &'a [T] {
    let count = count.min(all.len());
    for at in 0..count {
        let left = (all.len() - at) as u64;
        let step = usize::try_from(below(random, left)).expect("below the length of a list");
        all.swap(at, at + step);
    }
    &all[..count]
}

/// One of `all`, each as likely; `None` where there is none.
pub(super) fn one_of(random: &mut impl Random, all: &[Report]) -> Option<Report> {
    let mut indexes: Vec<usize> = (0..all.len()).collect();
    let drawn = shuffled_front(random, &mut indexes, 1).first()?;
    all.get(*drawn).copied()
}

/// An even number below `bound`, which is not zero.
fn below(random: &mut impl Random, bound: u64) -> u64 {
    // The last, incomplete round of `bound` would favour small numbers.
    let rounds = u64::MAX - u64::MAX % bound;
    loop {
        let number = random.next();
        if number < rounds {
            return number % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::class::VideoCodec;

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    struct Seeded(u64);

    impl Random for Seeded {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        }
    }

    /// Chi square over `counts` must not exceed what even chances exceed once in 10,000 runs
    /// (by the approximation of Wilson and Hilferty).
    #[track_caller]
    fn assert_even(counts: &[u32]) {
        let total: u32 = counts.iter().sum();
        let mean = f64::from(total) / counts.len() as f64;
        let chi: f64 = counts
            .iter()
            .map(|c| (f64::from(*c) - mean).powi(2) / mean)
            .sum();
        let freedom = (counts.len() - 1) as f64;
        let scale = 2.0 / (9.0 * freedom);
        let most = freedom * (1.0 - scale + 3.719 * scale.sqrt()).powi(3);
        assert!(
            chi < most,
            "chi square {chi:.1} of at most {most:.1}: {counts:?}"
        );
    }

    fn week(text: &str) -> Week {
        text.parse().unwrap()
    }

    #[test]
    fn every_metric_is_drawn_as_often_as_the_others() {
        let mut random = Seeded(1);
        let mut counts = vec![0; Metric::ALL.len()];
        for _ in 0..20_000 {
            let mut drawn = metrics_of_week(&mut random, week("2026-W47"));
            for metric in &drawn {
                counts[*metric as usize] += 1;
            }
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), 5);
        }
        assert_even(&counts);
    }

    #[test]
    fn after_the_expiry_of_all_nothing_is_drawn() {
        assert_eq!(metrics_of_week(&mut Seeded(1), week("9999-W01")), []);
    }

    #[test]
    fn a_box_reports_in_26_weeks_of_every_year_each_as_likely() {
        let mut random = Seeded(2);
        for (text, weeks) in [("2026-W47", 53), ("2027-W01", 52)] {
            let year = week(text).year();
            let mut counts = vec![0; weeks];
            for _ in 0..10_000 {
                let drawn = ReportingWeeks::draw(&mut random, week(text));
                let all = (1..=53).filter_map(|number| Week::new(year, number));
                let inside: Vec<Week> = all.filter(|week| drawn.contain(*week)).collect();
                assert_eq!(inside.len(), 26);
                for week in inside {
                    counts[usize::from(week.number()) - 1] += 1;
                }
            }
            assert_even(&counts);
        }
    }

    #[test]
    fn weeks_of_one_year_say_nothing_about_the_next() {
        let drawn = ReportingWeeks::draw(&mut Seeded(3), week("2026-W47"));
        assert!(drawn.are_of_year_of(week("2026-W01")));
        assert!(!drawn.are_of_year_of(week("2027-W01")));
        let next = (1..=52).filter_map(|number| Week::new(2027, number));
        assert!(next.into_iter().all(|week| !drawn.contain(week)));
    }

    #[test]
    fn each_playback_of_a_week_is_kept_with_the_same_chance() {
        let mut random = Seeded(4);
        let samples: Vec<Sample> = VideoCodec::ALL
            .iter()
            .map(|class| (*class).into())
            .collect();
        let mut counts = vec![0; samples.len()];
        for _ in 0..40_000 {
            let mut reservoir = Reservoir::new(samples[0]);
            for sample in &samples[1..] {
                reservoir.offer(&mut random, *sample);
            }
            counts[usize::from(reservoir.kept().index()) - 1] += 1;
        }
        assert_even(&counts);
    }

    #[test]
    fn no_number_below_a_bound_is_favoured() {
        let mut random = Seeded(5);
        let mut counts = vec![0; 23];
        for _ in 0..100_000 {
            counts[usize::try_from(below(&mut random, 23)).unwrap()] += 1;
        }
        assert_even(&counts);
        struct Last(bool);
        impl Random for Last {
            fn next(&mut self) -> u64 {
                if std::mem::replace(&mut self.0, false) {
                    u64::MAX
                } else {
                    7
                }
            }
        }
        assert_eq!(
            below(&mut Last(true), 10),
            7,
            "the incomplete round is drawn again"
        );
    }
}
