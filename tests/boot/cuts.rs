//! Power cuts in the middle of an update and of an answer about privacy, made afterwards from the log of the disk.
//!
//! Never: a cut at which the box does not start, or forgets a no that it had called saved.

use std::sync::OnceLock;

use serde_json::json;

use super::disk::{Disk, Event};
use super::machine::Machine;
use super::{owner, prepared, update};

/// An update and then a new answer, with their log, and where in it the answer was saved.
struct Recorded {
    disk: Disk,
    installed: usize,
    asked: usize,
    saved: usize,
}

/// The box says yes to counting before all of it, so that only the no of the end is a no.
fn recorded() -> &'static std::sync::Mutex<Recorded> {
    static MADE: OnceLock<std::sync::Mutex<Recorded>> = OnceLock::new();
    MADE.get_or_init(|| {
        let machine = Machine::start("recorded_before", prepared::settled());
        machine.wait_for_page();
        let mut owner = owner::log_in(&machine);
        let switches =
            json!({"playback_statistics": true, "crash_reports": true, "release_news": true});
        let yes = json!({"mode": "local", "switches": switches});
        assert!(owner.send("PUT", owner::CONSENT, &yes).status < 300);
        let machine = Machine::start("recorded", machine.cut());
        machine.wait_for_page();
        let mut owner = owner::log_in(&machine);
        let asked = machine.events();
        owner::answer_no(&mut owner);
        let saved = machine.events();
        update::install(&machine, &mut owner, "next");
        let installed = machine.events();
        update::restart(&mut owner);
        machine
            .serial
            .wait_for("Alcove: slot b", super::machine::HANG);
        machine.wait_for_page();
        let mut owner = owner::log_in(&machine);
        let status = update::outcome(&machine, &mut owner);
        assert_eq!(status["last"]["outcome"], "good", "{status}");
        let disk = machine.cut_with_log();
        let disk = std::sync::Arc::into_inner(disk).expect("the server has ended");
        let disk = disk.into_inner().expect("nobody panics with the disk");
        std::sync::Mutex::new(Recorded {
            disk,
            installed,
            asked,
            saved,
        })
    })
}

/// The box starts from the disk as this cut left it, and a no that was saved before is still one.
fn check_cut(number: usize, lost: impl Fn(usize) -> bool) {
    let (disk, was_saved) = {
        let recorded = recorded().lock().expect("nobody panics with it");
        let disk = recorded.disk.after(number, lost).expect("a scratch file");
        (disk, number >= recorded.saved)
    };
    let machine = Machine::start(&format!("cut_{number}"), disk);
    machine.wait_for_page();
    let mut owner = owner::log_in(&machine);
    let mode = owner::mode(&mut owner);
    assert!(
        mode == "off" || (!was_saved && mode == "local"),
        "cut {number}: {mode}"
    );
    let status = update::status(&mut owner);
    assert!(status["slot"].is_string(), "cut {number}: {status}");
}

/// The last write before `number`.
fn write_before(number: usize) -> usize {
    let recorded = recorded().lock().expect("nobody panics with it");
    let events: Vec<Event> = recorded.disk.events().take(number).collect();
    let found = events
        .iter()
        .rposition(|event| matches!(event, Event::Write { .. }));
    found.expect("something was written")
}

#[test]
fn a_power_cut_leaves_a_version_that_works_and_a_no_that_is_kept() {
    let (installed, asked, saved) = {
        let recorded = recorded().lock().expect("nobody panics with it");
        (recorded.installed, recorded.asked, recorded.saved)
    };
    // Within the answer; as soon as it is called saved, without what may be lost then; halfway through the new root; at
    // the switch to the new slot.
    check_cut(asked + (saved - asked) / 2, |_| false);
    let unkept = unkept(saved);
    check_cut(saved, |number| unkept.contains(&number));
    check_cut(saved + (installed - saved) / 2, |_| false);
    check_cut(write_before(installed), |_| false);
}

fn unkept(count: usize) -> Vec<usize> {
    let recorded = recorded().lock().expect("nobody panics with it");
    recorded.disk.unkept(count)
}

mod long {
    use super::*;

    const CUTS: usize = 200;

    #[test]
    fn two_hundred_cuts_and_lost_writes_leave_a_version_that_works() {
        let all = recorded()
            .lock()
            .expect("nobody panics with it")
            .disk
            .events()
            .len();
        for i in 0..CUTS {
            let number = all * i / CUTS;
            let unkept = unkept(number);
            // Every other cut loses writes: all that may be lost, or every third of them.
            check_cut(number, |event| match i % 4 {
                1 => unkept.contains(&event),
                3 => unkept.contains(&event) && event % 3 == 0,
                _ => false,
            });
        }
    }
}
