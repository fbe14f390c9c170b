//! The handle to the database: one writer thread and two reader threads behind bounded queues.
//!
//! Never: SQL of a feature; blocking the async runtime.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use super::DbError;
use super::migrations::{self, Found};

/// Waiting writes; when full, `write` waits.
const WRITE_QUEUE: usize = 32;
/// Waiting reads; when full, `read` waits.
const READ_QUEUE: usize = 64;
const READERS: usize = 2;
/// Page caches in KiB: small, because the kernel caches the file anyway.
const WRITER_CACHE_KIB: i64 = 2048;
const READER_CACHE_KIB: i64 = 1024;
/// A power cut may take back what was committed last, and breaks nothing.
pub(super) const SYNCHRONOUS: &str = "NORMAL";
/// Longest wait of one reader for the other.
const MEETING: Duration = Duration::from_millis(200);
/// SQLite's deepest calls need far less.
const STACK_BYTES: usize = 512 * 1024;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A cheap handle to the database.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// Emptied by `close`, which ends the threads once they have done what waits.
    queues: Mutex<Option<Queues>>,
    /// Answered when the threads have closed their connections; the writer's is the last.
    ended: Mutex<Vec<oneshot::Receiver<()>>>,
    /// Keeps a second instance out while any handle lives; a look keeps nobody out.
    _lock: Option<File>,
}

