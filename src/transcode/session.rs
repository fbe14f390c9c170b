//! Playbacks in segments: who watches what, and which segment is made next.
//!
//! ```text
//!  idle ──request k──► running ──3 segments ahead──► parked ──player comes closer──► running
//!                         │ seek: jobs of the old         │ 60 s without a request (5 s
//!                         ▼ place are stopped             ▼ before the first)
//!                      running                         ended (its jobs are stopped)
//! ```
//!
//! Parts that a viewer waits for come first; viewers of the same rendition share its parts, and a
//! request that is given up takes nothing away from the others.
//!
//! Never: HTTP, tickets, the choice of a codec.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backend::Backend;
use super::capacity::Capacity;
use super::part::Weight;
pub use super::part::{Part, Rendition};
use super::plan::{Decision, Plan};
use super::playbacks::Playbacks;
use super::schedule::{Answer, Finish, Schedule, Start};
use super::source::Source;
use crate::media::job::JobError;
use crate::pool::PoolError;

/// Names a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionKey<'a> {
    /// The login that plays; it has one player for each of its sessions, and mostly one at all.
    pub owner: i64,
    /// The playback, unique among all.
    pub playback: &'a str,
}

/// How much sessions may use.
#[derive(Clone, Copy, Debug)]
pub struct SessionsConfig {
    /// Most bytes of segments kept in memory.
    pub cache_bytes: usize,
    /// Pictures that are encoded side by side: the number of cores.
    pub parallel_jobs: usize,
    /// What to expect of this box before anything was measured.
    pub capacity: Capacity,
}

/// Jobs beside the encoding of pictures that run at once.
const LIGHT_JOBS: usize = 2;

impl SessionsConfig {
    /// Workers that all sessions together keep busy at most; the pool has at least as many for viewers.
    pub fn most_workers(&self) -> usize {
        Weight::ALL.iter().map(|&weight| self.workers(weight)).sum()
    }

    pub(crate) fn workers(&self, weight: Weight) -> usize {
        match weight {
            Weight::Heavy => self.parallel_jobs.max(1),
            Weight::Light => LIGHT_JOBS,
        }
    }
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
    pub playback: String,
    pub owner: i64,
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
    shared: Arc<Shared>,
}

struct Shared {
    backend: Arc<dyn Backend>,
    schedule: Mutex<Schedule>,
    /// Something was asked for, or given up.
    wake: Notify,
}

impl Shared {
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        // The schedule is consistent between its own calls, and none of them runs foreign code.
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Tells `playbacks` how fast their pictures are encoded.
    pub fn new(backend: Arc<dyn Backend>, config: SessionsConfig, playbacks: Playbacks) -> Self {
        let schedule = Schedule::new(&config, playbacks, backend.encoder());
        Self {
            shared: Arc::new(Shared {
                backend,
                schedule: Mutex::new(schedule),
                wake: Notify::new(),
            }),
        }
    }

    /// What this box can still encode for a new playback of `owner`, for [`super::decide::decide`].
    pub fn capacity_for(&self, owner: i64) -> Capacity {
        self.shared.schedule().capacity_for(Instant::now(), owner)
    }

    /// Opens the session `key`, or says that the box is busy. Opening it again is no error.
    ///
    /// Its place is kept for some seconds, until the player asks for the first part; a login keeps
    /// one place in this way, that of its newest playback.
    ///
    /// # Errors
    /// [`SessionError::Busy`] when its transcode does not fit beside those that run.
    pub fn admit(
        &self,
        key: SessionKey<'_>,
        source: &Source,
        plan: &Plan,
    ) -> Result<(), SessionError> {
        let opened = self
            .shared
            .schedule()
            .admit(Instant::now(), key, source, plan);
        self.shared.wake.notify_one();
        opened
    }

    /// The bytes of one part for the player of session `key`; opens the session when it is not open.
    ///
    /// Waits for [`Sessions::run`] to make them. A caller that goes away stops nothing that others need.
    ///
    /// # Errors
    /// [`SessionError`]; a later try may succeed after every one but `NoSuchPart`.
    pub async fn part(
        &self,
        key: SessionKey<'_>,
        source: &Source,
        plan: &Plan,
        rendition: Rendition,
        part: Part,
    ) -> Result<Bytes, SessionError> {
        let now = Instant::now();
        let answer = self
            .shared
            .schedule()
            .request(now, key, (source, plan), rendition, part);
        self.shared.wake.notify_one();
        match answer? {
            Answer::Ready(bytes) => Ok(bytes),
            Answer::Wait(made) => made.await.unwrap_or(Err(SessionError::Closed)),
        }
    }

    /// Ends every session of that login; one without any is no error.
    pub fn end_all_of(&self, owner: i64) {
        self.shared.schedule().end_all_of(owner);
        self.shared.wake.notify_one();
    }

    /// Every open session, by playback.
    pub fn list(&self) -> Vec<SessionStatus> {
        self.shared.schedule().list()
    }

    /// Makes the parts until `shutdown`. The daemon runs this once; nothing is made without it.
    ///
    /// At its end, also when it is dropped, every waiting request is answered with
    /// [`SessionError::Closed`] and every job is stopped.
    pub async fn run(&self, shutdown: CancellationToken) {
        let closing = Closing(&self.shared);
        let mut jobs = FuturesUnordered::new();
        while !shutdown.is_cancelled() {
            let deadline = {
                let mut schedule = self.shared.schedule();
                let now = Instant::now();
                schedule.expire(now);
                jobs.extend(
                    schedule
                        .start_next(now)
                        .into_iter()
                        .map(|start| self.work(start)),
                );
                schedule.next_deadline()
            };
            let silence = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.shared.wake.notified() => {}
                Some(finish) = jobs.next() => self.shared.schedule().finished(Instant::now(), finish),
                () = silence => {}
            }
        }
        drop(closing);
    }

    async fn work(&self, start: Start) -> Finish {
        let began = Instant::now();
        let making = self.shared.backend.make(start.opener, start.job);
        let outcome = tokio::select! {
            biased;
            () = start.stop.cancelled() => None,
            made = making => Some(made.map_err(SessionError::from)),
        };
        Finish {
            id: start.id,
            key: start.key,
            outcome,
            elapsed: began.elapsed(),
        }
    }
}

/// Closes the schedule however [`Sessions::run`] ends.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.schedule().close();
    }
}

impl SessionError {
    /// True when the same part may well succeed in a fresh worker.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Crashed(_) | Self::TimedOut | Self::OutOfMemory)
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
            PoolError::Killed => Self::Crashed(error.to_string()),
            PoolError::TimedOut(_) => Self::TimedOut,
            PoolError::TooMuch(_) => Self::Damaged(error.to_string()),
            PoolError::Start(error) => Self::Crashed(error.to_string()),
            PoolError::Closed => Self::Closed,
        }
    }
}
