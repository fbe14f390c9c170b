//! How soon after its start a server with 10,000 items answers.
//! Never: a start that finds a smaller library.

use std::time::Duration;

use crate::house::{House, Options};
use crate::minidlna::MiniDlna;
use crate::report::{Report, Target};
use crate::{scan, tree};

const RUNS: usize = 15;
const LIMIT: Duration = Duration::from_secs(900);

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
    let first = House::start(&options);
    let mut owner = first.owner();
    scan::wait_until_listed(&mut owner, LIMIT);
    drop(first);

    let (mut alcove, mut lists, mut peer) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let house = House::start(&options);
        alcove.push(milliseconds(house.answered_after));
        // The token outlives a restart: the first page of films needs no login.
        let mut owner = owner.at(house.address);
        let page = owner.get("/api/v1/items?kind=film&limit=100");
        lists.push(milliseconds(house.started.elapsed()));
        assert_eq!(page.status, 200, "{}", page.text());
        drop(house);
        peer.push(milliseconds(
            MiniDlna::start(&root, peer_state.path()).wait_for_answer(),
        ));
    }
    report.target(
        "alcove, start to the first answer",
        "ms",
        &alcove,
        Target::AtMost(50.0),
    );
    report.figure("alcove, start to the first page of films", "ms", &lists);
    report.figure("MiniDLNA, start to the first answer", "ms", &peer);
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
