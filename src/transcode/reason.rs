//! Why a file is not simply sent as it is, in codes for programs and words for people.
//!
//! Never: the decision itself.

use serde::{Deserialize, Serialize};

use crate::media::codec::{AudioCodec, Container, VideoCodec};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// Stable words for every reason; the UI translates them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ReasonCode { $($(#[$doc])* #[serde(rename = $text)] $variant),+ }

        impl ReasonCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word used in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// The player does not open this kind of file.
    Container = "container",
    VideoCodec = "video_codec",
    AudioCodec = "audio_codec",
    /// More bits a colour than the player decodes.
    BitDepth = "bit_depth",
    /// A variety of the codec that players in general do not decode, such as 4:2:2 colour.
    VideoProfile = "video_profile",
    /// HDR picture, standard screen.
    Hdr = "hdr",
    /// Larger than the player shows.
    PlayerSize = "player_size",
    /// More kbit/s than the player asked for.
    PlayerRate = "player_rate",
    /// Larger than the viewer's chosen quality.
    QualitySize = "quality_size",
    /// More kbit/s than the viewer's chosen quality.
    QualityRate = "quality_rate",
    Channels = "channels",
    /// The wanted sound track is not the one that players start with.
    AudioTrack = "audio_track",
    /// The picture cannot be cut without encoding it again.
    Cuts = "cuts",
    /// The codec has no place in HLS segments.
    VideoNotInHls = "video_not_in_hls",
    AudioNotInHls = "audio_not_in_hls",
    /// Turned pictures are turned upright while they are encoded.
    Rotation = "rotation",
    /// The picture is made smaller, because this box cannot do more.
    BoxSpeed = "box_speed",
    /// The player does not play HLS, so there is no other way to send the file.
    NoHls = "no_hls",
    /// The file does not say how long it is, so it cannot be cut.
    Length = "length",
    /// Neither picture nor sound.
    Empty = "empty",
    /// A photo is shown, not played.
    Photo = "photo",
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    /// Stream index in the file; `None` when it is about the file as a whole.
    pub track: Option<u32>,
    /// One English sentence for a person.
    pub text: String,
}

impl Reason {
    pub(crate) fn file(code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            code,
            track: None,
            text: text.into(),
        }
    }

    pub(crate) fn track(code: ReasonCode, stream: u32, text: impl Into<String>) -> Self {
        Self {
            code,
            track: Some(stream),
            text: text.into(),
        }
    }
}

/// The container as people call it; `None` when it has no name of its own.
pub fn container_name(container: Container) -> Option<&'static str> {
    Some(match container {
        Container::Mp4 => "MP4",
        Container::Matroska => "Matroska (MKV)",
        Container::WebM => "WebM",
        Container::MpegTs => "MPEG transport stream",
        Container::MpegPs => "MPEG program stream",
        Container::Avi => "AVI",
        Container::Asf => "Windows Media",
        Container::Flv => "Flash video",
        Container::Ogg => "Ogg",
        Container::Mp3 => "MP3",
        Container::Flac => "FLAC",
        Container::Wav => "WAV",
        Container::Aac => "AAC",
        Container::Image => "picture",
        Container::Other => return None,
    })
}

/// The codec as people call it; `None` when it has no name of its own.
pub fn video_name(codec: VideoCodec) -> Option<&'static str> {
    Some(match codec {
        VideoCodec::H264 => "H.264",
        VideoCodec::Hevc => "HEVC (H.265)",
        VideoCodec::Av1 => "AV1",
        VideoCodec::Vp8 => "VP8",
        VideoCodec::Vp9 => "VP9",
        VideoCodec::Mpeg1 => "MPEG-1",
        VideoCodec::Mpeg2 => "MPEG-2",
        VideoCodec::Mpeg4 => "MPEG-4 (DivX, Xvid)",
        VideoCodec::Vc1 => "VC-1",
        VideoCodec::Wmv => "Windows Media",
        VideoCodec::Theora => "Theora",
        VideoCodec::Mjpeg => "Motion JPEG",
        VideoCodec::ProRes => "ProRes",
        VideoCodec::Other => return None,
    })
}

/// The codec as people call it; `None` when it has no name of its own.
pub fn audio_name(codec: AudioCodec) -> Option<&'static str> {
    Some(match codec {
        AudioCodec::Aac => "AAC",
        AudioCodec::Mp3 => "MP3",
        AudioCodec::Mp2 => "MP2",
        AudioCodec::Ac3 => "Dolby Digital",
        AudioCodec::Eac3 => "Dolby Digital Plus",
        AudioCodec::Dts => "DTS",
        AudioCodec::TrueHd => "Dolby TrueHD",
        AudioCodec::Flac => "FLAC",
        AudioCodec::Alac => "Apple Lossless",
        AudioCodec::Opus => "Opus",
        AudioCodec::Vorbis => "Vorbis",
        AudioCodec::Pcm => "uncompressed (PCM)",
        AudioCodec::Wma => "Windows Media",
        AudioCodec::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_travel_under_their_own_names() {
        let mut words: Vec<&str> = ReasonCode::ALL.iter().map(|code| code.as_str()).collect();
        for code in ReasonCode::ALL {
            let json = serde_json::to_string(code).expect("encode");
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ReasonCode::ALL.len());
    }
}
