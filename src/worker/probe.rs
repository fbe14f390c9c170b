//! What is in a file.
//!
//! Never: decoding a picture.

use std::os::fd::OwnedFd;

use alcove::media::job::{JobError, Output, ProbeKind};

use crate::av::input::{Input, OpenOptions};

/// Answers what the file holds.
///
/// # Errors
/// Any [`JobError`].
pub fn run(file: OwnedFd, _kind: ProbeKind) -> Result<Output, JobError> {
    let mut input = Input::open(file, OpenOptions::default())?;
    input.find_stream_info()?;
    Err(JobError::Unsupported("probing is not built yet".into()))
}
