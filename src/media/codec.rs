//! The names of containers and codecs that Alcove tells apart.
//!
//! Never: a decision about them.

use serde::{Deserialize, Serialize};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $(#[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The lower-case name used in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with that name, as [`Self::as_str`] writes it.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

named! {
    /// A file format, as far as players differ in it.
    Container {
        Mp4 = "mp4", Matroska = "matroska", WebM = "webm", MpegTs = "mpegts", MpegPs = "mpegps",
        Avi = "avi", Asf = "asf", Flv = "flv", Ogg = "ogg", Mp3 = "mp3", Flac = "flac", Wav = "wav",
        Aac = "aac", Image = "image", Other = "other",
    }
}

named! {
    VideoCodec {
        H264 = "h264", Hevc = "hevc", Av1 = "av1", Vp8 = "vp8", Vp9 = "vp9", Mpeg1 = "mpeg1video",
        Mpeg2 = "mpeg2video", Mpeg4 = "mpeg4", Vc1 = "vc1", Wmv = "wmv", Theora = "theora",
        Mjpeg = "mjpeg", ProRes = "prores", Other = "other",
    }
}

named! {
    AudioCodec {
        Aac = "aac", Mp3 = "mp3", Mp2 = "mp2", Ac3 = "ac3", Eac3 = "eac3", Dts = "dts",
        TrueHd = "truehd", Flac = "flac", Alac = "alac", Opus = "opus", Vorbis = "vorbis",
        Pcm = "pcm", Wma = "wma", Other = "other",
    }
}

named! {
    SubtitleCodec {
        Srt = "srt", Ass = "ass", WebVtt = "webvtt", MovText = "mov_text", Pgs = "pgs",
        VobSub = "vobsub", Dvb = "dvb", Other = "other",
    }
}

impl SubtitleCodec {
    /// True when the subtitle is text, so that it can become WebVTT without reading pictures.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Srt | Self::Ass | Self::WebVtt | Self::MovText)
    }
}
