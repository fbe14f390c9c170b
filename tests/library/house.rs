//! What the library's tests share: a library with its tasks over scratch folders.
//!
//! Never: an expectation; sleeping.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use alcove::base::clock::{Clock, SystemClock};
use alcove::db::Db;
use alcove::library::{
    ItemKind, ItemQuery, ItemSummary, Library, LibraryConfig, LibraryEvent, ScanRequest, ScanState,
    UserId,
};
use alcove::pool::{Pool, PoolConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

pub const ANNA: UserId = UserId(1);
pub const BEN: UserId = UserId(2);

/// The long tasks that a test wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tasks {
    Scan,
    All,
}

/// The machine's clock, and as much ahead of it as a test says.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn unix_ms(&self) -> i64 {
        SystemClock.unix_ms() + self.0.load(Ordering::Relaxed)
    }

    fn steady_ms(&self) -> i64 {
        SystemClock.steady_ms() + self.0.load(Ordering::Relaxed)
    }
}

pub struct House {
    pub folders: Folders,
    clock: Arc<Ahead>,
    pub library: Library,
    pub db: Db,
    pool: Arc<Pool>,
    shutdown: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

/// Scratch folders that outlive a library.
pub struct Folders {
    media: tempfile::TempDir,
    state: tempfile::TempDir,
}

impl Folders {
    pub fn new() -> Self {
        let folder = || tempfile::tempdir().expect("scratch folder");
        Self {
            media: folder(),
            state: folder(),
        }
    }

    pub fn media(&self, path: &str) -> PathBuf {
        self.media.path().join(path)
    }

    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Copies test media there, as old as a film that was not just written.
    pub fn put(&self, recipe: &str, path: &str) -> PathBuf {
        let to = self.media(path);
        crate::media::copy(recipe, &to);
        age(&to);
        to
    }

    pub fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let to = self.media(path);
        fs::create_dir_all(to.parent().expect("below a folder")).expect("folder");
        fs::write(&to, bytes).expect("write");
        age(&to);
        to
    }
}

/// A program that runs `before` in the shell, below the state folder, and then becomes the worker.
pub fn worker_after(folders: &Folders, before: &str) -> PathBuf {
    let path = folders.state().join("worker");
    let worker = env!("CARGO_BIN_EXE_alcove-worker");
    let state = folders.state().display();
    let script = format!("#!/bin/sh\nS='{state}'\n{before}\nexec '{worker}' \"$@\"\n");
    fs::write(&path, script).expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("may be run");
    path
}

/// Sets a file's time of change to a minute ago.
pub fn age(path: &Path) {
    let past = SystemTime::now() - Duration::from_secs(60);
    let file = File::options().append(true).open(path).expect("open");
    file.set_modified(past).expect("set the time");
}

impl House {
    /// Starts a library over the folders and waits for its first scan.
    pub async fn open(folders: Folders, tasks: Tasks) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_alcove-worker"));
        Self::open_with(folders, tasks, program).await
    }

    /// Likewise, with workers that are started by `program`.
    pub async fn open_with(folders: Folders, tasks: Tasks, program: PathBuf) -> Self {
        let db = Db::open(folders.state()).expect("the database opens");
        let pool = Arc::new(Pool::new(PoolConfig {
            program,
            size: 2,
            address_space_bytes: 2 << 30,
        }));
        let shutdown = CancellationToken::new();
        let clock = Arc::new(Ahead::default());
        let mut config = LibraryConfig::new(folders.state().to_owned());
        config.media_root = Some(folders.media.path().to_owned());
        // A test that wants drives makes their folder.
        let drives = folders.state().join("drives");
        config.drives = drives.is_dir().then_some(drives);
        let (library, long) = Library::start(
            db.clone(),
            Arc::clone(&pool),
            clock.clone(),
            config,
            shutdown.clone(),
        )
        .await
        .expect("the library starts");
        let mut events = library.subscribe();
        let wanted = |name: &str| tasks == Tasks::All || name.contains("scan");
        let running = long
            .tasks
            .into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(_, task)| tokio::spawn(task))
            .collect();
        let house = Self {
            folders,
            clock,
            library,
            db,
            pool,
            shutdown,
            running,
        };
        tokio::time::timeout(PATIENCE, ended(&mut events))
            .await
            .expect("the first scan ends");
        house
    }

    /// Lets the library believe that minutes have passed.
    pub fn pass_minutes(&self, minutes: i64) {
        self.clock.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }

    pub async fn scan_all_anew(&self) {
        self.scan_as(ScanRequest {
            library: None,
            full: true,
        })
        .await;
    }

    pub async fn scan(&self) {
        self.scan_as(ScanRequest::default()).await;
    }

    pub async fn scan_as(&self, request: ScanRequest) {
        let mut events = self.library.subscribe();
        self.library.request_scan(request);
        tokio::time::timeout(PATIENCE, ended(&mut events))
            .await
            .expect("the scan ends");
    }

    /// Waits until `wanted` holds, looking again at each piece of news.
    pub async fn until<F, T>(&self, mut wanted: F) -> T
    where
        F: AsyncFnMut(&Library) -> Option<T>,
    {
        let mut events = self.library.subscribe();
        let wait = async {
            loop {
                if let Some(found) = wanted(&self.library).await {
                    return found;
                }
                // News may have been missed between the look and the wait.
                let _ = tokio::time::timeout(Duration::from_millis(200), events.recv()).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("what is waited for comes")
    }

    pub async fn all(&self) -> Vec<ItemSummary> {
        self.list(ItemQuery::default()).await
    }

    pub async fn of_kind(&self, kind: ItemKind) -> Vec<ItemSummary> {
        self.list(ItemQuery {
            kind: Some(kind),
            ..ItemQuery::default()
        })
        .await
    }

    pub async fn titles(&self, kind: ItemKind) -> Vec<String> {
        self.of_kind(kind)
            .await
            .into_iter()
            .map(|item| item.title)
            .collect()
    }

    pub async fn one(&self, kind: ItemKind, title: &str) -> ItemSummary {
        let found = self.of_kind(kind).await;
        let all: Vec<_> = found.iter().map(|item| item.title.clone()).collect();
        found
            .into_iter()
            .find(|item| item.title == title)
            .unwrap_or_else(|| panic!("{title} in {all:?}"))
    }

    pub async fn list(&self, query: ItemQuery) -> Vec<ItemSummary> {
        let mut query = ItemQuery {
            limit: 500,
            ..query
        };
        let mut found = Vec::new();
        loop {
            let page = self.library.list(ANNA, &query).await.expect("a list");
            found.extend(page.items);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return found,
            }
        }
    }

    /// Ends everything and gives the folders back.
    pub async fn close(self) -> Folders {
        self.shutdown.cancel();
        for task in self.running {
            tokio::time::timeout(PATIENCE, task)
                .await
                .expect("tasks end at shutdown")
                .expect("no panic");
        }
        self.pool.close().await;
        self.db.close().await;
        self.folders
    }
}

async fn ended(events: &mut tokio::sync::broadcast::Receiver<LibraryEvent>) {
    let mut began = false;
    loop {
        match events.recv().await {
            Ok(LibraryEvent::Scan(status)) => {
                began |= status.state == ScanState::Scanning;
                if began && status.state != ScanState::Scanning && status.finished_at_ms.is_some() {
                    return;
                }
            }
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
