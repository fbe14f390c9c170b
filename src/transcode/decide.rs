//! Direct play, remux or transcode: one pure decision a playback, with its reasons.
//!
//! Never: reading a file, asking the clock, knowing a player by its name.

use serde::{Deserialize, Serialize};

use super::capacity::Capacity;
use super::ladder::{self, Bounds};
use super::plan::{AudioPlan, Decision, GridChoice, Plan, VideoPlan};
use super::reason::{Reason, ReasonCode, audio_name, container_name, video_name};
use super::source::regular_grid;
use crate::media::client::ClientProfile;
use crate::media::codec::{AudioCodec, Container, VideoCodec};
use crate::media::grid::SegmentGrid;
use crate::media::info::{AudioTrack, Hdr, MediaInfo, VideoTrack};
use crate::media::target::{AudioTarget, VideoTarget};

/// A player that does not state its depth decodes this many bits a colour.
const USUAL_BIT_DEPTH: u8 = 8;
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

fn against_direct_play(
    question: &Question<'_>,
    video: Option<&VideoTrack>,
    audio: Option<&AudioTrack>,
) -> Vec<Reason> {
    let Question { info, client, .. } = question;
    let mut reasons = Vec::new();
    if !client.containers.contains(&info.container) {
        reasons.push(Reason::file(
            ReasonCode::Container,
            match container_name(info.container) {
                Some(name) => format!("This player cannot open {name} files."),
                None => "This player cannot open this kind of file.".to_owned(),
            },
        ));
    }
    if let Some(track) = video {
        reasons.extend(video_not_played(question, track));
    } else {
        let rate = info.bit_rate_kbps;
        reasons.extend(rate_too_high(question, rate, None));
    }
    if let Some(track) = audio {
        reasons.extend(audio_not_played(client, track));
        if info
            .audio
            .first()
            .is_some_and(|first| first.stream != track.stream)
        {
            let text =
                "Players start with the first sound track of a file, and another one is wanted.";
            reasons.push(Reason::track(ReasonCode::AudioTrack, track.stream, text));
        }
    }
    reasons
}

/// Why the player cannot show this picture as it is, in any container.
fn video_not_played(question: &Question<'_>, track: &VideoTrack) -> Vec<Reason> {
    let Question { client, limits, .. } = question;
    let mut reasons = Vec::new();
    let mut add = |code, text: String| reasons.push(Reason::track(code, track.stream, text));
    if !client.video_codecs.contains(&track.codec) {
        let name = video_name(track.codec);
        add(
            ReasonCode::VideoCodec,
            name.map_or_else(
                || "This player cannot play this kind of picture.".to_owned(),
                |name| format!("This player cannot play {name} pictures."),
            ),
        );
    } else if track.bit_depth > client.max_bit_depth.unwrap_or(USUAL_BIT_DEPTH) {
        let text = format!("This player cannot play {}-bit colour.", track.bit_depth);
        add(ReasonCode::BitDepth, text);
    } else if is_unusual_profile(track) {
        let text = "This player cannot play this variety of the picture format.";
        add(ReasonCode::VideoProfile, text.to_owned());
    }
    if track.hdr != Hdr::Sdr && !client.hdr {
        add(
            ReasonCode::Hdr,
            "This screen does not show HDR pictures.".to_owned(),
        );
    }
    let height = ladder::picture_height(track);
    if client.max_height.is_some_and(|most| height > most) {
        let text = format!("The picture is larger ({height} lines) than this player shows.");
        add(ReasonCode::PlayerSize, text);
    }
    if limits.max_height.is_some_and(|most| height > most) {
        let text = format!("The picture is larger ({height} lines) than the chosen quality.");
        add(ReasonCode::QualitySize, text);
    }
    let rate = question.info.bit_rate_kbps.or(track.bit_rate_kbps);
    reasons.extend(rate_too_high(question, rate, Some(track.stream)));
    reasons
}

