//! Reads what the registry declares of the tables that the journal is kept in.
//!
//! Never: a table that joins metrics and could be sent.

use serde::Deserialize;

use super::registry::{Fault, Kind, Registry, is_name};
use super::week::Week;

/// A table of the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    pub name: String,
    pub question: String,
    pub leaves: Leaves,
    pub since: u32,
    /// Of a table that joins metrics; the rows of others expire with theirs.
    pub expires: Option<Week>,
    pub note: String,
    pub columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    Never,
    AsReports,
    HasLeft,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    pub name: String,
    pub label: String,
    pub holds: Holds,
    /// The one whose answers it holds; any one's where it does not say.
    pub metric: Option<String>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

impl Table {
    /// What it joins: the metrics that its columns name.
    fn joins(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|own| own.metric.as_deref())
    }

    pub(super) fn check(&self, registry: &Registry) -> Result<(), Fault> {
        let fault = |what: String| Err(Fault::of(&self.name, what));
        if !self.name.starts_with("telemetry_") || !is_name(&self.name) {
            return fault("a table is called `telemetry_` and lower-case words".to_owned());
        }
        if self.since == 0 || self.since > registry.version {
            return fault("`since` is not a version of this registry".to_owned());
        }
        for (key, text) in [("question", &self.question), ("note", &self.note)] {
            if text.trim().is_empty() {
                return fault(format!("`{key}` is empty"));
            }
        }
        if self.columns.is_empty() {
            return fault("needs columns".to_owned());
        }
        for (at, column) in self.columns.iter().enumerate() {
            let repeated = self.columns[..at].iter().any(|own| own.name == column.name);
            if !is_name(&column.name) || repeated || column.label.trim().is_empty() {
                let what = format!(
                    "column `{}` needs a label and a name of its own",
                    column.name
                );
                return fault(what);
            }
            if column.metric.is_some() && column.holds != Holds::Answer {
                return fault(format!("column `{}` holds no answer", column.name));
            }
        }
        self.check_joined(registry)
    }

    /// What is joined stays on the box, and no longer than its parts.
    fn check_joined(&self, registry: &Registry) -> Result<(), Fault> {
        let fault = |what: String| Err(Fault::of(&self.name, what));
        if self.joins().count() > 1 && self.leaves != Leaves::Never {
            return fault("joins metrics, so it can never leave".to_owned());
        }
        if self.expires.is_some() != self.joins().next().is_some() {
            return fault("`expires` and a column of one metric go together".to_owned());
        }
        for name in self.joins() {
            let part = registry.metric(name);
            let Some(part) = part.filter(|part| part.kind != Kind::Composite) else {
                return fault(format!("`{name}` is no metric to keep"));
            };
            if self.expires > Some(part.expires) {
                return fault(format!("is kept for longer than `{name}` is collected"));
            }
        }
        Ok(())
    }
}
