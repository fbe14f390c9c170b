//! P4: who sees every upload, but not from whom, cannot tell which two are of one box.

use std::collections::HashMap;

use crate::build::catalogue::File;
use crate::build::chance::Seeded;
use crate::build::lens::Lens;
use crate::build::world::World;
use crate::house::{LENS, MARGINALS, REGISTRY};
use crate::households::Household;
use crate::plays::Plays;

const BOXES: u32 = 20_000;
const WEEKS: usize = 12;
/// Weeks of a year, for the share of them in which a box reports.
const WEEKS_A_YEAR: f64 = 52.0;
/// Most often that the best guess at a box's next row may be right.
pub const MOST_LINKED: f64 = 0.0025;
/// Rows of whole boxes that are linked, each compared with all of the next two weeks.
const JOINT_TRIALS: usize = 200;

/// What the adversary sees of one metric, with what is true beside it.
#[derive(Clone, Copy, Debug)]
struct Row {
    week: usize,
    cell: u32,
    /// Week and cell of the same box's next row.
    next: Option<(usize, u32)>,
}

/// All uploads of the fleet, by metric.
pub struct Uploads {
    rows: Vec<Vec<Row>>,
}

impl Uploads {
    /// Lets the fleet report for twelve weeks of a year in which each box reports in its share of the weeks;
    /// of all uploads, those of `judged` are kept.
    pub fn of_fleet(lens: &Lens, files: &[File], seed: u64, judged: &[usize]) -> Self {
        let world = World {
            marginals: &MARGINALS,
            lens,
        };
        let mut random = Seeded::new(seed);
        let mut plays = Plays::new(&world);
        let mut rows: Vec<Vec<Row>> = vec![Vec::new(); lens.views.len()];
        for number in 0..BOXES {
            let mut household = Household::draw(&world, &mut random, number, files);
            let mut last: Vec<Option<usize>> = vec![None; lens.views.len()];
            for week in 0..WEEKS {
                household.pass_week(&world, &mut random);
                if !random.is(reporting()) {
                    continue;
                }
                let mut metrics = drawn(&mut random, lens.views.len());
                metrics.retain(|metric| judged.contains(metric));
                let cells = household.answers(&mut plays, &mut random, files, lens, &metrics);
                for (metric, cell) in metrics.into_iter().zip(cells) {
                    let own = &mut rows[metric];
                    if let Some(before) = last[metric].replace(own.len()) {
                        own[before].next = Some((week, cell));
                    }
                    own.push(Row {
                        week,
                        cell,
                        next: None,
                    });
                }
            }
        }
        Self { rows }
    }

    /// How often the best guess at the next row is right, over all rows that have one. The adversary
    /// knows how boxes change in general, learnt from the very rows that it links, and that there is a
    /// next row.
    pub fn linked(&self, metric: usize) -> f64 {
        let rows = &self.rows[metric];
        let mut there: HashMap<(usize, u32), f64> = HashMap::new();
        let mut gaps = [0.0; WEEKS];
        let mut changes: HashMap<u32, HashMap<u32, f64>> = HashMap::new();
        for row in rows {
            *there.entry((row.week, row.cell)).or_default() += 1.0;
            if let Some((week, cell)) = row.next {
                gaps[week - row.week] += 1.0;
                *changes
                    .entry(row.cell)
                    .or_default()
                    .entry(cell)
                    .or_default() += 1.0;
            }
        }
        let mut best: HashMap<(usize, u32), ((usize, u32), f64)> = HashMap::new();
        let (mut right, mut count) = (0.0, 0.0);
        for row in rows {
            let Some(next) = row.next else { continue };
            let (guess, others) = *best.entry((row.week, row.cell)).or_insert_with(|| {
                let later = (row.week + 1..WEEKS).flat_map(|week| {
                    changes[&row.cell]
                        .iter()
                        .map(move |(cell, often)| ((week, *cell), often))
                });
                let scored = later.filter_map(|(place, often)| {
                    let others = there.get(&place)?;
                    Some((place, *others, gaps[place.0 - row.week] * often / others))
                });
                let best = scored.max_by(|a, b| a.2.total_cmp(&b.2).then(b.0.cmp(&a.0)));
                best.map_or((next, f64::INFINITY), |(place, others, _)| (place, others))
            });
            count += 1.0;
            if guess == next {
                right += 1.0 / others;
            }
        }
        right / f64::max(count, 1.0)
    }
}

/// The share of weeks in which a box reports.
fn reporting() -> f64 {
    f64::from(REGISTRY.weeks_a_year) / WEEKS_A_YEAR
}

fn drawn(random: &mut Seeded, metrics: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..metrics).collect();
    (0..REGISTRY.reports_a_week)
        .map(|_| left.swap_remove(random.below(left.len())))
        .collect()
}