fn rate_too_high(
    question: &Question<'_>,
    rate_kbps: Option<u32>,
    stream: Option<u32>,
) -> Vec<Reason> {
    let Some(rate) = rate_kbps else {
        return Vec::new();
    };
    let above = |most: Option<u32>| most.is_some_and(|most| rate > most);
    let mut reasons = Vec::new();
    let mut add = |code, text: String| {
        reasons.push(Reason {
            code,
            track: stream,
            text,
        });
    };
    if above(question.client.max_bit_rate_kbps) {
        let text = format!("The file needs {rate} kbit/s, more than this player asked for.");
        add(ReasonCode::PlayerRate, text);
    }
    if above(question.limits.max_bit_rate_kbps) {
        let text = format!("The file needs {rate} kbit/s, more than the chosen quality.");
        add(ReasonCode::QualityRate, text);
    }
    reasons
}

/// Colour finer than 4:2:0, or other profiles that decoders in players leave out.
///
/// Read from the RFC 6381 name: H.264 profiles 122, 244 and 44; HEVC profiles past Main 10;
/// VP9 profiles 1 and 3; AV1 profiles 1 and 2.
fn is_unusual_profile(track: &VideoTrack) -> bool {
    let Some(name) = track.codec_string.as_deref() else {
        return false;
    };
    let Some((_, profile)) = name.split_once('.') else {
        return false;
    };
    match track.codec {
        VideoCodec::H264 => {
            let hex = profile.get(..2).unwrap_or_default().to_ascii_lowercase();
            matches!(hex.as_str(), "7a" | "f4" | "2c")
        }
        VideoCodec::Hevc => {
            let number = profile.split('.').next().unwrap_or_default();
            let number = number.trim_start_matches(['A', 'B', 'C']);
            number.parse::<u8>().is_ok_and(|profile| profile > 3)
        }
        VideoCodec::Vp9 => profile.starts_with("01") || profile.starts_with("03"),
        VideoCodec::Av1 => profile.starts_with(['1', '2']),
        _ => false,
    }
}

/// Why the player cannot play this sound as it is, in any container.
fn audio_not_played(client: &ClientProfile, track: &AudioTrack) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !client.audio_codecs.contains(&track.codec) {
        let name = audio_name(track.codec);
        reasons.push(Reason::track(
            ReasonCode::AudioCodec,
            track.stream,
            name.map_or_else(
                || "This player cannot play this kind of sound.".to_owned(),
                |name| format!("This player cannot play {name} sound."),
            ),
        ));
    }
    if client
        .max_audio_channels
        .is_some_and(|most| track.channels > most)
    {
        let text = format!(
            "This player cannot play sound with {} channels.",
            track.channels
        );
        reasons.push(Reason::track(ReasonCode::Channels, track.stream, text));
    }
    reasons
}

