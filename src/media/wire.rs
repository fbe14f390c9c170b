//! The frames between daemon and worker: a length, then a postcard message.
//!
//! Never: reading or writing a socket.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::job::{Job, JobError, Output};

/// Bytes of the little-endian length before each message.
pub const HEADER_BYTES: usize = 4;
/// A longer message is an error of the peer.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Data is cut into pieces of at most this size.
pub const MAX_DATA_BYTES: usize = 256 << 10;

/// Daemon to worker. `files` descriptors come with the first byte of the frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: u64,
    pub files: u8,
    pub job: Job,
}

/// Worker to daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Sent once, after the worker has closed itself in.
    Ready(WorkerFacts),
    Data {
        id: u64,
        bytes: Vec<u8>,
    },
    /// A CMAF chunk is complete: everything sent so far may be shown.
    ChunkEnd {
        id: u64,
    },
    /// The job is alive; `done` of `total` in units of the job's choice.
    Progress {
        id: u64,
        done: u64,
        total: u64,
    },
    Done {
        id: u64,
        output: Output,
    },
    Failed {
        id: u64,
        error: JobError,
    },
}

/// What a worker tells about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerFacts {
    pub layers: SandboxLayers,
    /// Version of FFmpeg's libraries, as they write it.
    pub ffmpeg: String,
}

/// Which layers of the sandbox the kernel accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxLayers {
    pub no_new_privs: bool,
    pub seccomp: bool,
    pub landlock: bool,
}

/// A frame that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("a message of {0} bytes is longer than any real one")]
    TooLong(usize),
    #[error("a message could not be read: {0}")]
    Malformed(#[from] postcard::Error),
}

/// Encodes `message` as one frame.
///
/// # Errors
/// [`WireError::TooLong`] past [`MAX_MESSAGE_BYTES`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    let mut frame = postcard::to_extend(message, vec![0; HEADER_BYTES])?;
    let length = frame.len() - HEADER_BYTES;
    if length > MAX_MESSAGE_BYTES {
        return Err(WireError::TooLong(length));
    }
    let header = u32::try_from(length).expect("checked against the maximum above");
    frame[..HEADER_BYTES].copy_from_slice(&header.to_le_bytes());
    Ok(frame)
}

/// Takes the first whole frame out of `buffer`; `None` when more bytes are needed.
///
/// # Errors
/// Any [`WireError`]; the stream cannot be continued after one.
pub fn take<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> Result<Option<T>, WireError> {
    let Some(header) = buffer.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*header) as usize;
    if length > MAX_MESSAGE_BYTES {
        return Err(WireError::TooLong(length));
    }
    let end = HEADER_BYTES + length;
    if buffer.len() < end {
        return Ok(None);
    }
    let message = postcard::from_bytes(&buffer[HEADER_BYTES..end])?;
    buffer.drain(..end);
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::job::ProbeKind;

    #[test]
    fn frames_survive_any_cut_of_the_stream() {
        let request = Request {
            id: 7,
            files: 1,
            job: Job::Probe {
                kind: ProbeKind::Audio,
            },
        };
        let mut stream = encode(&request).expect("encode");
        stream.extend(encode(&request).expect("encode"));
        let mut buffer = Vec::new();
        let mut seen = 0;
        for byte in stream {
            buffer.push(byte);
            while let Some(got) = take::<Request>(&mut buffer).expect("take") {
                assert_eq!(got, request);
                seen += 1;
            }
        }
        assert_eq!((seen, buffer.len()), (2, 0));
    }

    #[test]
    fn an_absurd_length_is_refused_before_it_is_waited_for() {
        let mut buffer = u32::MAX.to_le_bytes().to_vec();
        assert!(matches!(
            take::<Request>(&mut buffer),
            Err(WireError::TooLong(_))
        ));
    }
}
