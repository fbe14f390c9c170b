//! Boxes in states that several tests begin with, each made once in a run: the image, and what `image/dev boot` built.
//!
//! Never: one test's changes seen by another.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::disk::Disk;
use super::machine::Machine;
use super::owner;

/// A bundle that image/lib/boot.sh made: `next`, `crash`, `hang`, `older`, `forged`, `foreign`.
pub fn bundle(name: &str) -> Vec<u8> {
    let path = made().join(format!("{name}.raucb"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A card with the image, as it is flashed.
pub fn fresh() -> Disk {
    Disk::over(&made().join("card.img")).expect("the image can be opened")
}

fn made() -> PathBuf {
    let set = std::env::var_os("ALCOVE_BOOT");
    set.map(PathBuf::from)
        .expect("ALCOVE_BOOT has the image: run image/dev boot qemu-virt --test")
}

/// A box that was set up with the answer no, and whose version has been found good. Its power was cut.
pub fn settled() -> Disk {
    static MADE: OnceLock<Mutex<Disk>> = OnceLock::new();
    let disk = MADE.get_or_init(|| {
        let machine = Machine::start("settled", fresh());
        machine.wait_for_page();
        owner::set_up(&machine);
        super::update::wait_until_good(&machine);
        Mutex::new(machine.cut())
    });
    disk.lock()
        .expect("forks do not panic")
        .fork()
        .expect("a scratch file")
}

/// A settled box with the bundle `next` installed, which waits for its restart. Its power was cut.
pub fn waiting() -> Disk {
    static MADE: OnceLock<Mutex<Disk>> = OnceLock::new();
    let disk = MADE.get_or_init(|| {
        let machine = Machine::start("waiting", settled());
        machine.wait_for_page();
        let mut owner = owner::log_in(&machine);
        super::update::install(&machine, &mut owner, "next");
        Mutex::new(machine.cut())
    });
    disk.lock()
        .expect("forks do not panic")
        .fork()
        .expect("a scratch file")
}

/// A measurement for the closing note, beside the test that made it.
pub fn figure(what: &str, value: Duration) {
    eprintln!("   {what}: {:.1} s", value.as_secs_f64());
}
