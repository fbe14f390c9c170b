//! How an item is played.
//!
//! Never: the decision itself.

use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::playback::{Playback, PlaybackRequest};

/// Decides how the player gets this item and says why.
#[utoipa::path(post, path = "/api/v1/items/{id}/playback",
    tag = "playback",
    params(("id" = inline(Id), Path)),
    request_body = PlaybackRequest,
    responses(
        (status = 200, body = Playback, description = "Where and how."),
        (status = 409, description = "Its folder is away."),
        (status = 422, description = "There is nothing in it that this player could play."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn playback() -> Problem {
    Problem::not_found()
}
