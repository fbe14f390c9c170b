//! What kind of file a descriptor is, and how long.
//!
//! Never: a call that could take a path; the sandbox refuses those, `fstat` of the C library included.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};

use super::error::AvError;

/// Bytes of the file.
///
/// # Errors
/// [`AvError::Read`] when it is a folder, a pipe or a device, [`AvError::Empty`] at length zero.
pub fn size_bytes(file: &impl AsFd) -> Result<u64, AvError> {
    let mut facts = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the structure is the kernel's on both supported architectures, all of whose bytes may
    // be zero, and lives through the call.
    let facts = unsafe {
        let fd = file.as_fd().as_raw_fd();
        if libc::syscall(libc::SYS_fstat, fd, facts.as_mut_ptr()) != 0 {
            return Err(AvError::Read(std::io::Error::last_os_error().to_string()));
        }
        facts.assume_init()
    };
    if facts.st_mode & libc::S_IFMT != libc::S_IFREG {
        return Err(AvError::Read("not a regular file".into()));
    }
    match u64::try_from(facts.st_size) {
        Ok(size) if size > 0 => Ok(size),
        _ => Err(AvError::Empty),
    }
}
