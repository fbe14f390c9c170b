//! The scan: how it does, starting it, what it could not read.
//!
//! Never: the scan itself.

use crate::http::problem::Problem;
use crate::http::types::scan::{ProblemPage, ProblemsParams, Scan, ScanRequest};

/// How the scan does.
#[utoipa::path(get, path = "/api/v1/scan",
    tag = "scan",
    operation_id = "scan_show",
    responses(
        (status = 200, body = Scan, description = "Its state."),
    ),
)]
pub async fn show() -> Problem {
    Problem::not_found()
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
pub async fn start() -> Problem {
    Problem::not_found()
}

/// Files that could not be read.
#[utoipa::path(get, path = "/api/v1/problems",
    tag = "scan",
    operation_id = "scan_problems",
    params(ProblemsParams),
    responses(
        (status = 200, body = ProblemPage, description = "A page."),
    ),
)]
pub async fn problems() -> Problem {
    Problem::not_found()
}
