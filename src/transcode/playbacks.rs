//! All playbacks that run, for the statistics: each becomes one set of classes when it ends.
//!
//! ```text
//!            begin                 60 s without a sign, the player's report, logout, the end
//!  (nothing) ─────► live ─signs─► live ─────────────────────────────────────────────► Playback
//!                    │  the same login asks for the same file again: it goes on
//!                    └──── `collect` ────► (forgotten)
//! ```
//!
//! A playback is one login with one item, direct play, photos and refusals included; what is fetched
//! after its end belongs to none, so that a long pause does not count it twice.
//!
//! Never: gathering anything while nothing is collected, writing anything down.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backend::Encoder;
use super::live::Live;
use super::plan::Decision;
use crate::media::info::MediaInfo;
use crate::telemetry::class::{Client, FirstSegment, Playback, Stalls};

/// A playback without a sign of life for this long is over.
const SILENCE: Duration = Duration::from_secs(60);
/// Playbacks at once; one more ends the one that was silent for longest.
const MAX_LIVE: usize = 256;
/// Ended playbacks that wait for whoever keeps them; more are dropped and not counted.
const MAX_WAITING: usize = 64;

/// Names a playback while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaybackKey {
    /// The login that plays.
    pub owner: i64,
    /// The library's number of the item.
    pub item: i64,
}

/// What is known of a playback when it is asked for.
#[derive(Clone, Debug)]
pub struct Begin {
    pub file_id: i64,
    pub info: Arc<MediaInfo>,
    pub client: Client,
    /// `None` when the player was told that it cannot have it, or not now.
    pub decision: Option<Decision>,
    /// The viewer wants another sound track than the one that plays by itself.
    pub sound_chosen: bool,
}

/// All playbacks that run. Cheap to clone.
#[derive(Clone)]
pub struct Playbacks {
    shared: Arc<Shared>,
}

struct Shared {
    collects: AtomicBool,
    live: Mutex<HashMap<PlaybackKey, Live>>,
    /// Goes up whenever everything gathered is to be forgotten.
    generation: Arc<AtomicU64>,
    ended: mpsc::Sender<(u64, Playback)>,
    wake: Notify,
}

/// Where ended playbacks come out.
#[derive(Debug)]
pub struct Ended {
    generation: Arc<AtomicU64>,
    /// Of the one that came out last.
    last: u64,
    ended: mpsc::Receiver<(u64, Playback)>,
}

impl Ended {
    /// The next one; `None` when there can be no more. What ended before the last
    /// [`Playbacks::collect`] is left out.
    pub async fn next(&mut self) -> Option<Playback> {
        loop {
            let (generation, played) = self.ended.recv().await?;
            self.last = generation;
            if self.is_current() {
                return Some(played);
            }
        }
    }

    /// One that has ended already.
    pub fn next_now(&mut self) -> Option<Playback> {
        loop {
            let (generation, played) = self.ended.try_recv().ok()?;
            self.last = generation;
            if self.is_current() {
                return Some(played);
            }
        }
    }

    /// False when the one that came out last has been forgotten since.
    pub fn is_current(&self) -> bool {
        self.last == self.generation.load(Ordering::Acquire)
    }
}

/// Keeps a playback alive while an answer is being sent.
pub struct Hold {
    playbacks: Playbacks,
    key: PlaybackKey,
    generation: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let shared = &self.playbacks.shared;
        let mut live = shared.live();
        if self.generation == shared.generation.load(Ordering::Acquire)
            && let Some(live) = live.get_mut(&self.key)
        {
            live.holds = live.holds.saturating_sub(1);
            live.last_sign = Instant::now();
        }
        shared.wake.notify_one();
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<PlaybackKey, Live>> {
        // Every change is one assignment after another, none of which can fail half-way.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends those that `is_over` names.
    fn end(
        &self,
        live: &mut HashMap<PlaybackKey, Live>,
        mut is_over: impl FnMut(&PlaybackKey, &Live) -> bool,
    ) {
        let generation = self.generation.load(Ordering::Acquire);
        let over = live.extract_if(|key, live| is_over(key, live));
        for played in over.filter_map(|(_, live)| live.classes()) {
            // A full queue drops what comes: a statistic is not worth waiting for.
            let _ = self.ended.try_send((generation, played));
        }
    }
}

impl Playbacks {
    /// Collects nothing until [`Playbacks::collect`] says so.
    pub fn new() -> (Self, Ended) {
        let generation = Arc::new(AtomicU64::new(0));
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let shared = Shared {
            collects: AtomicBool::new(false),
            live: Mutex::default(),
            generation: Arc::clone(&generation),
            ended: sender,
            wake: Notify::new(),
        };
        let ended = Ended {
            generation,
            last: 0,
            ended: receiver,
        };
        let playbacks = Self {
            shared: Arc::new(shared),
        };
        (playbacks, ended)
    }

    /// Says whether playbacks are to be gathered from now on, and forgets all that was gathered so far.
    pub fn collect(&self, on: bool) {
        let mut live = self.shared.live();
        self.shared.collects.store(on, Ordering::Release);
        self.shared.generation.fetch_add(1, Ordering::AcqRel);
        live.clear();
    }

