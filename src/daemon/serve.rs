//! `alcove serve`: builds all rooms, runs their tasks, and ends them in order.
//!
//! The order of the end: no new connections; connections get a moment and are then cut; segments;
//! workers; what was counted is written; the library's tasks, which wait for workers; the database, when nobody can ask it.
//!
//! Never: logic of its own.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::Config;
use super::gathering::{self, Gathering, Watch};
use super::health::Trial;
use super::notify::Notify;
use super::signals::Signals;
use super::tasks::Tasks;
use super::{address, crash, heap, logger, privacy};
use crate::auth::{Accounts, AuthError, KeyError};
use crate::base::clock::{SharedClock, SystemClock};
use crate::board::{Board, Sensors};
use crate::db::{Db, DbError};
use crate::http::{self, Page, Rooms};
use crate::library::{Library, LibraryConfig, LibraryError};
use crate::pool::{Pool, PoolConfig};
use crate::telemetry::journal::Journal;
use crate::transcode::backend::Software;
use crate::transcode::capacity::{Capacity, CoreKind};
use crate::transcode::playbacks::{Ended, Playbacks};
use crate::transcode::session::{Sessions, SessionsConfig};
use crate::update::updates::Orders;
use crate::update::{Firmware, Updates};

/// Sets the password of the account `owner` when there is no account yet.
pub const OWNER_PASSWORD: &str = "ALCOVE_OWNER_PASSWORD";
/// When each stage of the end is given up at the latest, in milliseconds from the signal; what an
/// early stage leaves is the later ones' too.
const LISTENER_BY_MS: u64 = 200;
const CONNECTIONS_BY_MS: u64 = 600;
const CUT_BY_MS: u64 = 700;
const SEGMENTS_BY_MS: u64 = 900;
const WORKERS_BY_MS: u64 = 1200;
const TASKS_BY_MS: u64 = 1500;
const DATABASE_BY_MS: u64 = 1800;
/// How often free memory is given back.
const GIVE_BACK_EVERY: Duration = Duration::from_secs(20);
/// A new database does not fit in less.
const FULL_BELOW_BYTES: u64 = 256 * 1024;
const MIB: u64 = 1024 * 1024;
/// The deepest stacks are those of a debug build.
const STACK_BYTES: usize = 1024 * 1024;
/// Those that wait for disks, of which hung ones may keep all, and those for everything else.
const BLOCKING_THREADS: usize = 64;

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
    crash::log_panics();
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
    /// The program that the pool runs.
    worker: PathBuf,
    sessions: Sessions,
    playbacks: Playbacks,
    library: Library,
    accounts: Accounts,
    board: Board,
    journal: Journal,
    sensors: Sensors,
    updates: Updates,
    orders: Option<Orders>,
    clock: SharedClock,
    library_tasks: Tasks,
    /// Ends the library's tasks.
    library_end: CancellationToken,
}

/// What runs beside the house until the signal.
#[derive(Default)]
struct Running {
    listening: Tasks,
    making: Tasks,
    counting: Tasks,
    tending: Tasks,
    connections: TaskTracker,
    /// Ends the listener and the streams of events.
    shutdown: CancellationToken,
    /// Cuts the connections that are left.
    cut: CancellationToken,
    making_end: CancellationToken,
    counting_end: CancellationToken,
}