/// How often the same adversary links the next row of a box, were all its metrics one row.
fn linked_together(lens: &Lens, files: &[File], seed: u64) -> f64 {
    let world = World {
        marginals: &MARGINALS,
        lens,
    };
    let mut random = Seeded::new(seed);
    let mut plays = Plays::new(&world);
    let all: Vec<usize> = (0..lens.views.len()).collect();
    // Three weeks of all boxes, each with a row where it reports.
    let mut rows: Vec<[Option<Vec<u32>>; 3]> = Vec::new();
    for number in 0..BOXES {
        let mut household = Household::draw(&world, &mut random, number, files);
        rows.push([(); 3].map(|()| {
            household.pass_week(&world, &mut random);
            let reports = random.is(reporting());
            reports.then(|| household.answers(&mut plays, &mut random, files, lens, &all))
        }));
    }
    let odds = Odds::learn(lens, &rows);
    let mut right = 0.0;
    let mut count = 0;
    for (number, own) in rows.iter().enumerate() {
        let (Some(first), true) = (&own[0], count < JOINT_TRIALS) else {
            continue;
        };
        // The next row of a box is next week's, or else that of the week after.
        let Some(next) = (1..3).find(|week| own[*week].is_some()) else {
            continue;
        };
        count += 1;
        let scores = odds.of(first);
        let (mut best, mut ties, mut is_own) = (f64::NEG_INFINITY, 0.0, false);
        for (other, weeks) in rows.iter().enumerate() {
            for (week, row) in weeks.iter().enumerate().skip(1) {
                let Some(row) = row else { continue };
                let gap = if week == 1 {
                    0.0
                } else {
                    (1.0 - reporting()).ln()
                };
                let score = gap + Odds::score(&scores, row);
                if score > best {
                    (best, ties, is_own) = (score, 0.0, false);
                }
                if score >= best {
                    ties += 1.0;
                    is_own |= other == number && week == next;
                }
            }
        }
        right += if is_own { 1.0 / ties } else { 0.0 };
    }
    right / count as f64
}

/// For each metric how much likelier a change is for one box than for any two.
struct Odds(Vec<HashMap<(u32, u32), f64>>);

impl Odds {
    fn learn(lens: &Lens, rows: &[[Option<Vec<u32>>; 3]]) -> Self {
        let metrics = 0..lens.views.len();
        let of_metric = |metric: usize| {
            let mut pairs: HashMap<(u32, u32), f64> = HashMap::new();
            let mut before: HashMap<u32, f64> = HashMap::new();
            let mut after: HashMap<u32, f64> = HashMap::new();
            let mut count = 0.0;
            for [first, second, _] in rows {
                if let (Some(first), Some(second)) = (first, second) {
                    *pairs.entry((first[metric], second[metric])).or_default() += 1.0;
                    *before.entry(first[metric]).or_default() += 1.0;
                    *after.entry(second[metric]).or_default() += 1.0;
                    count += 1.0;
                }
            }
            let odds = pairs.into_iter().map(|(pair, often)| {
                // A little of independence, so that a rare change is no certainty.
                let expected: f64 = before[&pair.0] * after[&pair.1] / count;
                (pair, ((often + expected * 0.1) / (expected * 1.1)).ln())
            });
            odds.collect()
        };
        Self(metrics.map(of_metric).collect())
    }

    /// By metric and cell, what a later row adds to the score of `first`.
    fn of(&self, first: &[u32]) -> Vec<Vec<f64>> {
        let never = 0.1_f64.ln();
        first
            .iter()
            .zip(&self.0)
            .map(|(cell, odds)| {
                let own = odds.iter().filter(|((before, _), _)| before == cell);
                let mut scores = vec![never; 128];
                for ((_, after), score) in own {
                    scores[*after as usize] = *score;
                }
                scores
            })
            .collect()
    }

    fn score(scores: &[Vec<f64>], row: &[u32]) -> f64 {
        scores
            .iter()
            .zip(row)
            .map(|(scores, cell)| scores[*cell as usize])
            .sum()
    }
}

#[test]
fn no_metric_links_the_reports_of_a_box() {
    let files = MARGINALS.files(&MARGINALS.catalogue[0]);
    let all: Vec<usize> = (0..LENS.views.len()).collect();
    let uploads = Uploads::of_fleet(&LENS, &files, 4, &all);
    println!(
        "P4: {BOXES} boxes, {WEEKS} weeks, the best guess at a box's next row right at most {:.2}% of the time:",
        MOST_LINKED * 100.0
    );
    let mut most = 0.0_f64;
    for (metric, view) in LENS.views.iter().enumerate() {
        let linked = uploads.linked(metric);
        println!(
            "  {:22} {:6} rows, linked {:.4}%",
            view.name,
            uploads.rows[metric].len(),
            linked * 100.0
        );
        assert!(linked <= MOST_LINKED, "{}: {linked}", view.name);
        most = most.max(linked);
    }
    let together = linked_together(&LENS, &files, 5);
    println!(
        "P4: all metrics of a box together: linked {:.1}%, {:.0} times the worst metric alone",
        together * 100.0,
        together / most
    );
    assert!(
        together >= 10.0 * most,
        "an adversary that finds nothing proves nothing"
    );
}
