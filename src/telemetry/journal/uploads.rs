//! Which reports are on their way out, for those who must know that none is.
//!
//! Never: waiting without an end.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::NotDeleted;

/// How long an upload whose grant is void may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A cheap handle.
#[derive(Clone, Default)]
pub(super) struct Uploads(Arc<Shared>);

#[derive(Default)]
struct Shared {
    running: Mutex<usize>,
    one_ended: Condvar,
}

/// One report, as long as this lives.
pub(in crate::telemetry) struct OnItsWay(Arc<Shared>);

impl Uploads {
    pub(super) fn begin(&self) -> OnItsWay {
        *self.0.running() += 1;
        OnItsWay(Arc::clone(&self.0))
    }

    /// Blocks until none is on its way. Whoever asks has voided the grants, and lets none begin meanwhile.
    ///
    /// # Errors
    /// [`NotDeleted::OnItsWay`], after a bounded time.
    pub(super) fn wait(&self) -> Result<(), NotDeleted> {
        let running = self.0.running();
        let waiting = self
            .0
            .one_ended
            .wait_timeout_while(running, PATIENCE, |running| *running > 0);
        let (running, outcome) = waiting.unwrap_or_else(PoisonError::into_inner);
        drop(running);
        match outcome.timed_out() {
            true => Err(NotDeleted::OnItsWay),
            false => Ok(()),
        }
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, usize> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        *self.0.running() -= 1;
        self.0.one_ended.notify_all();
    }
}
