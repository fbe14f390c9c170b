//! Server-sent events.
//!
//! Never: keeping what a slow client missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError, watch};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::auth::Session;
use crate::consent::Mode;
use crate::http::app::Shared;
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::privacy::ConsentMode;
use crate::http::types::scan::Scan;
use crate::library::LibraryEvent;

/// A line that means nothing, so that both ends notice a connection that has gone.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// News as they happen: `scan` carries a Scan, `items` `{library_id, changed}`, `item` `{id}`, `privacy` `{mode}`, `resync` asks to load everything again.
#[utoipa::path(get, path = "/api/v1/events",
    tag = "scan",
    responses(
        (status = 200, description = "A stream that lasts.", content_type = "text/event-stream", body = ServerEvent),
        (status = 503, description = "Too many listeners."),
    ),
)]
pub async fn events(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Result<Response, Problem> {
    let permit = Arc::clone(&app.listeners)
        .try_acquire_owned()
        .map_err(|error| match error {
            TryAcquireError::NoPermits => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many listeners; try again later.",
            )
            .retry_after_s(30),
            TryAcquireError::Closed => Problem::ending(),
        })?;
    let listener = Listener {
        news: app.rooms.library.subscribe(),
        mode: app.rooms.journal.subscribe(),
        session,
        shutdown: app.rooms.shutdown.clone(),
        _permit: permit,
    };
    let now = Scan::from(app.rooms.library.scan_status());
    let first = Bytes::from(format!("retry: 2000\n\n{}", event("scan", &now)));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(listener.stream(first))).into_response())
}

/// One event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is written as text")]
struct ServerEvent {
    /// `scan`, `items`, `item`, `privacy` or `resync`.
    event: String,
    /// JSON, as the event's name says.
    data: String,
}

/// One open stream of events.
struct Listener {
    news: Receiver<LibraryEvent>,
    /// What holds of the owner's answer.
    mode: watch::Receiver<Mode>,
    session: Arc<Session>,
    shutdown: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    fn stream(self, first: Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold((self, Some(first)), |(mut listener, first)| async move {
            let text = match first {
                Some(first) => first,
                None => listener.next().await?,
            };
            Some((Ok(text), (listener, None)))
        })
    }

    /// The next piece of the stream; `None` when the session or the server ends.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => None,
            () = self.session.ended().cancelled() => None,
            news = self.news.recv() => match news {
                Ok(news) => Some(Bytes::from(describe(news))),
                // What was lost is not known: the page asks for everything again.
                Err(RecvError::Lagged(_)) => Some(Bytes::from_static(b"event: resync\ndata: {}\n\n")),
                Err(RecvError::Closed) => None,
            },
            Ok(()) = self.mode.changed() => {
                let mode = (*self.mode.borrow_and_update()).into();
                Some(Bytes::from(event("privacy", &PrivacyChanged { mode })))
            }
            () = tokio::time::sleep(HEARTBEAT) => Some(Bytes::from_static(b":\n\n")),
        }
    }
}

#[derive(Serialize)]
struct ItemsChanged {
    library_id: Id,
    changed: u64,
}

#[derive(Serialize)]
struct ItemChanged {
    id: Id,
}

/// What holds from now on.
#[derive(Serialize)]
struct PrivacyChanged {
    mode: ConsentMode,
}

fn describe(news: LibraryEvent) -> String {
    match news {
        LibraryEvent::Scan(scan) => event("scan", &Scan::from(scan)),
        LibraryEvent::Items { library, changed } => event(
            "items",
            &ItemsChanged {
                library_id: Id(library.0),
                changed,
            },
        ),
        LibraryEvent::Item(item) => event("item", &ItemChanged { id: Id(item.0) }),
    }
}

/// JSON has no raw line breaks, so one data line holds it.
fn event<T: Serialize>(name: &str, data: &T) -> String {
    let data = serde_json::to_string(data).expect("plain values of the API become JSON");
    format!("event: {name}\ndata: {data}\n\n")
}
