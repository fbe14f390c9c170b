//! The first account.
//!
//! Never: a second owner.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::Json;
use crate::http::guard::{Peer, set_cookie};
use crate::http::problem::Problem;
use crate::http::types::account::{SetupDone, SetupRequest, SetupState};

/// Whether the server still waits for its owner.
#[utoipa::path(get, path = "/api/v1/setup",
    tag = "account",
    operation_id = "setup_state",
    responses(
        (status = 200, body = SetupState, description = "Whether set-up is needed."),
    ),
)]
pub async fn state(State(app): State<Shared>) -> Result<Answer<SetupState>, Problem> {
    let needed = app.rooms.accounts.setup_needed().await?;
    Ok(Answer(SetupState { needed }))
}

/// Makes the first account and logs it in.
#[utoipa::path(post, path = "/api/v1/setup",
    tag = "account",
    operation_id = "setup_create",
    request_body = SetupRequest,
    responses(
        (status = 201, body = SetupDone, description = "Made; the cookie is set.", headers(("set-cookie" = String))),
        (status = 409, description = "The server already has an owner."),
        (status = 429, description = "Too many attempts."),
    ),
)]
pub async fn create(
    State(app): State<Shared>,
    Peer(from): Peer,
    Json(request): Json<SetupRequest>,
) -> Result<Response, Problem> {
    let accounts = &app.rooms.accounts;
    let SetupRequest {
        username,
        password,
        language,
    } = request;
    let language = language.map(|language| language.as_str());
    accounts
        .create_owner(&username, password.clone(), language)
        .await?;
    let login = accounts.login(&username, password, from.ip()).await?;
    let done = SetupDone {
        username: login.session.username.clone(),
    };
    let mut response = (StatusCode::CREATED, Answer(done)).into_response();
    set_cookie(&mut response, &login.token);
    Ok(response)
}
