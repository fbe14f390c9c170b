//! Writes the class types and the registry's texts as Rust.
//!
//! Never: anything that is not in the registry.

use std::fmt::Write;

use super::cells::Cells;
use super::registry::{Kind, Metric, Registry};
use super::tables::Table;

/// A metric with its answers.
pub type Whole<'a> = (&'a Metric, &'a Cells);

/// The source of the class types, for `telemetry::class`.
pub fn classes(metrics: &[Whole<'_>]) -> String {
    let mut out = Out::default();
    metric_enum(&mut out, metrics);
    for (metric, cells) in metrics {
        class_enum(&mut out, metric, cells);
        if metric.kind == Kind::Composite {
            joining(&mut out, metrics, metric, cells);
        }
    }
    let playing = [Kind::File, Kind::Client, Kind::Outcome];
    bundle(
        &mut out,
        "Facts",
        "What a box is and how it does, in classes.",
        metrics,
        &[Kind::Box],
    );
    bundle(
        &mut out,
        "Playback",
        "One playback, in classes.",
        metrics,
        &playing,
    );
    samples(&mut out, metrics, &playing);
    out.0
}

/// The source of the registry's texts, for `telemetry::registry`.
pub fn texts(registry: &Registry, sha256: &str, metrics: &[Whole<'_>]) -> String {
    let mut out = Out::default();
    out.line("/// The registry that this program was built with.");
    out.line("pub static REGISTRY: Registry = Registry {");
    out.line(format!("version: {},", registry.version));
    out.line(format!("sha256: {sha256:?},"));
    out.line(format!(
        "epsilon_a_report_milli: {},",
        registry.epsilon_milli()
    ));
    out.line(format!("reports_a_week: {},", registry.reports_a_week));
    out.line(format!("weeks_a_year: {},", registry.weeks_a_year));
    out.line("metrics: &[");
    for (metric, cells) in metrics {
        text_of(&mut out, metric, cells);
    }
    out.line("], tables: &[");
    for table in &registry.tables {
        table_text(&mut out, table);
    }
    out.line("] };");
    out.0
}

#[derive(Default)]
struct Out(String);

impl Out {
    fn line(&mut self, text: impl AsRef<str>) {
        writeln!(self.0, "{}", text.as_ref()).expect("writing to a string does not fail");
    }
}

fn metric_enum(out: &mut Out, metrics: &[Whole<'_>]) {
    out.line("/// Everything that a report can be about.");
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    out.line("pub enum Metric {");
    for (metric, _) in metrics {
        out.line(format!("/// {}", metric.question));
        out.line(format!("{},", pascal(&metric.name)));
    }
    out.line("}");
    out.line("impl Metric {");
    out.line("/// Every metric there is.");
    let all: Vec<String> = metrics
        .iter()
        .map(|(m, _)| format!("Self::{}", pascal(&m.name)))
        .collect();
    out.line(format!(
        "pub const ALL: &'static [Self] = &[{}];",
        all.join(", ")
    ));
    out.line("/// The key of each answer by its index; that of `nothing` comes first.");
    out.line("const fn keys(self) -> &'static [&'static str] { match self {");
    for (metric, cells) in metrics {
        let nothing = (!metric.nothing.is_empty()).then_some("nothing");
        let names = nothing
            .into_iter()
            .chain(cells.cells.iter().map(|cell| cell.name.as_str()));
        let keys: Vec<String> = names
            .map(|name| format!("\"{}.{name}\"", metric.name))
            .collect();
        out.line(format!(
            "Self::{} => &[{}],",
            pascal(&metric.name),
            keys.join(", ")
        ));
    }
    out.line("} }");
    out.line("const fn has_nothing(self) -> bool {");
    let boxes = metrics.iter().filter(|(m, _)| m.nothing.is_empty());
    let boxes: Vec<String> = boxes
        .map(|(m, _)| format!("Self::{}", pascal(&m.name)))
        .collect();
    out.line(format!("!matches!(self, {})", boxes.join(" | ")));
    out.line("} }");
}

fn class_enum(out: &mut Out, metric: &Metric, cells: &Cells) {
    let name = pascal(&metric.name);
    out.line(format!("/// {}", metric.question));
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    out.line(format!("pub enum {name} {{"));
    for cell in &cells.cells {
        out.line(format!("/// {}.", sentence(&cell.label)));
        out.line(format!("{},", pascal(&cell.name)));
    }
    out.line("}");
    out.line(format!("impl {name} {{"));
    out.line("/// Every class there is.");
    let all: Vec<String> = cells
        .cells
        .iter()
        .map(|cell| format!("Self::{}", pascal(&cell.name)))
        .collect();
    out.line(format!(
        "pub const ALL: &'static [Self] = &[{}];",
        all.join(", ")
    ));
    tables(out, metric);
    out.line("}");
    out.line(format!("impl From<{name}> for Sample {{"));
    out.line(format!("fn from(class: {name}) -> Self {{"));
    out.line(format!("Self::measured(Metric::{name}, class as u8) }} }}"));
}

/// What the classifiers at the edge go by.
fn tables(out: &mut Out, metric: &Metric) {
    let rows = |entries: Vec<String>| format!("&[{}]", entries.join(", "));
    let below = metric
        .classes
        .iter()
        .filter_map(|class| Some(format!("({}, Self::{})", class.below?, pascal(&class.name))));
    let below: Vec<String> = below.collect();
    let named = |class: Option<&super::registry::Class>| class.map(|class| pascal(&class.name));
    if let Some(above) = named(metric.classes.iter().find(|class| class.above.is_some())) {
        out.line(format!(
            "/// The bound that each class but the last lies below, in {}.",
            metric.unit
        ));
        out.line(format!(
            "pub const BELOW: &'static [(u32, Self)] = {};",
            rows(below)
        ));
        out.line("/// The class of everything from the last bound on.");
        out.line(format!("pub const ABOVE: Self = Self::{above};"));
    }
    if let Some(rest) = named(metric.classes.iter().find(|class| class.rest)) {
        let folds = metric.classes.iter().flat_map(|class| {
            class
                .folds
                .iter()
                .map(|word| format!("({word:?}, Self::{})", pascal(&class.name)))
        });
        out.line("/// The raw values that are folded into each class.");
        out.line(format!(
            "pub const FOLDS: &'static [(&'static str, Self)] = {};",
            rows(folds.collect())
        ));
        out.line("/// The class of all raw values that are not listed.");
        out.line(format!("pub const REST: Self = Self::{rest};"));
    }
}

/// The one way to make a class of a composite: out of the classes that it joins.
fn joining(out: &mut Out, metrics: &[Whole<'_>], metric: &Metric, cells: &Cells) {
    let parts: Vec<&Metric> = metric
        .axes
        .iter()
        .filter_map(|axis| {
            metrics
                .iter()
                .map(|(m, _)| *m)
                .find(|m| m.name == axis.metric)
        })
        .collect();
    let takes: Vec<String> = parts
        .iter()
        .map(|m| format!("{}: {}", m.name, pascal(&m.name)))
        .collect();
    let names: Vec<&str> = parts.iter().map(|m| m.name.as_str()).collect();
    out.line(format!("impl {} {{", pascal(&metric.name)));
    out.line("/// `None` for a playback that does not count for this metric.");
    out.line(format!(
        "pub fn of({}) -> Option<Self> {{",
        takes.join(", ")
    ));
    out.line(format!("Some(match ({}) {{", names.join(", ")));
    for (groups, cell) in &cells.of_groups {
        let patterns = groups.iter().enumerate().map(|(axis, group)| {
            let classes = cells.group_of_class[axis].iter().enumerate();
            let inside = classes.filter(|(_, own)| **own == Some(*group));
            let names = inside.map(|(at, _)| {
                format!(
                    "{}::{}",
                    pascal(&parts[axis].name),
                    pascal(&parts[axis].classes[at].name)
                )
            });
            names.collect::<Vec<_>>().join(" | ")
        });
        let patterns: Vec<String> = patterns.collect();
        let class = pascal(&cells.cells[*cell].name);
        out.line(format!("({}) => Self::{class},", patterns.join(", ")));
    }
    let is_total = cells.group_of_class.iter().flatten().all(Option::is_some);
    if !is_total {
        out.line("_ => return None,");
    }
    out.line("}) } }");
}

fn bundle(out: &mut Out, name: &str, purpose: &str, metrics: &[Whole<'_>], kinds: &[Kind]) {
    out.line(format!("/// {purpose}"));
    out.line("#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]");
    out.line(format!("pub struct {name} {{"));
    for (metric, _) in metrics.iter().filter(|(m, _)| kinds.contains(&m.kind)) {
        out.line(format!("/// {}", metric.question));
        out.line(format!("pub {}: {},", metric.name, pascal(&metric.name)));
    }
    out.line("}");
}

fn samples(out: &mut Out, metrics: &[Whole<'_>], playing: &[Kind]) {
    let of = |kinds: &[Kind]| -> Vec<String> {
        let own = metrics.iter().filter(|(m, _)| kinds.contains(&m.kind));
        own.map(|(m, _)| format!("self.{}.into()", m.name))
            .collect()
    };
    out.line("impl Facts {");
    out.line("/// One sample of each metric about the box.");
    out.line(format!(
        "pub fn samples(&self) -> Vec<Sample> {{ vec![{}] }} }}",
        of(&[Kind::Box]).join(", ")
    ));
    out.line("impl Playback {");
    out.line("/// One sample of each metric that this playback counts for, composites included.");
    out.line("pub fn samples(&self, facts: &Facts) -> Vec<Sample> {");
    out.line(format!(
        "let mut samples: Vec<Sample> = vec![{}];",
        of(playing).join(", ")
    ));
    for (metric, _) in metrics.iter().filter(|(m, _)| m.kind == Kind::Composite) {
        let parts = metric.axes.iter().map(|axis| {
            let is_fact = metrics
                .iter()
                .any(|(m, _)| m.name == axis.metric && m.kind == Kind::Box);
            format!("{}.{}", if is_fact { "facts" } else { "self" }, axis.metric)
        });
        let parts: Vec<String> = parts.collect();
        let name = pascal(&metric.name);
        out.line(format!(
            "samples.extend({name}::of({}).map(Sample::from));",
            parts.join(", ")
        ));
    }
    out.line("samples } }");
}

fn text_of(out: &mut Out, metric: &Metric, cells: &Cells) {
    out.line("MetricText {");
    out.line(format!("metric: Metric::{},", pascal(&metric.name)));
    out.line(format!(
        "name: {:?}, question: {:?},",
        metric.name, metric.question
    ));
    out.line(format!(
        "category: {:?}, kind: Kind::{:?},",
        metric.category.name(),
        metric.kind
    ));
    let unit = (!metric.unit.is_empty()).then_some(&metric.unit);
    out.line(format!("unit: {unit:?}, example: {:?},", metric.example));
    out.line(format!(
        "since: {}, expires: {:?}, note: {:?},",
        metric.since,
        metric.expires.to_string(),
        metric.note
    ));
    out.line("classes: &[");
    let mut index = 0;
    let mut class = |name: &str, label: &str, declared: Option<&super::registry::Class>| {
        let (below, above) = declared.map_or((None, None), |class| (class.below, class.above));
        let (folds, rest) =
            declared.map_or((&[][..], false), |class| (&class.folds[..], class.rest));
        out.line(format!(
            "ClassText {{ index: {index}, name: {name:?}, label: {label:?}, key: \"{}.{name}\", below: {below:?}, above: {above:?}, folds: &{folds:?}, rest: {rest} }},",
            metric.name,
        ));
        index += 1;
    };
    if !metric.nothing.is_empty() {
        class("nothing", &metric.nothing, None);
    }
    for cell in &cells.cells {
        let declared = metric.classes.iter().find(|class| class.name == cell.name);
        class(&cell.name, &cell.label, declared);
    }
    out.line("] },");
}

fn table_text(out: &mut Out, table: &Table) {
    let expires = table.expires.map(|week| week.to_string());
    out.line(format!(
        "TableText {{ name: {:?}, question: {:?}, leaves: Leaves::{:?},",
        table.name, table.question, table.leaves
    ));
    out.line(format!(
        "since: {}, expires: {expires:?}, note: {:?}, columns: &[",
        table.since, table.note
    ));
    for column in &table.columns {
        out.line(format!(
            "ColumnText {{ name: {:?}, label: {:?}, holds: Holds::{:?}, metric: {:?} }},",
            column.name, column.label, column.holds, column.metric
        ));
    }
    out.line("] },");
}

/// The name of a type or variant for words joined by `_` or `/`.
fn pascal(name: &str) -> String {
    let words = name.split(['_', '/']);
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

fn sentence(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
