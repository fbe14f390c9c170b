//! This document.
//!
//! Never: a copy written by hand.

use axum::Json;

use crate::http::doc;

/// The description of this API.
#[utoipa::path(get, path = "/api/v1/openapi.json",
    tag = "board",
    responses(
        (status = 200, body = serde_json::Value, description = "An OpenAPI document."),
    ),
)]
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(doc::document())
}
