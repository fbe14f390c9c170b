//! libav's numbers and names of formats and codecs in Alcove's words.
//!
//! Never: a decision about them.

use alcove::media::codec::{AudioCodec, Container, SubtitleCodec, VideoCodec};
use ffmpeg_next::ffi::AVCodecID as Id;

use super::stream::Stream;

macro_rules! by_number {
    ($number:expr, $($($id:ident)|+ => $value:expr),+ $(,)?) => {{
        let number = $number;
        $(if $(number == Id::$id as u32)||+ { return $value; })+
    }};
}

pub fn video(stream: &Stream<'_>) -> VideoCodec {
    by_number!(stream.codec_id(),
        AV_CODEC_ID_H264 => VideoCodec::H264,
        AV_CODEC_ID_HEVC => VideoCodec::Hevc,
        AV_CODEC_ID_AV1 => VideoCodec::Av1,
        AV_CODEC_ID_VP8 => VideoCodec::Vp8,
        AV_CODEC_ID_VP9 => VideoCodec::Vp9,
        AV_CODEC_ID_MPEG1VIDEO => VideoCodec::Mpeg1,
        AV_CODEC_ID_MPEG2VIDEO => VideoCodec::Mpeg2,
        AV_CODEC_ID_MPEG4 | AV_CODEC_ID_MSMPEG4V1 | AV_CODEC_ID_MSMPEG4V2
            | AV_CODEC_ID_MSMPEG4V3 => VideoCodec::Mpeg4,
        AV_CODEC_ID_VC1 => VideoCodec::Vc1,
        AV_CODEC_ID_WMV1 | AV_CODEC_ID_WMV2 | AV_CODEC_ID_WMV3 => VideoCodec::Wmv,
        AV_CODEC_ID_THEORA => VideoCodec::Theora,
        AV_CODEC_ID_MJPEG => VideoCodec::Mjpeg,
        AV_CODEC_ID_PRORES => VideoCodec::ProRes,
    );
    VideoCodec::Other
}

pub fn audio(stream: &Stream<'_>) -> AudioCodec {
    let number = stream.codec_id();
    by_number!(number,
        AV_CODEC_ID_AAC | AV_CODEC_ID_AAC_LATM => AudioCodec::Aac,
        AV_CODEC_ID_MP3 => AudioCodec::Mp3,
        AV_CODEC_ID_MP2 => AudioCodec::Mp2,
        AV_CODEC_ID_AC3 => AudioCodec::Ac3,
        AV_CODEC_ID_EAC3 => AudioCodec::Eac3,
        AV_CODEC_ID_DTS => AudioCodec::Dts,
        AV_CODEC_ID_TRUEHD | AV_CODEC_ID_MLP => AudioCodec::TrueHd,
        AV_CODEC_ID_FLAC => AudioCodec::Flac,
        AV_CODEC_ID_ALAC => AudioCodec::Alac,
        AV_CODEC_ID_OPUS => AudioCodec::Opus,
        AV_CODEC_ID_VORBIS => AudioCodec::Vorbis,
        AV_CODEC_ID_WMAV1 | AV_CODEC_ID_WMAV2 | AV_CODEC_ID_WMAPRO | AV_CODEC_ID_WMALOSSLESS
            | AV_CODEC_ID_WMAVOICE => AudioCodec::Wma,
    );
    // All PCM codecs have numbers from 0x10000, the ADPCM ones begin after them.
    let pcm = Id::AV_CODEC_ID_PCM_S16LE as u32..Id::AV_CODEC_ID_ADPCM_IMA_QT as u32;
    if pcm.contains(&number) {
        return AudioCodec::Pcm;
    }
    AudioCodec::Other
}

pub fn subtitle(stream: &Stream<'_>) -> SubtitleCodec {
    by_number!(stream.codec_id(),
        AV_CODEC_ID_SUBRIP | AV_CODEC_ID_SRT | AV_CODEC_ID_TEXT => SubtitleCodec::Srt,
        AV_CODEC_ID_ASS | AV_CODEC_ID_SSA => SubtitleCodec::Ass,
        AV_CODEC_ID_WEBVTT => SubtitleCodec::WebVtt,
        AV_CODEC_ID_MOV_TEXT => SubtitleCodec::MovText,
        AV_CODEC_ID_HDMV_PGS_SUBTITLE => SubtitleCodec::Pgs,
        AV_CODEC_ID_DVD_SUBTITLE => SubtitleCodec::VobSub,
        AV_CODEC_ID_DVB_SUBTITLE => SubtitleCodec::Dvb,
    );
    SubtitleCodec::Other
}

/// The container behind a demuxer's names; `head` is the beginning of the file.
pub fn container(format_name: &str, head: &[u8]) -> Container {
    let first = format_name.split(',').next().unwrap_or("");
    match first {
        "mov" => Container::Mp4,
        // The EBML header, in the first bytes of the file, names the document type.
        "matroska" if head.windows(4).any(|word| word == b"webm") => Container::WebM,
        "matroska" => Container::Matroska,
        "mpegts" => Container::MpegTs,
        "mpeg" => Container::MpegPs,
        "avi" => Container::Avi,
        "asf" | "asf_o" => Container::Asf,
        "flv" => Container::Flv,
        "ogg" => Container::Ogg,
        "mp3" => Container::Mp3,
        "flac" => Container::Flac,
        "wav" | "w64" => Container::Wav,
        "aac" => Container::Aac,
        "gif" | "apng" => Container::Image,
        pipe if pipe.ends_with("_pipe") => Container::Image,
        _ => Container::Other,
    }
}
