//! Which part is made next, for whom: the state behind all sessions, moved by events and a given time.
//!
//! Never: awaiting, reading a clock, starting a job itself.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backend::Encoder;
use super::cache::SegmentCache;
use super::capacity::{Capacity, Meter};
use super::part::{Part, PartKey, Rendition, TrackKey, Weight, exists, job, length_of, track_key};
use super::plan::Plan;
use super::playbacks::Playbacks;
use super::session::{SessionError, SessionKey, SessionStatus, SessionsConfig};
use super::source::{Opener, Source};
use super::viewer::Viewer;
use crate::media::job::Job;

/// Segments stay in memory for this long after the last session, for whoever comes back from a pause.
const CACHE_KEPT: Duration = Duration::from_secs(600);
/// An error is repeated to whoever asks again within this time, before the part is tried once more.
const ERROR_KEPT: Duration = Duration::from_secs(10);
/// Tries of a part whose worker failed, in all.
const MAX_TRIES: u8 = 2;
/// Open sessions, parts in the making, and viewers that wait for one part. More are told to come back.
const MAX_SESSIONS: usize = 128;
/// Open sessions of one login; one more ends the one that was silent for longest, which opens again
/// should its player come back.
const MAX_OF_LOGIN: usize = 8;
const MAX_FLIGHTS: usize = 256;
const MAX_WAITERS: usize = 64;
const MAX_ERRORS: NonZeroUsize = NonZeroUsize::new(256).expect("256 is not zero");
/// Where a queue is full, it is shorter soon.
const QUEUE_RETRY_S: u32 = 2;

type Outcome = Result<Bytes, SessionError>;

/// The answer to a request.
pub(crate) enum Answer {
    Ready(Bytes),
    Wait(oneshot::Receiver<Outcome>),
}

/// One job to run now.
pub(crate) struct Start {
    pub(crate) id: u64,
    pub(crate) key: PartKey,
    pub(crate) opener: Opener,
    pub(crate) job: Job,
    /// Cancelled when nobody wants the part any more.
    pub(crate) stop: CancellationToken,
}

/// How a started job ended.
pub(crate) struct Finish {
    pub(crate) id: u64,
    pub(crate) key: PartKey,
    /// `None` when it was stopped.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) elapsed: Duration,
}

/// A part in the making.
struct Flight {
    /// Order of arrival; also tells this attempt from an earlier, stopped one.
    id: u64,
    source: Source,
    waiters: Vec<oneshot::Sender<Outcome>>,
    tries: u8,
    /// Present while a job runs for it.
    stop: Option<CancellationToken>,
}

impl Flight {
    fn is_awaited(&self) -> bool {
        self.waiters.iter().any(|waiter| !waiter.is_closed())
    }
}

/// Workers of one weight.
#[derive(Clone, Copy, Default)]
struct Workers {
    most: usize,
    /// Stopped jobs count until they are gone.
    busy: usize,
    stopping: usize,
}

pub(crate) struct Schedule {
    viewers: HashMap<String, Viewer>,
    flights: HashMap<PartKey, Flight>,
    cache: SegmentCache,
    errors: LruCache<PartKey, (SessionError, Instant)>,
    /// The last request of any session.
    last_request: Option<Instant>,
    meter: Meter,
    playbacks: Playbacks,
    encoder: Encoder,
    next_id: u64,
    /// Jobs of each weight that hold a worker.
    workers: [Workers; Weight::ALL.len()],
    is_closed: bool,
}

impl Schedule {
    pub(crate) fn new(config: &SessionsConfig, playbacks: Playbacks, encoder: Encoder) -> Self {
        Self {
            viewers: HashMap::new(),
            flights: HashMap::new(),
            cache: SegmentCache::new(config.cache_bytes),
            errors: LruCache::new(MAX_ERRORS),
            last_request: None,
            meter: Meter::new(config.capacity, config.parallel_jobs),
            playbacks,
            encoder,
            next_id: 0,
            workers: Weight::ALL.map(|weight| Workers {
                most: config.workers(weight),
                ..Workers::default()
            }),
            is_closed: false,
        }
    }

