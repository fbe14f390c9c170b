//! What is in a file: tracks, tags, length, or the facts of a photo.
//!
//! Never: decoding; trusting the extension.

use std::fs::File;
use std::os::fd::OwnedFd;

use alcove::media::codec::Container;
use alcove::media::info::MediaInfo;
use alcove::media::job::{JobError, Output, ProbeKind};

use super::photo;
use crate::av::error::AvError;
use crate::av::input::{Input, OpenOptions};
use crate::av::probe;

/// Small reads: the headers of most files fit in one.
const OPTIONS: OpenOptions = OpenOptions {
    buffer_bytes: 32 << 10,
    probe_bytes: 1 << 20,
    analyze_us: 1_500_000,
};

/// Answers what the file holds.
///
/// # Errors
/// [`JobError::UnknownFormat`] for what is neither film, music nor photo.
pub fn run(file: OwnedFd, kind: ProbeKind) -> Result<Output, JobError> {
    let file = File::from(file);
    let info = match kind {
        ProbeKind::Photo => match photo::probe(&file)? {
            Some(info) => info,
            None => media(file)?,
        },
        ProbeKind::Video | ProbeKind::Audio => {
            let copy = file
                .try_clone()
                .map_err(|error| JobError::Read(error.to_string()))?;
            match media(file) {
                Ok(info) if info.container != Container::Image => info,
                Err(error @ (JobError::Empty | JobError::Read(_) | JobError::OutOfMemory)) => {
                    return Err(error);
                }
                other => match photo::probe(&copy)? {
                    Some(info) => info,
                    None => other?,
                },
            }
        }
    };
    Ok(Output::Info(Box::new(info)))
}

fn media(file: File) -> Result<MediaInfo, JobError> {
    let mut input = Input::open(file.into(), OPTIONS).map_err(|error| match error {
        AvError::Libav { .. } => JobError::UnknownFormat(error.to_string()),
        other => other.into(),
    })?;
    Ok(probe::media_info(&mut input)?)
}
