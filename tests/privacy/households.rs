//! Boxes with habits that stay from week to week, which is what could give them away.

use crate::build::catalogue::File;
use crate::build::chance::Seeded;
use crate::build::facts::{DEVICE, DEVICES, HOUR, HOURS, raw_of};
use crate::build::lens::{Lens, Play, Raw};
use crate::build::registry::Kind;
use crate::build::world::{Scene, World};
use crate::plays::Plays;

/// Files that a household plays again and again, out of those to its taste.
const SHELF: usize = 40;
/// How much of a shelf is to the household's taste, a kind of file.
const TASTE: f64 = 0.6;
/// How much it watches at the one player it likes best.
const USUAL_CLIENT: f64 = 0.75;
/// How much it plays in its own two hours of the week.
const USUAL_HOURS: f64 = 0.7;

/// One box. What it is stays, or mostly; what it plays is drawn from its own shelf.
pub struct Household {
    facts: Play,
    board: usize,
    has_chip: bool,
    client: usize,
    shelf: Vec<u32>,
    hours: [u32; 2],
    /// Chance of a week without a playback.
    idle: f64,
    plays_a_week: usize,
}

impl Household {
    pub fn draw(world: &World<'_>, random: &mut Seeded, number: u32, files: &[File]) -> Self {
        let marginals = world.marginals;
        let at = random.pick(marginals.board.iter().map(|board| board.share));
        let board = &marginals.board[at];
        let mut facts = Play::default();
        let mut put = |name, raw| {
            world
                .lens
                .put(&mut facts, name, raw)
                .expect("a class for it")
        };
        put("board_family", Raw::Word(&board.word));
        let memory = random.pick(board.memory_mib.iter().map(|entry| entry.share));
        put("memory", raw_of(&board.memory_mib[memory]));
        let slot = random.pick(board.slots.iter().copied());
        put("storage", Raw::Class(&marginals.storage.classes[slot]));
        put(DEVICE, Raw::Number(number % DEVICES));
        let mut own = Self {
            facts,
            board: at,
            has_chip: random.is(board.backend_share),
            client: random.pick(marginals.client.iter().map(|client| client.share)),
            shelf: shelf(random, files),
            hours: [0; 2].map(|_: u32| u32::try_from(random.below(HOURS as usize)).expect("small")),
            idle: if random.is(0.15) { 0.6 } else { 0.08 },
            plays_a_week: 1 + random.below(12),
        };
        for fact in &marginals.fact {
            own.change(world, random, &fact.metric);
        }
        own
    }

    /// Lets a week pass: some facts change.
    pub fn pass_week(&mut self, world: &World<'_>, random: &mut Seeded) {
        for fact in &world.marginals.fact {
            if !random.is(fact.stays) {
                self.change(world, random, &fact.metric);
            }
        }
    }

    fn change(&mut self, world: &World<'_>, random: &mut Seeded, metric: &str) {
        let fact = world
            .marginals
            .fact
            .iter()
            .find(|fact| fact.metric == metric)
            .expect("one of them");
        let at = random.pick(fact.entries.iter().map(|entry| entry.share));
        world
            .lens
            .put(&mut self.facts, metric, raw_of(&fact.entries[at]))
            .expect("a class for it");
    }

    /// The answers of a week to some metrics: cells counted from 1, and 0 for nothing. Each answer is of
    /// a playback of its own, drawn among those that count for the metric.
    pub fn answers(
        &self,
        plays: &mut Plays<'_>,
        random: &mut Seeded,
        files: &[File],
        lens: &Lens,
        metrics: &[usize],
    ) -> Vec<u32> {
        let idle = random.is(self.idle);
        let answer = |at: &usize| {
            let view = &lens.views[*at];
            let cell = if view.kind == Kind::Box {
                view.cell(&self.facts)
            } else if idle {
                None
            } else {
                let tries = if view.kind == Kind::Composite {
                    self.plays_a_week
                } else {
                    1
                };
                (0..tries).find_map(|_| view.cell(&self.play(plays, random, files)))
            };
            cell.map_or(0, |cell| u32::try_from(cell).expect("few cells") + 1)
        };
        metrics.iter().map(answer).collect()
    }

    fn play(&self, plays: &mut Plays<'_>, random: &mut Seeded, files: &[File]) -> Play {
        let marginals = plays.world().marginals;
        let lens = plays.world().lens;
        let client = if random.is(USUAL_CLIENT) {
            self.client
        } else {
            random.pick(marginals.client.iter().map(|client| client.share))
        };
        let file = &files[self.shelf[random.below(self.shelf.len())] as usize];
        let scene = Scene {
            board: self.board,
            has_chip: self.has_chip,
            client,
        };
        let mut play = plays.draw(random, file, scene);
        let hour = if random.is(USUAL_HOURS) {
            self.hours[random.below(2)]
        } else {
            u32::try_from(random.below(HOURS as usize)).expect("small")
        };
        lens.put(&mut play, HOUR, Raw::Number(hour))
            .expect("a class for it");
        play
    }
}

/// Files drawn evenly, most of them like the first in medium and codec.
fn shelf(random: &mut Seeded, files: &[File]) -> Vec<u32> {
    let taste = &files[random.below(files.len())];
    let mut shelf = Vec::with_capacity(SHELF);
    for _ in 0..SHELF {
        let mut at = random.below(files.len());
        if random.is(TASTE) {
            // A few looks along the shop's shelf.
            for _ in 0..8 {
                let own = &files[at];
                if own.media == taste.media && own.codec == taste.codec {
                    break;
                }
                at = random.below(files.len());
            }
        }
        shelf.push(u32::try_from(at).expect("few files"));
    }
    shelf
}
