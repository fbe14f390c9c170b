//! Server-sent events.
//!
//! Never: keeping what a slow client missed.

use crate::http::problem::Problem;

/// News as they happen: `scan` carries a Scan, `items` `{library_id, changed}`, `item` `{id}`, `resync` asks to load everything again.
#[utoipa::path(get, path = "/api/v1/events",
    tag = "scan",
    responses(
        (status = 200, description = "A stream that lasts.", content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many listeners."),
    ),
)]
pub async fn events() -> Problem {
    Problem::not_found()
}
