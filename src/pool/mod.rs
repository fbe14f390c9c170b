//! Starts, feeds, times out and kills worker processes.
//!
//! Never: libav, HTTP, deciding what a job is for.
//!
//! ```text
//!  start ──► parked ──job──► busy ──answer──► parked ──idle too long, or worn──► ended
//!                             │ crash, time limit, or the caller dropped the future
//!                             ▼
//!                           killed; a crash of its code is told to whoever took [`Pool::crashes`]
//! ```
//!
//! No task is spawned: the caller's future drives the socket. [`Pool::tend`] is the one future that
//! somebody must keep running, so that parked workers give their memory back.

mod lane;
mod worker;

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::base::crash::{Crash, Since};
use crate::media::job::{Job, JobError, Output};
use crate::media::wire::{Request, SandboxLayers, WorkerFacts};

pub use lane::Limit;
use lane::{LANES, limit_of};
use worker::{End, Worker};

/// A parked worker is ended after this long.
const PARKED: Duration = Duration::from_secs(10);
/// How often parked workers are looked at.
const TEND_EVERY: Duration = Duration::from_secs(2);
/// Crashes that wait to be taken; when there are more, or nobody takes them, the newest are forgotten.
const WAITING_CRASHES: usize = 4;

/// How the pool starts workers.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The `alcove-worker` program.
    pub program: PathBuf,
    /// Workers that may be busy at once in the viewers' lane.
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
    /// By the kernel when memory ran out, or by a person: it says nothing about the file.
    #[error("the worker was killed")]
    Killed,
    #[error("the worker did not finish within {} s and was ended", .0.as_secs())]
    TimedOut(Duration),
    #[error("the worker sent more than {0} bytes and was ended")]
    TooMuch(u64),
    #[error("the worker program could not be started: {0}")]
    Start(std::io::Error),
    #[error("the server is shutting down")]
    Closed,
}

/// The workers. One job a worker at a time; a worker that crashes or hangs costs only its job.
///
/// Cheap to clone; all clones share the workers.
#[derive(Clone, Debug)]
pub struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: PoolConfig,
    lanes: [LaneState; LANES.len()],
    closed: CancellationToken,
    next_id: AtomicU64,
    facts: Mutex<Option<WorkerFacts>>,
    limit_of: fn(&Job) -> Limit,
    busy: Mutex<Vec<u32>>,
    crashed: mpsc::Sender<(Since, Crash)>,
    crashes: Mutex<Option<mpsc::Receiver<(Since, Crash)>>>,
}

#[derive(Debug)]
struct LaneState {
    /// One permit a worker; jobs past that wait in order of arrival.
    permits: Semaphore,
    workers: usize,
    parked: Mutex<Vec<Worker>>,
}

impl Pool {
    /// A pool without any worker yet; they are started by the first jobs.
    pub fn new(config: PoolConfig) -> Self {
        Self::with_limits(config, limit_of)
    }

    /// A pool with other limits than the usual ones.
    pub fn with_limits(config: PoolConfig, limit_of: fn(&Job) -> Limit) -> Self {
        let lanes = LANES.map(|lane| {
            let workers = lane::workers(lane, config.size);
            LaneState {
                permits: Semaphore::new(workers),
                workers,
                parked: Mutex::default(),
            }
        });
        let (crashed, crashes) = mpsc::channel(WAITING_CRASHES);
        Self {
            inner: Arc::new(Inner {
                config,
                lanes,
                closed: CancellationToken::new(),
                next_id: AtomicU64::new(1),
                facts: Mutex::default(),
                limit_of,
                busy: Mutex::default(),
                crashed,
                crashes: Mutex::new(Some(crashes)),
            }),
        }
    }

