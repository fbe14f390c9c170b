//! How this box does, for its owner's eyes.
//!
//! Never: a title, a path, or which playback a figure comes from.

use serde::Serialize;
use utoipa::ToSchema;

use crate::telemetry::held;

/// How fast this box encodes and how warm it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct Performance {
    /// Of the last twelve weeks, the oldest first.
    pub rows: Vec<PerformanceRow>,
    /// Of the last six hours, the oldest first; empty where nothing measures it.
    pub temperature: Vec<Temperature>,
    /// Whether heat slowed the processor down, in the last six hours; empty where nothing tells.
    pub throttling: Vec<Throttled>,
}

/// Playbacks of one week with pictures of one codec, encoded by one backend.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceRow {
    /// Such as `2026-W47`.
    pub week: String,
    /// Class of the metric `video_codec`.
    pub video_codec: &'static str,
    /// Class of the metric `backend`.
    pub backend: &'static str,
    /// Playbacks by the index of their class of the metric `real_time_factor`.
    pub factor: Vec<u32>,
}

/// The processor's temperature at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Temperature {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Degrees Celsius.
    pub temperature_c: f64,
}

/// Whether heat slowed the processor down at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Throttled {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    pub throttled: bool,
}

impl From<&held::Performance> for PerformanceRow {
    fn from(row: &held::Performance) -> Self {
        Self {
            week: row.week.to_string(),
            video_codec: row.video_codec.class(),
            backend: row.backend.class(),
            factor: row.factor.clone(),
        }
    }
}
