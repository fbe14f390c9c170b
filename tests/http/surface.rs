//! What the server shows: to strangers, and in its own description.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::house::client::Client;
use super::server::{Launch, assert_problem, owner, raw};

fn description() -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .arg("openapi")
        .output()
        .expect("a description");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("a description")
}

/// An address of the path, with something in place of each parameter.
fn example(path: &str) -> String {
    let mut address = String::new();
    for part in path.split_inclusive('/') {
        match part.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some(("kind", rest)) => address += &format!("poster{rest}"),
            Some(("segment", rest)) => address += &format!("1.m4s{rest}"),
            Some((_, rest)) => address += &format!("1{rest}"),
            None => address += part,
        }
    }
    address
}

#[test]
fn every_described_address_exists_and_is_closed_to_strangers() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut stranger = Client::new(address);
    let description = description();
    let mut seen = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let answer = stranger
                .request(&method, &example(path), &[], None)
                .unwrap();
            seen += 1;
            let want = match path.as_str() {
                "/healthz" | "/api/v1/setup" if method == "GET" => 200,
                "/api/v1/setup" | "/api/v1/login" => 415,
                path if path.starts_with("/api/v1/stream/") => 403,
                _ => 401,
            };
            assert_eq!(answer.status, want, "{method} {path}: {}", answer.text());
        }
    }
    assert!(seen > 35, "{seen}");
}

#[test]
fn the_description_over_http_is_that_of_the_command_line() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    assert_eq!(
        owner(address).get("/api/v1/openapi.json").json(),
        description()
    );
    assert_problem(
        &Client::new(address).get("/api/v1/openapi.json"),
        401,
        "login_needed",
    );
}

#[test]
fn every_answer_forbids_what_a_page_must_not_do() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut client = Client::new(address);
    for path in ["/", "/healthz", "/api/v1/items", "/api/v1/unknown"] {
        let answer = client
            .request("GET", path, &[("Accept", "text/html")], None)
            .unwrap();
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
}

#[test]
fn the_board_tells_the_truth_and_null_where_it_knows_nothing() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let board = owner(address).get("/api/v1/board").json();
    assert_eq!(board["arch"], std::env::consts::ARCH);
    assert_eq!(board["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        board["memory_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0),
        "{board}"
    );
    assert!(
        board["cores"].as_u64().is_some_and(|cores| cores > 0),
        "{board}"
    );
    assert!(
        board["storage"][0]["total_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0),
        "{board}"
    );
    assert_eq!(board["sessions"], 0);
    assert!(
        board["ffmpeg"].is_null() && board["sandbox"].is_null(),
        "no worker has run: {board}"
    );
}

#[test]
fn a_name_that_another_site_could_have_is_refused_everywhere() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch {
        config: "[http]\nhosts = [\"Media.example.org\"]\n".into(),
        ..Launch::new(state.path())
    }
    .run();
    for path in ["/", "/healthz", "/api/v1/setup", "/api/v1/stream/x/file"] {
        for (host, refused) in [
            ("evil.example", true),
            ("media.example.org", false),
            ("alcove.local:8480", false),
        ] {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw(address, request.as_bytes(), Duration::from_secs(20));
            let got = answer.starts_with("HTTP/1.1 421 ");
            assert_eq!(got, refused, "{path} {host}: {answer}");
            assert_eq!(answer.contains("unknown_host"), refused, "{answer}");
        }
    }
}
