//! What a playback address leads to. The ticket in it is the login.
//!
//! Never: a cookie.

use crate::http::problem::Problem;

/// The file itself; as `items/{id}/file`.
#[utoipa::path(method(get, head), path = "/api/v1/stream/{ticket}/file",
    tag = "playback",
    operation_id = "stream_file",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000)),
    responses(
        (status = 200, description = "The whole file.", content_type = "application/octet-stream", body = String),
        (status = 206, description = "The range asked for.", content_type = "application/octet-stream", body = String),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 412, description = "It has changed."),
        (status = 416, description = "Past the end."),
    ),
)]
pub async fn file() -> Problem {
    Problem::not_found()
}

/// The multivariant playlist.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/main.m3u8",
    tag = "playback",
    operation_id = "stream_multivariant",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000)),
    responses(
        (status = 200, description = "All renditions.", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
    ),
)]
pub async fn multivariant() -> Problem {
    Problem::not_found()
}

/// The media playlist of a video rendition, complete.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/v/{rung}/index.m3u8",
    tag = "playback",
    operation_id = "stream_video_playlist",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("rung" = u16, Path, description = "The rendition.")),
    responses(
        (status = 200, description = "All segments.", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
    ),
)]
pub async fn video_playlist() -> Problem {
    Problem::not_found()
}

/// The init segment of a video rendition.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/v/{rung}/init.mp4",
    tag = "playback",
    operation_id = "stream_video_init",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("rung" = u16, Path, description = "The rendition.")),
    responses(
        (status = 200, description = "The init segment.", content_type = "video/mp4", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn video_init() -> Problem {
    Problem::not_found()
}

/// A segment of a video rendition.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/v/{rung}/{segment}",
    tag = "playback",
    operation_id = "stream_video_segment",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("rung" = u16, Path, description = "The rendition."), ("segment" = String, Path, description = "`{k}.m4s`.", pattern = "^[0-9]{1,9}[.]m4s$")),
    responses(
        (status = 200, description = "The segment.", content_type = "video/mp4", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn video_segment() -> Problem {
    Problem::not_found()
}

/// The media playlist of a audio rendition, complete.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/a/{track}/index.m3u8",
    tag = "playback",
    operation_id = "stream_audio_playlist",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("track" = u32, Path, description = "Stream index of the sound track.")),
    responses(
        (status = 200, description = "All segments.", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
    ),
)]
pub async fn audio_playlist() -> Problem {
    Problem::not_found()
}

/// The init segment of a audio rendition.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/a/{track}/init.mp4",
    tag = "playback",
    operation_id = "stream_audio_init",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("track" = u32, Path, description = "Stream index of the sound track.")),
    responses(
        (status = 200, description = "The init segment.", content_type = "audio/mp4", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn audio_init() -> Problem {
    Problem::not_found()
}

/// A segment of a audio rendition.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/a/{track}/{segment}",
    tag = "playback",
    operation_id = "stream_audio_segment",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("track" = u32, Path, description = "Stream index of the sound track."), ("segment" = String, Path, description = "`{k}.m4s`.", pattern = "^[0-9]{1,9}[.]m4s$")),
    responses(
        (status = 200, description = "The segment.", content_type = "audio/mp4", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn audio_segment() -> Problem {
    Problem::not_found()
}

/// The media playlist of a subtitle track.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/s/{id}/index.m3u8",
    tag = "playback",
    operation_id = "stream_subtitle_playlist",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("id" = String, Path, description = "Name of the subtitle track.", max_length = 40)),
    responses(
        (status = 200, description = "One segment.", content_type = "application/vnd.apple.mpegurl", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
    ),
)]
pub async fn subtitle_playlist() -> Problem {
    Problem::not_found()
}

/// A whole subtitle track as WebVTT.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/s/{name}",
    tag = "playback",
    operation_id = "stream_subtitle",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("name" = String, Path, description = "`{id}.vtt`.", pattern = "^[^/]{1,40}[.]vtt$")),
    responses(
        (status = 200, description = "The track.", content_type = "text/vtt", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn subtitle() -> Problem {
    Problem::not_found()
}
