//! What is shown of a bundle, and what is refused.

use alcove::update::bootstate::Slot;
use serde_json::{Value, json};

use super::server::{Launch, assert_problem, owner};
use super::stage::{BOARD, Box, RUNNING, Recipe, install, until, update, upload};

fn left(stage: &Box) -> Vec<String> {
    let entries = std::fs::read_dir(stage.state().join("update"));
    let entries = entries.into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_bundle_is_shown_when_it_is_trusted_and_all_others_leave_nothing() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (_server, mut client) = stage.serve();
    let now = until(&mut client, &["idle"]);
    assert_eq!(
        (&now["supported"], &now["version"], &now["board"]),
        (&json!(true), &json!(RUNNING), &json!(BOARD))
    );
    assert_eq!(
        (&now["slot"], &now["development_key"]),
        (&json!("a"), &json!(true))
    );
    let good = stage.bundle(Recipe::default());
    let foreign = stage.bundle(Recipe {
        key: "Somebody",
        ..Recipe::default()
    });
    let mut flipped = good.clone();
    let in_signature = flipped.len() - 600;
    flipped[in_signature] ^= 1;
    let mut other_end = good.clone();
    other_end.truncate(good.len() - 8);
    other_end.extend(foreign[foreign.len() - 8..].iter());
    for (name, bytes, status, code) in [
        ("somebody else's", &foreign[..], 422, "bundle_not_trusted"),
        (
            "a bit of the signature flipped",
            &flipped,
            422,
            "bundle_not_trusted",
        ),
        (
            "cut in the middle",
            &good[..good.len() / 2],
            422,
            "bundle_damaged",
        ),
        (
            "without its last byte",
            &good[..good.len() - 1],
            422,
            "bundle_damaged",
        ),
        (
            "a picture",
            b"\x89PNG\r\n\x1a\n and a long tail",
            422,
            "not_a_bundle",
        ),
        ("empty", b"", 400, "body_cut_short"),
    ] {
        let answer = upload(&mut client, bytes);
        assert_problem(&answer, status, code);
        assert_eq!(left(&stage), Vec::<String>::new(), "{name}");
        assert_eq!(update(&mut client)["bundle"], Value::Null, "{name}");
        assert_problem(&install(&mut client, true), 409, "nothing_uploaded");
    }
    let shown = upload(&mut client, &good);
    assert_eq!(shown.status, 200, "{}", shown.text());
    let want = json!({"version": "1.1.0", "board": BOARD, "signed_by": "Alcove development key", "development_key": true,
        "changes": ["Films start sooner", "A fault is gone"], "older": false, "fits": true});
    assert_eq!(shown.json(), want);
    let now = update(&mut client);
    assert_eq!((&now["state"], &now["bundle"]), (&json!("uploaded"), &want));
    let mime = [("Content-Type", "application/json")];
    let answer = client
        .request("POST", "/api/v1/update/bundle", &mime, Some(&good))
        .expect("it works here");
    assert_problem(&answer, 415, "not_bytes");
    assert_eq!(
        client
            .send("DELETE", "/api/v1/update/bundle", &Value::Null)
            .status,
        204
    );
    assert_eq!(left(&stage), Vec::<String>::new());
    let answer = client.send("DELETE", "/api/v1/update/bundle", &Value::Null);
    assert_problem(&answer, 409, "nothing_uploaded");
}

#[test]
fn what_is_older_or_for_another_board_is_shown_and_not_installed() {
    let mut stage = Box::new();
    stage.boot(Slot::A, RUNNING, "first");
    let (_server, mut client) = stage.serve();
    until(&mut client, &["idle"]);
    for (recipe, older, fits, code) in [
        (
            Recipe {
                version: "0.9.0",
                ..Recipe::default()
            },
            true,
            true,
            "older_version",
        ),
        (
            Recipe {
                version: "1.0.0-rc1",
                ..Recipe::default()
            },
            true,
            true,
            "older_version",
        ),
        (
            Recipe {
                board: "rpi4",
                ..Recipe::default()
            },
            false,
            false,
            "wrong_board",
        ),
        (
            Recipe {
                board: "rpi4",
                version: "0.9.0",
                ..Recipe::default()
            },
            true,
            false,
            "wrong_board",
        ),
    ] {
        let shown = upload(&mut client, &stage.bundle(recipe));
        assert_eq!(shown.status, 200, "{}", shown.text());
        let shown = shown.json();
        assert_eq!(
            (&shown["older"], &shown["fits"]),
            (&json!(older), &json!(fits)),
            "{shown}"
        );
        assert_problem(&install(&mut client, false), 409, code);
        assert_eq!(update(&mut client)["state"], "uploaded");
    }
    let forced = install(&mut client, true);
    assert_problem(&forced, 409, "wrong_board");
    let bundle = stage.path("older.raucb");
    std::fs::write(
        &bundle,
        stage.bundle(Recipe {
            version: "0.9.0",
            changes: None,
            ..Recipe::default()
        }),
    )
    .expect("it works here");
    let (done, said) = stage.command(&["update", bundle.to_str().expect("it works here")]);
    assert!(
        !done && said.contains("older than 1.0.0") && said.contains("--force-older"),
        "{said}"
    );
    let (done, said) = stage.command(&[
        "update",
        stage.path("bus.conf").to_str().expect("it works here"),
    ]);
    assert!(
        !done && said.contains("this is no update of Alcove"),
        "{said}"
    );
    let (done, said) = stage.command(&["update", "/nowhere/at.all"]);
    assert!(
        !done && said.contains("/nowhere/at.all cannot be read"),
        "{said}"
    );
}

#[test]
fn a_machine_that_is_no_firmware_says_so() {
    let state = tempfile::tempdir().expect("it works here");
    let root = tempfile::tempdir().expect("it works here");
    let launch = Launch {
        config: format!("[firmware]\nroot = {:?}\n", root.path()),
        ..Launch::new(state.path())
    };
    let (_server, address) = launch.run();
    let mut client = owner(address);
    let now = update(&mut client);
    assert_eq!(
        (&now["supported"], &now["board"], &now["state"]),
        (&json!(false), &Value::Null, &json!("idle"))
    );
    assert_problem(&upload(&mut client, b"hsqs"), 409, "not_firmware");
    assert_problem(&install(&mut client, false), 409, "not_firmware");
    let wish = json!({"keep_answer": true, "password": super::server::PASSWORD});
    assert_problem(&client.post("/api/v1/reset", &wish), 409, "not_firmware");
    assert_eq!(client.get("/api/v1/outside").json()["supported"], false);
    let answer = client.send("PUT", "/api/v1/outside", &json!({"time_sync": true}));
    assert_problem(&answer, 409, "not_firmware");
}
