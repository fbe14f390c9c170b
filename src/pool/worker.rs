//! One worker process and the socket to it.
//!
//! Never: choosing the next job.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc::SIGKILL;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::lane::Limit;
use super::{Event, Lane, PoolConfig, PoolError};
use crate::base::crash::{Cause, Crash, Program, Since};
use crate::base::crash_record::RECORD_BYTES;
use crate::base::fd_channel;
use crate::media::job::{JobError, Output};
use crate::media::wire::{self, Reply, Request, WorkerFacts};

/// Bytes taken off the socket at once: a whole data frame and a bit.
const READ_BYTES: usize = 64 << 10;
/// A worker is replaced after this many jobs: whatever libav leaked goes with it.
const JOBS_OF_A_LIFE: u32 = 2_000;
/// How long a killed process may take to go before it is left to the reaper.
const REAP: Duration = Duration::from_secs(1);
/// What a process exits with after a panic that nothing caught.
const PANICKED: i32 = 101;
/// A crash leaves up to three records: a panic, then a signal's first and second.
const MOST_RECORDS: usize = 4;

/// How a job ended.
pub enum End {
    Done(Output),
    Failed(JobError),
    /// The worker is gone or talks nonsense.
    Lost(io::Error),
    /// It was silent, or at work, longer than this.
    Late(Duration),
    /// It sent more than this.
    TooMuch(u64),
    /// The pool was closed meanwhile.
    Closed,
}

/// A worker process. Dropping it kills it; the runtime reaps it.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    socket: UnixStream,
    /// Its standard output: empty until it crashes.
    records: PipeReader,
    inbox: Vec<u8>,
    facts: Option<WorkerFacts>,
    jobs: u32,
    resting_since: Instant,
    /// It was alive then.
    lived: Since,
}

