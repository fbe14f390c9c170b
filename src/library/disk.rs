//! Who waits for a disk: a few threads for each disk, and nobody without an end.
//!
//! The kernel answers for a hung mount when it likes, and a thread that asked is held until then. Such
//! threads stay counted: a disk has a bounded number of them, and whoever comes while all are held is
//! told at once, so that other disks and pages go on. Once a disk is late, it is asked by one at a time
//! until it answers.
//!
//! Never: knowing what is read.

use std::collections::HashMap;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Threads that one disk may hold: as many reads as help a disk.
const TURNS: usize = 8;
/// Threads that all disks may hold beside the first of each; the runtime has more for everything else.
const ALL_TURNS: usize = 32;
/// While a disk is late, others wait this long for who asks it.
const SHORTLY: Duration = Duration::from_secs(1);
/// The mounts that this program sees; reading them asks no disk.
const MOUNTS: &str = "/proc/self/mountinfo";

/// Why a disk was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    #[error("the disk does not answer")]
    NotAnswering,
    /// It may well answer, but was not asked.
    #[error("the disk has too much to do")]
    NoTurn,
}

/// The disks behind the folders of the libraries.
#[derive(Debug)]
pub struct Disks {
    patience: Duration,
    all: Arc<Semaphore>,
    known: Mutex<KnownDisks>,
}

#[derive(Debug, Default)]
struct KnownDisks {
    /// Where folders really are, as far as that has been found out.
    real: HashMap<PathBuf, PathBuf>,
    disks: HashMap<Place, Disk>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Place {
    Mount(PathBuf),
    /// A folder of which it is not known where it really is.
    Folder(PathBuf),
}

impl Disks {
    /// A disk that shows no sign of life for `patience` counts as hung; a sleeping one needs 15 s.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            all: Arc::new(Semaphore::new(ALL_TURNS)),
            known: Mutex::default(),
        }
    }

    /// Notes where a folder really is, links followed: all folders of one mount are one disk.
    pub fn note_real(&self, folder: &Path, real: PathBuf) {
        self.known().real.insert(folder.to_owned(), real);
    }

    /// The disk behind a folder.
    pub fn of(&self, folder: &Path) -> Disk {
        let mut known = self.known();
        let place = match known.real.get(folder) {
            Some(real) => Place::Mount(mount_of(real)),
            None => Place::Folder(folder.to_owned()),
        };
        let disk = known.disks.entry(place).or_insert_with(|| Disk {
            shared: Arc::new(Shared {
                patience: self.patience,
                all: Arc::clone(&self.all),
                own: Arc::new(Semaphore::new(TURNS)),
                first: Arc::new(Semaphore::new(1)),
                probe: Arc::new(Semaphore::new(1)),
                held: Mutex::default(),
                answered_at: Mutex::new(Instant::now()),
                answered: Notify::new(),
            }),
        });
        disk.clone()
    }

    fn known(&self) -> MutexGuard<'_, KnownDisks> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mount point that a resolved path lies below; `/` when the mounts cannot be read.
fn mount_of(real: &Path) -> PathBuf {
    let mounts = std::fs::read(MOUNTS).unwrap_or_default();
    innermost_mount(&mounts, real)
}

/// The longest mount point that `path` lies below, among those that proc_pid_mountinfo(5) lists.
fn innermost_mount(mounts: &[u8], path: &Path) -> PathBuf {
    mounts
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
        .map(|point| PathBuf::from(std::ffi::OsString::from_vec(unescaped(point))))
        .filter(|point| path.starts_with(point))
        .max_by_key(|point| point.as_os_str().as_bytes().len())
        .unwrap_or_else(|| PathBuf::from("/"))
}

