//! Facts that do not depend on what is played: of boxes, of their players, and those that bad
//! registries would ask for.
//!
//! Never: the story of a playback.

use super::catalogue::Entry;
use super::lens::Raw;
use super::world::World;

/// Slots of the hour of the week in bad registries, evenly likely here.
pub const HOUR: &str = "hour_of_week";
pub const HOURS: u32 = 168;
/// A number of the box itself in bad registries.
pub const DEVICE: &str = "device_id";
pub const DEVICES: u32 = 20_000;

/// Every fact about a box with its values and their shares of the fleet; hours and device numbers
/// for the registries that must not be.
pub fn facts<'a>(world: &World<'a>) -> Vec<(&'a str, Vec<(Raw<'a>, f64)>)> {
    let marginals = world.marginals;
    let of_entries = |entries: &'a [Entry], times: f64| {
        entries
            .iter()
            .map(move |entry| (raw_of(entry), entry.share * times))
    };
    let boards = marginals.board.iter();
    let mut facts = vec![
        (
            "board_family",
            boards
                .clone()
                .map(|board| (Raw::Word(board.word.as_str()), board.share))
                .collect(),
        ),
        (
            "memory",
            boards
                .clone()
                .flat_map(|board| of_entries(&board.memory_mib, board.share))
                .collect(),
        ),
        (
            "storage",
            boards
                .flat_map(|board| {
                    let classes = marginals.storage.classes.iter();
                    classes
                        .zip(&board.slots)
                        .map(|(class, share)| (Raw::Class(class.as_str()), share * board.share))
                })
                .collect(),
        ),
    ];
    let clients = marginals.client.iter();
    let clients = clients.map(|client| (Raw::Class(client.class.as_str()), client.share));
    facts.push(("client", clients.collect()));
    for fact in &marginals.fact {
        facts.push((
            fact.metric.as_str(),
            of_entries(&fact.entries, 1.0).collect(),
        ));
    }
    for (name, count) in [(HOUR, HOURS), (DEVICE, DEVICES)] {
        if world.lens.slot(name).is_some() {
            let each = (0..count).map(|at| (Raw::Number(at), 1.0 / f64::from(count)));
            facts.push((name, each.collect()));
        }
    }
    facts
}

pub fn raw_of(entry: &Entry) -> Raw<'_> {
    match (&entry.value, &entry.word, &entry.class) {
        (Some(value), None, None) => Raw::Number(*value),
        (None, Some(word), None) => Raw::Word(word),
        (None, None, Some(class)) => Raw::Class(class),
        _ => panic!("an entry is a value, a word or a class: {entry:?}"),
    }
}
