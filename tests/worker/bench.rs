//! What the worker's tests share: a pool of real workers, and media made by the ffmpeg program.
//!
//! Never: an expectation.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use alcove::media::info::MediaInfo;
use alcove::media::job::{Job, Output, ProbeKind};
use alcove::pool::{Lane, Pool, PoolConfig, PoolError};
use bytes::Bytes;

pub const WORKER: &str = env!("CARGO_BIN_EXE_alcove-worker");

pub fn config() -> PoolConfig {
    PoolConfig {
        program: PathBuf::from(WORKER),
        size: 2,
        address_space_bytes: 2 << 30,
    }
}

pub fn pool() -> Pool {
    Pool::new(config())
}

/// A scratch folder that media is made in.
pub struct Media(tempfile::TempDir);

impl Media {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("scratch folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `ffmpeg` with the words of `arguments`, writing `name`.
    pub fn make(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let done = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .current_dir(self.0.path())
            .output()
            .expect("ffmpeg runs");
        assert!(
            done.status.success(),
            "{arguments}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        path
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }
}

pub fn open(path: &Path) -> Vec<OwnedFd> {
    vec![File::open(path).expect("open").into()]
}

pub async fn run(pool: &Pool, job: Job, path: &Path) -> Result<(Output, Bytes), PoolError> {
    pool.collect(Lane::Viewer, job, open(path)).await
}

pub async fn info(pool: &Pool, kind: ProbeKind, path: &Path) -> MediaInfo {
    match run(pool, Job::Probe { kind }, path).await {
        Ok((Output::Info(info), _)) => *info,
        other => panic!("{}: {other:?}", path.display()),
    }
}
