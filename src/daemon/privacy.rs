//! Opens the owner's answer and the journal that goes by it.
//!
//! Never: an answer of its own.

use std::sync::Arc;

use super::config::Config;
use crate::base::clock::SharedClock;
use crate::base::folder::Folder;
use crate::board::Board;
use crate::consent::{Access, Consent, Place, Reason, Settings, asks_not_to_track};
use crate::db::{Db, DbError, settings};
use crate::http::Addresses;
use crate::telemetry::crash::Reports;
use crate::telemetry::journal::{Gathered, Journal, Look, Source};
use crate::telemetry::registry::REGISTRY;

const DO_NOT_TRACK: &str = "DO_NOT_TRACK";
/// Under this name the database remembers the files that keep the answer: [`MADE`], or [`LOST`].
const FLASH_FILES: &str = "consent_files";
const MADE: &str = "made";
/// One of them was gone, and that is perhaps not on flash yet.
const LOST: &str = "lost";

/// Opens the answer for changing, and the journal that goes by it.
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
    let remembered = db.read(|conn| settings::get(conn, FLASH_FILES)).await?;
    let is_lost = match remembered.as_deref() {
        None => false,
        Some(LOST) => true,
        Some(_) => !are_there(&config),
    };
    if is_lost {
        remember(db, LOST).await?;
    }
    let to_open = config.clone();
    let opening = tokio::task::spawn_blocking(move || {
        let settings = settings_of(Access::Change, kept_clock);
        if is_lost {
            Consent::open_after_loss(&places(&to_open), settings)
        } else {
            Consent::open(&places(&to_open), settings)
        }
    });
    let consent = opening.await.map_err(|_| DbError::Closed)?;
    let is_noted = consent.state().reason != Some(Reason::NotSaved) && are_there(&config);
    if is_noted && (is_lost || remembered.is_none()) {
        remember(db, MADE).await?;
    }
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

/// Looks at both, and changes nothing.
///
/// # Errors
/// [`DbError`] of the query.
pub(super) async fn look(config: &Config, db: &Db, clock: SharedClock) -> Result<Look, DbError> {
    let (config, kept_clock) = (config.clone(), Arc::clone(&clock));
    let opening = tokio::task::spawn_blocking(move || consent(&config, Access::Look, kept_clock));
    let consent = opening.await.map_err(|_| DbError::Closed)?;
    Look::at(db, &consent, &clock).await
}

/// Opens the answer. Blocks.
pub(super) fn consent(config: &Config, access: Access, clock: SharedClock) -> Consent {
    Consent::open(&places(config), settings_of(access, clock))
}

fn places(config: &Config) -> Vec<Place> {
    config
        .flashes()
        .iter()
        .map(|path| Place::at(path))
        .collect()
}

fn settings_of(access: Access, clock: SharedClock) -> Settings {
    Settings {
        registry_version: REGISTRY.version,
        do_not_track: do_not_track(),
        access,
        clock,
    }
}

/// True when every file is there that keeps the answer.
fn are_there(config: &Config) -> bool {
    places(config).iter().all(|place| match place {
        Place::File(path) => path.exists(),
        Place::Device(_) => true,
    })
}

async fn remember(db: &Db, word: &'static str) -> Result<(), DbError> {
    db.write(move |conn| settings::set(conn, FLASH_FILES, word))
        .await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;
    use crate::consent::{Choice, Mode, Switches};

    /// Mode in force, reason, and whether bookings are lost, after a start.
    async fn start(config: &Config, answer: Option<Choice>) -> (Mode, Option<Reason>, bool) {
        let db = Db::open(&config.state).unwrap();
        let clock: SharedClock = Arc::new(ManualClock::at_unix_ms(1_795_003_200_000));
        let journal = open(config, &db, &clock, Arc::new(Nobody)).await.unwrap();
        if let Some(choice) = answer {
            journal.answer(choice, Switches::default()).await.unwrap();
        }
        let consent = journal.consent();
        let state = consent.state();
        let seen = (state.effective.mode(), state.reason, consent.budget().lost);
        drop(journal);
        db.close().await;
        seen
    }

    #[tokio::test]
    async fn an_answer_whose_file_was_deleted_is_off_and_its_year_is_spent() {
        let scratch = tempfile::tempdir().unwrap();
        let config = Config {
            state: scratch.path().to_owned(),
            ..Config::default()
        };
        assert_eq!(start(&config, None).await, (Mode::Undecided, None, false));
        assert_eq!(start(&config, None).await, (Mode::Undecided, None, false));
        let answered = start(&config, Some(Choice::Off)).await;
        assert_eq!(answered, (Mode::Off, None, false));
        std::fs::remove_file(scratch.path().join("consent.flash")).unwrap();
        let lost = (Mode::Off, Some(Reason::Missing), true);
        assert_eq!(start(&config, None).await, lost);
        assert_eq!(start(&config, None).await, (Mode::Off, None, true));
        let answered = start(&config, Some(Choice::Share)).await;
        assert_eq!(answered, (Mode::Share, None, true));
        assert_eq!(start(&config, None).await, (Mode::Share, None, true));
    }

    #[tokio::test]
    async fn a_loss_is_noted_at_the_next_start_when_the_first_was_cut() {
        let scratch = tempfile::tempdir().unwrap();
        let config = Config {
            state: scratch.path().to_owned(),
            ..Config::default()
        };
        start(&config, None).await;
        let db = Db::open(&config.state).unwrap();
        remember(&db, LOST).await.unwrap();
        db.close().await;
        drop(db);
        let lost = (Mode::Off, Some(Reason::Missing), true);
        assert_eq!(start(&config, None).await, lost);
    }
}
