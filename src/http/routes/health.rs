//! Tells that the server is up.
//!
//! Never: an account or anything about the machine.

use crate::http::problem::Problem;
use crate::http::types::account::Health;

/// Tells that the server answers.
#[utoipa::path(get, path = "/healthz",
    tag = "account",
    responses(
        (status = 200, body = Health, description = "It is up."),
    ),
)]
pub async fn health() -> Problem {
    Problem::not_found()
}
