//! Set-up, login, logout, and what ends with them.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;

use super::ends::{fill, on_tmpfs};
use super::house::client::Client;
use super::server::{Launch, PASSWORD, assert_problem, login, owner};

fn cookie_of(answer: &super::house::client::Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().expect("the pair").to_owned()
}

#[test]
fn the_first_visitor_makes_the_owner_and_nobody_after() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch {
        owner: false,
        ..Launch::new(state.path())
    }
    .run();
    let mut client = Client::new(address);
    assert_eq!(client.get("/api/v1/setup").json(), json!({"needed": true}));
    for (words, code) in [
        (json!({"username": "", "password": PASSWORD}), "bad_name"),
        (
            json!({"username": "ann", "password": "short"}),
            "bad_password",
        ),
        (json!({"username": "ann"}), "invalid_body"),
        (
            json!({"username": "ann", "password": PASSWORD, "language": "fr"}),
            "invalid_body",
        ),
    ] {
        assert_problem(&client.post("/api/v1/setup", &words), 422, code);
    }
    let words = json!({"username": "Ann", "password": PASSWORD, "language": "nl"});
    let made = client.post("/api/v1/setup", &words);
    assert_eq!(
        (made.status, made.json()),
        (201, json!({"username": "Ann"}))
    );
    let cookie = cookie_of(&made);
    assert_problem(&client.post("/api/v1/setup", &words), 409, "already_set_up");
    assert_eq!(client.get("/api/v1/setup").json(), json!({"needed": false}));
    let me = client
        .request("GET", "/api/v1/me", &[("Cookie", &cookie)], None)
        .unwrap()
        .json();
    assert_eq!(
        (&me["username"], &me["role"], &me["language"]),
        (&json!("Ann"), &json!("owner"), &json!("nl"))
    );
}

#[test]
fn a_cookie_works_until_logout_and_only_from_our_own_pages() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut client = Client::new(address);
    let words = json!({"username": "owner", "password": PASSWORD});
    let answer = client.post("/api/v1/login", &words);
    assert_eq!(
        answer.json(),
        json!({"username": "owner", "role": "owner", "token": null})
    );
    let cookie = cookie_of(&answer);
    let mut ask = |method: &str, path: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("Cookie", cookie.as_str())];
        headers.extend_from_slice(more);
        client.request(method, path, &headers, None).unwrap()
    };
    assert_eq!(ask("GET", "/api/v1/me", &[]).status, 200);
    let other = [("Origin", "http://evil.example")];
    assert_problem(&ask("POST", "/api/v1/logout", &other), 403, "other_site");
    let cross = [("Sec-Fetch-Site", "cross-site")];
    assert_problem(&ask("POST", "/api/v1/scan", &cross), 403, "other_site");
    let own = format!("http://{address}");
    let gone = ask("POST", "/api/v1/logout", &[("Origin", &own)]);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert!(
        gone.header("set-cookie")
            .is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    assert_problem(&ask("GET", "/api/v1/me", &[]), 401, "login_needed");
}

#[test]
fn a_logout_that_a_full_disk_forgets_says_so_and_holds() {
    let state = tempfile::tempdir().unwrap();
    let (server, address) = on_tmpfs(state.path(), "size=16m").run();
    let words = json!({"username": "owner", "password": PASSWORD});
    let mut client = Client::new(address);
    let cookie = cookie_of(&client.post("/api/v1/login", &words));
    let mut full = fill(&server, state.path(), &mut owner(address));
    let mut ask = |method: &str, path: &str| {
        let headers = [("Cookie", cookie.as_str())];
        client.request(method, path, &headers, None).unwrap()
    };
    let left = ask("POST", "/api/v1/logout");
    assert_problem(&left, 507, "logout_not_stored");
    assert!(
        left.header("set-cookie")
            .is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    assert_problem(&ask("GET", "/api/v1/me"), 401, "login_needed");
    full.make_room();
    drop(owner(address));
    assert_problem(&ask("GET", "/api/v1/me"), 401, "login_needed");
}

#[test]
fn guessing_a_password_is_slowed_down() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    for _ in 0..10 {
        assert_problem(
            &login(address, "owner", "not this one"),
            401,
            "wrong_password",
        );
    }
    let refused = login(address, "owner", PASSWORD);
    assert_problem(&refused, 429, "too_many_attempts");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
}

/// Opens the stream of events and reads until its first event has come.
fn listen(address: SocketAddr, token: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the stream of events");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("the stream of events");
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .expect("the stream of events");
    let mut reader = BufReader::new(stream);
    let mut seen = String::new();
    while !seen.contains("event: scan\ndata: {") {
        assert!(
            reader.read_line(&mut seen).expect("the stream of events") > 0,
            "{seen}"
        );
    }
    assert!(seen.contains("text/event-stream"), "{seen}");
    reader
}

