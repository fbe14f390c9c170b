//! Who waits for a disk: a few threads for each library's folder, and nobody without an end.
//!
//! The kernel answers for a hung mount when it likes, and a thread that asked is held until then. Such
//! threads stay counted: a folder has a bounded number of them, and whoever comes while all are held is
//! told at once, so that other folders and pages go on.
//!
//! Never: knowing what is read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Threads that one folder may hold: as many reads as help a disk.
const TURNS: usize = 8;
/// Threads that all folders may hold; the runtime has more for everything else.
const ALL_TURNS: usize = 48;

/// The disk has not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk does not answer")]
pub struct NotAnswering;

/// The disks behind the folders of the libraries.
#[derive(Debug)]
pub struct Disks {
    patience: Duration,
    all: Arc<Semaphore>,
    folders: Mutex<HashMap<PathBuf, Disk>>,
}

impl Disks {
    /// A disk that shows no sign of life for `patience` counts as hung; a sleeping one needs 15 s.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            all: Arc::new(Semaphore::new(ALL_TURNS)),
            folders: Mutex::default(),
        }
    }

    /// The disk behind a folder.
    pub fn of(&self, folder: &Path) -> Disk {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = folders.entry(folder.to_owned()).or_insert_with(|| Disk {
            shared: Arc::new(Shared {
                patience: self.patience,
                all: Arc::clone(&self.all),
                own: Arc::new(Semaphore::new(TURNS)),
                held: Mutex::default(),
            }),
        });
        disk.clone()
    }
}

/// One disk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Disk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    patience: Duration,
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
    /// The turns that are held.
    held: Mutex<Vec<Arc<Pulse>>>,
}

/// When work last showed a sign of life.
#[derive(Debug)]
struct Pulse(Mutex<Instant>);

impl Pulse {
    fn hold(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Vec<Arc<Pulse>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to hold a thread; ends with the work, not with whoever waits for it.
#[derive(Debug)]
pub struct Turn {
    shared: Arc<Shared>,
    pulse: Arc<Pulse>,
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Turn {
    /// The work goes on: the disk has answered.
    pub fn is_alive(&self) {
        *self.pulse.hold() = Instant::now();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let pulse = &self.pulse;
        self.shared.held().retain(|held| !Arc::ptr_eq(held, pulse));
    }
}

impl Disk {
    /// Runs `work`, which blocks on this disk, on a thread of its own.
    ///
    /// # Errors
    /// [`NotAnswering`]; the work may still go on and end some time.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotAnswering> {
        self.run_long(|_| work()).await
    }

    /// As [`Disk::run`] for work that may take long as a whole and says so in between.
    ///
    /// # Errors
    /// [`NotAnswering`].
    pub async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Turn) -> T + Send + 'static,
    ) -> Result<T, NotAnswering> {
        let patience = self.shared.patience;
        if self.is_hung() {
            return Err(NotAnswering);
        }
        let turn = timeout(patience, self.turn()).await;
        let turn = turn.map_err(|_| NotAnswering)?;
        let pulse = Arc::clone(&turn.pulse);
        let mut work = tokio::task::spawn_blocking(move || work(&turn));
        loop {
            let due = *pulse.hold() + patience;
            match timeout_at(due, &mut work).await {
                Ok(done) => return done.map_err(|_| NotAnswering),
                Err(_) if *pulse.hold() + patience > due => {}
                Err(_) => return Err(NotAnswering),
            }
        }
    }

    async fn turn(&self) -> Turn {
        let closed = "the semaphores are never closed";
        let own = Arc::clone(&self.shared.own).acquire_owned().await;
        let all = Arc::clone(&self.shared.all).acquire_owned().await;
        let pulse = Arc::new(Pulse(Mutex::new(Instant::now())));
        self.shared.held().push(Arc::clone(&pulse));
        Turn {
            shared: Arc::clone(&self.shared),
            pulse,
            _own: own.expect(closed),
            _all: all.expect(closed),
        }
    }

    /// True while there is no thread to be had and one of those that are held has waited too long.
    fn is_hung(&self) -> bool {
        let is_late = |pulse: &Arc<Pulse>| pulse.hold().elapsed() >= self.shared.patience;
        self.shared.own.available_permits() == 0 && self.shared.held().iter().any(is_late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Begins `count` pieces of work that hang until `release` is dropped, and waits for them in vain.
    async fn hang(disk: &Disk, count: usize) -> Vec<mpsc::Sender<()>> {
        let mut releases = Vec::new();
        for _ in 0..count {
            let (release, hung) = mpsc::channel::<()>();
            let waiting = disk.run(move || hung.recv().is_ok());
            let late = async {
                tokio::task::yield_now().await;
                tokio::time::advance(PATIENCE).await;
            };
            let (answer, ()) = tokio::join!(waiting, late);
            assert_eq!(answer, Err(NotAnswering));
            releases.push(release);
        }
        releases
    }

    #[tokio::test(start_paused = true)]
    async fn a_hung_disk_is_told_at_once_and_the_others_go_on() {
        let disks = Disks::new(PATIENCE);
        let (hung, other) = (disks.of(Path::new("/hung")), disks.of(Path::new("/other")));
        let releases = hang(&hung, TURNS).await;
        let begin = Instant::now();
        for _ in 0..1000 {
            assert_eq!(
                disks.of(Path::new("/hung")).run(|| 1).await,
                Err(NotAnswering)
            );
        }
        assert_eq!(begin.elapsed(), Duration::ZERO, "nobody waits");
        assert_eq!(other.run(|| 1).await, Ok(1));
        drop(releases);
        while hung.is_hung() {
            tokio::task::yield_now().await;
        }
        assert_eq!(hung.run(|| 1).await, Ok(1), "it answers again");
    }

    #[tokio::test(start_paused = true)]
    async fn one_file_that_hangs_leaves_the_rest_of_its_disk() {
        let disk = Disks::new(PATIENCE).of(Path::new("/disk"));
        let _releases = hang(&disk, TURNS - 1).await;
        for _ in 0..100 {
            assert_eq!(disk.run(|| 1).await, Ok(1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn long_work_that_goes_on_is_waited_for() {
        let disk = Disks::new(PATIENCE).of(Path::new("/disk"));
        let (step, steps) = mpsc::channel::<()>();
        let (stepped, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let long = disk.run_long(move |turn| {
            let mut count = 0;
            while steps.recv().is_ok() {
                turn.is_alive();
                count += 1;
                let _ = stepped.send(());
            }
            count
        });
        let walk = async {
            for _ in 0..5 {
                tokio::time::advance(PATIENCE - Duration::from_secs(1)).await;
                step.send(()).unwrap();
                seen.recv().await;
            }
            drop(step);
        };
        assert_eq!(tokio::join!(long, walk).0, Ok(5));
    }
}
