//! What libav's error numbers mean for a job.
//!
//! Never: a path or a name of the file.

use alcove::media::job::JobError;
use ffmpeg_next::ffi;
use libc::c_int;

/// A call into libav that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AvError {
    /// The step that failed and libav's (negative) number.
    #[error("{what}: {}", describe(*.code))]
    Libav { what: &'static str, code: c_int },
    /// The file could not be read: the operating system's own error.
    #[error("{0}")]
    Read(String),
    #[error("the file is empty")]
    Empty,
    #[error("{0}")]
    Damaged(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("nothing of that kind is in the file")]
    NotFound,
    #[error("out of memory")]
    OutOfMemory,
}

impl AvError {
    /// True at the ordinary end of a stream.
    pub fn is_eof(&self) -> bool {
        matches!(self, Self::Libav { code, .. } if *code == ffi::AVERROR_EOF)
    }

    /// True when libav wants more input, or its output taken, first.
    pub fn is_again(&self) -> bool {
        matches!(self, Self::Libav { code, .. } if *code == ffi::AVERROR(libc::EAGAIN))
    }
}

/// Turns libav's "negative is an error" into a result.
///
/// # Errors
/// [`AvError::Libav`] with `what` for a negative `code`; out of memory keeps its own kind.
pub fn check(what: &'static str, code: c_int) -> Result<c_int, AvError> {
    match code {
        0.. => Ok(code),
        code if code == ffi::AVERROR(libc::ENOMEM) => Err(AvError::OutOfMemory),
        code => Err(AvError::Libav { what, code }),
    }
}

impl From<AvError> for JobError {
    fn from(error: AvError) -> Self {
        match error {
            AvError::Libav { what, code } => match code {
                ffi::AVERROR_DECODER_NOT_FOUND
                | ffi::AVERROR_ENCODER_NOT_FOUND
                | ffi::AVERROR_PATCHWELCOME => {
                    Self::Unsupported(format!("{what}: {}", describe(code)))
                }
                ffi::AVERROR_STREAM_NOT_FOUND => Self::NotFound,
                _ => Self::Damaged(format!("{what}: {}", describe(code))),
            },
            AvError::Read(text) => Self::Read(text),
            AvError::Empty => Self::Empty,
            AvError::Damaged(text) => Self::Damaged(text),
            AvError::Unsupported(text) => Self::Unsupported(text),
            AvError::NotFound => Self::NotFound,
            AvError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

/// Stops libav from printing: its lines hold tags and names, and nobody reads them.
pub fn silence() {
    // SAFETY: sets a global number, before any other thread or call of libav.
    unsafe { ffi::av_log_set_level(ffi::AV_LOG_QUIET) };
}

/// libav's own words for an error number.
pub fn describe(code: c_int) -> String {
    let mut text = [0; ffi::AV_ERROR_MAX_STRING_SIZE];
    // SAFETY: av_strerror writes at most the given length, including its end.
    unsafe { ffi::av_strerror(code, text.as_mut_ptr(), text.len()) };
    let bytes: Vec<u8> = text
        .iter()
        .take_while(|&&c| c != 0)
        // A C character is signed on one machine and not on the other.
        .map(|&c| u8::from_ne_bytes(c.to_ne_bytes()))
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