    /// What is left for one more playback of `owner`.
    pub(crate) fn capacity_for(&self, now: Instant, owner: i64) -> Capacity {
        let whole = self.meter.capacity();
        let beside = self.at_work_beside(now, owner);
        let used: u64 = beside.iter().map(|viewer| viewer.load(now)).sum();
        Capacity {
            pixels_per_s: whole.pixels_per_s.saturating_sub(used),
            ..whole
        }
    }

    /// The sessions with running transcodes beside a new playback of `owner`.
    ///
    /// What the owner has only reserved is left out, because the new playback takes its place, and so
    /// is the owner's latest session: whoever reloads the page or takes another film leaves it behind,
    /// and its player cannot say so. When it does go on, it counts for the next newcomer.
    fn at_work_beside(&self, now: Instant, owner: i64) -> Vec<&Viewer> {
        let is_own = |viewer: &&Viewer| viewer.owner == owner;
        let is_reserved = |viewer: &&Viewer| is_own(viewer) && viewer.is_reserved();
        let own = self.viewers.values().filter(is_own);
        let fetched = own.filter(|viewer| !viewer.is_reserved());
        let latest = fetched.max_by_key(|viewer| viewer.last_request);
        let is_latest = |viewer: &Viewer| latest.is_some_and(|own| std::ptr::eq(viewer, own));
        let others = self.viewers.values().filter(|viewer| !is_reserved(viewer));
        let others = others.filter(|viewer| !is_latest(viewer));
        others.filter(|viewer| viewer.load(now) > 0).collect()
    }

