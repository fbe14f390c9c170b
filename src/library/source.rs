//! Opening a media file so that only what was scanned can be read.
//!
//! Never: a path that a caller made up.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LibraryError;
use super::disk::Disk;

/// Where a file is and what it was when it was scanned.
#[derive(Clone, Debug)]
pub(super) struct Opener {
    pub(super) path: PathBuf,
    /// Resolved folders of all libraries; the file must lie below one of them, links followed.
    pub(super) roots: Arc<[PathBuf]>,
    pub(super) size_bytes: u64,
    pub(super) mtime_ns: i64,
    pub(super) disk: Disk,
}

impl Opener {
    pub(super) async fn open(self) -> Result<File, LibraryError> {
        let disk = self.disk.clone();
        disk.run(move || self.open_now()).await?
    }

    fn open_now(&self) -> Result<File, LibraryError> {
        let (file, size_bytes, mtime_ns) =
            open_regular(&self.path, &self.roots).map_err(|_| LibraryError::NotAvailable)?;
        if size_bytes != self.size_bytes || mtime_ns != self.mtime_ns {
            return Err(LibraryError::NotAvailable);
        }
        Ok(file)
    }
}

/// Opens a regular file below one of `roots` and tells its size and time of change.
///
/// The check is made on the open descriptor, so a link that is swapped meanwhile gains nothing.
///
/// # Errors
/// Those of the file system; `PermissionDenied` outside the roots, `InvalidInput` for what is no
/// regular file.
pub(super) fn open_regular(path: &Path, roots: &[PathBuf]) -> std::io::Result<(File, u64, i64)> {
    let file = File::options()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let real = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    if !roots.iter().any(|root| real.starts_with(root)) {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    Ok((file, meta.len(), mtime_ns(&meta)))
}

/// The time of change in nanoseconds since 1970 UTC, clamped to what 64 bits hold.
pub(super) fn mtime_ns(meta: &std::fs::Metadata) -> i64 {
    meta.mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(meta.mtime_nsec())
}
