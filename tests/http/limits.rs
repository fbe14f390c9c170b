//! Bad input: each is a clear refusal, and the server goes on.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::house::client::Client;
use super::server::{Launch, assert_problem, owner, raw};

const PATIENCE: Duration = Duration::from_secs(5);

fn status_of(answer: &str) -> u16 {
    let word = answer
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    word.parse().expect("a number")
}

/// The refusal before any handler is asked is a problem like all others, and the connection ends.
fn assert_raw_problem(address: SocketAddr, request: &[u8], status: u16, code: &str) {
    let answer = raw(address, request, PATIENCE);
    assert_eq!(status_of(&answer), status, "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let length = format!("content-length: {}", body.len());
    for line in [
        "content-type: application/problem+json",
        "connection: close",
        &length,
    ] {
        assert!(head.contains(line), "{line:?}: {answer}");
    }
    let problem: Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["status"], status, "{answer}");
    assert_eq!(problem["code"], code, "{answer}");
}

#[test]
fn headers_of_a_mebibyte_are_refused_and_the_sender_sees_it() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let one_line = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "a".repeat(1 << 20)
    );
    let lines = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X: aaaaaaaaaaaa\r\n".repeat(1 << 16)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X: a\r\n".repeat(200)
    );
    for request in [one_line, lines, many] {
        assert_raw_problem(address, request.as_bytes(), 431, "headers_too_long");
    }
    let target = "a".repeat(1 << 20);
    for target in [&target[..], &target[..65_535]] {
        let long = format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = raw(address, long.as_bytes(), PATIENCE);
        assert!(matches!(status_of(&answer), 414 | 431), "{answer}");
        assert!(answer.contains("_too_long"), "{answer}");
    }
    assert_eq!(Client::new(address).get("/healthz").status, 200);
}

#[test]
fn what_is_no_http_is_refused() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x01Y: 1\r\n\r\n",
    ] {
        let answer = raw(address, bytes, Duration::from_millis(500));
        if !answer.is_empty() {
            assert_raw_problem(address, bytes, 400, "malformed_request");
        }
    }
    let after = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n";
    let answers = raw(address, after, PATIENCE);
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
    assert!(answers.contains("malformed_request"), "{answers}");
    assert_eq!(Client::new(address).get("/healthz").status, 200);
}

#[test]
fn no_spelling_of_a_path_leaves_the_house() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    for path in [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../../etc/passwd",
        "/assets/..%5c..%5cetc/passwd",
        "//etc/passwd",
        "/api/v1/items/../../../etc/passwd",
        "/api/v1/items/..%2f..%2fetc%2fpasswd/file",
        "/api/v1/items/%2e%2e/file",
        "/api/v1/items/1%00/file",
        "/api/v1/items/%ff%fe",
        "/api/v1/items/%",
        "/api/v1/items/%zz/file",
        "/api/v1/items/0",
        "/api/v1/items/-1",
        "/api/v1/items/01",
        "/api/v1/items/1e3",
        "/api/v1/items/99999999999999999999",
        "/api/v1/items/9223372036854775807",
        "/api/v1/items/9223372036854775807/file",
        "/api/v1/items/9223372036854775807/art/poster",
        "/api/v1/items/1/art/..%2f..%2fx",
        "/api/v1/items/1/art/unknown",
        "/api/v1/items/\u{661}",
        "/api/v1/stream/x/file/../../../../etc/passwd",
        "/api/v1/unknown",
        "/api/",
        "/api/v2/items",
    ] {
        let answer = client
            .request("GET", path, &[("Accept", "*/*")], None)
            .unwrap();
        let text = answer.text();
        let page = answer.status == 200 && !path.starts_with("/api/") && text.contains("<html");
        assert!(
            page || matches!(answer.status, 400 | 404),
            "{path}: {} {text}",
            answer.status
        );
        assert!(!text.contains("root:"), "{path}");
        if !page {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{path}"
            );
        }
    }
}

