//! The rooms as the daemon builds them, in the process of the test, so that it sees what they collect.
//!
//! Never: a room or a worker that is not the real one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alcove::auth::Accounts;
use alcove::base::clock::{SharedClock, SystemClock};
use alcove::base::folder::Folder;
use alcove::board::{Board, Sensors};
use alcove::consent::{Access, Consent, Place, Settings};
use alcove::db::Db;
use alcove::http::{self, ServerConfig};
use alcove::library::{Library, LibraryConfig};
use alcove::media::target::Preset;
use alcove::pool::{Pool, PoolConfig};
use alcove::telemetry::class::{BoardFamily, Playback};
use alcove::telemetry::crash::Reports;
use alcove::telemetry::journal::{Gathered, Journal, Source};
use alcove::telemetry::registry::REGISTRY;
use alcove::transcode::backend::Software;
use alcove::transcode::capacity::Capacity;
use alcove::transcode::playbacks::{Ended, Playbacks};
use alcove::transcode::session::{Sessions, SessionsConfig};
use alcove::update::{Firmware, Updates};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::house::client::{Answer, Client};
use crate::media;

const PASSWORD: &str = "a good password";
const SCAN_LIMIT: Duration = Duration::from_secs(60);

/// A running Alcove that collects.
pub struct Rooms {
    address: SocketAddr,
    ended: Mutex<Ended>,
    shutdown: CancellationToken,
    pool: Pool,
    runtime: Option<Runtime>,
    _folders: [tempfile::TempDir; 2],
}

impl Rooms {
    /// Opens over a library of `(path, recipe)` and waits until it has been read.
    pub fn open(files: &[(&str, &str)]) -> Self {
        let folder = || tempfile::Builder::new().prefix("rooms").tempdir();
        let folders = [folder().expect("scratch"), folder().expect("scratch")];
        let [media_root, state] = folders.each_ref().map(|one| one.path().to_owned());
        for (path, recipe) in files {
            media::copy(recipe, &media_root.join(path));
        }
        let runtime = Runtime::new().expect("a runtime");
        let shutdown = CancellationToken::new();
        let built = build(media_root, state, shutdown.clone());
        let (address, ended, pool) = runtime.block_on(built);
        let rooms = Self {
            address,
            ended: Mutex::new(ended),
            shutdown,
            pool,
            runtime: Some(runtime),
            _folders: folders,
        };
        rooms.wait_for_scan();
        rooms.collect(true);
        rooms
    }

    /// The owner says whether anything is collected.
    pub fn collect(&self, on: bool) {
        let answer = json!({
            "mode": if on { "local" } else { "off" },
            "switches": {"playback_statistics": true, "crash_reports": false, "release_news": false},
        });
        let mut owner = self.player("test");
        let stored = owner.ask("PUT", "/api/v1/privacy/consent", Some(&answer));
        assert_eq!(stored.status, 200, "{}", stored.text());
    }

    /// The playbacks that ended since the last call.
    pub fn ended(&self) -> Vec<Playback> {
        let mut ended = self.ended.lock().expect("one test");
        std::iter::from_fn(|| ended.next_now()).collect()
    }

    /// Somebody who has just logged in with a player that says it is `agent`.
    pub fn player(&self, agent: &str) -> Player {
        let mut client = Client::new(self.address);
        let words = json!({"username": "owner", "password": PASSWORD, "token": true});
        let answer = client.post("/api/v1/login", &words);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let token = answer.json()["token"].as_str().expect("a token").to_owned();
        Player {
            client: client.with_token(token),
            agent: agent.to_owned(),
        }
    }

