//! The scan: how it does, starting it, what it could not read.
//!
//! Never: the scan itself.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::http::app::Shared;
use crate::http::extract::{OptionalJson, Query};
use crate::http::guard::Owner;
use crate::http::problem::Problem;
use crate::http::types::scan::{ProblemPage, ProblemsParams, Scan, ScanRequest};
use crate::library::{self, LibraryId};

/// How the scan does.
#[utoipa::path(get, path = "/api/v1/scan",
    tag = "scan",
    operation_id = "scan_show",
    responses(
        (status = 200, body = Scan, description = "Its state."),
    ),
)]
pub async fn show(State(app): State<Shared>) -> Json<Scan> {
    Json(app.rooms.library.scan_status().into())
}

/// Asks for a scan.
#[utoipa::path(post, path = "/api/v1/scan",
    tag = "scan",
    operation_id = "scan_start",
    request_body = ScanRequest,
    responses(
        (status = 202, body = Scan, description = "Asked for."),
        (status = 404, description = "There is no such library."),
    ),
)]
pub async fn start(
    State(app): State<Shared>,
    _: Owner,
    OptionalJson(request): OptionalJson<ScanRequest>,
) -> Result<(StatusCode, Json<Scan>), Problem> {
    let library = &app.rooms.library;
    let wanted = request.library.map(|id| LibraryId(id.0));
    if let Some(wanted) = wanted {
        let known = library.libraries().await?;
        if !known.iter().any(|one| one.id == wanted) {
            return Err(Problem::not_found());
        }
    }
    let full = request.full.unwrap_or(false);
    library.request_scan(library::ScanRequest {
        library: wanted,
        full,
    });
    Ok((StatusCode::ACCEPTED, Json(library.scan_status().into())))
}

/// Files that could not be read.
#[utoipa::path(get, path = "/api/v1/problems",
    tag = "scan",
    operation_id = "scan_problems",
    params(ProblemsParams),
    responses(
        (status = 200, body = ProblemPage, description = "A page."),
        (status = 403, description = "Only the owner may."),
    ),
)]
pub async fn problems(
    State(app): State<Shared>,
    _: Owner,
    Query(params): Query<ProblemsParams>,
) -> Result<Json<ProblemPage>, Problem> {
    let page = app.rooms.library.problems(params.cursor.as_deref()).await?;
    Ok(Json(page.into()))
}
