//! The exact bytes of one report.
//!
//! Never: more in them than week, metric and class; a length that depends on the class.

use super::class::{Metric, Sample};
use super::registry::REGISTRY;
use crate::base::week::Week;

/// What leaves the box for one answer, as the owner sees it: JSON of one length for every answer of
/// the metric.
pub fn bytes(week: Week, sample: Sample) -> Vec<u8> {
    let metric = sample.metric();
    let digits = (metric.count() - 1).to_string().len();
    format!(
        r#"{{"registry":{},"week":"{week}","metric":"{}","class":{:>digits$}}}"#,
        REGISTRY.version,
        metric.name(),
        sample.index(),
    )
    .into_bytes()
}

/// One answer of one week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    week: Week,
    sample: Sample,
}

impl Report {
    pub fn new(week: Week, sample: Sample) -> Self {
        Self { week, sample }
    }

    pub fn week(self) -> Week {
        self.week
    }

    pub fn sample(self) -> Sample {
        self.sample
    }

    pub fn metric(self) -> Metric {
        self.sample.metric()
    }

    /// The exact bytes; see [`bytes`].
    pub fn bytes(self) -> Vec<u8> {
        bytes(self.week, self.sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Week {
        "2026-W47".parse().unwrap()
    }

    #[test]
    fn a_report_is_json_that_says_week_metric_and_class_alone() {
        for sample in Metric::ALL.iter().flat_map(|metric| metric.samples()) {
            let json: serde_json::Value = serde_json::from_slice(&bytes(week(), sample)).unwrap();
            let expected = serde_json::json!({
                "registry": REGISTRY.version,
                "week": "2026-W47",
                "metric": sample.metric().name(),
                "class": sample.index(),
            });
            assert_eq!(json, expected);
        }
    }

    #[test]
    fn every_answer_of_a_metric_is_as_long_as_the_others() {
        for metric in Metric::ALL {
            let mut lengths: Vec<usize> = metric
                .samples()
                .map(|sample| bytes(week(), sample).len())
                .collect();
            lengths.dedup();
            assert_eq!(lengths.len(), 1, "{metric:?}");
        }
    }
}
