//! Carries what playbacks and sensors became to the journal, and the owner's answer to where they are gathered.
//!
//! Never: a raw value, an answer of its own.

use std::os::unix::fs::MetadataExt;

use tokio_util::sync::CancellationToken;

use crate::base::clock::SharedClock;
use crate::board::{EVERY, Sensors};
use crate::library::Library;
use crate::pool::Pool;
use crate::telemetry::journal::{Gathered, Journal, Outlet, Source};
use crate::transcode::playbacks::{Ended, Playbacks};

/// Looks at the sensors from one statement of the box's facts to the next: an hour.
const LOOKS_A_STATEMENT: u32 = 60;

/// Where playbacks and sensors are gathered.
pub(super) struct Gathering {
    pub(super) playbacks: Playbacks,
    pub(super) sensors: Sensors,
    pub(super) pool: Pool,
}

impl Source for Gathering {
    fn gather(&self, what: Gathered) {
        self.playbacks.collect(what == Gathered::Playbacks);
        self.sensors.forget();
        self.pool.see_who_lives();
    }
}

impl Outlet for Ended {
    fn is_current(&self) -> bool {
        Ended::is_current(self)
    }
}

/// Runs the journal, and gives it each playback that ends, until `end`; those that ended by then are
/// counted before it writes for the last time.
pub(super) async fn count(journal: Journal, mut ended: Ended, end: CancellationToken) {
    let last = CancellationToken::new();
    let noting = async {
        while !end.is_cancelled() {
            tokio::select! {
                () = end.cancelled() => {}
                Some(playback) = ended.next() => journal.note(&playback, &ended),
            }
        }
        while let Some(playback) = ended.next_now() {
            journal.note(&playback, &ended);
        }
        last.cancel();
    };
    tokio::join!(journal.run(last.clone()), noting);
}

/// What the sensors are looked at for.
pub(super) struct Watch {
    pub(super) playbacks: Playbacks,
    pub(super) sensors: Sensors,
    pub(super) library: Library,
    pub(super) journal: Journal,
    pub(super) clock: SharedClock,
}

impl Watch {
    /// Looks at the sensors while statistics are on, and tells the journal what the box is: when they
    /// are turned on, and once an hour.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut mode = self.journal.subscribe();
        let mut tick = tokio::time::interval(EVERY);
        let mut looks = 0;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                Ok(()) = mode.changed() => looks = 0,
                _ = tick.tick() => {}
            }
            if !self.playbacks.collects() {
                looks = 0;
                continue;
            }
            self.look(looks % LOOKS_A_STATEMENT == 0).await;
            looks += 1;
        }
    }

    async fn look(&self, is_statement: bool) {
        let media = match is_statement {
            true => self.media().await,
            false => None,
        };
        let (sensors, began) = (self.sensors.clone(), self.journal.looking());
        let (now_ms, steady_ms) = (self.clock.unix_ms(), self.clock.steady_ms());
        let looked = tokio::task::spawn_blocking(move || {
            sensors.look(now_ms, steady_ms);
            is_statement.then(|| sensors.facts(media))
        });
        match looked.await {
            Ok(Some(facts)) => self.journal.look_at(began, facts),
            Ok(None) => {}
            Err(error) => log::warn!("the sensors could not be read: {error}"),
        }
        // The answer may have come in the middle of the look.
        if !self.playbacks.collects() {
            self.sensors.forget();
        }
    }

    /// The number of the file system that the media lie on: of the first library whose disk answers.
    async fn media(&self) -> Option<u64> {
        let libraries = self.library.libraries().await;
        let libraries = libraries
            .inspect_err(|error| log::warn!("the disk of the media is not known: {error}"));
        for library in libraries.unwrap_or_default() {
            let disk = self.library.disk(&library.path);
            let asked = disk.run(move || std::fs::metadata(library.path)).await;
            if let Ok(Ok(folder)) = asked {
                return Some(folder.dev());
            }
        }
        None
    }
}
