//! Closes the process in before it reads the first media byte.
//!
//! Never: opening anything again afterwards.

use std::io;

use alcove::media::wire::SandboxLayers;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

use super::serve::Settings;

/// Open descriptors a worker needs: the socket, standard error, the files of a job.
const MAX_OPEN_FILES: u64 = 32;

/// Gives up every right that a job does not need; there is no way back.
///
/// # Errors
/// When the kernel refuses a layer that every kernel has.
pub fn close_in(settings: Settings) -> io::Result<SandboxLayers> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    let limits = [
        (Resource::RLIMIT_AS, settings.address_space_bytes),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NOFILE, MAX_OPEN_FILES),
    ];
    for (resource, most) in limits {
        setrlimit(resource, most, most)?;
    }
    prctl::set_no_new_privs()?;
    Ok(SandboxLayers {
        no_new_privs: true,
        seccomp: false,
        landlock: false,
    })
}
