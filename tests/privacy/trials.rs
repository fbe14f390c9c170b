//! Playbacks drawn one by one, to see how often the best guess at the file is right: what P2's figures say,
//! found without them.

use crate::build::catalogue::File;
use crate::build::chance::Seeded;
use crate::build::chances::Table;
use crate::build::facts::raw_of;
use crate::build::lens::{Lens, Play, Raw};
use crate::build::world::{Scene, World};
use crate::plays::Plays;

/// How far a count may be from what the figures say, in standard deviations: of a thousand answers none is by chance.
const MOST_DEVIATIONS: f64 = 6.0;

/// What was found at one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Playbacks that gave it.
    pub playbacks: usize,
    /// Those of the file that is the best guess.
    pub right: usize,
    /// Those of a file that is alike to it.
    pub alike: usize,
}

/// The best guess at each answer of a metric, by its table: a kind of files, and the first file of it.
pub fn best_guesses(table: &Table) -> Vec<(u32, usize)> {
    let cells = table.groups[0].chances.len();
    let guess = |cell: usize| {
        let groups = (0..table.groups.len()).filter(|at| table.groups[*at].files > 0);
        let chance = |at: &usize| table.groups[*at].chances[cell];
        let best = groups
            .max_by(|a, b| chance(a).total_cmp(&chance(b)))
            .expect("there are files");
        let best = u32::try_from(best).expect("few kinds");
        let mut files = table.of_file.iter();
        let first = files.position(|own| *own == best).expect("it has files");
        (best, first)
    };
    (0..cells).map(guess).collect()
}

/// Draws `count` playbacks, each of any file in any home, and guesses at the file from the answer to each metric.
pub fn play(
    world: &World<'_>,
    files: &[File],
    tables: &[Table],
    count: usize,
    random: &mut Seeded,
) -> Vec<Vec<Found>> {
    let lens = world.lens;
    let guesses: Vec<Vec<(u32, usize)>> = tables.iter().map(best_guesses).collect();
    let mut found: Vec<Vec<Found>> = guesses
        .iter()
        .map(|cells| vec![Found::default(); cells.len()])
        .collect();
    let mut plays = Plays::new(world);
    for _ in 0..count {
        let file = random.below(files.len());
        let play = any_play(&mut plays, random, &files[file]);
        for (at, view) in lens.views.iter().enumerate() {
            let Some(cell) = view.cell(&play) else {
                continue;
            };
            let (kind, guess) = guesses[at][cell];
            let own = &mut found[at][cell];
            own.playbacks += 1;
            own.right += usize::from(file == guess);
            own.alike += usize::from(tables[at].of_file[file] == kind);
        }
    }
    found
}

/// A playback of `file` in any home, with the facts about its box.
pub fn any_play(plays: &mut Plays<'_>, random: &mut Seeded, file: &File) -> Play {
    let marginals = plays.world().marginals;
    let lens = plays.world().lens;
    let boards = &marginals.board;
    let at = random.pick(boards.iter().map(|board| board.share));
    let board = &boards[at];
    let scene = Scene {
        board: at,
        has_chip: random.is(board.backend_share),
        client: random.pick(marginals.client.iter().map(|client| client.share)),
    };
    let mut play = plays.draw(random, file, scene);
    let memory = random.pick(board.memory_mib.iter().map(|entry| entry.share));
    let slot = random.pick(board.slots.iter().copied());
    let storage = &marginals.storage.classes[slot];
    put(lens, &mut play, "memory", raw_of(&board.memory_mib[memory]));
    put(lens, &mut play, "storage", Raw::Class(storage));
    for fact in &marginals.fact {
        let entry = random.pick(fact.entries.iter().map(|entry| entry.share));
        put(lens, &mut play, &fact.metric, raw_of(&fact.entries[entry]));
    }
    play
}

fn put(lens: &Lens, play: &mut Play, name: &str, raw: Raw<'_>) {
    lens.put(play, name, raw).expect("a class for it");
}

/// Answers of a metric whose table is not what happened in `count` playbacks: the cell and what differs.
pub fn contradicted(table: &Table, found: &[Found], count: usize) -> Vec<(usize, String)> {
    let files = table.of_file.len() as f64;
    let mut contradicted = Vec::new();
    for (cell, (own, (kind, _))) in found.iter().zip(best_guesses(table)).enumerate() {
        let weight = |at: usize| table.groups[at].files as f64 * table.groups[at].chances[cell];
        let total: f64 = (0..table.groups.len()).map(weight).sum();
        let kind = kind as usize;
        let alike = weight(kind) / total;
        let playbacks = own.playbacks as f64;
        for (what, seen, expected, spread) in [
            (
                "playbacks with this answer",
                playbacks,
                count as f64 * total / files,
                1.0 - total / files,
            ),
            (
                "of files like the guess",
                own.alike as f64,
                playbacks * alike,
                1.0 - alike,
            ),
            (
                "of the guess",
                own.right as f64,
                playbacks * alike / table.groups[kind].files as f64,
                1.0,
            ),
        ] {
            // One more than the spread of chance: the tails of a small count are long.
            let most = MOST_DEVIATIONS * (expected * spread).sqrt() + MOST_DEVIATIONS;
            if (seen - expected).abs() > most {
                contradicted.push((cell, format!("{seen} {what}, {expected:.1} were expected")));
            }
        }
    }
    contradicted
}
