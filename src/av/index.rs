//! Where the keyframes of a video stream are, and whether a film can be cut at them.
//!
//! MP4 brings the place of every sample and Matroska a list of cues; with both, only a few groups
//! of pictures are looked at. Other formats have to be read from end to end.
//!
//! Never: a timestamp of decoding where one of presentation is asked for.

use alcove::base::rational::{MICROSECONDS, rescale};
use alcove::media::codec::VideoCodec;
use alcove::media::grid::{KeyframeIndex, length_us};
use ffmpeg_next::{Packet, ffi};

use super::codecs;
use super::error::AvError;
use super::gop::{GroupWatch, starts_clean};
use super::input::{Contents, Input};
use super::stream::Kind;

/// Keyframes whose groups are looked at when the container lists them all.
const SAMPLES: usize = 12;
/// Packets read to find the end of the last frame.
const TAIL_PACKETS: usize = 20_000;
/// Packets after a keyframe that may be its leading pictures; more are never reordered.
const LEADING_PACKETS: usize = 4;
/// A container's index that ends further than this before the film does is not complete.
const MAX_UNCOVERED_US: i64 = 30_000_000;
/// Top-level boxes of an MP4 looked at for fragments.
const MAX_BOXES: usize = 64;
/// A walk reports after each of these.
const PROGRESS_BYTES: u64 = 4 << 20;

/// The keyframes as the container lists them; `None` when it has no complete list.
///
/// # Errors
/// [`AvError::NotFound`] when `stream` is no video, else what reading says.
pub fn from_container(input: &mut Input, stream: usize) -> Result<Option<KeyframeIndex>, AvError> {
    let codec = video_codec(input, stream)?;
    input.keep_only(&[stream]);
    let listed = match input.format_name().split(',').next() {
        Some("mov") => listed_by_samples(input, stream)?,
        Some("matroska") => listed_by_cues(input, stream)?,
        Some("avi") => return listed_by_frames(input, stream),
        _ => None,
    };
    let Some((pts, end_pts)) = listed else {
        return Ok(None);
    };
    let closed = samples_are_closed(input, stream, codec, &pts)?;
    Ok(finish(input, stream, pts, end_pts, closed))
}

/// Reads every packet of the file; `progress` gets bytes read and bytes in all.
///
/// Keyframes that need the group before are left out, so what remains can always be cut at.
///
/// # Errors
/// As [`from_container`].
pub fn walk(
    input: &mut Input,
    stream: usize,
    mut progress: impl FnMut(u64, u64),
) -> Result<Option<KeyframeIndex>, AvError> {
    let codec = video_codec(input, stream)?;
    // Timestamps of reordered pictures need the parsers that this sets up.
    input.find_stream_info().or_else(survivable)?;
    input.keep_only(&[stream]);
    let mut watch = GroupWatch::new(codec, input.stream_view(stream).map(|s| s.extradata()));
    let mut packet = Packet::empty();
    let mut reported = 0;
    loop {
        match input.read(&mut packet) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error),
            // A damaged end: what was found before it counts.
            Err(_) => break,
        }
        if packet.stream() == stream {
            watch.see(&packet);
        }
        let position = input.position_bytes();
        if position >= reported + PROGRESS_BYTES {
            reported = position;
            progress(position, input.size_bytes());
        }
    }
    let (pts, end_pts) = watch.finish();
    Ok(finish(input, stream, pts, end_pts, true))
}

fn video_codec(input: &Input, stream: usize) -> Result<VideoCodec, AvError> {
    input
        .stream_view(stream)
        .filter(|view| view.kind() == Kind::Video && !view.is_cover())
        .map(|view| codecs::video(&view))
        .ok_or(AvError::NotFound)
}

fn finish(
    input: &Input,
    stream: usize,
    mut pts: Vec<i64>,
    end_pts: i64,
    closed: bool,
) -> Option<KeyframeIndex> {
    let time_base = input.stream_view(stream)?.time_base();
    pts.sort_unstable();
    pts.dedup();
    pts.retain(|&key| key < end_pts);
    // Timestamps that no film can have are as good as none.
    length_us(time_base, *pts.first()?, end_pts).ok()?;
    Some(KeyframeIndex {
        time_base,
        pts,
        end_pts,
        closed,
    })
}

/// MP4: every sample is known, so the packets can be walked through without reading them.
///
/// libav loses count of the presentation times when it drops packets itself (its `discard`), so all
/// are taken, which costs about a microsecond each.
fn listed_by_samples(input: &mut Input, stream: usize) -> Result<Option<(Vec<i64>, i64)>, AvError> {
    let Some(first) = input.index_entries(stream).first().copied() else {
        return Ok(None);
    };
    if is_fragmented(input)? {
        return Ok(None);
    }
    let size = input.size_bytes();
    input.set_contents(Contents::Skipped);
    input
        .seek_back_to(stream, first.ticks)
        .or_else(survivable)?;
    let mut watch = GroupWatch::new(VideoCodec::Other, None);
    let mut packet = Packet::empty();
    while input.read(&mut packet)? && reaches(&packet, size) {
        // An edit list may hide the first pictures; the film then begins at the first shown one.
        let hidden = packet.flags().bits() & ffi::AV_PKT_FLAG_DISCARD != 0;
        if packet.stream() == stream && !hidden {
            watch.see(&packet);
        }
    }
    input.set_contents(Contents::Read);
    let (pts, end) = watch.finish();
    Ok((!pts.is_empty()).then_some((pts, end)))
}