async fn serve(config: Config) -> Result<ExitCode, ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Runtime)?;
    let listener = listen(config.listen).await?;
    let bound = listener.local_addr().map_err(|source| ServeError::Listen {
        address: config.listen,
        source,
    })?;
    let settings = config.clone();
    // On a thread of its own: a disk that hangs must not keep the signals waiting.
    let building = tokio::spawn(async move { build(&settings).await });
    let (mut house, ended) = tokio::select! {
        house = building => house.map_err(|error| ServeError::Runtime(error.into()))??,
        () = signals.next() => {
            log::info!("ended before the start was done");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let running = start(&config, &mut house, ended, listener);
    house.sensors.ready();
    log::info!(
        "Alcove {} answers on http://{}",
        env!("CARGO_PKG_VERSION"),
        address::reachable(bound)
    );

    signals.next().await;
    let begun = Instant::now();
    log::info!("ending");
    // The second signal ends everything at once; this task goes with the process.
    tokio::spawn(async move {
        signals.next().await;
        log::warn!("ending at once");
        std::process::exit(1);
    });
    end(house, running, begun).await;
    log::info!("ended");
    Ok(ExitCode::SUCCESS)
}

fn start(config: &Config, house: &mut House, ended: Ended, listener: TcpListener) -> Running {
    let mut running = Running::default();
    let router = http::router(Rooms {
        accounts: house.accounts.clone(),
        library: house.library.clone(),
        sessions: house.sessions.clone(),
        playbacks: house.playbacks.clone(),
        pool: house.pool.clone(),
        board: house.board.clone(),
        journal: house.journal.clone(),
        addresses: privacy::addresses(config),
        sensors: house.sensors.clone(),
        updates: house.updates.clone(),
        clock: Arc::clone(&house.clock),
        state_dir: config.state.clone(),
        hosts: config.hosts(),
        shutdown: running.shutdown.clone(),
    });
    if let Some(orders) = house.orders.take() {
        let trial = Trial {
            page: Page::of(&router),
            db: house.db.clone(),
            pool: house.pool.clone(),
        };
        let updating = house
            .updates
            .clone()
            .run(trial, orders, running.making_end.clone());
        running.making.spawn("updates", updating);
    }
    let (connections, cut) = (running.connections.clone(), running.cut.clone());
    let begin = move |connection| {
        connections.spawn(cut.clone().run_until_cancelled_owned(connection));
    };
    let end = running.shutdown.clone();
    let listening = http::serve(listener, router, config.server(), begin, end);
    running.listening.spawn("listener", listening);
    let (sessions, token) = (house.sessions.clone(), running.making_end.clone());
    let making = async move { sessions.run(token).await };
    running.making.spawn("segments", making);
    let (journal, token) = (house.journal.clone(), running.counting_end.clone());
    let counting = gathering::count(journal, ended, token);
    running.counting.spawn("journal", counting);
    let (playbacks, token) = (house.playbacks.clone(), running.making_end.clone());
    let ending = async move { playbacks.run(token).await };
    running.making.spawn("playbacks", ending);
    let watch = Watch {
        playbacks: house.playbacks.clone(),
        sensors: house.sensors.clone(),
        library: house.library.clone(),
        journal: house.journal.clone(),
        clock: Arc::clone(&house.clock),
    };
    let looking = watch.run(running.shutdown.clone());
    running.tending.spawn("sensors", looking);
    if let Some(crashes) = house.pool.crashes() {
        let reports = house.journal.crashes().clone();
        let end = running.counting_end.clone();
        let keeping = crash::keep_crashes(reports, crashes, house.worker.clone(), end);
        running.counting.spawn("crashes", keeping);
    }
    let systemd = Notify::from_environment();
    systemd.ready();
    let living = systemd.live(running.shutdown.clone());
    running.tending.spawn("watchdog", living);
    let pool = house.pool.clone();
    running
        .tending
        .spawn("workers", async move { pool.tend().await });
    running
        .tending
        .spawn("heap", give_back(running.shutdown.clone()));
    running
}

/// Ends everything in order, each stage by its time after `begun`.
async fn end(house: House, running: Running, begun: Instant) {
    let by = |ms| begun + Duration::from_millis(ms);
    running.shutdown.cancel();
    running.listening.join(by(LISTENER_BY_MS)).await;
    running.connections.close();
    let all_gone = timeout_at(by(CONNECTIONS_BY_MS), running.connections.wait()).await;
    if all_gone.is_err() {
        running.cut.cancel();
        if timeout_at(by(CUT_BY_MS), running.connections.wait())
            .await
            .is_err()
        {
            log::warn!("a connection did not end in time");
        }
    }
    running.making_end.cancel();
    running.making.join(by(SEGMENTS_BY_MS)).await;
    running.counting_end.cancel();
    house.library_end.cancel();
    if timeout_at(by(WORKERS_BY_MS), house.pool.close())
        .await
        .is_err()
    {
        log::warn!("a worker did not end in time");
    }
    let tasks_by = by(TASKS_BY_MS);
    running.counting.join(tasks_by).await;
    running.tending.join(tasks_by).await;
    house.library_tasks.join(tasks_by).await;
    if timeout_at(by(DATABASE_BY_MS), house.db.close())
        .await
        .is_err()
    {
        log::warn!("the database was still busy; its log is read at the next start");
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse(address),
            _ => ServeError::Listen { address, source },
        })
}

