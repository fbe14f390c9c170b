//! Who makes segments: software today, codec devices beside it later.
//!
//! Never: which segment comes next.

use std::os::fd::OwnedFd;
use std::pin::Pin;

use bytes::Bytes;

use super::source::Opener;
use crate::media::job::{Job, JobError};
use crate::pool::{Lane, Pool, PoolError};
use crate::telemetry::class::{Backend as BackendClass, Fallback};

/// The bytes of one part, some time later. Dropping it ends the work.
pub type Making = Pin<Box<dyn Future<Output = Result<Bytes, PoolError>> + Send>>;

/// Makes init segments and media segments of one file at a time.
pub trait Backend: Send + Sync {
    /// Starts to make what `job` describes from a fresh descriptor of the file.
    fn make(&self, opener: Opener, job: Job) -> Making;

    /// What encodes the pictures, as the statistics tell it.
    fn encoder(&self) -> Encoder;
}

/// What encodes pictures, and why no codec chip does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    pub backend: BackendClass,
    pub fallback: Fallback,
}

/// libx264 and libav's own encoders in a worker: each part is a job of its own.
pub struct Software {
    pool: Pool,
}

impl Software {
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

impl Backend for Software {
    fn make(&self, opener: Opener, job: Job) -> Making {
        let pool = self.pool.clone();
        Box::pin(async move {
            let opened = opener().await;
            let file = opened.map_err(|error| JobError::Read(error.to_string()))?;
            let (_, bytes) = pool
                .collect(Lane::Viewer, job, vec![OwnedFd::from(file)])
                .await?;
            // What the pool collected may hold twice its length; a cached segment must not.
            Ok(Bytes::copy_from_slice(&bytes))
        })
    }

    fn encoder(&self) -> Encoder {
        Encoder {
            backend: BackendClass::Software,
            // As far as this program can use one.
            fallback: Fallback::NoHardware,
        }
    }
}