#[test]
fn every_refusal_is_a_problem_with_a_code() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let json = [("Content-Type", "application/json")];
    let post = |client: &mut Client, headers: &[(&str, &str)], body: &[u8]| {
        client
            .request("POST", "/api/v1/login", headers, Some(body))
            .unwrap()
    };
    assert_problem(&post(&mut client, &json, b"{"), 400, "malformed_json");
    assert_problem(&post(&mut client, &json, b"\xff"), 400, "malformed_json");
    assert_problem(
        &post(&mut client, &json, b"[\"owner\", \"password\"]"),
        422,
        "invalid_body",
    );
    assert_problem(
        &post(&mut client, &json, b"{\"username\": 1}"),
        422,
        "invalid_body",
    );
    assert_problem(&post(&mut client, &json, b""), 400, "malformed_json");
    assert_problem(&post(&mut client, &[], b"{}"), 415, "not_json");
    let plain = [("Content-Type", "text/plain")];
    assert_problem(&post(&mut client, &plain, b"{}"), 415, "not_json");
    let long = vec![b' '; 100_000];
    assert_problem(&post(&mut client, &json, &long), 413, "body_too_long");
    let deep = "[".repeat(60_000);
    assert_problem(
        &post(&mut client, &json, deep.as_bytes()),
        422,
        "invalid_body",
    );

    for (path, code) in [
        ("/api/v1/items?limit=0", "invalid_query"),
        ("/api/v1/items?limit=501", "invalid_query"),
        ("/api/v1/items?limit=x", "invalid_query"),
        ("/api/v1/items?kind=book", "invalid_query"),
        ("/api/v1/items?parent=-1", "invalid_query"),
        ("/api/v1/items?sort=", "invalid_query"),
    ] {
        assert_problem(&client.get(path), 400, code);
    }
    let patched = client.request("PATCH", "/api/v1/items", &[], None).unwrap();
    assert_problem(&patched, 405, "method_not_allowed");
    assert!(
        patched
            .header("allow")
            .is_some_and(|allow| allow.contains("GET"))
    );
    let posted = client.request("POST", "/films", &[], Some(b"")).unwrap();
    assert_problem(&posted, 405, "method_not_allowed");
    assert_problem(
        &client.get("/api/v1/stream/forged/file"),
        403,
        "ticket_invalid",
    );
    let library = json!({"name": "x", "kind": "films", "path": "a\u{0}b"});
    assert_problem(
        &client.post("/api/v1/libraries", &library),
        422,
        "invalid_path",
    );
}

/// Starts a server with room for one connection and short patience.
fn narrow() -> (super::server::Server, SocketAddr, tempfile::TempDir) {
    let state = tempfile::tempdir().expect("scratch folder");
    let config = "[http]\nmax_connections = 1\nhead_timeout_s = 1\nstall_timeout_s = 1\n";
    let launch = Launch {
        config: config.into(),
        ..Launch::new(state.path())
    };
    let (server, address) = launch.run();
    (server, address, state)
}

/// True when another client is served although `held` was not closed by us.
fn others_are_served(address: SocketAddr, held: TcpStream) -> bool {
    let start = Instant::now();
    let served = Client::new(address).get("/healthz").status == 200;
    drop(held);
    served && start.elapsed() < Duration::from_secs(10)
}

#[test]
fn a_client_that_never_finishes_its_request_is_given_up() {
    let (_server, address, _state) = narrow();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"GET /healthz HT").unwrap();
    assert!(others_are_served(address, slow));
}

#[test]
fn a_client_that_never_finishes_its_request_is_told_so_and_a_silent_one_nothing() {
    let (_server, address, _state) = narrow();
    assert_raw_problem(address, b"GET /healthz HT", 408, "too_slow");
    assert_eq!(raw(address, b"", PATIENCE), "");
    let served = raw(
        address,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        PATIENCE,
    );
    assert_eq!(served.matches("HTTP/1.1 ").count(), 1, "{served}");
}

#[test]
fn a_client_that_says_nothing_is_given_up() {
    let (_server, address, _state) = narrow();
    let silent = TcpStream::connect(address).unwrap();
    assert!(others_are_served(address, silent));
}

#[test]
fn a_client_that_reads_nothing_is_given_up() {
    let (_server, address, _state) = narrow();
    let token = {
        let answer = super::server::login(address, "owner", super::server::PASSWORD);
        answer.json()["token"].as_str().unwrap().to_owned()
    };
    let mut deaf = TcpStream::connect(address).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let request = format!(
        "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    // The answers of a few hundred are more than all buffers on the way hold.
    for _ in 0..400 {
        if deaf.write_all(request.as_bytes()).is_err() {
            break;
        }
    }
    assert!(others_are_served(address, deaf));
}
