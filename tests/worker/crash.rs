//! Workers whose code crashes while they work: what they leave, and what they must not.
//!
//! Never: a crash that is built into the program; signals do what a fault would.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alcove::base::crash::{Crash, Program, Since};
use alcove::base::symbols;
use alcove::media::job::{IndexEffort, Job, ProbeKind};
use alcove::pool::{Lane, Limit, Pool, PoolConfig, PoolError};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::mpsc::Receiver;

use crate::bench::{Media, WORKER, config, open, pool};

const PROBE: Job = Job::Probe {
    kind: ProbeKind::Video,
};

/// A film that takes a walk of some seconds, in a file whose name would be known again.
fn film(media: &Media) -> PathBuf {
    let made = "-f lavfi -i testsrc2=s=640x360:r=50:d=60 -c:v mpeg2video -q:v 2";
    media.make("Zanzibar Honeymoon (1987).ts", made)
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
    kill(pid, signal).expect("the worker is there");
}

/// Sends `sent` to a worker that is at work on `files`; how its job ended.
async fn struck(pool: &Pool, files: Vec<OwnedFd>, sent: Signal) -> PoolError {
    met(pool, files, |pid| signal(pid, sent)).await
}

/// Lets `meet` deal with a worker that is at work on `files`; how its job ended.
async fn met(pool: &Pool, files: Vec<OwnedFd>, mut meet: impl FnMut(u32) + Send) -> PoolError {
    let job = Job::Index {
        stream: 0,
        effort: IndexEffort::Walk,
    };
    let mut has_met = false;
    let event = |_| {
        // The first sign of progress: libav is at work.
        if !std::mem::replace(&mut has_met, true) {
            meet(pool.busy_pids()[0]);
        }
    };
    let ended = pool.run(Lane::Scan, job, files, event).await;
    ended.expect_err("the worker was struck")
}

fn told(crashes: &mut Receiver<(Since, Crash)>) -> Option<serde_json::Value> {
    let (_, mut crash) = crashes.try_recv().ok()?;
    assert_eq!(crash.program(), Program::Worker);
    symbols::name(&mut crash, WORKER.as_ref());
    Some(serde_json::to_value(&crash).expect("JSON"))
}

#[tokio::test]
async fn a_worker_that_crashes_leaves_the_frames_of_its_code() {
    let (pool, media) = (pool(), Media::new());
    let mut crashes = pool.crashes().expect("nobody else asked");
    assert!(pool.crashes().is_none());
    let film = film(&media);
    for (sent, cause) in [
        (Signal::SIGSEGV, "sigsegv"),
        (Signal::SIGABRT, "sigabrt"),
        (Signal::SIGBUS, "sigbus"),
        (Signal::SIGILL, "sigill"),
        (Signal::SIGFPE, "sigfpe"),
    ] {
        let ended = struck(&pool, open(&film), sent).await;
        let words = format!("signal {}", sent as i32);
        assert!(
            matches!(&ended, PoolError::Crashed(why) if *why == words),
            "{ended:?}"
        );
        let crash = told(&mut crashes).expect("a crash");
        assert_eq!(crash["cause"], cause);
        assert_eq!(crash["program"], "alcove-worker");
        assert_eq!(crash["place"], serde_json::Value::Null);
        let frames = crash["frames"].as_array().expect("frames");
        assert!(frames.len() >= 3, "{crash:#}");
        let text = crash.to_string();
        assert!(text.contains("\"alcove-worker\""), "{crash:#}");
        // The way down to `main` is told by name, as this build has not been stripped.
        assert!(
            text.contains("worker5index") && text.contains("+0x"),
            "{crash:#}"
        );
        assert!(
            frames
                .iter()
                .all(|frame| frame["module"].is_null() || frame["build_id"].is_string())
        );
        for word in ["Zanzibar", "zanzibar", "1987", "/", " "] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        assert!(told(&mut crashes).is_none(), "one crash, one report");
    }
}

#[tokio::test]
async fn what_is_no_crash_of_code_is_not_told() {
    let limits = |_: &Job| Limit {
        silence: Duration::from_secs(2),
        total: Duration::from_secs(20),
        most_bytes: u64::MAX,
    };
    let (pool, media) = (Pool::with_limits(config(), limits), Media::new());
    let mut crashes = pool.crashes().expect("nobody else asked");
    let film = film(&media);
    for sent in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSTOP] {
        let ended = struck(&pool, open(&film), sent).await;
        // One that was stopped is ended at its time limit.
        let expected = matches!(
            (sent, &ended),
            (Signal::SIGKILL, PoolError::Killed)
                | (Signal::SIGTERM, PoolError::Crashed(_))
                | (Signal::SIGSTOP, PoolError::TimedOut(_))
        );
        assert!(expected, "{sent}: {ended:?}");
        assert!(told(&mut crashes).is_none(), "{sent}");
    }
}

/// Address space of a process now.
fn mapped_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.expect("proc(5)").parse::<u64>().expect("a number") * 1024
}

#[tokio::test]
async fn a_worker_at_its_limit_of_memory_leaves_nothing() {
    let media = Media::new();
    let film = film(&media);
    // Less room is taken where there is less: the limit closes in on what is needed.
    let mut limit_bytes = config().address_space_bytes;
    for _ in 0..8 {
        let pool = Pool::new(PoolConfig {
            address_space_bytes: limit_bytes,
            ..config()
        });
        let mut crashes = pool.crashes().expect("nobody else asked");
        let mut mapped = 0;
        let strike = |pid| {
            signal(pid, Signal::SIGSTOP);
            mapped = mapped_bytes(pid);
            signal(pid, Signal::SIGABRT);
            signal(pid, Signal::SIGCONT);
        };
        let ended = met(&pool, open(&film), strike).await;
        assert!(
            matches!(&ended, PoolError::Crashed(why) if why == "signal 6"),
            "{ended:?}"
        );
        let has_room = limit_bytes - mapped > 48 << 20;
        let crash = told(&mut crashes);
        assert_eq!(crash.is_some(), has_room, "{mapped} of {limit_bytes}");
        if !has_room {
            return;
        }
        limit_bytes = mapped + (16 << 20);
    }
    panic!("the worker always finds room");
}

#[tokio::test]
async fn a_worker_that_crashes_while_it_rests_is_told_when_it_is_missed() {
    let (pool, media) = (pool(), Media::new());
    let mut crashes = pool.crashes().expect("nobody else asked");
    let film = film(&media);
    let _ = pool.collect(Lane::Scan, PROBE, open(&film)).await;
    let pid = pool.parked_pids()[0];
    signal(pid, Signal::SIGSEGV);
    let deadline = Instant::now() + Duration::from_secs(5);
    // Dead with all its threads, though not yet reaped.
    let is_dead = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        stat.is_empty() || (stat.contains(") Z ") && threads <= 1)
    };
    while !is_dead() {
        assert!(Instant::now() < deadline, "{pid} is still there");
        tokio::task::yield_now().await;
    }
    assert!(pool.collect(Lane::Scan, PROBE, open(&film)).await.is_ok());
    assert_eq!(told(&mut crashes).expect("a crash")["cause"], "sigsegv");
}
