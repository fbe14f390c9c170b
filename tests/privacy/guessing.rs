//! P2: who sees one report, and knows the whole made-up world, still cannot guess the file.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::build::catalogue::{Catalogue, File};
use crate::build::chance::Seeded;
use crate::build::chances::{Alike, Features, Table, tables};
use crate::build::lens::{Lens, Play};
use crate::build::world::World;
use crate::house::{LENS, MARGINALS};
use crate::plays::Plays;
use crate::trials::{any_play, best_guesses, contradicted, play};

/// Playbacks drawn for each catalogue; every one of them is a trial of every metric that it counts for.
const TRIALS: usize = 1_000_000;
/// An answer that fewer playbacks gave is judged by the figures alone, which the trials of all must bear out.
const LEAST_TRIALS: usize = 10_000;
/// Most often that the best guess may be right.
pub const MOST_TOP_1: f64 = 0.001;
const LINKED_TRIALS: usize = 1_000;

/// How often the best guess is right, given each answer of a metric and all files as likely before: by the chances
/// themselves.
pub fn exact_guesses(table: &Table) -> Vec<f64> {
    let guess = |(cell, (kind, _)): (usize, (u32, usize))| {
        let weight = |group: &Alike| group.files as f64 * group.chances[cell];
        let total: f64 = table.groups.iter().map(weight).sum();
        table.groups[kind as usize].chances[cell] / total
    };
    best_guesses(table)
        .into_iter()
        .enumerate()
        .map(guess)
        .collect()
}

/// What a rate is not above at 99%, after `right` of `trials` (Clopper and Pearson, one side).
fn upper_bound(right: usize, trials: usize) -> f64 {
    let at_most = |rate: f64| {
        let (mut term, mut sum) = (trials as f64 * (1.0 - rate).ln(), 0.0);
        for k in 0..=right {
            sum += term.exp();
            term += ((trials - k) as f64 / (k + 1) as f64 * rate / (1.0 - rate)).ln();
        }
        sum
    };
    let (mut low, mut high) = (right as f64 / trials as f64, 1.0 - 1e-12);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(middle) > 0.01 {
            low = middle
        } else {
            high = middle
        }
    }
    high
}

