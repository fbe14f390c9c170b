//! The person who is logged in.
//!
//! Never: other people.

use axum::Json as Answer;
use axum::extract::State;

use crate::auth::{AuthError, Session};
use crate::http::app::Shared;
use crate::http::extract::Json;
use crate::http::guard::{Peer, Someone};
use crate::http::problem::Problem;
use crate::http::types::account::{Language, Me, MeRequest};

/// Who this session belongs to.
#[utoipa::path(get, path = "/api/v1/me",
    tag = "account",
    operation_id = "me_show",
    responses(
        (status = 200, body = Me, description = "The person."),
    ),
)]
pub async fn show(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Result<Answer<Me>, Problem> {
    me(&app, &session).await
}

/// Changes the language or the password.
#[utoipa::path(put, path = "/api/v1/me",
    tag = "account",
    operation_id = "me_change",
    request_body = MeRequest,
    responses(
        (status = 200, body = Me, description = "As it is now."),
        (status = 429, description = "Too many attempts."),
    ),
)]
pub async fn change(
    State(app): State<Shared>,
    Someone(session): Someone,
    Peer(from): Peer,
    Json(request): Json<MeRequest>,
) -> Result<Answer<Me>, Problem> {
    let accounts = &app.rooms.accounts;
    if let Some(password) = request.password {
        let ended = accounts
            .change_password(&session, password.old, password.new, from.ip())
            .await
            .map_err(|error| match error {
                // 401 would tell the page that its session has ended.
                AuthError::WrongPassword => {
                    Problem::forbidden("wrong_password", "The old password is wrong.")
                }
                other => other.into(),
            })?;
        for id in ended {
            app.rooms.sessions.end_all_of(id);
        }
    }
    if let Some(language) = request.language {
        accounts.set_language(&session, language.as_str()).await?;
    }
    me(&app, &session).await
}

async fn me(app: &Shared, session: &Session) -> Result<Answer<Me>, Problem> {
    let language = app.rooms.accounts.language(session).await?;
    Ok(Answer(Me {
        username: session.username.clone(),
        role: session.role.into(),
        language: language.as_deref().and_then(Language::parse),
        version: env!("CARGO_PKG_VERSION"),
    }))
}
