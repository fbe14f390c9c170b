//! Copies the settings aside before an update, so that a version that spoils them takes nothing away.
//!
//! Never: half a copy in the place of a whole one; anything that only root may read.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The settings lie on 32 MiB.
const DEEPEST: u32 = 8;

/// Replaces the folder `to` by a copy of `from`, files and folders alone.
///
/// # Errors
/// The operating system's own; the copy from before is there still.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let fresh = to.with_extension("new");
    let old = to.with_extension("old");
    remove(&fresh)?;
    remove(&old)?;
    copy_folder(from, &fresh, DEEPEST)?;
    if to.exists() {
        fs::rename(to, &old)?;
    }
    fs::rename(&fresh, to)?;
    remove(&old)?;
    match to.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path, deepest: u32) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let entries = match fs::read_dir(from) {
        // `lost+found`, and what the system keeps for itself.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() && deepest > 0 {
            copy_folder(&entry.path(), &target, deepest - 1)?;
        } else if kind.is_file() {
            match fs::copy(entry.path(), &target) {
                Ok(_) => File::open(&target)?.sync_all()?,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_that_of_now_and_a_failed_one_leaves_the_one_before() {
        let scratch = tempfile::tempdir().unwrap();
        let (from, to) = (
            scratch.path().join("settings"),
            scratch.path().join("aside"),
        );
        fs::create_dir_all(from.join("below")).unwrap();
        fs::write(from.join("a"), "1").unwrap();
        fs::write(from.join("below/b"), "2").unwrap();
        std::os::unix::fs::symlink("/dev/zero", from.join("endless")).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read(to.join("below/b")).unwrap(), b"2");
        assert!(!to.join("endless").exists());
        fs::remove_file(from.join("a")).unwrap();
        copy(&from, &to).unwrap();
        assert!(!to.join("a").exists() && to.join("below/b").exists());
        fs::remove_dir_all(&from).unwrap();
        assert!(copy(&from, &to).is_err());
        assert!(to.join("below/b").exists());
    }
}
