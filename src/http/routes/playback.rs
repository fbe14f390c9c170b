//! How an item is played.
//!
//! Never: the decision itself.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;

use crate::auth::Session;
use crate::auth::ticket::Claims;
use crate::http::app::{App, Shared};
use crate::http::extract::{ItemPath, Json, PlayedOn};
use crate::http::guard::Someone;
use crate::http::playing::{playable, session_key};
use crate::http::problem::Problem;
use crate::http::send_file::content_type;
use crate::http::types::Id;
use crate::http::types::item::Chapter;
use crate::http::types::playback::{
    Converter, Playback, PlaybackAudio, PlaybackRequest, PlaybackSubtitle, PlaybackVideo,
    SubtitleFormat,
};
use crate::http::types::time;
use crate::library::{ItemId, LibraryError, Source, UserId};
use crate::media::client::ClientProfile;
use crate::media::info::MediaInfo;
use crate::media::target::VideoTarget;
use crate::transcode::decide::{Limits, Question, Verdict, decide};
use crate::transcode::plan::{Decision, Plan};
use crate::transcode::playbacks::{Begin, PlaybackKey};

/// A ticket lasts for a day and for the film several times over: pauses count.
const TICKET_MS: i64 = 24 * 60 * 60 * 1000;
/// Names in a list; more are no player's.
const MAX_NAMES: usize = 100;

/// Decides how the player gets this item and says why.
#[utoipa::path(post, path = "/api/v1/items/{id}/playback",
    tag = "playback",
    params(("id" = inline(Id), Path)),
    request_body = PlaybackRequest,
    responses(
        (status = 200, body = Playback, description = "Where and how."),
        (status = 409, description = "Its folder is away."),
        (status = 422, description = "There is nothing in it that this player could play."),
        (status = 503, description = "Too much is being converted; `Retry-After` says when to come again."),
    ),
)]
pub async fn playback(
    State(app): State<Shared>,
    Someone(session): Someone,
    PlayedOn(player): PlayedOn,
    ItemPath(id): ItemPath,
    Json(request): Json<PlaybackRequest>,
) -> Result<Answer<Playback>, Problem> {
    let (library, user, item) = (&app.rooms.library, UserId(session.user_id), ItemId(id.0));
    let client = profile(&request)?;
    let source = library
        .source_with_grid(item)
        .await
        .map_err(|error| match error {
            LibraryError::NoFile => {
                Problem::invalid("nothing_playable", "There is nothing in this to play.")
            }
            other => other.into(),
        })?;
    let is_played = request.explain != Some(true);
    let begin = |decision| {
        let watched = PlaybackKey {
            owner: session.id,
            item: id.0,
        };
        let begin = Begin {
            file_id: source.file_id.0,
            info: Arc::clone(&source.info),
            client: player,
            decision,
            sound_chosen: chooses_sound(&source.info, request.audio_stream),
        };
        if is_played {
            app.rooms.playbacks.begin(watched, begin);
        }
    };
    let arranged = arrange(&app, &session, &source, &client, &request);
    let decided = arranged.as_ref().ok();
    begin(decided.map(|arranged| arranged.verdict.decision));
    let Arranged {
        verdict,
        ticket,
        expires_at_ms,
    } = arranged?;
    let summary = library.summary(user, item).await?;
    let next = library.next_of(user, item).await?;
    let resume = summary.progress.filter(|progress| !progress.watched);
    Ok(Answer(Playback {
        resume_ms: resume.map_or(0, |progress| progress.position_ms),
        next: next.map(Into::into),
        expires_at: time::rfc3339(expires_at_ms),
        wants_experience: is_played && app.rooms.playbacks.collects(),
        ..describe(&source, verdict, &ticket)
    }))
}

/// A playback that may begin.
struct Arranged {
    verdict: Verdict,
    ticket: String,
    expires_at_ms: i64,
}

/// Decides, and takes room for a conversion.
fn arrange(
    app: &App,
    session: &Arc<Session>,
    source: &Source,
    client: &ClientProfile,
    request: &PlaybackRequest,
) -> Result<Arranged, Problem> {
    let sessions = &app.rooms.sessions;
    let verdict = decide(&Question {
        info: &source.info,
        client,
        limits: &Limits {
            max_height: request.quality_max_height,
            max_bit_rate_kbps: request.quality_max_bit_rate_kbps,
        },
        capacity: &sessions.capacity_for(session.id),
        grid: source.grid.as_deref(),
        audio_stream: request.audio_stream,
    })
    .map_err(|unplayable| {
        let last = unplayable.reasons.last();
        Problem::invalid("nothing_playable", last.map_or("", |reason| &reason.text))
    })?;
    let now_ms = app.rooms.clock.unix_ms();
    let expires_at_ms = now_ms.saturating_add(lifetime_ms(&source.info));
    let ticket = ticket(app, session, source, &verdict.plan, expires_at_ms)?;
    if verdict.decision != Decision::DirectPlay && request.explain != Some(true) {
        let playable = playable(source, &verdict.plan)?;
        sessions.admit(session_key(session, &ticket), &playable, &verdict.plan)?;
    }
    Ok(Arranged {
        verdict,
        ticket,
        expires_at_ms,
    })
}