#[derive(Clone)]
struct Queues {
    write: mpsc::Sender<Work>,
    read: mpsc::Sender<Work>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl Db {
    /// Opens or creates the database in `state_dir`, brings it up to date and starts its threads.
    ///
    /// Blocks; meant for the start of the program.
    ///
    /// # Errors
    /// [`DbError::InUse`] when another instance has the folder, [`DbError::Newer`] when a newer program wrote it and this
    /// one cannot run on that (nothing is changed), [`DbError::ReadOnly`], [`DbError::Full`] and others.
    pub fn open(state_dir: &Path) -> Result<Self, DbError> {
        std::fs::create_dir_all(state_dir)
            .map_err(|error| DbError::from_io(state_dir.to_owned(), error))?;
        let lock = lock(state_dir)?;
        let path = state_dir.join("alcove.db");
        let writer = open_writer(&path).map_err(|error| placed(error, state_dir))?;
        let (read, mut ended) = start_readers(state_dir, || open_reader(&path))?;
        let (write, write_queue) = mpsc::channel(WRITE_QUEUE);
        ended.push(start("db-writer", state_dir, move || {
            serve_writes(writer, write_queue);
        })?);
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                queues: Mutex::new(Some(Queues { write, read })),
                ended: Mutex::new(ended),
                _lock: Some(lock),
            }),
        })
    }

    /// Opens the database in `state_dir` for reading alone, also while another instance has it: makes, changes and
    /// locks nothing. `None` when there is no database.
    ///
    /// Blocks; meant for the command line.
    ///
    /// # Errors
    /// [`DbError::Newer`] as of [`Db::open`], [`DbError::Older`] when an older program wrote it, and others.
    pub fn look(state_dir: &Path) -> Result<Option<Self>, DbError> {
        let path = state_dir.join("alcove.db");
        let is_there = path.try_exists();
        if !is_there.map_err(|error| DbError::from_io(state_dir.to_owned(), error))? {
            return Ok(None);
        }
        let (read, ended) = start_readers(state_dir, || open_look(&path))?;
        // Nobody takes what is sent here: every write answers that the database is closed.
        let (write, _) = mpsc::channel(1);
        Ok(Some(Self {
            inner: Arc::new(Inner {
                path,
                queues: Mutex::new(Some(Queues { write, read })),
                ended: Mutex::new(ended),
                _lock: None,
            }),
        }))
    }

    /// True when the database in `state_dir` has a log: a server has it open, or was ended before it could close it.
    pub fn has_log(state_dir: &Path) -> bool {
        log_of(&state_dir.join("alcove.db")).exists()
    }

    /// Runs `work` on the writer. One write at a time, in the order of the calls; a transaction is
    /// `work`'s own choice.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Closed`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let queue = self.queues()?.write;
        self.ask(&queue, work).await
    }

    /// [`Db::write`] for a thread that may block, and may not be given up in the middle.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let queue = self.queues()?.write;
        let (job, wait) = job(work);
        queue.blocking_send(job).map_err(|_| DbError::Closed)?;
        self.told(wait.blocking_recv())
    }

    /// Runs `work` on a read-only connection; never waits for a write.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError::Closed`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, DbError> + Send + 'static,
    {
        let queue = self.queues()?.read;
        self.ask(&queue, move |conn| work(conn)).await
    }

    /// Gives back what the connections keep in memory, once there is a rest. Costs nothing but that
    /// the next questions read their pages anew.
    ///
    /// # Errors
    /// [`DbError::Closed`].
    pub async fn shrink(&self) -> Result<(), DbError> {
        let shrink = |conn: &Connection| Ok(conn.execute_batch("PRAGMA shrink_memory")?);
        self.write(move |conn| shrink(conn)).await?;
        // Each reader must take one of the calls, so each call waits for the others; not for ever,
        // because the asker may go away before all are sent.
        let arrived = Arc::new((Mutex::new(0), Condvar::new()));
        let calls = (0..READERS).map(|_| {
            let arrived = Arc::clone(&arrived);
            self.read(move |conn| {
                meet(&arrived);
                shrink(conn)
            })
        });
        futures_util::future::try_join_all(calls).await?;
        Ok(())
    }

    /// Finishes what waits, writes the log back into the database and closes it.
    pub async fn close(&self) {
        let Some(Queues { write, read }) = hold(&self.inner.queues).take() else {
            return;
        };
        let mut readers = std::mem::take(&mut *hold(&self.inner.ended));
        let writer = readers.pop();
        // The last connection that closes writes the log back, and a reader may not write.
        drop(read);
        for thread in readers {
            // The sender is dropped without a value when the thread ends.
            let _ = thread.await;
        }
        drop(write);
        if let Some(thread) = writer {
            let _ = thread.await;
        }
    }

    fn queues(&self) -> Result<Queues, DbError> {
        hold(&self.inner.queues).clone().ok_or(DbError::Closed)
    }

    async fn ask<T, F>(&self, queue: &mpsc::Sender<Work>, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    {
        let (job, wait) = job(work);
        queue.send(job).await.map_err(|_| DbError::Closed)?;
        self.told(wait.await)
    }

    fn told<T>(
        &self,
        answer: Result<Result<T, DbError>, oneshot::error::RecvError>,
    ) -> Result<T, DbError> {
        match answer {
            Ok(Err(DbError::ReadOnly(_))) => Err(DbError::ReadOnly(self.inner.path.clone())),
            Ok(result) => result,
            Err(_) => Err(DbError::Closed),
        }
    }
}

