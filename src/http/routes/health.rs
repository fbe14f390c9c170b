//! Tells that the server is up.
//!
//! Never: an account or anything about the machine.

use axum::Json;

use crate::http::types::account::Health;

/// Tells that the server answers.
#[utoipa::path(get, path = "/healthz",
    tag = "account",
    responses(
        (status = 200, body = Health, description = "It is up."),
    ),
)]
pub async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}
