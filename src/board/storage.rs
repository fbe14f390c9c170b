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
    pub total_bytes: u64,
    /// What is left for an ordinary user.
    pub free_bytes: u64,
}

/// The file systems that hold `folders`; folders that are away are left out. Blocks.
pub fn storage(folders: &[PathBuf]) -> Vec<Disk> {
    let mut seen = Vec::new();
    let mut disks = Vec::new();
    for folder in folders {
        if let Some((id, disk)) = look(folder)
            && !seen.contains(&id)
        {
            seen.push(id);
            disks.push(disk);
        }
    }
    disks
}

fn look(folder: &Path) -> Option<(u64, Disk)> {
    use std::os::unix::fs::MetadataExt;
    let device = std::fs::metadata(folder).ok()?.dev();
    let facts = statvfs(folder).ok()?;
    let unit = facts.fragment_size();
    let disk = Disk {
        path: folder.to_owned(),
        total_bytes: facts.blocks().saturating_mul(unit),
        free_bytes: facts.blocks_available().saturating_mul(unit),
    };
    Some((device, disk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_listed_once_and_an_absent_folder_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let disks = storage(&[dir.path().to_owned(), inner, dir.path().join("absent")]);
        let [disk] = disks.as_slice() else {
            panic!("{disks:?}")
        };
        assert_eq!(disk.path, dir.path());
        assert!(disk.total_bytes > 0 && disk.free_bytes <= disk.total_bytes);
    }
}
