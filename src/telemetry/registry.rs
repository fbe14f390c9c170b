//! The registry in words, as the Privacy page and `alcove registry` print it.
//!
//! Never: a metric that the class types do not have.

use serde::Serialize;

use super::class::{Metric, Sample};
use crate::base::week::Week;

include!(concat!(env!("OUT_DIR"), "/metric_texts.rs"));

/// Everything that `metrics.toml` declares.
#[derive(Debug, Serialize)]
pub struct Registry {
    /// Goes up with every change of a metric; a higher one asks for consent again.
    pub version: u32,
    /// Of the file's bytes, in hexadecimal digits.
    pub sha256: &'static str,
    /// Thousandths of epsilon that a report costs.
    pub epsilon_a_report_milli: u32,
    pub reports_a_week: u32,
    /// Most weeks of a year in which a box reports.
    pub weeks_a_year: u32,
    pub metrics: &'static [MetricText],
    /// What the journal is kept in.
    pub tables: &'static [TableText],
}

/// A table of the database in words.
#[derive(Debug, Serialize)]
pub struct TableText {
    pub name: &'static str,
    pub question: &'static str,
    pub leaves: Leaves,
    /// Version of the registry that added it.
    pub since: u32,
    /// Week from which a table that joins metrics is no longer kept; the rows of others go by their metrics.
    pub expires: Option<&'static str>,
    pub note: &'static str,
    /// All there are.
    pub columns: &'static [ColumnText],
}

/// A column in words.
#[derive(Debug, Serialize)]
pub struct ColumnText {
    pub name: &'static str,
    pub label: &'static str,
    pub holds: Holds,
    /// The metric whose answers it holds; any one's where it is `None`.
    pub metric: Option<&'static str>,
}

/// What becomes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// It stays on this box.
    Never,
    /// The reports of a week are made of it.
    AsReports,
    /// It tells what left.
    HasLeft,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// Metric and class, with a dot between them.
    Answer,
    Count,
    /// Of the week: 0 is Monday.
    Day,
    /// 0 or 1.
    Mark,
    Metric,
    Order,
    /// The exact text of a report.
    Report,
    Version,
    Week,
    /// A year, and the weeks of it as bits.
    Weeks,
}

impl TableText {
    /// True until its week of expiry, where it has one: after it nothing is kept in it.
    pub fn is_kept(&self, week: Week) -> bool {
        self.expires.is_none_or(|expires| {
            let expires: Result<Week, _> = expires.parse();
            expires.is_ok_and(|expires| week < expires)
        })
    }
}

/// One metric in words.
#[derive(Debug, Serialize)]
pub struct MetricText {
    #[serde(skip)]
    pub metric: Metric,
    pub name: &'static str,
    pub question: &'static str,
    /// The switch that it belongs to.
    pub category: &'static str,
    pub kind: Kind,
    /// Of the bounds.
    pub unit: Option<&'static str>,
    pub example: &'static str,
    /// Version of the registry that added it.
    pub since: u32,
    /// Week from which it is no longer collected, such as `2028-W48`.
    pub expires: &'static str,
    pub note: &'static str,
    /// Every answer, by index.
    pub classes: &'static [ClassText],
}

/// One class in words.
#[derive(Debug, Serialize)]
pub struct ClassText {
    pub index: u8,
    pub name: &'static str,
    pub label: &'static str,
    /// Metric and class as one word; translations go by it.
    pub key: &'static str,
    /// Upper bound, not included, in the metric's unit.
    pub below: Option<u32>,
    /// Lower bound, included, of the class without an upper one.
    pub above: Option<u32>,
    /// Raw values that it stands for.
    pub folds: &'static [&'static str],
    /// True for the class of all raw values that no other stands for.
    pub rest: bool,
}

/// What a metric is a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    Client,
    Box,
    Outcome,
    Composite,
}

impl Metric {
    /// Its entry in the registry.
    pub fn text(self) -> &'static MetricText {
        let mut texts = REGISTRY.metrics.iter();
        texts
            .find(|text| text.metric == self)
            .expect("made from the same file")
    }

    /// True until its week of expiry: after it the metric is neither drawn nor kept.
    pub fn is_collected(self, week: Week) -> bool {
        let expires: Result<Week, _> = self.text().expires.parse();
        expires.is_ok_and(|expires| week < expires)
    }
}

impl Sample {
    /// Its entry in the registry.
    pub fn text(self) -> &'static ClassText {
        &self.metric().text().classes[usize::from(self.index())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_agree_with_the_types() {
        assert_eq!(REGISTRY.metrics.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            let text = metric.text();
            assert_eq!(text.name, metric.name());
            assert_eq!(text.classes.len(), metric.count());
            for sample in metric.samples() {
                assert_eq!(sample.text().key, sample.key());
                assert_eq!(sample.text().name, sample.class());
                assert_eq!(sample.text().index, sample.index());
            }
        }
    }

    #[test]
    fn an_expired_metric_is_not_collected() {
        let week = |text: &str| text.parse::<Week>().unwrap();
        let expires = week(Metric::Outcome.text().expires);
        assert!(Metric::Outcome.is_collected(week("2026-W47")));
        assert!(!Metric::Outcome.is_collected(expires));
        assert!(!Metric::Outcome.is_collected(week("9999-W01")));
    }
}
