//! Whether heat slows the processor down at this moment, as far as the machine tells.
//!
//! Never: a guess from a temperature alone where the machine has no limit for it.

use std::path::{Path, PathBuf};

use super::{entries, trimmed};

/// Bits of the Raspberry Pi's firmware, as `vcgencmd get_throttled` documents them.
const PI_LOW_VOLTAGE: u32 = 1;
const PI_CAPPED_OR_THROTTLED: u32 = 0b110;
const PI_SOFT_LIMIT: u32 = 0b1000;

/// What the machine tells about heat at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    /// What tells by itself whether heat takes speed away.
    direct: Option<bool>,
    /// Events counted since the machine started.
    events: Option<u64>,
}

/// What was told last: counters are compared with it.
#[derive(Debug, Default)]
pub(super) struct Heat {
    events: Option<u64>,
}

impl Signs {
    /// Blocks for some small reads.
    pub(super) fn read(root: &Path) -> Self {
        let tripped = tripped(root).map(|hot| hot && capped(root).unwrap_or(true));
        Self {
            direct: either(raspberry_pi(root), tripped),
            events: counted(root),
        }
    }
}

impl Heat {
    /// True while heat takes speed away; `None` where nothing tells.
    pub(super) fn slows_down(&mut self, signs: Signs) -> Option<bool> {
        let more = signs.events.map(|now| {
            let before = self.events.replace(now);
            before.is_some_and(|before| now > before)
        });
        either(signs.direct, more)
    }
}

/// True when one of two says so; `None` when neither says anything.
fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    one.into_iter()
        .chain(other)
        .reduce(|one, other| one || other)
}

/// x86 counts the events of each core (`thermal_throttle`, kernel's admin-guide/thermal).
fn counted(root: &Path) -> Option<u64> {
    let counter = |core: PathBuf| {
        let folder = core.join("thermal_throttle");
        let own = number(&folder.join("core_throttle_count"));
        let package = number(&folder.join("package_throttle_count"));
        own.into_iter().chain(package).reduce(u64::saturating_add)
    };
    let cores = entries(&root.join("sys/devices/system/cpu"), "cpu");
    let counts = cores.into_iter().filter_map(counter);
    counts.reduce(u64::saturating_add)
}

/// The firmware of a Raspberry Pi tells what it does itself. Low voltage slows it down as well, and is
/// no matter of heat.
fn raspberry_pi(root: &Path) -> Option<bool> {
    let path = root.join("sys/devices/platform/soc/soc:firmware/get_throttled");
    let text = trimmed(&path)?;
    let bits = u32::from_str_radix(text.trim_start_matches("0x"), 16).ok()?;
    let is_short_of_power = bits & PI_LOW_VOLTAGE != 0;
    let is_capped = bits & PI_CAPPED_OR_THROTTLED != 0 && !is_short_of_power;
    Some(bits & PI_SOFT_LIMIT != 0 || is_capped)
}

/// True when a thermal zone has come to a `passive` trip point, from which on the kernel slows down;
/// `None` when no zone has one.
fn tripped(root: &Path) -> Option<bool> {
    let zones = entries(&root.join("sys/class/thermal"), "thermal_zone");
    let zone = |zone: PathBuf| {
        let temperature: i64 = trimmed(&zone.join("temp"))?.parse().ok()?;
        let trips = (0..16).map_while(|k| {
            let kind = trimmed(&zone.join(format!("trip_point_{k}_type")))?;
            let at = trimmed(&zone.join(format!("trip_point_{k}_temp")));
            Some((kind, at.and_then(|text| text.parse::<i64>().ok())))
        });
        // Zero and less stand for a trip point that is not set.
        let passive = trips.filter(|(kind, _)| kind == "passive");
        let lowest = passive
            .filter_map(|(_, at)| at)
            .filter(|at| *at > 0)
            .min()?;
        Some(temperature >= lowest)
    };
    zones
        .into_iter()
        .filter_map(zone)
        .reduce(|one, other| one || other)
}

/// True when a core may not run at its full clock now; `None` where clocks are not told.
fn capped(root: &Path) -> Option<bool> {
    let policies = entries(&root.join("sys/devices/system/cpu/cpufreq"), "policy");
    let policy = |policy: PathBuf| {
        let allowed = number(&policy.join("scaling_max_freq"))?;
        Some(allowed < number(&policy.join("cpuinfo_max_freq"))?)
    };
    policies
        .into_iter()
        .filter_map(policy)
        .reduce(|one, other| one || other)
}

fn number(path: &Path) -> Option<u64> {
    trimmed(path)?.parse().ok()
}
