//! What a player can play, and how it gets it.
//!
//! Never: the decision itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::item::{Chapter, ItemSummary};
use crate::media::info;
use crate::transcode::{plan, reason};

/// What the player can play. Names it does not share with Alcove are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PlaybackRequest {
    /// Containers it plays from a plain file address: `mp4`, `webm`, `matroska`, `mp3`, …
    #[schema(max_items = 100)]
    pub containers: Vec<String>,
    /// `h264`, `hevc`, `vp9`, `av1`, …
    #[schema(max_items = 100)]
    pub video_codecs: Vec<String>,
    /// `aac`, `mp3`, `opus`, `flac`, `ac3`, …
    #[schema(max_items = 100)]
    pub audio_codecs: Vec<String>,
    /// Largest picture in lines that the player takes.
    #[serde(default)]
    pub max_height: Option<u32>,
    /// Most that the player takes.
    #[serde(default)]
    pub max_bit_rate_kbps: Option<u32>,
    /// Largest picture in lines that the viewer wants.
    #[serde(default)]
    pub quality_max_height: Option<u32>,
    /// Most that the viewer wants.
    #[serde(default)]
    pub quality_max_bit_rate_kbps: Option<u32>,
    /// Bits a colour component; 8 when absent.
    #[serde(default)]
    pub max_bit_depth: Option<u8>,
    #[serde(default)]
    pub max_audio_channels: Option<u16>,
    #[serde(default)]
    pub hdr: Option<bool>,
    /// False when it plays no HTTP Live Streaming; true when absent.
    #[serde(default)]
    pub hls: Option<bool>,
    /// The sound track to play, by its stream index; the file's default when absent.
    #[serde(default)]
    pub audio_stream: Option<u32>,
    /// True to learn the decision only: no room for a conversion is taken.
    #[serde(default)]
    pub explain: Option<bool>,
}

/// How a film reaches the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The file as it is.
    DirectPlay,
    /// Its tracks in another container.
    Remux,
    /// At least one track is converted.
    Transcode,
}

/// What does the work of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Converter {
    /// The processor, with x264 and libav's own coders.
    Software,
}

/// Where and how to play.
#[derive(Debug, Serialize, ToSchema)]
pub struct Playback {
    pub decision: Decision,
    /// Null when no track is converted.
    pub backend: Option<Converter>,
    /// Why it is not played directly; empty for direct play.
    pub reasons: Vec<Reason>,
    /// Needs no cookie; ends with the session and at `expires_at`.
    pub url: String,
    /// Content type of `url`.
    pub mime: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
    pub duration_ms: Option<u64>,
    /// Where this person stopped; 0 to begin.
    pub resume_ms: u64,
    pub audio: Vec<PlaybackAudio>,
    pub subtitles: Vec<PlaybackSubtitle>,
    pub chapters: Vec<Chapter>,
    /// True when the player may tell at the end how it went, by `experience`: the owner has statistics on.
    pub wants_experience: bool,
    /// What plays after this.
    pub next: Option<ItemSummary>,
    /// What the player gets; null for sound alone.
    pub video: Option<PlaybackVideo>,
}

/// One reason for a decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    /// Stable word for programs and translations.
    pub code: String,
    /// An English sentence.
    pub text: String,
    /// Stream index in the file; null when it is about the file as a whole.
    pub track: Option<u32>,
}

/// A sound track that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybackAudio {
    pub stream: u32,
    pub language: Option<String>,
    pub title: Option<String>,
    pub channels: u16,
    /// As it is in the file.
    pub codec: String,
    pub default: bool,
}

/// A subtitle track that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybackSubtitle {
    pub id: String,
    pub language: Option<String>,
    pub title: Option<String>,
    pub forced: bool,
    pub hearing_impaired: bool,
    pub default: bool,
    pub url: String,
    pub format: SubtitleFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubtitleFormat {
    WebVtt,
}

/// The picture that the player gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaybackVideo {
    pub codec: String,
    pub width: u32,
    pub height: u32,
}

impl From<plan::Decision> for Decision {
    fn from(decision: plan::Decision) -> Self {
        match decision {
            plan::Decision::DirectPlay => Self::DirectPlay,
            plan::Decision::Remux => Self::Remux,
            plan::Decision::Transcode => Self::Transcode,
        }
    }
}

impl Converter {
    /// Who makes a playback of that kind. Every encoding target of `media::target` is one of a software coder.
    pub(crate) fn of(decision: plan::Decision) -> Option<Self> {
        match decision {
            plan::Decision::DirectPlay | plan::Decision::Remux => None,
            plan::Decision::Transcode => Some(Self::Software),
        }
    }
}

impl From<&info::AudioTrack> for PlaybackAudio {
    fn from(track: &info::AudioTrack) -> Self {
        Self {
            stream: track.stream,
            language: track.language.clone(),
            title: track.title.clone(),
            channels: track.channels,
            codec: track.codec.to_string(),
            default: track.is_default,
        }
    }
}

impl From<reason::Reason> for Reason {
    fn from(reason: reason::Reason) -> Self {
        Self {
            code: reason.code.as_str().to_owned(),
            text: reason.text,
            track: reason.track,
        }
    }
}
