//! A media file as an answer: conditions, ranges, content type.
//!
//! Never: finding out which file.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::conditions::{Outcome, Validators, evaluate};
use super::problem::Problem;
use crate::library::Original;
use crate::media::codec::Container;
use crate::media::info::MediaInfo;

/// A media file that is opened as a page may show itself and nothing else.
const POLICY: &str = "sandbox; default-src 'none'; media-src 'self'; img-src 'self'";
/// The characters of RFC 8187 that need no escape.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Sends a file, or the part of it that was asked for, until `ended`.
///
/// # Errors
/// Problems with the statuses 409, 412 and 416.
pub async fn send_file(
    app: &App,
    original: Original,
    method: &Method,
    headers: &HeaderMap,
    ended: CancellationToken,
) -> Result<Response, Problem> {
    let validators = validators(&original);
    let length = validators.length_bytes;
    let outcome = evaluate(method, headers, &validators, SystemTime::now());
    let (status, range) = match outcome {
        Outcome::Failed => return Err(Problem::precondition_failed()),
        Outcome::Unsatisfiable => return Err(Problem::past_the_end(length)),
        Outcome::NotModified => (StatusCode::NOT_MODIFIED, None),
        Outcome::Whole => (StatusCode::OK, Some(0..length)),
        Outcome::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let answer = response.headers_mut();
    answer.insert(ETAG, text(&format!("\"{}\"", validators.etag))?);
    if let Some(modified) = validators.modified {
        answer.insert(LAST_MODIFIED, text(&httpdate::fmt_http_date(modified))?);
    }
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let Some(range) = range else {
        return Ok(response);
    };
    answer.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(
        CONTENT_TYPE,
        text(&match &original.info {
            Some(info) => content_type(info, &original.file_name),
            None => by_name(&original.file_name),
        })?,
    );
    answer.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    answer.insert(
        CONTENT_DISPOSITION,
        text(&disposition(&original.file_name))?,
    );
    answer.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if status == StatusCode::PARTIAL_CONTENT {
        let (first, last) = (range.start, range.end - 1);
        answer.insert(
            CONTENT_RANGE,
            text(&format!("bytes {first}-{last}/{length}"))?,
        );
    }
    // Opened for HEAD as well: its answer must be that of GET.
    let file = original.open().await?;
    if *method == Method::GET && range.start < range.end {
        let disk = original.disk().clone();
        *response.body_mut() = Body::new(app.files.body(file, range, disk, ended));
    }
    Ok(response)
}

fn text(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(value).map_err(|error| Problem::internal(&error))
}

fn validators(original: &Original) -> Validators {
    let seconds = u64::try_from(original.mtime_ns.div_euclid(1_000_000_000)).ok();
    // HTTP dates have four digits for the year.
    let seconds = seconds.filter(|&seconds| seconds < 253_402_300_800);
    Validators {
        etag: format!(
            "{:x}-{:x}-{:x}",
            original.size_bytes, original.mtime_ns, original.fingerprint
        ),
        modified: seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        length_bytes: original.size_bytes,
    }
}

fn disposition(name: &str) -> String {
    format!(
        "inline; filename*=UTF-8''{}",
        utf8_percent_encode(name, NAME)
    )
}

/// The content type of a media file: by what was found in it, by its name where that says more.
pub fn content_type(info: &MediaInfo, name: &str) -> String {
    let subtype = match info.container {
        Container::Mp4 => "mp4",
        Container::Matroska => "x-matroska",
        Container::WebM => "webm",
        Container::MpegTs => "mp2t",
        Container::MpegPs => "mpeg",
        Container::Avi => "x-msvideo",
        Container::Asf => "x-ms-asf",
        Container::Flv => "x-flv",
        Container::Ogg => "ogg",
        Container::Mp3 => return "audio/mpeg".to_owned(),
        Container::Flac => return "audio/flac".to_owned(),
        Container::Wav => return "audio/wav".to_owned(),
        Container::Aac => return "audio/aac".to_owned(),
        Container::Image | Container::Other => return by_name(name),
    };
    let kind = if info.video.is_empty() {
        "audio"
    } else {
        "video"
    };
    format!("{kind}/{subtype}")
}

/// Only media: a page or a script from the library is never shown as one.
fn by_name(name: &str) -> String {
    let guess = mime_guess::from_path(name).first_or_octet_stream();
    match guess.type_().as_str() {
        "image" | "video" | "audio" => guess.essence_str().to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_a_header() {
        for (name, want) in [
            ("Film.mkv", "inline; filename*=UTF-8''Film.mkv"),
            (
                "a \"b\"\r\n;.mp4",
                "inline; filename*=UTF-8''a%20%22b%22%0D%0A%3B.mp4",
            ),
            ("\u{e9}\u{fffd}", "inline; filename*=UTF-8''%C3%A9%EF%BF%BD"),
        ] {
            assert_eq!(disposition(name), want);
            assert!(HeaderValue::from_str(&disposition(name)).is_ok());
        }
    }

    #[test]
    fn what_is_no_media_is_never_shown_as_a_page() {
        for (name, want) in [
            ("a.jpg", "image/jpeg"),
            ("a.html", "application/octet-stream"),
            ("a.js", "application/octet-stream"),
            ("a", "application/octet-stream"),
        ] {
            assert_eq!(by_name(name), want, "{name}");
        }
    }
}
