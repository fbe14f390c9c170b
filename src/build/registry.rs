//! Reads the metric registry and refuses what it does not say clearly.
//!
//! Never: a default for something that a person should have written.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::tables::Table;
use super::week::Week;

/// Most answers of one metric, `nothing` included.
pub const MOST_CELLS: usize = 80;

/// All metrics, as `metrics.toml` declares them.
#[derive(Clone, Debug)]
pub struct Registry {
    pub version: u32,
    pub epsilon_a_report: f64,
    pub reports_a_week: u32,
    pub weeks_a_year: u32,
    pub metrics: Vec<Metric>,
    /// What the journal is kept in.
    pub tables: Vec<Table>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    File,
    Client,
    Box,
    Outcome,
    Composite,
}

/// The switches that metrics can belong to; the other two carry none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    PlaybackStatistics,
}

impl Category {
    pub fn name(self) -> &'static str {
        match self {
            Self::PlaybackStatistics => "playback_statistics",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    pub name: String,
    pub question: String,
    pub category: Category,
    pub kind: Kind,
    /// Of the bounds; empty for classes that are not of a number.
    #[serde(default)]
    pub unit: String,
    /// Label of the class that says there was nothing to tell; empty for facts about the box.
    #[serde(default)]
    pub nothing: String,
    pub example: String,
    pub since: u32,
    pub expires: Week,
    pub note: String,
    #[serde(default)]
    pub classes: Vec<Class>,
    #[serde(default)]
    pub axes: Vec<Axis>,
    #[serde(default)]
    pub fold: Vec<Fold>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub name: String,
    pub label: String,
    pub below: Option<u32>,
    pub above: Option<u32>,
    #[serde(default)]
    pub folds: Vec<String>,
    #[serde(default)]
    pub rest: bool,
}

/// A metric that a composite joins.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    pub metric: String,
    /// Merged classes; empty for each class alone.
    #[serde(default)]
    pub groups: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub label: String,
    pub classes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// Answers that become one.
    pub from: Vec<String>,
    /// Its name, which can be that of one of them.
    pub into: String,
    pub label: String,
}

/// What is wrong with a registry; `metric` is empty for the file as a whole.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub metric: String,
    pub what: String,
}

impl Fault {
    pub fn of(metric: &str, what: impl Into<String>) -> Self {
        Self {
            metric: metric.to_owned(),
            what: what.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.metric.as_str() {
            "" => write!(f, "the metric registry: {}", self.what),
            metric => write!(f, "metric `{metric}`: {}", self.what),
        }
    }
}

impl std::error::Error for Fault {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    epsilon_a_report: f64,
    reports_a_week: u32,
    weeks_a_year: u32,
    metric: Vec<toml::Table>,
    table: Vec<toml::Table>,
}

impl Registry {
    /// Reads the text of `metrics.toml`.
    ///
    /// # Errors
    /// The first thing that is not as it must be, with the metric's name.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let document: Document =
            toml::from_str(text).map_err(|error| Fault::of("", error.to_string()))?;
        let registry = Self {
            version: document.version,
            epsilon_a_report: document.epsilon_a_report,
            reports_a_week: document.reports_a_week,
            weeks_a_year: document.weeks_a_year,
            metrics: each(document.metric)?,
            tables: each(document.table)?,
        };
        registry.check()?;
        Ok(registry)
    }

