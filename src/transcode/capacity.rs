//! How fast this box encodes: guessed from its cores at first, measured from then on.
//!
//! Never: reading the machine itself, refusing anybody.

use std::time::Duration;

use heapless::HistoryBuf;
use serde::{Deserialize, Serialize};

use crate::media::target::Preset;

/// What this box can encode at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The x264 preset that its cores afford.
    pub preset: Preset,
    /// Work a second, all cores together, in pixels as [`super::ladder::work_rate`] counts them.
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
            CoreKind::Small => (Preset::Ultrafast, 12_000_000),
            CoreKind::Middle => (Preset::Superfast, 20_000_000),
            CoreKind::Large => (Preset::Veryfast, 42_000_000),
        };
        let cores = u64::try_from(cores.max(1)).unwrap_or(u64::MAX);
        Self {
            preset,
            pixels_per_s: cores.saturating_mul(per_core),
            measured: false,
        }
    }
}

/// Segments to see before a measurement is believed: the first ones start a worker and wake a disk.
const ENOUGH: usize = 3;
/// Segments that the measurement rests on; the median of them, so that one stalled disk says nothing.
const REMEMBERED: usize = 15;
/// Pixels of work in a segment that tell how fast this box encodes; less tells how fast a worker starts.
const LEAST_WORK: f64 = 40_000_000.0;
/// Share of the measured speed that is promised, so that a hard scene does not stall every viewer.
const PROMISED: f64 = 0.9;

/// Learns this box's speed from the segments it finishes.
pub(crate) struct Meter {
    guess: Capacity,
    parallel_jobs: f64,
    /// Work a second of one job beside the others, of the newest segments.
    pixels_per_s: HistoryBuf<f64, REMEMBERED>,
}

impl Meter {
    pub(crate) fn new(guess: Capacity, parallel_jobs: usize) -> Self {
        let jobs = u32::try_from(parallel_jobs.max(1)).unwrap_or(u32::MAX);
        Self {
            guess,
            parallel_jobs: f64::from(jobs),
            pixels_per_s: HistoryBuf::new(),
        }
    }

    /// A segment of `made` with this much work a second of film took `elapsed`.
    pub(crate) fn record(&mut self, work_rate: u64, made: Duration, elapsed: Duration) {
        let work = work_rate as f64 * made.as_secs_f64();
        if work < LEAST_WORK || elapsed.is_zero() {
            return;
        }
        self.pixels_per_s.write(work / elapsed.as_secs_f64());
    }

    pub(crate) fn capacity(&self) -> Capacity {
        if self.pixels_per_s.len() < ENOUGH {
            return self.guess;
        }
        Capacity {
            pixels_per_s: (self.median() * self.parallel_jobs * PROMISED) as u64,
            measured: true,
            ..self.guess
        }
    }

    fn median(&self) -> f64 {
        let mut speeds = self.pixels_per_s.as_slice().to_vec();
        speeds.sort_by(f64::total_cmp);
        speeds[speeds.len() / 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_told_apart_by_their_part_numbers() {
        let pi4 = "processor\t: 0\nCPU part\t: 0xd08\n".repeat(4);
        let rock = "CPU part\t: 0xd05\n".repeat(4) + &"CPU part\t: 0xd0b\n".repeat(4);
        for (text, want) in [
            (pi4.as_str(), CoreKind::Middle),
            ("CPU part\t: 0xd03\n", CoreKind::Small),
            (rock.as_str(), CoreKind::Large),
            ("model name\t: Intel\n", CoreKind::Large),
            ("CPU part\t: nonsense\nCPU part\t: 0xzz\n", CoreKind::Large),
        ] {
            assert_eq!(CoreKind::from_cpuinfo(text), want, "{text}");
        }
    }

    #[test]
    fn a_few_segments_replace_the_guess() {
        let guess = Capacity::guess(4, CoreKind::Small);
        let mut meter = Meter::new(guess, 4);
        let seconds = Duration::from_secs;
        for _ in 0..9 {
            meter.record(1_000_000, seconds(5), seconds(5));
        }
        for _ in 0..2 {
            meter.record(10_000_000, seconds(6), seconds(3));
            assert_eq!(meter.capacity(), guess);
        }
        meter.record(10_000_000, seconds(6), seconds(3));
        let capacity = meter.capacity();
        assert!(capacity.measured);
        assert_eq!(capacity.pixels_per_s, 72_000_000);
        assert_eq!(capacity.preset, guess.preset);
        meter.record(10_000_000, seconds(6), seconds(60));
        assert_eq!(meter.capacity().pixels_per_s, 72_000_000, "one stall");
        for _ in 0..8 {
            meter.record(10_000_000, seconds(5), seconds(5));
        }
        assert_eq!(meter.capacity().pixels_per_s, 36_000_000, "a slower box");
    }
}
