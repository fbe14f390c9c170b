//! The reports of crashes that are kept on this box.
//!
//! Never: sending one.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::ItemPath;
use crate::http::guard::Owner;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::crash::{CrashReport, Crashes};

/// The reports of crashes, byte by byte.
#[utoipa::path(get, path = "/api/v1/privacy/crashes",
    tag = "privacy",
    operation_id = "privacy_crashes",
    responses(
        (status = 200, body = Crashes, description = "All that are kept."),
    ),
)]
pub async fn list(State(app): State<Shared>, _: Owner) -> Result<Json<Crashes>, Problem> {
    let reports = app.rooms.journal.crashes().clone();
    let listing = tokio::task::spawn_blocking(move || reports.list());
    let listed = listing.await.map_err(|error| Problem::internal(&error))?;
    let listed = listed.map_err(|error| Problem::internal(&error))?;
    Ok(Json(Crashes {
        crashes: listed.into_iter().map(CrashReport::from).collect(),
    }))
}

/// Deletes one report.
#[utoipa::path(delete, path = "/api/v1/privacy/crashes/{id}",
    tag = "privacy",
    operation_id = "privacy_crash_delete",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 204, description = "Deleted."),
    ),
)]
pub async fn remove(
    State(app): State<Shared>,
    _: Owner,
    ItemPath(id): ItemPath,
) -> Result<StatusCode, Problem> {
    let reports = app.rooms.journal.crashes().clone();
    let removing = tokio::task::spawn_blocking(move || {
        let kept = reports.list()?;
        let found = kept
            .iter()
            .find(|report| i64::try_from(report.id()) == Ok(id.0));
        found.map(|report| reports.delete(report)).transpose()
    });
    let removed = removing.await.map_err(|error| Problem::internal(&error))?;
    match removed.map_err(|error| Problem::internal(&error))? {
        Some(()) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::not_found()),
    }
}
