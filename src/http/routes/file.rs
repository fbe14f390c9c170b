//! The file of an item, byte for byte.
//!
//! Never: changing it.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method};

use crate::http::app::Shared;
use crate::http::extract::ItemPath;
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::send_file::send_file;
use crate::http::types::Id;
use crate::library::ItemId;

/// The bytes of the file, also of one that cannot be played; ranges and conditions as in RFC 9110.
#[utoipa::path(method(get, head), path = "/api/v1/items/{id}/file",
    tag = "items",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 200, description = "The whole file.", content((String = "video/*"), (String = "audio/*"), (String = "image/*"), (String = "application/octet-stream"))),
        (status = 206, description = "The range asked for.", content((String = "video/*"), (String = "audio/*"), (String = "image/*"), (String = "application/octet-stream"))),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 412, description = "It has changed."),
        (status = 416, description = "Past the end."),
    ),
)]
pub async fn file(
    State(app): State<Shared>,
    Someone(session): Someone,
    ItemPath(id): ItemPath,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let original = app.rooms.library.original(ItemId(id.0)).await?;
    send_file(&app, original, &method, &headers, session.ended().clone()).await
}
