//! What the journal holds: counts of classes for the owner, and what chance drew for reports.
//!
//! ```text
//!  a playback ends ──► counts of today and this week, how this box encodes        local and share
//!                 └──► offered to the draws of this week ──► a week ends ──► complete   share alone
//! ```
//!
//! Never: a raw value; the order in which things were played; a clock of its own.

use std::collections::BTreeMap;

use super::class::{Backend, Facts, Metric, Playback, RealTimeFactor, Sample};
use super::draw::{Random, ReportingWeeks, Reservoir, metrics_of_week};
use super::moment::Moment;
use super::registry::REGISTRY;
use super::report::Report;
use crate::base::week::Week;

pub(super) type Counts = BTreeMap<Sample, u32>;

/// What was encoded, by what, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Speed {
    pub(super) week: Week,
    pub(super) video_codec: Sample,
    pub(super) backend: Sample,
    pub(super) factor: Sample,
}

impl Speed {
    /// The build lets its table live no longer than any of its parts.
    fn is_kept(week: Week) -> bool {
        let mut tables = REGISTRY.tables.iter();
        let own = tables.find(|table| table.name == "telemetry_performance");
        own.is_some_and(|own| own.is_kept(week))
    }
}

/// Everything that is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub(super) moment: Moment,
    pub(super) today: Counts,
    pub(super) this_week: Counts,
    pub(super) speeds: BTreeMap<Speed, u32>,
    /// `None` unless the owner shares.
    pub(super) share: Option<Share>,
}

/// What chance drew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) weeks: ReportingWeeks,
    /// Of the running week, in the order of the draw; empty where it is none of the weeks that report.
    pub(super) growing: Vec<Draw>,
    /// Of the last week that reported.
    pub(super) complete: Vec<Report>,
}

/// One metric of a week, and the answer so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    pub(super) metric: Metric,
    pub(super) kept: Option<Reservoir>,
}

/// The clock shows an earlier day than one that was counted: nothing is counted until it has caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WentBack;

/// How often each class of a metric was seen, by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricCounts {
    pub metric: Metric,
    pub today: Vec<u32>,
    pub this_week: Vec<u32>,
}

/// How fast pictures of one codec were encoded by one backend in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performance {
    pub week: Week,
    pub video_codec: Sample,
    pub backend: Sample,
    /// Playbacks by index of the real-time factor's class.
    pub factor: Vec<u32>,
}

impl MetricCounts {
    /// Nothing was seen.
    pub fn none(metric: Metric) -> Self {
        let zeros = vec![0; metric.count()];
        Self {
            metric,
            today: zeros.clone(),
            this_week: zeros,
        }
    }
}

impl Held {
    /// Nothing yet.
    pub fn new(moment: Moment) -> Self {
        Self {
            moment,
            today: Counts::new(),
            this_week: Counts::new(),
            speeds: BTreeMap::new(),
            share: None,
        }
    }

    /// Moves on to `moment`: a day that is over is forgotten, a week that is over becomes its reports. True when
    /// something changed.
    ///
    /// # Errors
    /// [`WentBack`]; then nothing changed.
    pub fn turn(
        &mut self,
        random: &mut impl Random,
        moment: Moment,
        facts: Option<&Facts>,
    ) -> Result<bool, WentBack> {
        if moment < self.moment {
            return Err(WentBack);
        }
        let is_new_week = self.moment.week() < moment.week();
        let changed = self.moment != moment;
        if changed {
            self.today.clear();
        }
        if is_new_week {
            self.this_week.clear();
            let first = moment.first_of_performance();
            let is_kept = Speed::is_kept(moment.week());
            self.speeds
                .retain(|speed, _| is_kept && speed.week >= first);
        }
        if let Some(share) = &mut self.share {
            if is_new_week {
                share.complete(self.moment.week());
                share.begin(random, moment);
            }
            share.look_at(facts);
        }
        self.moment = moment;
        Ok(changed)
    }

    /// Begins to draw for reports, without anything from before; goes on where it has begun. True when it began.
    pub fn begin_sharing(&mut self, random: &mut impl Random, facts: Option<&Facts>) -> bool {
        if self.share.is_some() {
            return false;
        }
        let mut share = Share {
            weeks: ReportingWeeks::draw(random, self.moment.week()),
            growing: Vec::new(),
            complete: Vec::new(),
        };
        share.begin(random, self.moment);
        share.look_at(facts);
        self.share = Some(share);
        true
    }

    /// Forgets what was drawn for reports. True when there was something.
    pub fn end_sharing(&mut self) -> bool {
        self.share.take().is_some()
    }

    /// True while chance draws for reports.
    pub fn shares(&self) -> bool {
        self.share.is_some()
    }

