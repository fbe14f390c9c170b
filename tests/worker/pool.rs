//! Hand-over of files, crashes, hangs, shutdown.
//!
//! Never: waiting by sleeping.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alcove::media::job::{Job, JobError, ProbeKind, SubtitleFileFormat};
use alcove::pool::{Lane, Limit, Pool, PoolError};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::bench::{Media, WORKER, config, open, pool};

fn empty_file() -> Vec<OwnedFd> {
    vec![tempfile::tempfile().expect("scratch file").into()]
}

const PROBE: Job = Job::Probe {
    kind: ProbeKind::Video,
};

#[tokio::test]
async fn an_empty_file_fails_its_job_and_the_worker_lives_on() {
    let pool = pool();
    for _ in 0..3 {
        let got = pool.collect(Lane::Scan, PROBE, empty_file()).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::Empty))),
            "{got:?}"
        );
    }
    assert_eq!(pool.parked_pids().len(), 1);
    assert!(pool.sandbox().is_some_and(|layers| layers.no_new_privs));
    pool.close().await;
    let after = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    assert!(matches!(after, Err(PoolError::Closed)), "{after:?}");
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
    kill(pid, signal).expect("the worker is there");
}

/// Waits until the process is gone altogether: a zombie still has its entry.
async fn gone(pid: u32) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(Instant::now() < deadline, "{pid} is still there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Parks a worker of the scan's lane and stops it, so that its next job hangs; its process id.
async fn stopped_worker(pool: &Pool) -> u32 {
    let _ = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    let pid = pool.parked_pids()[0];
    signal(pid, Signal::SIGSTOP);
    pid
}

/// Waits until a job runs on the worker.
async fn busy(pool: &Pool, pid: u32) {
    while !pool.busy_pids().contains(&pid) {
        tokio::task::yield_now().await;
    }
}

async fn works(pool: &Pool) {
    let got = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    assert!(
        matches!(got, Err(PoolError::Job(JobError::Empty))),
        "{got:?}"
    );
}

#[tokio::test]
async fn a_worker_that_dies_in_a_job_costs_that_job_alone() {
    let pool = pool();
    let pid = stopped_worker(&pool).await;
    let (died, ()) = tokio::join!(pool.collect(Lane::Scan, PROBE, empty_file()), async {
        busy(&pool, pid).await;
        signal(pid, Signal::SIGABRT);
        signal(pid, Signal::SIGCONT);
    });
    assert!(
        matches!(&died, Err(PoolError::Crashed(why)) if why == "signal 6"),
        "{died:?}"
    );
    assert!(pool.busy_pids().is_empty());
    gone(pid).await;
    works(&pool).await;
}

#[tokio::test]
async fn a_worker_that_hangs_is_ended_at_its_limit() {
    let limits = |_: &Job| Limit {
        silence: Duration::from_secs(3),
        total: Duration::from_secs(20),
        most_bytes: u64::MAX,
    };
    let pool = Pool::with_limits(config(), limits);
    let pid = stopped_worker(&pool).await;
    let started = Instant::now();
    let hung = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    assert!(matches!(hung, Err(PoolError::TimedOut(_))), "{hung:?}");
    assert!((3..15).contains(&started.elapsed().as_secs()));
    gone(pid).await;
    works(&pool).await;
}

#[tokio::test]
async fn an_unfinished_job_that_nobody_waits_for_ends_with_its_worker() {
    let pool = pool();
    let pid = stopped_worker(&pool).await;
    tokio::select! {
        got = pool.collect(Lane::Scan, PROBE, empty_file()) => panic!("{got:?}"),
        () = busy(&pool, pid) => {}
    }
    assert!(pool.busy_pids().is_empty() && pool.parked_pids().is_empty());
    gone(pid).await;
    works(&pool).await;
}

#[tokio::test]
async fn parked_workers_that_died_are_not_used_again() {
    let pool = pool();
    for _ in 0..2 {
        let _ = pool.collect(Lane::Scan, PROBE, empty_file()).await;
        let pid = pool.parked_pids()[0];
        signal(pid, Signal::SIGKILL);
        // Dead with all its threads, though not yet reaped.
        let dead = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
            stat.is_empty() || (stat.contains(") Z") && threads <= 1)
        };
        while !dead() {
            tokio::task::yield_now().await;
        }
        let got = pool.collect(Lane::Scan, PROBE, empty_file()).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::Empty))),
            "{got:?}"
        );
        assert_ne!(pool.parked_pids(), [pid]);
    }
}

#[tokio::test]
async fn closing_the_pool_ends_running_jobs_and_every_worker() {
    let pool = pool();
    let _ = pool.collect(Lane::Viewer, PROBE, empty_file()).await;
    let parked = pool.parked_pids()[0];
    let _ = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    let pid = pool
        .parked_pids()
        .into_iter()
        .find(|pid| *pid != parked)
        .expect("another worker");
    signal(pid, Signal::SIGSTOP);
    let (ended, ()) = tokio::join!(pool.collect(Lane::Scan, PROBE, empty_file()), async {
        busy(&pool, pid).await;
        pool.close().await;
    });
    assert!(matches!(ended, Err(PoolError::Closed)), "{ended:?}");
    for pid in [parked, pid] {
        gone(pid).await;
    }
}

#[test]
fn a_worker_ends_when_its_daemon_is_gone() {
    let (ours, theirs) = UnixStream::pair().expect("socket pair");
    let mut child = Command::new(WORKER)
        .args(["viewer", "2147483648"])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .expect("the worker starts");
    drop(ours);
    let deadline = Instant::now() + Duration::from_secs(5);
    while child.try_wait().expect("wait").is_none() {
        assert!(Instant::now() < deadline, "it lives on");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_that_says_so() {
    let mut config = config();
    config.program = PathBuf::from("/nowhere/alcove-worker");
    let pool = Pool::new(config);
    let got = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    assert!(matches!(got, Err(PoolError::Start(_))), "{got:?}");
}

#[tokio::test]
async fn a_job_that_sends_more_than_its_limit_fails_with_its_worker() {
    let limits = |_: &Job| Limit {
        silence: Duration::from_secs(20),
        total: Duration::from_secs(20),
        most_bytes: 64,
    };
    let pool = Pool::with_limits(config(), limits);
    let media = Media::new();
    for (words, fits) in [
        ("Hello", true),
        ("Hello, hello. ".repeat(9).as_str(), false),
    ] {
        let text = format!("1\n00:00:00,000 --> 00:00:01,000\n{words}\n");
        let path = media.write("a.srt", text.as_bytes());
        let job = Job::SubtitleFile {
            format: SubtitleFileFormat::Srt,
        };
        let got = pool.collect(Lane::Scan, job, open(&path)).await;
        match got {
            Ok((_, bytes)) => assert!(fits && !bytes.is_empty(), "{words}"),
            Err(error) => assert!(
                !fits && matches!(error, PoolError::TooMuch(64)),
                "{error:?}"
            ),
        }
        assert_eq!(pool.parked_pids().len(), usize::from(fits), "{words}");
    }
    works(&pool).await;
}
