//! Who asks: the cookie or the bearer token of a request, and whether a browser page may ask it.
//!
//! Never: telling why a token is not accepted.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::app::Shared;
use super::problem::Problem;
use crate::auth::{Role, Session};

const COOKIE_NAME: &str = "alcove_session";
/// The server ends a session earlier; the browser only must not forget it before.
const COOKIE_AGE_S: u32 = 400 * 24 * 60 * 60;

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .copied()
            .ok_or_else(|| Problem::internal(&"a request came without the address it came from"))
    }
}

/// Someone who is logged in.
#[derive(Clone, Debug)]
pub struct Someone(pub Arc<Session>);

impl<S: Sync> FromRequestParts<S> for Someone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::unauthorized)
    }
}

/// Someone who may change libraries and settings.
#[derive(Clone, Copy, Debug)]
pub struct Owner;

impl<S: Sync> FromRequestParts<S> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Someone(session) = Someone::from_request_parts(parts, state).await?;
        match session.role {
            Role::Owner => Ok(Self),
            Role::Member => Err(Problem::forbidden(
                "owner_only",
                "Only the owner of this server may do that.",
            )),
        }
    }
}

/// Lets a request of the API through when it carries a login or needs none.
pub async fn admit(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let bearer = bearer(request.headers());
    if bearer.is_none() && writes(request.method()) && !is_same_site(request.headers()) {
        return Problem::forbidden("other_site", "Another site may not do that.").into_response();
    }
    if !is_open(request.uri().path()) {
        let token = bearer.or_else(|| cookie(request.headers()));
        let session = match token {
            Some(token) => app.rooms.accounts.session(token).await,
            None => Ok(None),
        };
        match session {
            Ok(Some(session)) => request.extensions_mut().insert(Someone(session)),
            Ok(None) => return Problem::unauthorized().into_response(),
            Err(error) => return Problem::from(error).into_response(),
        };
    }
    next.run(request).await
}

/// What answers without a login; a playback address has its ticket.
fn is_open(path: &str) -> bool {
    matches!(path, "/api/v1/setup" | "/api/v1/login") || path.starts_with("/api/v1/stream/")
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// True unless a browser says that the request comes from a page of another origin.
fn is_same_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let origin = origin
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Uri>().ok());
    match (origin.as_ref().and_then(Uri::authority), host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, token)| token)
}

/// Gives the browser its session.
pub fn set_cookie(response: &mut Response, token: &str) {
    let text =
        format!("{COOKIE_NAME}={token}; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; SameSite=Strict");
    let value = HeaderValue::from_str(&text).expect("a token is base64 and fits a header");
    response.headers_mut().append(SET_COOKIE, value);
}

/// Takes the session from the browser.
pub fn clear_cookie(response: &mut Response) {
    let value = "alcove_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
    response
        .headers_mut()
        .append(SET_COOKIE, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_page_of_another_site_is_told_from_our_own() {
        for (pairs, want) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://a:1"),
                    ("host", "a:1"),
                ],
                false,
            ),
            (
                &[
                    ("origin", "http://alcove.local:8480"),
                    ("host", "alcove.local:8480"),
                ],
                true,
            ),
            (
                &[("origin", "http://ALCOVE.local"), ("host", "alcove.local")],
                true,
            ),
            (
                &[("origin", "http://evil.example"), ("host", "alcove.local")],
                false,
            ),
            (
                &[
                    ("origin", "http://alcove.local:1"),
                    ("host", "alcove.local"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "alcove.local")], false),
            (&[("origin", "http://alcove.local")], false),
            (&[("host", "alcove.local")], true),
        ] {
            assert_eq!(is_same_site(&headers(pairs)), want, "{pairs:?}");
        }
    }

    #[test]
    fn tokens_are_found_in_either_header() {
        let both = headers(&[
            ("authorization", "bearer  abc"),
            ("cookie", "x=1; alcove_session=def;y=2"),
        ]);
        assert_eq!(bearer(&both), Some("abc"));
        assert_eq!(cookie(&both), Some("def"));
        let neither = headers(&[
            ("authorization", "Basic abc"),
            ("cookie", "not_alcove_session=def"),
        ]);
        assert_eq!((bearer(&neither), cookie(&neither)), (None, None));
    }
}
