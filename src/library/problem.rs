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

/// What the reader did not manage, for a reason that lies elsewhere than in the file.
const NOT_THIS_TIME: &str = "not_this_time";

/// What the reader did not manage however often it tried.
const GIVEN_UP: &str = "given_up";

/// How long a file rests after a reading that failed for a reason that may pass, by how many did
/// in a row. A busy hour is outlived, and a file that brings the board down does not do so for ever.
const RESTS_MS: [i64; 4] = [0, 10 * MINUTE_MS, 60 * MINUTE_MS, 360 * MINUTE_MS];
const MINUTE_MS: i64 = 60_000;

/// Whether a problem of this code may be over at the next try; the others are the content's.
pub(super) fn is_passing(code: &str) -> bool {
    matches!(code, UNREADABLE | NOT_THIS_TIME | "crashed")
}

/// Whether a file whose reading failed `tries` times in a row, `ago_ms` ago, has rested.
pub(super) fn has_rested(tries: u32, ago_ms: i64) -> bool {
    let Some(last) = tries.checked_sub(1) else {
        return true;
    };
    // A clock that was set back counts as a rest.
    let rest_ms = RESTS_MS.get(last as usize);
    rest_ms.is_some_and(|rest_ms| !(0..*rest_ms).contains(&ago_ms))
}

/// A problem after so many failures in a row.
pub(super) fn after(problem: Problem, tries: u32) -> Problem {
    if problem.code != NOT_THIS_TIME || (tries as usize) <= RESTS_MS.len() {
        return problem;
    }
    new(
        GIVEN_UP,
        format!(
            "This file could not be read, {tries} times in a row. Let Alcove read everything again when it has less to do."
        ),
    )
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
        PoolError::Job(JobError::OutOfMemory) | PoolError::Killed => new(
            NOT_THIS_TIME,
            "There was too little memory to read this file; it is tried again later.",
        ),
        PoolError::Crashed(_) => new(
            "crashed",
            "Reading this file made the reader crash; the file is probably damaged.",
        ),
        PoolError::TimedOut(limit) => new(
            NOT_THIS_TIME,
            format!(
                "Reading this file took longer than {} s; it is tried again later.",
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_the_machine_failed_at_is_no_damage_and_rests_ever_longer_until_it_is_given_up() {
        for error in [
            PoolError::Job(JobError::OutOfMemory),
            PoolError::Killed,
            PoolError::TimedOut(Duration::from_secs(20)),
        ] {
            let found = probe(&error).unwrap();
            assert!(is_passing(&found.code), "{error}");
            for (tries, rest_ms, code) in [
                (1, Some(0), NOT_THIS_TIME),
                (2, Some(600_000), NOT_THIS_TIME),
                (3, Some(3_600_000), NOT_THIS_TIME),
                (4, Some(21_600_000), NOT_THIS_TIME),
                (5, None, GIVEN_UP),
            ] {
                let shown = after(found.clone(), tries);
                assert_eq!(shown.code, code, "{error} {tries}");
                let at = rest_ms.unwrap_or(i64::MAX);
                assert_eq!(has_rested(tries, at), rest_ms.is_some(), "{tries}");
                assert!(at == 0 || !has_rested(tries, at - 1), "{tries}");
                assert_eq!(has_rested(tries, -1), rest_ms.is_some(), "{tries}");
            }
        }
        let damage = probe(&PoolError::Job(JobError::Damaged(String::new()))).unwrap();
        assert_eq!(after(damage.clone(), 9), damage);
        assert!(!is_passing(&damage.code) && !is_passing(GIVEN_UP));
    }
}
