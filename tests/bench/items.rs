//! How soon `items` answers while a scan runs.
//! Never: a request that was sent when no scan ran.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::house::client::Client;
use crate::house::{House, Options};
use crate::minidlna::MiniDlna;
use crate::report::{Report, Target, percentile};
use crate::{scan, tree};

const REQUESTS: usize = 2_000;
const LIMIT: Duration = Duration::from_secs(900);

/// What the pages of the interface ask for.
const QUERIES: &[&str] = &[
    "kind=film&limit=100",
    "kind=film&sort=-added&limit=50",
    "kind=film&sort=-year&limit=100",
    "kind=series&limit=100",
    "kind=episode&limit=100",
    "kind=album&limit=100",
    "kind=track&limit=100",
    "kind=photo&sort=-taken&limit=100",
    "query=amber&limit=30",
    "query=record&limit=30",
];

pub fn run(report: &mut Report) {
    let root = tree::ready();
    let scratch = tempfile::tempdir().unwrap();
    let state = scratch.path().join("state");
    let house = House::start(&Options {
        media: &root,
        state: Some(&state),
        arguments: &[],
    });
    let mut owner = house.owner();
    scan::wait_until_listed(&mut owner, LIMIT);
    let (times, failed) = while_scanning(&mut owner);
    report.target(
        "alcove, p99 of `items` during a scan",
        "ms",
        &[percentile(&times, 99.0)],
        Target::AtMost(10.0),
    );
    report.figure("alcove, median", "ms", &[percentile(&times, 50.0)]);
    report.figure("alcove, slowest", "ms", &[percentile(&times, 100.0)]);
    let (query, p99) = slowest_query(&times);
    report.figure(format!("alcove, p99 of {query}"), "ms", &[p99]);
    report.figure("alcove, requests", "", &[times.len() as f64]);
    report.target(
        "alcove, answers that were not 200",
        "",
        &[failed as f64],
        Target::AtMost(0.0),
    );
    drop(house);

    let peer_state = tempfile::tempdir().unwrap();
    let times = peer_while_scanning(&root, peer_state.path());
    report.figure(
        "MiniDLNA, p99 of Browse during a scan",
        "ms",
        &[percentile(&times, 99.0)],
    );
    report.figure("MiniDLNA, median", "ms", &[percentile(&times, 50.0)]);
    report.figure("MiniDLNA, requests", "", &[times.len() as f64]);
}

/// The query whose p99 is the highest; requests took the queries in turn.
fn slowest_query(times: &[f64]) -> (&'static str, f64) {
    let p99_of = |n: usize| {
        let own: Vec<f64> = times
            .iter()
            .skip(n)
            .step_by(QUERIES.len())
            .copied()
            .collect();
        percentile(&own, 99.0)
    };
    let all = QUERIES
        .iter()
        .enumerate()
        .map(|(n, query)| (*query, p99_of(n)));
    all.max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("there are queries")
}

/// Times in milliseconds, and answers that were not 200. Starts another scan whenever one has ended.
fn while_scanning(owner: &mut Client) -> (Vec<f64>, usize) {
    let mut times = Vec::new();
    let mut failed = 0;
    let mut watcher = owner.twin();
    let mut cursor: Option<String> = None;
    while times.len() < REQUESTS {
        if watcher.get("/api/v1/scan").json()["state"] != "scanning" {
            let answer = watcher.post("/api/v1/scan", &json!({"full": true}));
            assert_eq!(answer.status, 202, "{}", answer.text());
            continue;
        }
        let query = QUERIES[times.len() % QUERIES.len()];
        // Every other page of films is a later one.
        let more = cursor
            .take()
            .filter(|_| query.starts_with("kind=film&limit"))
            .map_or_else(String::new, |c| format!("&cursor={c}"));
        let start = Instant::now();
        let answer = owner.get(&format!("/api/v1/items?{query}{more}"));
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        failed += usize::from(answer.status != 200);
        if query == "kind=film&limit=100" {
            cursor = answer.json()["next"].as_str().map(str::to_owned);
        }
    }
    (times, failed)
}

/// MiniDLNA's pages of a hundred, from its lists of all videos, all music and all pictures, while its first scan runs.
/// A list that is still shorter than a page does not count.
fn peer_while_scanning(root: &std::path::Path, state: &std::path::Path) -> Vec<f64> {
    let minidlna = MiniDlna::start(root, state);
    minidlna.wait_for_answer();
    let mut client = Client::new(minidlna.address);
    let mut times = Vec::new();
    let mut object = 0;
    while times.len() < REQUESTS && !minidlna.has_scanned(state) {
        let (time, text) = minidlna.browse(&mut client, ["2$8", "1$4", "3$B"][object % 3], 0, 100);
        object += 1;
        if text.contains("<NumberReturned>100</NumberReturned>") {
            times.push(time.as_secs_f64() * 1000.0);
        }
        // Three lists at once would be one busy loop beside the scan on two cores.
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}
