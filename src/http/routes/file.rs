//! The file of an item, byte for byte.
//!
//! Never: changing it.

use crate::http::problem::Problem;
use crate::http::types::Id;

/// The bytes of the file; ranges and conditions as in RFC 9110.
#[utoipa::path(method(get, head), path = "/api/v1/items/{id}/file",
    tag = "items",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 200, description = "The whole file.", content_type = "application/octet-stream", body = String),
        (status = 206, description = "The range asked for.", content_type = "application/octet-stream", body = String),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 412, description = "It has changed."),
        (status = 416, description = "Past the end."),
    ),
)]
pub async fn file() -> Problem {
    Problem::not_found()
}
