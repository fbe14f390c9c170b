//! The system calls that no safe wrapper offers: priorities, the end of the process, a hung-up peer.
//!
//! Never: a path.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_long};

/// Classes of I/O priority (Linux, ioprio.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoClass {
    /// Level 7 is the lowest of the ordinary ones.
    BestEffort(c_int),
    /// Only when nobody else wants the disk.
    Idle,
}

/// Sets the I/O priority of this thread and of those it starts.
///
/// # Errors
/// The kernel's own.
pub fn set_io_class(class: IoClass) -> io::Result<()> {
    const WHO_PROCESS: c_int = 1;
    const CLASS_SHIFT: c_int = 13;
    let priority = match class {
        IoClass::BestEffort(level) => 2 << CLASS_SHIFT | level,
        IoClass::Idle => 3 << CLASS_SHIFT,
    };
    // SAFETY: takes three numbers.
    result(unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, priority) })
}

/// Lets every ordinary process run before this one.
///
/// # Errors
/// The kernel's own.
pub fn set_idle_scheduling() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure lives through the call, which only reads it.
    result(unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) }.into())
}

/// Gives way to others by `steps` of nice.
///
/// # Errors
/// The kernel's own.
pub fn set_nice(steps: c_int) -> io::Result<()> {
    // SAFETY: takes three numbers.
    result(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, steps) }.into())
}

/// Waits until the other end of `socket` is gone, whatever else arrives.
pub fn wait_for_hang_up(socket: BorrowedFd<'_>) {
    let mut wanted = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLRDHUP,
        revents: 0,
    };
    loop {
        // SAFETY: one structure, which lives through the call.
        let ready = unsafe { libc::poll(&raw mut wanted, 1, -1) };
        if ready > 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Lets a write past the limit on files fail instead of ending the process: standard error may be one.
///
/// # Errors
/// The kernel's own.
pub fn survive_file_limit() -> io::Result<()> {
    // SAFETY: sets a disposition without a handler, before any other thread is started.
    let before = unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    if before == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Ends the process at once: no destructor runs while other threads are at work.
pub fn exit_now(code: c_int) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(code) }
}

/// Gives freed memory back to the system.
pub fn trim_memory() {
    // SAFETY: touches only memory that malloc holds as free.
    unsafe { libc::malloc_trim(0) };
}

fn result(code: c_long) -> io::Result<()> {
    if code < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
