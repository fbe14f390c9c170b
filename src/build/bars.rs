//! The bars that need no chance: how many files and boxes are behind each answer, and the budget.
//!
//! Never: a bar lowered for a metric.

use super::catalogue::{Catalogue, Marginals};
use super::chances::{Features, Table, tables};
use super::facts::facts;
use super::lens::{Lens, Play};
use super::registry::{Fault, Kind, Registry};
use super::world::World;

/// Least share of the files, or of the boxes, behind an answer: then it tells 5.65 bits at most.
pub const LEAST_SHARE: f64 = 0.02;

/// One answer and the share of files or boxes that can give it.
#[derive(Clone, Debug)]
pub struct Share {
    pub metric: String,
    pub cell: String,
    pub share: f64,
    /// Of what: the name of a catalogue, or the fleet.
    pub of: String,
}

impl Share {
    /// Bits that the answer tells about which of them it is.
    pub fn bits(&self) -> f64 {
        self.share.recip().log2()
    }

    fn check(&self) -> Result<(), Fault> {
        if self.share >= LEAST_SHARE {
            return Ok(());
        }
        let what = format!(
            "cell `{}` stands for {:.2}% of {}, and {:.0}% is the least",
            self.cell,
            self.share * 100.0,
            self.of,
            LEAST_SHARE * 100.0,
        );
        Err(Fault::of(&self.metric, what))
    }
}

/// For every answer the share of a catalogue's files that can give it.
///
/// # Errors
/// A metric without a class for what happens in the made-up world.
pub fn file_shares(
    marginals: &Marginals,
    lens: &Lens,
    catalogue: &Catalogue,
) -> Result<Vec<Share>, Fault> {
    let world = World { marginals, lens };
    let files = marginals.files(catalogue);
    let tables = tables(&world, &files, Features::AllUsed)?;
    let mut shares = Vec::new();
    for (view, table) in lens.views.iter().zip(&tables) {
        for (cell, name) in view.cells.iter().enumerate() {
            shares.push(Share {
                metric: view.name.clone(),
                cell: name.clone(),
                share: behind(table, cell) as f64 / files.len() as f64,
                of: format!("the files of catalogue `{}`", catalogue.name),
            });
        }
    }
    Ok(shares)
}

fn behind(table: &Table, cell: usize) -> usize {
    let can = table
        .groups
        .iter()
        .filter(|group| group.chances[cell] > 0.0);
    can.map(|group| group.files).sum()
}

/// For every class of a fact about the box its share of the fleet.
///
/// # Errors
/// As [`file_shares`].
pub fn box_shares(marginals: &Marginals, lens: &Lens) -> Result<Vec<Share>, Fault> {
    let world = World { marginals, lens };
    let mut shares = Vec::new();
    for view in lens.views.iter().filter(|view| view.kind == Kind::Box) {
        let mut sums = vec![0.0; view.cells.len()];
        for (_, entries) in facts(&world)
            .into_iter()
            .filter(|(name, _)| *name == view.name)
        {
            for (raw, share) in entries {
                let mut play = Play::default();
                lens.put(&mut play, &view.name, raw)?;
                sums[view.cell(&play).expect("just put there")] += share;
            }
        }
        shares.extend(view.cells.iter().zip(sums).map(|(cell, share)| Share {
            metric: view.name.clone(),
            cell: cell.clone(),
            share,
            of: "the fleet".to_owned(),
        }));
    }
    Ok(shares)
}

/// What a box spends in a week and in a year, in thousandths of epsilon.
pub fn spending(registry: &Registry) -> (u32, u32) {
    let week = registry.epsilon_milli() * registry.reports_a_week;
    (week, week * registry.weeks_a_year)
}

/// Checks every answer and the budget.
///
/// # Errors
/// The first answer with too little behind it, by name.
pub fn check(registry: &Registry, marginals: &Marginals) -> Result<(), Fault> {
    check_budget(registry)?;
    let lens = Lens::new(registry)?;
    for share in box_shares(marginals, &lens)? {
        share.check()?;
    }
    for catalogue in &marginals.catalogue {
        for share in file_shares(marginals, &lens, catalogue)? {
            share.check()?;
        }
    }
    Ok(())
}

/// What every report is booked with, whatever the registry: noise of another strength is another promise.
const EPSILON_A_REPORT: f64 = 0.2;
const MOST_REPORTS_A_WEEK: u32 = 5;
const MOST_WEEKS_A_YEAR: u32 = 26;

/// Epsilon 0.2 a report, five reports a week at most, 26 weeks a year at most: 1.0 and 26.0.
///
/// # Errors
/// Where it is something else.
pub fn check_budget(registry: &Registry) -> Result<(), Fault> {
    let fault = |what: String| Err(Fault::of("", what));
    let epsilon = registry.epsilon_a_report;
    // Written the same, so read the same; and not a number is none of it.
    if epsilon.to_bits() != EPSILON_A_REPORT.to_bits() {
        return fault(format!(
            "epsilon {epsilon} a report, it must be {EPSILON_A_REPORT}"
        ));
    }
    let reports = registry.reports_a_week;
    if !(1..=MOST_REPORTS_A_WEEK).contains(&reports) {
        return fault(format!(
            "{reports} reports a week, it must be 1 to {MOST_REPORTS_A_WEEK}"
        ));
    }
    let weeks = registry.weeks_a_year;
    if !(1..=MOST_WEEKS_A_YEAR).contains(&weeks) {
        return fault(format!(
            "reports in {weeks} weeks a year, it must be 1 to {MOST_WEEKS_A_YEAR}"
        ));
    }
    Ok(())
}
