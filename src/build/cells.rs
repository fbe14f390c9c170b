//! The answers of each metric, composites multiplied out.
//!
//! Never: how likely an answer is.

use super::registry::{Axis, Fault, Kind, MOST_CELLS, Metric, Registry};

/// One answer that a report can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Parts of a composite are joined by `/`.
    pub name: String,
    pub label: String,
}

/// The answers of one metric, without `nothing`.
#[derive(Clone, Debug)]
pub struct Cells {
    pub cells: Vec<Cell>,
    /// Of a composite: each combination of groups, one an axis, and the cell that it counts to.
    pub of_groups: Vec<(Vec<usize>, usize)>,
    /// Of a composite: for each axis the group of each class of its metric.
    pub group_of_class: Vec<Vec<Option<usize>>>,
}

impl Cells {
    /// The cell of one class an axis; `None` outside the groups.
    pub fn joined(&self, classes: &[usize]) -> Option<usize> {
        let groups: Option<Vec<usize>> = classes
            .iter()
            .zip(&self.group_of_class)
            .map(|(class, groups)| groups[*class])
            .collect();
        let groups = groups?;
        let found = self.of_groups.iter().find(|(own, _)| *own == groups);
        found.map(|(_, cell)| *cell)
    }
}

/// The answers of `metric`.
///
/// # Errors
/// More of them than [`MOST_CELLS`], a fold that names no answer, or two answers of one name.
pub fn cells_of(registry: &Registry, metric: &Metric) -> Result<Cells, Fault> {
    let cells = unlimited(registry, metric)?;
    let count = cells.cells.len() + usize::from(!metric.nothing.is_empty());
    if count > MOST_CELLS {
        let what = format!("{count} classes, the most is {MOST_CELLS}");
        return Err(Fault::of(&metric.name, what));
    }
    Ok(cells)
}

/// As [`cells_of`], however many there are.
///
/// # Errors
/// See there.
pub fn unlimited(registry: &Registry, metric: &Metric) -> Result<Cells, Fault> {
    if metric.kind != Kind::Composite {
        let cell = |class: &super::registry::Class| Cell {
            name: class.name.clone(),
            label: class.label.clone(),
        };
        return Ok(Cells {
            cells: metric.classes.iter().map(cell).collect(),
            of_groups: Vec::new(),
            group_of_class: Vec::new(),
        });
    }
    let axes: Vec<Split> = metric
        .axes
        .iter()
        .map(|axis| split(registry, axis))
        .collect();
    let mut combinations: Vec<(Vec<usize>, Cell)> = vec![(
        Vec::new(),
        Cell {
            name: String::new(),
            label: String::new(),
        },
    )];
    for axis in &axes {
        let longer = combinations.iter().flat_map(|(groups, cell)| {
            axis.groups.iter().enumerate().map(move |(at, group)| {
                let groups = groups.iter().copied().chain([at]).collect();
                // An axis of one group is a condition: it goes without saying.
                let next = if axis.groups.len() > 1 {
                    join(cell, group)
                } else {
                    cell.clone()
                };
                (groups, next)
            })
        });
        combinations = longer.collect();
    }
    let group_of_class = axes.into_iter().map(|axis| axis.group_of_class).collect();
    folded(metric, combinations, group_of_class)
}

fn folded(
    metric: &Metric,
    combinations: Vec<(Vec<usize>, Cell)>,
    group_of_class: Vec<Vec<Option<usize>>>,
) -> Result<Cells, Fault> {
    for from in metric.fold.iter().flat_map(|fold| &fold.from) {
        if !combinations.iter().any(|(_, cell)| cell.name == *from) {
            let what = format!("there is no `{from}` to fold");
            return Err(Fault::of(&metric.name, what));
        }
    }
    let mut cells: Vec<Cell> = Vec::new();
    let mut of_groups = Vec::new();
    for (groups, cell) in combinations {
        let fold = metric
            .fold
            .iter()
            .find(|fold| fold.from.contains(&cell.name));
        let cell = fold.map_or(cell, |fold| Cell {
            name: fold.into.clone(),
            label: fold.label.clone(),
        });
        let at = cells.iter().position(|own| own.name == cell.name);
        let at = at.unwrap_or(cells.len());
        if at == cells.len() {
            cells.push(cell);
        } else if cells[at] != cell {
            let what = format!("`{}` is there already", cell.name);
            return Err(Fault::of(&metric.name, what));
        }
        of_groups.push((groups, at));
    }
    Ok(Cells {
        cells,
        of_groups,
        group_of_class,
    })
}

/// One axis, taken apart into its groups.
struct Split {
    groups: Vec<Cell>,
    group_of_class: Vec<Option<usize>>,
}

fn split(registry: &Registry, axis: &Axis) -> Split {
    let part = registry
        .metric(&axis.metric)
        .expect("checked when it was read");
    if axis.groups.is_empty() {
        let cell = |class: &super::registry::Class| Cell {
            name: class.name.clone(),
            label: class.label.clone(),
        };
        return Split {
            groups: part.classes.iter().map(cell).collect(),
            group_of_class: (0..part.classes.len()).map(Some).collect(),
        };
    }
    let group_of = |name: &String| {
        axis.groups
            .iter()
            .position(|group| group.classes.contains(name))
    };
    Split {
        groups: axis
            .groups
            .iter()
            .map(|group| Cell {
                name: group.name.clone(),
                label: group.label.clone(),
            })
            .collect(),
        group_of_class: part
            .classes
            .iter()
            .map(|class| group_of(&class.name))
            .collect(),
    }
}

fn join(a: &Cell, b: &Cell) -> Cell {
    if a.name.is_empty() {
        return b.clone();
    }
    Cell {
        name: format!("{}/{}", a.name, b.name),
        label: format!("{}, {}", a.label, b.label),
    }
}
