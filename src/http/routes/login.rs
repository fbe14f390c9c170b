//! Logging in and out.
//!
//! Never: which of name and password was wrong.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::Json;
use crate::http::guard::{Peer, Someone, clear_cookie, set_cookie};
use crate::http::problem::Problem;
use crate::http::types::account::{LoginDone, LoginRequest};

/// Checks a password; sets a cookie, or answers a bearer token on request.
#[utoipa::path(post, path = "/api/v1/login",
    tag = "account",
    request_body = LoginRequest,
    responses(
        (status = 200, body = LoginDone, description = "Logged in."),
        (status = 429, description = "Too many attempts; `Retry-After` says when to come again."),
    ),
)]
pub async fn login(
    State(app): State<Shared>,
    Peer(from): Peer,
    Json(request): Json<LoginRequest>,
) -> Result<Response, Problem> {
    let accounts = &app.rooms.accounts;
    let login = accounts
        .login(&request.username, request.password, from.ip())
        .await?;
    let bearer = request.token.unwrap_or(false);
    let mut response = Answer(LoginDone {
        username: login.session.username.clone(),
        role: login.session.role.into(),
        token: bearer.then(|| login.token.clone()),
    })
    .into_response();
    if !bearer {
        set_cookie(&mut response, &login.token);
    }
    Ok(response)
}

/// Ends this session and every playback address it made.
#[utoipa::path(post, path = "/api/v1/logout",
    tag = "account",
    operation_id = "login_logout",
    responses(
        (status = 204, description = "Logged out."),
        (status = 507, description = "Logged out, but the disk is full: a restart would bring the session back."),
    ),
)]
pub async fn logout(State(app): State<Shared>, Someone(session): Someone) -> Response {
    let done = app.rooms.accounts.logout(&session).await;
    app.rooms.sessions.end_all_of(session.id);
    app.rooms.playbacks.end_all_of(session.id);
    let mut response = match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => Problem::from(error).into_response(),
    };
    clear_cookie(&mut response);
    response
}
