//! The request loop: takes a job and its files off the socket, runs it, answers.
//!
//! Never: two jobs at once.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use alcove::base::fd_channel;
use alcove::media::job::{Job, JobError, Output};
use alcove::media::wire::{self, Request};
use nix::sys::signal::SigSet;

use super::reply::{Reply, SocketReply, send};
use super::{crash, escape, image, index, probe, sandbox, segment, subtitle, syscalls};

/// Bytes taken off the socket at once; requests are far smaller, but for a long grid.
const READ_BYTES: usize = 64 << 10;

/// Enough for one system call and the libraries' thread-local data.
const WATCH_STACK_BYTES: usize = 256 << 10;

/// What the daemon told the process on its command line.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub priority: Priority,
    pub address_space_bytes: u64,
}

/// How willingly this process gives way to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits in front of a screen.
    Viewer,
    Scan,
    Idle,
}

impl Settings {
    /// Reads the command line; `None` when it is not the daemon's.
    pub fn parse(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let priority = match arguments.next()?.to_str()? {
            "viewer" => Priority::Viewer,
            "scan" => Priority::Scan,
            "idle" => Priority::Idle,
            _ => return None,
        };
        let address_space_bytes = arguments.next()?.to_str()?.parse().ok()?;
        arguments.next().is_none().then_some(Self {
            priority,
            address_space_bytes,
        })
    }
}

/// Closes the process in and serves until the daemon closes the socket.
///
/// # Errors
/// When the process cannot be closed in, or the daemon sends nonsense.
pub fn run(settings: Settings) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    crash::leave_records()?;
    let layers = sandbox::close_in(settings)?;
    let watched = socket.try_clone()?;
    std::thread::Builder::new()
        .name("hang-up".into())
        .stack_size(WATCH_STACK_BYTES)
        .spawn(move || {
            // The main thread takes all signals: it alone has a stack that is large enough to tell of a crash.
            let _ = SigSet::all().thread_block();
            // Also in the middle of a job that hangs. A parent-death signal would come when the
            // daemon's thread that started this process ends, not when the daemon does.
            syscalls::wait_for_hang_up(watched.as_fd());
            syscalls::exit_now(0);
        })?;
    let facts = wire::WorkerFacts {
        layers,
        ffmpeg: crate::av::version(),
    };
    if send(&socket, &wire::Reply::Ready(facts)).is_err() {
        return Ok(());
    }
    let mut inbox = Inbox::default();
    while let Some((request, files)) = inbox.next(&socket)? {
        let mut reply = SocketReply {
            id: request.id,
            socket: &socket,
        };
        let is_probe = matches!(request.job, Job::Probe { .. });
        let answer = match dispatch(&request.job, files, &mut reply) {
            Ok(output) => wire::Reply::Done {
                id: request.id,
                output,
            },
            Err(error) => wire::Reply::Failed {
                id: request.id,
                error,
            },
        };
        if send(&socket, &answer).is_err() {
            break;
        }
        if !is_probe {
            syscalls::trim_memory();
        }
    }
    Ok(())
}

fn dispatch(job: &Job, files: Vec<OwnedFd>, reply: &mut dyn Reply) -> Result<Output, JobError> {
    if matches!(job, Job::SandboxReport) {
        return Ok(Output::Sandbox(escape::attempts()));
    }
    let file = files
        .into_iter()
        .next()
        .ok_or_else(|| JobError::Read("no file came with the job".into()))?;
    match job {
        Job::Probe { kind } => probe::run(file, *kind),
        Job::Index { stream, effort } => index::run(file, *stream, *effort, reply),
        Job::Subtitle { stream, origin_us } => subtitle::stream(file, *stream, *origin_us, reply),
        Job::SubtitleFile { format } => subtitle::file(file, *format, reply),
        Job::VideoInit(_)
        | Job::VideoSegment { .. }
        | Job::AudioInit(_)
        | Job::AudioSegment { .. } => segment::run(job, file, reply),
        Job::Thumbnail { at_ms, bounds } => image::thumbnail(file, *at_ms, *bounds, reply),
        Job::Cover { bounds } => image::cover(file, *bounds, reply),
        Job::Photo { bounds } => image::photo(file, *bounds, reply),
        Job::SandboxReport => Ok(Output::Sandbox(escape::attempts())),
    }
}

/// Bytes and descriptors that came, until they make a request.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    files: Vec<OwnedFd>,
}

impl Inbox {
    /// Waits for the next request; `None` when the daemon has closed the socket.
    fn next(&mut self, socket: &UnixStream) -> io::Result<Option<(Request, Vec<OwnedFd>)>> {
        let mut chunk = vec![0; READ_BYTES];
        loop {
            if let Some(request) = wire::take::<Request>(&mut self.bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?
            {
                let count = usize::from(request.files).min(self.files.len());
                return Ok(Some((request, self.files.drain(..count).collect())));
            }
            let count = fd_channel::receive(socket.as_fd(), &mut chunk, &mut self.files)?;
            if count == 0 {
                return Ok(None);
            }
            self.bytes.extend_from_slice(&chunk[..count]);
        }
    }
}
