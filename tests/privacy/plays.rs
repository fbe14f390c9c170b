//! Playbacks drawn one by one from the made-up world.

use std::collections::HashMap;

use crate::build::catalogue::{File, Media};
use crate::build::chance::Seeded;
use crate::build::chances::{Kin, stalls, waits};
use crate::build::lens::{Play, Raw};
use crate::build::world::{Ending, Scene, World, feature};

/// Draws playbacks, and remembers how those of files that are alike can go.
pub struct Plays<'a> {
    world: &'a World<'a>,
    kins: HashMap<Kin, u32>,
    endings: HashMap<(u32, Scene), Drawable>,
}

/// Endings with the sums of their chances.
type Drawable = (Vec<f64>, Vec<Ending>);

impl<'a> Plays<'a> {
    pub fn new(world: &'a World<'a>) -> Self {
        Self {
            world,
            kins: HashMap::new(),
            endings: HashMap::new(),
        }
    }

    pub fn world(&self) -> &'a World<'a> {
        self.world
    }

    /// One playback of `file` in `scene`.
    pub fn draw(&mut self, random: &mut Seeded, file: &File, scene: Scene) -> Play {
        let world = self.world;
        let next = u32::try_from(self.kins.len()).expect("few kins");
        let kin = Kin::of(file);
        let place = *self.kins.entry(kin.clone()).or_insert(next);
        let (sums, endings) = self.endings.entry((place, scene)).or_insert_with(|| {
            let endings = world
                .endings(&kin.file(), scene)
                .expect("a class for everything");
            let mut sum = 0.0;
            let add = |ending: &Ending| {
                sum += ending.chance;
                sum
            };
            (endings.iter().map(add).collect(), endings)
        });
        let total = sums.last().copied().unwrap_or_default();
        let mark = random.unit() * total;
        let ending = &endings[sums
            .partition_point(|sum| *sum <= mark)
            .min(endings.len() - 1)];
        finish(world, random, file, scene, ending)
    }
}

/// What is drawn apart: the wait, the stalls, the features; and what the file says of itself.
fn finish(
    world: &World<'_>,
    random: &mut Seeded,
    file: &File,
    scene: Scene,
    ending: &Ending,
) -> Play {
    let lens = world.lens;
    let marginals = world.marginals;
    let client = &marginals.client[scene.client];
    let uses = marginals.playing.uses_feature;
    let features = feature(file, random.is(uses), random.is(uses));
    let mut play = ending.play;
    let mut put = |name, raw| {
        lens.put(&mut play, name, raw)
            .expect("a class for everything")
    };
    put(
        "bit_rate",
        if file.codec.is_empty() {
            Raw::Class("no_video")
        } else {
            Raw::Number(file.kbps)
        },
    );
    put("feature", Raw::Class(features));
    put("client", Raw::Class(&client.class));
    if file.media == Media::Photo {
        put("length", Raw::Class("no_length"));
    } else {
        put("length", Raw::Number(file.length_s));
    }
    let pick = |random: &mut Seeded, ways: Vec<(usize, f64)>| {
        ways[random.pick(ways.iter().map(|(_, share)| *share))].0
    };
    let waits = waits(world, ending).expect("a class for everything");
    let stalls = stalls(world, ending, client.tells_stalls).expect("a class for everything");
    let drawn = [
        ("first_segment", pick(random, waits)),
        ("stalls", pick(random, stalls)),
    ];
    for (name, class) in drawn {
        lens.set(&mut play, name, class);
    }
    play
}
