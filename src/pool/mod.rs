//! Starts, feeds, times out and kills worker processes.
//!
//! Never: libav, HTTP, deciding what a job is for.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use crate::media::job::{Job, JobError, Output};

/// How the pool starts workers.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The `alcove-worker` program.
    pub program: PathBuf,
    /// Workers that may be busy at once.
    pub size: usize,
    /// Most address space a worker may map.
    pub address_space_bytes: u64,
}

/// Who waits for a job; a lane has its own workers, priorities and time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// A viewer waits: segments, pictures on the screen.
    Viewer,
    /// The scan waits: probes.
    Scan,
    /// Nobody waits: packet walks, thumbnails; idle CPU and I/O class.
    Idle,
}

/// What a running job sends before it ends.
#[derive(Clone, Debug)]
pub enum Event {
    Data(Bytes),
    ChunkEnd,
    Progress { done: u64, total: u64 },
}

/// Why a job brought no output.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    #[error(transparent)]
    Job(#[from] JobError),
    #[error("the worker crashed ({0})")]
    Crashed(String),
    #[error("the worker did not finish within {} s and was ended", .0.as_secs())]
    TimedOut(Duration),
    #[error("the worker program could not be started: {0}")]
    Start(std::io::Error),
    #[error("the server is shutting down")]
    Closed,
}

/// The workers. One job a worker at a time; a worker that crashes or hangs costs only its job.
#[derive(Debug)]
pub struct Pool {
    config: PoolConfig,
}

impl Pool {
    pub fn new(config: PoolConfig) -> Self {
        Self { config }
    }

    /// Runs `job` on a free worker of `lane`; `on_event` sees data and progress as they come.
    ///
    /// Dropping the future ends the job.
    ///
    /// # Errors
    /// [`PoolError`]; the pool itself stays usable after every one but `Closed`.
    pub async fn run(
        &self,
        _lane: Lane,
        _job: Job,
        _files: Vec<OwnedFd>,
        _on_event: impl FnMut(Event) + Send,
    ) -> Result<Output, PoolError> {
        Err(PoolError::Start(std::io::Error::other(format!(
            "{} is not wired yet",
            self.config.program.display()
        ))))
    }

    /// Like [`Pool::run`], with all data collected.
    ///
    /// # Errors
    /// As [`Pool::run`].
    pub async fn collect(
        &self,
        lane: Lane,
        job: Job,
        files: Vec<OwnedFd>,
    ) -> Result<(Output, Bytes), PoolError> {
        let mut data = Vec::new();
        let output = self
            .run(lane, job, files, |event| {
                if let Event::Data(bytes) = event {
                    data.extend_from_slice(&bytes);
                }
            })
            .await?;
        Ok((output, data.into()))
    }

    /// Ends every worker and waits for it; later jobs answer [`PoolError::Closed`].
    pub async fn close(&self) {}
}
