//! Updates that are installed, tried, and kept; and the way back to the factory.

use alcove::update::bootstate::{Reset, Slot};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::server::{PASSWORD, assert_problem};
use super::stage::{
    Box, RUNNING, Recipe, SLOT_BYTES, images, install, may_install, until, update, upload,
};

fn plain() -> Recipe<'static> {
    Recipe {
        format: "plain",
        ..Recipe::default()
    }
}

fn assert_written(stage: &Box, letter: &str, version: &str) {
    for (name, bytes) in images(version) {
        let slot =
            std::fs::read(stage.path(&format!("{}-{letter}", &name[..4]))).expect("it works here");
        assert_eq!(slot.len(), SLOT_BYTES);
        assert!(
            slot.starts_with(&bytes),
            "{name} of {version} is not in {letter}"
        );
    }
}

#[test]
fn an_update_is_written_to_the_other_slot_and_stays_when_it_has_proved_itself() {
    if !may_install("an update") {
        return;
    }
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (mut server, mut client) = stage.serve();
    until(&mut client, &["idle"]);
    assert_problem(
        &client.post("/api/v1/update/restart", &json!({})),
        409,
        "nothing_waits",
    );
    assert_eq!(upload(&mut client, &stage.bundle(plain())).status, 200);
    assert_eq!(install(&mut client, false).status, 202);
    let now = until(&mut client, &["waiting_for_restart", "uploaded"]);
    assert_eq!(
        now["state"],
        "waiting_for_restart",
        "{now}\n{}",
        server.log()
    );
    assert_written(&stage, "b", "1.1.0");
    let untouched = std::fs::read(stage.path("root-a")).expect("it works here");
    assert!(untouched.iter().all(|byte| *byte == 0xee));
    let state = stage.boot_state();
    assert_eq!(
        (state.next(), state.b.good, state.b.tries),
        (Slot::B, false, 3)
    );
    assert_eq!(
        (&now["other"]["version"], &now["other"]["state"]),
        (&json!("1.1.0"), &json!("bad"))
    );
    assert!(
        stage
            .state()
            .join("settings-before-update/alcove.toml")
            .exists()
    );
    assert!(!stage.state().join("update/bundle.raucb").exists());
    assert_problem(
        &upload(&mut client, &stage.bundle(plain())),
        409,
        "update_not_now",
    );
    assert_eq!(
        client.post("/api/v1/update/restart", &json!({})).status,
        202
    );
    assert_eq!(stage.told(), "--no-block reboot\n");
    server.signal(Signal::SIGTERM);
    server.wait();
    // The daemon alone was started anew: it still waits.
    let (mut server, mut client) = stage.serve();
    until(&mut client, &["waiting_for_restart"]);
    server.signal(Signal::SIGTERM);
    server.wait();
    stage.boot(Slot::B, "1.1.0", "second");
    let (server, mut client) = stage.serve();
    let now = until(&mut client, &["good"]);
    let last = json!({"from": RUNNING, "to": "1.1.0", "outcome": "good", "reason": null, "failed": null,
        "at_week": now["last"]["at_week"]});
    assert_eq!(now["last"], last, "{}", server.log());
    assert!(stage.boot_state().b.good);
    assert_eq!(now["other"]["state"], "good");
}

#[test]
fn a_bundle_that_breaks_while_it_is_written_leaves_the_box_as_it_was() {
    if !may_install("a broken bundle") {
        return;
    }
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (server, mut client) = stage.serve();
    until(&mut client, &["idle"]);
    // A medium that takes no byte more.
    let slot = stage.path("root-b");
    std::fs::remove_file(&slot).expect("it works here");
    std::os::unix::fs::symlink("/dev/full", &slot).expect("it works here");
    assert_eq!(upload(&mut client, &stage.bundle(plain())).status, 200);
    assert_eq!(install(&mut client, false).status, 202);
    let now = until(&mut client, &["waiting_for_restart", "uploaded"]);
    assert_eq!(
        (&now["state"], &now["error"]["code"]),
        (&json!("uploaded"), &json!("install_failed")),
        "{}",
        server.log()
    );
    assert_eq!(stage.boot_state().next(), Slot::A);
    let kept = std::fs::read_to_string(stage.root().join("settings/alcove/update.json"))
        .expect("it works here");
    assert_eq!(
        serde_json::from_str::<Value>(&kept).expect("it works here")["attempt"],
        Value::Null
    );
    std::fs::remove_file(&slot).expect("it works here");
    std::fs::write(&slot, vec![0xee; SLOT_BYTES]).expect("it works here");
    assert_eq!(install(&mut client, false).status, 202);
    assert_eq!(
        until(&mut client, &["waiting_for_restart"])["error"],
        Value::Null
    );
    assert_written(&stage, "b", "1.1.0");
}

#[test]
fn the_command_line_installs_what_the_page_would() {
    if !may_install("the command line") {
        return;
    }
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let older = stage.path("older.raucb");
    std::fs::write(
        &older,
        stage.bundle(Recipe {
            version: "0.9.0",
            ..plain()
        }),
    )
    .expect("it works here");
    let words = [
        "update",
        older.to_str().expect("it works here"),
        "--force-older",
    ];
    let (done, said) = stage.command(&words);
    assert!(done, "{said}");
    for part in [
        "0.9.0 (running: 1.0.0)",
        "a development key",
        "Films start sooner",
        "next restart",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert_written(&stage, "b", "0.9.0");
    assert_eq!(stage.boot_state().next(), Slot::B);
}

#[test]
fn a_reset_wants_the_password_and_waits_for_the_next_start() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (_server, mut client) = stage.serve();
    until(&mut client, &["idle"]);
    let mut ask = |keep: bool, password: &str| {
        client.post(
            "/api/v1/reset",
            &json!({"keep_answer": keep, "password": password}),
        )
    };
    assert_problem(&ask(true, "a wrong password"), 403, "wrong_password");
    assert_eq!(
        (stage.boot_state().reset, stage.told().as_str()),
        (Reset::None, "")
    );
    for (keep, reset) in [(true, Reset::Keep), (false, Reset::All)] {
        assert_eq!(ask(keep, PASSWORD).status, 202);
        assert_eq!(stage.boot_state().reset, reset);
    }
    assert_eq!(stage.told(), "--no-block reboot\n--no-block reboot\n");
    assert_eq!(update(&mut client)["supported"], true);
}

#[test]
fn the_ways_out_are_closed_until_the_owner_opens_them() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (_server, mut client) = stage.serve();
    let first = client.get("/api/v1/outside").json();
    assert_eq!(
        (&first["time_sync"]["on"], &first["update_check"]["on"]),
        (&json!(false), &json!(false)),
        "{first}"
    );
    let after = client
        .send("PUT", "/api/v1/outside", &json!({"time_sync": true}))
        .json();
    assert_eq!(
        (&after["time_sync"]["on"], &after["update_check"]["on"]),
        (&json!(true), &json!(false)),
        "{after}"
    );
    assert_eq!(client.get("/api/v1/outside").json(), after);
}