    fn wait_for_scan(&self) {
        let (mut player, start) = (self.player("test"), Instant::now());
        loop {
            let scan = player.get("/api/v1/scan").json();
            if scan["state"] == "idle" && !scan["finished_at"].is_null() && scan["settling"] == 0 {
                return;
            }
            assert!(start.elapsed() < SCAN_LIMIT, "{scan}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Rooms {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(self.pool.close());
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// Where the owner's answer arrives.
struct Gathering(Playbacks);

impl Source for Gathering {
    fn gather(&self, what: Gathered) {
        self.0.collect(what == Gathered::Playbacks);
    }
}

async fn build(
    media_root: PathBuf,
    state: PathBuf,
    shutdown: CancellationToken,
) -> (SocketAddr, Ended, Pool) {
    let db = Db::open(&state).expect("the database opens");
    let clock: SharedClock = Arc::new(SystemClock);
    let accounts = Accounts::open(db.clone(), Arc::clone(&clock), &state).expect("accounts");
    let made = accounts.create_owner("owner", PASSWORD.to_owned(), None);
    made.await.expect("an owner");
    let config = SessionsConfig {
        cache_bytes: 64 << 20,
        parallel_jobs: 2,
        // One conversion at a time: the first is let in whatever it needs.
        capacity: Capacity {
            preset: Preset::Ultrafast,
            pixels_per_s: 1,
            measured: true,
        },
    };
    let pool = Pool::new(PoolConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_alcove-worker")),
        size: config.most_workers(),
        address_space_bytes: 2 << 30,
    });
    let (playbacks, ended) = Playbacks::new();
    let consent = Consent::open(
        &[Place::at(&state.join("consent.flash"))],
        Settings {
            registry_version: REGISTRY.version,
            do_not_track: false,
            access: Access::Change,
            clock: Arc::clone(&clock),
        },
    );
    let source = Arc::new(Gathering(playbacks.clone()));
    let crashes = Folder::new(state.join("crashes"));
    let crashes = Reports::new(crashes, consent.clone(), BoardFamily::Other, clock.clone());
    let journal = Journal::open(db.clone(), consent, crashes, Arc::clone(&clock), source);
    let journal = journal.await.expect("the journal opens");
    let backend = Arc::new(Software::new(pool.clone()));
    let sessions = Sessions::new(backend, config, playbacks.clone());
    let settings = LibraryConfig {
        media_root: Some(media_root),
        ..LibraryConfig::new(state.clone())
    };
    let shared_pool = Arc::new(pool.clone());
    let library = Library::start(
        db,
        shared_pool,
        Arc::clone(&clock),
        settings,
        shutdown.clone(),
    );
    let (library, long) = library.await.expect("the library starts");
    for (_, task) in long.tasks {
        tokio::spawn(task);
    }
    let board = Board::new(PathBuf::from("/"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let no_firmware = Firmware::at(state.join("nowhere"));
    let (updates, _) = Updates::new(no_firmware, &state, Arc::clone(&clock));
    let router = http::router(http::Rooms {
        accounts,
        library,
        sessions: sessions.clone(),
        playbacks: playbacks.clone(),
        pool: pool.clone(),
        sensors: Sensors::new(board.clone()),
        board,
        journal,
        addresses: http::Addresses {
            collector: None,
            news: None,
            do_not_track: false,
        },
        updates,
        clock,
        state_dir: state,
        hosts: Vec::new(),
        shutdown: shutdown.clone(),
    });
    let begin = |connection| drop(tokio::spawn(connection));
    let serving = http::serve(
        listener,
        router,
        ServerConfig::default(),
        begin,
        shutdown.clone(),
    );
    tokio::spawn(serving);
    let end = shutdown.clone();
    tokio::spawn(async move { sessions.run(end).await });
    let counting = playbacks.clone();
    tokio::spawn(async move { counting.run(shutdown).await });
    (address, ended, pool)
}

/// Somebody with a player.
pub struct Player {
    client: Client,
    agent: String,
}

impl Player {
    /// Fetches an address of the server.
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// Sends JSON to an address below that of the API.
    pub fn post(&mut self, below: &str, body: &Value) -> Answer {
        self.ask("POST", &format!("/api/v1/{below}"), Some(body))
    }

    /// Tells how far it has come.
    pub fn put_place(&mut self, id: &str) {
        let place = json!({"position_ms": 1000});
        let answer = self.ask("PUT", &format!("/api/v1/items/{id}/progress"), Some(&place));
        assert_eq!(answer.status, 204);
    }

    /// The first item of that kind with that in its title.
    pub fn item(&mut self, kind: &str, title: &str) -> String {
        let found = self.get(&format!("/api/v1/items?kind={kind}&query={title}"));
        let found = found.json();
        let id = found["items"][0]["id"].as_str();
        id.unwrap_or_else(|| panic!("no {kind} {title}: {found}"))
            .to_owned()
    }

    /// Ends the login and all that it plays.
    pub fn logout(&mut self) {
        let answer = self.ask("POST", "/api/v1/logout", Some(&json!({})));
        assert_eq!(answer.status, 204);
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| body.to_string().into_bytes());
        let headers = [
            ("User-Agent", self.agent.as_str()),
            ("Content-Type", "application/json"),
        ];
        let answer = self.client.request(method, path, &headers, body.as_deref());
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}
