//! Segments of a presentation.
//!
//! Never: state from one segment to the next.

use std::os::fd::OwnedFd;

use alcove::media::job::{Job, JobError, Output};

use super::Reply;

/// Makes the init segment or the segment that `job` asks for, in data frames.
///
/// # Errors
/// Any [`JobError`].
pub fn run(_job: &Job, _file: OwnedFd, _reply: &mut dyn Reply) -> Result<Output, JobError> {
    Err(JobError::Unsupported("segments are not built yet".into()))
}
