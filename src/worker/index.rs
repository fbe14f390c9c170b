//! Where the keyframes of a film are.
//!
//! Never: a guess; a film whose keyframes cannot be told has none.

use std::os::fd::OwnedFd;

use alcove::media::job::{IndexEffort, JobError, Output};

use super::Reply;
use crate::av::index;
use crate::av::input::{Input, OpenOptions};

/// A small buffer: packets that are larger pass it by.
const LISTING: OpenOptions = OpenOptions {
    buffer_bytes: 16 << 10,
    probe_bytes: 2 << 20,
    analyze_us: 2_000_000,
};

/// Answers the keyframes of `stream`.
///
/// # Errors
/// [`JobError::NotFound`] when the container does not list them and `effort` forbids the walk, or
/// when there is no such video stream.
pub fn run(
    file: OwnedFd,
    stream: u32,
    effort: IndexEffort,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let copy = file
        .try_clone()
        .map_err(|error| JobError::Read(error.to_string()))?;
    let stream = usize::try_from(stream).map_err(|_| JobError::NotFound)?;
    let mut input = Input::open(file, LISTING)?;
    if input.stream_count() > stream
        && let Some(keyframes) = index::from_container(&mut input, stream)?
        // Only a walk tells which of the groups are closed.
        && (keyframes.closed || effort == IndexEffort::ContainerOnly || is_avi(&input))
    {
        return Ok(Output::Keyframes(keyframes));
    }
    if effort == IndexEffort::ContainerOnly {
        return Err(JobError::NotFound);
    }
    // From the start: the attempt above has left the file in the middle.
    drop(input);
    let mut input = Input::open(copy, OpenOptions::default())?;
    if input.stream_count() <= stream {
        input.find_stream_info()?;
    }
    index::walk(&mut input, stream, |done, total| {
        reply.progress(done, total)
    })?
    .map(Output::Keyframes)
    .ok_or(JobError::NotFound)
}

/// AVI has no times of presentation, so a walk would tell no more.
fn is_avi(input: &Input) -> bool {
    input.format_name() == "avi"
}
