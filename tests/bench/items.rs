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
const PEER_REQUESTS: usize = 300;
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
fn peer_while_scanning(root: &std::path::Path, state: &std::path::Path) -> Vec<f64> {
    let minidlna = MiniDlna::start(root, state);
    minidlna.wait_for_answer();
    let mut client = Client::new(minidlna.address);
    let mut times = Vec::new();
    for n in 0..PEER_REQUESTS {
        let object = ["2$8", "1$4", "3$B"][n % 3];
        times.push(minidlna.browse(&mut client, object, 0, 100).0.as_secs_f64() * 1000.0);
        if std::fs::read_to_string(state.join("minidlna.log"))
            .is_ok_and(|log| log.contains("finished ("))
        {
            break;
        }
    }
    times
}
