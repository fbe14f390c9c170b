//! Versions that do not prove themselves, each for a part that really fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use alcove::update::bootstate::{Reason, Slot};
use alcove::update::record::{Attempt, Record};
use nix::sys::signal::Signal;
use serde_json::json;

use super::server::owner;
use super::stage::{Box, RUNNING, until, update, wait};

/// A box on its way from 1.0.0 in slot a to 1.1.0 in slot b.
fn tried() -> Box {
    let mut stage = Box::new();
    let record = Record {
        attempt: Some(Attempt {
            from: RUNNING.into(),
            to: "1.1.0".into(),
            slot: "b".into(),
            from_slot: "a".into(),
            boot_id: "first".into(),
        }),
        ..Record::default()
    };
    record
        .write(&stage.root().join("settings/alcove"))
        .expect("it works here");
    stage.change_boot_state(|state| {
        state.mark_bad(Slot::B, Reason::None);
        state.activate(Slot::B);
    });
    stage.boot(Slot::B, "1.1.0", "second");
    stage
}

fn program(stage: &Box, text: &str) -> std::path::PathBuf {
    let path = stage.path("worker");
    fs::write(&path, text).expect("it works here");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it works here");
    path
}

/// Breaks something, and expects that the version before comes back for it.
fn check(part: &str, spoil: impl FnOnce(&Box) -> Option<std::path::PathBuf>) {
    let mut stage = tried();
    let worker = spoil(&stage);
    let mut launch = stage.launch();
    if let Some(worker) = worker {
        launch.worker = worker;
    }
    let (mut server, address) = launch.run();
    let mut client = owner(address);
    wait(part, || stage.told().contains("reboot").then_some(()));
    let now = update(&mut client);
    assert_eq!(
        (&now["state"], &now["error"]["code"]),
        (&json!("trying"), &json!("not_healthy")),
        "{part}: {now}"
    );
    let text = now["error"]["text"].as_str().expect("it works here");
    assert!(text.starts_with(part), "{part}: {text}");
    let state = stage.boot_state();
    assert_eq!(
        (state.b.tries, state.b.good, state.b.reason),
        (0, false, Reason::Health),
        "{part}"
    );
    assert_eq!(state.next(), Slot::A);
    server.signal(Signal::SIGTERM);
    server.wait();
    if part == "storage" {
        return;
    }
    stage.boot(Slot::A, RUNNING, "third");
    let (_server, mut client) = stage.serve();
    let now = until(&mut client, &["idle"]);
    let want = json!({"from": RUNNING, "to": "1.1.0", "outcome": "rolled_back", "reason": "health", "failed": part,
        "at_week": now["last"]["at_week"]});
    assert_eq!(now["last"], want);
}

#[test]
fn a_worker_that_cannot_encode_brings_the_old_version_back() {
    check("encode", |stage| {
        Some(program(stage, "#!/bin/sh\nexit 1\n"))
    });
}

#[test]
fn a_root_image_with_a_block_that_cannot_be_read_brings_the_old_version_back() {
    // The kernel answers reads at this address as it does those of a block that verity refuses: EIO.
    check("root_image", |stage| {
        let image = stage.root().join("dev/mapper/root");
        fs::remove_file(&image).expect("it works here");
        symlink("/proc/self/mem", image).expect("it works here");
        None
    });
}

#[test]
fn a_root_image_that_is_not_there_brings_the_old_version_back() {
    check("root_image", |stage| {
        fs::remove_file(stage.root().join("dev/mapper/root")).expect("it works here");
        None
    });
}

#[test]
fn settings_that_cannot_be_written_bring_the_old_version_back() {
    check("storage", |stage| {
        let kept = stage.root().join("settings/alcove");
        fs::rename(&kept, stage.path("elsewhere")).expect("it works here");
        fs::write(kept, "no folder").expect("it works here");
        None
    });
}

#[test]
fn without_another_version_that_proved_itself_the_box_goes_on() {
    let stage = tried();
    stage.change_boot_state(|state| state.mark_bad(Slot::A, Reason::None));
    let mut launch = stage.launch();
    launch.worker = program(&stage, "#!/bin/sh\nexit 1\n");
    let (server, address) = launch.run();
    let mut client = owner(address);
    wait("the check", || {
        (update(&mut client)["error"]["code"] == "not_healthy").then_some(())
    });
    assert_eq!(stage.told(), "");
    assert_eq!(stage.boot_state().b.tries, 3, "{}", server.log());
}
