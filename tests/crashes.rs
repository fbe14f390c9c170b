//! Reports of crashes from end to end: a real daemon whose worker dies, and the hook of a real panic.
//!
//! Never: a crash that is built into the programs.

#[path = "house/mod.rs"]
mod house;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alcove::base::clock::SystemClock;
use alcove::base::folder::Folder;
use alcove::consent::{Access, Choice, Consent, Place, Settings, Switches};
use alcove::telemetry::class::BoardFamily;
use alcove::telemetry::crash::Reports;
use alcove::telemetry::registry::REGISTRY;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use house::client::Client;
use house::{House, process};

/// Words of the household: in names of files and folders, in the panic's message.
const MARKS: [&str; 4] = ["zanzibar", "honeymoon", "1987", "mombasa"];
const PATIENCE: Duration = Duration::from_secs(30);

/// Holds only if `bytes` is a report in which nothing but the listed parts, each of its form, has any room.
fn assert_closed(bytes: &str, state: &Path) -> Value {
    let report: Value = serde_json::from_str(bytes).expect("JSON");
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    let all = |text: &str, fits: &dyn Fn(char) -> bool| !text.is_empty() && text.chars().all(fits);
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let known = [
        "board", "cause", "frames", "place", "program", "version", "week",
    ];
    assert_eq!(keys(&report), known, "{bytes}");
    let text = |key: &str| {
        report[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key}: {bytes}"))
    };
    assert_eq!(text("version"), env!("CARGO_PKG_VERSION"));
    assert!(text("board").starts_with("board_family."), "{bytes}");
    assert!(
        ["alcove", "alcove-worker"].contains(&text("program")),
        "{bytes}"
    );
    assert!(
        ["panic", "sigsegv", "sigabrt"].contains(&text("cause")),
        "{bytes}"
    );
    assert!(
        text("week").len() == 8 && &text("week")[4..6] == "-W",
        "{bytes}"
    );
    if let Some(place) = report["place"].as_str() {
        let (file, line) = place.rsplit_once(':').expect("a line");
        assert!(all(line, &|c| c.is_ascii_digit()), "{place}");
        assert!(file.ends_with(".rs") && !file.starts_with('/'), "{place}");
    }
    for frame in report["frames"].as_array().expect("frames") {
        assert_eq!(keys(frame), ["build_id", "module", "offset", "symbol"]);
        let valid = |key: &str, is_valid: &dyn Fn(&str) -> bool| {
            assert!(frame[key].as_str().is_none_or(is_valid), "{key}: {frame}");
        };
        valid("build_id", &|id| all(id, &is_hex));
        valid("offset", &|at| {
            at.strip_prefix("0x")
                .is_some_and(|at| at.len() <= 8 && all(at, &is_hex))
        });
        valid("module", &|name| {
            all(name, &|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
        });
        valid("symbol", &|name| {
            all(name, &|c| c.is_ascii_alphanumeric() || "_.$@+".contains(c))
        });
    }
    assert!(!bytes.contains([' ', '\n', '\\']), "{bytes}");
    let lower = bytes.to_ascii_lowercase();
    let state = state.to_string_lossy().to_ascii_lowercase();
    for mark in MARKS
        .into_iter()
        .chain([state.as_str(), house::OWNER, "127.0.0.1"])
    {
        assert!(!lower.contains(mark), "{mark}: {bytes}");
    }
    report
}

/// Everything in the folder of the reports.
fn on_disk(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("crashes")).into_iter().flatten();
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn answer(client: &mut Client, mode: &str, crash_reports: bool) {
    let switches = json!({"playback_statistics": false, "crash_reports": crash_reports, "release_news": false});
    let words = json!({"mode": mode, "switches": switches});
    let answered = client.send("PUT", "/api/v1/privacy/consent", &words);
    assert_eq!(answered.status, 200, "{}", answered.text());
}

fn delete(client: &mut Client, path: &str) -> u16 {
    client.send("DELETE", path, &json!({})).status
}

/// Has the daemon start a worker and ends that by `signal`, in the way that a fault in its code would.
fn strike(house: &House, client: &mut Client, signal: Signal) {
    let started = client.post("/api/v1/scan", &json!({"full": true}));
    assert_eq!(started.status, 202, "{}", started.text());
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "no worker was started");
        let workers = process::descendants(house.pid());
        let ready = workers.into_iter().find(|pid| has_own_output(*pid));
        if let Some(pid) = ready {
            let pid = Pid::from_raw(pid.cast_signed());
            if kill(pid, signal).is_ok() {
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A worker has put its output aside when it is ready to tell of a crash.
fn has_own_output(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/fd/1")).is_ok_and(|to| to == Path::new("/dev/null"))
}

fn listed(client: &mut Client) -> Vec<Value> {
    let answer = client.get("/api/v1/privacy/crashes");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["crashes"].as_array().expect("a list").clone()
}

fn wait_for(client: &mut Client, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let crashes = listed(client);
        if crashes.len() == count {
            return crashes;
        }
        assert!(Instant::now() < deadline, "{crashes:?} instead of {count}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_dying_worker_is_shown_byte_by_byte_and_a_no_leaves_nothing_of_it() {
    let media = tempfile::tempdir().expect("a folder");
    let films = media.path().join("Mombasa Films");
    fs::create_dir(&films).expect("a folder");
    for number in 0..40 {
        let film = films.join(format!("Zanzibar Honeymoon {number} (1987).mkv"));
        fs::write(film, b"no film at all").expect("a file");
    }
    let house = House::over(media.path());
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, PATIENCE);

    strike(&house, &mut owner, Signal::SIGSEGV);
    house.wait_for_scan(&mut owner, PATIENCE);
    assert!(on_disk(&house.state).is_empty(), "nobody has said yes");

    answer(&mut owner, "local", true);
    strike(&house, &mut owner, Signal::SIGSEGV);
    let crashes = wait_for(&mut owner, 1);
    let report = assert_closed(crashes[0]["bytes"].as_str().expect("bytes"), &house.state);
    assert_eq!(
        (&report["program"], &report["cause"]),
        (&json!("alcove-worker"), &json!("sigsegv"))
    );
    assert_eq!(
        (&crashes[0]["program"], &crashes[0]["week"]),
        (&report["program"], &report["week"])
    );
    let kept = on_disk(&house.state);
    let text = fs::read_to_string(&kept[0]).expect("the file");
    assert_eq!(
        (kept.len(), text.split_once('\n').map(|parts| parts.1)),
        (1, crashes[0]["bytes"].as_str())
    );

    let one = format!(
        "/api/v1/privacy/crashes/{}",
        crashes[0]["id"].as_str().expect("an id")
    );
    assert_eq!(delete(&mut owner, &one), 204);
    assert_eq!(delete(&mut owner, &one), 404);
    assert!(on_disk(&house.state).is_empty());

    strike(&house, &mut owner, Signal::SIGABRT);
    wait_for(&mut owner, 1);
    assert_eq!(delete(&mut owner, "/api/v1/privacy/journal"), 204);
    assert!(on_disk(&house.state).is_empty(), "everything collected");

    strike(&house, &mut owner, Signal::SIGSEGV);
    wait_for(&mut owner, 1);
    answer(&mut owner, "local", false);
    assert!(on_disk(&house.state).is_empty(), "the switch is off");
    strike(&house, &mut owner, Signal::SIGSEGV);
    house.wait_for_scan(&mut owner, PATIENCE);
    assert!(on_disk(&house.state).is_empty());
    for mark in ["Zanzibar", "Mombasa"] {
        assert!(!house.log().contains(mark), "{}", house.log());
    }
}

/// Names the folder in which this very program, started anew, panics.
const FOLDER: &str = "ALCOVE_TEST_PANIC_IN";

fn consent(state: &Path) -> Consent {
    let settings = Settings {
        registry_version: REGISTRY.version,
        do_not_track: false,
        access: Access::Change,
        clock: Arc::new(SystemClock),
    };
    Consent::open(&[Place::at(&state.join("consent.flash"))], settings)
}

#[test]
fn panics_in_the_folder_that_it_is_told() {
    let Some(state) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let folder = Folder::new(state.join("crashes"));
    let clock = Arc::new(SystemClock);
    let reports = Reports::new(folder, consent(&state), BoardFamily::Rpi5, clock);
    alcove::daemon::crash::report_panics(reports);
    for number in 0..25 {
        // Each from a thread of its own, as tasks panic.
        let panicking = std::thread::spawn(move || {
            let title = format!("Zanzibar Honeymoon {number} (1987).mkv in /srv/Mombasa");
            assert!(title.is_empty(), "cannot read {title}");
        });
        assert!(panicking.join().is_err());
    }
}

/// Panics under an answer; the reports' files and what was written on standard error.
fn panic_under(choice: Choice, crash_reports: bool) -> (tempfile::TempDir, String) {
    let state = tempfile::tempdir().expect("a folder");
    let switches = Switches {
        crash_reports,
        ..Switches::default()
    };
    let answering = consent(state.path());
    answering.set(choice, switches).expect("stored");
    drop(answering);
    let ended = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "panics_in_the_folder_that_it_is_told",
            "--nocapture",
        ])
        .env(FOLDER, state.path())
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    (state, said)
}

#[test]
fn a_panic_of_the_daemon_is_told_by_its_place_and_never_by_its_message() {
    let (state, said) = panic_under(Choice::Share, true);
    let files = on_disk(state.path());
    // The same place, reached in the same way, is told once.
    assert_eq!(files.len(), 1, "{files:?}");
    let text = fs::read_to_string(&files[0]).expect("a report");
    let (_, bytes) = text.split_once('\n').expect("two lines");
    let line = text.find("tests/crashes.rs");
    assert_eq!(line, None, "a test is no part of the program's sources");
    let report = assert_closed(bytes, state.path());
    assert_eq!(
        (&report["program"], &report["cause"]),
        (&json!("alcove"), &json!("panic"))
    );
    assert_eq!(report["board"], "board_family.rpi5");
    assert!(report["frames"].as_array().expect("frames").len() > 3);
    assert!(
        bytes.contains("panics_in_the_folder"),
        "frames have names: {bytes}"
    );
    for mark in MARKS {
        assert!(!said.to_ascii_lowercase().contains(mark), "{said}");
    }
}

#[test]
fn a_panic_without_a_yes_leaves_nothing_on_disk() {
    for (choice, crash_reports) in [
        (Choice::Off, true),
        (Choice::Share, false),
        (Choice::Local, false),
    ] {
        let (state, _) = panic_under(choice, crash_reports);
        assert_eq!(on_disk(state.path()), Vec::<PathBuf>::new(), "{choice:?}");
    }
}