/// True when the wanted sound track is not the one that plays by itself.
fn chooses_sound(info: &MediaInfo, wanted: Option<u32>) -> bool {
    let mut tracks = info.audio.iter();
    let usual = tracks.find(|track| track.is_default);
    let usual = usual.or(info.audio.first()).map(|track| track.stream);
    let is_there = |stream: &u32| info.audio.iter().any(|track| track.stream == *stream);
    wanted
        .filter(is_there)
        .is_some_and(|stream| Some(stream) != usual)
}

/// What the player says; names that Alcove does not tell apart are left out.
fn profile(request: &PlaybackRequest) -> Result<ClientProfile, Problem> {
    let lists = [
        &request.containers,
        &request.video_codecs,
        &request.audio_codecs,
    ];
    if lists.iter().any(|list| list.len() > MAX_NAMES) {
        return Err(Problem::invalid(
            "invalid_body",
            "A list has at most 100 names.",
        ));
    }
    fn known<T>(names: &[String], parse: fn(&str) -> Option<T>) -> Vec<T> {
        names
            .iter()
            .filter_map(|name| parse(&name.to_ascii_lowercase()))
            .collect()
    }
    use crate::media::codec::{AudioCodec, Container, VideoCodec};
    Ok(ClientProfile {
        containers: known(&request.containers, Container::parse),
        video_codecs: known(&request.video_codecs, VideoCodec::parse),
        audio_codecs: known(&request.audio_codecs, AudioCodec::parse),
        max_height: request.max_height,
        max_bit_rate_kbps: request.max_bit_rate_kbps,
        max_bit_depth: request.max_bit_depth,
        max_audio_channels: request.max_audio_channels,
        hdr: request.hdr.unwrap_or(false),
        hls: request.hls.unwrap_or(true),
    })
}

fn lifetime_ms(info: &MediaInfo) -> i64 {
    let film_ms = i64::try_from(info.duration_ms.unwrap_or(0)).unwrap_or(0);
    TICKET_MS.max(film_ms.saturating_mul(4)).min(7 * TICKET_MS)
}

fn ticket(
    app: &App,
    session: &Arc<Session>,
    source: &Source,
    plan: &Plan,
    expires_at_ms: i64,
) -> Result<String, Problem> {
    let claims = Claims {
        session_id: session.id,
        user_id: session.user_id,
        item_id: source.item.0,
        file_id: source.file_id.0,
        fingerprint: source.fingerprint,
        expires_at_ms,
        plan,
    };
    let sealed = app.rooms.accounts.seal(&claims);
    sealed.ok_or_else(|| Problem::invalid("nothing_playable", "The file has too many tracks."))
}

/// Everything that follows from the file and the decision.
fn describe(source: &Source, verdict: Verdict, ticket: &str) -> Playback {
    let info = &source.info;
    let base = format!("/api/v1/stream/{ticket}");
    let (url, mime) = match verdict.decision {
        Decision::DirectPlay => (
            format!("{base}/file"),
            content_type(info, &source.file_name),
        ),
        _ => (
            format!("{base}/main.m3u8"),
            "application/vnd.apple.mpegurl".to_owned(),
        ),
    };
    let subtitle = |one: &crate::library::SubtitleRef| PlaybackSubtitle {
        id: one.id.clone(),
        language: one.language.clone(),
        title: one.title.clone(),
        forced: one.forced,
        hearing_impaired: one.hearing_impaired,
        default: one.default,
        url: format!("{base}/s/{}.vtt", one.id),
        format: SubtitleFormat::WebVtt,
    };
    Playback {
        decision: verdict.decision.into(),
        backend: Converter::of(verdict.decision),
        reasons: verdict.reasons.into_iter().map(Into::into).collect(),
        url,
        mime,
        expires_at: String::new(),
        duration_ms: info.duration_ms,
        resume_ms: 0,
        audio: info.audio.iter().map(PlaybackAudio::from).collect(),
        subtitles: source.subtitles.iter().map(subtitle).collect(),
        chapters: info.chapters.iter().map(Chapter::from).collect(),
        wants_experience: false,
        next: None,
        video: picture(info, &verdict.plan),
    }
}

/// The picture as the player gets it: the best rendition, or the track of the file.
fn picture(info: &MediaInfo, plan: &Plan) -> Option<PlaybackVideo> {
    let stream = plan.video.as_ref().map(|video| video.stream);
    let track = match stream {
        Some(stream) => info.video.iter().find(|track| track.stream == stream),
        None => info.video.first(),
    }?;
    let codec = track.codec.to_string();
    match plan.video_target(0) {
        Some(VideoTarget::H264(target)) => Some(PlaybackVideo {
            codec: "h264".to_owned(),
            width: target.width,
            height: target.height,
        }),
        Some(VideoTarget::Copy) | None => Some(PlaybackVideo {
            codec,
            width: track.width,
            height: track.height,
        }),
    }
}
