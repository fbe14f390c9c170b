//! What `alcove-init` does between the kernel and systemd:
//!
//! ```text
//! /proc /sys /dev ─► modules ─► watchdog ─► partitions ─► boot state ─► data partition grown
//!                                                                            │
//!   systemd ◄─ mounts ◄─ file systems ◄─ factory reset ◄─ in the root ◄─ root verified
//! ```
//!
//! Anything that goes wrong is said on the console, noted in the boot state, and the board restarts: its boot script has
//! counted this try already, so the other slot's turn comes.
//!
//! Never: network, database, async; a root that is not the signed one.

mod disk;
mod file_system;
mod gpt;
mod ioctls;
mod modules;
mod mounts;
mod partitions;
mod reset;
mod say;
mod slot;
mod verity;
mod watchdog;

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, io, thread};

use alcove::update::bootstate::{Device, DeviceError, Reason, Slot, State};
use nix::sys::reboot::{RebootMode, reboot};
use thiserror::Error;

use mounts::MountError;
use partitions::Disk;
use reset::ResetError;
use slot::{SlotError, SlotFacts};
use verity::VerityError;
use watchdog::Watchdog;

/// A start that has this many tries left, or more, is the first one since the slot proved itself or was installed.
const TRIES_LEFT_BY_THE_FIRST_START: u8 = 2;
/// How long the message stands on the console before the board restarts.
const MESSAGE_STANDS: Duration = Duration::from_secs(3);
/// systemd, wherever Debian has it.
const NEXT_PROGRAMS: [&str; 2] = ["/usr/lib/systemd/systemd", "/sbin/init"];

/// Why this start comes to nothing.
#[derive(Debug, Error)]
enum InitError {
    #[error("the kernel's command line names no slot")]
    NoSlot,
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error("no disk has all of Alcove's partitions")]
    NoDisk,
    #[error(transparent)]
    BootState(#[from] DeviceError),
    #[error(transparent)]
    Verity(#[from] VerityError),
    #[error(transparent)]
    Mount(#[from] MountError),
    #[error(transparent)]
    Reset(#[from] ResetError),
    #[error("systemd could not be started: {0}")]
    HandOver(#[source] io::Error),
}

impl InitError {
    /// What the boot state is told; and whether another try would end the same.
    fn reason(&self) -> (Reason, Lasting) {
        match self {
            Self::Verity(VerityError::Corrupt { .. }) => (Reason::Verity, Lasting::Yes),
            Self::Verity(_) | Self::Slot(_) => (Reason::Verity, Lasting::No),
            Self::Mount(_) | Self::Reset(_) | Self::HandOver(_) => (Reason::Mount, Lasting::No),
            Self::NoSlot | Self::NoDisk | Self::BootState(_) => (Reason::None, Lasting::No),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Yes,
    No,
}

/// Starts systemd, or restarts the board.
pub fn main() -> Infallible {
    if let Err(error) = mounts::kernel_file_systems() {
        say::error(&error.to_string());
    }
    say::begin();
    let mut begun = Begun::default();
    let error = match start(&mut begun) {
        Ok(never) => return never,
        Err(error) => error,
    };
    say::error(&format!("this start comes to nothing: {error}"));
    if let Err(error) = begun.note(&error) {
        say::error(&format!("and it could not be noted: {error}"));
    }
    thread::sleep(MESSAGE_STANDS);
    nix::unistd::sync();
    match reboot(RebootMode::RB_AUTOBOOT) {
        Ok(never) => never,
        // The kernel panics when its first process ends, and restarts the board after `panic=5`.
        Err(_) => std::process::exit(1),
    }
}

/// What is known so far, for the note when the rest goes wrong.
#[derive(Default)]
struct Begun {
    slot: Option<Slot>,
    boot_state: Option<Device>,
}

impl Begun {
    fn note(&self, error: &InitError) -> Result<(), DeviceError> {
        let (Some(slot), Some(boot_state)) = (self.slot, &self.boot_state) else {
            return Ok(());
        };
        let (reason, lasting) = error.reason();
        if reason != Reason::None {
            boot_state.change(|state: &mut State| match lasting {
                Lasting::Yes => state.mark_bad(slot, reason),
                Lasting::No => state.note(slot, reason),
            })?;
        }
        Ok(())
    }
}

fn start(begun: &mut Begun) -> Result<Infallible, InitError> {
    modules::load_all(Path::new("/modules"));
    let mut watchdog = Watchdog::arm(Path::new("/dev/watchdog0"));
    let line = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    let slot = Slot::of_command_line(&line).ok_or(InitError::NoSlot)?;
    begun.slot = Some(slot);
    let mut disk = Disk::wait_for(Path::new("/sys")).ok_or(InitError::NoDisk)?;
    disk.tell_udev(Path::new("/run/alcove"));
    let boot_state = Device::open(&disk.bootstate.device())?;
    let boot_state = begun.boot_state.insert(boot_state);
    let state = boot_state.read()?;
    let facts = SlotFacts::read(Path::new("/etc/alcove/slot.toml"))?;
    say::info(&format!("slot {slot}, version {}", facts.version));

    if let Err(error) = disk::grow_data(&mut disk) {
        say::error(&format!("the data partition stays as it is: {error}"));
    }
    let root = disk.root(slot);
    if state.of(slot).tries < TRIES_LEFT_BY_THE_FIRST_START {
        say::info("the start before this one came to nothing: reading all of the root first");
        verity::read_in_full(root, &facts, &mut watchdog)?;
    }
    let root = verity::map_root(root, &facts)?;
    mounts::enter_root(&root)?;

    reset::carry_out(&disk, boot_state, &mut watchdog)?;
    mounts::mount_writable(&disk, &mut watchdog)?;
    watchdog.keep();
    let found = NEXT_PROGRAMS.iter().find(|path| Path::new(path).exists());
    let program = found.unwrap_or(&NEXT_PROGRAMS[0]);
    // All that is open here is closed by this, the watchdog too: it stays armed until systemd opens it.
    Err(InitError::HandOver(Command::new(program).exec()))
}
