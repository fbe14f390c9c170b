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
    /// Places of what each file says of itself, and of what is drawn apart.
    slots: Slots,
}

struct Slots {
    bit_rate: Option<usize>,
    length: Option<usize>,
    feature: Option<usize>,
}

/// Endings, and the sums of their chances.
struct Drawable {
    sums: Vec<f64>,
    endings: Vec<Ready>,
}

/// An ending, with the classes of the waits and stalls that can follow.
struct Ready {
    play: Play,
    waits: Vec<(usize, f64)>,
    stalls: Vec<(usize, f64)>,
}

impl<'a> Plays<'a> {
    pub fn new(world: &'a World<'a>) -> Self {
        Self {
            world,
            kins: HashMap::new(),
            endings: HashMap::new(),
            slots: Slots {
                bit_rate: world.lens.slot("bit_rate"),
                length: world.lens.slot("length"),
                feature: world.lens.slot("feature"),
            },
        }
    }

    pub fn world(&self) -> &'a World<'a> {
        self.world
    }

    /// One playback of `file` in `scene`.
    pub fn draw(&mut self, random: &mut Seeded, file: &File, scene: Scene) -> Play {
        let next = u32::try_from(self.kins.len()).expect("few kins");
        let kin = Kin::of(file);
        let place = match self.kins.get(&kin) {
            Some(place) => *place,
            None => *self.kins.entry(kin.clone()).or_insert(next),
        };
        let world = self.world;
        let drawable = self.endings.entry((place, scene));
        let Drawable { sums, endings } = drawable.or_insert_with(|| {
            let endings = world
                .endings(&kin.file(), scene)
                .expect("a class for everything");
            let mut sum = 0.0;
            let add = |ending: &Ending| {
                sum += ending.chance;
                sum
            };
            Drawable {
                sums: endings.iter().map(add).collect(),
                endings: endings.iter().map(|own| ready(world, scene, own)).collect(),
            }
        });
        let total = sums.last().copied().unwrap_or_default();
        let mark = random.unit() * total;
        let ending = &endings[sums
            .partition_point(|sum| *sum <= mark)
            .min(endings.len() - 1)];
        finish(world, &self.slots, random, file, ending)
    }
}

fn ready(world: &World<'_>, scene: Scene, ending: &Ending) -> Ready {
    let client = &world.marginals.client[scene.client];
    let mut play = ending.play;
    world
        .lens
        .put(&mut play, "client", Raw::Class(&client.class))
        .expect("a class for everything");
    Ready {
        play,
        waits: waits(world, ending).expect("a class for everything"),
        stalls: stalls(world, ending, client.tells_stalls).expect("a class for everything"),
    }
}

/// What is drawn apart: the wait, the stalls, the features; and what the file says of itself.
fn finish(
    world: &World<'_>,
    slots: &Slots,
    random: &mut Seeded,
    file: &File,
    ending: &Ready,
) -> Play {
    let lens = world.lens;
    let uses = world.marginals.playing.uses_feature;
    let features = feature(file, random.is(uses), random.is(uses));
    let mut play = ending.play;
    let bit_rate = if file.codec.is_empty() {
        Raw::Class("no_video")
    } else {
        Raw::Number(file.kbps)
    };
    let length = if file.media == Media::Photo {
        Raw::Class("no_length")
    } else {
        Raw::Number(file.length_s)
    };
    for (slot, raw) in [
        (slots.bit_rate, bit_rate),
        (slots.feature, Raw::Class(features)),
        (slots.length, length),
    ] {
        if let Some(slot) = slot {
            lens.put_at(&mut play, slot, raw)
                .expect("a class for everything");
        }
    }
    let pick = |random: &mut Seeded, ways: &[(usize, f64)]| {
        ways[random.pick(ways.iter().map(|(_, share)| *share))].0
    };
    lens.set(&mut play, "first_segment", pick(random, &ending.waits));
    lens.set(&mut play, "stalls", pick(random, &ending.stalls));
    play
}
