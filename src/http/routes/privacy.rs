//! What the owner allows, and everything that comes of it.
//!
//! Never: an answer acknowledged before it is on flash; a change by anybody but the owner, or the household shown to them.

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;

use crate::auth::Role;
use crate::consent::Consent as Kept;
use crate::http::app::Shared;
use crate::http::extract::Json;
use crate::http::guard::{Owner, Someone};
use crate::http::problem::Problem;
use crate::http::types::privacy::{
    Consent, ConsentRequest, Destination, Destinations, Journal, Ledger, MetricCount, NextReport,
    Receipt, Receipts, Registry,
};
use crate::telemetry::destinations::Destination as Place;

/// The owner's answer, and what holds of it.
#[utoipa::path(get, path = "/api/v1/privacy/consent",
    tag = "privacy",
    operation_id = "privacy_consent",
    responses(
        (status = 200, body = Consent, description = "What is stored and what holds."),
    ),
)]
pub async fn consent(State(app): State<Shared>, _: Someone) -> Answer<Consent> {
    Answer(now(&app))
}

/// Stores the owner's answer. It is on flash, and what may no longer be kept is deleted, before this answers.
#[utoipa::path(put, path = "/api/v1/privacy/consent",
    tag = "privacy",
    operation_id = "privacy_answer",
    request_body = ConsentRequest,
    responses(
        (status = 200, body = Consent, description = "Stored."),
        (status = 409, description = "A yes cannot hold: DO_NOT_TRACK is set, or a newer Alcove wrote the answer before. Or a later answer was stored meanwhile."),
        (status = 503, description = "Not stored, and now off; or stored, but what was counted is not deleted yet."),
    ),
)]
pub async fn answer(
    State(app): State<Shared>,
    _: Owner,
    Json(request): Json<ConsentRequest>,
) -> Result<Answer<Consent>, Problem> {
    let journal = &app.rooms.journal;
    let (choice, switches) = (request.mode.into(), request.switches.into());
    journal.answer(choice, switches).await?;
    Ok(Answer(now(&app)))
}

fn now(app: &Shared) -> Consent {
    let journal = &app.rooms.journal;
    let state = journal.consent().state();
    Consent::new(&state, app.rooms.addresses.do_not_track, journal.trouble())
}

/// Every metric that could be collected, with all its classes.
#[utoipa::path(get, path = "/api/v1/privacy/registry",
    tag = "privacy",
    operation_id = "privacy_registry",
    responses(
        (status = 200, body = Registry, description = "The registry of this program."),
    ),
)]
pub async fn registry(_: Someone) -> Answer<Registry> {
    Answer(Registry::current())
}

/// What was counted today and this week.
#[utoipa::path(get, path = "/api/v1/privacy/journal",
    tag = "privacy",
    operation_id = "privacy_journal",
    responses(
        (status = 200, body = Journal, description = "Counts by class."),
    ),
)]
pub async fn journal(State(app): State<Shared>, _: Owner) -> Answer<Journal> {
    let journal = &app.rooms.journal;
    Answer(Journal {
        collecting: journal.is_collecting(),
        week: journal.week().to_string(),
        counts: journal
            .counts()
            .into_iter()
            .map(MetricCount::from)
            .collect(),
    })
}

/// Deletes everything that was collected, from the disk too.
#[utoipa::path(delete, path = "/api/v1/privacy/journal",
    tag = "privacy",
    operation_id = "privacy_clear",
    responses(
        (status = 204, description = "Deleted."),
    ),
)]
pub async fn clear(State(app): State<Shared>, _: Owner) -> Result<StatusCode, Problem> {
    app.rooms.journal.clear().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The next reports, byte by byte.
#[utoipa::path(get, path = "/api/v1/privacy/next-report",
    tag = "privacy",
    operation_id = "privacy_next_report",
    responses(
        (status = 200, body = NextReport, description = "What would be sent, and what becomes of it."),
    ),
)]
pub async fn next_report(
    State(app): State<Shared>,
    _: Owner,
) -> Result<Answer<NextReport>, Problem> {
    let journal = app.rooms.journal.clone();
    // The ledger waits while an answer is written to flash.
    let next = tokio::task::spawn_blocking(move || journal.next()).await;
    Ok(Answer(
        next.map_err(|error| Problem::internal(&error))?.into(),
    ))
}

/// Every report that was sent.
#[utoipa::path(get, path = "/api/v1/privacy/receipts",
    tag = "privacy",
    operation_id = "privacy_receipts",
    responses(
        (status = 200, body = Receipts, description = "The newest first."),
    ),
)]
pub async fn receipts(State(app): State<Shared>, _: Owner) -> Result<Answer<Receipts>, Problem> {
    let sent = app.rooms.journal.receipts().await?;
    Ok(Answer(Receipts {
        receipts: sent.into_iter().map(Receipt::from).collect(),
    }))
}

/// Every place outside the home network that Alcove can ever contact; the addresses are for the owner.
#[utoipa::path(get, path = "/api/v1/privacy/destinations",
    tag = "privacy",
    operation_id = "privacy_destinations",
    responses(
        (status = 200, body = Destinations, description = "All of them."),
    ),
)]
pub async fn destinations(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Answer<Destinations> {
    let is_owner = session.role == Role::Owner;
    let addresses = &app.rooms.addresses;
    let effective = app.rooms.journal.consent().state().effective;
    // Off the firmware nothing counts.
    let outside = app.rooms.updates.outside().await.ok();
    let sent = |place| {
        let counts = outside.as_ref()?;
        let count = match place {
            Place::Collector | Place::Crashes => counts.statistics,
            Place::News => counts.news,
        };
        count.map(|count| count.packets)
    };
    let one = |place: Place| {
        let address = match place {
            Place::Collector | Place::Crashes => &addresses.collector,
            Place::News => &addresses.news,
        };
        Destination {
            id: place.into(),
            configured: address.is_some(),
            address: address.clone().filter(|_| is_owner),
            switch: place.switch().into(),
            allowed: effective.shares(place.switch()),
            packets: sent(place),
        }
    };
    Answer(Destinations {
        counted: outside
            .as_ref()
            .is_some_and(|outside| outside.dropped.is_some()),
        destinations: Place::ALL.map(one).into(),
    })
}

/// What is booked of the privacy budget.
#[utoipa::path(get, path = "/api/v1/privacy/ledger",
    tag = "privacy",
    operation_id = "privacy_ledger",
    responses(
        (status = 200, body = Ledger, description = "Of this week and this year."),
    ),
)]
pub async fn ledger(State(app): State<Shared>, _: Someone) -> Result<Answer<Ledger>, Problem> {
    let consent: Kept = app.rooms.journal.consent().clone();
    let budget = tokio::task::spawn_blocking(move || consent.budget()).await;
    let budget = budget.map_err(|error| Problem::internal(&error))?;
    Ok(Answer(budget.into()))
}