/// Prior chances by popularity, which is shuffled among the files.
fn popularity(catalogue: &Catalogue) -> Vec<f64> {
    let mut random = Seeded::new(catalogue.seed ^ 0x5a49_5046);
    let mut ranks: Vec<usize> = (1..=catalogue.files).collect();
    for at in (1..ranks.len()).rev() {
        ranks.swap(at, random.below(at + 1));
    }
    let weights: Vec<f64> = ranks
        .iter()
        .map(|rank| (*rank as f64).powf(-catalogue.zipf))
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// How much better a guess with the report is than one without, when some files are played far more.
fn gain(table: &Table, prior: &[f64]) -> f64 {
    let mut heaviest = vec![0.0_f64; table.groups.len()];
    for (group, weight) in table.of_file.iter().zip(prior) {
        let own = &mut heaviest[*group as usize];
        *own = own.max(*weight);
    }
    let blind = heaviest.iter().copied().fold(0.0, f64::max);
    let best = |chance: &dyn Fn(usize) -> f64| {
        let all = heaviest
            .iter()
            .enumerate()
            .map(|(at, weight)| weight * chance(at));
        all.fold(0.0, f64::max)
    };
    let cells = table.groups[0].chances.len();
    let told: f64 = (0..cells)
        .map(|cell| best(&|at| table.groups[at].chances[cell]))
        .sum();
    let nothing = best(&|at| 1.0 - table.groups[at].chances.iter().sum::<f64>());
    (told + nothing.max(0.0)) / blind
}

/// Guesses from one report on each metric: the figures in words, and the answers above the bar.
fn judge(catalogue: &Catalogue) -> (String, Vec<String>) {
    let mut figures = String::new();
    let mut failed = Vec::new();
    let world = World {
        marginals: &MARGINALS,
        lens: &LENS,
    };
    let files = MARGINALS.files(catalogue);
    let tables = tables(&world, &files, Features::AsPeopleDo).expect("a class for everything");
    let prior = popularity(catalogue);
    writeln!(
        figures,
        "P2 {}: {TRIALS} playbacks, best guess right at most {:.2}% of the time:",
        catalogue.name,
        MOST_TOP_1 * 100.0
    )
    .expect("writing to a string");
    let found = play(&world, &files, &tables, TRIALS, &mut Seeded::new(2));
    for ((view, table), found) in LENS.views.iter().zip(&tables).zip(&found) {
        let exact = exact_guesses(table);
        let bounds: Vec<(usize, f64)> = (0..found.len())
            .filter(|cell| found[*cell].playbacks >= LEAST_TRIALS)
            .map(|cell| (cell, upper_bound(found[cell].right, found[cell].playbacks)))
            .collect();
        let worst = (0..exact.len())
            .max_by(|a, b| exact[*a].total_cmp(&exact[*b]))
            .expect("answers");
        let worst_bound = bounds.iter().map(|(_, bound)| *bound).fold(0.0, f64::max);
        writeln!(
            figures,
            "  {:22} worst {:40} exact {:.4}%; {:2} of {:2} answers by trials, at 99% below {:.4}%; \
             under Zipf {:.2} times a blind guess",
            view.name,
            view.cells[worst],
            exact[worst] * 100.0,
            bounds.len(),
            exact.len(),
            worst_bound * 100.0,
            gain(table, &prior),
        )
        .expect("writing to a string");
        let mut fail = |cell: usize, what: String| {
            failed.push(format!("{} {}: {what}", view.name, view.cells[cell]));
        };
        for (cell, exact) in exact
            .iter()
            .enumerate()
            .filter(|(_, own)| **own > MOST_TOP_1)
        {
            fail(cell, format!("right {exact} by the figures"));
        }
        for (cell, bound) in bounds.into_iter().filter(|(_, bound)| *bound > MOST_TOP_1) {
            fail(cell, format!("right up to {bound} by {:?}", found[cell]));
        }
        for (cell, what) in contradicted(table, found, TRIALS) {
            fail(cell, what);
        }
    }
    let [even, zipf, blind] = linked(&LENS, &world, &files, &tables, &prior);
    writeln!(
        figures,
        "P2 {}: five linked reports of a week with one playback: right {even:.3}% of the time; \
         {zipf:.1}% under Zipf, where a blind guess is right {blind:.1}% (printed, not barred)",
        catalogue.name,
    )
    .expect("writing to a string");
    (figures, failed)
}

#[test]
fn one_report_does_not_tell_the_file() {
    let (figures, failed) = judge(&MARGINALS.catalogue[0]);
    println!("{figures}");
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn one_report_does_not_tell_the_file_where_tails_are_heavy() {
    let (figures, failed) = judge(&MARGINALS.catalogue[1]);
    println!("{figures}");
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// How often the best guess is right from all five reports of a week with one playback, were they
/// linked: for files that are all as likely, by popularity, and by popularity without any report; in
/// percent.
fn linked(
    lens: &Lens,
    world: &World<'_>,
    files: &[File],
    tables: &[Table],
    prior: &[f64],
) -> [f64; 3] {
    let mut kinds: BTreeMap<Vec<u32>, (f64, f64, f64)> = BTreeMap::new();
    let key = |file: usize| {
        tables
            .iter()
            .map(|table| table.of_file[file])
            .collect::<Vec<u32>>()
    };
    for (file, weight) in prior.iter().enumerate() {
        let kind = kinds.entry(key(file)).or_default();
        *kind = (kind.0 + 1.0, kind.1 + weight, kind.2.max(*weight));
    }
    let kinds: Vec<_> = kinds.into_iter().collect();
    let mut played = vec![0.0];
    for (file, weight) in prior.iter().enumerate() {
        played.push(played[file] + weight);
    }
    let mut random = Seeded::new(3);
    let mut plays = Plays::new(world);
    let rates = [false, true].map(|by_popularity| {
        let mut right = 0.0;
        for _ in 0..LINKED_TRIALS {
            let mark = random.unit();
            let file = if by_popularity {
                played.partition_point(|sum| *sum <= mark).min(files.len()) - 1
            } else {
                random.below(files.len())
            };
            let play = any_play(&mut plays, &mut random, &files[file]);
            let reports = five(&mut random, lens, &play);
            let likely = |(kind, own): &(Vec<u32>, (f64, f64, f64))| -> f64 {
                let weight = if by_popularity { own.2 } else { 1.0 };
                let told = reports.iter().map(|(metric, cell)| {
                    tables[*metric].groups[kind[*metric] as usize].chances[*cell]
                });
                weight * told.product::<f64>()
            };
            let scored = kinds.iter().map(|kind| (likely(kind), kind));
            let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
            let (_, (kind, own)) = best.expect("there are files");
            if *kind == key(file) {
                right += match by_popularity {
                    true => f64::from(u8::from(prior[file] >= own.2)),
                    false => 1.0 / own.0,
                };
            }
        }
        right / LINKED_TRIALS as f64 * 100.0
    });
    let blind = prior.iter().copied().fold(0.0, f64::max);
    [rates[0], rates[1], blind * 100.0]
}

/// Five metrics, and the answers of those that the playback counts for.
fn five(random: &mut Seeded, lens: &Lens, play: &Play) -> Vec<(usize, usize)> {
    let mut metrics: Vec<usize> = (0..lens.views.len()).collect();
    let drawn = (0..5).map(|_| metrics.swap_remove(random.below(metrics.len())));
    let drawn: Vec<usize> = drawn.collect();
    drawn
        .into_iter()
        .filter_map(|at| Some((at, lens.views[at].cell(play)?)))
        .collect()
}

#[test]
fn trials_find_figures_that_are_wrong() {
    let catalogue = &MARGINALS.catalogue[0];
    let world = World {
        marginals: &MARGINALS,
        lens: &LENS,
    };
    let files = MARGINALS.files(catalogue);
    let right = tables(&world, &files, Features::AsPeopleDo).expect("a class for everything");
    let trials = 50_000;
    let found = play(&world, &files, &right, trials, &mut Seeded::new(9));
    for (at, view) in LENS.views.iter().enumerate() {
        assert_eq!(
            contradicted(&right[at], &found[at], trials),
            [],
            "{}",
            view.name
        );
        let mut wrong = right[at].clone();
        for group in &mut wrong.groups {
            group.chances.rotate_left(1);
        }
        let told = contradicted(&wrong, &found[at], trials);
        assert!(!told.is_empty(), "{}: nothing seen", view.name);
    }
}

#[test]
fn the_bound_is_that_of_clopper_and_pearson() {
    // Their table: none of n gives 1 - 0.01^(1/n).
    assert!((upper_bound(0, 100) - (1.0 - 0.01_f64.powf(0.01))).abs() < 1e-9);
    assert!(
        (upper_bound(10, 100) - 0.191_330).abs() < 1e-5,
        "{}",
        upper_bound(10, 100)
    );
}
