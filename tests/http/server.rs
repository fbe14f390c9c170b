//! A daemon under test whose start may fail.
//!
//! Never: a process that outlives its test.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::house::client::{Answer, Client};

pub const PASSWORD: &str = "a good password";
const LIMIT: Duration = Duration::from_secs(20);

/// How a daemon is started.
pub struct Launch {
    pub state: PathBuf,
    pub listen: String,
    /// Text of its configuration.
    pub config: String,
    /// Whether the account `owner` is made.
    pub owner: bool,
    /// A shell line that runs before, in a mount space of its own.
    pub before: Option<String>,
    pub worker: PathBuf,
    /// Where the system bus is, when it is not the machine's.
    pub bus: Option<String>,
}

impl Launch {
    pub fn new(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            listen: "127.0.0.1:0".into(),
            config: String::new(),
            owner: true,
            before: None,
            worker: env!("CARGO_BIN_EXE_alcove-worker").into(),
            bus: None,
        }
    }

    pub fn spawn(self) -> Server {
        let scratch = tempfile::tempdir().expect("scratch folder");
        let (log, config) = (
            scratch.path().join("log"),
            scratch.path().join("alcove.toml"),
        );
        std::fs::write(&config, &self.config).expect("configuration");
        let alcove = env!("CARGO_BIN_EXE_alcove");
        let mut command = match &self.before {
            Some(line) => {
                let mut command = Command::new("unshare");
                let script = format!("{line} && exec \"$0\" \"$@\"");
                // Whoever is not root is root of a namespace of their own.
                if !nix::unistd::geteuid().is_root() {
                    command.args(["--user", "--map-root-user"]);
                }
                command.args(["--mount", "sh", "-ec", &script, alcove]);
                command
            }
            None => Command::new(alcove),
        };
        command
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .args(["--listen", &self.listen])
            .arg("--state")
            .arg(&self.state)
            .arg("--worker")
            .arg(&self.worker)
            .env_remove("ALCOVE_OWNER_PASSWORD")
            .env_remove("JOURNAL_STREAM")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("log"));
        if let Some(bus) = &self.bus {
            command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        }
        if self.owner {
            command.env("ALCOVE_OWNER_PASSWORD", PASSWORD);
        }
        let child = command.spawn().expect("the program starts");
        Server {
            child,
            log,
            _scratch: scratch,
        }
    }

    /// Starts and waits for the address.
    pub fn run(self) -> (Server, SocketAddr) {
        let mut server = self.spawn();
        let address = server.address();
        (server, address)
    }
}

pub struct Server {
    child: Child,
    log: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn address(&mut self) -> SocketAddr {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            let log = self.log();
            if let Some(at) = log.find("answers on http://") {
                let rest = &log[at + "answers on http://".len()..];
                if let Some((address, _)) = rest.split_once('\n') {
                    return address.parse().expect("an address");
                }
            }
            let ended = self.child.try_wait().expect("wait");
            assert!(ended.is_none(), "it ended at its start: {log}");
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("no address: {}", self.log());
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it runs");
    }

    /// Waits for its end; tells how it ended and how long that took.
    pub fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return (status, start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("it does not end: {}", self.log());
    }

    /// The one sentence with which its start failed.
    pub fn refusal(&mut self) -> String {
        let (status, _) = self.wait();
        assert!(!status.success(), "{}", self.log());
        let log = self.log();
        let last = log.lines().last().unwrap_or_default();
        last.strip_prefix("alcove: ")
            .unwrap_or_else(|| panic!("no sentence: {log}"))
            .to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with the token of `owner`.
pub fn owner(address: SocketAddr) -> Client {
    let answer = login(address, "owner", PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    Client::new(address).with_token(token)
}

pub fn login(address: SocketAddr, username: &str, password: &str) -> Answer {
    let words = json!({"username": username, "password": password, "token": true});
    Client::new(address).post("/api/v1/login", &words)
}

/// Sends bytes as they are and reads until the server closes or falls silent for `patience`.
pub fn raw(address: SocketAddr, bytes: &[u8], patience: Duration) -> String {
    let mut stream = TcpStream::connect(address).expect("connect");
    stream.set_read_timeout(Some(patience)).expect("timeout");
    stream.set_write_timeout(Some(LIMIT)).expect("timeout");
    // A server that has refused already may close before all is written.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count) = stream.read(&mut buffer) {
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The problem that every error answer has.
pub fn assert_problem(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{text}"
    );
    let problem: Value = answer.json();
    assert_eq!(problem["status"], status, "{text}");
    assert_eq!(problem["code"], code, "{text}");
    assert_eq!(problem["type"], "about:blank", "{text}");
    for key in ["title", "detail"] {
        assert!(
            problem[key].as_str().is_some_and(|words| !words.is_empty()),
            "{key}: {text}"
        );
    }
}
