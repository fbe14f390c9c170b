//! For every metric, how likely each file of a catalogue is to give each answer.
//!
//! Never: a guess at a single file; that is what the tests do with these.

use std::collections::BTreeMap;

use super::catalogue::{File, Media};
use super::chance::EIGHTHS;
use super::facts::facts;
use super::lens::{Lens, Play, Raw, View};
use super::registry::{Fault, Kind};
use super::world::{Ending, World, feature};

/// Files that are alike to a metric.
#[derive(Clone, Debug)]
pub struct Alike {
    pub files: usize,
    /// Of each answer; they add up to less than 1 when the metric does not count every playback.
    pub chances: Vec<f64>,
}

/// One metric over a whole catalogue.
#[derive(Clone, Debug)]
pub struct Table {
    pub groups: Vec<Alike>,
    /// The group of each file.
    pub of_file: Vec<u32>,
}

/// Whether somebody uses what a file offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// All of it: then the answer is a function of the file, which is the most it can tell.
    AllUsed,
    AsPeopleDo,
}

/// The tables of all metrics, in the order of the registry.
///
/// # Errors
/// A metric without a class for what happens in the made-up world.
pub fn tables(world: &World<'_>, files: &[File], features: Features) -> Result<Vec<Table>, Fault> {
    let mut kins: BTreeMap<Kin, Vec<Vec<f64>>> = BTreeMap::new();
    let mut plays = Vec::with_capacity(files.len());
    let mut own_kins = Vec::with_capacity(files.len());
    for file in files {
        let kin = Kin::of(file);
        if !kins.contains_key(&kin) {
            let stories = stories(world, &kin.file())?;
            kins.insert(kin.clone(), stories);
        }
        own_kins.push(kin);
        plays.push(world.file(file)?);
    }
    let places: BTreeMap<&Kin, u32> = kins.keys().zip(0..).collect();
    let own_kins: Vec<u32> = own_kins.iter().map(|kin| places[kin]).collect();
    let kins: Vec<&Vec<Vec<f64>>> = kins.values().collect();
    let views = world.lens.views.iter().enumerate();
    views
        .map(|(at, view)| {
            if has_story(world.lens, view) {
                let groups = kins.iter().map(|kin| kin[at].clone());
                return Ok(gather(&own_kins, groups.collect()));
            }
            by_classes(world, view, files, &plays, features)
        })
        .collect()
}

/// Files that play alike: rates are told apart by thirds of a factor of ten.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kin {
    media: Media,
    codec: String,
    width: u32,
    rate: u32,
}

impl Kin {
    pub fn of(file: &File) -> Self {
        let rate = match file.media {
            Media::Video => (f64::from(file.kbps.max(1)).log10() * 3.0).round() as u32,
            _ => 0,
        };
        Self {
            media: file.media,
            codec: file.codec.clone(),
            width: file.width,
            rate,
        }
    }

    /// A file that stands for all of them.
    pub fn file(&self) -> File {
        File {
            media: self.media,
            codec: self.codec.clone(),
            width: self.width,
            kbps: 10_f64.powf(f64::from(self.rate) / 3.0).round() as u32,
            length_s: 60,
            has_subtitles: false,
            has_audio_tracks: false,
        }
    }
}

/// True for a metric that depends on how playing went.
fn has_story(lens: &Lens, view: &View) -> bool {
    let told = [
        "board_family",
        "outcome",
        "backend",
        "fallback",
        "real_time_factor",
        "first_segment",
        "stalls",
    ];
    view.kind != Kind::Box
        && told.iter().any(|name| {
            lens.slot(name)
                .is_some_and(|slot| view.slots.contains(&slot))
        })
}

/// Chances of every answer of every metric that has a story, for files of one kin.
fn stories(world: &World<'_>, file: &File) -> Result<Vec<Vec<f64>>, Fault> {
    let clients = &world.marginals.client;
    let mut sums = Sums::new(world);
    for (board, has_chip, share) in world.boxes() {
        let (mut left, mut left_told) = (0.0, 0.0);
        for client in clients {
            let (endings, encoded) = world.not_encoded(file, board, client)?;
            let told = if client.tells_stalls {
                client.share
            } else {
                0.0
            };
            for ending in endings {
                sums.add(&ending, share * client.share, share * told)?;
            }
            left += client.share * encoded;
            left_told += told * encoded;
        }
        // Encoding does not care for whom it is done.
        for ending in world.encoded(file, board, has_chip)? {
            sums.add(&ending, share * left, share * left_told)?;
        }
    }
    Ok(sums.by_view)
}

struct Sums<'a> {
    world: &'a World<'a>,
    by_view: Vec<Vec<f64>>,
    /// Metrics that an ending decides, but for the two that are drawn apart.
    told: Vec<usize>,
    first: Option<usize>,
    stalls: Option<usize>,
}

impl<'a> Sums<'a> {
    fn new(world: &'a World<'a>) -> Self {
        let views = &world.lens.views;
        let place = |name| views.iter().position(|view| view.name == name);
        let is_told = |at: &usize| has_story(world.lens, &views[*at]);
        Self {
            world,
            by_view: views
                .iter()
                .map(|view| vec![0.0; view.cells.len()])
                .collect(),
            told: (0..views.len()).filter(is_told).collect(),
            first: place("first_segment"),
            stalls: place("stalls"),
        }
    }

