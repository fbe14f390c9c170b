//! How the scan is doing, told to whoever listens.
//!
//! Never: more than about four messages a second while work goes on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use super::{LibraryEvent, ScanPhase, ScanState, ScanStatus};

/// Between two messages of the same phase.
const PAUSE: Duration = Duration::from_millis(250);
/// Messages that a slow listener may lag behind before it loses the oldest.
const QUEUE: usize = 64;

/// The scan's status and its listeners.
#[derive(Debug)]
pub(super) struct Progress {
    now: Mutex<Now>,
    events: broadcast::Sender<LibraryEvent>,
}

#[derive(Debug)]
struct Now {
    status: ScanStatus,
    phase_began: Instant,
    /// Numbers the phases, so that steps of one do not count for another.
    phase_number: u64,
    sent: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        let status = ScanStatus {
            state: ScanState::Idle,
            phase: None,
            done: 0,
            total: 0,
            rate_per_s: 0.0,
            problems: 0,
            started_at_ms: None,
            finished_at_ms: None,
            eta_s: None,
            watching: true,
            settling: 0,
        };
        let (events, _) = broadcast::channel(QUEUE);
        let now = Now {
            status,
            phase_began: Instant::now(),
            phase_number: 0,
            sent: None,
        };
        Self {
            now: Mutex::new(now),
            events,
        }
    }

    pub(super) fn status(&self) -> ScanStatus {
        self.hold().status.clone()
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<LibraryEvent> {
        self.events.subscribe()
    }

    pub(super) fn tell(&self, event: LibraryEvent) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// Begins a phase of `total` steps.
    pub(super) fn begin(&self, state: ScanState, phase: ScanPhase, total: u64) {
        self.begin_in(&mut self.hold(), state, phase, total);
    }

    /// A scan was asked for or begins; told as one piece of news, so that nobody takes the end of
    /// the scan before for the end of this one.
    pub(super) fn begin_scan(&self, now_ms: i64) {
        let mut now = self.hold();
        now.status.started_at_ms = Some(now_ms);
        now.status.finished_at_ms = None;
        self.begin_in(&mut now, ScanState::Scanning, ScanPhase::Listing, 0);
    }

    /// Begins a phase of background work, unless a scan is being shown.
    pub(super) fn begin_quietly(&self, phase: ScanPhase, total: u64) -> Option<u64> {
        let mut now = self.hold();
        if now.status.state == ScanState::Scanning {
            return None;
        }
        self.begin_in(&mut now, ScanState::Finishing, phase, total);
        Some(now.phase_number)
    }

    fn begin_in(&self, now: &mut Now, state: ScanState, phase: ScanPhase, total: u64) {
        now.phase_began = Instant::now();
        now.phase_number += 1;
        now.status.state = state;
        now.status.phase = Some(phase);
        now.status.done = 0;
        now.status.total = total;
        now.status.rate_per_s = 0.0;
        now.status.eta_s = None;
        self.send(now, true);
    }

    /// `more` steps of the phase `number` are done; ignored once another is shown.
    pub(super) fn step_of(&self, number: Option<u64>, more: u64) {
        if number == Some(self.hold().phase_number) {
            self.step(more);
        }
    }

    /// `more` steps are done.
    pub(super) fn step(&self, more: u64) {
        let mut now = self.hold();
        now.status.done += more;
        now.status.total = now.status.total.max(now.status.done);
        let seconds = now.phase_began.elapsed().as_secs_f64();
        if seconds > 0.05 {
            now.status.rate_per_s = now.status.done as f64 / seconds;
            let left = (now.status.total - now.status.done) as f64;
            let eta = (left / now.status.rate_per_s).ceil();
            now.status.eta_s = eta.is_finite().then_some(eta as u64);
        }
        self.send(&mut now, false);
    }

    /// Changes what stays between phases.
    pub(super) fn change(&self, change: impl FnOnce(&mut ScanStatus)) {
        let mut now = self.hold();
        let before = now.status.clone();
        change(&mut now.status);
        let differs = now.status != before;
        if differs {
            self.send(&mut now, true);
        }
    }

    /// Nothing is left to do.
    pub(super) fn rest(&self) {
        self.change(|status| {
            status.state = ScanState::Idle;
            status.phase = None;
            status.eta_s = None;
        });
    }

    /// Nothing is left to do of what is shown as `state`.
    pub(super) fn rest_after(&self, state: ScanState) {
        if self.status().state == state {
            self.rest();
        }
    }

    fn send(&self, now: &mut Now, at_once: bool) {
        let due = now.sent.is_none_or(|sent| sent.elapsed() >= PAUSE);
        if at_once || due {
            now.sent = Some(Instant::now());
            self.tell(LibraryEvent::Scan(now.status.clone()));
        }
    }

    fn hold(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_and_told_sparingly() {
        let progress = Progress::new();
        let mut news = progress.subscribe();
        progress.begin(ScanState::Scanning, ScanPhase::Probing, 1000);
        for _ in 0..1000 {
            progress.step(1);
        }
        let status = progress.status();
        assert_eq!((status.done, status.total), (1000, 1000));
        let mut told = 0;
        while news.try_recv().is_ok() {
            told += 1;
        }
        assert!((1..20).contains(&told), "{told}");
        progress.rest();
        assert_eq!(progress.status().state, ScanState::Idle);
    }
}
