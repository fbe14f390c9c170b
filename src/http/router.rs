//! Which address leads to which handler, and what all answers have in common.
//!
//! Never: an answer of the API without a login, but for the addresses that `guard` lists.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};

use super::app::{App, Rooms, Shared};
use super::problem::{PROBLEM_MIME, Problem};
use super::routes::{
    art, board, crashes, events, experience, file, health, home, items, libraries, login, me,
    openapi, performance, playback, privacy, progress, scan, setup, stream, update,
};
use super::{guard, hosts, ui};

/// What every answer says unless its handler says something else.
const COMMON: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Playback addresses must not travel on.
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];

/// The whole web side as one service.
pub fn router(mut rooms: Rooms) -> Router {
    let listed: Arc<[String]> = std::mem::take(&mut rooms.hosts).into();
    let app = App::new(rooms);
    let api = api().route_layer(from_fn_with_state(Shared::clone(&app), guard::admit));
    Router::new()
        .route("/healthz", get(health::health))
        .merge(api)
        .fallback(ui::serve)
        .layer(from_fn_with_state(listed, hosts::admit))
        .layer(map_response(finish))
        .with_state(app)
}

fn api() -> Router<Shared> {
    Router::new()
        .route("/api/v1/setup", get(setup::state).post(setup::create))
        .route("/api/v1/login", post(login::login))
        .route("/api/v1/logout", post(login::logout))
        .route("/api/v1/me", get(me::show).put(me::change))
        .route("/api/v1/home", get(home::home))
        .route("/api/v1/items", get(items::list))
        .route("/api/v1/items/letters", get(items::letters))
        .route("/api/v1/items/{id}", get(items::show))
        .route("/api/v1/items/{id}/art/{kind}", get(art::art))
        .route("/api/v1/items/{id}/photo", get(art::photo))
        .route("/api/v1/items/{id}/file", get(file::file))
        .route(
            "/api/v1/items/{id}/progress",
            put(progress::put).delete(progress::delete),
        )
        .route("/api/v1/items/{id}/playback", post(playback::playback))
        .route(
            "/api/v1/items/{id}/experience",
            post(experience::experience),
        )
        .route(
            "/api/v1/libraries",
            get(libraries::list).post(libraries::create),
        )
        .route(
            "/api/v1/libraries/{id}",
            put(libraries::change).delete(libraries::remove),
        )
        .route("/api/v1/folders", get(libraries::folders))
        .route("/api/v1/scan", get(scan::show).post(scan::start))
        .route("/api/v1/problems", get(scan::problems))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/board", get(board::board))
        .route("/api/v1/openapi.json", get(openapi::openapi))
        .merge(privacy())
        .merge(firmware())
        .merge(streams())
}

fn privacy() -> Router<Shared> {
    Router::new()
        .route(
            "/api/v1/privacy/consent",
            get(privacy::consent).put(privacy::answer),
        )
        .route("/api/v1/privacy/registry", get(privacy::registry))
        .route(
            "/api/v1/privacy/journal",
            get(privacy::journal).delete(privacy::clear),
        )
        .route("/api/v1/privacy/next-report", get(privacy::next_report))
        .route("/api/v1/privacy/receipts", get(privacy::receipts))
        .route("/api/v1/privacy/destinations", get(privacy::destinations))
        .route("/api/v1/privacy/ledger", get(privacy::ledger))
        .route("/api/v1/privacy/crashes", get(crashes::list))
        .route("/api/v1/privacy/crashes/{id}", delete(crashes::remove))
        .route("/api/v1/privacy/performance", get(performance::performance))
}

fn firmware() -> Router<Shared> {
    Router::new()
        .route("/api/v1/update", get(update::show))
        .route(
            "/api/v1/update/bundle",
            post(update::upload).delete(update::discard),
        )
        .route("/api/v1/update/install", post(update::install))
        .route("/api/v1/update/restart", post(update::restart))
        .route("/api/v1/reset", post(update::reset))
        .route(
            "/api/v1/outside",
            get(update::outside).put(update::change_outside),
        )
}

fn streams() -> Router<Shared> {
    let at = |path: &str| format!("/api/v1/stream/{{ticket}}/{path}");
    Router::new()
        .route(&at("file"), get(stream::file))
        .route(&at("main.m3u8"), get(stream::multivariant))
        .route(&at("v/{rung}/index.m3u8"), get(stream::video_playlist))
        .route(&at("v/{rung}/init.mp4"), get(stream::video_init))
        .route(&at("v/{rung}/{segment}"), get(stream::video_segment))
        .route(&at("a/{track}/index.m3u8"), get(stream::audio_playlist))
        .route(&at("a/{track}/init.mp4"), get(stream::audio_init))
        .route(&at("a/{track}/{segment}"), get(stream::audio_segment))
        .route(&at("s/{id}/index.m3u8"), get(stream::subtitle_playlist))
        .route(&at("s/{id}"), get(stream::subtitle))
}

/// Adds what all answers have in common; an error of the frame becomes a problem like all others.
async fn finish(response: Response) -> Response {
    let mut response = if needs_problem(&response) {
        as_problem(&response)
    } else {
        response
    };
    let headers = response.headers_mut();
    for (name, value) in COMMON {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn needs_problem(response: &Response) -> bool {
    let status = response.status();
    let mime = response.headers().get(CONTENT_TYPE);
    (status.is_client_error() || status.is_server_error())
        && mime.is_none_or(|mime| mime != PROBLEM_MIME)
}

fn as_problem(response: &Response) -> Response {
    let problem = match response.status() {
        StatusCode::NOT_FOUND => Problem::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => Problem::method_not_allowed(),
        status => Problem::new(status, "refused", "The server refused the request."),
    };
    let mut mended = problem.into_response();
    if let Some(allow) = response.headers().get(ALLOW) {
        mended.headers_mut().insert(ALLOW, allow.clone());
    }
    mended
}
