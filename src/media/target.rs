//! What a track becomes on its way to a player.
//!
//! Never: the reasons for it.

use serde::{Deserialize, Serialize};

use crate::base::rational::Rational;

/// What becomes of the picture.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VideoTarget {
    /// The packets of the source in a new container.
    Copy,
    H264(H264Target),
}

/// An H.264 rendition in 8-bit 4:2:0, square pixels, rotation applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct H264Target {
    /// Even numbers of pixels.
    pub width: u32,
    pub height: u32,
    /// Constant rate factor, capped by `max_rate_kbps` (VBV of two seconds).
    pub crf: u8,
    pub max_rate_kbps: u32,
    /// x264 preset.
    pub preset: Preset,
    /// Frames per second of the output: the source's, or half of it; `None` keeps the source's timestamps.
    pub frame_rate: Option<Rational>,
    pub deinterlace: bool,
    /// H.264 level times ten (40 is level 4.0).
    pub level: u8,
}

/// The x264 presets that small boards can afford.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Preset {
    Ultrafast,
    Superfast,
    Veryfast,
}

impl Preset {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ultrafast => "ultrafast",
            Self::Superfast => "superfast",
            Self::Veryfast => "veryfast",
        }
    }
}

/// What becomes of a sound track.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AudioTarget {
    Copy,
    /// AAC-LC.
    Aac {
        bit_rate_kbps: u32,
        channels: u16,
        sample_rate_hz: u32,
    },
}

/// AAC-LC frames hold this many samples.
pub const AAC_FRAME_SAMPLES: u32 = 1024;
