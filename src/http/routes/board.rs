//! The machine.
//!
//! Never: policy.

use crate::http::problem::Problem;
use crate::http::types::board::Board;

/// What machine this is and how it does.
#[utoipa::path(get, path = "/api/v1/board",
    tag = "board",
    responses(
        (status = 200, body = Board, description = "The machine."),
    ),
)]
pub async fn board() -> Problem {
    Problem::not_found()
}
