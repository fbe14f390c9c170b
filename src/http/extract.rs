//! Taking requests apart, with a problem for everything that does not fit.
//!
//! Never: a body without a limit in size and time.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path as AxumPath, Query as AxumQuery, Request};
use http::StatusCode;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::classes;
use super::problem::Problem;
use super::types::Id;
use crate::telemetry::class::Client;

/// Longest JSON body.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body that takes longer is given up.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "Send the body as application/json.",
            ));
        }
        let bytes = read(request).await?;
        // Without this, serde takes a list for an object, value by value.
        let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if begins.is_some_and(|byte| *byte == b'[') {
            return Err(Problem::invalid(
                "invalid_body",
                "The body is a list, not an object.",
            ));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| match error.classify() {
                serde_json::error::Category::Data => {
                    Problem::invalid("invalid_body", format!("The body does not fit: {error}."))
                }
                _ => Problem::bad_request(
                    "malformed_json",
                    format!("The body is not JSON: {error}."),
                ),
            })
    }
}

/// A JSON body, or nothing at all.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let empty = http_body::Body::is_end_stream(request.body());
        if empty && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state)
            .await
            .map(|Json(value)| Self(value))
    }
}

fn is_json(request: &Request) -> bool {
    let Some(value) = request.headers().get(CONTENT_TYPE) else {
        return false;
    };
    let essence = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

async fn read(request: Request) -> Result<bytes::Bytes, Problem> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIME, body).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_long",
            format!("A body has at most {MAX_BODY_BYTES} bytes."),
        )),
        Ok(Err(_)) => Err(Problem::bad_request(
            "body_cut_short",
            "The body did not arrive whole.",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            "The body took too long to arrive.",
        )),
    }
}

/// The query part of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        AxumQuery::try_from_uri(&parts.uri)
            .map(|AxumQuery(value)| Self(value))
            .map_err(|error| Problem::bad_request("invalid_query", error.body_text()))
    }
}

/// The identifier in the address; what cannot be one does not exist.
#[derive(Clone, Copy, Debug)]
pub struct ItemPath(pub Id);

impl<S: Send + Sync> FromRequestParts<S> for ItemPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        Id::parse(&text).map(Self).ok_or_else(Problem::not_found)
    }
}

/// What kind of player asks, as far as the statistics tell players apart.
#[derive(Clone, Copy, Debug)]
pub struct PlayedOn(pub Client);

impl<S: Sync> FromRequestParts<S> for PlayedOn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(USER_AGENT);
        let agent = agent.and_then(|value| value.to_str().ok());
        Ok(Self(classes::client(agent)))
    }
}

/// Values in the address; what cannot be read does not exist.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::<T>::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}
