//! How far a person has come.
//!
//! Never: other people.

use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::ProgressRequest;

/// Remembers the place.
#[utoipa::path(put, path = "/api/v1/items/{id}/progress",
    tag = "items",
    operation_id = "progress_put",
    params(("id" = inline(Id), Path)),
    request_body = ProgressRequest,
    responses(
        (status = 204, description = "Remembered."),
    ),
)]
pub async fn put() -> Problem {
    Problem::not_found()
}

/// Forgets the place and the mark.
#[utoipa::path(delete, path = "/api/v1/items/{id}/progress",
    tag = "items",
    operation_id = "progress_delete",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 204, description = "Forgotten."),
    ),
)]
pub async fn delete() -> Problem {
    Problem::not_found()
}
