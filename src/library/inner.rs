//! What all parts of the library share.
//!
//! Never: work of its own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::disk::{DiskError, Disks};
use super::status::Progress;
use super::walk::WalkOrder;
use super::{FileId, LibraryConfig, LibraryError, LibraryId, ScanRequest, ScanState};
use crate::base::clock::SharedClock;
use crate::db::Db;
use crate::db::libraries::{self, LibraryRow};
use crate::pool::Pool;

/// Pictures and texts made at once for people who wait.
const MADE_AT_ONCE: usize = 4;

/// How thoroughly a scan reads, each more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    /// What changed; after changes in the folders, as often as every few seconds.
    Look,
    /// Also what could not be read before; at the start, now and then, and when it is asked for.
    Retry,
    /// Everything.
    Full,
}

/// A scan to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScanOrder {
    /// Only this library.
    pub(super) library: Option<LibraryId>,
    pub(super) depth: Depth,
}

/// Scans that were asked for and not begun.
#[derive(Clone, Debug, Default)]
struct Wanted {
    all: Option<Depth>,
    libraries: BTreeMap<LibraryId, Depth>,
}

impl Wanted {
    fn add(&mut self, order: ScanOrder) {
        match order.library {
            None => self.all = self.all.max(Some(order.depth)),
            Some(id) => {
                let depth = self.libraries.entry(id).or_insert(order.depth);
                *depth = order.depth.max(*depth);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.all.is_none() && self.libraries.is_empty()
    }

    /// The scans to run, one after the other; nothing when nothing is wanted.
    fn orders(self) -> Vec<ScanOrder> {
        let all = self.all;
        let every = all.map(|depth| ScanOrder {
            library: None,
            depth,
        });
        let ones = self
            .libraries
            .into_iter()
            .filter(|(_, depth)| Some(*depth) > all)
            .map(|(id, depth)| ScanOrder {
                library: Some(id),
                depth,
            });
        every.into_iter().chain(ones).collect()
    }
}

/// Who makes what, by the path that it is kept under.
pub(super) type Turns = Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>;

/// Failures of the same work, in a run of the program, after which it is left alone.
const MOST_TRIES: u8 = 3;

/// Work that may fail for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Work {
    Grid(FileId),
    /// By its key.
    Picture(u64),
}

/// Where the folders of the libraries really are.
#[derive(Default)]
struct Roots {
    by_folder: HashMap<PathBuf, PathBuf>,
    all: Arc<[PathBuf]>,
}

impl Roots {
    /// Takes over what was found; a folder whose disk was not read stays where it was.
    fn renew(&mut self, found: Vec<(PathBuf, Result<Option<PathBuf>, DiskError>)>) {
        let before = std::mem::take(&mut self.by_folder);
        for (folder, real) in found {
            let real = real.unwrap_or_else(|_| before.get(&folder).cloned());
            self.by_folder.extend(real.map(|real| (folder, real)));
        }
        self.all = self.by_folder.values().cloned().collect();
    }
}

/// What all parts of the library share.
pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) pool: Arc<Pool>,
    pub(super) clock: SharedClock,
    pub(super) config: LibraryConfig,
    pub(super) shutdown: CancellationToken,
    pub(super) progress: Progress,
    /// Everything that blocks on media goes through the disk of its library.
    pub(super) disks: Disks,
    /// Resolved folders of all libraries.
    roots: RwLock<Roots>,
    wanted: Mutex<Wanted>,
    /// A scan is wanted.
    pub(super) scan_wanted: Notify,
    /// A scan has ended: there may be pictures and indexes to make.
    pub(super) work_wanted: Notify,
    /// The folders of the libraries have changed: watch anew.
    pub(super) folders_changed: Notify,
    /// True while a scan runs; background work waits.
    pub(super) scanning: watch::Sender<bool>,
    /// Bounds what is made for people who wait; more wait in line.
    pub(super) making: Semaphore,
    /// Something was made or scanned, so that something kept may be of no use any more.
    pub(super) prune_wanted: AtomicBool,
    /// How often work has failed in this run of the program.
    failures: Mutex<HashMap<Work, u8>>,
    /// Keys that are being made, so that nobody makes the same twice.
    pub(super) in_making: Turns,
}

