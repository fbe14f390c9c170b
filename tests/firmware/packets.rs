//! What the rules for packets let out, tried with packets in a network of the test's own.
//!
//! Never: a packet on the machine's network.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{overlay, works};

/// What happened to each line of the script, and the counters at the end.
struct Run {
    outcomes: Vec<String>,
    counters: BTreeMap<String, u64>,
}

/// Runs the lines with the rules of the image, where `user` stands for the users whose services may leave;
/// `None` where the machine lets nobody make a network.
fn run(user: &str, lines: &[&str]) -> Option<Run> {
    // Without root, in a user namespace; as root in a container, that may be forbidden and the plain one allowed.
    let ways: [&[&str]; 2] = [&["--map-root-user", "--net"], &["--net"]];
    let check = ["nft", "list", "ruleset"];
    let way = ways
        .into_iter()
        .find(|way| works("unshare", &[way, &check[..]].concat()))?;
    let scratch = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/firmware/packets.sh");
    let mut child = Command::new("unshare")
        .args(way)
        .arg(script)
        .args([overlay().as_path(), scratch.path()])
        .env("ALCOVE_CLOCK_USER", user)
        .env("ALCOVE_SERVER_USER", user)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all((lines.join("\n") + "\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut outcomes: Vec<String> = text.lines().map(str::to_owned).collect();
    let counters = outcomes.split_off(lines.len());
    let counter = |line: &String| {
        let (name, packets) = line.split_once(' ').unwrap();
        (name.to_owned(), packets.parse().unwrap())
    };
    Some(Run {
        outcomes,
        counters: counters.iter().map(counter).collect(),
    })
}

/// Each line and its outcome.
fn check(user: &str, expected: &[(&str, &str)]) -> Option<BTreeMap<String, u64>> {
    let lines: Vec<&str> = expected.iter().map(|(line, _)| *line).collect();
    let run = run(user, &lines)?;
    for ((line, expected), outcome) in expected.iter().zip(&run.outcomes) {
        assert_eq!(outcome, expected, "{line}");
    }
    Some(run.counters)
}

#[test]
fn what_the_owner_has_not_allowed_stays_and_is_counted() {
    let Some(counters) = check(
        "root",
        &[
            ("send udp 192.168.7.9 5000", "left"),
            ("send udp 10.1.2.3 53", "left"),
            ("send udp 172.31.0.1 53", "left"),
            ("send udp fd00::9 5000", "left"),
            ("send udp 224.0.0.251 5353", "left"),
            ("send tcp 192.168.7.9 80", "left"),
            ("send udp 203.0.113.9 123", "stayed"),
            ("send udp 203.0.113.9 53", "stayed"),
            ("send udp 172.32.0.1 53", "stayed"),
            ("send udp 100.64.0.1 53", "stayed"),
            ("send udp 239.255.255.250 1900", "stayed"),
            ("send udp 2001:db8::9 123", "stayed"),
            ("send tcp 203.0.113.9 443", "stayed"),
            ("send tcp 2001:db8::9 443", "stayed"),
        ],
    ) else {
        return;
    };
    assert!(counters["out_dropped"] >= 8, "{counters:?}");
    for switch in ["time_sync", "update_check", "news", "statistics"] {
        assert_eq!(counters[&format!("out_{switch}")], 0, "{switch}");
    }
}

#[test]
fn a_switch_opens_its_own_service_and_closes_it_again() {
    let Some(counters) = check(
        "root",
        &[
            ("switches time_sync = true\\n", "done"),
            ("send udp 203.0.113.9 123", "left"),
            ("send udp 2001:db8::9 123", "left"),
            ("send udp 203.0.113.9 124", "stayed"),
            ("send tcp 203.0.113.9 123", "stayed"),
            ("send tcp 203.0.113.9 443", "stayed"),
            (
                "switches # mine\\ntime_sync = false\\nupdate_check = true",
                "done",
            ),
            ("send udp 203.0.113.9 123", "stayed"),
            ("send tcp 203.0.113.9 443", "left"),
            ("send tcp 203.0.113.9 80", "stayed"),
            ("send udp 203.0.113.9 443", "stayed"),
            // What is not understood is a no to everything.
            ("switches update_check = true\\nnews = true\\n", "failed"),
            ("send tcp 203.0.113.9 443", "stayed"),
            ("switches update_check = \"true\"\\n", "failed"),
            ("send tcp 203.0.113.9 443", "stayed"),
            ("send udp 192.168.7.9 5000", "left"),
        ],
    ) else {
        return;
    };
    assert_eq!(counters["out_time_sync"], 2, "{counters:?}");
    assert!(counters["out_update_check"] >= 1, "{counters:?}");
}

#[test]
fn another_user_does_not_leave_by_the_switch_of_a_service() {
    check(
        "nobody",
        &[
            ("switches time_sync = true\\nupdate_check = true\\n", "done"),
            ("send udp 203.0.113.9 123", "stayed"),
            ("send tcp 203.0.113.9 443", "stayed"),
        ],
    );
}