async fn build(config: &Config) -> Result<(House, Ended), ServeError> {
    let media = config.media.as_deref().map(media_folder).transpose()?;
    let program = worker_program(config)?;
    let state = config.state.clone();
    let db = tokio::task::spawn_blocking(move || Db::open(&state))
        .await
        .map_err(|error| ServeError::Runtime(error.into()))?
        .map_err(|error| explain(error, &config.state))?;
    let clock: SharedClock = Arc::new(SystemClock);
    let board = Board::new(PathBuf::from("/"));
    let sensors = Sensors::new(board.clone());
    let (playbacks, ended) = Playbacks::new();
    let sessions = sessions_config(config, &board);
    let pool = Pool::new(PoolConfig {
        program: program.clone(),
        size: sessions.most_workers(),
        address_space_bytes: config.transcode.worker_mib.unwrap_or(2048) * MIB,
    });
    let gathering = Arc::new(Gathering {
        playbacks: playbacks.clone(),
        sensors: sensors.clone(),
        pool: pool.clone(),
    });
    let journal = privacy::open(config, &db, &clock, gathering).await?;
    crash::report_panics(journal.crashes().clone());
    let accounts = Accounts::open(db.clone(), Arc::clone(&clock), &config.state)?;
    make_owner(&accounts).await?;
    let backend = Arc::new(Software::new(pool.clone()));
    let sessions = Sessions::new(backend, sessions, playbacks.clone());
    let library_end = CancellationToken::new();
    let settings = LibraryConfig {
        media_root: media,
        drives: config.library.drives.clone(),
        scan_workers: config.library.scan_workers,
        art_cache_bytes: config.library.art_cache_mib * MIB,
        text_cache_bytes: config.library.text_cache_mib * MIB,
        disk_patience: Duration::from_secs(config.library.disk_timeout_s),
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
    let firmware = Firmware::at(config.firmware.root.clone());
    let (updates, orders) = Updates::new(firmware, &config.state, Arc::clone(&clock));
    let house = House {
        db,
        pool,
        worker: program,
        sessions,
        playbacks,
        library,
        accounts,
        sensors,
        board,
        journal,
        updates,
        orders: Some(orders),
        clock,
        library_tasks,
        library_end,
    };
    Ok((house, ended))
}

fn sessions_config(config: &Config, board: &Board) -> SessionsConfig {
    let now = board.look();
    let jobs = config.transcode.jobs.unwrap_or(now.cores as usize).max(1);
    let kind = CoreKind::from_cpuinfo(&board.cpuinfo());
    let cache_mib = config.transcode.cache_mib.unwrap_or_else(|| {
        let memory_mib = now.memory_bytes.unwrap_or(0) / MIB;
        (memory_mib / 16).clamp(32, 256)
    });
    SessionsConfig {
        cache_bytes: usize::try_from(cache_mib * MIB).unwrap_or(usize::MAX),
        parallel_jobs: jobs,
        capacity: Capacity::guess(jobs, kind),
    }
}

/// SQLite reports a full disk as an input/output error where it maps its index into memory.
fn explain(error: DbError, state: &Path) -> DbError {
    let is_vague = matches!(error, DbError::Sqlite(_) | DbError::Migration(_));
    let disk = crate::board::disk_of(state);
    let is_full = disk.is_some_and(|disk| disk.free_bytes < FULL_BELOW_BYTES);
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
