//! Logging in and out.
//!
//! Never: which of name and password was wrong.

use crate::http::problem::Problem;
use crate::http::types::account::{LoginDone, LoginRequest};

/// Checks a password; sets a cookie, or answers a bearer token on request.
#[utoipa::path(post, path = "/api/v1/login",
    tag = "account",
    request_body = LoginRequest,
    responses(
        (status = 200, body = LoginDone, description = "Logged in."),
        (status = 429, description = "Too many attempts; `Retry-After` says when to come again."),
    ),
)]
pub async fn login() -> Problem {
    Problem::not_found()
}

/// Ends this session and every playback address it made.
#[utoipa::path(post, path = "/api/v1/logout",
    tag = "account",
    operation_id = "login_logout",
    responses(
        (status = 204, description = "Logged out."),
    ),
)]
pub async fn logout() -> Problem {
    Problem::not_found()
}