fn job<T, F>(work: F) -> (Work, oneshot::Receiver<Result<T, DbError>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
{
    let (answer, wait) = oneshot::channel();
    let job: Work = Box::new(move |conn| {
        // The asker may have gone away meanwhile.
        let _ = answer.send(work(conn));
    });
    (job, wait)
}

fn hold<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until all readers are here.
fn meet(arrived: &(Mutex<usize>, Condvar)) {
    let (count, changed) = arrived;
    let mut here = hold(count);
    *here += 1;
    changed.notify_all();
    // Whether all came or the time is over makes no difference to who waited.
    drop(changed.wait_timeout_while(here, MEETING, |here| *here < READERS));
}

fn placed(error: DbError, state_dir: &Path) -> DbError {
    match error {
        DbError::ReadOnly(_) => DbError::ReadOnly(state_dir.to_owned()),
        other => other,
    }
}

/// Takes the folder for this process until the file is dropped; the kernel frees it after a crash.
fn lock(state_dir: &Path) -> Result<File, DbError> {
    let io = |error| DbError::from_io(state_dir.to_owned(), error);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(state_dir.join("alcove.lock"))
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DbError::InUse(state_dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

fn open_writer(path: &Path) -> Result<Connection, DbError> {
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    let state = Found::judge(&conn)?;
    if let Found::Newer(found) = state {
        let known = migrations::known_version();
        return Err(DbError::Newer { found, known });
    }
    if conn.is_readonly("main")? {
        return Err(DbError::ReadOnly(PathBuf::new()));
    }
    conn.pragma_update(None, "journal_mode", "WAL")?;
    tune(&conn, WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "wal_autocheckpoint", 500)?;
    conn.pragma_update(None, "journal_size_limit", 4 * 1024 * 1024)?;
    match state {
        Found::Known(_) => migrations::apply(&mut conn)?,
        _ => log::info!("a newer Alcove wrote the database, and lets this one run on it"),
    }
    Ok(conn)
}

fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(5))?;
    tune(&conn, READER_CACHE_KIB)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Where SQLite keeps what is not yet written back.
fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// A connection that leaves no file behind: without a log nobody has the database open, and only a reader that is told so
/// does not make one (<https://www.sqlite.org/wal.html#read_only_databases>).
fn open_look(path: &Path) -> Result<Connection, DbError> {
    let conn = if log_of(path).exists() {
        open_reader(path)?
    } else {
        let name = percent_encode(path.as_os_str().as_bytes(), NON_ALPHANUMERIC);
        Connection::open_with_flags(
            format!("file:{name}?mode=ro&immutable=1"),
            OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_URI,
        )?
    };
    let known = migrations::known_version();
    match Found::judge(&conn)? {
        Found::Known(found) if found < known => Err(DbError::Older { found, known }),
        Found::Newer(found) => Err(DbError::Newer { found, known }),
        Found::Known(_) | Found::NewerThatOnlyAdds => Ok(conn),
    }
}

fn tune(conn: &Connection, cache_kib: i64) -> Result<(), DbError> {
    conn.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -cache_kib)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.set_prepared_statement_cache_capacity(48);
    Ok(())
}

/// Starts the reader threads on connections that `open` makes.
fn start_readers(
    state_dir: &Path,
    open: impl Fn() -> Result<Connection, DbError>,
) -> Result<(mpsc::Sender<Work>, Vec<oneshot::Receiver<()>>), DbError> {
    let (read, queue) = mpsc::channel(READ_QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    let mut ended = Vec::new();
    for number in 0..READERS {
        let conn = open().map_err(|error| placed(error, state_dir))?;
        let queue = Arc::clone(&queue);
        let serve = move || serve_reads(conn, &queue);
        ended.push(start(&format!("db-reader-{number}"), state_dir, serve)?);
    }
    Ok((read, ended))
}

/// Starts a named thread; the receiver answers when it has ended.
fn start(
    name: &str,
    state_dir: &Path,
    body: impl FnOnce() + Send + 'static,
) -> Result<oneshot::Receiver<()>, DbError> {
    let (ends, ended) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            body();
            drop(ends);
        })
        .map_err(|error| DbError::from_io(state_dir.to_owned(), error))?;
    Ok(ended)
}

fn serve_writes(mut conn: Connection, mut queue: mpsc::Receiver<Work>) {
    while let Some(work) = queue.blocking_recv() {
        guarded(work, &mut conn);
        roll_back_leftover(&conn);
    }
    if let Err(error) = conn.execute_batch("PRAGMA optimize") {
        log::debug!("the database was not optimised at its end: {error}");
    }
}

fn serve_reads(mut conn: Connection, queue: &Mutex<mpsc::Receiver<Work>>) {
    loop {
        let next = hold(queue).blocking_recv();
        match next {
            Some(work) => guarded(work, &mut conn),
            None => return,
        }
    }
}

/// A panic costs its asker the answer, not everyone the thread.
fn guarded(work: Work, conn: &mut Connection) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(conn)));
    if outcome.is_err() {
        log::error!("a database request panicked; it was given up");
    }
}

/// A closure that began a transaction by hand and failed must not leave it open for the next one.
fn roll_back_leftover(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        log::warn!("an unfinished change to the database was not rolled back: {error}");
    }
}
