//! Memory at rest: a minute after the last work, with 10,000 items.
//! Never: a figure of a daemon that still works.

use std::time::{Duration, Instant};

use crate::house::{House, Options, process};
use crate::minidlna::MiniDlna;
use crate::report::{Report, Target};
use crate::{scan, tree};

const REST: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(3600);
const MIB: f64 = 1024.0 * 1024.0;

pub fn run(report: &mut Report) {
    let root = tree::ready();
    let peer_state = tempfile::tempdir().unwrap();
    MiniDlna::start(&root, peer_state.path()).wait_for_scan(peer_state.path(), LIMIT);

    let scratch = tempfile::tempdir().unwrap();
    let state = scratch.path().join("state");
    let options = Options {
        media: &root,
        state: Some(&state),
        arguments: &[],
    };
    let worked = House::start(&options);
    let mut owner = worked.owner();
    scan::wait_until_listed(&mut owner, LIMIT);
    let start = Instant::now();
    worked.wait_for_scan(&mut owner, LIMIT);
    report.figure(
        "pictures and packet walks after the scan",
        "s",
        &[start.elapsed().as_secs_f64()],
    );
    std::thread::sleep(REST);
    let after_scan = resident(worked.pid());
    drop(worked);

    let house = House::start(&options);
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, LIMIT);
    let minidlna = MiniDlna::start(&root, peer_state.path());
    minidlna.wait_for_answer();
    std::thread::sleep(REST);
    report.target(
        "alcove, a minute after its start",
        "MiB",
        &[resident(house.pid())],
        Target::AtMost(16.0),
    );
    report.target(
        "alcove, a minute after scanning it all",
        "MiB",
        &[after_scan],
        Target::AtMost(16.0),
    );
    report.figure(
        "MiniDLNA, a minute after its start",
        "MiB",
        &[minidlna.memory().resident_bytes as f64 / MIB],
    );
    let children = process::descendants(house.pid()).len();
    report.target(
        "worker processes at rest",
        "",
        &[children as f64],
        Target::AtMost(0.0),
    );
}

fn resident(pid: u32) -> f64 {
    process::memory(pid)
        .expect("the daemon runs")
        .resident_bytes as f64
        / MIB
}
