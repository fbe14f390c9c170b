//! Direct play, remux or transcode: one pure decision a playback, with its reasons.
//!
//! Never: reading a file, asking the clock, knowing a player by its name.

use serde::{Deserialize, Serialize};

use super::capacity::Capacity;
use super::ladder::{self, Bounds};
use super::obstacle::{against_audio_copy, against_direct_play, against_video_copy};
use super::plan::{AudioPlan, Decision, GridChoice, Plan, VideoPlan};
use super::reason::{Reason, ReasonCode};
use super::source::regular_grid;
use crate::media::client::ClientProfile;
use crate::media::codec::Container;
use crate::media::grid::SegmentGrid;
use crate::media::info::{AudioTrack, MediaInfo, VideoTrack};
use crate::media::target::{AudioTarget, VideoTarget};

/// More sound tracks than this are not offered, so that a ticket stays short.
const MAX_AUDIO_TRACKS: usize = 24;

/// What the viewer, or the owner for the viewer, wants to stay below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub max_height: Option<u32>,
    pub max_bit_rate_kbps: Option<u32>,
}

/// Everything that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub info: &'a MediaInfo,
    pub client: &'a ClientProfile,
    pub limits: &'a Limits,
    pub capacity: &'a Capacity,
    /// The stored grid, where the library has one. Without it there is no remux of pictures.
    pub grid: Option<&'a SegmentGrid>,
    /// Stream index of the sound track the viewer chose; one that is not in the file is no choice.
    pub audio_stream: Option<u32>,
}

/// What becomes of one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackFate {
    /// Sent inside the untouched file.
    Direct,
    Copied,
    Encoded,
}

/// One track and its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackVerdict {
    /// Stream index in the file.
    pub stream: u32,
    pub fate: TrackFate,
}

/// The decision about one playback.
///
/// `decision` speaks of the tracks that play first: `Transcode` when one of them is encoded,
/// `Remux` when all of them are copied. `reasons` is empty for direct play only.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub decision: Decision,
    pub video: Option<TrackVerdict>,
    /// Every sound track that can be chosen.
    pub audio: Vec<TrackVerdict>,
    pub reasons: Vec<Reason>,
    pub plan: Plan,
}

/// The file cannot be sent to this player at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this file cannot be played here: {}", .reasons.last().map_or("", |r| r.text.as_str()))]
pub struct Unplayable {
    /// Never empty; the last one is what settles it.
    pub reasons: Vec<Reason>,
}

/// Decides how the file reaches the player. Direct play comes first, then copying, then encoding.
///
/// Every player of HLS is expected to play H.264 with AAC in it, whatever its lists say.
///
/// # Errors
/// [`Unplayable`] when neither the file itself nor HLS segments of it can be played.
pub fn decide(question: &Question<'_>) -> Result<Verdict, Unplayable> {
    let info = question.info;
    let video = info.video.first();
    let audio = wanted_audio(info, question.audio_stream);
    if info.photo.is_some() {
        return photo(question.client);
    }
    if video.is_none() && audio.is_none() {
        let text = "There is neither a picture nor sound in this file.";
        return Err(unplayable(
            Vec::new(),
            Reason::file(ReasonCode::Empty, text),
        ));
    }
    let obstacles = against_direct_play(question, video, audio);
    if obstacles.is_empty() {
        return Ok(direct_play(info));
    }
    if !question.client.hls {
        let text = "This player can only play whole files, not converted ones.";
        return Err(unplayable(obstacles, Reason::file(ReasonCode::NoHls, text)));
    }
    if question.grid.is_none() && regular_grid(info).is_err() {
        let text =
            "The file does not say how long it is, so it cannot be converted while it plays.";
        return Err(unplayable(
            obstacles,
            Reason::file(ReasonCode::Length, text),
        ));
    }
    Ok(in_segments(question, video, audio, obstacles))
}

/// The sound track that plays first: the chosen one, else the default one, else the first.
fn wanted_audio(info: &MediaInfo, chosen: Option<u32>) -> Option<&AudioTrack> {
    let tracks = &info.audio;
    let by_choice = chosen.and_then(|stream| tracks.iter().find(|t| t.stream == stream));
    by_choice
        .or_else(|| tracks.iter().find(|t| t.is_default))
        .or_else(|| tracks.first())
}

fn unplayable(mut reasons: Vec<Reason>, last: Reason) -> Unplayable {
    reasons.push(last);
    Unplayable { reasons }
}

fn photo(client: &ClientProfile) -> Result<Verdict, Unplayable> {
    if client.containers.contains(&Container::Image) {
        return Ok(Verdict {
            decision: Decision::DirectPlay,
            video: None,
            audio: Vec::new(),
            reasons: Vec::new(),
            plan: Plan::direct_play(),
        });
    }
    let text = "A photo is shown, not played.";
    Err(unplayable(
        Vec::new(),
        Reason::file(ReasonCode::Photo, text),
    ))
}

