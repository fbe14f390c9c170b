//! What all parts of the library share.
//!
//! Never: work of its own.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::status::Progress;
use super::walk::WalkOrder;
use super::{LibraryConfig, LibraryError, LibraryId, ScanRequest, ScanState};
use crate::base::clock::SharedClock;
use crate::db::Db;
use crate::db::libraries::{self, LibraryRow};
use crate::pool::Pool;

/// Pictures and texts made at once for people who wait.
const MADE_AT_ONCE: usize = 4;

/// Files that were still being written, by library: path, size, time of change.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsettled(pub(super) HashMap<LibraryId, Vec<(Vec<u8>, u64, i64)>>);

impl Unsettled {
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.values().map(|files| files.len() as u64).sum()
    }

    /// Takes over what a scan found; what lies in libraries that it left out stays.
    pub(super) fn renew(&mut self, request: &ScanRequest, found: Self) {
        match request.library {
            None => self.0.clear(),
            Some(library) => drop(self.0.remove(&library)),
        }
        self.0.extend(found.0);
    }

    pub(super) fn libraries(&self) -> impl Iterator<Item = LibraryId> {
        self.0
            .iter()
            .filter(|(_, files)| !files.is_empty())
            .map(|(id, _)| *id)
    }
}

/// Scans that were asked for and not begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) all: bool,
    pub(super) full: bool,
    pub(super) libraries: HashSet<LibraryId>,
    /// Libraries to be read in full.
    pub(super) full_libraries: HashSet<LibraryId>,
}

impl Wanted {
    fn add(&mut self, request: &ScanRequest) {
        match request.library {
            None => {
                self.all = true;
                self.full |= request.full;
            }
            Some(id) if request.full => {
                self.full_libraries.insert(id);
            }
            Some(id) => {
                self.libraries.insert(id);
            }
        }
    }

    fn is_empty(&self) -> bool {
        !self.all && self.libraries.is_empty() && self.full_libraries.is_empty()
    }

    /// The scans to run, one after the other; nothing when nothing is wanted.
    pub(super) fn requests(self) -> Vec<ScanRequest> {
        let one = |library, full| ScanRequest {
            library: Some(library),
            full,
        };
        if self.all {
            let mut requests = vec![ScanRequest {
                library: None,
                full: self.full,
            }];
            if !self.full {
                requests.extend(self.full_libraries.into_iter().map(|id| one(id, true)));
            }
            return requests;
        }
        let plain = self
            .libraries
            .difference(&self.full_libraries)
            .map(|&id| one(id, false));
        let full = self.full_libraries.iter().map(|&id| one(id, true));
        plain.chain(full).collect()
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
    /// Resolved folders of all libraries.
    roots: RwLock<Arc<[PathBuf]>>,
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
    /// Keys that are being made, so that nobody makes the same twice.
    pub(super) in_making: Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
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
            config,
            shutdown,
            progress: Progress::new(),
            roots: RwLock::new(Arc::new([])),
            wanted: Mutex::default(),
            scan_wanted: Notify::new(),
            work_wanted: Notify::new(),
            folders_changed: Notify::new(),
            scanning: watch::Sender::new(false),
            making: Semaphore::new(MADE_AT_ONCE),
            in_making: Mutex::default(),
        }
    }

    pub(super) fn want(&self, request: &ScanRequest) {
        self.hold_wanted().add(request);
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

    pub(super) fn take_wanted(&self) -> Vec<ScanRequest> {
        std::mem::take(&mut *self.hold_wanted()).requests()
    }

    /// Resolved folders that a media file may lie below.
    pub(super) fn roots(&self) -> Arc<[PathBuf]> {
        Arc::clone(&self.roots.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Resolves the libraries' folders anew; a mount may have come.
    pub(super) async fn refresh_roots(&self) -> Result<(), LibraryError> {
        let mut folders: Vec<PathBuf> = self
            .db
            .read(libraries::all)
            .await?
            .into_iter()
            .map(|library| library.path)
            .collect();
        folders.extend(self.config.media_root.clone());
        let resolve = move || {
            folders
                .iter()
                .filter_map(|path| fs::canonicalize(path).ok())
                .collect::<Vec<_>>()
        };
        let resolved = tokio::task::spawn_blocking(resolve)
            .await
            .unwrap_or_default();
        *self.roots.write().unwrap_or_else(PoisonError::into_inner) = resolved.into();
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
