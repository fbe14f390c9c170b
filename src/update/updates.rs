//! Updates as the daemon has them: what was uploaded, how far it is, and what became of the last one.
//!
//! Never: showing a bundle that RAUC does not trust; two uploads or two installations at once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::bootstate::Reset;
use super::bundle;
use super::error::UpdateError;
use super::firmware::{Facts, Firmware};
use super::health::{self, Parts};
use super::helper::Helper;
use super::intake::{Intake, Upload};
use super::offer::{self, Bundle};
use super::outside::{Outside, Switch};
use super::phase::{Phase, Start, Step, at_start};
use super::rauc::{Rauc, RaucError};
use super::record::{Last, Outcome, Record};
use crate::base::clock::SharedClock;
use crate::base::week::Week;

/// The slot that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    pub version: Option<String>,
    /// It holds a version that has proved itself.
    pub is_good: bool,
}

/// What went wrong last, for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub code: &'static str,
    pub text: String,
}

/// Everything the page shows.
#[derive(Clone, Debug)]
pub struct Status {
    /// `None` where this is no firmware.
    pub facts: Option<Facts>,
    pub slot: Option<String>,
    pub other: Option<Other>,
    pub last: Option<Last>,
    /// What runs trusts, or was signed by, a key that everybody who builds Alcove has.
    pub development_key: bool,
    pub phase: Phase,
    pub bundle: Option<Bundle>,
    pub trouble: Option<Trouble>,
}

/// Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Updates(Arc<Inner>);

struct Inner {
    firmware: Firmware,
    facts: Option<Facts>,
    helper: Helper,
    intake: Intake,
    /// Where the settings of before an update are kept.
    aside: PathBuf,
    /// The folders that a version must be able to write.
    folders: Vec<PathBuf>,
    clock: SharedClock,
    uploads: Arc<Semaphore>,
    orders: mpsc::Sender<Bundle>,
    now: Mutex<Now>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Updates").finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Now {
    phase: Phase,
    slot: Option<String>,
    other: Option<Other>,
    record: Record,
    bundle: Option<Bundle>,
    trouble: Option<Trouble>,
}

/// What [`Updates::run`] works off.
#[derive(Debug)]
pub struct Orders(mpsc::Receiver<Bundle>);

/// A bundle that is arriving; dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Receiving {
    updates: Updates,
    upload: Upload,
    _only: OwnedSemaphorePermit,
}

impl Updates {
    /// `state` is the folder of the daemon's state, on the data partition.
    pub fn new(firmware: Firmware, state: &Path, clock: SharedClock) -> (Self, Orders) {
        let (orders, taken) = mpsc::channel(1);
        let intake = Intake::new(state.join("update"));
        intake.clear();
        let facts = firmware.facts();
        let phase = if facts.is_some() {
            Phase::Trying
        } else {
            Phase::Idle
        };
        let record = facts.as_ref().map(|_| Record::read(&firmware.kept()));
        let inner = Inner {
            helper: Helper::at(firmware.helper()),
            intake,
            aside: state.join("settings-before-update"),
            folders: vec![state.to_owned(), firmware.kept()],
            firmware,
            facts,
            clock,
            uploads: Arc::new(Semaphore::new(1)),
            orders,
            now: Mutex::new(Now {
                phase,
                slot: None,
                other: None,
                record: record.unwrap_or_default(),
                bundle: None,
                trouble: None,
            }),
        };
        (Self(Arc::new(inner)), Orders(taken))
    }

    /// Everything the page shows.
    pub fn status(&self) -> Status {
        let keyring = std::fs::read_to_string(self.0.firmware.keyring()).unwrap_or_default();
        let now = self.now();
        Status {
            facts: self.0.facts.clone(),
            slot: now.slot.clone(),
            other: now.other.clone(),
            last: now.record.last.clone(),
            development_key: bundle::names(&keyring)
                .iter()
                .any(|name| bundle::is_development(name)),
            phase: now.phase,
            bundle: now.bundle.clone(),
            trouble: now.trouble.clone(),
        }
    }

    /// Begins to take a bundle of `expected_bytes`, when that is known; one uploaded before goes.
    ///
    /// # Errors
    /// [`UpdateError::Busy`], [`UpdateError::NotNow`], [`UpdateError::Intake`].
    pub async fn receive(&self, expected_bytes: Option<u64>) -> Result<Receiving, UpdateError> {
        self.facts()?;
        let only = Arc::clone(&self.0.uploads).try_acquire_owned();
        let only = only.map_err(|_| UpdateError::Busy)?;
        {
            let mut now = self.now();
            now.may(Step::Take)?;
            if now.phase == Phase::Uploaded {
                now.step(Step::Discard);
            }
            (now.bundle, now.trouble) = (None, None);
        }
        let upload = self.0.intake.begin(expected_bytes).await?;
        Ok(Receiving {
            updates: self.clone(),
            upload,
            _only: only,
        })
    }

