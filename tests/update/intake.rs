//! Uploads that do not end well.

use std::io::{Read, Write};
use std::net::TcpStream;

use alcove::update::bootstate::Slot;

use super::house::client::Client;
use super::server::{PASSWORD, assert_problem, login};
use super::stage::{Box, RUNNING, Recipe, until, upload, wait};

/// Begins to send a file and leaves the rest to the caller.
fn begin(address: std::net::SocketAddr, headers: &str) -> TcpStream {
    let token = login(address, "owner", PASSWORD).json()["token"]
        .as_str()
        .expect("it works here")
        .to_owned();
    let mut stream = TcpStream::connect(address).expect("it works here");
    let head = format!(
        "POST /api/v1/update/bundle HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/octet-stream\r\n{headers}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it works here");
    stream
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_and_a_second_one_waits_its_turn() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (_server, address) = stage.launch().run();
    let mut client = super::server::owner(address);
    until(&mut client, &["idle"]);
    let part = stage.state().join("update/bundle.part");
    let mut stream = begin(address, "Content-Length: 1000000");
    stream.write_all(&[1; 4000]).expect("it works here");
    wait("the first bytes", || part.exists().then_some(()));
    let good = stage.bundle(Recipe::default());
    assert_problem(&upload(&mut client, &good), 409, "update_busy");
    drop(stream);
    wait("the end of the rest", || (!part.exists()).then_some(()));
    let answer = wait("a free place", || {
        Some(upload(&mut client, &good)).filter(|answer| answer.status != 409)
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn what_is_too_long_or_does_not_fit_on_the_disk_is_refused() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let mut launch = stage.launch();
    launch.before = Some(format!(
        "mount -t tmpfs -o size=80M none {}",
        stage.state().display()
    ));
    let (_server, address) = launch.run();
    until(&mut super::server::owner(address), &["idle"]);
    let refused = |headers: &str, body: &[u8]| {
        let mut stream = begin(address, headers);
        // It may be refused before all is sent.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    for (headers, code) in [
        (
            "Content-Length: 700000000\r\nConnection: close",
            "bundle_too_long",
        ),
        (
            "Content-Length: 30000000\r\nConnection: close",
            "no_room_for_bundle",
        ),
    ] {
        let answer = refused(headers, &[0; 1000]);
        assert!(answer.contains(code), "{headers}: {answer}");
    }
    // Nobody says how long it is.
    let body = [
        b"5000000\r\n".to_vec(),
        vec![7; 0x500_0000],
        b"\r\n5000000\r\n".to_vec(),
        vec![7; 0x500_0000],
    ]
    .concat();
    let answer = refused("Transfer-Encoding: chunked\r\nConnection: close", &body);
    assert!(answer.contains("no_room_for_bundle"), "{answer}");
    let free = Client::new(address).get("/healthz");
    assert_eq!(free.status, 200);
}