fn in_segments(
    question: &Question<'_>,
    video: Option<&VideoTrack>,
    audio: Option<&AudioTrack>,
    mut reasons: Vec<Reason>,
) -> Verdict {
    let info = question.info;
    let first_audio = audio.map(|track| track.stream);
    let offered = info.audio.iter().enumerate();
    let offered =
        offered.filter(|(k, track)| *k < MAX_AUDIO_TRACKS || Some(track.stream) == first_audio);
    let mut plans = Vec::new();
    let mut fates = Vec::new();
    for (_, track) in offered {
        let against = against_audio_copy(question.client, track);
        let target = if against.is_empty() {
            AudioTarget::Copy
        } else {
            ladder::aac(track, question.client.max_audio_channels)
        };
        if Some(track.stream) == first_audio {
            reasons.extend(against);
        }
        fates.push(TrackVerdict {
            stream: track.stream,
            fate: fate(target == AudioTarget::Copy),
        });
        plans.push(AudioPlan {
            stream: track.stream,
            target,
        });
    }
    let picture = video.map(|track| {
        let against = against_video_copy(question, track);
        if against.is_empty() {
            return (track.stream, VideoTarget::Copy);
        }
        reasons.extend(against);
        let sound = plans.iter().find(|plan| Some(plan.stream) == first_audio);
        let (target, slowed) = encoded_picture(question, track, audio, sound);
        if slowed {
            let text =
                "The picture is made smaller, because this box cannot convert more while it plays.";
            reasons.push(Reason::track(ReasonCode::BoxSpeed, track.stream, text));
        }
        (track.stream, target)
    });
    dedupe(&mut reasons);
    let video_copied = picture
        .as_ref()
        .is_none_or(|(_, target)| *target == VideoTarget::Copy);
    let audio_encoded =
        |fate: &TrackVerdict| Some(fate.stream) == first_audio && fate.fate == TrackFate::Encoded;
    let decision = if video_copied && !fates.iter().any(audio_encoded) {
        Decision::Remux
    } else {
        Decision::Transcode
    };
    Verdict {
        decision,
        video: picture.as_ref().map(|(stream, _)| TrackVerdict {
            stream: *stream,
            fate: fate(video_copied),
        }),
        audio: fates,
        reasons,
        plan: Plan {
            decision,
            grid: if question.grid.is_some() {
                GridChoice::Stored
            } else {
                GridChoice::Regular
            },
            video: picture.map(|(stream, target)| VideoPlan {
                stream,
                rungs: vec![target],
            }),
            audio: plans,
            first_audio,
        },
    }
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

fn against_video_copy(question: &Question<'_>, track: &VideoTrack) -> Vec<Reason> {
    let mut reasons = video_not_played(question, track);
    let has_place = matches!(
        track.codec,
        VideoCodec::H264 | VideoCodec::Hevc | VideoCodec::Av1 | VideoCodec::Vp9
    );
    if !has_place && reasons.is_empty() {
        let name = video_name(track.codec).unwrap_or("This kind of");
        let text = format!("{name} pictures cannot be sent in pieces as they are.");
        reasons.push(Reason::track(ReasonCode::VideoNotInHls, track.stream, text));
    }
    if has_place && reasons.is_empty() && !question.grid.is_some_and(|grid| grid.remuxable) {
        let text = "The picture has no places where it can be cut cleanly.";
        reasons.push(Reason::track(ReasonCode::Cuts, track.stream, text));
    }
    if has_place && reasons.is_empty() && !track.rotation_degrees.is_multiple_of(360) {
        let text = "The picture is stored on its side and has to be turned.";
        reasons.push(Reason::track(ReasonCode::Rotation, track.stream, text));
    }
    reasons
}

fn against_audio_copy(client: &ClientProfile, track: &AudioTrack) -> Vec<Reason> {
    let mut reasons = audio_not_played(client, track);
    let has_place = matches!(
        track.codec,
        AudioCodec::Aac
            | AudioCodec::Ac3
            | AudioCodec::Eac3
            | AudioCodec::Mp3
            | AudioCodec::Flac
            | AudioCodec::Opus
            | AudioCodec::Alac
    );
    if !has_place && reasons.is_empty() {
        let name = audio_name(track.codec).unwrap_or("This kind of");
        let text = format!("{name} sound cannot be sent in pieces as it is.");
        reasons.push(Reason::track(ReasonCode::AudioNotInHls, track.stream, text));
    }
    reasons
}

/// The best picture that player, viewer and box allow, leaving room for the sound.
fn encoded_picture(
    question: &Question<'_>,
    track: &VideoTrack,
    audio: Option<&AudioTrack>,
    sound: Option<&AudioPlan>,
) -> (VideoTarget, bool) {
    let Question { client, limits, .. } = question;
    let sound_kbps = match sound.map(|plan| &plan.target) {
        Some(AudioTarget::Aac { bit_rate_kbps, .. }) => *bit_rate_kbps,
        Some(AudioTarget::Copy) => audio.and_then(|track| track.bit_rate_kbps).unwrap_or(0),
        None => 0,
    };
    let least = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
    let bounds = Bounds {
        max_height: least(client.max_height, limits.max_height),
        max_rate_kbps: least(client.max_bit_rate_kbps, limits.max_bit_rate_kbps)
            .map(|most| most.saturating_sub(sound_kbps)),
    };
    let (target, slowed) = ladder::h264(track, bounds, question.capacity);
    (VideoTarget::H264(target), slowed)
}
