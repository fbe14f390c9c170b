//! An update from its upload to a new version that has been found good, and what it must not lose.
//!
//! Never: a bundle that was not made from this checkout.

use serde_json::{Value, json};

use super::house::client::Client;
use super::machine::Machine;
use super::{boot_state, owner, prepared};

const UPDATE: &str = "/api/v1/update";

pub fn status(owner: &mut Client) -> Value {
    owner.get(UPDATE).json()
}

/// Waits until the boot state says that the running version of a settled box has been found good.
pub fn wait_until_good(machine: &Machine) {
    machine.wait_for("the version is found good", || {
        boot_state::says(machine, "a_good=1")
    });
}

/// Uploads the bundle as the page does.
pub fn upload(owner: &mut Client, bundle: &str) -> super::house::client::Answer {
    let bytes = prepared::bundle(bundle);
    let headers = [("Content-Type", "application/octet-stream")];
    owner
        .request("POST", "/api/v1/update/bundle", &headers, Some(&bytes))
        .expect("the box answers")
}

/// Uploads and installs it; the box waits for its restart then.
pub fn install(machine: &Machine, owner: &mut Client, bundle: &str) {
    let answer = upload(owner, bundle);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = owner.post("/api/v1/update/install", &json!({}));
    assert_eq!(answer.status, 202, "{}", answer.text());
    machine.wait_for("the bundle is installed", || {
        let status = status(owner);
        assert!(status["error"].is_null(), "{status}");
        status["state"] == "waiting_for_restart"
    });
}

/// Restarts into what was installed.
pub fn restart(owner: &mut Client) {
    let answer = owner.post("/api/v1/update/restart", &json!({}));
    assert_eq!(answer.status, 202, "{}", answer.text());
}

/// Waits until a version that came by an update has ended its trial, one way or the other: its status.
pub fn outcome(machine: &Machine, owner: &mut Client) -> Value {
    let mut last = Value::Null;
    machine.wait_for("the update has an end", || {
        let answer = owner.try_get(UPDATE);
        let whole = answer.ok().filter(|answer| answer.status == 200);
        last = whole.map_or(Value::Null, |answer| answer.json());
        !last["last"].is_null()
    });
    last
}

#[test]
fn an_update_starts_the_other_slot_is_found_good_and_keeps_answers_and_settings() {
    let machine = Machine::start("update", prepared::waiting());
    machine.wait_for_page();
    let mut owner = owner::log_in(&machine);
    let status = outcome(&machine, &mut owner);
    assert_eq!(status["last"]["outcome"], "good", "{status}");
    assert_eq!(status["slot"], "b", "{status}");
    assert_eq!(status["version"], status["last"]["to"], "{status}");
    assert_eq!(owner::mode(&mut owner), "off");
}