    /// Opens the session `key` when it is not open yet, and counts as a sign of life.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        key: SessionKey<'_>,
        source: &Source,
        plan: &Plan,
    ) -> Result<(), SessionError> {
        if self.is_closed {
            return Err(SessionError::Closed);
        }
        self.last_request = Some(now);
        if let Some(viewer) = self.viewers.get_mut(key.playback)
            && viewer.source.key() == source.key()
        {
            viewer.last_request = now;
            return Ok(());
        }
        let viewer = Viewer::new(now, key.owner, source.clone(), Arc::new(plan.clone()));
        self.check_load(now, &viewer)?;
        self.leave_behind(key.owner);
        if self.viewers.len() >= MAX_SESSIONS {
            let reason = "Too many films are being played at once.";
            return Err(busy(QUEUE_RETRY_S, reason));
        }
        self.viewers.insert(key.playback.to_owned(), viewer);
        Ok(())
    }

    /// A new playback of that login takes the place of the one it never came for, and of its oldest
    /// when it has many: asking again and again fills no box.
    fn leave_behind(&mut self, owner: i64) {
        self.viewers
            .retain(|_, viewer| viewer.owner != owner || !viewer.is_reserved());
        let own = self.viewers.iter();
        let own = own.filter(|(_, viewer)| viewer.owner == owner);
        if own.clone().count() < MAX_OF_LOGIN {
            return;
        }
        let oldest = own.min_by_key(|(_, viewer)| viewer.last_request);
        if let Some(playback) = oldest.map(|(playback, _)| playback.clone()) {
            self.viewers.remove(&playback);
        }
    }

    fn check_load(&self, now: Instant, new: &Viewer) -> Result<(), SessionError> {
        let load = new.load(now);
        let running = self.at_work_beside(now, new.owner);
        let capacity = self.meter.capacity();
        let by_cores = (self.workers[Weight::Heavy as usize].most / 2).max(1);
        let is_first = running.is_empty() || (!capacity.measured && running.len() < by_cores);
        let used: u64 = running.iter().map(|viewer| viewer.load(now)).sum();
        let sum = used.saturating_add(load);
        if load == 0 || is_first || sum <= capacity.pixels_per_s {
            return Ok(());
        }
        let soonest = running.iter().map(|viewer| viewer.quiet_in(now)).min();
        let retry_after_s = soonest.map_or(0, |wait| wait.as_secs()).saturating_add(1);
        let films = running.len();
        Err(busy(
            u32::try_from(retry_after_s).unwrap_or(u32::MAX),
            format!(
                "This box is converting {films} at once already and cannot do one more in time."
            ),
        ))
    }

    /// Ends the sessions of that login.
    pub(crate) fn end_all_of(&mut self, owner: i64) {
        self.viewers.retain(|_, viewer| viewer.owner != owner);
        self.sweep();
    }

    /// A player's wish for one part.
    pub(crate) fn request(
        &mut self,
        now: Instant,
        key: SessionKey<'_>,
        (source, plan): (&Source, &Plan),
        rendition: Rendition,
        part: Part,
    ) -> Result<Answer, SessionError> {
        let track = track_key(source, plan, rendition).ok_or(SessionError::NoSuchPart)?;
        if !exists(source, part) {
            return Err(SessionError::NoSuchPart);
        }
        self.admit(now, key, source, plan)?;
        if let Some(viewer) = self.viewers.get_mut(key.playback) {
            viewer.fetched();
            if let Part::Segment(k) = part {
                viewer.move_to(rendition, k);
                self.sweep();
            }
        }
        let wanted = PartKey { track, part };
        if let Some(bytes) = self.cache.get(&wanted) {
            return Ok(Answer::Ready(bytes));
        }
        if let Some((error, until)) = self.errors.peek(&wanted) {
            if now < *until {
                return Err(error.clone());
            }
            self.errors.pop(&wanted);
        }
        self.join(wanted, source)
    }

    /// Waits for the part beside everybody else who does.
    fn join(&mut self, key: PartKey, source: &Source) -> Result<Answer, SessionError> {
        let full = "Too many requests wait for this box.";
        let flights = self.flights.len();
        let id = self.next_id;
        let (send, receive) = oneshot::channel();
        if let Some(flight) = self.flights.get_mut(&key) {
            flight.waiters.retain(|waiter| !waiter.is_closed());
            if flight.waiters.len() >= MAX_WAITERS {
                return Err(busy(QUEUE_RETRY_S, full));
            }
            flight.waiters.push(send);
            return Ok(Answer::Wait(receive));
        }
        if flights >= MAX_FLIGHTS {
            return Err(busy(QUEUE_RETRY_S, full));
        }
        self.next_id += 1;
        let flight = Flight {
            id,
            source: source.clone(),
            waiters: vec![send],
            tries: 0,
            stop: None,
        };
        self.flights.insert(key, flight);
        Ok(Answer::Wait(receive))
    }

    /// Fills the free workers: parts that somebody waits for in order of arrival, then parts ahead
    /// of the players, the nearest first.
    pub(crate) fn start_next(&mut self, now: Instant) -> Vec<Start> {
        self.sweep();
        let mut starts = Vec::new();
        for weight in Weight::ALL {
            self.make_room(weight);
            while self.workers[weight as usize].busy < self.workers[weight as usize].most {
                let waiting = self.next_waiting(weight);
                let Some(key) = waiting.or_else(|| self.next_ahead(now, weight)) else {
                    break;
                };
                starts.extend(self.start(key));
            }
        }
        starts
    }

    fn start(&mut self, key: PartKey) -> Option<Start> {
        let flight = self.flights.get_mut(&key)?;
        let stop = CancellationToken::new();
        flight.stop = Some(stop.clone());
        flight.tries += 1;
        self.workers[key.weight() as usize].busy += 1;
        Some(Start {
            id: flight.id,
            opener: Arc::clone(&flight.source.opener),
            job: job(&flight.source, &key),
            key,
            stop,
        })
    }

    fn next_waiting(&self, weight: Weight) -> Option<PartKey> {
        let flights = self.flights.iter();
        let idle = flights.filter(|(key, flight)| flight.stop.is_none() && key.weight() == weight);
        let first = idle.min_by_key(|(_, flight)| (!flight.is_awaited(), flight.id));
        first.map(|(key, _)| key.clone())
    }

    /// Opens a flight for the nearest part ahead of any player that is neither here nor in the making.
    fn next_ahead(&mut self, now: Instant, weight: Weight) -> Option<PartKey> {
        let Self {
            viewers,
            flights,
            cache,
            errors,
            ..
        } = self;
        let is_known = |key: &PartKey| {
            let failed = errors.peek(key).is_some_and(|(_, until)| now < *until);
            failed || cache.contains(key) || flights.contains_key(key)
        };
        let candidates = viewers.values_mut().filter_map(|viewer| {
            let (distance, key) = viewer.next_ahead(weight, is_known)?;
            Some(((distance, viewer.last_request), key, viewer.source.clone()))
        });
        let (_, key, source) = candidates.min_by_key(|(order, ..)| *order)?;
        let flight = Flight {
            id: self.next_id,
            source,
            waiters: Vec::new(),
            tries: 0,
            stop: None,
        };
        self.next_id += 1;
        for viewer in self.viewers.values_mut() {
            viewer.passed(&key);
        }
        self.flights.insert(key.clone(), flight);
        Some(key)
    }

    /// Stops jobs far ahead of their players while somebody waits and no worker is free.
    ///
    /// The part right after a player's place is never stopped: it is about to be asked for.
    fn make_room(&mut self, weight: Weight) {
        let own = |(key, _): &(&PartKey, &Flight)| key.weight() == weight;
        let waiting = self.flights.iter().filter(own);
        let waiting = waiting.filter(|(_, flight)| flight.stop.is_none() && flight.is_awaited());
        let Workers {
            most,
            busy,
            stopping,
        } = self.workers[weight as usize];
        let free = most.saturating_sub(busy) + stopping;
        for _ in free..waiting.count() {
            let running = self.flights.iter().filter(own);
            let running = running.filter(|(_, f)| f.stop.is_some() && !f.is_awaited());
            let distances = running.filter_map(|(key, _)| Some((self.distance(key)?, key)));
            let far = distances.filter(|(distance, _)| *distance >= 2);
            let Some((_, key)) = far.max_by_key(|(distance, _)| *distance) else {
                break;
            };
            let key = key.clone();
            self.stop(&key);
        }
    }

    /// Ends flights that no viewer waits for and no player comes near: those of a place left by a seek.
    fn sweep(&mut self) {
        let unwanted = self
            .flights
            .iter()
            .filter(|(key, flight)| !flight.is_awaited() && self.distance(key).is_none());
        let unwanted: Vec<PartKey> = unwanted.map(|(key, _)| key.clone()).collect();
        for key in unwanted {
            self.stop(&key);
        }
    }

    fn stop(&mut self, key: &PartKey) {
        let Some(flight) = self.flights.remove(key) else {
            return;
        };
        if let Some(stop) = flight.stop {
            stop.cancel();
            self.workers[key.weight() as usize].stopping += 1;
        }
        for viewer in self.viewers.values_mut() {
            viewer.forget(key);
        }
    }

    /// Segments between the part and the nearest player that comes towards it.
    fn distance(&self, key: &PartKey) -> Option<u32> {
        let viewers = self.viewers.values();
        viewers.filter_map(|viewer| viewer.distance(key)).min()
    }

    /// Takes the result of a job.
    pub(crate) fn finished(&mut self, now: Instant, finish: Finish) {
        let Finish {
            id,
            key,
            outcome,
            elapsed,
        } = finish;
        let workers = &mut self.workers[key.weight() as usize];
        workers.busy = workers.busy.saturating_sub(1);
        let own = self
            .flights
            .get_mut(&key)
            .filter(|flight| flight.id == id && flight.stop.is_some());
        let Some(flight) = own else {
            workers.stopping = workers.stopping.saturating_sub(1);
            if let Some(Ok(bytes)) = outcome {
                self.cache.insert(key, bytes);
            }
            return;
        };
        let outcome = outcome.unwrap_or(Err(SessionError::Closed));
        match &outcome {
            Ok(bytes) => {
                let made = length_of(&flight.source, key.part);
                self.cache.insert(key.clone(), bytes.clone());
                self.measure(now, &key, made, elapsed);
            }
            Err(error) if error.is_passing() && flight.tries < MAX_TRIES => {
                flight.stop = None;
                return;
            }
            Err(error) => {
                self.errors
                    .put(key.clone(), (error.clone(), now + ERROR_KEPT));
            }
        }
        if let Some(flight) = self.flights.remove(&key) {
            for waiter in flight.waiters {
                // A viewer who left needs no answer.
                let _ = waiter.send(outcome.clone());
            }
        }
    }

    fn measure(&mut self, now: Instant, key: &PartKey, made: Duration, elapsed: Duration) {
        if made.is_zero() || elapsed.is_zero() {
            return;
        }
        let speed = made.as_secs_f64() / elapsed.as_secs_f64();
        for viewer in self.viewers.values_mut() {
            viewer.note_speed(&key.track, speed);
        }
        let rates = self
            .viewers
            .values()
            .map(|viewer| viewer.work_rate(&key.track));
        if let Some(rate) = rates.max().filter(|&rate| rate > 0) {
            self.meter.record(rate, made, elapsed);
        }
        if key.weight() == Weight::Heavy {
            self.tell(now, &key.track, made, elapsed);
        }
    }

    /// Tells the playbacks that show this picture how long encoding it took.
    fn tell(&self, now: Instant, track: &TrackKey, made: Duration, elapsed: Duration) {
        let viewers = self.viewers.values().filter(|viewer| viewer.plays(track));
        let mut shown: Vec<(i64, i64)> = viewers
            .map(|viewer| (viewer.owner, viewer.source.file_id))
            .collect();
        // Two tabs of one person are one playback.
        shown.sort_unstable();
        shown.dedup();
        for (owner, file_id) in shown {
            let job = (now - elapsed, now);
            self.playbacks.made(owner, file_id, made, job, self.encoder);
        }
    }

    /// Ends the sessions that have been silent for too long, and frees the memory some time after the last one.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.viewers.retain(|_, viewer| now < viewer.ends_at());
        self.sweep();
        if self
            .cache_deadline()
            .is_some_and(|deadline| now >= deadline)
        {
            self.cache.clear();
        }
    }

    /// When [`Schedule::expire`] has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let silence = self.viewers.values().map(Viewer::ends_at).min();
        silence.into_iter().chain(self.cache_deadline()).min()
    }

    fn cache_deadline(&self) -> Option<Instant> {
        let is_kept = self.viewers.is_empty() && !self.cache.is_empty();
        self.last_request
            .filter(|_| is_kept)
            .map(|last| last + CACHE_KEPT)
    }

    /// Refuses everything from now on and answers everybody who waits.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.viewers.clear();
        for (_, flight) in self.flights.drain() {
            if let Some(stop) = flight.stop {
                stop.cancel();
            }
            for waiter in flight.waiters {
                let _ = waiter.send(Err(SessionError::Closed));
            }
        }
    }

    pub(crate) fn list(&self) -> Vec<SessionStatus> {
        let mut list: Vec<SessionStatus> = self
            .viewers
            .iter()
            .map(|(key, viewer)| {
                let busy = self
                    .flights
                    .keys()
                    .any(|flight| viewer.distance(flight).is_some());
                viewer.status(key, !busy)
            })
            .collect();
        list.sort_by(|a, b| a.playback.cmp(&b.playback));
        list
    }
}

fn busy(retry_after_s: u32, reason: impl Into<String>) -> SessionError {
    SessionError::Busy {
        retry_after_s,
        reason: reason.into(),
    }
}
