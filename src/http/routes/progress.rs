//! How far a person has come.
//!
//! Never: other people.

use axum::extract::State;
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::{ItemPath, Json};
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::ProgressRequest;
use crate::library::{ItemId, UserId};
use crate::transcode::playbacks::PlaybackKey;

/// What JSON numbers hold exactly (RFC 8259, section 6).
const MAX_POSITION_MS: u64 = (1 << 53) - 1;

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
pub async fn put(
    State(app): State<Shared>,
    Someone(session): Someone,
    ItemPath(id): ItemPath,
    Json(request): Json<ProgressRequest>,
) -> Result<StatusCode, Problem> {
    if request.position_ms > MAX_POSITION_MS {
        return Err(Problem::invalid(
            "invalid_body",
            "position_ms is too large.",
        ));
    }
    let (library, user, item) = (&app.rooms.library, UserId(session.user_id), ItemId(id.0));
    app.rooms.playbacks.touch(PlaybackKey {
        owner: session.id,
        item: id.0,
    });
    let position_ms = request.position_ms;
    match request.watched {
        Some(watched) => {
            library
                .mark_watched(user, item, position_ms, watched)
                .await?
        }
        None => library.set_progress(user, item, position_ms).await?,
    }
    Ok(StatusCode::NO_CONTENT)
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
pub async fn delete(
    State(app): State<Shared>,
    Someone(session): Someone,
    ItemPath(id): ItemPath,
) -> Result<StatusCode, Problem> {
    app.rooms
        .library
        .clear_progress(UserId(session.user_id), ItemId(id.0))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
