//! `alcove serve`: builds all rooms, runs their tasks, and ends them in order.
//!
//! The order of the end: no new connections; connections get a moment and are then cut; segments;
//! workers; the library's tasks, which wait for workers; the database, when nobody can ask it.
//!
//! Never: logic of its own.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::Config;
use super::signals::Signals;
use super::tasks::Tasks;
use super::{heap, logger};
use crate::auth::{Accounts, AuthError, KeyError};
use crate::base::clock::{SharedClock, SystemClock};
use crate::board::Board;
use crate::db::{Db, DbError};
use crate::http::{self, Rooms};
use crate::library::{Library, LibraryConfig, LibraryError};
use crate::pool::{Pool, PoolConfig};
use crate::transcode::backend::Software;
use crate::transcode::capacity::{Capacity, CoreKind};
use crate::transcode::session::{Sessions, SessionsConfig};

/// Sets the password of the account `owner` when there is no account yet.
pub const OWNER_PASSWORD: &str = "ALCOVE_OWNER_PASSWORD";
/// How long answers that are being sent may take at the end. All limits together stay below 2 s.
const CONNECTIONS_END: Duration = Duration::from_millis(500);
const TASKS_END: Duration = Duration::from_millis(400);
const WORKERS_END: Duration = Duration::from_millis(300);
const DATABASE_END: Duration = Duration::from_millis(400);
/// How often free memory is given back.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(20);
/// A new database does not fit in less.
const FULL_BELOW_BYTES: u64 = 256 * 1024;
const MIB: u64 = 1024 * 1024;
/// The deepest stacks are those of a debug build.
const STACK_BYTES: usize = 1024 * 1024;
const BLOCKING_THREADS: usize = 32;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("{error}{}", hint(error))]
    Db {
        #[from]
        #[source]
        error: DbError,
    },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the account of {OWNER_PASSWORD} was not made: {0}")]
    Owner(AuthError),
    #[error("the library did not start: {0}")]
    Library(#[from] LibraryError),
    #[error("port {} of {} is in use; stop what uses it, or choose another with --listen", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    #[error("listening on {address} is not possible: {source}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the program {} is not there; name it with --worker", .0.display())]
    NoWorker(PathBuf),
    #[error("the media folder {} cannot be used: {source}", path.display())]
    Media { path: PathBuf, source: io::Error },
    #[error("the runtime did not start: {0}")]
    Runtime(io::Error),
}

/// What the owner can do about it.
fn hint(error: &DbError) -> &'static str {
    match error {
        DbError::InUse(_) => "; stop that one first, or choose another folder with --state",
        DbError::Newer { .. } => {
            "; install the newer Alcove again, or choose another folder with --state"
        }
        DbError::ReadOnly(_) => "; make it writable, or choose another folder with --state",
        DbError::Full => "; make room on it and start again",
        _ => "",
    }
}

/// Runs the server until a signal ends it.
///
/// # Errors
/// [`ServeError`] when it does not start.
pub fn run(config: Config) -> Result<ExitCode, ServeError> {
    logger::start(config.log.into());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(2))
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_stack_size(STACK_BYTES)
        .thread_keep_alive(Duration::from_secs(5))
        .enable_all()
        .build()
        .map_err(ServeError::Runtime)?;
    let outcome = runtime.block_on(serve(config));
    // A read from a disk that hangs must not hold the process.
    runtime.shutdown_background();
    outcome
}

/// The rooms that have an end of their own.
struct House {
    db: Db,
    pool: Pool,
    sessions: Sessions,
    library: Library,
    accounts: Accounts,
    board: Board,
    clock: SharedClock,
    library_tasks: Tasks,
    /// Ends the library's tasks.
    library_end: CancellationToken,
}

async fn serve(config: Config) -> Result<ExitCode, ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Runtime)?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr().map_err(|source| ServeError::Listen {
        address: config.listen,
        source,
    })?;
    let house = build(&config).await?;
    let shutdown = CancellationToken::new();
    let router = http::router(Rooms {
        accounts: house.accounts.clone(),
        library: house.library.clone(),
        sessions: house.sessions.clone(),
        pool: house.pool.clone(),
        board: house.board.clone(),
        clock: Arc::clone(&house.clock),
        state_dir: config.state.clone(),
        hosts: config.hosts(),
        shutdown: shutdown.clone(),
    });
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let mut listening = Tasks::default();
    listening.spawn(
        "listener",
        http::serve(
            listener,
            router,
            config.server(),
            connections.clone(),
            shutdown.clone(),
            cut.clone(),
        ),
    );
    let making_end = CancellationToken::new();
    let mut making = Tasks::default();
    let (sessions, token) = (house.sessions.clone(), making_end.clone());
    making.spawn("segments", async move { sessions.run(token).await });
    let mut tending = Tasks::default();
    let pool = house.pool.clone();
    tending.spawn("workers", async move { pool.tend().await });
    tending.spawn("heap", give_back(shutdown.clone()));
    log::info!(
        "Alcove {} answers on http://{address}",
        env!("CARGO_PKG_VERSION")
    );

    signals.next().await;
    log::info!("ending");
    // The second signal ends everything at once; this task goes with the process.
    tokio::spawn(async move {
        signals.next().await;
        log::warn!("ending at once");
        std::process::exit(1);
    });
    shutdown.cancel();
    listening.join(TASKS_END).await;
    connections.close();
    if tokio::time::timeout(CONNECTIONS_END, connections.wait())
        .await
        .is_err()
    {
        cut.cancel();
        connections.wait().await;
    }
    making_end.cancel();
    making.join(TASKS_END).await;
    house.library_end.cancel();
    if tokio::time::timeout(WORKERS_END, house.pool.close())
        .await
        .is_err()
    {
        log::warn!("a worker did not end in time");
    }
    tending.join(TASKS_END).await;
    house.library_tasks.join(TASKS_END).await;
    if tokio::time::timeout(DATABASE_END, house.db.close())
        .await
        .is_err()
    {
        log::warn!("the database was still busy; its log is read at the next start");
    }
    log::info!("ended");
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse(address),
            _ => ServeError::Listen { address, source },
        })
}

