//! Opens the owner's answer and the journal that goes by it.
//!
//! Never: an answer of its own.

use std::sync::Arc;

use super::config::Config;
use crate::base::clock::SharedClock;
use crate::base::folder::Folder;
use crate::board::Board;
use crate::consent::{Access, Consent, Place, Settings, asks_not_to_track};
use crate::db::{Db, DbError};
use crate::http::Addresses;
use crate::telemetry::crash::Reports;
use crate::telemetry::journal::{Gathered, Journal, Source};
use crate::telemetry::registry::REGISTRY;

const DO_NOT_TRACK: &str = "DO_NOT_TRACK";

/// Opens the answer for changing, and the journal.
///
/// # Errors
/// [`DbError`] of the query.
pub(super) async fn open(
    config: &Config,
    db: &Db,
    clock: &SharedClock,
    source: Arc<dyn Source>,
) -> Result<Journal, DbError> {
    let crash_folder = config.state.join("crashes");
    let (config, kept_clock) = (config.clone(), Arc::clone(clock));
    let opening = tokio::task::spawn_blocking(move || consent(&config, Access::Change, kept_clock));
    let consent = opening.await.map_err(|_| DbError::Closed)?;
    if let Some(reason) = consent.state().reason {
        log::warn!("nothing is collected: {reason}");
    }
    let crashes = Reports::new(
        Folder::new(crash_folder),
        consent.clone(),
        Board::new("/".into()).family(),
        Arc::clone(clock),
    );
    Journal::open(db.clone(), consent, crashes, Arc::clone(clock), source).await
}

/// Opens the answer. Blocks.
pub(super) fn consent(config: &Config, access: Access, clock: SharedClock) -> Consent {
    let places: Vec<Place> = config
        .flashes()
        .iter()
        .map(|path| Place::at(path))
        .collect();
    let settings = Settings {
        registry_version: REGISTRY.version,
        do_not_track: do_not_track(),
        access,
        clock,
    };
    Consent::open(&places, settings)
}

/// What lies outside, as configured.
pub(super) fn addresses(config: &Config) -> Addresses {
    let some = |address: &String| Some(address.clone()).filter(|address| !address.is_empty());
    Addresses {
        collector: some(&config.privacy.collector),
        news: some(&config.privacy.news),
        do_not_track: do_not_track(),
    }
}

/// True when the environment asks for it.
pub(super) fn do_not_track() -> bool {
    asks_not_to_track(std::env::var_os(DO_NOT_TRACK).as_deref())
}

/// Where no playbacks are watched.
pub(super) struct Nobody;

impl Source for Nobody {
    fn gather(&self, _: Gathered) {}
}
