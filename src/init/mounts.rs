//! What is mounted where, and the step from the initramfs into the root.
//!
//! Never: a file system that holds anything of the owner's mounted with programs or devices in force.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{self, statfs};
use thiserror::Error;

use super::file_system::{self, DATA_LABEL, FileSystemError, SETTINGS_LABEL};
use super::partitions::Disk;
use super::say;
use super::watchdog::Watchdog;

const NEW_ROOT: &str = "/sysroot";
/// The kernel's own file systems: type, place, flags, options.
const KERNEL: [(&str, &str, MsFlags, &str); 4] = [
    ("proc", "/proc", HARDENED, ""),
    ("sysfs", "/sys", HARDENED, ""),
    ("devtmpfs", "/dev", MsFlags::MS_NOSUID, "mode=0755"),
    (
        "tmpfs",
        "/run",
        MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV),
        "mode=0755",
    ),
];
const HARDENED: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);
const OWNERS: MsFlags = HARDENED.union(MsFlags::MS_NOATIME);
/// Of <linux/magic.h>.
const RAMFS_MAGIC: libc::c_long = 0x8584_58f6;
const MACHINE_ID: &str = "/settings/machine-id";
const MACHINE_ID_BYTES: usize = 16;

/// Why something is not where it should be.
#[derive(Debug, Error)]
pub enum MountError {
    #[error("{place} could not be mounted: {source}")]
    Mount { place: String, source: Errno },
    #[error("the root could not be entered: {0}")]
    Enter(#[source] io::Error),
    #[error(transparent)]
    FileSystem(#[from] FileSystemError),
    #[error("{place} could not be prepared: {source}")]
    Prepare {
        place: &'static str,
        source: io::Error,
    },
}

/// Mounts what the kernel itself shows.
///
/// # Errors
/// [`MountError::Mount`] of the first that fails; the others are tried all the same.
pub fn kernel_file_systems() -> Result<(), MountError> {
    let mut outcome = Ok(());
    for (kind, place, flags, options) in KERNEL {
        let _ = fs::create_dir_all(place);
        let mounted = mount(Some(kind), place, Some(kind), flags, Some(options));
        if let Err(source) = mounted {
            outcome = outcome.and(Err(failed(place, source)));
        }
    }
    outcome
}

fn failed(place: &str, source: Errno) -> MountError {
    MountError::Mount {
        place: place.to_owned(),
        source,
    }
}

/// Mounts the root and goes into it: from here on, paths are the root's, and the initramfs is gone.
///
/// # Errors
/// [`MountError`].
pub fn enter_root(device: &Path) -> Result<(), MountError> {
    fs::create_dir_all(NEW_ROOT).map_err(MountError::Enter)?;
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NODEV;
    mount(Some(device), NEW_ROOT, Some("squashfs"), flags, NONE)
        .map_err(|source| failed("the root", source))?;
    for (_, place, _, _) in KERNEL {
        let inside = format!("{NEW_ROOT}{place}");
        mount(Some(place), inside.as_str(), NONE, MsFlags::MS_MOVE, NONE)
            .map_err(|source| failed(&inside, source))?;
    }
    forget_initramfs();
    std::env::set_current_dir(NEW_ROOT).map_err(MountError::Enter)?;
    mount(Some("."), "/", NONE, MsFlags::MS_MOVE, NONE).map_err(|source| failed("/", source))?;
    let entered = nix::unistd::chroot(".").map_err(io::Error::from);
    entered
        .and_then(|()| std::env::set_current_dir("/"))
        .map_err(MountError::Enter)
}

const NONE: Option<&Path> = None;

/// Frees the memory of the initramfs. Only where `/` is one: nothing else could be as wrong as this.
fn forget_initramfs() {
    let is_memory = statfs("/").is_ok_and(|facts| {
        let kind = facts.filesystem_type();
        kind == statfs::TMPFS_MAGIC || kind == statfs::FsType(RAMFS_MAGIC)
    });
    let Ok(entries) = fs::read_dir("/") else {
        return;
    };
    for entry in entries.flatten().filter(|_| is_memory) {
        let path = entry.path();
        if path == Path::new(NEW_ROOT) {
            continue;
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let _ = match is_folder {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
    }
}

/// Checks and mounts the settings, the data, `/var` on it, and this machine's own name.
///
/// # Errors
/// [`MountError`].
pub fn mount_writable(disk: &Disk, watchdog: &mut Watchdog) -> Result<(), MountError> {
    file_system::make_whole(&disk.settings, SETTINGS_LABEL, watchdog)?;
    file_system::make_whole(&disk.data, DATA_LABEL, watchdog)?;
    let ext4 = |device: &Path, place: &str, options| {
        mount(Some(device), place, Some("ext4"), OWNERS, Some(options))
            .map_err(|source| failed(place, source))
    };
    ext4(&disk.settings.device(), "/settings", "data=journal")?;
    ext4(&disk.data.device(), "/data", "data=ordered")?;
    file_system::grow(&disk.data, watchdog);
    fs::create_dir_all("/data/var").map_err(|source| MountError::Prepare {
        place: "/data/var",
        source,
    })?;
    bind("/data/var", "/var")?;
    match machine_id() {
        Ok(()) => bind(MACHINE_ID, "/etc/machine-id")?,
        // systemd makes one for this start.
        Err(error) => say::error(&format!("{MACHINE_ID} could not be made: {error}")),
    }
    Ok(())
}

fn bind(from: &str, to: &str) -> Result<(), MountError> {
    mount(Some(from), to, NONE, MsFlags::MS_BIND, NONE).map_err(|source| failed(to, source))
}

/// Makes this machine's name where there is none, or none that systemd would take (machine-id(5)).
fn machine_id() -> io::Result<()> {
    if fs::read_to_string(MACHINE_ID).is_ok_and(|text| is_machine_id(&text)) {
        return Ok(());
    }
    let mut random = [0; MACHINE_ID_BYTES];
    OpenOptions::new()
        .read(true)
        .open("/dev/urandom")?
        .read_exact(&mut random)?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let aside = format!("{MACHINE_ID}.new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o444)
        .open(&aside)?;
    file.write_all(format!("{text}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&aside, MACHINE_ID)
}

fn is_machine_id(text: &str) -> bool {
    let digits = text.strip_suffix('\n').unwrap_or(text);
    digits.len() == 2 * MACHINE_ID_BYTES
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && digits.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_name_is_32_digits_and_not_all_zeros() {
        for (text, expected) in [
            ("0123456789abcdef0123456789abcdef\n", true),
            ("0123456789abcdef0123456789abcdef", true),
            ("00000000000000000000000000000000\n", false),
            ("0123456789abcdef0123456789abcde\n", false),
            ("uninitialized\n", false),
            ("", false),
        ] {
            assert_eq!(is_machine_id(text), expected, "{text:?}");
        }
    }
}
