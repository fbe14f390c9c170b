//! P2: who sees one report, and knows the whole made-up world, still cannot guess the file.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::build::catalogue::{Catalogue, File};
use crate::build::chance::Seeded;
use crate::build::chances::{Features, Table, tables};
use crate::build::lens::{Lens, Play};
use crate::build::world::{Scene, World};
use crate::house::{LENS, MARGINALS};
use crate::plays::Plays;

/// Trials a metric, shared evenly among its answers, but so many for each that the bound is a sharp one.
const TRIALS: usize = 1_000_000;
const TRIALS_AN_ANSWER: usize = 100_000;
/// Most often that the best guess may be right.
pub const MOST_TOP_1: f64 = 0.001;
const LINKED_TRIALS: usize = 1_000;

/// How well the best guess does, given one answer.
#[derive(Clone, Debug)]
pub struct Guess {
    pub cell: String,
    /// By the chances themselves.
    pub exact: f64,
    /// By trials: what the rate of right guesses is not above, at 99%.
    pub bound: f64,
}

/// Guesses from each answer of a metric, all files as likely before. Each has its own trials, so that
/// the rare answers are judged as well as the others.
pub fn guesses(names: &[String], table: &Table, trials: usize, random: &mut Seeded) -> Vec<Guess> {
    let cells = names.iter().enumerate();
    cells
        .map(|(cell, name)| {
            let weight = |at: usize| table.groups[at].files as f64 * table.groups[at].chances[cell];
            let mut sums = vec![0.0];
            for at in 0..table.groups.len() {
                sums.push(sums[at] + weight(at));
            }
            let total = *sums.last().expect("begins with one");
            let chance = |at: &usize| table.groups[*at].chances[cell];
            let best = (0..table.groups.len())
                .filter(|at| table.groups[*at].files > 0)
                .max_by(|a, b| chance(a).total_cmp(&chance(b)))
                .expect("there are files");
            let mut right = 0;
            for _ in 0..trials {
                let mark = random.unit() * total;
                let at = sums.partition_point(|sum| *sum <= mark) - 1;
                // Files of a group are alike: the guess is the first of the likeliest.
                right += usize::from(at == best && random.below(table.groups[best].files) == 0);
            }
            Guess {
                cell: name.clone(),
                exact: chance(&best) / total,
                bound: upper_bound(right, trials),
            }
        })
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
        "P2 {}: {TRIALS} trials a metric or more, best guess right at most {:.2}% of the time:",
        catalogue.name,
        MOST_TOP_1 * 100.0
    )
    .expect("writing to a string");
    let mut random = Seeded::new(2);
    for (view, table) in LENS.views.iter().zip(&tables) {
        let trials = TRIALS_AN_ANSWER.max(TRIALS / view.cells.len());
        let guesses = guesses(&view.cells, table, trials, &mut random);
        let worst = guesses
            .iter()
            .max_by(|a, b| a.bound.total_cmp(&b.bound))
            .expect("answers");
        writeln!(
            figures,
            "  {:22} worst {:40} exact {:.4}%, at 99% below {:.4}%; under Zipf {:.2} times a blind guess",
            view.name,
            worst.cell,
            worst.exact * 100.0,
            worst.bound * 100.0,
            gain(table, &prior),
        )
        .expect("writing to a string");
        let above = |guess: &&Guess| guess.bound > MOST_TOP_1 || guess.exact > MOST_TOP_1;
        failed.extend(
            guesses
                .iter()
                .filter(above)
                .map(|guess| format!("{} {guess:?}", view.name)),
        );
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

fn any_play(plays: &mut Plays<'_>, random: &mut Seeded, file: &File) -> Play {
    let marginals = plays.world().marginals;
    let boards = &marginals.board;
    let board = random.pick(boards.iter().map(|board| board.share));
    let scene = Scene {
        board,
        has_chip: random.is(boards[board].backend_share),
        client: random.pick(marginals.client.iter().map(|client| client.share)),
    };
    plays.draw(random, file, scene)
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
fn the_bound_is_that_of_clopper_and_pearson() {
    // Their table: none of n gives 1 - 0.01^(1/n).
    assert!((upper_bound(0, 100) - (1.0 - 0.01_f64.powf(0.01))).abs() < 1e-9);
    assert!(
        (upper_bound(10, 100) - 0.191_330).abs() < 1e-5,
        "{}",
        upper_bound(10, 100)
    );
}
