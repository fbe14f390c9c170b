//! The built web interface, as it was embedded at build time.
//!
//! Never: a file of the machine.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::conditions::{Outcome, Validators, evaluate};
use super::problem::Problem;

/// One file of the interface.
struct Asset {
    address: &'static str,
    mime: &'static str,
    etag: &'static str,
    /// Its name changes with its content.
    hashed: bool,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

// `ASSETS`, in the order of addresses.
include!(concat!(env!("OUT_DIR"), "/ui_assets.rs"));

/// No inline script or style, nothing from elsewhere; `blob:` is how scripts feed a player.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; \
    font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const ABSENT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Alcove</title>\
    <h1>Alcove is running</h1>\
    <p>This build contains no web interface; the API under <code>/api/v1</code> works.</p>\
    <p>To build Alcove with its interface, run <code>image/dev run</code> in its source folder.</p></html>";

/// Answers everything that is not the API: files of the interface, and its page for every other
/// address that a browser opens, because the interface finds its way by the address.
pub async fn serve(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if path.starts_with("/api/") {
        return Problem::not_found().into_response();
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = Problem::method_not_allowed().into_response();
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
        return response;
    }
    let exact = ASSETS
        .binary_search_by_key(&path, |asset| asset.address)
        .map(|at| &ASSETS[at]);
    if let Ok(asset) = exact {
        return send(asset, method, request.headers());
    }
    if !accepts_page(request.headers(), path) {
        return Problem::not_found().into_response();
    }
    match ASSETS.iter().find(|asset| asset.address == "/index.html") {
        Some(page) => send(page, method, request.headers()),
        None => absent(),
    }
}

/// A page is what a browser opens; a script or picture that is missing must stay missing.
fn accepts_page(headers: &HeaderMap, path: &str) -> bool {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let last = path.rsplit('/').next().unwrap_or_default();
    accept.contains("text/html") || (accept.contains("*/*") && !last.contains('.'))
}

fn absent() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (StatusCode::OK, headers, ABSENT).into_response()
}

fn send(asset: &Asset, method: &Method, headers: &HeaderMap) -> Response {
    let (bytes, encoding) = choose(asset, headers);
    let validators = Validators {
        etag: format!("{}{}", asset.etag, encoding.unwrap_or_default()),
        modified: None,
        length_bytes: bytes.len() as u64,
    };
    let outcome = evaluate(method, headers, &validators, std::time::SystemTime::now());
    let (status, body) = match outcome {
        Outcome::NotModified => (StatusCode::NOT_MODIFIED, None),
        Outcome::Failed => return Problem::precondition_failed().into_response(),
        // A part of a file this small is not worth it.
        _ => (StatusCode::OK, Some(bytes)),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let answer = response.headers_mut();
    let cache = if asset.hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", validators.etag)) {
        answer.insert(ETAG, etag);
    }
    if let Some(bytes) = body {
        answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.mime));
        answer.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        if let Some(encoding) = encoding {
            answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        *response.body_mut() = Body::from(Bytes::from_static(bytes));
    }
    response
}

/// The smallest form that the client takes.
fn choose(asset: &Asset, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let accepted = headers
        .get(ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    for (encoding, bytes) in [("br", asset.brotli), ("gzip", asset.gzip)] {
        if let Some(bytes) = bytes
            && takes(accepted, encoding)
        {
            return (bytes, Some(encoding));
        }
    }
    (asset.plain, None)
}

fn takes(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = quality
            .trim()
            .strip_prefix("q=")
            .is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_used_only_when_the_client_takes_it() {
        for (accepted, want) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0", true),
            ("br;q=0", false),
            ("br; q=0.000", false),
            ("brotli", false),
            ("gzip", false),
            ("", false),
        ] {
            assert_eq!(takes(accepted, "br"), want, "{accepted}");
        }
    }

    #[test]
    fn addresses_of_the_interface_are_sorted_for_the_search() {
        assert!(ASSETS.is_sorted_by_key(|asset| asset.address));
    }

    #[tokio::test]
    async fn missing_scripts_stay_missing_and_pages_do_not() {
        for (path, accept, want) in [
            ("/films/7", "text/html,*/*", StatusCode::OK),
            ("/films/7", "application/json", StatusCode::NOT_FOUND),
            ("/assets/old.js", "*/*", StatusCode::NOT_FOUND),
            ("/../../etc/passwd", "*/*", StatusCode::OK),
            ("/api/v2/items", "text/html", StatusCode::NOT_FOUND),
        ] {
            let request = Request::builder().uri(path).header(ACCEPT, accept);
            let response = serve(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status(), want, "{path} {accept}");
        }
    }
}
