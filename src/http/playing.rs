//! A playback that a ticket stands for.
//!
//! Never: cookies; the ticket alone says who plays what.

use std::io;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;

use super::app::Shared;
use super::extract::Path;
use super::problem::Problem;
use crate::auth::Session;
use crate::auth::ticket::TicketError;
use crate::library::{self, ItemId, SubtitleRef};
use crate::transcode::plan::{Decision, GridChoice, Plan};
use crate::transcode::playbacks::PlaybackKey;
use crate::transcode::session::{SessionError, SessionKey};
use crate::transcode::source::{Opening, Source, regular_grid};

/// What a valid ticket leads to.
#[derive(Debug)]
pub struct Playing {
    pub session: Arc<Session>,
    pub plan: Plan,
    pub source: library::Source,
    ticket: String,
}

impl FromRequestParts<Shared> for Playing {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let Path(values) = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await?;
        let ticket = values.into_iter().find(|(name, _)| name == "ticket");
        let (_, ticket) = ticket.ok_or_else(Problem::not_found)?;
        let (claims, session) = app.rooms.accounts.ticket::<Plan>(&ticket).await??;
        let source = app.rooms.library.source(ItemId(claims.item_id)).await?;
        if source.file_id.0 != claims.file_id || source.fingerprint != claims.fingerprint {
            return Err(changed());
        }
        Ok(Self {
            session,
            plan: claims.plan,
            source,
            ticket,
        })
    }
}

impl Playing {
    /// Names the playback among all that run.
    pub fn key(&self) -> SessionKey<'_> {
        session_key(&self.session, &self.ticket)
    }

    /// Names what is watched, for the statistics: the same for every address of one film.
    pub fn watched(&self) -> PlaybackKey {
        PlaybackKey {
            owner: self.session.id,
            item: self.source.item.0,
        }
    }

    /// The source with the grid of this playback.
    ///
    /// # Errors
    /// 404 for a playback of the file as it is, 409 when the grid has gone with the file.
    pub fn in_segments(&self) -> Result<Source, Problem> {
        if self.plan.decision == Decision::DirectPlay {
            return Err(Problem::not_found());
        }
        playable(&self.source, &self.plan)
    }

    /// The subtitle track with that name.
    ///
    /// # Errors
    /// 404 when the file has none.
    pub fn subtitle(&self, id: &str) -> Result<&SubtitleRef, Problem> {
        self.source
            .subtitles
            .iter()
            .find(|one| one.id == id)
            .ok_or_else(Problem::not_found)
    }

    /// The answer when the person has logged out meanwhile.
    pub fn ended(&self) -> Problem {
        TicketError::Ended.into()
    }
}

/// The signed part of a ticket: short, and one for each playback.
pub fn session_key<'a>(session: &Session, ticket: &'a str) -> SessionKey<'a> {
    SessionKey {
        owner: session.id,
        playback: ticket.rsplit('.').next().unwrap_or(ticket),
    }
}

/// The library's file as sessions take it, with the grid that `plan` lies on.
///
/// # Errors
/// 409 when the stored grid is gone, 422 when the headers do not give one.
pub fn playable(source: &library::Source, plan: &Plan) -> Result<Source, Problem> {
    let grid = match plan.grid {
        GridChoice::Stored => source.grid.clone().ok_or_else(changed)?,
        GridChoice::Regular => Arc::new(regular_grid(&source.info).map_err(|error| {
            Problem::invalid(
                "nothing_playable",
                format!("The file cannot be cut: {error}."),
            )
        })?),
    };
    let file = source.clone();
    let opener = Arc::new(move || -> Opening {
        let file = file.clone();
        Box::pin(async move { file.open().await.map_err(io::Error::other) })
    });
    let info = Arc::clone(&source.info);
    Ok(Source::new(
        opener,
        source.file_id.0,
        source.fingerprint,
        info,
        grid,
    ))
}

fn changed() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "file_changed",
        "The file has changed since it began to play. Start playing again.",
    )
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let unavailable = |code, detail: String, seconds| {
            Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after_s(seconds)
        };
        match error {
            SessionError::Busy {
                retry_after_s,
                reason,
            } => unavailable("busy", reason, u64::from(retry_after_s)),
            SessionError::NoSuchPart => Self::not_found(),
            SessionError::Read(_) => library::LibraryError::NotAvailable.into(),
            SessionError::Damaged(_) => {
                Self::invalid("damaged", "The file is damaged at this place.")
            }
            SessionError::Unsupported(_) => {
                Self::invalid("unsupported", "This file cannot be converted.")
            }
            SessionError::OutOfMemory => unavailable(
                "out_of_memory",
                "Converting this needs more memory than there is.".to_owned(),
                10,
            ),
            SessionError::Crashed(_) | SessionError::TimedOut => unavailable(
                "conversion_failed",
                "Converting this place failed; it may work when tried again.".to_owned(),
                5,
            ),
            SessionError::Closed => Self::ending(),
        }
    }
}
