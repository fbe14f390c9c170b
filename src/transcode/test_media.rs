//! Track lists for the tests of this room.
//!
//! Never: real files.

use crate::base::rational::Rational;
use crate::media::codec::{AudioCodec, Container, VideoCodec};
use crate::media::info::{AudioTrack, Hdr, MediaInfo, VideoTrack};

pub(crate) fn info(
    container: Container,
    video: Vec<VideoTrack>,
    audio: Vec<AudioTrack>,
) -> MediaInfo {
    MediaInfo {
        container,
        duration_ms: Some(60_000),
        bit_rate_kbps: Some(4_000),
        video,
        audio,
        subtitles: Vec::new(),
        chapters: Vec::new(),
        tags: Vec::new(),
        has_cover: false,
        photo: None,
    }
}

/// Stream 0: 1920x1080, 25 frames a second, 8 bit.
pub(crate) fn video(codec: &str) -> VideoTrack {
    VideoTrack {
        stream: 0,
        codec: VideoCodec::parse(codec).expect("a codec of ours"),
        codec_string: None,
        width: 1920,
        height: 1080,
        sample_aspect: Rational::new(1, 1),
        rotation_degrees: 0,
        frame_rate: Some(Rational::new(25, 1)),
        time_base: Rational::new(1, 1000),
        start_pts: Some(0),
        bit_depth: 8,
        interlaced: false,
        hdr: Hdr::Sdr,
        bit_rate_kbps: None,
        language: None,
        title: None,
        is_default: true,
    }
}

/// Two channels at 48 kHz; stream 1 is the default one.
pub(crate) fn audio(stream: u32, codec: &str) -> AudioTrack {
    AudioTrack {
        stream,
        codec: AudioCodec::parse(codec).expect("a codec of ours"),
        codec_string: None,
        channels: 2,
        sample_rate_hz: 48_000,
        time_base: Rational::new(1, 48_000),
        start_pts: Some(0),
        bit_rate_kbps: None,
        language: None,
        title: None,
        is_default: stream == 1,
    }
}
