//! How the server starts, how its start fails, and how it ends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use serde_json::json;

use super::house::client::Client;
use super::media;
use super::server::{Launch, PASSWORD, Server, assert_problem, login, owner};

/// The sentence names the trouble and what to do.
fn check(refusal: &str, parts: &[&str]) {
    for part in parts {
        assert!(refusal.contains(part), "{part:?} is not in {refusal:?}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let state = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let port = taken.local_addr().unwrap().port().to_string();
    let refusal = Launch {
        listen,
        ..Launch::new(state.path())
    }
    .spawn()
    .refusal();
    check(&refusal, &[&port, "in use", "--listen"]);
}

#[test]
fn a_second_server_on_the_same_state_leaves_the_first_alone() {
    let state = tempfile::tempdir().unwrap();
    let (_first, address) = Launch::new(state.path()).run();
    let refusal = Launch::new(state.path()).spawn().refusal();
    check(&refusal, &["in use by another Alcove", "--state"]);
    assert_eq!(owner(address).get("/api/v1/me").status, 200);
}

/// Every file of the state but those that say who uses it.
fn contents(state: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(state)
        .expect("files of the state")
        .map(|entry| entry.expect("files of the state"))
        .filter(|entry| entry.file_type().expect("files of the state").is_file())
        .map(|entry| {
            let bytes = std::fs::read(entry.path()).expect("files of the state");
            (entry.file_name().to_string_lossy().into_owned(), bytes)
        })
        .filter(|(name, _)| name != "alcove.lock")
        .collect();
    files.sort();
    files
}

#[test]
fn a_newer_database_on_which_no_older_program_runs_is_left_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, _) = Launch::new(state.path()).run();
    server.signal(Signal::SIGTERM);
    server.wait();
    // The schema's version is four bytes at offset 60 of the file, the oldest program that runs on it four at offset 68,
    // where there is room for an application's id (sqlite.org/fileformat.html).
    let path = state.path().join("alcove.db");
    let mut bytes = std::fs::read(&path).unwrap();
    for at in [60, 68] {
        bytes[at..at + 4].copy_from_slice(&9999_u32.to_be_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
    let before = contents(state.path());
    let refusal = Launch::new(state.path()).spawn().refusal();
    check(&refusal, &["newer Alcove", "9999", "nothing was changed"]);
    assert_eq!(contents(state.path()), before);
}

#[test]
fn a_damaged_database_is_said_to_be_damaged() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("alcove.db"), [b'x'; 8192]).unwrap();
    let refusal = Launch::new(state.path()).spawn().refusal();
    check(&refusal, &["damaged"]);
}

#[test]
fn a_state_folder_that_is_a_file_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("state");
    std::fs::write(&file, "x").unwrap();
    let refusal = Launch::new(&file).spawn().refusal();
    check(
        &refusal,
        &["state folder", file.to_str().unwrap(), "cannot be used"],
    );
}

/// A file system of its own for the state, seen by the server alone.
pub fn on_tmpfs(state: &Path, options: &str) -> Launch {
    let before = format!("mount -t tmpfs -o {options} none '{}'", state.display());
    Launch {
        before: Some(before),
        ..Launch::new(state)
    }
}

#[test]
fn a_state_folder_that_cannot_be_written_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let refusal = on_tmpfs(state.path(), "ro").spawn().refusal();
    check(&refusal, &["cannot be written", "--state"]);
}

#[test]
fn a_full_disk_is_said_to_be_full_at_the_start() {
    let state = tempfile::tempdir().unwrap();
    let refusal = on_tmpfs(state.path(), "size=16k").spawn().refusal();
    check(&refusal, &["full", "make room"]);
}

/// A disk without a free byte.
pub struct Full(PathBuf);

impl Full {
    pub fn make_room(&mut self) {
        std::fs::remove_file(&self.0).expect("the filler is there");
    }
}

/// Fills the disk of `state` until `client` can change nothing any more.
pub fn fill(server: &Server, state: &Path, client: &mut Client) -> Full {
    // The server's own view of its folder (proc_pid_root(5)).
    let seen = format!("/proc/{}/root{}", server.pid(), state.display());
    let filler = Path::new(&seen).join("filler");
    let mut file = std::fs::File::create(&filler).expect("room for a name");
    while file.write_all(&[0; 4096]).is_ok() {}
    drop(file);
    // What is already allocated takes a few more changes.
    let mut answers = (0..2000).map(|n| {
        let words = json!({"language": if n % 2 == 0 { "nl" } else { "de" }});
        client.send("PUT", "/api/v1/me", &words)
    });
    let refused = answers
        .find(|answer| answer.status != 200)
        .expect("the disk is full");
    assert_problem(&refused, 507, "disk_full");
    Full(filler)
}

#[test]
fn a_disk_that_fills_up_costs_the_change_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let (server, address) = on_tmpfs(state.path(), "size=16m").run();
    let mut client = owner(address);
    let mut full = fill(&server, state.path(), &mut client);
    let before = client.get("/api/v1/me");
    assert_eq!(before.status, 200, "reading goes on");
    full.make_room();
    let done = client.send("PUT", "/api/v1/me", &json!({"language": "en"}));
    assert_eq!((done.status, &done.json()["language"]), (200, &json!("en")));
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let state = tempfile::tempdir().unwrap();
    let config = "# ours\nlog = \"info\"\nlisten_to = \"x\"\n".to_owned();
    let refusal = Launch {
        config,
        ..Launch::new(state.path())
    }
    .spawn()
    .refusal();
    check(&refusal, &["alcove.toml, line 3", "`listen_to`"]);
}

