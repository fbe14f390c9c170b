//! What a playback address leads to. The ticket in it is the login.
//!
//! Never: a cookie.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};

use crate::http::app::{App, Shared};
use crate::http::extract::Path;
use crate::http::playing::Playing;
use crate::http::problem::Problem;
use crate::http::send_file::send_file;
use crate::http::watched::Watched;
use crate::library::SubtitleRef;
use crate::transcode::playlist::{self, SubtitleRendition};
use crate::transcode::session::{Part, Rendition, SessionError};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
/// The ticket in the address stands for content and conversion, so nothing at it ever changes.
const CACHE: &str = "private, max-age=86400, immutable";

/// The file itself; as `items/{id}/file`.
#[utoipa::path(method(get, head), path = "/api/v1/stream/{ticket}/file",
    tag = "playback",
    operation_id = "stream_file",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000)),
    responses(
        (status = 200, description = "The whole file.", content((String = "video/*"), (String = "audio/*"), (String = "image/*"), (String = "application/octet-stream"))),
        (status = 206, description = "The range asked for.", content((String = "video/*"), (String = "audio/*"), (String = "image/*"), (String = "application/octet-stream"))),
        (status = 304, description = "Unchanged."),
        (status = 409, description = "Its folder is away."),
        (status = 412, description = "It has changed."),
        (status = 416, description = "Past the end."),
    ),
)]
pub async fn file(
    State(app): State<Shared>,
    playing: Playing,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ended = playing.session.ended().clone();
    let (playbacks, watched) = (&app.rooms.playbacks, playing.watched());
    let sent = send_file(&app, playing.source.into(), &method, &headers, ended).await;
    match sent {
        Ok(answer) if method == Method::GET && answer.status().is_success() => {
            let hold = playbacks.hold(watched);
            Ok(answer.map(|body| Body::new(Watched::new(body, hold))))
        }
        Ok(answer) => Ok(answer),
        Err(problem) => {
            if is_failure(problem.status()) {
                playbacks.broke(watched);
            }
            Err(problem)
        }
    }
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
pub async fn multivariant(playing: Playing) -> Result<Response, Problem> {
    playing.in_segments()?;
    let subtitles: Vec<_> = playing.source.subtitles.iter().map(rendition).collect();
    let text = playlist::multivariant(&playing.plan, &playing.source.info, &subtitles);
    Ok(answer(PLAYLIST, text))
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
pub async fn video_playlist(
    playing: Playing,
    Path((_, rung)): Path<(String, u8)>,
) -> Result<Response, Problem> {
    playing
        .plan
        .video_target(rung)
        .ok_or_else(Problem::not_found)?;
    Ok(answer(
        PLAYLIST,
        playlist::media(playing.in_segments()?.grid()),
    ))
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
pub async fn video_init(
    State(app): State<Shared>,
    playing: Playing,
    Path((_, rung)): Path<(String, u8)>,
) -> Result<Response, Problem> {
    part(&app, &playing, Rendition::Video(rung), Part::Init).await
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
pub async fn video_segment(
    State(app): State<Shared>,
    playing: Playing,
    Path((_, rung, name)): Path<(String, u8, String)>,
) -> Result<Response, Problem> {
    part(&app, &playing, Rendition::Video(rung), segment(&name)?).await
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
pub async fn audio_playlist(
    playing: Playing,
    Path((_, track)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    playing
        .plan
        .audio_target(track)
        .ok_or_else(Problem::not_found)?;
    Ok(answer(
        PLAYLIST,
        playlist::media(playing.in_segments()?.grid()),
    ))
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
pub async fn audio_init(
    State(app): State<Shared>,
    playing: Playing,
    Path((_, track)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    part(&app, &playing, Rendition::Audio(track), Part::Init).await
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
pub async fn audio_segment(
    State(app): State<Shared>,
    playing: Playing,
    Path((_, track, name)): Path<(String, u32, String)>,
) -> Result<Response, Problem> {
    part(&app, &playing, Rendition::Audio(track), segment(&name)?).await
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
pub async fn subtitle_playlist(
    playing: Playing,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    playing.subtitle(&id)?;
    Ok(answer(
        PLAYLIST,
        playlist::subtitle(playing.in_segments()?.grid(), &id),
    ))
}

/// A whole subtitle track as WebVTT.
#[utoipa::path(get, path = "/api/v1/stream/{ticket}/s/{id}",
    tag = "playback",
    operation_id = "stream_subtitle",
    params(("ticket" = String, Path, description = "From the address that `playback` gave.", max_length = 2000), ("id" = String, Path, description = "`{id}.vtt`.", pattern = "^[^/]{1,40}[.]vtt$")),
    responses(
        (status = 200, description = "The track.", content_type = "text/vtt", body = String),
        (status = 409, description = "The file is away or has changed."),
        (status = 422, description = "The file cannot be converted."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn subtitle(
    State(app): State<Shared>,
    playing: Playing,
    Path((_, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = name.strip_suffix(".vtt").ok_or_else(Problem::not_found)?;
    playing.subtitle(id)?;
    let text = app.rooms.library.subtitle(playing.source.item, id).await?;
    app.rooms.playbacks.subtitles(playing.watched());
    Ok(answer("text/vtt; charset=utf-8", text))
}

async fn part(
    app: &App,
    playing: &Playing,
    rendition: Rendition,
    part: Part,
) -> Result<Response, Problem> {
    let (sessions, key) = (&app.rooms.sessions, playing.key());
    let source = playing.in_segments()?;
    let made = sessions.part(key, &source, &playing.plan, rendition, part);
    let made = tokio::select! {
        made = made => made,
        () = playing.session.ended().cancelled() => return Err(playing.ended()),
    };
    note(app, playing, rendition, part, made.as_ref().err());
    let bytes = made?;
    let mime = match rendition {
        Rendition::Video(_) => "video/mp4",
        Rendition::Audio(_) => "audio/mp4",
    };
    Ok(answer(mime, bytes))
}

/// Tells the statistics that a part was had, or why not.
fn note(
    app: &App,
    playing: &Playing,
    rendition: Rendition,
    part: Part,
    error: Option<&SessionError>,
) {
    let (playbacks, watched) = (&app.rooms.playbacks, playing.watched());
    let is_picture = matches!(rendition, Rendition::Video(_));
    match error {
        // A player that asks for what is not there, and a server that ends, say nothing of the file.
        Some(SessionError::NoSuchPart | SessionError::Closed) => {}
        Some(_) => playbacks.broke(watched),
        None if matches!(part, Part::Segment(_))
            && (is_picture || playing.plan.video.is_none()) =>
        {
            playbacks.delivered(watched);
        }
        None => playbacks.fetched(watched),
    }
    if let Rendition::Audio(stream) = rendition
        && playing
            .plan
            .first_audio
            .is_some_and(|first| first != stream)
    {
        playbacks.sound_chosen(watched);
    }
}

/// True when a file could not be sent although it was asked for as it should be.
fn is_failure(status: StatusCode) -> bool {
    status == StatusCode::CONFLICT || status.is_server_error()
}

fn segment(name: &str) -> Result<Part, Problem> {
    let number = name
        .strip_suffix(".m4s")
        .filter(|k| k.bytes().all(|b| b.is_ascii_digit()));
    let number = number
        .and_then(|k| k.parse().ok())
        .ok_or_else(Problem::not_found)?;
    Ok(Part::Segment(number))
}

fn answer(mime: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, mime), (CACHE_CONTROL, CACHE)], body.into()).into_response()
}

fn rendition(subtitle: &SubtitleRef) -> SubtitleRendition {
    SubtitleRendition {
        id: subtitle.id.clone(),
        language: subtitle.language.clone(),
        title: subtitle.title.clone(),
        is_default: subtitle.default,
        is_forced: subtitle.forced,
        is_hearing_impaired: subtitle.hearing_impaired,
    }
}
