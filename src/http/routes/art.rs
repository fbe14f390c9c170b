//! Pictures of items.
//!
//! Never: writing to media.

use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::{ArtKind, ArtParams, PhotoParams};

/// A picture of an item.
#[utoipa::path(get, path = "/api/v1/items/{id}/art/{kind}",
    tag = "items",
    params(("id" = inline(Id), Path), ("kind" = inline(ArtKind), Path), ArtParams),
    responses(
        (status = 200, description = "The picture.", content_type = "image/jpeg", body = String),
        (status = 304, description = "Unchanged."),
    ),
)]
pub async fn art() -> Problem {
    Problem::not_found()
}

/// A photo, upright and sized for a screen.
#[utoipa::path(get, path = "/api/v1/items/{id}/photo",
    tag = "items",
    operation_id = "art_photo",
    params(("id" = inline(Id), Path), PhotoParams),
    responses(
        (status = 200, description = "The photo.", content_type = "image/jpeg", body = String),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 422, description = "It cannot be read."),
        (status = 503, description = "Busy; come again."),
    ),
)]
pub async fn photo() -> Problem {
    Problem::not_found()
}
