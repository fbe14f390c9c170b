//! What stands between a file and a player that would take it as it is.
//!
//! Never: the decision, or a target.

use super::decide::Question;
use super::ladder;
use super::reason::{Reason, ReasonCode, audio_name, container_name, video_name};
use crate::media::client::ClientProfile;
use crate::media::codec::{AudioCodec, VideoCodec};
use crate::media::info::{AudioTrack, Hdr, VideoTrack};

/// A player that does not state its depth decodes this many bits a colour.
const USUAL_BIT_DEPTH: u8 = 8;

/// Why the untouched file is no way; empty when it is.
pub(crate) fn against_direct_play(
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

/// Why the track cannot be copied into segments for this player; empty when it can.
pub(crate) fn against_video_copy(question: &Question<'_>, track: &VideoTrack) -> Vec<Reason> {
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

/// Why the track cannot be copied into segments for this player; empty when it can.
pub(crate) fn against_audio_copy(client: &ClientProfile, track: &AudioTrack) -> Vec<Reason> {
    let mut reasons = audio_not_played(client, track);
    // MP3 has a place in fMP4, but Chromium's Media Source Extensions refuse every name of it there.
    let has_place = matches!(
        track.codec,
        AudioCodec::Aac
            | AudioCodec::Ac3
            | AudioCodec::Eac3
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
