//! `alcove bootctl`: the words in which RAUC asks for the boot state and changes it (its custom boot backend,
//! <https://rauc.readthedocs.io/en/latest/integration.html#custom>).
//!
//! Never: a decision; what the words do is `update::bootstate`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use thiserror::Error;

use crate::update::bootstate::{Device, DeviceError, Reason, Slot};

/// What keeps a word from being carried out.
#[derive(Debug, Error)]
pub(super) enum BootctlError {
    #[error(transparent)]
    State(#[from] DeviceError),
    #[error("the kernel's command line could not be read: {0}")]
    CommandLine(#[source] io::Error),
    #[error(
        "this system was not started from a slot: there is no alcove.slot= on the kernel's command line"
    )]
    NoSlot,
    #[error("the answer could not be printed: {0}")]
    Print(#[source] io::Error),
}

#[derive(Debug, Args)]
pub(super) struct BootctlArguments {
    #[command(subcommand)]
    command: BootctlCommand,
    /// The partition of the boot state.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "ALCOVE_BOOTSTATE",
        default_value = "/dev/disk/by-partlabel/bootstate"
    )]
    device: PathBuf,
    /// The file that holds the kernel's command line.
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        default_value = "/proc/cmdline"
    )]
    command_line: PathBuf,
}

#[derive(Debug, Subcommand)]
enum BootctlCommand {
    /// Prints the slot that starts next.
    GetPrimary,
    /// Has a slot start from now on, with all its tries.
    SetPrimary { slot: Slot },
    /// Prints `good` for a slot that may still be started, else `bad`.
    GetState { slot: Slot },
    /// Notes that a slot has proved itself, or must not be started.
    SetState { slot: Slot, state: Verdict },
    /// Prints the slot that runs.
    GetCurrent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Verdict {
    Good,
    Bad,
}

/// Carries one word out and prints its answer, if it has one.
///
/// # Errors
/// [`BootctlError`].
pub(super) fn run(arguments: &BootctlArguments) -> Result<(), BootctlError> {
    let open = || Device::open(&arguments.device);
    let answer = match arguments.command {
        BootctlCommand::GetPrimary => open()?.read()?.next().word(),
        BootctlCommand::GetState { slot } => match open()?.read()?.of(slot).tries {
            0 => "bad",
            _ => "good",
        },
        BootctlCommand::GetCurrent => current(arguments)?.word(),
        BootctlCommand::SetPrimary { slot } => {
            open()?.change(|state| state.activate(slot))?;
            return Ok(());
        }
        BootctlCommand::SetState {
            slot,
            state: verdict,
        } => {
            open()?.change(|state| match verdict {
                Verdict::Good => state.mark_good(slot),
                Verdict::Bad => state.mark_bad(slot, Reason::None),
            })?;
            return Ok(());
        }
    };
    writeln!(io::stdout(), "{answer}").map_err(BootctlError::Print)
}

fn current(arguments: &BootctlArguments) -> Result<Slot, BootctlError> {
    let line = fs::read_to_string(&arguments.command_line).map_err(BootctlError::CommandLine)?;
    Slot::of_command_line(&line).ok_or(BootctlError::NoSlot)
}