    /// Forgets the bundle that was uploaded.
    ///
    /// # Errors
    /// [`UpdateError::Nothing`], [`UpdateError::NotNow`].
    pub fn discard(&self) -> Result<(), UpdateError> {
        self.facts()?;
        let mut now = self.now();
        if now.phase != Phase::Uploaded {
            now.may(Step::Take)?;
            return Err(UpdateError::Nothing);
        }
        now.step(Step::Discard);
        (now.bundle, now.trouble) = (None, None);
        self.0.intake.clear();
        Ok(())
    }

    /// Has the uploaded bundle written to the other slot; [`Status::phase`] tells how far it is.
    ///
    /// # Errors
    /// [`UpdateError::WrongBoard`], and [`UpdateError::Older`] unless that is forced.
    pub fn install(&self, force_older: bool) -> Result<(), UpdateError> {
        let facts = self.facts()?;
        let mut now = self.now();
        let Some(bundle) = now.bundle.clone().filter(|_| now.phase == Phase::Uploaded) else {
            now.may(Step::Take)?;
            return Err(UpdateError::Nothing);
        };
        bundle.admit(facts, force_older)?;
        self.0
            .orders
            .try_send(bundle)
            .map_err(|_| UpdateError::Busy)?;
        now.trouble = None;
        now.step(Step::Install);
        Ok(())
    }

    /// Restarts the machine into what was installed.
    ///
    /// # Errors
    /// [`UpdateError::NothingWaits`], [`UpdateError::Helper`].
    pub async fn restart(&self) -> Result<(), UpdateError> {
        self.facts()?;
        if self.now().phase != Phase::WaitingForRestart {
            return Err(UpdateError::NothingWaits);
        }
        Ok(self.0.helper.restart().await?)
    }

    /// Restarts the machine and empties it; `all` takes the answer about privacy too.
    ///
    /// # Errors
    /// [`UpdateError::NotFirmware`], [`UpdateError::NotNow`], [`UpdateError::Helper`].
    pub async fn reset(&self, all: bool) -> Result<(), UpdateError> {
        self.facts()?;
        if let Phase::Installing { .. } = self.now().phase {
            return Err(UpdateError::NotNow("being installed"));
        }
        Ok(self
            .0
            .helper
            .reset(if all { Reset::All } else { Reset::Keep })
            .await?)
    }

    /// What may leave the home network, and what did.
    ///
    /// # Errors
    /// [`UpdateError::NotFirmware`], [`UpdateError::Helper`].
    pub async fn outside(&self) -> Result<Outside, UpdateError> {
        self.facts()?;
        Ok(self.0.helper.outside().await?)
    }

    /// # Errors
    /// [`UpdateError::NotFirmware`], [`UpdateError::Helper`].
    pub async fn set_outside(&self, switch: Switch, on: bool) -> Result<Outside, UpdateError> {
        self.facts()?;
        Ok(self.0.helper.set_outside(switch, on).await?)
    }

    /// Judges the version that runs, then writes what is ordered, until `end`.
    pub async fn run(self, parts: impl Parts, mut orders: Orders, end: CancellationToken) {
        if self.0.facts.is_none() {
            return;
        }
        let work = async {
            self.judge(&parts).await;
            while let Some(bundle) = orders.0.recv().await {
                self.write(&bundle).await;
            }
        };
        end.run_until_cancelled(work).await;
    }

