//! Everything the headers of a media file say, at the lowest price.
//!
//! The streams' first packets are read only where the headers leave something open, because that
//! costs many times as much as the headers: some decoders are opened for it.
//!
//! Never: a whole file.

use alcove::base::rational::{MILLISECONDS, Rational, rescale};
use alcove::media::codec::{AudioCodec, Container, VideoCodec};
use alcove::media::info::{AudioTrack, Hdr, MediaInfo, SubtitleTrack, VideoTrack};
use ffmpeg_next::{Packet, ffi};

use super::error::AvError;
use super::input::Input;
use super::stream::{Kind, Stream};
use super::video_header::VideoHeader;
use super::{audio_header, chapters, codecs, mpeg_audio, video_header};

/// A longer film is a damaged header.
const MAX_DURATION_MS: u64 = 30 * 24 * 3600 * 1000;
/// A header that claims fewer bits a second than any codec needs claims too long a duration.
const MIN_BIT_RATE: u64 = 100;
/// Packets looked at to find a VP9 key frame.
const FIRST_PACKETS: usize = 32;
/// Where the EBML header names the document type.
const HEAD_BYTES: usize = 64;
const SMPTE_2084: u32 = 16;
const HLG: u32 = 18;
const TRANSFER_UNSPECIFIED: u32 = 2;

/// What the open file holds.
///
/// # Errors
/// [`AvError::Damaged`] when there is no track that could be played, else what reading says.
pub fn media_info(input: &mut Input) -> Result<MediaInfo, AvError> {
    let mut head = [0; HEAD_BYTES];
    let filled = input.peek(0, &mut head)?;
    let container = codecs::container(input.format_name(), &head[..filled]);
    let mut mpeg = None;
    if container == Container::Mp3 {
        mpeg = mpeg_audio::facts(input)?;
    }
    if mpeg.is_none() && needs_packets(input) {
        // Damage further on leaves what the headers said; the disk's errors do not.
        if let Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) = input.find_stream_info() {
            return Err(error);
        }
    }
    let vp9 = vp9_frame(input)?;
    let mut info = describe(input, container, vp9);
    if let Some(facts) = mpeg {
        for track in &mut info.audio {
            track.channels = facts.channels;
            track.sample_rate_hz = facts.sample_rate_hz;
            track.bit_rate_kbps = Some(facts.bit_rate_kbps);
        }
        info.duration_ms = info.duration_ms.or(Some(facts.duration_ms));
    }
    info.video
        .retain(|track| track.width > 0 && track.height > 0);
    info.audio
        .retain(|track| track.channels > 0 && track.sample_rate_hz > 0);
    if info.video.is_empty() && info.audio.is_empty() {
        return Err(AvError::Damaged("no picture and no sound is in it".into()));
    }
    info.duration_ms = info
        .duration_ms
        .filter(|ms| is_plausible(*ms, input.size_bytes()));
    info.bit_rate_kbps = info
        .duration_ms
        .and_then(|ms| u32::try_from(input.size_bytes().saturating_mul(8) / ms.max(1)).ok());
    Ok(info)
}

fn is_plausible(duration_ms: u64, size_bytes: u64) -> bool {
    let bits = size_bytes.saturating_mul(8);
    (1..=MAX_DURATION_MS).contains(&duration_ms)
        && bits.saturating_mul(1000) / duration_ms >= MIN_BIT_RATE
}

/// True when the headers leave something open that the first packets tell.
pub fn needs_packets(input: &Input) -> bool {
    // SAFETY: the context is live.
    let more_to_come = unsafe { (*input.as_ptr()).ctx_flags } & ffi::AVFMTCTX_NOHEADER != 0;
    let playable = |stream: &Stream<'_>| {
        matches!(stream.kind(), Kind::Video | Kind::Audio) && !stream.is_cover()
    };
    more_to_come
        || input.duration_us().is_none()
        || !input.streams().any(|stream| playable(&stream))
        || input
            .streams()
            .filter(playable)
            .any(|stream| is_incomplete(&stream))
}

