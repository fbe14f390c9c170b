//! How much room the disks have.
//!
//! Never: one disk twice.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The first of the folders that lie on it.
    pub path: PathBuf,
    /// The kernel's number of it.
    device: u64,
    pub total_bytes: u64,
    /// What is left for an ordinary user.
    pub free_bytes: u64,
}

/// The first of all folders on each file system.
pub fn each_once(disks: impl IntoIterator<Item = Disk>) -> Vec<Disk> {
    let mut kept: Vec<Disk> = Vec::new();
    for disk in disks {
        if !kept.iter().any(|known| known.device == disk.device) {
            kept.push(disk);
        }
    }
    kept
}

/// The file system that holds `folder`; `None` for one that is away. Blocks.
pub fn disk_of(folder: &Path) -> Option<Disk> {
    use std::os::unix::fs::MetadataExt;
    let device = std::fs::metadata(folder).ok()?.dev();
    let facts = statvfs(folder).ok()?;
    let unit = facts.fragment_size();
    Some(Disk {
        path: folder.to_owned(),
        device,
        total_bytes: facts.blocks().saturating_mul(unit),
        free_bytes: facts.blocks_available().saturating_mul(unit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_listed_once_and_an_absent_folder_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let absent = dir.path().join("absent");
        let folders = [dir.path(), &inner, &absent];
        let disks = each_once(folders.into_iter().filter_map(disk_of));
        let [disk] = disks.as_slice() else {
            panic!("{disks:?}")
        };
        assert_eq!(disk.path, dir.path());
        assert!(disk.total_bytes > 0 && disk.free_bytes <= disk.total_bytes);
    }
}
