//! Servers that are killed at random moments while their owners answer: no acknowledged answer is lost, and a no leaves
//! nothing of what was counted.

use std::collections::BTreeSet;
use std::fs;
use std::ops::AddAssign;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use serde_json::json;

use super::house::client::Client;
use super::privacy::{CONSENT, answer, consent};
use super::server::{Launch, owner};

/// Killed side by side: one waits for the disk while the other computes.
const SERVERS: u64 = 2;
const KILLS: u32 = 1000;
/// A kill comes within this time after the first answer.
const LONGEST_US: u64 = 20_000;
/// What only a playback could have left.
const PLAYED: &str = "video_codec.hevc";

#[derive(Debug, Default)]
struct Figures {
    kills: u32,
    acknowledged: u32,
    /// Kills while an answer was under way.
    in_flight: u32,
    /// Starts that found what had been counted before.
    found: u32,
    /// Starts that found a no, and nothing that had been counted.
    empty: u32,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.acknowledged += other.acknowledged;
        self.in_flight += other.in_flight;
        self.found += other.found;
        self.empty += other.empty;
    }
}

/// One server that is killed again and again.
struct Victim {
    state: tempfile::TempDir,
    seed: u64,
    /// Modes that the next start may find.
    possible: BTreeSet<&'static str>,
    /// A login outlives the kill.
    client: Option<Client>,
    figures: Figures,
}

impl Victim {
    fn new(seed: u64) -> Self {
        Self {
            state: tempfile::tempdir().expect("scratch folder"),
            seed,
            possible: BTreeSet::from(["undecided"]),
            client: None,
            figures: Figures::default(),
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.seed >> 33) % below
    }

    /// Starts the server, judges what it finds, lets it be answered until it is killed.
    fn round(&mut self) {
        let (mut server, address) = Launch::new(self.state.path()).run();
        let known = self.client.take();
        let mut client = known.map_or_else(|| owner(address), |known| known.at(address));
        let found = self.judge(&mut client);
        self.possible.retain(|one| *one == found);
        let wait = Duration::from_micros(self.random(LONGEST_US));
        let pid = Pid::from_raw(server.pid().cast_signed());
        let killer = std::thread::spawn(move || {
            std::thread::sleep(wait);
            kill(pid, Signal::SIGKILL).expect("it runs");
        });
        loop {
            let at = usize::try_from(self.random(3)).expect("three");
            let mode = ["off", "local", "share"][at];
            self.possible.insert(mode);
            let body = answer(mode, true).to_string();
            let headers = [("Content-Type", "application/json")];
            match client.request("PUT", CONSENT, &headers, Some(body.as_bytes())) {
                Ok(answer) => {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    self.possible = BTreeSet::from([mode]);
                    self.figures.acknowledged += 1;
                }
                Err(_) => break,
            }
        }
        self.figures.kills += 1;
        self.figures.in_flight += u32::from(self.possible.len() > 1);
        killer.join().expect("killed");
        server.wait();
        self.client = Some(client);
    }

    /// The mode that a start found, which is the old one or the new one, and holds.
    fn judge(&mut self, client: &mut Client) -> String {
        let round = self.figures.kills;
        let now = consent(client);
        let mode = now["mode"].as_str().expect("a mode").to_owned();
        assert!(
            self.possible.contains(mode.as_str()),
            "round {round}: {mode}, not one of {:?}",
            self.possible
        );
        assert_eq!(
            (&now["in_force"]["mode"], &now["reasons"]),
            (&now["mode"], &json!([]))
        );
        let counted = counted(client);
        match mode.as_str() {
            "off" => {
                assert_eq!(counted, 0, "round {round}");
                self.assert_nothing_is_left();
                self.figures.empty += 1;
            }
            "undecided" => {}
            _ => {
                self.figures.found += u32::from(counted > 0);
                self.count();
            }
        }
        mode
    }

    fn database(&self) -> Connection {
        let database = Connection::open(self.state.path().join("alcove.db")).expect("a database");
        database
            .busy_timeout(Duration::from_secs(5))
            .expect("a timeout");
        database
    }

    /// Puts on disk what a playback would have left there, for a no to delete.
    fn count(&self) {
        let row = "INSERT OR REPLACE INTO telemetry_counts VALUES (?1, 1, 1)";
        self.database().execute(row, [PLAYED]).expect("written");
    }

    fn assert_nothing_is_left(&self) {
        let round = self.figures.kills;
        let database = self.database();
        for table in ["counts", "performance", "answers"] {
            let count = format!("SELECT count(*) FROM telemetry_{table}");
            let rows: u32 = database
                .query_row(&count, [], |row| row.get(0))
                .expect("a count");
            assert_eq!(rows, 0, "round {round}: {table}");
        }
        for name in ["alcove.db", "alcove.db-wal"] {
            let bytes = fs::read(self.state.path().join(name)).unwrap_or_default();
            assert!(
                !String::from_utf8_lossy(&bytes).contains(PLAYED),
                "round {round}: {name} still tells of a playback, after one of {:?}",
                self.possible
            );
        }
    }
}

/// Playbacks of this week, as the owner is shown them.
fn counted(client: &mut Client) -> u64 {
    let journal = client.get("/api/v1/privacy/journal").json();
    let counts = journal["counts"].as_array().expect("counts");
    let own = counts
        .iter()
        .filter(|one| one["metric"] == "video_codec")
        .flat_map(|one| one["week"].as_array().expect("a week"));
    own.map(|count| count.as_u64().expect("a count")).sum()
}

#[test]
fn no_acknowledged_answer_is_lost_by_a_kill_and_a_no_leaves_nothing() {
    let kills = std::env::var("ALCOVE_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let each = kills / u32::try_from(SERVERS).expect("few");
    let mut all = Figures::default();
    std::thread::scope(|scope| {
        let servers = (0..SERVERS).map(|number| {
            scope.spawn(move || {
                let mut victim = Victim::new(0x5eed + number);
                for _ in 0..each {
                    victim.round();
                }
                victim.figures
            })
        });
        let servers: Vec<_> = servers.collect();
        for server in servers {
            all += server.join().expect("no answer was lost");
        }
    });
    println!(
        "P7: {} kills of {SERVERS} servers, {} answers acknowledged, {} kills during a change, none lost; \
         {} starts found what was counted, {} found a no and nothing left",
        all.kills, all.acknowledged, all.in_flight, all.found, all.empty
    );
    assert!(all.acknowledged > 0 && all.in_flight > 0 && all.found > 0 && all.empty > 0);
}