    /// Runs `job` on a free worker of `lane`; `on_event` sees data and progress as they come.
    ///
    /// `files` are handed to the worker, the media file first; their position in the file is neither
    /// used nor moved. Dropping the future ends the job at once, with its worker.
    ///
    /// # Errors
    /// [`PoolError`]; the pool itself stays usable after every one but `Closed`.
    pub async fn run(
        &self,
        lane: Lane,
        job: Job,
        files: Vec<OwnedFd>,
        on_event: impl FnMut(Event) + Send,
    ) -> Result<Output, PoolError> {
        let state = self.inner.lane(lane);
        let _permit = state
            .permits
            .acquire()
            .await
            .map_err(|_| PoolError::Closed)?;
        if self.inner.closed.is_cancelled() {
            return Err(PoolError::Closed);
        }
        let mut worker = match self.inner.take_parked(lane) {
            Some(worker) => worker,
            None => Worker::start(&self.inner.config, lane).map_err(PoolError::Start)?,
        };
        let limit = (self.inner.limit_of)(&job);
        let _busy = Busy::mark(&self.inner.busy, worker.pid());
        let request = Request {
            id: self.inner.next_id.fetch_add(1, Ordering::Relaxed),
            files: u8::try_from(files.len()).unwrap_or(u8::MAX),
            job,
        };
        let end = tokio::select! {
            biased;
            () = self.inner.closed.cancelled() => End::Closed,
            end = worker.serve(&request, &files, limit, on_event) => end,
        };
        if let Some(facts) = worker.take_facts() {
            *lock(&self.inner.facts) = Some(facts);
        }
        match end {
            End::Done(output) => {
                self.inner.park(lane, worker);
                Ok(output)
            }
            End::Failed(error) => {
                // Its memory may be in a state that the next job should not inherit.
                if error != JobError::OutOfMemory {
                    self.inner.park(lane, worker);
                }
                Err(PoolError::Job(error))
            }
            End::Lost(error) => {
                let error = worker.obituary(&error).await;
                self.inner.bury(worker);
                Err(error)
            }
            End::Late(limit) => {
                worker.kill().await;
                Err(PoolError::TimedOut(limit))
            }
            End::TooMuch(most_bytes) => {
                worker.kill().await;
                Err(PoolError::TooMuch(most_bytes))
            }
            End::Closed => {
                worker.kill().await;
                Err(PoolError::Closed)
            }
        }
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

    /// Ends workers that have been parked for a while, until the pool is closed.
    ///
    /// The daemon keeps this running; without it all else works, but idle workers keep their memory.
    pub async fn tend(&self) {
        let mut tick = tokio::time::interval(TEND_EVERY);
        loop {
            tokio::select! {
                () = self.inner.closed.cancelled() => return,
                _ = tick.tick() => {}
            }
            for lane in LANES {
                for mut worker in self.inner.lane(lane).take_stale(PARKED) {
                    if worker.is_alive() {
                        worker.kill().await;
                    } else {
                        self.inner.bury(worker);
                    }
                }
            }
        }
    }

    /// Looks which parked workers live: one that crashes later is known to have done so after this moment.
    pub fn see_who_lives(&self) {
        for lane in LANES {
            for worker in lock(&self.inner.lane(lane).parked).iter_mut() {
                // One that has died waits for whoever takes it.
                worker.is_alive();
            }
        }
    }

    /// Tells what crashes of workers' code tell, as they are noticed; `None` but for the first who asks.
    pub fn crashes(&self) -> Option<mpsc::Receiver<(Since, Crash)>> {
        lock(&self.inner.crashes).take()
    }

    /// What the kernel granted the workers' sandbox; `None` before the first worker was ready.
    pub fn sandbox(&self) -> Option<SandboxLayers> {
        lock(&self.inner.facts).as_ref().map(|facts| facts.layers)
    }

    /// Version of FFmpeg's libraries in the workers; `None` before the first worker was ready.
    pub fn ffmpeg(&self) -> Option<String> {
        let facts = lock(&self.inner.facts);
        facts.as_ref().map(|facts| facts.ffmpeg.clone())
    }

    /// Process ids of the workers parked now, for tests and for the board's page.
    pub fn parked_pids(&self) -> Vec<u32> {
        LANES
            .iter()
            .flat_map(|&lane| {
                lock(&self.inner.lane(lane).parked)
                    .iter()
                    .filter_map(Worker::pid)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Process ids of the workers that run a job now.
    pub fn busy_pids(&self) -> Vec<u32> {
        lock(&self.inner.busy).clone()
    }

    /// Ends every worker and waits for it; running and later jobs answer [`PoolError::Closed`].
    pub async fn close(&self) {
        self.inner.closed.cancel();
        for lane in LANES {
            let state = self.inner.lane(lane);
            // All permits back means that no job runs any more.
            let all = u32::try_from(state.workers).unwrap_or(u32::MAX);
            if let Ok(permits) = state.permits.acquire_many(all).await {
                permits.forget();
            }
            state.permits.close();
            for mut worker in state.take_stale(Duration::ZERO) {
                worker.kill().await;
            }
        }
    }
}

impl Inner {
    fn lane(&self, lane: Lane) -> &LaneState {
        &self.lanes[lane as usize]
    }

    /// The worker parked last, if it is still alive.
    fn take_parked(&self, lane: Lane) -> Option<Worker> {
        loop {
            let mut worker = lock(&self.lane(lane).parked).pop()?;
            if worker.is_alive() {
                return Some(worker);
            }
            self.bury(worker);
        }
    }

    /// Passes on what a dead worker tells.
    fn bury(&self, mut worker: Worker) {
        if let Some(crash) = worker.crash() {
            // Full, or nobody listens: then it is forgotten.
            let _ = self.crashed.try_send((worker.lived(), crash));
        }
    }

    fn park(&self, lane: Lane, mut worker: Worker) {
        if worker.is_worn() || self.closed.is_cancelled() {
            return;
        }
        worker.rest();
        lock(&self.lane(lane).parked).push(worker);
    }
}

impl LaneState {
    fn take_stale(&self, age: Duration) -> Vec<Worker> {
        let mut parked = lock(&self.parked);
        let (stale, fresh) = parked.drain(..).partition(|w| w.rested() >= age);
        *parked = fresh;
        stale
    }
}

/// Keeps a process id in the list while its job runs, also when the job's future is dropped.
struct Busy<'a> {
    list: &'a Mutex<Vec<u32>>,
    pid: Option<u32>,
}

impl<'a> Busy<'a> {
    fn mark(list: &'a Mutex<Vec<u32>>, pid: Option<u32>) -> Self {
        lock(list).extend(pid);
        Self { list, pid }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        lock(self.list).retain(|pid| Some(*pid) != self.pid);
    }
}

/// No code panics while it holds one of these locks in an inconsistent state.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