fn is_incomplete(stream: &Stream<'_>) -> bool {
    if stream.codec_id() == ffi::AVCodecID::AV_CODEC_ID_NONE as u32 {
        return true;
    }
    if stream.kind() == Kind::Audio {
        let flac = audio_header::flac_stream_info(stream.extradata());
        let is_flac = codecs::audio(stream) == AudioCodec::Flac;
        return (stream.channels() == 0 || stream.sample_rate_hz() == 0)
            && !(is_flac && flac.is_some());
    }
    let codec = codecs::video(stream);
    let header = video_header::parse(codec, stream.codec_tag(), stream.extradata());
    let depth = stream.pixel_bit_depth().or(header.bit_depth);
    let named = match codec {
        VideoCodec::H264 | VideoCodec::Hevc | VideoCodec::Av1 => header.codec_string.is_some(),
        VideoCodec::Mpeg1 | VideoCodec::Mpeg2 | VideoCodec::Vc1 | VideoCodec::ProRes => {
            stream.pixel_bit_depth().is_some()
        }
        _ => true,
    };
    let may_be_hdr = depth.is_some_and(|depth| depth > 8)
        && transfer(stream, &header) == TRANSFER_UNSPECIFIED
        && matches!(codec, VideoCodec::Hevc | VideoCodec::Av1 | VideoCodec::Vp9);
    stream.size() == (0, 0)
        || frame_rate(stream).is_none()
        || !named
        || header.may_interlace
        || may_be_hdr
}

fn describe(input: &Input, container: Container, vp9: Option<video_header::Vp9Frame>) -> MediaInfo {
    let mut info = MediaInfo {
        container,
        duration_ms: input
            .duration_us()
            .and_then(|us| u64::try_from((us + 500) / 1000).ok()),
        bit_rate_kbps: None,
        video: Vec::new(),
        audio: Vec::new(),
        subtitles: Vec::new(),
        chapters: chapters::read(input),
        tags: input.tags(),
        has_cover: false,
        photo: None,
    };
    for stream in input.streams() {
        match stream.kind() {
            _ if stream.is_cover() => info.has_cover = true,
            Kind::Video => info.video.push(video_track(&stream, vp9)),
            Kind::Audio => {
                // Ogg keeps the tags of the whole in the stream.
                if container == Container::Ogg && info.audio.is_empty() {
                    let known = info.tags.len();
                    for (key, value) in stream.tags() {
                        if !info.tags[..known].iter().any(|(name, _)| *name == key) {
                            info.tags.push((key, value));
                        }
                    }
                }
                info.audio.push(audio_track(&stream));
            }
            Kind::Subtitle => info.subtitles.push(subtitle_track(&stream)),
            Kind::Other => {}
        }
    }
    info
}

fn video_track(stream: &Stream<'_>, vp9: Option<video_header::Vp9Frame>) -> VideoTrack {
    let codec = codecs::video(stream);
    let header = video_header::parse(codec, stream.codec_tag(), stream.extradata());
    let (width, height) = stream.size();
    let frame_rate = frame_rate(stream);
    let tags = stream.tags();
    let vp9 = vp9.filter(|_| codec == VideoCodec::Vp9);
    let codec_string = vp9
        .map(|frame| {
            let rate = frame_rate.map_or(30.0, Rational::as_f64);
            video_header::vp9_name(frame, width, height, rate)
        })
        .or_else(|| header.codec_string.clone());
    VideoTrack {
        stream: number(stream),
        codec,
        codec_string,
        width,
        height,
        sample_aspect: stream.sample_aspect(),
        rotation_degrees: rotation(stream),
        frame_rate,
        time_base: stream.time_base(),
        start_pts: stream.start_pts(),
        bit_depth: stream
            .pixel_bit_depth()
            .or(header.bit_depth)
            .or(vp9.map(|frame| frame.bit_depth))
            .unwrap_or(8),
        interlaced: stream.is_interlaced(),
        hdr: hdr(stream, &header),
        bit_rate_kbps: bit_rate_kbps(stream, &tags),
        language: language(&tags),
        title: find(&tags, "title"),
        is_default: stream.has_disposition(ffi::AV_DISPOSITION_DEFAULT),
    }
}

fn audio_track(stream: &Stream<'_>) -> AudioTrack {
    let codec = codecs::audio(stream);
    let tags = stream.tags();
    let mut channels = stream.channels();
    let mut sample_rate_hz = stream.sample_rate_hz();
    if codec == AudioCodec::Flac
        && let Some((rate, count)) = audio_header::flac_stream_info(stream.extradata())
    {
        (sample_rate_hz, channels) = (rate, count);
    }
    AudioTrack {
        stream: number(stream),
        codec,
        codec_string: audio_header::name(codec, stream.extradata(), stream.profile()),
        channels,
        sample_rate_hz,
        time_base: stream.time_base(),
        start_pts: stream.start_pts(),
        bit_rate_kbps: bit_rate_kbps(stream, &tags),
        language: language(&tags),
        title: find(&tags, "title"),
        is_default: stream.has_disposition(ffi::AV_DISPOSITION_DEFAULT),
    }
}

