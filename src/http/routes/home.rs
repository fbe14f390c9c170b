//! The first page.
//!
//! Never: paging.

use axum::Json;
use axum::extract::State;

use crate::http::app::Shared;
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::item::Home;
use crate::library::UserId;

/// What to go on with and what is new.
#[utoipa::path(get, path = "/api/v1/home",
    tag = "items",
    responses(
        (status = 200, body = Home, description = "The rows of the first page."),
    ),
)]
pub async fn home(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Result<Json<Home>, Problem> {
    let home = app.rooms.library.home(UserId(session.user_id)).await?;
    Ok(Json(home.into()))
}
