//! The owner's answer over sockets and on the command line: kept, and private with every flash.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use alcove::base::clock::SystemClock;
use alcove::consent::{Access, BLOCK_BYTES, Choice, Consent, Place, Settings, Switches};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::house::client::{Answer, Client};
use super::server::{Launch, Server, assert_problem, owner, raw};

pub const CONSENT: &str = "/api/v1/privacy/consent";
const FLASH_BYTES: usize = 8 * 1024 * 1024;

pub fn answer(mode: &str, on: bool) -> Value {
    json!({
        "mode": mode,
        "switches": {"playback_statistics": on, "crash_reports": on, "release_news": on},
    })
}

fn put(client: &mut Client, mode: &str) -> Answer {
    client.send("PUT", CONSENT, &answer(mode, true))
}

pub fn consent(client: &mut Client) -> Value {
    client.get(CONSENT).json()
}

/// Runs `alcove` with `words` on the state.
pub fn command(state: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_alcove"))
        .args(words)
        .arg("--state")
        .arg(state)
        .env_remove("DO_NOT_TRACK")
        .output()
        .expect("alcove runs")
}

fn text(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(all).expect("text")
}

#[test]
fn nothing_holds_before_the_owner_answers_and_every_answer_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let first = consent(&mut client);
    assert_eq!(first["mode"], "undecided", "{first}");
    assert_eq!(first["in_force"]["mode"], "undecided");
    assert_eq!(
        (&first["asks_again"], &first["writable"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(first["reasons"], json!([]));
    assert!(first["answered_week"].is_null() && first["answered_registry_version"].is_null());
    assert_eq!(
        client.get("/api/v1/privacy/journal").json()["collecting"],
        false
    );
    for mode in ["share", "local", "off"] {
        let now = put(&mut client, mode);
        assert_eq!(now.status, 200, "{}", now.text());
        let now = now.json();
        assert_eq!(
            (&now["mode"], &now["in_force"]["mode"]),
            (&json!(mode), &json!(mode))
        );
        assert_eq!(now["switches"]["crash_reports"], mode != "off");
        assert_eq!(now["asks_again"], false);
        assert_eq!(
            (&now["collector"], &now["news"]),
            (&json!(false), &json!(false))
        );
        let journal = client.get("/api/v1/privacy/journal").json();
        assert_eq!(journal["collecting"], mode != "off");
        let next = client.get("/api/v1/privacy/next-report").json();
        if mode == "share" {
            assert_ne!(next["sending"], "off", "{next}");
        } else {
            assert_eq!(next["reports"], json!([]));
            assert_eq!(next["sending"], "off");
        }
        server.signal(Signal::SIGTERM);
        server.wait();
        let again;
        (server, again) = Launch::new(state.path()).run();
        client = owner(again);
        let kept = consent(&mut client);
        assert_eq!(
            (&kept["mode"], &kept["in_force"]),
            (&json!(mode), &now["in_force"])
        );
    }
}

#[test]
fn everything_about_privacy_is_shown_and_only_the_owner_changes_it() {
    let state = tempfile::tempdir().unwrap();
    let config = "[privacy]\ncollector = \"https://reports.example.org/\"\n";
    let (_server, address) = Launch {
        config: config.into(),
        ..Launch::new(state.path())
    }
    .run();
    let mut client = owner(address);
    assert_eq!(put(&mut client, "local").status, 200);
    let places = client.get("/api/v1/privacy/destinations").json();
    assert_eq!(places["counted"], false);
    let one = |id: &str| {
        let all = places["destinations"].as_array().expect("a list");
        all.iter()
            .find(|place| place["id"] == id)
            .expect("listed")
            .clone()
    };
    assert_eq!(one("collector")["address"], "https://reports.example.org/");
    assert_eq!(one("news")["address"], Value::Null);
    assert_eq!(
        (&one("collector")["configured"], &one("news")["configured"]),
        (&json!(true), &json!(false))
    );
    for id in ["collector", "news", "crashes"] {
        assert_eq!(
            (&one(id)["allowed"], &one(id)["packets"]),
            (&json!(false), &Value::Null)
        );
    }
    let ledger = client.get("/api/v1/privacy/ledger").json();
    assert_eq!(
        (&ledger["limit_week_milli"], &ledger["limit_year_milli"]),
        (&json!(1000), &json!(26_000))
    );
    assert_eq!(
        (&ledger["achieved"], &ledger["epsilon_year_milli"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(
        client.get("/api/v1/privacy/receipts").json()["receipts"],
        json!([])
    );
    let wrong = client.send(
        "PUT",
        CONSENT,
        &json!({"mode": "undecided", "switches": {}}),
    );
    assert_problem(&wrong, 422, "invalid_body");
    let mut visitor = Client::new(address);
    for path in [
        "consent",
        "registry",
        "journal",
        "next-report",
        "receipts",
        "destinations",
        "ledger",
    ] {
        let answer = visitor.get(&format!("/api/v1/privacy/{path}"));
        assert_eq!(answer.status, 401, "{path}");
    }
    let refused = visitor.send("PUT", CONSENT, &answer("off", false));
    assert_eq!(refused.status, 401);
    let deleted = client.request("DELETE", "/api/v1/privacy/journal", &[], None);
    assert_eq!(deleted.unwrap().status, 204);
}

#[test]
fn the_command_line_prints_the_registry_that_the_page_shows() {
    let state = tempfile::tempdir().unwrap();
    let printed = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .args(["registry", "--json"])
        .output()
        .unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!(printed["version"], 1);
    let (_server, address) = Launch::new(state.path()).run();
    assert_eq!(
        owner(address).get("/api/v1/privacy/registry").json(),
        printed
    );
    let table = Command::new(env!("CARGO_BIN_EXE_alcove"))
        .arg("registry")
        .output()
        .unwrap();
    let table = text(&table);
    for metric in printed["metrics"].as_array().expect("metrics") {
        assert!(table.contains(metric["name"].as_str().unwrap()), "{metric}");
        for class in metric["classes"].as_array().expect("classes") {
            assert!(table.contains(class["label"].as_str().unwrap()), "{class}");
        }
    }
    let same = text(&command(state.path(), &["report", "--diff", "1", "1"]));
    assert!(same.contains("nothing changed"), "{same}");
    let unknown = command(state.path(), &["report", "--diff", "1", "7"]);
    assert!(!unknown.status.success() && text(&unknown).contains("no version 7"));
}

/// Every file of a folder with its bytes and when it was changed.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let facts = entry.metadata().expect("facts");
        if facts.is_file() {
            let bytes = fs::read(entry.path()).expect("bytes");
            files.insert(entry.path(), (bytes, facts.modified().expect("a time")));
        }
    }
    files
}

const LOOKS: [&[&str]; 4] = [
    &["consent", "show"],
    &["report", "--next"],
    &["report", "--receipts"],
    &["report", "--diff", "1", "1"],
];

#[test]
fn the_command_line_changes_the_answer_while_the_server_is_stopped_and_only_then() {
    let state = tempfile::tempdir().unwrap();
    let show = |words: &[&str]| text(&command(state.path(), words));
    assert!(show(&["consent", "show"]).contains("undecided"));
    assert!(show(&["report", "--next"]).contains("nothing to show"));
    assert!(show(&["report", "--receipts"]).contains("nothing to show"));
    assert_eq!(
        fs::read_dir(state.path()).unwrap().count(),
        0,
        "looking makes nothing"
    );
    let set = command(
        state.path(),
        &["consent", "set", "share", "--playback-statistics"],
    );
    assert!(set.status.success(), "{}", text(&set));
    let kept = files(state.path());
    let next = show(&["report", "--next"]);
    assert!(
        next.contains("no collector") || next.contains("Chance"),
        "{next}"
    );
    assert!(show(&["report", "--receipts"]).contains("No receipts on this disk"));
    assert!(show(&["consent", "show"]).contains("share"));
    assert!(files(state.path()) == kept, "looking changes nothing");
    let (mut server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let kept = consent(&mut client);
    assert_eq!(kept["mode"], "share");
    assert_eq!(kept["switches"]["playback_statistics"], true);
    assert_eq!(kept["switches"]["crash_reports"], false);
    for words in [
        &["consent", "set", "off"][..],
        &["consent", "set", "share", "--crash-reports"],
    ] {
        let refused = command(state.path(), words);
        assert!(!refused.status.success());
        let said = text(&refused);
        assert!(said.contains("nothing was changed"), "{said}");
        assert!(said.contains("answer on its Privacy page"), "{said}");
    }
    assert_eq!(consent(&mut client), kept);
    server.signal(Signal::SIGTERM);
    server.wait();
    assert!(
        command(state.path(), &["consent", "set", "off"])
            .status
            .success()
    );
    assert!(show(&["consent", "show"]).contains("off"));
}

#[test]
fn the_command_line_looks_beside_a_server_that_runs() {
    let state = tempfile::tempdir().unwrap();
    let (mut server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let registry = client.get("/api/v1/privacy/registry").json();
    let metrics = registry["metrics"].as_array().expect("metrics").iter();
    let played = metrics.filter(|metric| metric["kind"] != "box");
    let played: Vec<&Value> = played.map(|metric| &metric["name"]).collect();
    let prepared = (0..100).find_map(|_| {
        for mode in ["local", "share"] {
            let answer = client.send("PUT", CONSENT, &answer(mode, true));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let next = client.get("/api/v1/privacy/next-report").json();
        let reports = next["reports"].as_array().expect("reports");
        // Of the box alone nothing is known yet.
        let is_told = |report: &Value| played.iter().any(|name| **name == report["metric"]);
        reports.iter().any(is_told).then_some(())
    });
    prepared.expect("half of all weeks report");
    let mut kept = files(state.path());
    // Who reads notes in it how far; it is no part of what is kept, and goes with the server.
    let index = state.path().join("alcove.db-shm");
    assert!(kept.remove(&index).is_some(), "the server has it open");
    for words in LOOKS {
        let look = command(state.path(), words);
        assert!(look.status.success(), "{words:?}: {}", text(&look));
    }
    let next = text(&command(state.path(), &["report", "--next"]));
    assert!(next.contains("As the server has last written it"), "{next}");
    let page = client.get("/api/v1/privacy/next-report").json();
    let reports = page["reports"].as_array().expect("reports").iter();
    let shown: Vec<&str> = reports.map(|own| own["bytes"].as_str().unwrap()).collect();
    let lines: Vec<&str> = next.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!lines.is_empty(), "{next}");
    for line in lines {
        assert!(shown.contains(&line), "{line} is not on the page: {page}");
    }
    let shown = command(state.path(), &["consent", "show", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["mode"], "share");
    let mut now = files(state.path());
    now.remove(&index);
    let names: Vec<_> = now
        .keys()
        .filter(|path| now.get(*path) != kept.get(*path))
        .collect();
    assert!(now == kept, "changed by looking: {names:?}");
    assert_eq!(consent(&mut client)["mode"], "share");
    // Nor does a look keep the server from ending, or from starting again.
    server.signal(Signal::SIGTERM);
    assert!(server.wait().0.success());
    let kept = files(state.path());
    for words in LOOKS {
        assert!(command(state.path(), words).status.success(), "{words:?}");
    }
    assert!(files(state.path()) == kept, "changed by looking");
    let (_server, address) = Launch::new(state.path()).run();
    assert_eq!(consent(&mut owner(address))["mode"], "share");
}

#[test]
fn open_pages_hear_of_a_new_answer_at_once() {
    let state = tempfile::tempdir().unwrap();
    let (_server, address) = Launch::new(state.path()).run();
    let mut client = owner(address);
    let words = json!({"username": "owner", "password": super::server::PASSWORD, "token": true});
    let token = Client::new(address).post("/api/v1/login", &words).json();
    let token = token["token"].as_str().expect("a token").to_owned();
    let listening = std::thread::spawn(move || {
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        raw(address, request.as_bytes(), Duration::from_secs(3))
    });
    let start = Instant::now();
    while !listening.is_finished() && start.elapsed() < Duration::from_secs(10) {
        for mode in ["local", "off"] {
            assert_eq!(put(&mut client, mode).status, 200);
        }
        if start.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    let heard = listening.join().unwrap();
    assert!(
        heard.contains("event: privacy\ndata: {\"mode\":"),
        "{heard}"
    );
}

/// Stores an answer without a server.
fn store(flash: &Path, choice: Choice) {
    store_to(1, flash, choice);
}

/// Stores an answer to another version of the registry.
fn store_to(registry_version: u32, flash: &Path, choice: Choice) {
    let settings = Settings {
        registry_version,
        do_not_track: false,
        access: Access::Change,
        clock: Arc::new(SystemClock),
    };
    let all = Switches {
        playback_statistics: true,
        crash_reports: true,
        release_news: true,
    };
    let consent = Consent::open(&[Place::at(flash)], settings);
    consent.set(choice, all).expect("stored");
}

fn make_newer(flash: &Path) {
    store(flash, Choice::Share);
    let mut bytes = fs::read(flash).expect("the flash");
    for block in bytes
        .chunks_mut(BLOCK_BYTES)
        .filter(|block| block.starts_with(b"ALCONSNT"))
    {
        block[8] = 9;
        let (body, crc) = block.split_at_mut(BLOCK_BYTES - 4);
        crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    }
    fs::write(flash, bytes).expect("the flash");
}

fn make_noise(flash: &Path) {
    let mut state = 7_u64;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    });
    fs::write(flash, noise.take(FLASH_BYTES).collect::<Vec<u8>>()).expect("the flash");
}

struct Flawed {
    _state: tempfile::TempDir,
    _server: Server,
    client: Client,
}

/// A server over `flashes`, which holds nothing as allowed and says why.
fn flawed(flashes: &[PathBuf], before: Option<String>, reason: &str) -> Flawed {
    let state = tempfile::tempdir().expect("scratch folder");
    let (server, address) = Launch {
        config: format!("[privacy]\nflash = {flashes:?}\n"),
        before,
        ..Launch::new(state.path())
    }
    .run();
    let mut client = owner(address);
    let now = consent(&mut client);
    assert_eq!(now["in_force"]["mode"], "off", "{reason}: {now}");
    assert_eq!(now["reasons"], json!([reason]), "{now}");
    for (_, on) in now["in_force"]["switches"].as_object().expect("switches") {
        assert_eq!(*on, false, "{reason}");
    }
    let journal = client.get("/api/v1/privacy/journal").json();
    assert_eq!(journal["collecting"], false, "{reason}");
    Flawed {
        _state: state,
        _server: server,
        client,
    }
}

#[test]
fn a_flash_that_cannot_be_used_is_private_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let refuses = |client: &mut Client, code: &str| {
        for mode in ["share", "off"] {
            assert_problem(&put(client, mode), 503, code);
        }
        let now = consent(client);
        assert_eq!(
            (&now["in_force"]["mode"], &now["writable"]),
            (&json!("off"), &json!(false))
        );
    };
    let missing = PathBuf::from("/dev/alcove-has-no-such-flash");
    refuses(
        &mut flawed(&[missing], None, "flash_missing").client,
        "consent_unavailable",
    );
    fs::write(at("short"), [0; 4096]).unwrap();
    refuses(
        &mut flawed(&[at("short")], None, "flash_wrong_size").client,
        "consent_unavailable",
    );
    fs::create_dir(at("frozen")).unwrap();
    let frozen = at("frozen/flash");
    store(&frozen, Choice::Share);
    let mount = at("frozen").display().to_string();
    let before = format!("mount --bind {mount} {mount} && mount -o remount,bind,ro {mount}");
    refuses(
        &mut flawed(&[frozen], Some(before), "flash_read_only").client,
        "consent_read_only",
    );
}

#[test]
fn a_flash_that_holds_something_else_is_private_until_it_is_answered_anew() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_noise(&at("noise"));
    make_newer(&at("newer"));
    let newer = fs::read(at("newer")).unwrap();
    store(&at("yes"), Choice::Share);
    store(&at("no"), Choice::Off);
    let check = |flashes: &[PathBuf], reason: &str| {
        let mut flawed = flawed(flashes, None, reason);
        assert_eq!(put(&mut flawed.client, "off").status, 200, "{reason}");
        drop(flawed);
        let settings = Settings {
            registry_version: 1,
            do_not_track: false,
            access: Access::Change,
            clock: Arc::new(SystemClock),
        };
        let places: Vec<Place> = flashes.iter().map(|path| Place::at(path)).collect();
        let state = Consent::open(&places, settings).state();
        assert_eq!(
            (state.reason, state.effective.is_yes()),
            (None, false),
            "{reason}"
        );
    };
    check(&[at("noise")], "flash_noise");
    check(&[at("yes"), at("no")], "two_answers");
    let mut flawed_newer = flawed(&[at("newer")], None, "flash_newer");
    assert_problem(
        &put(&mut flawed_newer.client, "share"),
        409,
        "consent_newer",
    );
    assert_eq!(fs::read(at("newer")).unwrap(), newer, "it is not touched");
    drop(flawed_newer);
    check(&[at("newer")], "flash_newer");
}

#[test]
fn a_yes_to_another_registry_asks_again_and_a_no_stays() {
    for (version, choice, mode, reasons) in [
        (9, Choice::Share, "undecided", json!(["registry_went_back"])),
        (9, Choice::Off, "off", json!([])),
        (0, Choice::Local, "undecided", json!(["registry_changed"])),
        (0, Choice::Off, "off", json!([])),
    ] {
        let state = tempfile::tempdir().unwrap();
        store_to(version, &state.path().join("consent.flash"), choice);
        let (_server, address) = Launch::new(state.path()).run();
        let mut client = owner(address);
        let now = consent(&mut client);
        assert_eq!(now["in_force"]["mode"], mode, "{version}: {now}");
        assert_eq!(
            (&now["reasons"], &now["asks_again"]),
            (&reasons, &json!(mode != "off"))
        );
        let journal = client.get("/api/v1/privacy/journal").json();
        assert_eq!(journal["collecting"], false);
        assert_eq!(put(&mut client, "share").status, 200);
        assert_eq!(consent(&mut client)["in_force"]["mode"], "share");
    }
}

#[test]
fn do_not_track_is_off_whatever_is_stored() {
    let state = tempfile::tempdir().unwrap();
    store(&state.path().join("consent.flash"), Choice::Share);
    let launch = |value: &str| Launch {
        before: Some(format!("export DO_NOT_TRACK={value}")),
        ..Launch::new(state.path())
    };
    let (_server, address) = launch("1").run();
    let mut client = owner(address);
    let now = consent(&mut client);
    assert_eq!(
        (&now["mode"], &now["in_force"]["mode"]),
        (&json!("share"), &json!("off"))
    );
    assert_eq!(
        (&now["do_not_track"], &now["reasons"]),
        (&json!(true), &json!(["do_not_track"]))
    );
    assert_problem(&put(&mut client, "local"), 409, "consent_do_not_track");
    assert_eq!(
        put(&mut client, "off").status,
        200,
        "a no is stored all the same"
    );
    drop(_server);
    let (_server, address) = launch("0").run();
    assert_eq!(consent(&mut owner(address))["mode"], "off");
}
