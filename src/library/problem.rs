//! The problems that people are told about, as stable words and sentences.
//!
//! Never: an error that ends a scan.

use std::io;

use super::Problem;
use crate::media::job::JobError;
use crate::pool::PoolError;

/// What cannot be opened or read.
pub(super) const UNREADABLE: &str = "unreadable";

fn new(code: &str, text: impl Into<String>) -> Problem {
    Problem {
        code: code.to_owned(),
        text: text.into(),
    }
}

/// Whether a problem of this code may be over at the next try; the others are the content's.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(code, UNREADABLE | "timed_out" | "crashed")
}

/// Whether a failed job says something about the file's content that the next try will say again.
pub(super) fn is_lasting(error: &PoolError) -> bool {
    match error {
        PoolError::Job(error) => !matches!(error, JobError::Read(_) | JobError::OutOfMemory),
        _ => false,
    }
}

/// A folder that could not be read.
pub(super) fn folder(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::PermissionDenied => new(UNREADABLE, "Alcove may not read this folder."),
        _ => new(
            UNREADABLE,
            format!("This folder could not be read: {error}."),
        ),
    }
}

/// A link that leads nowhere, or to itself.
pub(super) fn link(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => new(
            "broken_link",
            "This link leads to a file that does not exist.",
        ),
        io::ErrorKind::PermissionDenied => {
            new(UNREADABLE, "Alcove may not read what this link leads to.")
        }
        _ if error.raw_os_error() == Some(nix::libc::ELOOP) => {
            new("broken_link", "This link leads back to itself.")
        }
        _ => new(
            "broken_link",
            format!("This link could not be followed: {error}."),
        ),
    }
}

/// A link out of all libraries.
pub(super) fn link_outside() -> Problem {
    new(
        "outside",
        "This link leads out of the library's folders. Add the folder it leads to as a library.",
    )
}

/// A tree without end.
pub(super) fn too_deep() -> Problem {
    new("too_deep", "The folders are nested too deeply.")
}

/// A file that could not be opened or read.
pub(super) fn file(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::PermissionDenied => new(UNREADABLE, "Alcove may not read this file."),
        io::ErrorKind::InvalidInput => new(UNREADABLE, "This is not a regular file."),
        _ => new(UNREADABLE, format!("This file could not be read: {error}.")),
    }
}

/// A file of no bytes.
pub(super) fn empty() -> Problem {
    new("empty", "This file is empty.")
}

/// What a failed probe says about the file; `None` when it says nothing about it, so that the file
/// must be tried again.
pub(super) fn probe(error: &PoolError) -> Option<Problem> {
    let found = match error {
        PoolError::Job(JobError::Empty) => empty(),
        PoolError::Job(JobError::UnknownFormat(what)) => new(
            "unknown_format",
            detailed("This is not a media file that Alcove knows", what),
        ),
        PoolError::Job(JobError::Damaged(what)) => {
            new("damaged", detailed("This file is damaged", what))
        }
        PoolError::Job(JobError::Read(what)) => {
            new(UNREADABLE, detailed("This file could not be read", what))
        }
        PoolError::Job(JobError::NotFound) => new(
            "unknown_format",
            "This file holds nothing that can be played.",
        ),
        PoolError::Job(JobError::Unsupported(what)) => new(
            "unknown_format",
            detailed("Alcove cannot read this kind of file", what),
        ),
        PoolError::Job(JobError::OutOfMemory) => new(
            "damaged",
            "Reading this file would take more memory than any sound file does.",
        ),
        PoolError::Crashed(_) => new(
            "crashed",
            "Reading this file made the reader crash; the file is probably damaged.",
        ),
        PoolError::TimedOut(limit) => new(
            "timed_out",
            format!(
                "Reading this file took longer than {} s; it was given up.",
                limit.as_secs()
            ),
        ),
        PoolError::TooMuch(_) => new(
            "damaged",
            "Reading this file gave more than any real one does; it was given up.",
        ),
        PoolError::Start(_) | PoolError::Closed => return None,
    };
    Some(found)
}

fn detailed(sentence: &str, detail: &str) -> String {
    if detail.is_empty() {
        format!("{sentence}.")
    } else {
        format!("{sentence}: {detail}.")
    }
}
