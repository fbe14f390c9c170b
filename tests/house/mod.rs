//! A running Alcove for tests and measurements: the real programs, on a free port, with a state of their own.
//! Never: anything but loopback, or a process that outlives its test.
//!
//! Use it with `#[path = "house/mod.rs"] mod house;` from a file in `tests/`.
#![allow(dead_code)] // each test program uses a part

pub mod client;
pub mod process;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use client::Client;

pub const OWNER: &str = "owner";
pub const PASSWORD: &str = "test password of a house";

/// How a daemon that stays silent for longer is judged dead.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A daemon with its folders; dropping it ends the daemon and removes the state.
pub struct House {
    pub address: SocketAddr,
    pub state: PathBuf,
    pub media: PathBuf,
    pub started: Instant,
    /// From the start to the first answer of `/healthz`.
    pub answered_after: Duration,
    child: Child,
    /// Removes state and log when it goes; `None` when the caller keeps the state.
    _scratch: tempfile::TempDir,
    log: PathBuf,
}

/// What differs from house to house.
pub struct Options<'a> {
    pub media: &'a Path,
    /// Where the state lives; `None` makes a folder that goes with the house.
    pub state: Option<&'a Path>,
    /// Further arguments of `alcove serve`.
    pub arguments: &'a [&'a str],
}

impl House {
    /// Starts a daemon over `media` with a fresh state and waits for its first answer.
    pub fn over(media: &Path) -> Self {
        Self::start(&Options {
            media,
            state: None,
            arguments: &[],
        })
    }

    pub fn start(options: &Options<'_>) -> Self {
        let scratch = tempfile::tempdir().expect("a scratch folder can be made");
        let state = options
            .state
            .map_or_else(|| scratch.path().join("state"), Path::to_path_buf);
        std::fs::create_dir_all(&state).expect("the state folder can be made");
        let log = state.with_extension("log");
        let address = free_address();
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_alcove"))
            .arg("serve")
            .args(["--listen", &address.to_string()])
            .arg("--state")
            .arg(&state)
            .arg("--media")
            .arg(options.media)
            .arg("--worker")
            .arg(env!("CARGO_BIN_EXE_alcove-worker"))
            .args(options.arguments)
            .env("ALCOVE_OWNER_PASSWORD", PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("the log can be made"))
            .spawn()
            .expect("alcove starts");
        let mut house = Self {
            address,
            state,
            media: options.media.to_path_buf(),
            started,
            answered_after: Duration::ZERO,
            child,
            _scratch: scratch,
            log,
        };
        house.wait_for_answer();
        house
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the daemon wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A client that is not logged in.
    pub fn visitor(&self) -> Client {
        Client::new(self.address)
    }

    /// A client with the owner's token.
    pub fn owner(&self) -> Client {
        let mut client = self.visitor();
        let words = json!({"username": OWNER, "password": PASSWORD, "token": true});
        let answer = client.post("/api/v1/login", &words);
        assert_eq!(answer.status, 200, "login: {}", answer.text());
        let token = answer.json()["token"]
            .as_str()
            .expect("login answers a token")
            .to_owned();
        client.with_token(token)
    }

    /// Waits until no scan runs and no file waits for another look; the first scan starts with the daemon. Returns the
    /// last state of the scan.
    pub fn wait_for_scan(&self, client: &mut Client, limit: Duration) -> serde_json::Value {
        let start = Instant::now();
        loop {
            let scan = client.get("/api/v1/scan").json();
            if scan["state"] == "idle" && !scan["finished_at"].is_null() && scan["settling"] == 0 {
                return scan;
            }
            assert!(
                start.elapsed() < limit,
                "the scan took longer than {limit:?}: {scan}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the daemon still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the daemon to end and returns how long that took; kills it when it does not.
    pub fn stop(&mut self) -> Duration {
        let start = Instant::now();
        let _ = kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGTERM,
        );
        while start.elapsed() < Duration::from_secs(10) {
            if !self.is_alive() {
                return start.elapsed();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        start.elapsed()
    }

    fn wait_for_answer(&mut self) {
        while self.started.elapsed() < START_LIMIT {
            assert!(
                self.is_alive(),
                "alcove ended at its start:\n{}",
                self.log()
            );
            if self
                .visitor()
                .try_get("/healthz")
                .is_ok_and(|answer| answer.status == 200)
            {
                self.answered_after = self.started.elapsed();
                return;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        panic!(
            "alcove did not answer within {START_LIMIT:?}:\n{}",
            self.log()
        );
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.is_alive() {
            self.stop();
        }
    }
}

/// A loopback address that nobody listens on at this moment.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
}