/// The kernel writes blanks and backslashes as `\` with three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, more @ ..] = rest {
        let code = more.get(..3).filter(|_| *first == b'\\');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[3..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    bytes
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
    /// One thread that no other disk can take away.
    first: Arc<Semaphore>,
    /// The right to ask while the disk is late.
    probe: Arc<Semaphore>,
    /// The turns that are held.
    held: Mutex<Vec<Arc<Pulse>>>,
    /// The disk's last sign of life.
    answered_at: Mutex<Instant>,
    answered: Notify,
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

    fn answered_at(&self) -> MutexGuard<'_, Instant> {
        self.answered_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to hold a thread; ends with the work, not with whoever waits for it.
#[derive(Debug)]
pub struct Turn {
    shared: Arc<Shared>,
    pulse: Arc<Pulse>,
    _own: OwnedSemaphorePermit,
    _thread: OwnedSemaphorePermit,
}

impl Turn {
    /// The work goes on: the disk has answered.
    pub fn is_alive(&self) {
        let now = Instant::now();
        *self.pulse.hold() = now;
        *self.shared.answered_at() = now;
        self.shared.answered.notify_waiters();
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
    /// [`DiskError`]; after [`DiskError::NotAnswering`] the work may still go on and end some time.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, DiskError> {
        self.run_long(|_| work()).await
    }

    /// As [`Disk::run`] for work that may take long as a whole and says so in between.
    ///
    /// # Errors
    /// [`DiskError`].
    pub async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Turn) -> T + Send + 'static,
    ) -> Result<T, DiskError> {
        let shortly = SHORTLY.min(self.shared.patience);
        let probe = timeout(shortly, self.probe()).await;
        let _probe = probe.map_err(|_| DiskError::NotAnswering)?;
        self.ask(work).await
    }

    /// As [`Disk::run_long`] for work that must know whether the disk answers: it is not refused
    /// because somebody else asks a late disk.
    ///
    /// # Errors
    /// [`DiskError`].
    pub async fn run_surely<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Turn) -> T + Send + 'static,
    ) -> Result<T, DiskError> {
        // Others wait but shortly, so that who waits on is soon first.
        let probe = timeout(self.shared.patience * 2, self.probe()).await;
        let _probe = probe.map_err(|_| DiskError::NoTurn)?;
        self.ask(work).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Turn) -> T + Send + 'static,
    ) -> Result<T, DiskError> {
        let patience = self.shared.patience;
        if self.is_hung() {
            return Err(DiskError::NotAnswering);
        }
        let turn = timeout(patience, self.turn()).await;
        let turn = turn.map_err(|_| match self.is_hung() {
            true => DiskError::NotAnswering,
            false => DiskError::NoTurn,
        })?;
        let pulse = Arc::clone(&turn.pulse);
        let mut work = tokio::task::spawn_blocking(move || {
            let done = work(&turn);
            turn.is_alive();
            done
        });
        loop {
            let due = *pulse.hold() + patience;
            match timeout_at(due, &mut work).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The program ends.
                    Err(_) => return Err(DiskError::NoTurn),
                },
                Err(_) if *pulse.hold() + patience > due => {}
                Err(_) => return Err(DiskError::NotAnswering),
            }
        }
    }

    async fn turn(&self) -> Turn {
        let shared = &self.shared;
        let closed = "the semaphores are never closed";
        let own = Arc::clone(&shared.own).acquire_owned().await;
        let thread = tokio::select! {
            biased;
            first = Arc::clone(&shared.first).acquire_owned() => first,
            one = Arc::clone(&shared.all).acquire_owned() => one,
        };
        let pulse = Arc::new(Pulse(Mutex::new(Instant::now())));
        shared.held().push(Arc::clone(&pulse));
        Turn {
            shared: Arc::clone(shared),
            pulse,
            _own: own.expect(closed),
            _thread: thread.expect(closed),
        }
    }

    /// Waits until the disk is not late, or for the right to ask it though it is.
    async fn probe(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let answered = self.shared.answered.notified();
            if !self.is_late() || self.is_hung() {
                return None;
            }
            tokio::select! {
                probe = Arc::clone(&self.shared.probe).acquire_owned() => return probe.ok(),
                () = answered => {}
            }
        }
    }

    /// True while somebody has waited too long and nobody has had an answer since.
    pub fn is_late(&self) -> bool {
        let (now, answered_at) = (Instant::now(), *self.shared.answered_at());
        self.shared.held().iter().any(|pulse| {
            let due = *pulse.hold() + self.shared.patience;
            due <= now && answered_at < due
        })
    }

    /// True while there is no thread to be had and all that are held have waited too long.
    fn is_hung(&self) -> bool {
        let is_late = |pulse: &Arc<Pulse>| pulse.hold().elapsed() >= self.shared.patience;
        self.shared.own.available_permits() == 0 && self.shared.held().iter().all(is_late)
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
            assert_eq!(answer, Err(DiskError::NotAnswering));
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
                Err(DiskError::NotAnswering)
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
    async fn a_disk_with_much_to_do_is_not_hung_for_one_file_that_is() {
        let disk = Disks::new(PATIENCE).of(Path::new("/disk"));
        let _releases = hang(&disk, 1).await;
        assert_eq!(disk.run(|| 1).await, Ok(1));
        let (busy, waits): (Vec<_>, Vec<_>) = (1..TURNS).map(|_| mpsc::channel::<()>()).unzip();
        let reading = waits
            .into_iter()
            .map(|waits| disk.run(move || waits.recv().is_err()));
        let mut reading = std::pin::pin!(futures_util::future::join_all(reading));
        assert!(futures_util::poll!(&mut reading).is_pending());
        assert_eq!(disk.shared.own.available_permits(), 0);
        let mut next = std::pin::pin!(disk.run(|| 1));
        assert!(futures_util::poll!(&mut next).is_pending(), "it waits");
        drop(busy);
        assert_eq!(next.await, Ok(1));
        assert_eq!(reading.await, [Ok(true); TURNS - 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn disks_that_hang_leave_a_thread_to_every_other() {
        let disks = Disks::new(PATIENCE);
        let mut releases = Vec::new();
        for name in 0..=ALL_TURNS / TURNS + 1 {
            releases.push(hang(&disks.of(&PathBuf::from(format!("/{name}"))), TURNS).await);
            if disks.all.available_permits() < TURNS {
                break;
            }
        }
        let taken = Arc::clone(&disks.all)
            .acquire_many_owned(u32::try_from(disks.all.available_permits()).unwrap());
        let _taken = taken.await.unwrap();
        assert_eq!(disks.of(Path::new("/other")).run(|| 1).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn folders_of_one_mount_hang_together() {
        let disks = Disks::new(PATIENCE);
        let folders = ["/a", "/link/b", "/link/c"].map(Path::new);
        for folder in folders {
            disks.note_real(folder, PathBuf::from("/proc/self/task"));
        }
        let _releases = hang(&disks.of(folders[0]), TURNS).await;
        for folder in folders {
            let answer = disks.of(folder).run(|| 1).await;
            assert_eq!(answer, Err(DiskError::NotAnswering));
        }
        assert_eq!(disks.all.available_permits(), ALL_TURNS - (TURNS - 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_disk_is_asked_by_one_at_a_time_until_it_answers() {
        let disk = Disks::new(PATIENCE).of(Path::new("/disk"));
        let _releases = hang(&disk, 1).await;
        let (release, hung) = mpsc::channel::<()>();
        let mut probe = std::pin::pin!(disk.run(move || hung.recv().is_err()));
        assert!(futures_util::poll!(&mut probe).is_pending());
        let mut refused = std::pin::pin!(disk.run(|| 1));
        let mut sure = std::pin::pin!(disk.run_surely(|_| 1));
        assert!(futures_util::poll!(&mut refused).is_pending());
        assert!(futures_util::poll!(&mut sure).is_pending());
        tokio::time::advance(SHORTLY).await;
        assert_eq!(refused.await, Err(DiskError::NotAnswering));
        assert_eq!(disk.shared.held().len(), 2, "it holds no thread");
        drop(release);
        assert_eq!(probe.await, Ok(true));
        assert_eq!(sure.await, Ok(1));
        assert!(!disk.is_late());
    }

    #[tokio::test]
    #[should_panic(expected = "the work's own")]
    async fn a_panic_of_the_work_is_no_hung_disk() {
        let disk = Disks::new(PATIENCE).of(Path::new("/disk"));
        let _ = disk.run(|| panic!("the work's own")).await;
    }

    #[test]
    fn a_path_belongs_to_its_innermost_mount() {
        let mounts = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            31 22 0:40 / /media/nas rw shared:1 - nfs4 nas:/ rw\n\
            32 22 0:41 / /media/my\\040disk rw - vfat /dev/sdb1 rw\n";
        for (path, mount) in [
            ("/", "/"),
            ("/media", "/"),
            ("/media/nas", "/media/nas"),
            ("/media/nas/films", "/media/nas"),
            ("/media/nas2", "/"),
            ("/media/my disk/a", "/media/my disk"),
        ] {
            let found = innermost_mount(mounts, Path::new(path));
            assert_eq!(found, Path::new(mount), "{path}");
        }
        assert_eq!(innermost_mount(b"", Path::new("/media")), Path::new("/"));
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
