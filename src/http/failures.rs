//! What the rooms' errors mean to a client.
//!
//! Never: an inner error text in an answer.

use http::StatusCode;

use super::problem::Problem;
use crate::auth::ticket::TicketError;
use crate::auth::{AuthError, StoreError};
use crate::consent::{Reason, SetError};
use crate::library::LibraryError;
use crate::telemetry::journal::{AnswerError, NotDeleted};
use crate::update::UpdateError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "disk_full",
                "The disk that holds Alcove's state is full. Make room on it and try again.",
            ),
            StoreError::ReadOnly(_) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "state_read_only",
                "The folder that holds Alcove's state cannot be written. Nothing was changed.",
            ),
            StoreError::Closed => Self::ending(),
            other => Self::internal(&other),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let sentence = || sentence(&error);
        match error {
            AuthError::WrongPassword => {
                Self::new(StatusCode::UNAUTHORIZED, "wrong_password", sentence())
            }
            AuthError::TooManyAttempts { retry_after_s } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                sentence(),
            )
            .retry_after_s(retry_after_s),
            AuthError::AlreadySetUp => {
                Self::new(StatusCode::CONFLICT, "already_set_up", sentence())
            }
            AuthError::NameTaken => Self::new(StatusCode::CONFLICT, "name_taken", sentence()),
            AuthError::BadName => Self::invalid("bad_name", sentence()),
            AuthError::BadPassword => Self::invalid("bad_password", sentence()),
            AuthError::NoSuchUser => Self::not_found(),
            AuthError::Db(error) => error.into(),
            AuthError::EndNotStored(error) => {
                log::warn!("the end of a session was not stored: {error}");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "logout_not_stored",
                    "You are logged out, but the disk that holds Alcove's state took no change: a restart before the next login would bring this session back. Make room on it, then log in once more.",
                )
            }
            AuthError::Hash(_) | AuthError::Random(_) => Self::internal(&error),
        }
    }
}

impl From<UpdateError> for Problem {
    fn from(error: UpdateError) -> Self {
        let status = match error.code() {
            "not_firmware" | "update_busy" | "update_not_now" | "nothing_uploaded"
            | "nothing_waits" | "wrong_board" | "older_version" => StatusCode::CONFLICT,
            "bundle_too_long" => StatusCode::PAYLOAD_TOO_LARGE,
            "body_cut_short" => StatusCode::BAD_REQUEST,
            "not_a_bundle" | "bundle_damaged" | "bundle_not_trusted" => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            "no_room_for_bundle"
            | "bundle_not_kept"
            | "settings_not_copied"
            | "attempt_not_kept" => StatusCode::INSUFFICIENT_STORAGE,
            "installer_away" | "helper_away" => StatusCode::SERVICE_UNAVAILABLE,
            _ => return Self::internal(&error),
        };
        let problem = Self::new(status, error.code(), sentence(&error));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            log::warn!("a request about updates failed: {error}");
            return problem.retry_after_s(5);
        }
        problem
    }
}

/// The error's own words as a sentence.
fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        let code = match error {
            TicketError::Forged => "ticket_invalid",
            TicketError::Expired => "ticket_expired",
            TicketError::Ended => "ticket_ended",
        };
        Self::forbidden(
            code,
            "This playback address is not valid any more. Start playing again.",
        )
    }
}

impl From<LibraryError> for Problem {
    fn from(error: LibraryError) -> Self {
        match error {
            LibraryError::NotFound => Self::not_found(),
            LibraryError::NotAvailable | LibraryError::Io(_) => Self::new(
                StatusCode::CONFLICT,
                "not_available",
                "The file is not there at the moment. Check that its disk is connected.",
            ),
            LibraryError::NotAnswering => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "disk_not_answering",
                "The disk that holds this does not answer. Check it and its connection.",
            )
            .retry_after_s(30),
            LibraryError::NoFile => Self::new(
                StatusCode::NOT_FOUND,
                "no_file",
                "This has no file of its own.",
            ),
            LibraryError::NoPicture => Self::new(
                StatusCode::NOT_FOUND,
                "no_picture",
                "There is no such picture.",
            ),
            LibraryError::Unreadable | LibraryError::Worker(_) => {
                Self::invalid("unreadable", "The file could not be read as media.")
            }
            LibraryError::BadCursor => {
                Self::bad_request("bad_cursor", "The cursor belongs to another list.")
            }
            LibraryError::NoFolder => Self::invalid("no_folder", "There is no such folder."),
            LibraryError::FolderUnreadable => {
                Self::invalid("folder_unreadable", "Alcove may not read that folder.")
            }
            LibraryError::NotAbsolute => {
                Self::invalid("path_not_absolute", "The path must begin with a slash.")
            }
            LibraryError::FolderTaken => Self::new(
                StatusCode::CONFLICT,
                "folder_taken",
                "That folder already belongs to a library.",
            ),
            LibraryError::BadName => {
                Self::invalid("bad_name", "A library's name has 1 to 100 characters.")
            }
            LibraryError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The server is busy; try again in a moment.",
            )
            .retry_after_s(2),
            LibraryError::Db(error) => error.into(),
        }
    }
}

impl From<AnswerError> for Problem {
    fn from(error: AnswerError) -> Self {
        let unavailable =
            |code, detail: &str| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        match error {
            AnswerError::Set(SetError::Refused(reason)) => refused(reason),
            AnswerError::Set(SetError::Overtaken) => Self::new(
                StatusCode::CONFLICT,
                "consent_overtaken",
                "A later answer was stored meanwhile, and holds.",
            ),
            AnswerError::Set(SetError::NotSaved(cause)) => {
                log::warn!("the privacy answer was not stored: {cause}");
                unavailable(
                    "consent_not_saved",
                    "The answer could not be stored. Everything is off now; answer again.",
                )
            }
            AnswerError::NotEmptied(cause) => {
                log::warn!("what was counted is not deleted yet: {cause}");
                unavailable(
                    "journal_not_emptied",
                    "The answer is stored and holds, but what it takes back is not deleted from the disk yet. Make room on it and delete again.",
                )
            }
            AnswerError::Owed(cause) => {
                log::warn!("what an earlier answer took back is not deleted yet: {cause}");
                unavailable(
                    "consent_owed",
                    "What an earlier answer took back is not deleted from the disk yet, so this one was not stored. Make room on it and answer again.",
                )
            }
            AnswerError::Set(SetError::LookOnly) | AnswerError::GivenUp => Self::internal(&error),
        }
    }
}

impl From<NotDeleted> for Problem {
    fn from(error: NotDeleted) -> Self {
        match error {
            NotDeleted::Counted(error) => error.into(),
            NotDeleted::Crashes(_) | NotDeleted::OnItsWay | NotDeleted::GivenUp => {
                Self::internal(&error)
            }
        }
    }
}

/// The answer could not even be tried to store.
fn refused(reason: Reason) -> Problem {
    let conflict = |code, detail: &str| Problem::new(StatusCode::CONFLICT, code, detail);
    match reason {
        Reason::DoNotTrack => conflict(
            "consent_do_not_track",
            "DO_NOT_TRACK is set on this server: everything stays off.",
        ),
        Reason::NewerLayout => conflict(
            "consent_newer",
            "A newer Alcove wrote the answer before. Only off can be stored.",
        ),
        Reason::ReadOnly => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "consent_read_only",
            "What keeps the answer cannot be written, so everything is off.",
        ),
        _ => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "consent_unavailable",
            "What keeps the answer is not there or cannot be used, so everything is off.",
        ),
    }
}
