//! Figures, their targets and their peers, printed as a table and written as JSON.
//! Never: rounding that turns a miss into a hit.

use serde_json::{Value, json};

/// One measurement's rows.
pub struct Report {
    name: &'static str,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    unit: &'static str,
    /// In the order they were measured.
    values: Vec<f64>,
    target: Option<Target>,
    met: Option<bool>,
}

/// What a figure has to be, in the row's unit.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            rows: Vec::new(),
        }
    }

    /// A figure for comparison: repeated values, without a target.
    pub fn figure(&mut self, what: impl Into<String>, unit: &'static str, values: &[f64]) {
        self.row(what.into(), unit, values, None);
    }

    /// A figure with a target; the median has to meet it.
    pub fn target(
        &mut self,
        what: impl Into<String>,
        unit: &'static str,
        values: &[f64],
        target: Target,
    ) {
        self.row(what.into(), unit, values, Some(target));
    }

    fn row(&mut self, what: String, unit: &'static str, values: &[f64], target: Option<Target>) {
        let middle = median(values);
        let met = target.map(|target| match target {
            Target::AtMost(most) => middle <= most,
            Target::AtLeast(least) => middle >= least,
        });
        let row = Row {
            what,
            unit,
            values: values.to_vec(),
            target,
            met,
        };
        println!("   {}", row.line());
        self.rows.push(row);
    }

    /// Writes the JSON; whether every target was met.
    pub fn finish(self) -> bool {
        let met = self.rows.iter().all(|row| row.met != Some(false));
        let text = serde_json::to_string_pretty(&self.json()).expect("figures are JSON");
        let path = crate::folder().join(format!("{}.json", self.name));
        std::fs::write(&path, text + "\n").expect("results can be written");
        println!(
            "   {} ({})",
            if met {
                "every target met"
            } else {
                "a target was MISSED"
            },
            path.display()
        );
        met
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({"name": self.name, "machine": machine(), "measured_at": jiff::Timestamp::now().to_string(), "rows": rows})
    }
}

impl Row {
    fn line(&self) -> String {
        let (least, most) = ends(&self.values);
        let spread = match self.values.len() {
            1 => String::new(),
            n => format!("  ({} to {}, {n} runs)", short(least), short(most)),
        };
        let verdict = match (self.target, self.met) {
            (Some(Target::AtMost(limit)), Some(met)) => {
                format!("  target <= {}: {}", short(limit), word(met))
            }
            (Some(Target::AtLeast(limit)), Some(met)) => {
                format!("  target >= {}: {}", short(limit), word(met))
            }
            _ => String::new(),
        };
        format!(
            "{:44} {:>9} {}{spread}{verdict}",
            self.what,
            short(median(&self.values)),
            self.unit
        )
    }

    fn json(&self) -> Value {
        let (least, most) = ends(&self.values);
        let target = self.target.map(|target| match target {
            Target::AtMost(limit) => json!({"at_most": limit}),
            Target::AtLeast(limit) => json!({"at_least": limit}),
        });
        json!({
            "what": self.what, "unit": self.unit, "median": median(&self.values), "least": least, "most": most,
            "values": self.values, "target": target, "met": self.met,
        })
    }
}

fn word(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// The value that `percent` of the values do not exceed; 0 without values.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

fn ends(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &v| {
            (least.min(v), most.max(v))
        })
}

/// What the figures were measured on.
fn machine() -> Value {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(": ").nth(1));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    json!({"arch": std::env::consts::ARCH, "cpu": model, "cores": cores, "kernel": kernel.trim()})
}
