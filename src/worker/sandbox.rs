//! Closes the process in before it reads the first media byte.
//!
//! Never: opening anything again afterwards.

use std::io;

use alcove::media::wire::SandboxLayers;
use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};

use super::seccomp;
use super::serve::{Priority, Settings};
use super::syscalls::{self, IoClass};

/// Open descriptors a worker needs: the socket, standard error, the records of a crash, the files of a job.
const MAX_OPEN_FILES: u64 = 32;
/// When memory runs out, a worker goes before the daemon (-1000 to 1000).
const OOM_SCORE: &str = "500";

/// Gives up every right that a job does not need; there is no way back.
///
/// # Errors
/// When the kernel refuses a layer that every kernel has.
pub fn close_in(settings: Settings) -> io::Result<SandboxLayers> {
    give_way(settings.priority);
    // Not every system lets a process raise its own score; it is a preference only.
    let _ = std::fs::write("/proc/self/oom_score_adj", OOM_SCORE);
    syscalls::survive_file_limit()?;
    let limits = [
        (Resource::RLIMIT_AS, settings.address_space_bytes),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, MAX_OPEN_FILES),
    ];
    for (resource, most) in limits {
        setrlimit(resource, most, most)?;
    }
    prctl::set_dumpable(false)?;
    prctl::set_no_new_privs()?;
    let landlock = deny_files_and_network().unwrap_or(false);
    seccomp::apply()?;
    Ok(SandboxLayers {
        no_new_privs: true,
        seccomp: true,
        landlock,
    })
}

/// Lower priorities are a courtesy: a kernel that refuses them changes nothing but the pace.
fn give_way(priority: Priority) {
    match priority {
        Priority::Viewer => {}
        Priority::Scan => {
            let _ = syscalls::set_nice(10);
            let _ = syscalls::set_io_class(IoClass::BestEffort(6));
        }
        Priority::Idle => {
            let _ = syscalls::set_nice(19);
            let _ = syscalls::set_idle_scheduling();
            let _ = syscalls::set_io_class(IoClass::Idle);
        }
    }
}

/// Landlock rules that allow nothing; false where the kernel has no Landlock.
fn deny_files_and_network() -> Result<bool, RulesetError> {
    let newest = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::from_all(newest))?
        .scope(Scope::from_all(newest))?
        .create()?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