#[test]
fn the_stream_of_events_ends_with_the_session() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let answer = login(address, "owner", PASSWORD);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let reader = listen(address, &token);
    let mut client = Client::new(address).with_token(token);
    let left = client.request("POST", "/api/v1/logout", &[], None).unwrap();
    assert_eq!(left.status, 204);
    // Ends by itself: the read would time out with an error otherwise.
    assert!(reader.lines().all(|line| line.is_ok()));
}

#[test]
fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let (mut here, mut there) = (owner(address), owner(address));
    let change = |old: &str, new: &str| json!({"password": {"old": old, "new": new}});
    let wrong = here.send("PUT", "/api/v1/me", &change("wrong", "another password"));
    assert_problem(&wrong, 403, "wrong_password");
    let short = here.send("PUT", "/api/v1/me", &change(PASSWORD, "short"));
    assert_problem(&short, 422, "bad_password");
    let done = here.send("PUT", "/api/v1/me", &change(PASSWORD, "another password"));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(here.get("/api/v1/me").status, 200);
    assert_problem(&there.get("/api/v1/me"), 401, "login_needed");
    assert_eq!(login(address, "owner", "another password").status, 200);
}

/// What only the owner may ask.
const OWNER_ONLY: [(&str, &str); 13] = [
    ("GET", "/api/v1/folders"),
    ("GET", "/api/v1/problems"),
    ("POST", "/api/v1/scan"),
    ("POST", "/api/v1/libraries"),
    ("PUT", "/api/v1/libraries/1"),
    ("DELETE", "/api/v1/libraries/1"),
    ("PUT", "/api/v1/privacy/consent"),
    ("GET", "/api/v1/privacy/journal"),
    ("DELETE", "/api/v1/privacy/journal"),
    ("GET", "/api/v1/privacy/next-report"),
    ("GET", "/api/v1/privacy/receipts"),
    ("GET", "/api/v1/privacy/performance"),
    ("GET", "/api/v1/privacy/crashes"),
];

fn user(state: &std::path::Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .arg("user")
        .args(arguments)
        .arg("--state")
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("alcove user");
    // It may refuse before it reads.
    let _ = child
        .stdin
        .take()
        .expect("alcove user")
        .write_all(input.as_bytes());
    let output = child.wait_with_output().expect("alcove user");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn accounts_are_kept_from_the_command_line_while_the_server_is_stopped() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let (done, words) = user(state.path(), &["add", "bob"], "bobs password\n");
    assert!(!done && words.contains("server is running"), "{words}");
    drop(owner(address));
    server.signal(Signal::SIGTERM);
    server.wait();
    assert_eq!(
        user(state.path(), &["add", "bob"], "bobs password\n"),
        (true, String::new())
    );
    let (done, words) = user(state.path(), &["add", "Bob"], "bobs password\n");
    assert!(!done && words.contains("taken"), "{words}");
    let (_, list) = user(state.path(), &["list"], "");
    assert_eq!(list, "owner\towner\nbob\tmember\n");
    let reset = user(state.path(), &["password", "owner"], "forgotten no more\n");
    assert_eq!(reset, (true, String::new()));

    let collector = "https://reports.example.org/";
    let (_server, address) = Launch {
        config: format!("[privacy]\ncollector = \"{collector}\"\n"),
        ..Launch::new(state.path())
    }
    .run();
    assert_eq!(login(address, "owner", "forgotten no more").status, 200);
    let token = login(address, "bob", "bobs password").json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut bob = Client::new(address).with_token(token);
    assert_eq!(bob.get("/api/v1/scan").status, 200);
    let library = json!({"name": "x", "kind": "films", "path": "/tmp"});
    for (method, path) in OWNER_ONLY {
        let refused = bob.send(method, path, &library);
        assert_problem(&refused, 403, "owner_only");
    }
    let board = bob.get("/api/v1/board");
    assert_eq!(board.json()["storage"], json!([]));
    let folder = state.path().to_string_lossy().into_owned();
    assert!(!board.text().contains(&folder), "{}", board.text());
    for shown in ["consent", "registry", "ledger"] {
        let answer = bob.get(&format!("/api/v1/privacy/{shown}"));
        assert_eq!(answer.status, 200, "{shown}");
    }
    let places = bob.get("/api/v1/privacy/destinations");
    let first = &places.json()["destinations"][0];
    assert_eq!(
        (&first["id"], &first["configured"], &first["address"]),
        (&json!("collector"), &json!(true), &json!(null))
    );
    assert!(!places.text().contains(collector), "{}", places.text());
}
