//! The pieces that a player fetches, and the worker's job that makes each of them.
//!
//! Never: making them, keeping them.

use std::time::Duration;

use super::plan::Plan;
use super::source::{Source, SourceKey};
use crate::media::job::{AudioSpec, Job, VideoSpec};
use crate::media::target::{AudioTarget, VideoTarget};

/// One of the streams of a playback that a player fetches on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rendition {
    /// The picture of this rung.
    Video(u8),
    /// The sound of this stream.
    Audio(u32),
}

/// A piece of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Init,
    /// Counted from zero along the grid.
    Segment(u32),
}

/// What the bytes of a part depend on; equal keys have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PartKey {
    pub(crate) track: TrackKey,
    pub(crate) part: Part,
}

/// What a job costs the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Encodes pictures: keeps a core busy for seconds.
    Heavy,
    /// Copies, sound and init segments: done in a moment, and never kept waiting behind pictures.
    Light,
}

impl Weight {
    pub(crate) const ALL: [Self; 2] = [Self::Heavy, Self::Light];
}

impl PartKey {
    pub(crate) fn weight(&self) -> Weight {
        match (&self.track.target, self.part) {
            (TargetKey::Video(VideoTarget::H264(_)), Part::Segment(_)) => Weight::Heavy,
            _ => Weight::Light,
        }
    }
}

/// One rendition of one file, whoever watches it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TrackKey {
    pub(crate) source: SourceKey,
    stream: u32,
    target: TargetKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum TargetKey {
    Video(VideoTarget),
    Audio(AudioTarget),
}

impl TrackKey {
    pub(crate) fn is_video(&self) -> bool {
        matches!(self.target, TargetKey::Video(_))
    }
}

/// The key of a rendition; `None` when the plan has no such rendition.
pub(crate) fn track_key(source: &Source, plan: &Plan, rendition: Rendition) -> Option<TrackKey> {
    let (stream, target) = match rendition {
        Rendition::Video(rung) => (
            plan.video.as_ref()?.stream,
            TargetKey::Video(plan.video_target(rung)?.clone()),
        ),
        Rendition::Audio(stream) => (stream, TargetKey::Audio(plan.audio_target(stream)?.clone())),
    };
    Some(TrackKey {
        source: source.key(),
        stream,
        target,
    })
}

/// True when the grid has that part.
pub(crate) fn exists(source: &Source, part: Part) -> bool {
    match part {
        Part::Init => true,
        Part::Segment(k) => usize::try_from(k).is_ok_and(|k| k < source.grid().len()),
    }
}

/// The film time that a part holds.
pub(crate) fn length_of(source: &Source, part: Part) -> Duration {
    let Part::Segment(k) = part else {
        return Duration::ZERO;
    };
    let index = usize::try_from(k).ok();
    let length_us = index.and_then(|k| source.grid().duration_us(k));
    Duration::from_micros(length_us.and_then(|us| u64::try_from(us).ok()).unwrap_or(0))
}

/// The job that makes the part with this key.
pub(crate) fn job(source: &Source, key: &PartKey) -> Job {
    let (stream, grid) = (key.track.stream, source.grid().clone());
    match &key.track.target {
        TargetKey::Video(target) => {
            let spec = VideoSpec {
                stream,
                grid,
                target: target.clone(),
            };
            match key.part {
                Part::Init => Job::VideoInit(spec),
                Part::Segment(index) => Job::VideoSegment { spec, index },
            }
        }
        TargetKey::Audio(target) => {
            let spec = AudioSpec {
                stream,
                grid,
                target: target.clone(),
            };
            match key.part {
                Part::Init => Job::AudioInit(spec),
                Part::Segment(index) => Job::AudioSegment { spec, index },
            }
        }
    }
}