    /// Counts a playback.
    pub fn note(&mut self, random: &mut impl Random, playback: &Playback, facts: &Facts) {
        let week = self.moment.week();
        let samples = playback.samples(facts);
        for sample in samples
            .into_iter()
            .filter(|s| s.metric().is_collected(week))
        {
            count(&mut self.today, sample);
            count(&mut self.this_week, sample);
            if let Some(share) = &mut self.share {
                share.offer(random, sample);
            }
        }
        let is_encoded = playback.backend != Backend::NotEncoded
            && playback.real_time_factor != RealTimeFactor::NotEncoded;
        if is_encoded && Speed::is_kept(week) {
            let speed = Speed {
                week,
                video_codec: playback.video_codec.into(),
                backend: playback.backend.into(),
                factor: playback.real_time_factor.into(),
            };
            count(&mut self.speeds, speed);
        }
    }

    /// Every metric with its counts. A fact about the box counts once.
    pub fn counts(&self, facts: Option<&Facts>) -> Vec<MetricCounts> {
        let facts = facts.map_or_else(Vec::new, Facts::samples);
        let of = |counts: &Counts, metric: Metric| {
            let of_sample = |sample: Sample| {
                let counted = counts.get(&sample).copied().unwrap_or_default();
                counted.max(u32::from(facts.contains(&sample)))
            };
            metric.samples().map(of_sample).collect()
        };
        let all = Metric::ALL.iter().map(|metric| MetricCounts {
            metric: *metric,
            today: of(&self.today, *metric),
            this_week: of(&self.this_week, *metric),
        });
        all.collect()
    }

    /// How this box encodes, in the order of the weeks.
    pub fn performance(&self) -> Vec<Performance> {
        let mut lines: BTreeMap<(Week, Sample, Sample), Vec<u32>> = BTreeMap::new();
        for (speed, count) in &self.speeds {
            let line = lines
                .entry((speed.week, speed.video_codec, speed.backend))
                .or_insert_with(|| vec![0; Metric::RealTimeFactor.count()]);
            line[usize::from(speed.factor.index())] = *count;
        }
        let lines = lines.into_iter();
        lines
            .map(|((week, video_codec, backend), factor)| Performance {
                week,
                video_codec,
                backend,
                factor,
            })
            .collect()
    }

    /// The reports of the last week that reported, if they still wait.
    pub fn complete(&self) -> Vec<Report> {
        let reports = self.share.iter().flat_map(|share| &share.complete);
        let first = self.moment.first_that_waits();
        reports.copied().filter(|r| r.week() >= first).collect()
    }

    /// The reports of the running week, as they were if it ended now.
    pub fn growing(&self) -> Vec<Report> {
        let week = self.moment.week();
        self.share
            .as_ref()
            .map_or_else(Vec::new, |share| share.reports(week))
    }

    /// The week after the next one that reports; `None` where that is not drawn yet.
    pub fn next_reports(&self) -> Option<Week> {
        let share = self.share.as_ref()?;
        let week = self.moment.week();
        let left = week.number()..=week.weeks_in_year();
        left.filter_map(|number| Week::new(week.year(), number))
            .find(|week| share.weeks.contain(*week))
            .map(|week| week.plus(1))
    }

    /// Forgets a report that was sent.
    pub(super) fn sent(&mut self, report: Report) {
        if let Some(share) = &mut self.share {
            share.complete.retain(|waiting| *waiting != report);
        }
    }
}

impl Share {
    /// A week is over. One that did not report leaves the one before it waiting.
    fn complete(&mut self, week: Week) {
        let reports = self.reports(week);
        if !reports.is_empty() {
            self.complete = reports;
        }
        self.growing.clear();
    }

    fn begin(&mut self, random: &mut impl Random, moment: Moment) {
        let week = moment.week();
        if !self.weeks.are_of_year_of(week) {
            self.weeks = ReportingWeeks::draw(random, week);
        }
        if self.weeks.contain(week) {
            let metrics = metrics_of_week(random, week).into_iter();
            self.growing = metrics.map(|metric| Draw { metric, kept: None }).collect();
        }
        let first = moment.first_that_waits();
        self.complete.retain(|report| report.week() >= first);
    }

    /// Takes over what the box is now: of its facts, the last one of a week counts.
    fn look_at(&mut self, facts: Option<&Facts>) {
        for sample in facts.map_or_else(Vec::new, Facts::samples) {
            if let Some(draw) = self.draw_of(sample) {
                draw.kept = Some(Reservoir::new(sample));
            }
        }
    }

    fn offer(&mut self, random: &mut impl Random, sample: Sample) {
        if let Some(draw) = self.draw_of(sample) {
            match &mut draw.kept {
                Some(kept) => kept.offer(random, sample),
                None => draw.kept = Some(Reservoir::new(sample)),
            }
        }
    }

    fn draw_of(&mut self, sample: Sample) -> Option<&mut Draw> {
        self.growing
            .iter_mut()
            .find(|draw| draw.metric == sample.metric())
    }

    fn reports(&self, week: Week) -> Vec<Report> {
        let answer = |draw: &Draw| match &draw.kept {
            Some(kept) => Some(kept.kept()),
            // A fact about the box that was never looked at has no answer.
            None => draw.metric.nothing(),
        };
        let answers = self.growing.iter().filter_map(answer);
        answers.map(|sample| Report::new(week, sample)).collect()
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    let counted = counts.entry(key).or_default();
    *counted = counted.saturating_add(1);
}