    /// Thousandths of epsilon that a report costs.
    pub fn epsilon_milli(&self) -> u32 {
        // Checked when it was read.
        (self.epsilon_a_report * 1000.0).round() as u32
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    fn check(&self) -> Result<(), Fault> {
        if self.version == 0 || self.metrics.is_empty() {
            return Err(Fault::of("", "needs a version from 1 on, and metrics"));
        }
        for (at, metric) in self.metrics.iter().enumerate() {
            let fault = |what: &str| Err(Fault::of(&metric.name, what));
            if self.metrics[..at].iter().any(|m| m.name == metric.name) {
                return fault("is declared twice");
            }
            if metric.since == 0 || metric.since > self.version {
                return fault("`since` is not a version of this registry");
            }
            metric.check()?;
            if metric.kind == Kind::Composite {
                self.check_axes(metric)?;
            }
        }
        for (at, table) in self.tables.iter().enumerate() {
            let is_again = self.tables[..at].iter().any(|own| own.name == table.name);
            if is_again || self.metric(&table.name).is_some() {
                return Err(Fault::of(&table.name, "is declared twice"));
            }
            table.check(self)?;
        }
        Ok(())
    }

    fn check_axes(&self, metric: &Metric) -> Result<(), Fault> {
        let fault = |what: String| Err(Fault::of(&metric.name, what));
        for axis in &metric.axes {
            let part = self
                .metric(&axis.metric)
                .filter(|part| part.kind != Kind::Composite);
            let Some(part) = part else {
                return fault(format!("`{}` is no metric to join", axis.metric));
            };
            let mut seen = Vec::new();
            for group in &axis.groups {
                if group.label.is_empty() || !is_name(&group.name) {
                    return fault(format!("a group of `{}` needs name and label", part.name));
                }
                for class in &group.classes {
                    if !part.classes.iter().any(|own| own.name == *class) {
                        return fault(format!("`{}` has no class `{class}`", part.name));
                    }
                    if seen.contains(&class) {
                        return fault(format!("class `{class}` is in two groups"));
                    }
                    seen.push(class);
                }
            }
        }
        Ok(())
    }
}

impl Metric {
    fn check(&self) -> Result<(), Fault> {
        let fault = |what: String| Err(Fault::of(&self.name, what));
        if !is_name(&self.name) {
            return fault("the name must be lower-case words joined by `_`".to_owned());
        }
        for (key, text) in [
            ("question", &self.question),
            ("example", &self.example),
            ("note", &self.note),
        ] {
            if text.trim().is_empty() {
                return fault(format!("`{key}` is empty"));
            }
        }
        let is_box = self.kind == Kind::Box;
        if is_box != self.nothing.is_empty() {
            return fault("every metric of a playback needs `nothing`, and no other".to_owned());
        }
        let is_composite = self.kind == Kind::Composite;
        if is_composite != self.classes.is_empty() || is_composite == self.axes.is_empty() {
            return fault("a composite has `axes`, every other metric `classes`".to_owned());
        }
        if !is_composite && !self.fold.is_empty() {
            return fault("only a composite has `fold`".to_owned());
        }
        self.check_classes()
    }

    fn check_classes(&self) -> Result<(), Fault> {
        let fault = |what: String| Err(Fault::of(&self.name, what));
        let mut words: Vec<&str> = Vec::new();
        for (at, class) in self.classes.iter().enumerate() {
            let repeated = self.classes[..at].iter().any(|own| own.name == class.name);
            if !is_name(&class.name) || class.name == "nothing" || repeated {
                return fault(format!("class `{}` needs a name of its own", class.name));
            }
            if class.label.trim().is_empty() {
                return fault(format!("class `{}` needs a label", class.name));
            }
            for word in &class.folds {
                if words.contains(&word.as_str()) {
                    return fault(format!("`{word}` is folded twice"));
                }
                words.push(word);
            }
        }
        let rests = self.classes.iter().filter(|class| class.rest).count();
        if rests != usize::from(!words.is_empty()) {
            return fault("`folds` and one `rest = true` go together".to_owned());
        }
        self.check_bounds()
    }

    /// Bounds ascend, and the class above the last of them says so.
    fn check_bounds(&self) -> Result<(), Fault> {
        let fault = |what: &str| Err(Fault::of(&self.name, what));
        let below: Vec<u32> = self.classes.iter().filter_map(|c| c.below).collect();
        let above: Vec<u32> = self.classes.iter().filter_map(|c| c.above).collect();
        if below.is_empty() != self.unit.is_empty() {
            return fault("bounds and `unit` go together");
        }
        if !below.is_sorted_by(|a, b| a < b) {
            return fault("bounds must ascend");
        }
        if above.as_slice() != below.last().map_or(&[][..], std::slice::from_ref) {
            return fault("one class is `above` the last `below`");
        }
        let mixed = |c: &Class| {
            let marks = [
                c.below.is_some(),
                c.above.is_some(),
                !c.folds.is_empty(),
                c.rest,
            ];
            marks.iter().filter(|mark| **mark).count() > 1
        };
        if self.classes.iter().any(mixed)
            || (!below.is_empty() && self.classes.iter().any(|c| c.rest))
        {
            return fault("a class has either bounds, `folds` or `rest`");
        }
        Ok(())
    }
}

/// Reads the entries of a list one by one, so that a fault has the name of its own.
fn each<T: DeserializeOwned>(tables: Vec<toml::Table>) -> Result<Vec<T>, Fault> {
    let read = |(at, table): (usize, toml::Table)| {
        let name = table.get("name").and_then(toml::Value::as_str);
        let name = name.map_or_else(|| format!("number {}", at + 1), str::to_owned);
        table
            .try_into()
            .map_err(|error: toml::de::Error| Fault::of(&name, error.message()))
    };
    tables.into_iter().enumerate().map(read).collect()
}

/// Lower-case words joined by `_`, so that it can be the name of a type.
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let letter = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    letter
        && !text.ends_with('_')
        && !text.contains("__")
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
