//! The handle everybody asks: what holds now, and how it is changed.
//!
//! Never: answering "saved" before it is; a yes where anything is in doubt.

use std::ffi::OsStr;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::flash::{Access, Flash, OpenFlash, Place};
use super::grant::{Category, Grant, PlaybackStatistics, Revoked};
use super::ledger::{BookError, Budget, MilliEpsilon};
use super::now::{Ahead, Now, State};
use super::reason::{Reason, SetError};
use super::record::{Answer, Choice, Kind, Mode, Record, Switches};
use super::ring::{Reading, Ring};
use crate::base::clock::SharedClock;
use crate::base::week::Week;

/// What the room is told about its surroundings.
#[derive(Clone)]
pub struct Settings {
    /// The version of the registry that this program was built with.
    pub registry_version: u32,
    /// Off, whatever is stored; see [`asks_not_to_track`].
    pub do_not_track: bool,
    pub access: Access,
    pub clock: SharedClock,
}

/// What the value of the variable DO_NOT_TRACK means: set, not empty, not "0".
pub fn asks_not_to_track(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| !value.is_empty() && value != "0")
}

type Opened = Result<Box<dyn Flash>, Reason>;

/// What a factory reset does with the answer. The ledger survives both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// A no is kept; a yes becomes undecided, for the next owner to be asked.
    KeepOptOuts,
    /// Undecided again, and no older answer stays on the medium.
    Erase,
}

/// Why there is no grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGrant {
    #[error("the owner has not said yes to this")]
    NotShared,
    #[error("{0}")]
    InDoubt(Reason),
}

/// The answer of this box; a cheap handle.
///
/// [`Consent::state`], [`Consent::grant`] and [`Grant::check`] never wait for the flash. [`Consent::set`],
/// [`Consent::book`] and [`Consent::factory_reset`] block until it has flushed.
#[derive(Clone)]
pub struct Consent {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    settings: Settings,
    /// Held while the flash is written; taken before `now`.
    keeper: Mutex<Keeper>,
    pub(super) now: Now,
}

/// The flashes, and what stands on them.
struct Keeper {
    /// All that hold a record, or else the first; each gets every change.
    rings: Vec<Ring>,
    record: Record,
    /// What no change can cure while the program runs.
    obstacle: Option<Reason>,
    /// What the next change cures.
    doubt: Option<Reason>,
    /// Number of the latest answer that was tried to store.
    newest: u64,
}

impl Shared {
    pub(super) fn generation(&self) -> u64 {
        self.now.generation()
    }

    pub(super) fn steady_ms(&self) -> i64 {
        self.settings.clock.steady_ms()
    }
}

impl Consent {
    /// Opens what is kept in `places`, most often one. It always succeeds: what is wrong with a place is the
    /// [`State::reason`], and then the answer is off.
    pub fn open(places: &[Place], settings: Settings) -> Self {
        Self::of(open_flashes(places, settings.access), settings, false)
    }

    /// The same where a file that was made earlier is gone, and an answer and bookings with it: a flash that is blank
    /// is off until the next answer, [`Reason::Missing`], and the year counts as spent, also after a restart.
    pub fn open_after_loss(places: &[Place], settings: Settings) -> Self {
        Self::of(open_flashes(places, settings.access), settings, true)
    }

    /// The same over flashes that are open already, or could not be opened.
    pub fn over(flashes: Vec<Result<Box<dyn Flash>, Reason>>, settings: Settings) -> Self {
        Self::of(flashes, settings, false)
    }

    fn of(flashes: Vec<Opened>, settings: Settings, is_lost: bool) -> Self {
        let mut keeper = Keeper::open(flashes, settings.access);
        if is_lost && settings.access == Access::Change {
            keeper.note_loss();
        }
        keeper.see_registry(&settings);
        let now = Now::new(keeper.state(&settings));
        Self {
            shared: Arc::new(Shared {
                settings,
                keeper: Mutex::new(keeper),
                now,
            }),
        }
    }

    /// What holds now.
    pub fn state(&self) -> State {
        self.shared.now.state()
    }

    /// Takes back at once what this answer takes back, without waiting for a change that is being stored; to be handed
    /// to [`Consent::store`].
    pub fn ahead(&self, choice: Choice, switches: Switches) -> Ahead {
        Ahead::new(Arc::clone(&self.shared), choice, switches)
    }

    /// True when events of this kind may be kept on this box.
    pub fn collects(&self, kind: Kind) -> bool {
        self.state().effective.collects(kind)
    }

    /// Permission to let something of category `C` leave the box.
    ///
    /// # Errors
    /// [`NoGrant`], unless the mode is *share*, the switch is on, and the yes was given to this very registry.
    pub fn grant<C: Category>(&self) -> Result<Grant<C>, NoGrant> {
        let (state, generation) = self.shared.now.look();
        if let Some(reason) = state.reason {
            return Err(NoGrant::InDoubt(reason));
        }
        if !state.effective.shares(C::KIND) {
            return Err(NoGrant::NotShared);
        }
        let registry = state.answered_registry;
        Ok(Grant::new(self.shared.clone(), generation, registry))
    }

