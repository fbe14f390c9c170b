//! Segments of a presentation.
//!
//! Never: state from one segment to the next.

use std::os::fd::OwnedFd;

use alcove::media::job::{Job, JobError, Output};
use alcove::media::target::{AudioTarget, VideoTarget};

use super::{Reply, picture, remux, sound, sound_copy};
use crate::av::encode::AacOptions;

/// Makes the init segment or the segment that `job` asks for, in data frames.
///
/// # Errors
/// Any [`JobError`].
pub fn run(job: &Job, file: OwnedFd, reply: &mut dyn Reply) -> Result<Output, JobError> {
    match job {
        Job::VideoInit(spec) => {
            let bytes = match &spec.target {
                VideoTarget::Copy => remux::init(spec, file)?,
                VideoTarget::H264(target) => picture::init(spec, target, file)?,
            };
            whole(&bytes, reply);
        }
        Job::VideoSegment { spec, index } => match &spec.target {
            VideoTarget::Copy => remux::segment(spec, *index, file, reply)?,
            VideoTarget::H264(target) => picture::segment(spec, target, *index, file, reply)?,
        },
        Job::AudioInit(spec) => {
            let bytes = match &spec.target {
                AudioTarget::Copy => sound_copy::init(spec, file)?,
                target => sound::init(&aac_options(target)?)?,
            };
            whole(&bytes, reply);
        }
        Job::AudioSegment { spec, index } => match &spec.target {
            AudioTarget::Copy => sound_copy::segment(spec, *index, file, reply)?,
            target => sound::segment(spec, &aac_options(target)?, *index, file, reply)?,
        },
        _ => return Err(JobError::Unsupported("this is no segment".into())),
    }
    Ok(Output::Finished)
}

fn whole(bytes: &[u8], reply: &mut dyn Reply) {
    reply.data(bytes);
    reply.chunk_end();
}

fn aac_options(target: &AudioTarget) -> Result<AacOptions, JobError> {
    match *target {
        AudioTarget::Aac {
            bit_rate_kbps,
            channels: channels @ 1..=8,
            sample_rate_hz: sample_rate_hz @ 8_000..=96_000,
        } => Ok(AacOptions {
            sample_rate_hz,
            channels,
            bit_rate_kbps,
        }),
        _ => Err(JobError::Unsupported("sound of that kind".into())),
    }
}
