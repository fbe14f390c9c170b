//! HLS playlists (RFC 8216bis), complete from the first request: every address and length is known.
//!
//! Addresses are relative to the playlist itself: `v/{rung}/index.m3u8`, `a/{stream}/index.m3u8` and
//! `s/{id}/index.m3u8` beside the multivariant playlist, `init.mp4` and `{k}.m4s` beside each media
//! playlist, and `../{id}.vtt` beside a subtitle playlist.
//!
//! Never: a title of an item, an address with a host.

use std::fmt::Write;

use super::ladder;
use super::language;
use super::plan::Plan;
use crate::base::rational::Rational;
use crate::media::codec::{AudioCodec, VideoCodec};
use crate::media::grid::SegmentGrid;
use crate::media::info::{AudioTrack, Hdr, MediaInfo, VideoTrack};
use crate::media::target::{AudioTarget, VideoTarget};

/// A text subtitle that the player may choose, from inside the file or beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubtitleRendition {
    /// The part of its address that names it; letters, digits, `-` and `_` only.
    pub id: String,
    /// Code as written in the file.
    pub language: Option<String>,
    pub title: Option<String>,
    pub is_default: bool,
    pub is_forced: bool,
    pub is_hearing_impaired: bool,
}

/// Share that the fMP4 boxes add to the packets.
const MUX_OVERHEAD: f64 = 1.03;
/// Assumed rate of copied tracks that do not state theirs.
const UNKNOWN_VIDEO_KBPS: u32 = 8_000;
const UNKNOWN_AUDIO_KBPS: u32 = 256;

/// The playlist that lists every rendition of a playback.
///
/// `info` is the file that `plan` was made for; a track that is not in it is left out.
pub fn multivariant(plan: &Plan, info: &MediaInfo, subtitles: &[SubtitleRendition]) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let has_video = video_of(plan, info).is_some();
    if has_video {
        audio_group(&mut text, plan, info);
    }
    subtitle_group(&mut text, subtitles);
    match (video_of(plan, info), &plan.video) {
        (Some(track), Some(video)) => {
            for (rung, target) in video.rungs.iter().enumerate() {
                video_variant(
                    &mut text,
                    plan,
                    info,
                    (track, target),
                    !subtitles.is_empty(),
                );
                let _ = writeln!(text, "v/{rung}/index.m3u8");
            }
        }
        _ => audio_variant(&mut text, plan, info, !subtitles.is_empty()),
    }
    text
}

/// The playlist of one video or audio rendition; all of them have the same cuts.
pub fn media(grid: &SegmentGrid) -> String {
    let durations = (0..grid.len()).filter_map(|k| grid.duration_us(k));
    let mut text = head(durations.clone().max().unwrap_or(0));
    text.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init.mp4\"\n");
    for (k, duration_us) in durations.enumerate() {
        entry(&mut text, duration_us, format_args!("{k}.m4s"));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The playlist of subtitle `id`: one WebVTT document for the whole length.
pub fn subtitle(grid: &SegmentGrid, id: &str) -> String {
    let total_us = grid.total_us();
    let mut text = head(total_us);
    entry(&mut text, total_us, format_args!("../{id}.vtt"));
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

fn head(longest_us: i64) -> String {
    let target_s = (longest_us + 999_999).div_euclid(1_000_000).max(1);
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{target_s}\n\
         #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    )
}

fn entry(text: &mut String, duration_us: i64, address: std::fmt::Arguments<'_>) {
    let (whole, part) = (duration_us / 1_000_000, duration_us % 1_000_000);
    let _ = writeln!(text, "#EXTINF:{whole}.{part:06},\n{address}");
}

fn video_of<'a>(plan: &Plan, info: &'a MediaInfo) -> Option<&'a VideoTrack> {
    let stream = plan.video.as_ref()?.stream;
    info.video.iter().find(|track| track.stream == stream)
}

fn audio_of<'a>(
    plan: &'a Plan,
    info: &'a MediaInfo,
) -> impl Iterator<Item = (&'a AudioTrack, &'a AudioTarget)> {
    plan.audio.iter().filter_map(|audio| {
        let track = info
            .audio
            .iter()
            .find(|track| track.stream == audio.stream)?;
        Some((track, &audio.target))
    })
}

fn audio_group(text: &mut String, plan: &Plan, info: &MediaInfo) {
    let mut names = Names::default();
    for (place, (track, target)) in audio_of(plan, info).enumerate() {
        let name = names.unique(track.title.as_deref(), track.language.as_deref(), place);
        let stream = track.stream;
        let first = yes_no(plan.first_audio == Some(stream));
        let _ = write!(text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\"");
        language_attribute(text, track.language.as_deref());
        let _ = writeln!(
            text,
            ",NAME=\"{name}\",DEFAULT={first},AUTOSELECT=YES,CHANNELS=\"{}\",URI=\"a/{stream}/index.m3u8\"",
            channels(track, target),
        );
    }
}