    /// Ends every grant that was given; the next ones are good.
    pub fn void_grants(&self) {
        self.shared.now.void_grants();
    }

    /// Stores an answer, given to the registry of this program. What it takes back holds from the moment of the
    /// call; what it allows, from the moment it is on flash. Returns when it is on flash.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn set(&self, choice: Choice, switches: Switches) -> Result<State, SetError> {
        self.store(self.ahead(choice, switches))
    }

    /// Stores an answer that [`Consent::ahead`] of this handle began, unless a later one came first.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn store(&self, ahead: Ahead) -> Result<State, SetError> {
        let mut keeper = self.keeper();
        self.admit(&keeper)?;
        if ahead.number < keeper.newest {
            return Err(SetError::Overtaken);
        }
        let settings = &self.shared.settings;
        let answer = ahead.answer();
        if settings.do_not_track && answer.is_yes() {
            return Err(SetError::Refused(Reason::DoNotTrack));
        }
        if keeper.doubt == Some(Reason::NewerLayout) && answer.is_yes() {
            return Err(SetError::Refused(Reason::NewerLayout));
        }
        let record = Record {
            answer,
            answered_registry: settings.registry_version,
            seen_registry: settings.registry_version,
            answered_week: Week::of_set_clock(settings.clock.unix_ms()),
            ledger: keeper.record.ledger.clone(),
        };
        keeper.newest = ahead.number;
        self.change(&mut keeper, record, Keeper::write)
    }

    /// Books `epsilon` in this week, or refuses it. Booked is booked, whether anything is sent or not.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn book(
        &self,
        grant: &Grant<PlaybackStatistics>,
        epsilon: MilliEpsilon,
    ) -> Result<(), BookError> {
        let mut keeper = self.keeper();
        if !grant.is_of(&self.shared) {
            return Err(Revoked::Changed.into());
        }
        grant.check()?;
        let mut record = keeper.record.clone();
        let week = Week::of_set_clock(self.shared.settings.clock.unix_ms());
        let booked = record.ledger.book(week, epsilon);
        if record.ledger != keeper.record.ledger {
            if let Err(error) = keeper.write(&record) {
                keeper.fall_into_doubt(&record);
                self.shared.now.publish(keeper.state(&self.shared.settings));
                return Err(BookError::NotSaved(error));
            }
            keeper.record = record;
        }
        booked
    }

    /// What is booked and what is left. Waits while a change is being stored.
    pub fn budget(&self) -> Budget {
        let week = Week::of_set_clock(self.shared.settings.clock.unix_ms());
        self.keeper().record.ledger.budget(week)
    }

    /// Makes the answer ready for a next owner.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn factory_reset(&self, reset: Reset) -> Result<State, SetError> {
        let mut keeper = self.keeper();
        self.admit(&keeper)?;
        let says_no = keeper.doubt.is_some() || keeper.record.answer.mode() == Mode::Off;
        let keeps_no = reset == Reset::KeepOptOuts && says_no;
        let record = Record {
            answer: if keeps_no {
                Answer::OFF
            } else {
                Answer::UNDECIDED
            },
            ledger: keeper.record.ledger.clone(),
            ..Record::default()
        };
        // No answer of the owner before comes after it.
        keeper.newest = self.shared.now.generation() + 1;
        self.change(&mut keeper, record, |keeper, record| {
            keeper.write(record)?;
            match reset {
                Reset::KeepOptOuts => Ok(()),
                Reset::Erase => keeper.rings.iter_mut().try_for_each(Ring::blank_others),
            }
        })
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        let keeper = self.shared.keeper.lock();
        // Nothing in it is half done after a panic: a record replaces the one before it only when it is stored.
        keeper.unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, keeper: &Keeper) -> Result<(), SetError> {
        if self.shared.settings.access == Access::Look {
            return Err(SetError::LookOnly);
        }
        match keeper.obstacle {
            Some(reason) => Err(SetError::Refused(reason)),
            None => Ok(()),
        }
    }

    fn change(
        &self,
        keeper: &mut Keeper,
        record: Record,
        write: impl FnOnce(&mut Keeper, &Record) -> io::Result<()>,
    ) -> Result<State, SetError> {
        let before = self.state();
        self.shared.now.publish(State {
            effective: before.effective.meet(record.answer),
            ..before
        });
        let written = write(keeper, &record);
        if written.is_ok() {
            keeper.record = record;
            keeper.doubt = None;
        } else {
            keeper.fall_into_doubt(&record);
        }
        let state = keeper.state(&self.shared.settings);
        self.shared.now.publish(state);
        written.map(|()| state).map_err(SetError::NotSaved)
    }
}

