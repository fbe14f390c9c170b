//! What the daemon asks of a worker and what the worker answers.
//!
//! The open files travel beside the request: file 0 is the media file unless a job says otherwise.
//!
//! Never: a path, a title, or anything that outlives the job.

use serde::{Deserialize, Serialize};

use super::grid::{KeyframeIndex, SegmentGrid};
use super::info::MediaInfo;
use super::target::{AudioTarget, VideoTarget};

/// One job for one worker. A worker does one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// What is in the file. Answers [`Output::Info`].
    Probe {
        kind: ProbeKind,
    },
    /// Where the keyframes of a video stream are. Answers [`Output::Keyframes`].
    Index {
        stream: u32,
        effort: IndexEffort,
    },
    /// The init segment of a video rendition. Data frames carry it; answers [`Output::Finished`].
    VideoInit(VideoSpec),
    /// One segment of a video rendition, as CMAF chunks in data frames. Answers [`Output::Finished`].
    VideoSegment {
        spec: VideoSpec,
        index: u32,
    },
    AudioInit(AudioSpec),
    AudioSegment {
        spec: AudioSpec,
        index: u32,
    },
    /// A text subtitle stream as one WebVTT document in data frames. Answers [`Output::Finished`].
    Subtitle {
        stream: u32,
        origin_us: i64,
    },
    /// A whole subtitle file, not media, of unknown text encoding, as WebVTT in data frames.
    SubtitleFile {
        format: SubtitleFileFormat,
    },
    /// A picture of the film near `at_ms`, as JPEG in data frames. Answers [`Output::Picture`].
    /// `at_ms: None` lets the worker choose a telling place (not black, about a tenth in).
    Thumbnail {
        at_ms: Option<u64>,
        bounds: PictureBounds,
    },
    /// The embedded cover. Answers [`Output::Picture`], or fails with [`JobError::NotFound`].
    Cover {
        bounds: PictureBounds,
    },
    /// A photo or a poster file, upright and no larger than the bounds, as JPEG. Answers [`Output::Picture`].
    Photo {
        bounds: PictureBounds,
    },
    /// Tries what the sandbox must refuse. Answers [`Output::Sandbox`].
    SandboxReport,
}

/// What the daemon believes the file to be, from its extension; wrong guesses are survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeKind {
    Video,
    Audio,
    Photo,
}

/// How far an index may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexEffort {
    /// The container's own index or nothing ([`JobError::NotFound`]).
    ContainerOnly,
    /// Else read every packet of the file.
    Walk,
}

/// A subtitle file's format, from its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubtitleFileFormat {
    Srt,
    Ass,
    WebVtt,
}

/// The largest picture wanted; smaller pictures are not enlarged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureBounds {
    pub max_width: u32,
    pub max_height: u32,
}

/// All that a video segment depends on, besides the bytes of the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoSpec {
    pub stream: u32,
    pub grid: SegmentGrid,
    pub target: VideoTarget,
}

/// All that an audio segment depends on, besides the bytes of the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioSpec {
    pub stream: u32,
    pub grid: SegmentGrid,
    pub target: AudioTarget,
}

/// The end of a job that went well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Output {
    Info(Box<MediaInfo>),
    Keyframes(KeyframeIndex),
    Picture(PictureInfo),
    Sandbox(Vec<SandboxAttempt>),
    /// All data frames have been sent.
    Finished,
}

/// A picture that was sent in data frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureInfo {
    pub width: u32,
    pub height: u32,
    /// Mean colour as 0xRRGGBB, drawn while the picture loads.
    pub main_colour: u32,
}

/// One thing the sandbox must refuse, and what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxAttempt {
    pub what: String,
    pub refused: bool,
}

/// Why a job failed. The file's, not the worker's, fault unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum JobError {
    #[error("the file is empty")]
    Empty,
    #[error("not a media file that Alcove knows: {0}")]
    UnknownFormat(String),
    #[error("the file is damaged: {0}")]
    Damaged(String),
    #[error("reading failed: {0}")]
    Read(String),
    #[error("nothing of that kind is in the file")]
    NotFound,
    #[error("this cannot be done: {0}")]
    Unsupported(String),
    #[error("out of memory within the job's limit")]
    OutOfMemory,
}