impl Worker {
    /// Starts the program; it gets ready by itself while the first request is on its way.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn start(config: &PoolConfig, lane: Lane) -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (records, writer) = io::pipe()?;
        // Nobody waits for a record: all that a dead process wrote is there.
        fcntl(&records, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let mut command = Command::new(&config.program);
        command
            .arg(lane.argument())
            .arg(config.address_space_bytes.to_string())
            // The socket is the worker's standard input: handing over any other number would take
            // code between fork and exec.
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(writer))
            .stderr(Stdio::inherit())
            // The daemon's environment may hold secrets, and the worker reads hostile files.
            .env_clear()
            // One arena a thread would keep freed memory from being given back.
            .env("MALLOC_ARENA_MAX", "2")
            .kill_on_drop(true);
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let lived = Since::now();
        Ok(Self {
            child: command.spawn()?,
            socket: UnixStream::from_std(ours)?,
            records,
            inbox: Vec::new(),
            facts: None,
            jobs: 0,
            resting_since: Instant::now(),
            lived,
        })
    }

    /// Sends the request and follows the job to its end.
    pub async fn serve(
        &mut self,
        request: &Request,
        files: &[OwnedFd],
        limit: Limit,
        mut on_event: impl FnMut(Event),
    ) -> End {
        self.jobs += 1;
        let last = Instant::now() + limit.total;
        match timeout(limit.silence, self.send(request, files)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return End::Lost(error),
            Err(_) => return End::Late(limit.silence),
        }
        let (mut furthest, mut data_bytes) = (0, 0);
        let mut silent_since = Instant::now();
        loop {
            let until = (silent_since + limit.silence).min(last);
            let reply = match timeout_at(until, self.receive()).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(error)) => return End::Lost(error),
                Err(_) if until == last => return End::Late(limit.total),
                Err(_) => return End::Late(limit.silence),
            };
            let event = match reply {
                Reply::Ready(facts) => {
                    self.facts = Some(facts);
                    continue;
                }
                Reply::Done { id, output } if id == request.id => return End::Done(output),
                Reply::Failed { id, error } if id == request.id => return End::Failed(error),
                Reply::Data { id, bytes } if id == request.id => Event::Data(Bytes::from(bytes)),
                Reply::ChunkEnd { id } if id == request.id => Event::ChunkEnd,
                Reply::Progress { id, done, total } if id == request.id => {
                    Event::Progress { done, total }
                }
                _ => return End::Lost(io::Error::other("it answered another job")),
            };
            match event {
                Event::Progress { done, .. } if done <= furthest => {}
                Event::Progress { done, .. } => {
                    furthest = done;
                    silent_since = Instant::now();
                }
                Event::Data(ref bytes) => {
                    silent_since = Instant::now();
                    data_bytes += bytes.len() as u64;
                    if data_bytes > limit.most_bytes {
                        return End::TooMuch(limit.most_bytes);
                    }
                }
                Event::ChunkEnd => silent_since = Instant::now(),
            }
            on_event(event);
        }
    }

    async fn send(&self, request: &Request, files: &[OwnedFd]) -> io::Result<()> {
        let frame = wire::encode(request).map_err(io::Error::other)?;
        let fds: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        let mut sent = 0;
        while sent < frame.len() {
            let fds = if sent == 0 { &fds[..] } else { &[] };
            self.socket.writable().await?;
            let result = self.socket.try_io(Interest::WRITABLE, || {
                fd_channel::send(self.socket.as_fd(), &frame[sent..], fds)
            });
            match result {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<Reply> {
        loop {
            if let Some(reply) = wire::take(&mut self.inbox).map_err(io::Error::other)? {
                return Ok(reply);
            }
            self.socket.readable().await?;
            let filled = self.inbox.len();
            self.inbox.resize(filled + READ_BYTES, 0);
            // A worker has no descriptor to send; one that comes is closed.
            let result = self.socket.try_io(Interest::READABLE, || {
                let space = &mut self.inbox[filled..];
                fd_channel::receive(self.socket.as_fd(), space, &mut Vec::new())
            });
            self.inbox.truncate(filled + *result.as_ref().unwrap_or(&0));
            match result {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What happened to a worker that is lost; ends it if it still lives.
    pub async fn obituary(&mut self, error: &io::Error) -> PoolError {
        if error.kind() != io::ErrorKind::UnexpectedEof
            && error.kind() != io::ErrorKind::BrokenPipe
            && error.kind() != io::ErrorKind::ConnectionReset
        {
            self.kill().await;
            return PoolError::Crashed(error.to_string());
        }
        PoolError::Crashed(match timeout(REAP, self.child.wait()).await {
            Ok(Ok(status)) => match status.signal() {
                Some(SIGKILL) => return PoolError::Killed,
                Some(signal) => format!("signal {signal}"),
                None => status.to_string(),
            },
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                self.kill().await;
                "it closed its socket".into()
            }
        })
    }

    /// Kills the process and waits a moment for it to be gone.
    pub async fn kill(&mut self) {
        // Fails only for a process that has ended already.
        let _ = self.child.start_kill();
        // One that the kernel holds (a dead disk) is reaped by the runtime when it goes.
        let _ = timeout(REAP, self.child.wait()).await;
    }

    /// What a worker whose code crashed tells of it; `None` for one that lives, has ended, was killed, or told nothing.
    pub fn crash(&mut self) -> Option<Crash> {
        let status = self.child.try_wait().ok()??;
        let by_signal = status.signal().and_then(Cause::of_signal);
        if by_signal.is_none() && status.code() != Some(PANICKED) {
            return None;
        }
        let mut written = vec![0; MOST_RECORDS * RECORD_BYTES];
        let length = self.records.read(&mut written).ok()?;
        Crash::read(Program::Worker, written.get(..length)?)
    }

    /// False when the process has ended since its last job.
    pub fn is_alive(&mut self) -> bool {
        let now = Since::now();
        let is_alive = matches!(self.child.try_wait(), Ok(None));
        if is_alive {
            self.lived = now;
        }
        is_alive
    }

    /// True when the worker has done enough jobs for one life.
    pub fn is_worn(&self) -> bool {
        self.jobs >= JOBS_OF_A_LIFE
    }

    /// Marks the beginning of a pause.
    pub fn rest(&mut self) {
        self.resting_since = Instant::now();
    }

    /// When it was last seen alive: one that has crashed did so later.
    pub fn lived(&self) -> Since {
        self.lived
    }

    /// Length of the pause so far.
    pub fn rested(&self) -> Duration {
        self.resting_since.elapsed()
    }

    /// What it told about itself, the first time that it is asked for.
    pub fn take_facts(&mut self) -> Option<WorkerFacts> {
        self.facts.take()
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