fn direct_play(info: &MediaInfo) -> Verdict {
    let direct = |stream| TrackVerdict {
        stream,
        fate: TrackFate::Direct,
    };
    Verdict {
        decision: Decision::DirectPlay,
        video: info.video.first().map(|track| direct(track.stream)),
        audio: info
            .audio
            .iter()
            .map(|track| direct(track.stream))
            .collect(),
        reasons: Vec::new(),
        plan: Plan::direct_play(),
    }
}

fn in_segments(
    question: &Question<'_>,
    video: Option<&VideoTrack>,
    audio: Option<&AudioTrack>,
    mut reasons: Vec<Reason>,
) -> Verdict {
    let first_audio = audio.map(|track| track.stream);
    let plans = sound_plans(question, video.is_none(), first_audio, &mut reasons);
    let first_plan = plans.iter().find(|plan| Some(plan.stream) == first_audio);
    let picture = video.map(|track| VideoPlan {
        stream: track.stream,
        rungs: vec![picture_target(
            question,
            track,
            audio,
            first_plan,
            &mut reasons,
        )],
    });
    dedupe(&mut reasons);
    let is_copied = |plan: &VideoPlan| plan.rungs.contains(&VideoTarget::Copy);
    let picture_copied = picture.as_ref().is_none_or(is_copied);
    let sound_copied = first_plan.is_none_or(|plan| plan.target == AudioTarget::Copy);
    let decision = if picture_copied && sound_copied {
        Decision::Remux
    } else {
        Decision::Transcode
    };
    Verdict {
        decision,
        video: picture.as_ref().map(|plan| TrackVerdict {
            stream: plan.stream,
            fate: fate(picture_copied),
        }),
        audio: plans
            .iter()
            .map(|plan| TrackVerdict {
                stream: plan.stream,
                fate: fate(plan.target == AudioTarget::Copy),
            })
            .collect(),
        reasons,
        plan: Plan {
            decision,
            grid: match question.grid {
                Some(_) => GridChoice::Stored,
                None => GridChoice::Regular,
            },
            video: picture,
            audio: plans,
            first_audio,
        },
    }
}

/// What becomes of each sound track; the reasons of the one that plays first are added to `reasons`.
fn sound_plans(
    question: &Question<'_>,
    is_sound_alone: bool,
    first_audio: Option<u32>,
    reasons: &mut Vec<Reason>,
) -> Vec<AudioPlan> {
    let is_rate = |r: &Reason| matches!(r.code, ReasonCode::PlayerRate | ReasonCode::QualityRate);
    let must_shrink = is_sound_alone && reasons.iter().any(is_rate);
    let max_rate_kbps = max_rate(question).filter(|_| is_sound_alone);
    let max_channels = question.client.max_audio_channels;
    let offered = question.info.audio.iter().enumerate();
    let offered = offered.filter(|(k, t)| *k < MAX_AUDIO_TRACKS || Some(t.stream) == first_audio);
    let mut plans = Vec::new();
    for (_, track) in offered {
        let against = against_audio_copy(question.client, track);
        let target = if against.is_empty() && !must_shrink {
            AudioTarget::Copy
        } else {
            ladder::aac(track, max_channels, max_rate_kbps)
        };
        if Some(track.stream) == first_audio {
            reasons.extend(against);
        }
        plans.push(AudioPlan {
            stream: track.stream,
            target,
        });
    }
    plans
}

/// What becomes of the picture; why it is not copied is added to `reasons`.
fn picture_target(
    question: &Question<'_>,
    track: &VideoTrack,
    audio: Option<&AudioTrack>,
    sound: Option<&AudioPlan>,
    reasons: &mut Vec<Reason>,
) -> VideoTarget {
    let against = against_video_copy(question, track);
    if against.is_empty() {
        return VideoTarget::Copy;
    }
    reasons.extend(against);
    let sound_kbps = match sound.map(|plan| &plan.target) {
        Some(AudioTarget::Aac { bit_rate_kbps, .. }) => *bit_rate_kbps,
        Some(AudioTarget::Copy) => audio.and_then(|track| track.bit_rate_kbps).unwrap_or(0),
        None => 0,
    };
    let bounds = Bounds {
        max_height: least(question.client.max_height, question.limits.max_height),
        max_rate_kbps: max_rate(question).map(|most| most.saturating_sub(sound_kbps)),
    };
    let (target, is_slowed) = ladder::h264(track, bounds, question.capacity);
    if is_slowed {
        let text =
            "The picture is made smaller, because this box cannot convert more while it plays.";
        reasons.push(Reason::track(ReasonCode::BoxSpeed, track.stream, text));
    }
    VideoTarget::H264(target)
}

fn max_rate(question: &Question<'_>) -> Option<u32> {
    least(
        question.client.max_bit_rate_kbps,
        question.limits.max_bit_rate_kbps,
    )
}

fn least(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    a.into_iter().chain(b).min()
}

fn fate(copied: bool) -> TrackFate {
    if copied {
        TrackFate::Copied
    } else {
        TrackFate::Encoded
    }
}

fn dedupe(reasons: &mut Vec<Reason>) {
    let mut seen = Vec::new();
    reasons.retain(|reason| {
        let key = (reason.code, reason.track);
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
}