impl Inner {
    pub(super) fn new(
        db: Db,
        pool: Arc<Pool>,
        clock: SharedClock,
        config: LibraryConfig,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            db,
            pool,
            clock,
            disks: Disks::new(config.disk_patience),
            config,
            shutdown,
            progress: Progress::new(),
            roots: RwLock::default(),
            wanted: Mutex::default(),
            scan_wanted: Notify::new(),
            work_wanted: Notify::new(),
            folders_changed: Notify::new(),
            scanning: watch::Sender::new(false),
            making: Semaphore::new(MADE_AT_ONCE),
            prune_wanted: AtomicBool::new(true),
            failures: Mutex::default(),
            in_making: Mutex::default(),
        }
    }

    /// Asks for a scan that also tries again what could not be read.
    pub(super) fn want(&self, request: &ScanRequest) {
        self.order(ScanOrder {
            library: request.library,
            depth: match request.full {
                true => Depth::Full,
                false => Depth::Retry,
            },
        });
    }

    /// Asks for a scan because of a change in a library's folders.
    pub(super) fn look(&self, library: LibraryId) {
        self.order(ScanOrder {
            library: Some(library),
            depth: Depth::Look,
        });
    }

    pub(super) fn order(&self, order: ScanOrder) {
        self.hold_wanted().add(order);
        if self.progress.status().state != ScanState::Scanning {
            self.progress.begin_scan(self.clock.unix_ms());
        }
        self.scan_wanted.notify_one();
    }

    /// Shows rest, unless another scan was asked for meanwhile.
    pub(super) fn rest(&self) {
        let wanted = self.hold_wanted();
        if wanted.is_empty() {
            self.progress.rest();
        }
    }

    fn hold_wanted(&self) -> std::sync::MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no scan runs.
    pub(super) async fn wait_for_scan(&self) {
        // The sender lives as long as `self`.
        let _ = self
            .scanning
            .subscribe()
            .wait_for(|scanning| !scanning)
            .await;
    }

    pub(super) fn take_wanted(&self) -> Vec<ScanOrder> {
        std::mem::take(&mut *self.hold_wanted()).orders()
    }

    /// Whether work has not failed too often yet.
    pub(super) fn may_try(&self, work: Work) -> bool {
        self.hold_failures().get(&work).copied().unwrap_or(0) < MOST_TRIES
    }

    pub(super) fn note_failure(&self, work: Work) {
        let mut failures = self.hold_failures();
        let times = failures.entry(work).or_default();
        *times = times.saturating_add(1);
    }

    fn hold_failures(&self) -> std::sync::MutexGuard<'_, HashMap<Work, u8>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolved folders that a media file may lie below.
    pub(super) fn roots(&self) -> Arc<[PathBuf]> {
        Arc::clone(
            &self
                .roots
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .all,
        )
    }

    /// Resolves the libraries' folders anew; a mount may have come. One that hangs stays as it was.
    pub(super) async fn refresh_roots(&self) -> Result<(), LibraryError> {
        let mut folders: Vec<PathBuf> = self
            .db
            .read(libraries::all)
            .await?
            .into_iter()
            .map(|library| library.path)
            .collect();
        folders.extend(self.config.media_root.clone());
        let resolve = folders.into_iter().map(async |folder| {
            let path = folder.clone();
            let resolve = move || fs::canonicalize(path).ok();
            let found = self.disks.of(&folder).run(resolve).await;
            if let Ok(Some(real)) = &found {
                self.disks.note_real(&folder, real.clone());
            }
            (folder, found)
        });
        let found = futures_util::future::join_all(resolve).await;
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        roots.renew(found);
        Ok(())
    }

    /// What a walk of a library looks at: not into folders of other libraries, nor into those that
    /// the owner declined.
    pub(super) async fn walk_order(&self, library: &LibraryRow) -> Result<WalkOrder, LibraryError> {
        let (all, mut left_out) = self
            .db
            .read(|conn| Ok((libraries::all(conn)?, libraries::declined(conn)?)))
            .await?;
        left_out.extend(
            all.into_iter()
                .filter(|other| other.id != library.id)
                .map(|other| other.path),
        );
        left_out.retain(|path| *path != library.path);
        Ok(WalkOrder {
            root: library.path.clone(),
            kind: library.kind,
            left_out,
            roots: self.roots().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stays_where_it_was_while_its_disk_is_not_read() {
        let path = PathBuf::from;
        let mut roots = Roots::default();
        roots.renew(vec![
            (path("/a"), Ok(Some(path("/mnt/a")))),
            (path("/b"), Ok(Some(path("/mnt/b")))),
            (path("/c"), Ok(Some(path("/mnt/c")))),
        ]);
        roots.renew(vec![
            (path("/a"), Err(DiskError::NotAnswering)),
            (path("/b"), Ok(None)),
            (path("/d"), Err(DiskError::NoTurn)),
        ]);
        assert_eq!(*roots.all, [path("/mnt/a")]);
    }

    #[test]
    fn scans_that_are_asked_for_together_become_few_and_the_deepest() {
        use Depth::{Full, Look, Retry};
        type Asked = (Option<i64>, Depth);
        let cases: &[(&[Asked], &[Asked])] = &[
            (&[], &[]),
            (
                &[(Some(1), Look), (Some(1), Retry), (Some(1), Look)],
                &[(Some(1), Retry)],
            ),
            (
                &[(Some(1), Look), (None, Retry), (Some(2), Retry)],
                &[(None, Retry)],
            ),
            (
                &[(None, Retry), (Some(2), Full)],
                &[(None, Retry), (Some(2), Full)],
            ),
            (
                &[(None, Full), (None, Retry), (Some(2), Full)],
                &[(None, Full)],
            ),
        ];
        for (asked, want) in cases {
            let order = |&(id, depth): &Asked| ScanOrder {
                library: id.map(LibraryId),
                depth,
            };
            let mut wanted = Wanted::default();
            asked.iter().for_each(|asked| wanted.add(order(asked)));
            assert_eq!(wanted.is_empty(), want.is_empty());
            assert_eq!(wanted.orders(), want.iter().map(order).collect::<Vec<_>>());
        }
    }
}
