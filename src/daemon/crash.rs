//! Panics of this program and crashes of workers become reports, where the owner allows it.
//!
//! Never: the message of a panic above debug, which may quote a title; a panic of its own: the hook of a
//! panic must not.

use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};
use tokio_util::sync::CancellationToken;

use crate::base::crash::{Crash, Program, Since};
use crate::base::symbols;
use crate::base::trace::{Modules, panicked};
use crate::telemetry::crash::{NotKept, Reports};

/// How often it is seen to that what must go is gone; also the time that a clock has to be set after the start.
const EXPIRE_EVERY: Duration = Duration::from_secs(3600);
/// The file of the running program, even when another has taken its place (proc(5)).
const OWN_PROGRAM: &str = "/proc/self/exe";

/// From now on a panic is logged by its place alone.
pub fn log_panics() {
    std::panic::set_hook(Box::new(log));
}

/// From now on a panic is logged as by [`log_panics`], and kept as a report where the owner allows it.
pub fn report_panics(reports: Reports) {
    std::panic::set_hook(Box::new(move |panic| {
        let since = Since::now();
        log(panic);
        if !reports.collects() {
            return;
        }
        let record = panicked(&Modules::loaded(Program::Daemon), panic.location());
        if let Some(crash) = Crash::read(Program::Daemon, record.as_bytes()) {
            let crash = named(crash, Path::new(OWN_PROGRAM));
            tell(reports.keep_at_once(since, crash));
        }
    }));
}

/// Keeps the crashes of workers, which run the program `worker`, and lets old reports go, until `end`.
pub async fn keep_crashes(
    reports: Reports,
    mut crashes: mpsc::Receiver<(Since, Crash)>,
    worker: PathBuf,
    end: CancellationToken,
) {
    let mut tick = interval_at(Instant::now() + EXPIRE_EVERY, EXPIRE_EVERY);
    loop {
        let (reports, worker) = (reports.clone(), worker.clone());
        let work = tokio::select! {
            () = end.cancelled() => return,
            crash = crashes.recv() => match crash {
                Some((since, crash)) => {
                    tokio::task::spawn_blocking(move || {
                        tell(reports.keep(since, named(crash, &worker)));
                    })
                }
                None => return,
            },
            _ = tick.tick() => tokio::task::spawn_blocking(move || {
                if let Err(error) = reports.tend() {
                    log::warn!("crash reports are not deleted yet: {error}");
                }
            }),
        };
        // One that panicked has been told by the hook.
        let _ = work.await;
    }
}

fn named(mut crash: Crash, program: &Path) -> Crash {
    symbols::name(&mut crash, program);
    crash
}

fn tell(kept: Result<(), NotKept>) {
    match kept {
        Ok(()) => log::warn!("a crash report was made; the privacy page shows it"),
        Err(NotKept::Io(error)) => log::warn!("a crash report could not be kept: {error}"),
        Err(reason) => log::debug!("no crash report was kept: {reason}"),
    }
}

fn log(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("?");
    match panic.location() {
        Some(place) => log::error!("{name} panicked at {place}"),
        None => log::error!("{name} panicked"),
    }
    if let Some(message) = panic.payload_as_str() {
        log::debug!("the panic said: {message}");
    }
}