fn subtitle_track(stream: &Stream<'_>) -> SubtitleTrack {
    let tags = stream.tags();
    SubtitleTrack {
        stream: number(stream),
        codec: codecs::subtitle(stream),
        language: language(&tags),
        title: find(&tags, "title"),
        is_default: stream.has_disposition(ffi::AV_DISPOSITION_DEFAULT),
        is_forced: stream.has_disposition(ffi::AV_DISPOSITION_FORCED),
        is_hearing_impaired: stream.has_disposition(ffi::AV_DISPOSITION_HEARING_IMPAIRED),
    }
}

fn number(stream: &Stream<'_>) -> u32 {
    u32::try_from(stream.index()).unwrap_or(u32::MAX)
}

fn find(tags: &[(String, String)], key: &str) -> Option<String> {
    tags.iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.clone())
}

fn language(tags: &[(String, String)]) -> Option<String> {
    find(tags, "language").filter(|code| code != "und")
}

fn bit_rate_kbps(stream: &Stream<'_>, tags: &[(String, String)]) -> Option<u32> {
    // mkvmerge writes the measured rate as a tag.
    let tagged = || {
        find(tags, "bps")
            .or_else(|| find(tags, "bps-eng"))?
            .parse()
            .ok()
    };
    let rate: i64 = stream.bit_rate().or_else(tagged)?;
    u32::try_from(rate / 1000).ok().filter(|kbps| *kbps > 0)
}

/// Frames per second: said outright, or counted by the container.
fn frame_rate(stream: &Stream<'_>) -> Option<Rational> {
    stream.frame_rate().or_else(|| {
        let (frames, ticks, base) = (stream.frames()?, stream.duration()?, stream.time_base());
        let ms = rescale(ticks, base.is_valid().then_some(base)?, MILLISECONDS);
        let num = i32::try_from(frames.checked_mul(1000)?).ok()?;
        let rate = Rational::new(num, i32::try_from(ms).ok()?);
        (rate.is_valid() && (0.5..=300.0).contains(&rate.as_f64())).then_some(rate)
    })
}

fn transfer(stream: &Stream<'_>, header: &VideoHeader) -> u32 {
    match stream.transfer() {
        0 | TRANSFER_UNSPECIFIED => header.transfer.map_or(TRANSFER_UNSPECIFIED, u32::from),
        known => known,
    }
}

fn hdr(stream: &Stream<'_>, header: &VideoHeader) -> Hdr {
    let by_transfer = match transfer(stream, header) {
        SMPTE_2084 => Hdr::Hdr10,
        HLG => Hdr::Hlg,
        _ => Hdr::Sdr,
    };
    let vision = stream.side_data(ffi::AVPacketSideDataType::AV_PKT_DATA_DOVI_CONF);
    match vision.as_deref() {
        // AVDOVIDecoderConfigurationRecord: the eighth byte tells what the base layer is alone;
        // zero means that it cannot be shown without Dolby's transform.
        Some(&[_, _, _, _, _, _, _, 0, ..]) => Hdr::DolbyVision,
        _ => by_transfer,
    }
}

/// Clockwise rotation for display, to the next quarter turn.
fn rotation(stream: &Stream<'_>) -> u16 {
    let matrix = stream.side_data(ffi::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX);
    let cells: Vec<i32> = matrix
        .iter()
        .flat_map(|bytes| bytes.as_chunks::<4>().0)
        .map(|cell| i32::from_ne_bytes(*cell))
        .collect();
    let Some(&[a, b, _, ..]) = cells.get(..9) else {
        return 0;
    };
    if a == 0 && b == 0 {
        return 0;
    }
    // The first row is the image of the x axis, whose y points down the screen.
    let degrees = f64::from(b).atan2(f64::from(a)).to_degrees();
    match ((degrees / 90.0).round() as i32).rem_euclid(4) {
        1 => 90,
        2 => 180,
        3 => 270,
        _ => 0,
    }
}

/// The header of the first VP9 key frame; its profile is in no container's headers.
fn vp9_frame(input: &mut Input) -> Result<Option<video_header::Vp9Frame>, AvError> {
    let Some(wanted) = input
        .streams()
        .find(|stream| stream.kind() == Kind::Video && codecs::video(stream) == VideoCodec::Vp9)
        .map(|stream| stream.index())
    else {
        return Ok(None);
    };
    let mut packet = Packet::empty();
    for _ in 0..FIRST_PACKETS {
        match input.read(&mut packet) {
            Ok(true) => {}
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error),
            _ => break,
        }
        if packet.stream() == wanted
            && let Some(frame) = packet.data().and_then(video_header::vp9_key_frame)
        {
            return Ok(Some(frame));
        }
    }
    Ok(None)
}
