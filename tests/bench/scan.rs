//! Scanning 10,000 files from nothing: from the start of the program until each is in the list.
//! Never: pictures and packet walks in the same figure; those are timed apart by `idle`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::client::Client;
use crate::house::{House, Options, process};
use crate::minidlna::MiniDlna;
use crate::report::{Report, Target, median};
use crate::tree;

const RUNS: usize = 3;
const LIMIT: Duration = Duration::from_secs(900);

pub fn run(report: &mut Report) {
    let root = tree::ready();
    let mut alcove = Vec::new();
    let mut peer = Vec::new();
    let mut peaks = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        tree::warm(&root);
        let (seconds, peak) = scan_with_alcove(&root);
        alcove.push(f64::from(tree::FILES) / seconds);
        peaks[0].push(peak.proportional_bytes as f64 / 1e6);
        peaks[1].push(peak.resident_bytes as f64 / 1e6);
        tree::warm(&root);
        let state = tempfile::tempdir().unwrap();
        let minidlna = MiniDlna::start(&root, state.path());
        peer.push(
            f64::from(tree::FILES) / minidlna.wait_for_scan(state.path(), LIMIT).as_secs_f64(),
        );
    }
    report.figure("alcove, files a second", "1/s", &alcove);
    report.figure("MiniDLNA, files a second", "1/s", &peer);
    let ratios: Vec<f64> = alcove.iter().map(|rate| rate / median(&peer)).collect();
    report.target("alcove : MiniDLNA", "x", &ratios, Target::AtLeast(1.5));
    report.target(
        "peak of daemon and workers (PSS)",
        "MB",
        &peaks[0],
        Target::AtMost(150.0),
    );
    report.figure("peak of daemon and workers (sum of RSS)", "MB", &peaks[1]);
}

fn scan_with_alcove(root: &std::path::Path) -> (f64, process::Memory) {
    let start = Instant::now();
    let state = tempfile::tempdir().unwrap();
    let house = House::start(&Options {
        media: root,
        state: Some(&state.path().join("state")),
        arguments: &[],
    });
    let memory = MemoryWatch::over(house.pid());
    let mut owner = house.owner();
    wait_until_listed(&mut owner, LIMIT);
    let seconds = start.elapsed().as_secs_f64();
    let peak = memory.end();
    check_counts(&mut owner);
    (seconds, peak)
}

/// Waits until no file waits for its probe any more: pictures may still be made.
pub fn wait_until_listed(client: &mut Client, limit: Duration) -> Value {
    let start = Instant::now();
    loop {
        let scan = client.get("/api/v1/scan").json();
        let begun = !scan["started_at"].is_null();
        if begun && scan["state"] != "scanning" && scan["settling"] == 0 {
            return scan;
        }
        assert!(
            start.elapsed() < limit,
            "the scan took longer than {limit:?}: {scan}"
        );
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// Every file is an item with its tags.
fn check_counts(client: &mut Client) {
    for (kind, count) in [
        ("film", tree::FILMS),
        ("episode", tree::EPISODES),
        ("track", tree::SONGS),
        ("photo", tree::PHOTOS),
    ] {
        let mut found = 0;
        let mut cursor = String::new();
        loop {
            let page = client
                .get(&format!("/api/v1/items?kind={kind}&limit=500{cursor}"))
                .json();
            found += page["items"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, count as usize, "items of kind {kind}");
    }
}

/// The highest sum of the memory of a process and its descendants, looked at twenty times a second.
struct MemoryWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<process::Memory>,
}

impl MemoryWatch {
    fn over(pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut peak = process::Memory::default();
            while !flag.load(Ordering::Relaxed) {
                let all = process::descendants(pid)
                    .into_iter()
                    .chain([pid])
                    .filter_map(process::memory);
                let (resident, proportional) = all.fold((0, 0), |(r, p), m| {
                    (r + m.resident_bytes, p + m.proportional_bytes)
                });
                peak.resident_bytes = peak.resident_bytes.max(resident);
                peak.proportional_bytes = peak.proportional_bytes.max(proportional);
                std::thread::sleep(Duration::from_millis(50));
            }
            peak
        });
        Self { stop, thread }
    }

    fn end(self) -> process::Memory {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch does not panic")
    }
}
