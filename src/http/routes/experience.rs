//! How a playback went, told by its player at its end.
//!
//! Never: a number.

use axum::extract::State;
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::{ItemPath, Json};
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::experience::ExperienceRequest;
use crate::transcode::playbacks::PlaybackKey;

/// Tells how a playback went, and that it is over. Nothing is kept unless statistics are on.
#[utoipa::path(post, path = "/api/v1/items/{id}/experience",
    tag = "playback",
    params(("id" = inline(Id), Path)),
    request_body = ExperienceRequest,
    responses(
        (status = 204, description = "Heard."),
    ),
)]
pub async fn experience(
    State(app): State<Shared>,
    Someone(session): Someone,
    ItemPath(id): ItemPath,
    Json(request): Json<ExperienceRequest>,
) -> Result<StatusCode, Problem> {
    let watched = PlaybackKey {
        owner: session.id,
        item: id.0,
    };
    let first_picture = request.first_picture.map(Into::into);
    let stalls = request.stalls.into();
    app.rooms.playbacks.told(watched, first_picture, stalls);
    Ok(StatusCode::NO_CONTENT)
}
