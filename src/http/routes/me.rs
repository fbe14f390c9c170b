//! The person who is logged in.
//!
//! Never: other people.

use crate::http::problem::Problem;
use crate::http::types::account::{Me, MeRequest};

/// Who this session belongs to.
#[utoipa::path(get, path = "/api/v1/me",
    tag = "account",
    operation_id = "me_show",
    responses(
        (status = 200, body = Me, description = "The person."),
    ),
)]
pub async fn show() -> Problem {
    Problem::not_found()
}

/// Changes the language or the password.
#[utoipa::path(put, path = "/api/v1/me",
    tag = "account",
    operation_id = "me_change",
    request_body = MeRequest,
    responses(
        (status = 200, body = Me, description = "As it is now."),
        (status = 429, description = "Too many attempts."),
    ),
)]
pub async fn change() -> Problem {
    Problem::not_found()
}