    /// Adds an ending with its weight, and that of players which tell their stalls.
    fn add(&mut self, ending: &Ending, weight: f64, told: f64) -> Result<(), Fault> {
        for at in &self.told {
            if let Some(cell) = self.world.lens.views[*at].cell(&ending.play) {
                self.by_view[*at][cell] += weight * ending.chance;
            }
        }
        if let Some(at) = self.first {
            for (cell, share) in waits(self.world, ending)? {
                self.by_view[at][cell] += weight * ending.chance * share;
            }
        }
        if let Some(at) = self.stalls {
            for (tells, weight) in [(true, told), (false, weight - told)] {
                for (cell, share) in stalls(self.world, ending, tells)? {
                    self.by_view[at][cell] += weight * ending.chance * share;
                }
            }
        }
        Ok(())
    }
}

/// The classes of the wait for the first segment that can follow, with their chances.
///
/// # Errors
/// A wait that the metric has no class for.
pub fn waits(world: &World<'_>, ending: &Ending) -> Result<Vec<(usize, f64)>, Fault> {
    let spread = world.marginals.playing.first_spread;
    let class = |raw| {
        world
            .lens
            .class("first_segment", raw)
            .map(|class| class.unwrap_or_default())
    };
    let Some(median) = ending.first_ms else {
        return Ok(vec![(class(Raw::Class("no_segments"))?, 1.0)]);
    };
    let share = 1.0 / EIGHTHS.len() as f64;
    let waits = EIGHTHS
        .iter()
        .map(|own| (median * (spread * own).exp()) as u32);
    waits
        .map(|wait| Ok((class(Raw::Number(wait))?, share)))
        .collect()
}

/// The classes of stalls that can follow, with their chances.
///
/// # Errors
/// A number that the metric has no class for.
pub fn stalls(world: &World<'_>, ending: &Ending, tells: bool) -> Result<Vec<(usize, f64)>, Fault> {
    let class = |raw| {
        world
            .lens
            .class("stalls", raw)
            .map(|class| class.unwrap_or_default())
    };
    if !tells {
        return Ok(vec![(class(Raw::Class("unknown"))?, 1.0)]);
    }
    let values = world.marginals.playing.stalls_values;
    let both = values.into_iter().zip(ending.stalls);
    both.map(|(value, share)| Ok((class(Raw::Number(value))?, share)))
        .collect()
}

/// A metric that depends on the file's classes alone, or on none of them.
fn by_classes(
    world: &World<'_>,
    view: &View,
    files: &[File],
    plays: &[Play],
    features: Features,
) -> Result<Table, Fault> {
    let lens = world.lens;
    let own = &view.slots;
    let uses_feature = features == Features::AsPeopleDo
        && lens.slot("feature").is_some_and(|slot| own.contains(&slot));
    let mut places: BTreeMap<Vec<Option<usize>>, u32> = BTreeMap::new();
    let mut groups = Vec::new();
    let mut of_file = Vec::with_capacity(files.len());
    for (file, play) in files.iter().zip(plays) {
        let key: Vec<Option<usize>> = own.iter().map(|slot| play.class(*slot)).collect();
        let place = match places.get(&key) {
            Some(place) => *place,
            None => {
                groups.push(if uses_feature {
                    used(world, view, file, play)?
                } else {
                    apart(world, view, play)?
                });
                let place = u32::try_from(places.len()).expect("fewer than files");
                places.insert(key, place);
                place
            }
        };
        of_file.push(place);
    }
    Ok(gather(&of_file, groups))
}

/// Chances where the only other thing that matters is a fact about the box or the hour.
fn apart(world: &World<'_>, view: &View, play: &Play) -> Result<Vec<f64>, Fault> {
    let lens = world.lens;
    let mut ways = vec![(*play, 1.0)];
    for (name, entries) in facts(world) {
        if lens
            .slot(name)
            .is_some_and(|slot| view.slots.contains(&slot))
        {
            let mut longer = Vec::new();
            for (play, chance) in &ways {
                for (raw, share) in &entries {
                    let mut next = *play;
                    lens.put(&mut next, name, *raw)?;
                    longer.push((next, chance * share));
                }
            }
            ways = longer;
        }
    }
    let mut chances = vec![0.0; view.cells.len()];
    for (play, chance) in ways {
        if let Some(cell) = view.cell(&play) {
            chances[cell] += chance;
        }
    }
    Ok(chances)
}

fn used(world: &World<'_>, view: &View, file: &File, play: &Play) -> Result<Vec<f64>, Fault> {
    let uses = world.marginals.playing.uses_feature;
    let mut chances = vec![0.0; view.cells.len()];
    for (subtitles, first) in [(true, uses), (false, 1.0 - uses)] {
        for (tracks, second) in [(true, uses), (false, 1.0 - uses)] {
            let mut play = *play;
            world.lens.put(
                &mut play,
                "feature",
                Raw::Class(feature(file, subtitles, tracks)),
            )?;
            if let Some(cell) = view.cell(&play) {
                chances[cell] += first * second;
            }
        }
    }
    Ok(chances)
}

fn gather(of_file: &[u32], chances: Vec<Vec<f64>>) -> Table {
    let mut groups: Vec<Alike> = chances
        .into_iter()
        .map(|chances| Alike { files: 0, chances })
        .collect();
    for place in of_file {
        groups[*place as usize].files += 1;
    }
    Table {
        groups,
        of_file: of_file.to_vec(),
    }
}
