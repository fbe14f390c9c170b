//! Pictures of items.
//!
//! Never: writing to media.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::http::app::{App, Shared};
use crate::http::conditions::{Outcome, Validators, evaluate};
use crate::http::extract::{ItemPath, Path, PlayedOn, Query};
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::item::{ArtKind, ArtParams, PhotoParams};
use crate::library::{Artwork, ItemId};
use crate::telemetry::class::Client;
use crate::transcode::plan::Decision;
use crate::transcode::playbacks::{Begin, PlaybackKey};

/// For addresses that change with the picture.
const FOR_EVER: &str = "private, max-age=31536000, immutable";
/// For the others: kept, and asked about each time.
const ASK: &str = "private, no-cache";

/// A picture of an item.
#[utoipa::path(get, path = "/api/v1/items/{id}/art/{kind}",
    tag = "items",
    params(("id" = inline(Id), Path), ("kind" = inline(ArtKind), Path), ArtParams),
    responses(
        (status = 200, description = "The picture.", content_type = "image/*", body = String),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
    ),
)]
pub async fn art(
    State(app): State<Shared>,
    Path((id, kind)): Path<(Id, ArtKind)>,
    Query(params): Query<ArtParams>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let size = params.size.unwrap_or_default().into();
    let picture = app
        .rooms
        .library
        .artwork(ItemId(id.0), kind.into(), size)
        .await?;
    let cache = if params.v.is_some() { FOR_EVER } else { ASK };
    send(picture, cache, &method, &headers)
}

/// A photo, upright and sized for a screen.
#[utoipa::path(get, path = "/api/v1/items/{id}/photo",
    tag = "items",
    operation_id = "art_photo",
    params(("id" = inline(Id), Path), PhotoParams),
    responses(
        (status = 200, description = "The photo.", content_type = "image/*", body = String),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 422, description = "It cannot be read."),
        (status = 503, description = "Busy; come again."),
    ),
)]
pub async fn photo(
    State(app): State<Shared>,
    Someone(session): Someone,
    PlayedOn(client): PlayedOn,
    ItemPath(id): ItemPath,
    Query(_): Query<PhotoParams>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let picture = app.rooms.library.photo(ItemId(id.0)).await?;
    if app.rooms.playbacks.collects() {
        note(&app, session.id, client, ItemId(id.0)).await;
    }
    send(picture, ASK, &method, &headers)
}

/// Tells the statistics that somebody looks at a photo.
async fn note(app: &App, owner: i64, client: Client, item: ItemId) {
    let Ok(source) = app.rooms.library.source(item).await else {
        return;
    };
    let begin = Begin {
        file_id: source.file_id.0,
        info: source.info,
        client,
        decision: Some(Decision::DirectPlay),
        sound_chosen: false,
    };
    let watched = PlaybackKey {
        owner,
        item: item.0,
    };
    app.rooms.playbacks.show(watched, begin);
}

fn send(
    picture: Artwork,
    cache: &'static str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let validators = Validators {
        etag: picture.etag,
        modified: None,
        length_bytes: picture.bytes.len() as u64,
    };
    let etag = HeaderValue::from_str(&format!("\"{}\"", validators.etag))
        .map_err(|error| Problem::internal(&error))?;
    let fixed = [
        (ETAG, etag),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    match evaluate(method, headers, &validators, std::time::SystemTime::now()) {
        Outcome::NotModified => Ok((StatusCode::NOT_MODIFIED, fixed).into_response()),
        Outcome::Failed => Err(Problem::precondition_failed()),
        // A picture is sent whole.
        _ => {
            let own = [
                (CONTENT_TYPE, HeaderValue::from_static(picture.mime)),
                (CONTENT_LENGTH, HeaderValue::from(picture.bytes.len())),
            ];
            Ok((fixed, own, Body::from(picture.bytes)).into_response())
        }
    }
}
