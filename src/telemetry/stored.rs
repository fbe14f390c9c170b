//! The journal as the rows that the database keeps, and back.
//!
//! Never: a row that the registry does not know; making sense of a newer journal.

use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::class::{Metric, Sample};
use super::draw::Reservoir;
use super::held::{Counts, Draw, Held, Share, Speed};
use super::moment::Moment;
use super::registry::REGISTRY;
use super::report::Report;
use crate::base::week::Week;
use crate::db::telemetry::{AnswerRow, CountRow, PerformanceRow, StoredJournal};

/// Version of what the rows mean.
const LAYOUT: i64 = 1;

/// What to do with what is stored.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Held(Held),
    /// A newer Alcove wrote it: it is neither used nor touched.
    Newer,
    /// It belongs to an earlier registry, or cannot be read: it is of no use.
    Useless,
}

impl Found {
    /// Judges what is stored.
    pub fn judge(stored: &StoredJournal) -> Self {
        let registry = i64::from(REGISTRY.version);
        if stored.layout > LAYOUT || stored.registry > registry {
            return Self::Newer;
        }
        if stored.layout < LAYOUT || stored.registry < registry {
            return Self::Useless;
        }
        restore(stored).map_or(Self::Useless, Self::Held)
    }
}

impl Held {
    /// The rows that hold it.
    pub fn store(&self) -> StoredJournal {
        let week = self.moment.week();
        StoredJournal {
            layout: LAYOUT,
            registry: i64::from(REGISTRY.version),
            week: week.to_string(),
            day: i64::from(self.moment.day()),
            report_weeks: self
                .share
                .as_ref()
                .map(|share| serde_json::to_string(&share.weeks).expect("two numbers become JSON")),
            counts: self.count_rows(),
            performance: self.performance_rows(),
            answers: self
                .share
                .as_ref()
                .map_or_else(Vec::new, |share| share.rows(week)),
        }
    }

    fn count_rows(&self) -> Vec<CountRow> {
        // Whatever was counted today was counted this week.
        let rows = self.this_week.iter().map(|(sample, count)| CountRow {
            answer: sample.key().to_owned(),
            today: i64::from(self.today.get(sample).copied().unwrap_or_default()),
            this_week: i64::from(*count),
        });
        rows.collect()
    }

    fn performance_rows(&self) -> Vec<PerformanceRow> {
        let rows = self.speeds.iter().map(|(speed, count)| PerformanceRow {
            week: speed.week.to_string(),
            video_codec: speed.video_codec.key().to_owned(),
            backend: speed.backend.key().to_owned(),
            factor: speed.factor.key().to_owned(),
            count: i64::from(*count),
        });
        rows.collect()
    }
}

impl Share {
    fn rows(&self, week: Week) -> Vec<AnswerRow> {
        let complete = self.complete.iter().map(|report| AnswerRow {
            week: report.week().to_string(),
            metric: report.metric().name().to_owned(),
            answer: Some(report.sample().key().to_owned()),
            seen: 1,
            complete: true,
        });
        let growing = self.growing.iter().map(|draw| {
            let seen = draw.kept.as_ref().map_or(0, Reservoir::seen);
            AnswerRow {
                week: week.to_string(),
                metric: draw.metric.name().to_owned(),
                answer: draw.kept.as_ref().map(|kept| kept.kept().key().to_owned()),
                seen: i64::try_from(seen).unwrap_or(i64::MAX),
                complete: false,
            }
        });
        complete.chain(growing).collect()
    }
}

fn restore(stored: &StoredJournal) -> Option<Held> {
    let mut held = Held::new(Moment::stored(stored)?);
    for row in &stored.counts {
        let sample = sample_of(&row.answer)?;
        add(&mut held.this_week, sample, row.this_week)?;
        add(&mut held.today, sample, row.today)?;
    }
    for row in &stored.performance {
        let speed = Speed {
            week: row.week.parse().ok()?,
            video_codec: sample_of(&row.video_codec)?,
            backend: sample_of(&row.backend)?,
            factor: of_metric(&row.factor, Metric::RealTimeFactor)?,
        };
        held.speeds.insert(speed, u32::try_from(row.count).ok()?);
    }
    if let Some(weeks) = &stored.report_weeks {
        let mut share = Share {
            weeks: serde_json::from_str(weeks).ok()?,
            growing: Vec::new(),
            complete: Vec::new(),
        };
        for row in &stored.answers {
            restore_answer(&mut share, row, held.moment)?;
        }
        held.share = Some(share);
    }
    Some(held)
}

fn restore_answer(share: &mut Share, row: &AnswerRow, moment: Moment) -> Option<()> {
    let week: Week = row.week.parse().ok()?;
    let metric = *Metric::ALL
        .iter()
        .find(|metric| metric.name() == row.metric)?;
    if row.complete {
        let sample = of_metric(row.answer.as_deref()?, metric)?;
        share.complete.push(Report::new(week, sample));
    } else if week == moment.week() {
        let kept = match row.answer {
            Some(_) => Some(Reservoir::stored(row)?),
            None => None,
        };
        share.growing.push(Draw { metric, kept });
    } else {
        return None;
    }
    Some(())
}

/// The answer of a row, where this registry has it.
pub(super) fn answer_of(row: &AnswerRow) -> Option<Sample> {
    row.answer.as_deref().and_then(sample_of)
}

fn sample_of(key: &str) -> Option<Sample> {
    Sample::deserialize(StrDeserializer::<ValueError>::new(key)).ok()
}

fn of_metric(key: &str, metric: Metric) -> Option<Sample> {
    sample_of(key).filter(|sample| sample.metric() == metric)
}

fn add(counts: &mut Counts, sample: Sample, count: i64) -> Option<()> {
    let count = u32::try_from(count).ok()?;
    if count > 0 {
        counts.insert(sample, count);
    }
    Some(())
}