/// True when the packet lies in the file as a whole.
fn reaches(packet: &Packet, size: u64) -> bool {
    u64::try_from(packet.position()).is_ok_and(|start| start + packet.size() as u64 <= size)
}

/// Matroska: cues are read by the first seek, and carry times of presentation.
fn listed_by_cues(input: &mut Input, stream: usize) -> Result<Option<(Vec<i64>, i64)>, AvError> {
    input.seek_back_to(stream, 0).or_else(survivable)?;
    let pts: Vec<i64> = input
        .index_entries(stream)
        .iter()
        .filter(|entry| entry.is_key)
        .map(|entry| entry.ticks)
        .collect();
    let (Some(&last), Some(view)) = (pts.iter().max(), input.stream_view(stream)) else {
        return Ok(None);
    };
    let base = view.time_base();
    if !base.is_valid() {
        return Ok(None);
    }
    let covered_us = rescale(last, base, MICROSECONDS);
    let complete = input
        .duration_us()
        .is_some_and(|duration| covered_us.saturating_add(MAX_UNCOVERED_US) >= duration);
    if !complete {
        return Ok(None);
    }
    if input.seek_back_to(stream, last).is_err() {
        return Ok(None);
    }
    let end = end_of_film(input, stream)?;
    Ok(end.map(|end| (pts, end)))
}

/// AVI: an index by frame numbers, without times of presentation; good for a regular grid only.
fn listed_by_frames(input: &mut Input, stream: usize) -> Result<Option<KeyframeIndex>, AvError> {
    let entries = input.index_entries(stream);
    let pts = entries
        .iter()
        .filter(|e| e.is_key)
        .map(|e| e.ticks)
        .collect();
    let end = entries
        .iter()
        .map(|entry| entry.ticks.saturating_add(1))
        .max();
    Ok(end.and_then(|end| finish(input, stream, pts, end, false)))
}

/// Damage is not the end of the attempt; a failing disk is.
fn survivable(error: AvError) -> Result<(), AvError> {
    match error {
        AvError::Read(_) | AvError::OutOfMemory => Err(error),
        _ => Ok(()),
    }
}

/// Reads from here to the end of the file.
fn end_of_film(input: &mut Input, stream: usize) -> Result<Option<i64>, AvError> {
    let mut watch = GroupWatch::new(VideoCodec::Other, None);
    let mut packet = Packet::empty();
    for _ in 0..TAIL_PACKETS {
        match input.read(&mut packet) {
            Ok(true) if packet.stream() == stream => watch.see(&packet),
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                survivable(error)?;
                break;
            }
        }
    }
    Ok(watch.end_pts())
}

/// Looks at some of the groups: true when each can be decoded from its keyframe alone.
fn samples_are_closed(
    input: &mut Input,
    stream: usize,
    codec: VideoCodec,
    pts: &[i64],
) -> Result<bool, AvError> {
    let extradata = input
        .stream_view(stream)
        .map(|view| view.extradata().to_vec())
        .unwrap_or_default();
    let mut packet = Packet::empty();
    // The first group has nothing before it that it could need.
    let later = pts.get(1..).unwrap_or_default();
    let step = later.len().div_ceil(SAMPLES).max(1);
    for &key in later.iter().step_by(step) {
        if let Err(error) = input.seek_back_to(stream, key) {
            survivable(error)?;
            return Ok(false);
        }
        let mut following = None;
        while following.is_none_or(|count| count < LEADING_PACKETS) {
            match input.read(&mut packet) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    survivable(error)?;
                    break;
                }
            }
            if packet.stream() != stream {
                continue;
            }
            match (&mut following, packet.pts()) {
                (None, Some(at)) if at >= key => {
                    if packet.is_key() && at == key && !starts_clean(codec, &extradata, &packet) {
                        return Ok(false);
                    }
                    following = Some(0);
                }
                (Some(_), Some(at)) if at < key => return Ok(false),
                (Some(count), _) => *count += 1,
                _ => {}
            }
        }
    }
    Ok(true)
}

/// True when an MP4 keeps its samples in fragments, whose index is scattered over the file.
fn is_fragmented(input: &Input) -> Result<bool, AvError> {
    let mut offset = 0u64;
    for _ in 0..MAX_BOXES {
        let mut header = [0; 16];
        if input.peek(offset, &mut header)? < 8 {
            return Ok(false);
        }
        let [a, b, c, d, kind @ .., _, _, _, _, _, _, _, _] = header;
        if &kind == b"moof" {
            return Ok(true);
        }
        let size = match u32::from_be_bytes([a, b, c, d]) {
            0 => return Ok(false),
            1 => u64::from_be_bytes(header[8..].try_into().expect("eight of sixteen bytes")),
            size => u64::from(size),
        };
        match offset.checked_add(size) {
            Some(next) if size >= 8 => offset = next,
            _ => return Ok(false),
        }
    }
    Ok(false)
}
