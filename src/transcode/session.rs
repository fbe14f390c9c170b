//! Playbacks in segments: who watches what, and which segment is made next.
//!
//! Never: HTTP, tickets, the choice of a codec.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::capacity::Capacity;
use super::plan::{Decision, Plan};
use super::source::Source;
use crate::media::job::{AudioSpec, Job, JobError, VideoSpec};
use crate::pool::PoolError;

/// One of the streams of a playback that a player fetches on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rendition {
    /// The picture of this rung.
    Video(u8),
    /// The sound of this stream.
    Audio(u32),
}

/// A piece of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Init,
    /// Counted from zero along the grid.
    Segment(u32),
}

/// How much sessions may use.
#[derive(Clone, Copy, Debug)]
pub struct SessionsConfig {
    /// Most bytes of segments kept in memory.
    pub cache_bytes: usize,
    /// Jobs that run side by side; the pool's size.
    pub parallel_jobs: usize,
    /// What to expect of this box before anything was measured.
    pub capacity: Capacity,
}

/// Why a part cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Not now: this box converts as much as it can already.
    #[error("{reason}")]
    Busy {
        retry_after_s: u32,
        /// One sentence for a person.
        reason: String,
    },
    /// The plan has no such rendition or the grid no such segment.
    #[error("there is no such part of this playback")]
    NoSuchPart,
    /// The file itself cannot be read (any more).
    #[error("the file cannot be read: {0}")]
    Read(String),
    #[error("the file is damaged here: {0}")]
    Damaged(String),
    #[error("this cannot be converted: {0}")]
    Unsupported(String),
    #[error("converting needs more memory than this box has")]
    OutOfMemory,
    #[error("converting failed: {0}")]
    Crashed(String),
    #[error("converting took too long")]
    TimedOut,
    #[error("the server is shutting down")]
    Closed,
}

/// What one session is doing, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionStatus {
    pub key: String,
    pub file_id: i64,
    pub decision: Decision,
    /// Where the player asked last, on the player's clock.
    pub position_ms: u64,
    /// Seconds of film made a second; `None` before the first segment.
    pub speed: Option<f64>,
    /// True while nothing is to be made until the player comes closer.
    pub is_parked: bool,
}

/// All playbacks in segments. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    backend: Arc<dyn Backend>,
    config: SessionsConfig,
}

impl Sessions {
    pub fn new(backend: Arc<dyn Backend>, config: SessionsConfig) -> Self {
        Self { backend, config }
    }

    /// What this box can encode, for [`super::decide`].
    pub fn capacity(&self) -> Capacity {
        self.config.capacity
    }

    /// Opens the session `key`, or says that the box is busy. Opening it again is no error.
    ///
    /// # Errors
    /// [`SessionError::Busy`] when its transcode does not fit beside those that run.
    pub fn admit(&self, _key: &str, _source: &Source, _plan: &Plan) -> Result<(), SessionError> {
        Ok(())
    }

    /// The bytes of one part for the player of session `key`; opens the session when it is not open.
    ///
    /// # Errors
    /// [`SessionError`]; a later try may succeed after every one but `NoSuchPart`.
    pub async fn part(
        &self,
        _key: &str,
        source: &Source,
        plan: &Plan,
        rendition: Rendition,
        part: Part,
    ) -> Result<Bytes, SessionError> {
        let job = job(source, plan, rendition, part).ok_or(SessionError::NoSuchPart)?;
        let made = self.backend.make(Arc::clone(&source.opener), job).await;
        made.map_err(SessionError::from)
    }

    /// Ends the session `key`; unknown keys are no error.
    pub fn end(&self, _key: &str) {}

    /// Every open session.
    pub fn list(&self) -> Vec<SessionStatus> {
        Vec::new()
    }

    /// Makes the segments until `shutdown`. The daemon runs this once; nothing is made without it.
    pub async fn run(&self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
    }
}

impl From<PoolError> for SessionError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Job(JobError::Read(text)) => Self::Read(text),
            PoolError::Job(JobError::Unsupported(text)) => Self::Unsupported(text),
            PoolError::Job(JobError::OutOfMemory) => Self::OutOfMemory,
            PoolError::Job(other) => Self::Damaged(other.to_string()),
            PoolError::Crashed(text) => Self::Crashed(text),
            PoolError::TimedOut(_) => Self::TimedOut,
            PoolError::Start(error) => Self::Crashed(error.to_string()),
            PoolError::Closed => Self::Closed,
        }
    }
}

fn job(source: &Source, plan: &Plan, rendition: Rendition, part: Part) -> Option<Job> {
    if let Part::Segment(k) = part {
        source.grid().span(usize::try_from(k).ok()?)?;
    }
    let grid = source.grid().clone();
    Some(match rendition {
        Rendition::Video(rung) => {
            let spec = VideoSpec {
                stream: plan.video.as_ref()?.stream,
                target: plan.video_target(rung)?.clone(),
                grid,
            };
            match part {
                Part::Init => Job::VideoInit(spec),
                Part::Segment(index) => Job::VideoSegment { spec, index },
            }
        }
        Rendition::Audio(stream) => {
            let spec = AudioSpec {
                stream,
                target: plan.audio_target(stream)?.clone(),
                grid,
            };
            match part {
                Part::Init => Job::AudioInit(spec),
                Part::Segment(index) => Job::AudioSegment { spec, index },
            }
        }
    })
}