fn subtitle_group(text: &mut String, subtitles: &[SubtitleRendition]) {
    let mut names = Names::default();
    let default = subtitles.iter().position(|subtitle| subtitle.is_default);
    for (place, subtitle) in subtitles.iter().enumerate() {
        let name = names.unique(
            subtitle.title.as_deref(),
            subtitle.language.as_deref(),
            place,
        );
        text.push_str("#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\"");
        language_attribute(text, subtitle.language.as_deref());
        let _ = write!(
            text,
            ",NAME=\"{name}\",DEFAULT={},AUTOSELECT=YES,FORCED={}",
            yes_no(default == Some(place)),
            yes_no(subtitle.is_forced),
        );
        if subtitle.is_hearing_impaired {
            text.push_str(
                ",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,\
                 public.accessibility.describes-music-and-sound\"",
            );
        }
        let _ = writeln!(text, ",URI=\"s/{}/index.m3u8\"", subtitle.id);
    }
}

fn video_variant(
    text: &mut String,
    plan: &Plan,
    info: &MediaInfo,
    (track, target): (&VideoTrack, &VideoTarget),
    has_subtitles: bool,
) {
    let rates = audio_of(plan, info).map(|(track, target)| audio_kbps(track, target));
    let audio_kbps = rates.max().unwrap_or(0);
    let (peak_kbps, mean_kbps) = video_kbps(info, track, target);
    let mut codecs = vec![video_codec(track, target)];
    for (track, target) in audio_of(plan, info) {
        let codec = audio_codec(track, target);
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    let (width, height) = match target {
        VideoTarget::Copy => ladder::display_size(track),
        VideoTarget::H264(h264) => (h264.width, h264.height),
    };
    let _ = write!(
        text,
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",RESOLUTION={width}x{height}",
        bits(peak_kbps.saturating_add(audio_kbps)),
        bits(mean_kbps.saturating_add(audio_kbps)),
        codecs.join(","),
    );
    if let Some(rate) = frame_rate(track, target) {
        let _ = write!(text, ",FRAME-RATE={:.3}", rate.as_f64());
    }
    // An encoded picture keeps the colours of its source, and says so in its own headers.
    let range = match track.hdr {
        Hdr::Sdr => "SDR",
        Hdr::Hlg => "HLG",
        Hdr::Hdr10 | Hdr::DolbyVision => "PQ",
    };
    let _ = write!(text, ",VIDEO-RANGE={range}");
    if audio_of(plan, info).next().is_some() {
        text.push_str(",AUDIO=\"audio\"");
    }
    subtitles_attribute(text, has_subtitles);
    text.push_str(",CLOSED-CAPTIONS=NONE\n");
}

/// Sound alone: the wanted track is the variant itself.
fn audio_variant(text: &mut String, plan: &Plan, info: &MediaInfo, has_subtitles: bool) {
    let wanted = audio_of(plan, info).find(|(track, _)| Some(track.stream) == plan.first_audio);
    let Some((track, target)) = wanted.or_else(|| audio_of(plan, info).next()) else {
        return;
    };
    let kbps = audio_kbps(track, target);
    let _ = write!(
        text,
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
        bits(kbps),
        bits(kbps),
        audio_codec(track, target),
    );
    subtitles_attribute(text, has_subtitles);
    let _ = writeln!(text, "\na/{}/index.m3u8", track.stream);
}

fn subtitles_attribute(text: &mut String, has_subtitles: bool) {
    if has_subtitles {
        text.push_str(",SUBTITLES=\"subtitles\"");
    }
}

fn language_attribute(text: &mut String, code: Option<&str>) {
    if let Some(tag) = code.and_then(language::tag) {
        let _ = write!(text, ",LANGUAGE=\"{tag}\"");
    }
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "YES" } else { "NO" }
}

/// The names of one group, which RFC 8216 wants to differ.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn unique(&mut self, title: Option<&str>, code: Option<&str>, place: usize) -> String {
        let title = title.map(quotable).filter(|title| !title.is_empty());
        let base = title
            .or_else(|| code.and_then(language::own_name).map(str::to_owned))
            .unwrap_or_else(|| format!("{}", place + 1));
        let mut name = base.clone();
        let mut again = 2;
        while self.0.contains(&name) {
            name = format!("{base} ({again})");
            again += 1;
        }
        self.0.push(name.clone());
        name
    }
}