async fn build(config: &Config) -> Result<House, ServeError> {
    let media = config.media.as_deref().map(media_folder).transpose()?;
    let program = worker_program(config)?;
    let state = config.state.clone();
    let db = tokio::task::spawn_blocking(move || Db::open(&state))
        .await
        .map_err(|error| ServeError::Runtime(error.into()))?
        .map_err(|error| explain(error, &config.state))?;
    let clock: SharedClock = Arc::new(SystemClock);
    let accounts = Accounts::open(db.clone(), Arc::clone(&clock), &config.state)?;
    make_owner(&accounts).await?;
    let board = Board::new(PathBuf::from("/"));
    let now = board.look();
    let jobs = config.transcode.jobs.unwrap_or(now.cores as usize).max(1);
    let kind = CoreKind::from_cpuinfo(&board.cpuinfo());
    let cache_mib = config.transcode.cache_mib.unwrap_or_else(|| {
        let memory_mib = now.memory_bytes.unwrap_or(0) / MIB;
        (memory_mib / 16).clamp(32, 256)
    });
    let sessions = SessionsConfig {
        cache_bytes: usize::try_from(cache_mib * MIB).unwrap_or(usize::MAX),
        parallel_jobs: jobs,
        capacity: Capacity::guess(jobs, kind),
    };
    let pool = Pool::new(PoolConfig {
        program,
        size: sessions.most_workers(),
        address_space_bytes: config.transcode.worker_mib.unwrap_or(2048) * MIB,
    });
    let sessions = Sessions::new(Arc::new(Software::new(pool.clone())), sessions);
    let library_end = CancellationToken::new();
    let settings = LibraryConfig {
        media_root: media,
        scan_workers: config.library.scan_workers,
        art_cache_bytes: config.library.art_cache_mib * MIB,
        ..LibraryConfig::new(config.state.clone())
    };
    let (library, tasks) = Library::start(
        db.clone(),
        Arc::new(pool.clone()),
        Arc::clone(&clock),
        settings,
        library_end.clone(),
    )
    .await?;
    let mut library_tasks = Tasks::default();
    for (name, task) in tasks.tasks {
        library_tasks.spawn(name, task);
    }
    Ok(House {
        db,
        pool,
        sessions,
        library,
        accounts,
        board,
        clock,
        library_tasks,
        library_end,
    })
}

/// SQLite reports a full disk as an input/output error where it maps its index into memory.
fn explain(error: DbError, state: &Path) -> DbError {
    let is_vague = matches!(error, DbError::Sqlite(_) | DbError::Migration(_));
    let disks = crate::board::storage(&[state.to_owned()]);
    let is_full = disks
        .first()
        .is_some_and(|disk| disk.free_bytes < FULL_BELOW_BYTES);
    if is_vague && is_full {
        DbError::Full
    } else {
        error
    }
}

fn media_folder(path: &Path) -> Result<PathBuf, ServeError> {
    let wrong = |source| ServeError::Media {
        path: path.to_owned(),
        source,
    };
    let absolute = std::path::absolute(path).map_err(wrong)?;
    match std::fs::metadata(&absolute) {
        Ok(facts) if facts.is_dir() => Ok(absolute),
        Ok(_) => Err(wrong(io::ErrorKind::NotADirectory.into())),
        // A disk that is away may come back; the library waits for it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(absolute),
        Err(error) => Err(wrong(error)),
    }
}

fn worker_program(config: &Config) -> Result<PathBuf, ServeError> {
    let beside = || {
        let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("alcove"));
        own.with_file_name("alcove-worker")
    };
    let program = config.worker.clone().unwrap_or_else(beside);
    if program.is_file() {
        Ok(program)
    } else {
        Err(ServeError::NoWorker(program))
    }
}

/// Makes the account `owner` for unattended use.
async fn make_owner(accounts: &Accounts) -> Result<(), ServeError> {
    let Ok(password) = std::env::var(OWNER_PASSWORD) else {
        return Ok(());
    };
    if !accounts.setup_needed().await.map_err(ServeError::Owner)? {
        return Ok(());
    }
    accounts
        .create_owner("owner", password, None)
        .await
        .map_err(ServeError::Owner)?;
    log::info!("the account owner was made with the password of {OWNER_PASSWORD}");
    Ok(())
}

async fn give_back(shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(GIVE_BACK_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = tick.tick() => heap::give_back(),
        }
    }
}