fn open_flashes(places: &[Place], access: Access) -> Vec<Opened> {
    let open = |place: &Place| match (OpenFlash::open(place, access), place) {
        // Nobody has answered yet: a file is made when it is opened for changing.
        (Err(Reason::Missing), Place::File(_)) if access == Access::Look => None,
        (opened, _) => Some(opened.map(|flash| Box::new(flash) as Box<dyn Flash>)),
    };
    places.iter().filter_map(open).collect()
}

impl Keeper {
    fn open(flashes: Vec<Result<Box<dyn Flash>, Reason>>, access: Access) -> Self {
        let mut obstacle = None;
        let mut found: Vec<(Ring, Reading)> = Vec::new();
        if flashes.is_empty() && access == Access::Change {
            obstacle = Some(Reason::Missing);
        }
        for flash in flashes {
            match flash {
                Ok(flash) => {
                    if !flash.is_writable() {
                        obstacle = obstacle.or(Some(Reason::ReadOnly));
                    }
                    found.push(Ring::open(flash, access));
                }
                Err(reason) => obstacle = obstacle.or(Some(reason)),
            }
        }
        if found.iter().any(|(_, reading)| !reading.is_empty()) {
            found.retain(|(_, reading)| !reading.is_empty());
        } else {
            found.truncate(1);
        }
        let (record, doubt) = combine(found.iter().map(|(_, reading)| reading));
        Self {
            rings: found.into_iter().map(|(ring, _)| ring).collect(),
            record,
            obstacle,
            doubt,
            newest: 0,
        }
    }

    /// Writes on a blank flash that an answer and bookings are gone.
    fn note_loss(&mut self) {
        let is_sound = self.obstacle.is_none() && self.doubt.is_none();
        if !is_sound || self.record != Record::default() {
            return;
        }
        let mut record = Record {
            answer: Answer::OFF,
            ..Record::default()
        };
        record.ledger.lose();
        if self.write(&record).is_ok() {
            self.record = record;
            self.doubt = Some(Reason::Missing);
        } else {
            self.fall_into_doubt(&record);
        }
    }

    /// Remembers on flash that a newer registry was seen since a yes, so that a rollback does not bring it back.
    fn see_registry(&mut self, settings: &Settings) {
        let is_news = settings.registry_version > self.record.seen_registry;
        let is_sound = self.obstacle.is_none() && self.doubt.is_none();
        if is_news && is_sound && self.record.answer.is_yes() && settings.access == Access::Change {
            let mut record = self.record.clone();
            record.seen_registry = settings.registry_version;
            match self.write(&record) {
                Ok(()) => self.record = record,
                Err(_) => self.fall_into_doubt(&record),
            }
        }
    }

    /// On every flash; acknowledged only when all have it.
    fn write(&mut self, record: &Record) -> io::Result<()> {
        self.rings
            .iter_mut()
            .try_for_each(|ring| ring.append(record))
    }

    /// After a failed write: what stands on flash is the record before or this one.
    fn fall_into_doubt(&mut self, tried: &Record) {
        self.record.merge(tried);
        self.doubt = Some(Reason::NotSaved);
    }

    fn state(&self, settings: &Settings) -> State {
        let (effective, reason) = self.effective(settings);
        State {
            effective,
            stored: self.record.answer,
            reason,
            writable: self.obstacle.is_none() && settings.access == Access::Change,
            answered_week: self.record.answered_week,
            answered_registry: self.record.answered_registry,
        }
    }

    fn effective(&self, settings: &Settings) -> (Answer, Option<Reason>) {
        if let Some(reason) = self.obstacle.or(self.doubt) {
            return (Answer::OFF, Some(reason));
        }
        if settings.do_not_track {
            return (Answer::OFF, Some(Reason::DoNotTrack));
        }
        let current = settings.registry_version;
        let known = self.record.answered_registry.max(self.record.seen_registry);
        if !self.record.answer.is_yes()
            || (self.record.answered_registry, known) == (current, current)
        {
            (self.record.answer, None)
        } else if current < known {
            (Answer::UNDECIDED, Some(Reason::RegistryWentBack))
        } else {
            (Answer::UNDECIDED, Some(Reason::RegistryChanged))
        }
    }
}

/// What several flashes hold together.
fn combine<'a>(readings: impl Iterator<Item = &'a Reading>) -> (Record, Option<Reason>) {
    let mut combined: Option<Record> = None;
    let mut doubt = None;
    for reading in readings {
        doubt = doubt.or(reading.doubt);
        let Some(record) = reading.record_in_doubt() else {
            continue;
        };
        let Some(all) = &mut combined else {
            combined = Some(record);
            continue;
        };
        let same = (all.answer, all.answered_registry) == (record.answer, record.answered_registry);
        doubt = doubt.or((!same).then_some(Reason::TwoAnswers));
        all.merge(&record);
    }
    (combined.unwrap_or_default(), doubt)
}