/// A text that may stand in a quoted string of a playlist.
fn quotable(text: &str) -> String {
    let safe = text.trim().chars().take(200).map(|c| match c {
        '"' => '\'',
        c if c.is_control() => ' ',
        c => c,
    });
    safe.collect()
}

fn bits(kbps: u32) -> u64 {
    (f64::from(kbps) * 1000.0 * MUX_OVERHEAD).ceil() as u64
}

/// Peak and mean of the picture. A capped encoder with a buffer of two seconds may spend, over the
/// shortest usual segment of four, half as much again as its cap; copied pictures are taken to peak at double.
fn video_kbps(info: &MediaInfo, track: &VideoTrack, target: &VideoTarget) -> (u32, u32) {
    match target {
        VideoTarget::H264(h264) => (
            h264.max_rate_kbps + h264.max_rate_kbps / 2,
            h264.max_rate_kbps,
        ),
        VideoTarget::Copy => {
            let stated = track.bit_rate_kbps.or(info.bit_rate_kbps);
            let mean = stated
                .filter(|&kbps| kbps > 0)
                .unwrap_or(UNKNOWN_VIDEO_KBPS);
            (mean.saturating_mul(2), mean)
        }
    }
}

fn audio_kbps(track: &AudioTrack, target: &AudioTarget) -> u32 {
    match target {
        AudioTarget::Aac { bit_rate_kbps, .. } => *bit_rate_kbps,
        AudioTarget::Copy => track
            .bit_rate_kbps
            .filter(|&kbps| kbps > 0)
            .unwrap_or(UNKNOWN_AUDIO_KBPS),
    }
}

fn channels(track: &AudioTrack, target: &AudioTarget) -> u16 {
    match target {
        AudioTarget::Aac { channels, .. } => *channels,
        AudioTarget::Copy => track.channels.max(1),
    }
}

fn frame_rate(track: &VideoTrack, target: &VideoTarget) -> Option<Rational> {
    let own = track.frame_rate.filter(|rate| rate.is_valid());
    match target {
        VideoTarget::H264(h264) => h264.frame_rate.or(own),
        VideoTarget::Copy => own,
    }
}

/// The RFC 6381 name of the picture in its segments.
fn video_codec(track: &VideoTrack, target: &VideoTarget) -> String {
    if let VideoTarget::H264(h264) = target {
        return format!("avc1.6400{:02x}", h264.level);
    }
    match (&track.codec_string, track.codec) {
        // The segments carry parameter sets in the init segment only, which is what `hvc1` and `avc1` say.
        (Some(name), VideoCodec::Hevc) => name.replacen("hev1", "hvc1", 1),
        (Some(name), VideoCodec::H264) => name.replacen("avc3", "avc1", 1),
        (Some(name), _) => name.clone(),
        (None, VideoCodec::Hevc) if track.bit_depth > 8 => "hvc1.2.4.L153.B0".to_owned(),
        (None, VideoCodec::Hevc) => "hvc1.1.6.L150.B0".to_owned(),
        (None, VideoCodec::Av1) if track.bit_depth > 8 => "av01.0.13M.10".to_owned(),
        (None, VideoCodec::Av1) => "av01.0.13M.08".to_owned(),
        (None, VideoCodec::Vp9) if track.bit_depth > 8 => "vp09.02.51.10".to_owned(),
        (None, VideoCodec::Vp9) => "vp09.00.51.08".to_owned(),
        (None, _) => "avc1.640033".to_owned(),
    }
}

/// The name of the sound in its segments, as RFC 6381, the Opus and FLAC mappings and Apple write it.
fn audio_codec(track: &AudioTrack, target: &AudioTarget) -> String {
    let aac = || {
        let own = track.codec_string.clone();
        own.filter(|name| name.starts_with("mp4a.40."))
    };
    match (target, track.codec) {
        (AudioTarget::Copy, AudioCodec::Aac) => aac().unwrap_or_else(|| "mp4a.40.2".to_owned()),
        (AudioTarget::Copy, AudioCodec::Mp3) => "mp4a.40.34".to_owned(),
        (AudioTarget::Copy, AudioCodec::Ac3) => "ac-3".to_owned(),
        (AudioTarget::Copy, AudioCodec::Eac3) => "ec-3".to_owned(),
        (AudioTarget::Copy, AudioCodec::Flac) => "fLaC".to_owned(),
        (AudioTarget::Copy, AudioCodec::Opus) => "Opus".to_owned(),
        (AudioTarget::Copy, AudioCodec::Alac) => "alac".to_owned(),
        _ => "mp4a.40.2".to_owned(),
    }
}
