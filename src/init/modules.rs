//! Loads the kernel modules that the initramfs holds, in the order of their names.
//!
//! Never: a search for what a module depends on; the builder has numbered them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::kmod::{ModuleInitFlags, finit_module};

use super::say;

/// Loads them all. One that fails is said and left out: not every processor has what each of them drives.
pub fn load_all(folder: &Path) {
    let paths = in_order(folder).unwrap_or_else(|error| {
        say::error(&format!("the modules could not be listed: {error}"));
        Vec::new()
    });
    for path in paths {
        if let Err(error) = load(&path) {
            say::info(&format!("{} is not loaded: {error}", path.display()));
        }
    }
}

fn in_order(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

fn load(path: &Path) -> io::Result<()> {
    match finit_module(&File::open(path)?, c"", ModuleInitFlags::empty()) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_loaded_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["10-c.ko", "02-b.ko", "01-z.ko"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = in_order(folder.path())
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["01-z.ko", "02-b.ko", "10-c.ko"]);
        assert!(in_order(&folder.path().join("nowhere")).is_err());
    }
}
