//! The first account.
//!
//! Never: a second owner.

use crate::http::problem::Problem;
use crate::http::types::account::{SetupDone, SetupRequest, SetupState};

/// Whether the server still waits for its owner.
#[utoipa::path(get, path = "/api/v1/setup",
    tag = "account",
    operation_id = "setup_state",
    responses(
        (status = 200, body = SetupState, description = "Whether set-up is needed."),
    ),
)]
pub async fn state() -> Problem {
    Problem::not_found()
}

/// Makes the first account and logs it in.
#[utoipa::path(post, path = "/api/v1/setup",
    tag = "account",
    operation_id = "setup_create",
    request_body = SetupRequest,
    responses(
        (status = 201, body = SetupDone, description = "Made; the cookie is set.", headers(("set-cookie" = String))),
        (status = 409, description = "The server already has an owner."),
        (status = 429, description = "Too many attempts."),
    ),
)]
pub async fn create() -> Problem {
    Problem::not_found()
}
