//! How this box does, for its owner's eyes.
//!
//! Never: anything that leaves the box, or that is kept longer than it is shown.

use axum::Json;
use axum::extract::State;

use crate::http::app::Shared;
use crate::http::guard::Owner;
use crate::http::types::performance::{Performance, Temperature, Throttled};

/// How fast this box encodes, by week, and how warm it was in the last hours. Empty while nothing is collected.
#[utoipa::path(get, path = "/api/v1/privacy/performance",
    tag = "privacy",
    operation_id = "privacy_performance",
    responses(
        (status = 200, body = Performance, description = "Counts of classes; temperatures from memory alone."),
    ),
)]
pub async fn performance(State(app): State<Shared>, _: Owner) -> Json<Performance> {
    let looks = app.rooms.sensors.shown();
    let temperature = looks.iter().filter_map(|look| {
        Some(Temperature {
            at_ms: look.at_ms,
            temperature_c: look.temperature_c?,
        })
    });
    let throttling = looks.iter().filter_map(|look| {
        Some(Throttled {
            at_ms: look.at_ms,
            throttled: look.throttled?,
        })
    });
    let rows = app.rooms.journal.performance();
    Json(Performance {
        rows: rows.iter().map(Into::into).collect(),
        temperature: temperature.collect(),
        throttling: throttling.collect(),
    })
}
