//! Updates of the firmware and the way back to the factory, for the owner alone.
//!
//! Never: an upload without an end, or two at once; a reset without the password.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::{Request, State};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::auth::AuthError;
use crate::http::app::Shared;
use crate::http::extract::{Json, OptionalJson};
use crate::http::guard::{Owner, Peer, Someone};
use crate::http::problem::Problem;
use crate::http::types::update::{
    Bundle, InstallRequest, Outside, OutsideRequest, ResetRequest, Update,
};
use crate::update::UpdateError;
use crate::update::outside::Switch;

/// A sender that is silent for longer is given up.
const SILENCE: Duration = Duration::from_secs(30);
const BYTES: &str = "application/octet-stream";

/// What runs, how far an update is, and how the last one ended.
#[utoipa::path(get, path = "/api/v1/update",
    tag = "update",
    operation_id = "update_show",
    responses(
        (status = 200, body = Update, description = "As it is now."),
    ),
)]
pub async fn show(State(app): State<Shared>, _: Owner) -> Answer<Update> {
    Answer(app.rooms.updates.status().into())
}

/// Takes a bundle, and tells what it is when this box trusts its signature. Nothing is installed.
#[utoipa::path(post, path = "/api/v1/update/bundle",
    tag = "update",
    operation_id = "update_upload",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Bundle, description = "What was uploaded."),
        (status = 409, description = "This is no firmware, or an upload or an update is under way."),
        (status = 413, description = "The file is longer than any update."),
        (status = 415, description = "The body is not application/octet-stream."),
        (status = 422, description = "This is no update, or nobody whom this box trusts has signed it."),
        (status = 507, description = "There is no room for it."),
    ),
)]
pub async fn upload(
    State(app): State<Shared>,
    _: Owner,
    request: Request,
) -> Result<Answer<Bundle>, Problem> {
    let length = length_of(request.headers())?;
    let mut arriving = app.rooms.updates.receive(length).await?;
    let mut body = request.into_body();
    loop {
        let frame = timeout(SILENCE, body.frame()).await.map_err(|_| {
            Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The file stopped arriving.",
            )
        })?;
        match frame {
            None => break,
            Some(Err(_)) => {
                let detail = "The file did not arrive whole.";
                return Err(Problem::bad_request("body_cut_short", detail));
            }
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    arriving.write(bytes).await?;
                }
            }
        }
    }
    Ok(Answer(arriving.finish().await?.into()))
}

/// The length of an upload, when its sender tells it.
fn length_of(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let header = |name| headers.get(name)?.to_str().ok();
    let mime = header(CONTENT_TYPE).unwrap_or_default();
    let essence = mime.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(BYTES) {
        return Ok(header(CONTENT_LENGTH).and_then(|length| length.parse().ok()));
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_bytes",
        "Send the file as application/octet-stream.",
    ))
}

/// Forgets the bundle that was uploaded.
#[utoipa::path(delete, path = "/api/v1/update/bundle",
    tag = "update",
    operation_id = "update_discard",
    responses(
        (status = 204, description = "It is gone."),
        (status = 409, description = "There is none, or it is being installed."),
    ),
)]
pub async fn discard(State(app): State<Shared>, _: Owner) -> Result<StatusCode, Problem> {
    app.rooms.updates.discard()?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes the uploaded bundle to the other slot; what runs goes on running.
#[utoipa::path(post, path = "/api/v1/update/install",
    tag = "update",
    operation_id = "update_install",
    request_body = InstallRequest,
    responses(
        (status = 202, description = "Begun; the update's state tells how far it is."),
        (status = 409, description = "There is none, it is for another board, or it is older and that was not forced."),
    ),
)]
pub async fn install(
    State(app): State<Shared>,
    _: Owner,
    OptionalJson(request): OptionalJson<InstallRequest>,
) -> Result<StatusCode, Problem> {
    app.rooms.updates.install(request.force_older)?;
    Ok(StatusCode::ACCEPTED)
}

/// Restarts the box into what was installed.
#[utoipa::path(post, path = "/api/v1/update/restart",
    tag = "update",
    operation_id = "update_restart",
    responses(
        (status = 202, description = "It restarts."),
        (status = 409, description = "Nothing waits for a restart."),
    ),
)]
pub async fn restart(State(app): State<Shared>, _: Owner) -> Result<StatusCode, Problem> {
    app.rooms.updates.restart().await?;
    Ok(StatusCode::ACCEPTED)
}

/// Restarts the box and empties it: accounts, libraries, settings, everything but the media.
#[utoipa::path(post, path = "/api/v1/reset",
    tag = "update",
    operation_id = "reset",
    request_body = ResetRequest,
    responses(
        (status = 202, description = "It restarts, and is as new then."),
        (status = 409, description = "This is no firmware, or an update is being installed."),
        (status = 429, description = "Too many attempts."),
    ),
)]
pub async fn reset(
    State(app): State<Shared>,
    _: Owner,
    Someone(session): Someone,
    Peer(from): Peer,
    Json(request): Json<ResetRequest>,
) -> Result<StatusCode, Problem> {
    let accounts = &app.rooms.accounts;
    let confirmed = accounts.confirm(&session, request.password, from.ip());
    confirmed.await.map_err(|error| match error {
        // 401 would tell the page that its session has ended.
        AuthError::WrongPassword => Problem::forbidden("wrong_password", "The password is wrong."),
        other => other.into(),
    })?;
    app.rooms.updates.reset(!request.keep_answer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The ways out of the home network, and what left by them.
#[utoipa::path(get, path = "/api/v1/outside",
    tag = "update",
    operation_id = "outside_show",
    responses(
        (status = 200, body = Outside, description = "As it is now."),
    ),
)]
pub async fn outside(State(app): State<Shared>, _: Owner) -> Result<Answer<Outside>, Problem> {
    match app.rooms.updates.outside().await {
        Ok(outside) => Ok(Answer(outside.into())),
        Err(UpdateError::NotFirmware) => Ok(Answer(Outside::none())),
        Err(error) => Err(error.into()),
    }
}

/// Opens or closes a way out; the firewall follows before this answers.
#[utoipa::path(put, path = "/api/v1/outside",
    tag = "update",
    operation_id = "outside_change",
    request_body = OutsideRequest,
    responses(
        (status = 200, body = Outside, description = "As it is now."),
        (status = 409, description = "This is no firmware."),
    ),
)]
pub async fn change_outside(
    State(app): State<Shared>,
    _: Owner,
    Json(request): Json<OutsideRequest>,
) -> Result<Answer<Outside>, Problem> {
    let updates = &app.rooms.updates;
    let mut now = updates.outside().await?;
    for (switch, wish) in [
        (Switch::TimeSync, request.time_sync),
        (Switch::UpdateCheck, request.update_check),
    ] {
        if let Some(on) = wish {
            now = updates.set_outside(switch, on).await?;
        }
    }
    Ok(Answer(now.into()))
}
