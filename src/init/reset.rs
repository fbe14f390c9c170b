//! The factory reset: asked for by a file on the boot partition, which any computer can write, or by the boot state.
//!
//! ```text
//! asked ─► data made empty ─► settings made empty ─► (all: the answer about privacy erased) ─► no longer asked
//!   ▲                                                                                              │
//!   └──── a power cut anywhere before the end: the next start does all of it again ◄───────────────┘
//! ```
//!
//! Never: forgetting what was asked before it is done; the answer about privacy erased by a reset that keeps it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use alcove::update::bootstate::{Device, DeviceError, Reset};
use nix::mount::{MsFlags, mount, umount};
use thiserror::Error;

use super::file_system::{self, DATA_LABEL, FileSystemError, SETTINGS_LABEL};
use super::partitions::{Disk, Partition};
use super::say;
use super::watchdog::Watchdog;

/// Where the boot partition is for a moment.
const BOOT: &str = "/run/boot";
/// What a person can put there; some computers add an ending of their own and hide it.
const FILES: [(&str, Reset); 4] = [
    ("alcove-reset", Reset::Keep),
    ("alcove-reset.txt", Reset::Keep),
    ("alcove-reset-all", Reset::All),
    ("alcove-reset-all.txt", Reset::All),
];
const ERASE_BYTES: usize = 1024 * 1024;
const SECTOR_BYTES: u64 = 512;

/// Why a reset was not carried out to its end.
#[derive(Debug, Error)]
pub enum ResetError {
    #[error(transparent)]
    BootState(#[from] DeviceError),
    #[error(transparent)]
    FileSystem(#[from] FileSystemError),
    #[error("the answer about privacy could not be erased: {0}")]
    Consent(#[source] io::Error),
    #[error("the file that asks for a reset could not be removed: {0}")]
    File(#[source] io::Error),
}

/// Carries out what was asked for, if anything was. A box that was never used counts as asked: half-made file systems are
/// made again.
///
/// # Errors
/// [`ResetError`]; it is still asked for then.
pub fn carry_out(
    disk: &Disk,
    boot_state: &Device,
    watchdog: &mut Watchdog,
) -> Result<(), ResetError> {
    let mut asked = boot_state.read()?.reset;
    if asked == Reset::None
        && file_system::is_blank(&disk.settings)?
        && file_system::is_blank(&disk.data)?
    {
        asked = Reset::Keep;
        boot_state.change(|state| state.reset = asked)?;
    }
    let boot = BootPartition::mount(&disk.boot);
    if let Some(boot) = &boot {
        asked = stronger(asked, boot.asked());
    }
    if asked == Reset::None {
        return Ok(());
    }
    say::info("factory reset");
    file_system::make(&disk.data, DATA_LABEL, watchdog)?;
    file_system::make(&disk.settings, SETTINGS_LABEL, watchdog)?;
    if asked == Reset::All {
        erase(&disk.consent, watchdog).map_err(ResetError::Consent)?;
    }
    boot_state.change(|state| state.reset = Reset::None)?;
    if let Some(boot) = &boot {
        boot.forget().map_err(ResetError::File)?;
    }
    Ok(())
}

fn stronger(one: Reset, other: Reset) -> Reset {
    match (one, other) {
        (Reset::All, _) | (_, Reset::All) => Reset::All,
        (Reset::Keep, _) | (_, Reset::Keep) => Reset::Keep,
        (Reset::None, Reset::None) => Reset::None,
    }
}

fn erase(partition: &Partition, watchdog: &mut Watchdog) -> io::Result<()> {
    let device = OpenOptions::new().write(true).open(partition.device())?;
    let zeros = vec![0; ERASE_BYTES];
    let end = partition.length_sectors * SECTOR_BYTES;
    for at in (0..end).step_by(ERASE_BYTES) {
        let left = usize::try_from(end - at).unwrap_or(ERASE_BYTES);
        device.write_all_at(&zeros[..left.min(ERASE_BYTES)], at)?;
        watchdog.keep();
    }
    device.sync_all()
}

/// The boot partition, mounted for reading as long as this lives.
struct BootPartition(PathBuf);

impl BootPartition {
    /// `None` where it cannot be mounted: nothing can be asked for there then.
    fn mount(partition: &Partition) -> Option<Self> {
        let flags =
            MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        let mounted = fs::create_dir_all(BOOT).and_then(|()| {
            mount(
                Some(&partition.device()),
                BOOT,
                Some("vfat"),
                flags,
                None::<&Path>,
            )
            .map_err(io::Error::from)
        });
        match mounted {
            Ok(()) => Some(Self(PathBuf::from(BOOT))),
            Err(error) => {
                say::error(&format!("the boot partition could not be mounted: {error}"));
                None
            }
        }
    }

    fn asked(&self) -> Reset {
        asked_in(&self.0)
    }

    fn forget(&self) -> io::Result<()> {
        let there: Vec<PathBuf> = FILES
            .iter()
            .map(|(name, _)| self.0.join(name))
            .filter(|path| path.exists())
            .collect();
        if there.is_empty() {
            return Ok(());
        }
        let flags =
            MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(None::<&Path>, &self.0, None::<&Path>, flags, None::<&Path>)?;
        for path in there {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

impl Drop for BootPartition {
    fn drop(&mut self) {
        // Writes what `forget` has changed.
        if let Err(error) = umount(&self.0) {
            say::error(&format!(
                "the boot partition could not be unmounted: {error}"
            ));
        }
    }
}

fn asked_in(folder: &Path) -> Reset {
    let there = FILES.iter().filter(|(name, _)| folder.join(name).exists());
    there.fold(Reset::None, |asked, (_, reset)| stronger(asked, *reset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_ask_and_the_stronger_one_counts() {
        for (names, expected) in [
            (&[][..], Reset::None),
            (&["boot.scr"], Reset::None),
            (&["alcove-reset"], Reset::Keep),
            (&["alcove-reset.txt"], Reset::Keep),
            (&["alcove-reset-all"], Reset::All),
            (&["alcove-reset", "alcove-reset-all.txt"], Reset::All),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                fs::write(folder.path().join(name), "").unwrap();
            }
            assert_eq!(asked_in(folder.path()), expected, "{names:?}");
        }
        assert_eq!(stronger(Reset::All, Reset::Keep), Reset::All);
        assert_eq!(stronger(Reset::None, Reset::Keep), Reset::Keep);
    }
}
