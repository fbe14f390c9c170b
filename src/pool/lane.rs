//! How many workers a lane has, how willingly they give way, and how long a job may be silent.
//!
//! Never: processes.

use std::time::Duration;

use super::Lane;
use crate::media::job::{IndexEffort, Job};

/// All lanes, in the order of their numbers.
pub const LANES: [Lane; 3] = [Lane::Viewer, Lane::Scan, Lane::Idle];

/// Concurrent probes past this cost memory, and a single disk gives no more (two even on big boards).
const MOST_SCAN_WORKERS: usize = 2;

impl Lane {
    /// The word on a worker's command line.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Scan => "scan",
            Self::Idle => "idle",
        }
    }
}

/// Number of workers of `lane` when viewers get `viewers`.
pub fn workers(lane: Lane, viewers: usize) -> usize {
    match lane {
        Lane::Viewer => viewers.max(1),
        Lane::Scan => std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MOST_SCAN_WORKERS),
        Lane::Idle => 1,
    }
}

/// How much time and memory a job may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Longest silence: no data and no growing progress.
    pub silence: Duration,
    /// Longest time altogether.
    pub total: Duration,
    /// Most bytes of data: what a worker sends is kept in memory, and the daemon must outlive it.
    pub most_bytes: u64,
}

const MIB: u64 = 1 << 20;

/// The limits of `job`, from what the slowest supported disk and core need, and from what the largest
/// file gives, several times over.
pub fn limit_of(job: &Job) -> Limit {
    let (silence_s, total_s, most_mib) = match job {
        Job::Probe { .. } | Job::SandboxReport => (20, 20, 1),
        Job::SubtitleFile { .. } => (20, 20, 32),
        Job::Cover { .. } | Job::Photo { .. } | Job::Thumbnail { .. } => (30, 60, 32),
        Job::Index {
            effort: IndexEffort::ContainerOnly,
            ..
        } => (20, 30, 32),
        // A walk reads the whole file: hours for a large one on a slow disk at idle priority.
        Job::Index {
            effort: IndexEffort::Walk,
            ..
        }
        | Job::Subtitle { .. } => (60, 4 * 3600, 32),
        Job::VideoInit(_) | Job::AudioInit(_) => (30, 30, 1),
        // Ten seconds of a disc at 100 Mbit/s are 120 MiB.
        Job::VideoSegment { .. } => (30, 120, 192),
        Job::AudioSegment { .. } => (30, 120, 32),
    };
    Limit {
        silence: Duration::from_secs(silence_s),
        total: Duration::from_secs(total_s),
        most_bytes: most_mib * MIB,
    }
}
