//! The three kernel interfaces that only `ioctl` reaches: device-mapper, the watchdog's timeout, a partition's length.
//!
//! Never: what they are used for.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;

/// The command numbers of <linux/dm-ioctl.h>.
#[derive(Clone, Copy)]
pub enum DmCommand {
    Create = 3,
    Remove = 4,
    /// Without DM_SUSPEND_FLAG: resumes, with the table that was loaded.
    Resume = 6,
    LoadTable = 9,
}

/// Length of `struct dm_ioctl`, with which every command begins.
pub const DM_HEADER_BYTES: usize = 312;
const DM_MAGIC: u8 = 0xfd;

/// Sends `message`, a `struct dm_ioctl` with what follows it, to device-mapper; its answer stands in the same bytes.
///
/// # Errors
/// The kernel's.
pub fn device_mapper(control: &File, command: DmCommand, message: &mut [u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| Errno::EINVAL)?;
    if message.len() < DM_HEADER_BYTES {
        return Err(Errno::EINVAL.into());
    }
    // `data_size`: how far the kernel may read and write.
    message[12..16].copy_from_slice(&length.to_ne_bytes());
    let request = nix::request_code_readwrite!(DM_MAGIC, command as u8, DM_HEADER_BYTES);
    // SAFETY: the kernel reads and writes `data_size` bytes from the pointer on, which is set to the slice's length just
    // above; it is no shorter than `struct dm_ioctl`, and the kernel copies it with no need of alignment.
    let outcome = unsafe { libc::ioctl(control.as_raw_fd(), request, message.as_mut_ptr()) };
    Errno::result(outcome)?;
    Ok(())
}

/// Sets the time after which the watchdog restarts the board; returns what the hardware made of it, in seconds.
///
/// # Errors
/// The driver's.
pub fn set_watchdog_timeout(watchdog: &File, timeout_s: i32) -> io::Result<i32> {
    let mut seconds: libc::c_int = timeout_s;
    let request = nix::request_code_readwrite!(b'W', 6, size_of::<libc::c_int>());
    // SAFETY: WDIOC_SETTIMEOUT reads and writes one int, which lives on this stack.
    let outcome = unsafe { libc::ioctl(watchdog.as_raw_fd(), request, &raw mut seconds) };
    Errno::result(outcome)?;
    Ok(seconds)
}

/// `struct blkpg_partition` of <linux/blkpg.h>.
#[repr(C)]
struct BlkpgPartition {
    start_bytes: libc::c_longlong,
    length_bytes: libc::c_longlong,
    number: libc::c_int,
    names: [u8; 128],
}

/// `struct blkpg_ioctl_arg` of <linux/blkpg.h>.
#[repr(C)]
struct BlkpgArgument {
    operation: libc::c_int,
    flags: libc::c_int,
    length: libc::c_int,
    data: *mut BlkpgPartition,
}

/// Tells the kernel of a partition's new length, while others of the same disk are in use.
///
/// # Errors
/// The kernel's.
pub fn resize_partition(
    disk: &File,
    number: i32,
    start_bytes: i64,
    length_bytes: i64,
) -> io::Result<()> {
    const BLKPG: u16 = 0x1269;
    const RESIZE: libc::c_int = 3;
    let mut partition = BlkpgPartition {
        start_bytes,
        length_bytes,
        number,
        names: [0; 128],
    };
    let mut argument = BlkpgArgument {
        operation: RESIZE,
        flags: 0,
        length: libc::c_int::try_from(size_of::<BlkpgPartition>()).map_err(|_| Errno::EINVAL)?,
        data: &raw mut partition,
    };
    // SAFETY: BLKPG reads one `blkpg_ioctl_arg` and the `blkpg_partition` it points to; both are laid out as in the header
    // and live on this stack until the call has returned.
    let outcome = unsafe { libc::ioctl(disk.as_raw_fd(), BLKPG.into(), &raw mut argument) };
    Errno::result(outcome)?;
    Ok(())
}