#[test]
fn a_missing_worker_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--worker",
            "/nowhere/alcove-worker",
            "--state",
        ])
        .arg(scratch.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    check(
        &String::from_utf8_lossy(&output.stderr),
        &["/nowhere/alcove-worker", "--worker"],
    );
}

#[test]
fn a_password_for_the_owner_that_is_too_short_stops_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--worker",
            env!("CARGO_BIN_EXE_alcove-worker"),
            "--state",
        ])
        .arg(scratch.path())
        .env("ALCOVE_OWNER_PASSWORD", "short")
        .output()
        .unwrap();
    assert!(!output.status.success());
    check(
        &String::from_utf8_lossy(&output.stderr),
        &["ALCOVE_OWNER_PASSWORD", "8 to 256"],
    );
}

/// A request whose body never comes.
fn half_a_request(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connection");
    let head = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("connection");
    stream
}

#[test]
fn it_ends_within_two_seconds_whoever_is_connected() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let token = login(address, "owner", PASSWORD).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
        streams.push(stream);
    }
    streams.push(TcpStream::connect(address).unwrap());
    streams.push(half_a_request(address));
    let mut kept = Client::new(address);
    assert_eq!(kept.get("/healthz").status, 200);
    server.signal(Signal::SIGTERM);
    let (status, took) = server.wait();
    assert!(status.success(), "{}", server.log());
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(
        server.log().trim_end().ends_with("ended"),
        "{}",
        server.log()
    );
}

#[test]
fn a_signal_during_the_start_ends_it() {
    let state = tempfile::tempdir().unwrap();
    // Nobody writes into the pipe, so reading the key hangs as it does on a dead disk.
    nix::unistd::mkfifo(&state.path().join("ticket.key"), Mode::S_IRWXU).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut server = Launch {
        listen: address.to_string(),
        ..Launch::new(state.path())
    }
    .spawn();
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}",
            server.log()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    server.signal(Signal::SIGTERM);
    let (status, took) = server.wait();
    assert!(status.success(), "{}", server.log());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

/// An address of the film's first segment, converted.
fn converted(client: &mut Client, id: &str) -> String {
    let words = json!({"containers": [], "video_codecs": ["h264"], "audio_codecs": ["aac"], "max_height": 120});
    let answer = client.post(&format!("/api/v1/items/{id}/playback"), &words);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["decision"], "transcode", "{answer}");
    answer["url"]
        .as_str()
        .expect("an address")
        .replace("main.m3u8", "v/0/0.m4s")
}

#[test]
fn it_ends_within_two_seconds_in_the_middle_of_all_its_work() {
    let (state, films) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    media::copy("hevc_aac.mkv", &films.path().join("Converted.mkv"));
    let big = std::fs::File::create(films.path().join("Big.mkv")).unwrap();
    let film = std::fs::read(media::file("subtitles.mkv")).unwrap();
    (&big).write_all(&film).unwrap();
    big.set_len(1 << 30).unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let library = json!({"name": "Films", "kind": "films", "path": films.path()});
    assert_eq!(client.post("/api/v1/libraries", &library).status, 201);
    let mut find = |title: &str| {
        let start = Instant::now();
        loop {
            let found = client.get(&format!("/api/v1/items?query={title}")).json();
            if let Some(id) = found["items"][0]["id"].as_str() {
                return id.to_owned();
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{title}: {}",
                server.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let (film, download) = (find("Converted"), find("Big"));
    let segment = converted(&mut client, &film);
    let token = login(address, "owner", PASSWORD).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let begin = |path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    // Its head is read and nothing more: the rest stays in the server's hands.
    let mut stalled = begin(&format!("/api/v1/items/{download}/file"));
    stalled.read_exact(&mut [0; 12]).unwrap();
    let _converting = begin(&segment);
    assert_eq!(
        client.post("/api/v1/scan", &json!({"full": true})).status,
        202
    );
    server.signal(Signal::SIGTERM);
    let (status, took) = server.wait();
    assert!(status.success(), "{}", server.log());
    assert!(took < Duration::from_secs(2), "{took:?}: {}", server.log());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let _held = half_a_request(address);
    assert_eq!(Client::new(address).get("/healthz").status, 200);
    server.signal(Signal::SIGTERM);
    let start = Instant::now();
    while !server.log().contains(": ending\n") {
        assert!(start.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(1));
    }
    server.signal(Signal::SIGTERM);
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(1), "{}", server.log());
    assert!(took < Duration::from_millis(400), "{took:?}");
}

#[test]
fn the_daemon_is_linked_to_no_media_library() {
    let output = Command::new("readelf")
        .args(["-d", env!("CARGO_BIN_EXE_alcove")])
        .output()
        .expect("readelf comes with the linker");
    let text = String::from_utf8(output.stdout).unwrap();
    let needed: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .collect();
    assert!(!needed.is_empty(), "{text}");
    for line in needed {
        for library in [
            "libav",
            "libsw",
            "libpostproc",
            "libx264",
            "libssl",
            "libcurl",
        ] {
            assert!(!line.contains(library), "{line}");
        }
    }
}
