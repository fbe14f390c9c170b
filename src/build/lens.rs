//! A registry made quick to look through: from what happened to the cell of each metric.
//!
//! Never: how likely it is.

use super::cells::{Cells, unlimited};
use super::registry::{Fault, Kind, Metric, Registry};

/// Most metrics that are not composites.
const SLOTS: usize = 32;
/// The class of what did not happen, or is not in this registry.
const NONE: u16 = u16::MAX;

/// One made-up playback: the class of each metric that is no composite, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Play([u16; SLOTS]);

impl Default for Play {
    fn default() -> Self {
        Self([NONE; SLOTS])
    }
}

impl Play {
    /// The class of the metric at a place.
    pub fn class(&self, slot: usize) -> Option<usize> {
        let class = self.0[slot];
        (class != NONE).then_some(usize::from(class))
    }
}

/// A raw value of the made-up world.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    Number(u32),
    Word(&'a str),
    Class(&'a str),
}

/// One metric, ready to be looked up.
#[derive(Clone, Debug)]
pub struct View {
    pub name: String,
    pub kind: Kind,
    pub cells: Vec<String>,
    /// Places of the metrics that it joins; its own alone for one that joins none.
    pub slots: Vec<usize>,
    radixes: Vec<usize>,
    /// Cell by combination of classes, the first axis slowest; empty for one that joins none.
    table: Vec<u16>,
}

/// All metrics of a registry.
#[derive(Clone, Debug)]
pub struct Lens {
    pub views: Vec<View>,
    /// The metric behind each place.
    bases: Vec<Metric>,
    /// The mark of each one's name: names are looked up tens of millions of times.
    marks: Vec<u32>,
}

impl Lens {
    /// Takes the registry apart.
    ///
    /// # Errors
    /// A composite that cannot be multiplied out.
    pub fn new(registry: &Registry) -> Result<Self, Fault> {
        let is_base = |metric: &&Metric| metric.kind != Kind::Composite;
        let bases: Vec<Metric> = registry.metrics.iter().filter(is_base).cloned().collect();
        if bases.len() > SLOTS {
            return Err(Fault::of("", format!("more than {SLOTS} metrics")));
        }
        let mut lens = Self {
            views: Vec::new(),
            marks: bases.iter().map(|base| mark_of(&base.name)).collect(),
            bases,
        };
        for metric in &registry.metrics {
            let cells = unlimited(registry, metric)?;
            let view = lens.view(metric, &cells);
            lens.views.push(view);
        }
        Ok(lens)
    }

    fn view(&self, metric: &Metric, cells: &Cells) -> View {
        let place = |name: &str| self.slot(name).expect("checked when it was read");
        let names = cells.cells.iter().map(|cell| cell.name.clone()).collect();
        let mut view = View {
            name: metric.name.clone(),
            kind: metric.kind,
            cells: names,
            slots: metric.axes.iter().map(|axis| place(&axis.metric)).collect(),
            radixes: cells.group_of_class.iter().map(Vec::len).collect(),
            table: Vec::new(),
        };
        if metric.kind == Kind::Composite {
            let size = view.radixes.iter().product();
            view.table = (0..size).map(|at| view.joined(cells, at)).collect();
        } else {
            view.slots = vec![place(&metric.name)];
        }
        view
    }

    /// The place of the metric `name`, if this registry has it.
    pub fn slot(&self, name: &str) -> Option<usize> {
        // A plain loop: without optimization, as builds and tests have it, an iterator takes three times as long.
        let (mark, marks) = (mark_of(name), self.marks.as_slice());
        let mut at = 0;
        while at < marks.len() {
            if marks[at] == mark && self.bases[at].name == name {
                return Some(at);
            }
            at += 1;
        }
        None
    }

    /// Classes of the metric at a place.
    pub fn classes_at(&self, slot: usize) -> usize {
        self.bases[slot].classes.len()
    }

    /// Puts a raw value into its class; a metric that the registry does not have is left out.
    ///
    /// # Errors
    /// A value that the metric has no class for.
    pub fn put(&self, play: &mut Play, name: &str, raw: Raw<'_>) -> Result<(), Fault> {
        self.slot(name)
            .map_or(Ok(()), |slot| self.put_at(play, slot, raw))
    }

    /// As [`Self::put`], at a place that was looked up before.
    ///
    /// # Errors
    /// See there.
    pub fn put_at(&self, play: &mut Play, slot: usize, raw: Raw<'_>) -> Result<(), Fault> {
        play.0[slot] = class_of(&self.bases[slot], raw)?;
        Ok(())
    }

    /// Says a class as such.
    pub fn set(&self, play: &mut Play, name: &str, class: usize) {
        if let Some(slot) = self.slot(name) {
            play.0[slot] = narrow(class);
        }
    }

    /// The class of a raw value; `None` when the registry does not have the metric.
    ///
    /// # Errors
    /// A value that the metric has no class for.
    pub fn class(&self, name: &str, raw: Raw<'_>) -> Result<Option<usize>, Fault> {
        let Some(slot) = self.slot(name) else {
            return Ok(None);
        };
        class_of(&self.bases[slot], raw).map(|class| Some(usize::from(class)))
    }
}

impl View {
    fn joined(&self, cells: &Cells, mut at: usize) -> u16 {
        let mut classes = vec![0; self.radixes.len()];
        for (axis, radix) in self.radixes.iter().enumerate().rev() {
            classes[axis] = at % radix;
            at /= radix;
        }
        cells.joined(&classes).map_or(NONE, narrow)
    }

    /// The cell that a playback falls into; `None` when it does not count for the metric.
    pub fn cell(&self, play: &Play) -> Option<usize> {
        if self.table.is_empty() {
            let class = play.0[self.slots[0]];
            return (class != NONE).then_some(usize::from(class));
        }
        let mut at = 0;
        for (slot, radix) in self.slots.iter().zip(&self.radixes) {
            let class = play.0[*slot];
            if class == NONE {
                return None;
            }
            at = at * radix + usize::from(class);
        }
        let cell = self.table[at];
        (cell != NONE).then_some(usize::from(cell))
    }
}

/// Length and ends of a name: the same for the same name.
fn mark_of(name: &str) -> u32 {
    let (first, last) = match name.as_bytes() {
        [] => (0, 0),
        [only] => (*only, *only),
        [first, .., last] => (*first, *last),
    };
    (name.len() as u32) << 16 | u32::from(first) << 8 | u32::from(last)
}

fn class_of(metric: &Metric, raw: Raw<'_>) -> Result<u16, Fault> {
    let classes = &metric.classes;
    let found = match raw {
        Raw::Number(number) => classes
            .iter()
            .position(|class| class.below.is_some_and(|below| number < below))
            .or_else(|| classes.iter().position(|class| class.above.is_some())),
        Raw::Word(word) => classes
            .iter()
            .position(|class| class.folds.iter().any(|own| own == word))
            .or_else(|| classes.iter().position(|class| class.rest)),
        Raw::Class(name) => classes.iter().position(|class| class.name == name),
    };
    found.map(narrow).ok_or_else(|| {
        Fault::of(
            &metric.name,
            format!("the made-up world says {raw:?}, which has no class"),
        )
    })
}

fn narrow(index: usize) -> u16 {
    u16::try_from(index).expect("fewer answers than that")
}