    /// False while nothing is gathered.
    pub fn collects(&self) -> bool {
        self.shared.collects.load(Ordering::Acquire)
    }

    /// Somebody asks to play, or asks again: for another quality, after a failure.
    pub fn begin(&self, key: PlaybackKey, begin: Begin) {
        if !self.collects() {
            return;
        }
        let now = Instant::now();
        let mut all = self.shared.live();
        // The answer may have come to it while the lock was waited for.
        if !self.collects() {
            return;
        }
        if all.len() >= MAX_LIVE && !all.contains_key(&key) {
            let silent = all.iter().min_by_key(|(_, live)| live.last_sign);
            let silent = silent.map(|(key, _)| *key);
            self.shared.end(&mut all, |key, _| Some(*key) == silent);
        }
        let live = all
            .entry(key)
            .or_insert_with(|| Live::new(now, begin.clone()));
        live.decision = begin.decision;
        live.used.audio_tracks |= begin.sound_chosen;
        live.is_broken = false;
        live.last_sign = now;
        self.shared.wake.notify_one();
    }

    /// Begins a playback that needs no asking, such as looking at a photo, unless it runs already.
    pub fn show(&self, key: PlaybackKey, begin: Begin) {
        self.begin(key, begin);
        self.sign(key, |live| live.is_fetched = true);
    }

    /// Keeps it alive until the hold is dropped; something of it is being sent.
    pub fn hold(&self, key: PlaybackKey) -> Option<Hold> {
        self.sign(key, |live| {
            live.is_fetched = true;
            live.is_broken = false;
            live.holds += 1;
        })?;
        let generation = self.shared.generation.load(Ordering::Acquire);
        Some(Hold {
            playbacks: self.clone(),
            key,
            generation,
        })
    }

    /// A sign of life, such as the place that the player has come to.
    pub fn touch(&self, key: PlaybackKey) {
        self.sign(key, |_| {});
    }

    /// A part was made ready for it.
    pub fn fetched(&self, key: PlaybackKey) {
        self.sign(key, |live| {
            live.is_fetched = true;
            live.is_broken = false;
        });
    }

    /// A segment of the picture, or of the sound where there is none, was made ready for it.
    pub fn delivered(&self, key: PlaybackKey) {
        let now = Instant::now();
        self.sign(key, |live| live.delivered(now));
        self.fetched(key);
    }

    /// Something of it could not be had. A later part that can be mends it.
    pub fn broke(&self, key: PlaybackKey) {
        self.sign(key, |live| live.is_broken = true);
    }

    /// The viewer reads subtitles.
    pub fn subtitles(&self, key: PlaybackKey) {
        self.sign(key, |live| live.used.subtitles = true);
    }

    /// The viewer chose a sound track.
    pub fn sound_chosen(&self, key: PlaybackKey) {
        self.sign(key, |live| live.used.audio_tracks = true);
    }

    /// The player says how it went, and that it is over.
    pub fn told(&self, key: PlaybackKey, first_picture: Option<FirstSegment>, stalls: Stalls) {
        self.sign(key, |live| live.told(first_picture, stalls));
        if self.collects() {
            let mut live = self.shared.live();
            self.shared.end(&mut live, |own, _| *own == key);
        }
    }

    /// A job has encoded `made` of the picture of that file, for the playback of it by `owner`.
    pub(crate) fn made(
        &self,
        owner: i64,
        file_id: i64,
        made: Duration,
        job: (Instant, Instant),
        encoder: Encoder,
    ) {
        if !self.collects() {
            return;
        }
        let mut all = self.shared.live();
        let own = all.iter_mut().filter(|(key, _)| key.owner == owner);
        for (_, live) in own.filter(|(_, live)| live.file_id == file_id) {
            live.made(made, job, encoder);
        }
    }

    /// Ends every playback of that login.
    pub fn end_all_of(&self, owner: i64) {
        if self.collects() {
            let mut live = self.shared.live();
            self.shared.end(&mut live, |key, _| key.owner == owner);
        }
    }

    /// Ends the silent ones until `shutdown`, and then all. The daemon runs this once.
    pub async fn run(&self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let soonest = self.expire(Instant::now());
            let silence = async {
                match soonest {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.shared.wake.notified() => {}
                () = silence => {}
            }
        }
        let mut live = self.shared.live();
        self.shared.end(&mut live, |_, _| true);
    }

    /// Ends the silent ones; answers when the next may be.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut live = self.shared.live();
        self.shared.end(&mut live, |_, live| {
            live.holds == 0 && live.last_sign + SILENCE <= now
        });
        let quiet = live.values().filter(|live| live.holds == 0);
        quiet.map(|live| live.last_sign + SILENCE).min()
    }

    fn sign(&self, key: PlaybackKey, note: impl FnOnce(&mut Live)) -> Option<()> {
        if !self.collects() {
            return None;
        }
        let mut all = self.shared.live();
        let live = all.get_mut(&key)?;
        live.last_sign = Instant::now();
        note(live);
        Some(())
    }
}

impl std::fmt::Debug for Playbacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playbacks").finish_non_exhaustive()
    }
}
