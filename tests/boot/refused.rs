//! Updates that must not stay: refused at the page, or rolled back by the box itself, with the reason on the page.
//!
//! Never: a rollback that a person has to start.

use serde_json::Value;

use super::disk::Disk;
use super::machine::{HANG, Machine};
use super::{owner, prepared, table, update};

/// Power on with a bad version in slot b: the old one answers again and says why.
#[track_caller]
fn check_rollback(name: &str, disk: Disk, reasons: &[&str]) {
    let machine = Machine::start(name, disk);
    machine.serial.wait_for("Alcove: slot b", HANG);
    check_old_version(name, &machine, reasons);
}

/// The old version starts by itself, answers, and tells the reason.
#[track_caller]
fn check_old_version(name: &str, machine: &Machine, reasons: &[&str]) {
    machine.serial.wait_for("Alcove: slot a", HANG * 3);
    let took = machine.wait_for_page();
    prepared::figure(&format!("{name}: power-on to the old version's page"), took);
    let mut owner = owner::log_in(machine);
    let status = update::outcome(machine, &mut owner);
    assert_eq!(status["slot"], "a", "{status}");
    assert_eq!(status["last"]["outcome"], "rolled_back", "{status}");
    let reason = status["last"]["reason"].as_str().unwrap_or_default();
    assert!(reasons.contains(&reason), "{status}");
    assert_eq!(owner::mode(&mut owner), "off");
}

fn installed(name: &str, bundle: &str) -> Disk {
    let machine = Machine::start(&format!("{name}_installed"), prepared::settled());
    machine.wait_for_page();
    let mut owner = owner::log_in(&machine);
    update::install(&machine, &mut owner, bundle);
    machine.cut()
}

/// Turns one bit of the new version's root over, at this place of it in bytes.
fn flipped(at_bytes: u64) -> Disk {
    let mut disk = prepared::waiting();
    let root = table::partition(&disk, "root-b");
    let at = root.at_bytes + at_bytes / 512 * 512;
    let mut sector = [0; 512];
    disk.read(at, &mut sector).expect("the disk");
    sector[(at_bytes % 512) as usize] ^= 1;
    disk.write(at, &sector, true).expect("the disk");
    disk
}

#[test]
fn a_version_whose_program_crashes_gives_way_to_the_old_one() {
    let reasons = ["crash", "health", "tries"];
    check_rollback("crash", installed("crash", "crash"), &reasons);
}

#[test]
fn a_flipped_bit_that_is_read_at_every_start_brings_the_old_version_back() {
    // The super block of the file system.
    check_rollback("flip_first", flipped(8), &["verity"]);
}

#[test]
fn a_flipped_bit_that_nobody_reads_at_a_start_is_found_before_the_version_is_good() {
    // The middle of the files' content.
    check_rollback("flip_middle", flipped(48 << 20), &["verity", "health"]);
}

/// What a settled box answers that has been asked to take `bundle`.
fn offered(bundle: &str) -> (u16, Value) {
    let machine = Machine::start(bundle, prepared::settled());
    machine.wait_for_page();
    let mut owner = owner::log_in(&machine);
    let answer = update::upload(&mut owner, bundle);
    let offer = answer.json();
    if answer.status == 200 {
        let refused = owner.post("/api/v1/update/install", &serde_json::json!({}));
        assert_eq!(refused.status, 409, "{}", refused.text());
    }
    let status = update::status(&mut owner);
    let same = status["last"].is_null() && status["slot"] == "a";
    assert!(same, "{status}");
    (answer.status, offer)
}

#[test]
fn a_bundle_that_another_key_signed_is_refused() {
    let (status, answer) = offered("forged");
    assert_eq!(status, 422, "{answer}");
}

mod long {
    use super::*;

    /// Of a kernel for this processor (Documentation/arch/arm64/booting.rst).
    const MAGIC: &[u8] = b"ARM\x64";
    const MAGIC_AT: usize = 56;
    /// The instruction `b .`: over and over.
    const FOREVER: [u8; 4] = 0x1400_0000_u32.to_le_bytes();

    #[test]
    fn a_bundle_for_another_board_is_refused() {
        let (status, offer) = offered("foreign");
        assert_eq!(status, 200, "{offer}");
        assert_eq!(offer["fits"], false, "{offer}");
    }

    #[test]
    fn an_older_version_is_refused_unless_forced() {
        let (status, offer) = offered("older");
        assert_eq!(status, 200, "{offer}");
        assert_eq!(offer["older"], true, "{offer}");
    }

    #[test]
    fn a_hang_once_the_watchdog_is_armed_is_ended_by_it() {
        let mut machine = Machine::start("hang", installed("hang", "hang"));
        machine.serial.wait_for("Alcove: slot b", HANG);
        assert!(machine.watchdog_bites(), "the watchdog does not bite");
        check_old_version("hang", &machine, &["watchdog", "tries", "crash"]);
    }

    #[test]
    fn a_kernel_that_hangs_before_the_watchdog_costs_a_try_for_each_power_cut() {
        let mut disk = prepared::waiting();
        stop_kernel(&mut disk);
        for start in 0..3 {
            let machine = Machine::start(&format!("stopped_{start}"), disk);
            machine.serial.wait_for("Alcove: slot b", HANG);
            machine.serial.wait_for("Starting kernel", HANG);
            disk = machine.cut();
        }
        let machine = Machine::start("stopped", disk);
        check_old_version("stopped", &machine, &["tries"]);
    }

    /// Makes the new version's kernel hang at its first instruction.
    fn stop_kernel(disk: &mut Disk) {
        let part = table::partition(disk, "boot-b");
        let mut sector = [0; 512];
        let sectors = (part.at_bytes..part.at_bytes + part.size_bytes).step_by(sector.len());
        for at in sectors {
            disk.read(at, &mut sector).expect("the disk");
            if &sector[MAGIC_AT..MAGIC_AT + MAGIC.len()] == MAGIC {
                sector[..4].copy_from_slice(&FOREVER);
                disk.write(at, &sector, true).expect("the disk");
                return;
            }
        }
        panic!("boot-b has no kernel");
    }
}
