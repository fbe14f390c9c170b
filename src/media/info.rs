//! What a probe found in one media file.
//!
//! Never: the file's path or its name.

use serde::{Deserialize, Serialize};

use super::codec::{AudioCodec, Container, SubtitleCodec, VideoCodec};
use crate::base::rational::Rational;

/// Everything a probe knows about one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    pub container: Container,
    /// Length of the presentation; `None` when the container does not say.
    pub duration_ms: Option<u64>,
    /// Mean rate of the whole file in kbit/s; `None` when unknown.
    pub bit_rate_kbps: Option<u32>,
    pub video: Vec<VideoTrack>,
    pub audio: Vec<AudioTrack>,
    pub subtitles: Vec<SubtitleTrack>,
    pub chapters: Vec<Chapter>,
    /// Container tags with lower-case keys ("title", "artist", "album", "track", "date", …), trimmed.
    pub tags: Vec<(String, String)>,
    /// True when a picture is embedded as cover art.
    pub has_cover: bool,
    /// Present for photos only.
    pub photo: Option<PhotoInfo>,
}

impl MediaInfo {
    /// The value of the container tag `key` (lower case).
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// A moving-picture track. Cover art is not one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoTrack {
    /// Index of the stream in the file, as libav counts.
    pub stream: u32,
    pub codec: VideoCodec,
    /// RFC 6381 name such as `avc1.640028`; `None` when it cannot be told from the headers.
    pub codec_string: Option<String>,
    /// Coded size in pixels, before rotation and sample aspect.
    pub width: u32,
    pub height: u32,
    /// Shape of a pixel, width over height; 1:1 when unknown.
    pub sample_aspect: Rational,
    /// Clockwise rotation for display: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: u16,
    /// Frames per second; `None` when unknown.
    pub frame_rate: Option<Rational>,
    /// Seconds a tick of this track's timestamps.
    pub time_base: Rational,
    /// Presentation timestamp of the first frame, in ticks; `None` when the headers do not say.
    pub start_pts: Option<i64>,
    pub bit_depth: u8,
    pub interlaced: bool,
    pub hdr: Hdr,
    pub bit_rate_kbps: Option<u32>,
    pub language: Option<String>,
    pub title: Option<String>,
    pub is_default: bool,
}

/// The transfer characteristics that need more than a standard screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hdr {
    Sdr,
    Hdr10,
    Hlg,
    DolbyVision,
}

/// A sound track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioTrack {
    pub stream: u32,
    pub codec: AudioCodec,
    /// RFC 6381 name such as `mp4a.40.2`; `None` when it cannot be told.
    pub codec_string: Option<String>,
    pub channels: u16,
    pub sample_rate_hz: u32,
    pub time_base: Rational,
    /// Presentation timestamp of the first frame, in ticks; `None` when the headers do not say.
    pub start_pts: Option<i64>,
    pub bit_rate_kbps: Option<u32>,
    /// ISO 639 code as written in the file.
    pub language: Option<String>,
    pub title: Option<String>,
    pub is_default: bool,
}

/// A subtitle track inside the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubtitleTrack {
    pub stream: u32,
    pub codec: SubtitleCodec,
    pub language: Option<String>,
    pub title: Option<String>,
    pub is_default: bool,
    pub is_forced: bool,
    pub is_hearing_impaired: bool,
}

/// A named place in the film.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    pub start_ms: u64,
    pub end_ms: u64,
    pub title: Option<String>,
}

/// What a photo says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoInfo {
    /// Stored size in pixels, before orientation.
    pub width: u32,
    pub height: u32,
    /// EXIF orientation 1-8; 1 when absent.
    pub orientation: u8,
    /// EXIF DateTimeOriginal as `YYYY-MM-DDTHH:MM:SS`, local time of the camera.
    pub taken_at: Option<String>,
    /// Camera make and model.
    pub camera: Option<String>,
}

impl PhotoInfo {
    /// Width and height in pixels as people look at it.
    pub fn upright_size(&self) -> (u32, u32) {
        // EXIF orientations from 5 on lie on their side.
        match self.orientation {
            5.. => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }
}