    fn facts(&self) -> Result<&Facts, UpdateError> {
        self.0.facts.as_ref().ok_or(UpdateError::NotFirmware)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // Nothing that holds it can panic half-way.
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds out what became of the last update, and whether the running version may stay.
    async fn judge(&self, parts: &dyn Parts) {
        let boot = match self.0.helper.boot().await {
            Ok(boot) => boot,
            Err(error) => return self.fail("helper_away", &error),
        };
        let (boot_id, week) = (self.0.firmware.boot_id(), self.week());
        let start = Start {
            slot: &boot.slot,
            is_good: boot.running().good,
            boot_id: &boot_id,
            other_reason: Some(&boot.other().reason),
            week: week.as_deref(),
        };
        let (phase, record) = at_start(&self.now().record, start);
        {
            let mut now = self.now();
            now.phase = phase;
            now.slot = Some(boot.slot.clone());
        }
        self.remember(record);
        if phase == Phase::Trying
            && let Err(sick) = health::judge(parts, self.0.folders.clone(), &self.0.helper).await
        {
            log::error!("this version does not pass its check: {sick}");
            self.fail("not_healthy", &sick);
            let mut record = self.now().record.clone();
            record.failed = Some(sick.part.word().to_owned());
            self.remember(record);
            if boot.other().good {
                self.go_back().await;
            }
            return;
        }
        if let Err(error) = self.prove(&boot.slot).await {
            self.fail("installer_away", &error);
        }
    }

    /// The other version starts next, now.
    async fn go_back(&self) {
        let back = async {
            self.0.helper.fail().await?;
            self.0.helper.restart().await
        };
        if let Err(error) = back.await {
            log::error!("the version before could not be brought back: {error}");
        }
    }

    async fn prove(&self, slot: &str) -> Result<(), RaucError> {
        let rauc = Rauc::connect().await?;
        rauc.mark_good().await?;
        log::info!("this version has proved itself");
        let record = self.now().record.clone();
        let by_update = record
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.slot == slot);
        if by_update && let Some(attempt) = record.attempt {
            self.remember(Record {
                attempt: None,
                failed: None,
                last: Some(Last {
                    from: attempt.from,
                    to: attempt.to,
                    outcome: Outcome::Good,
                    reason: None,
                    failed: None,
                    at_week: self.week(),
                }),
            });
        }
        self.look_at_slots(&rauc).await;
        self.now().step(Step::Proved { by_update });
        Ok(())
    }

    /// What RAUC knows of the other slot, and the boot state too.
    async fn look_at_slots(&self, rauc: &Rauc) {
        let (slots, boot) = (rauc.slots().await, self.0.helper.boot().await);
        match (slots, boot) {
            (Ok(slots), Ok(boot)) => {
                let other = slots.into_iter().find(|slot| !slot.is_booted);
                self.now().other = other.map(|slot| Other {
                    version: slot.version,
                    is_good: boot.other().good,
                });
            }
            (Err(error), _) => log::warn!("the slots could not be looked at: {error}"),
            (_, Err(error)) => log::warn!("the boot state could not be looked at: {error}"),
        }
    }

    async fn write(&self, bundle: &Bundle) {
        let (firmware, path) = (&self.0.firmware, self.0.intake.bundle());
        let progress = |percent| self.now().step(Step::Progress(percent));
        let written = offer::install(firmware, &path, bundle, &self.0.aside, progress).await;
        self.now().record = Record::read(&firmware.kept());
        if let Ok(rauc) = Rauc::connect().await {
            self.look_at_slots(&rauc).await;
        }
        match written {
            Ok(()) => {
                log::info!("an update was installed and waits for a restart");
                self.now().bundle = None;
                self.now().step(Step::Installed);
                self.0.intake.clear();
            }
            Err(error) => {
                self.now().step(Step::Failed);
                self.fail(error.code(), &error);
            }
        }
    }

    fn remember(&self, record: Record) {
        let mut now = self.now();
        if now.record != record {
            if let Err(error) = record.write(&self.0.firmware.kept()) {
                log::warn!("what became of an update could not be written down: {error}");
            }
            now.record = record;
        }
    }

    fn fail(&self, code: &'static str, error: &dyn std::fmt::Display) {
        log::warn!("{code}: {error}");
        self.now().trouble = Some(Trouble {
            code,
            text: error.to_string(),
        });
    }

    fn week(&self) -> Option<String> {
        Week::of_set_clock(self.0.clock.unix_ms()).map(|week| week.to_string())
    }
}

impl Now {
    fn may(&self, step: Step) -> Result<(), UpdateError> {
        if self.phase.after(step).is_some() {
            return Ok(());
        }
        Err(UpdateError::NotNow(match self.phase {
            Phase::Installing { .. } => "being installed",
            Phase::WaitingForRestart => "waiting for a restart",
            _ => "being tried",
        }))
    }

    fn step(&mut self, step: Step) {
        if let Some(phase) = self.phase.after(step) {
            self.phase = phase;
        }
    }
}

impl Receiving {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`UpdateError::Intake`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UpdateError> {
        Ok(self.upload.write(bytes).await?)
    }

    /// The bundle has arrived: has its signature checked, and tells what it is.
    ///
    /// # Errors
    /// [`UpdateError`]; the file is gone then.
    pub async fn finish(self) -> Result<Bundle, UpdateError> {
        let updates = self.updates;
        let path = self.upload.finish().await?;
        match offer::look(&path, updates.facts()?).await {
            Ok(bundle) => {
                let mut now = updates.now();
                now.bundle = Some(bundle.clone());
                now.step(Step::Take);
                Ok(bundle)
            }
            Err(error) => {
                updates.0.intake.clear();
                Err(error)
            }
        }
    }
}
