//! The first page.
//!
//! Never: paging.

use crate::http::problem::Problem;
use crate::http::types::item::Home;

/// What to go on with and what is new.
#[utoipa::path(get, path = "/api/v1/home",
    tag = "items",
    responses(
        (status = 200, body = Home, description = "The rows of the first page."),
    ),
)]
pub async fn home() -> Problem {
    Problem::not_found()
}
