//! How fast this box encodes: guessed from its cores at first, measured from then on.
//!
//! Never: reading the machine itself, refusing anybody.

use serde::{Deserialize, Serialize};

use crate::media::target::Preset;

/// What this box can encode at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The x264 preset that its cores afford.
    pub preset: Preset,
    /// Encoded pixels a second, all cores together.
    pub pixels_per_s: u64,
    /// False while `pixels_per_s` is only guessed from the cores.
    pub measured: bool,
}

/// Classes of processor cores, as far as software encoding differs on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreKind {
    /// In-order, such as Cortex-A53 and A55.
    Small,
    /// Out-of-order of the first generations, such as Cortex-A72 and A73.
    Middle,
    /// Cortex-A76 and newer, and desktop processors.
    Large,
}

impl CoreKind {
    /// The kind of most cores in the text of `/proc/cpuinfo`.
    ///
    /// Part numbers: Arm's Main ID Register of each core, implementer 0x41. A machine that lists no
    /// part number is not an Arm one and counts as large.
    pub fn from_cpuinfo(text: &str) -> Self {
        let parts = text.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            let hex = value.trim().strip_prefix("0x")?;
            (key.trim() == "CPU part").then_some(u16::from_str_radix(hex, 16).ok()?)
        });
        let mut counts = [0_usize; 3];
        for part in parts {
            counts[match part {
                0xd03..=0xd05 | 0xd07 | 0xc07 | 0xc09 => 0,
                0xd08..=0xd0a | 0xc0f => 1,
                _ => 2,
            }] += 1;
        }
        let [small, middle, large] = counts;
        if large >= middle.max(small) {
            Self::Large
        } else if middle >= small {
            Self::Middle
        } else {
            Self::Small
        }
    }
}

impl Capacity {
    /// What to expect of `cores` cores before anything was measured.
    ///
    /// The figures are x264 at the named preset with decoding and scaling beside it.
    pub fn guess(cores: usize, kind: CoreKind) -> Self {
        let (preset, per_core) = match kind {
            CoreKind::Small => (Preset::Ultrafast, 7_000_000),
            CoreKind::Middle => (Preset::Superfast, 13_000_000),
            CoreKind::Large => (Preset::Veryfast, 28_000_000),
        };
        let cores = u64::try_from(cores.max(1)).unwrap_or(u64::MAX);
        Self {
            preset,
            pixels_per_s: cores.saturating_mul(per_core),
            measured: false,
        }
    }
}
