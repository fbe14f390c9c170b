//! Tries what the sandbox must refuse, for the test that proves it.
//!
//! Never: an attempt whose success would do harm.

use std::ffi::CStr;
use std::io;

use alcove::media::job::SandboxAttempt;
use libc::c_long;

/// A name, a system call, and its arguments; those left out are zero.
type Attempt<'a> = (&'a str, c_long, &'a [c_long]);

const AT: c_long = libc::AT_FDCWD as c_long;
const SCRATCH: &CStr = c"/tmp/alcove-worker-was-here";

/// Makes every attempt and tells which were refused.
pub fn attempts() -> Vec<SandboxAttempt> {
    let mut made = Vec::new();
    let mut make = |attempts: &[Attempt<'_>]| {
        made.extend(attempts.iter().map(|&(what, number, given)| {
            let mut arguments = [0; 6];
            arguments[..given.len()].copy_from_slice(given);
            SandboxAttempt {
                what: what.to_owned(),
                refused: is_refused(number, arguments),
            }
        }));
    };
    files(&mut make);
    sockets(&mut make);
    processes(&mut make);
    others(&mut make);
    made
}

fn files(make: &mut impl FnMut(&[Attempt<'_>])) {
    let hostname = pointer(c"/etc/hostname".as_ptr());
    let scratch = pointer(SCRATCH.as_ptr());
    let memory = pointer(c"/proc/self/mem".as_ptr());
    let create = (libc::O_CREAT | libc::O_WRONLY).into();
    make(&[
        ("open a file to read", libc::SYS_openat, &[AT, hostname]),
        (
            "open a file to write",
            libc::SYS_openat,
            &[AT, hostname, libc::O_WRONLY.into()],
        ),
        (
            "create a file",
            libc::SYS_openat,
            &[AT, scratch, create, 0o600],
        ),
        (
            "open its own memory",
            libc::SYS_openat,
            &[AT, memory, libc::O_RDWR.into()],
        ),
        ("open by the newer call", libc::SYS_openat2, &[AT, hostname]),
        ("look at a path", libc::SYS_newfstatat, &[AT, hostname]),
        ("remove a file", libc::SYS_unlinkat, &[AT, scratch]),
    ]);
}

fn sockets(make: &mut impl FnMut(&[Attempt<'_>])) {
    let stream = libc::SOCK_STREAM.into();
    let address = [0u8; 16];
    let address = pointer(address.as_ptr());
    make(&[
        (
            "open an internet socket",
            libc::SYS_socket,
            &[libc::AF_INET.into(), stream],
        ),
        (
            "open a local socket",
            libc::SYS_socket,
            &[libc::AF_UNIX.into(), stream],
        ),
        ("connect a socket", libc::SYS_connect, &[0, address, 16]),
        ("bind a socket", libc::SYS_bind, &[0, address, 16]),
    ]);
}

fn processes(make: &mut impl FnMut(&[Attempt<'_>])) {
    let parent = c_long::from(nix::unistd::getppid().as_raw());
    let program = pointer(c"/bin/true".as_ptr());
    make(&[
        ("start a process", libc::SYS_clone, &[libc::SIGCHLD.into()]),
        ("start a process by the newer call", libc::SYS_clone3, &[]),
        ("run a program", libc::SYS_execve, &[program]),
        ("run an open file", libc::SYS_execveat, &[AT, program]),
        ("be traced", libc::SYS_ptrace, &[]),
        ("signal the daemon", libc::SYS_kill, &[parent]),
        (
            "signal a thread of the daemon",
            libc::SYS_tgkill,
            &[parent, parent],
        ),
        (
            "read the daemon's memory",
            libc::SYS_process_vm_readv,
            &[parent],
        ),
        (
            "hold the daemon by a descriptor",
            libc::SYS_pidfd_open,
            &[parent],
        ),
    ]);
}

fn others(make: &mut impl FnMut(&[Attempt<'_>])) {
    let code = (libc::PROT_READ | libc::PROT_EXEC).into();
    let private = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into();
    let limit = [0u64; 2];
    let terminal = c_long::try_from(libc::TCGETS).unwrap_or(0);
    make(&[
        (
            "map memory as code",
            libc::SYS_mmap,
            &[0, 4096, code, private, -1],
        ),
        (
            "leave for a new name space",
            libc::SYS_unshare,
            &[libc::CLONE_NEWUSER.into()],
        ),
        ("queue I/O past the filter", libc::SYS_io_uring_setup, &[1]),
        ("control a device", libc::SYS_ioctl, &[2, terminal]),
        (
            "change a limit",
            libc::SYS_prlimit64,
            &[0, 4, pointer(limit.as_ptr())],
        ),
        ("change its user", libc::SYS_setuid, &[]),
    ]);
}

fn pointer<T>(to: *const T) -> c_long {
    to.addr().cast_signed() as c_long
}

/// True when the call fails for want of permission, not for some other reason.
fn is_refused(number: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> bool {
    // SAFETY: the pointers among the arguments are to constants or locals of the caller, or null, and
    // the kernel checks them. A process started by success is this one's copy and is ended below.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    let error = io::Error::last_os_error().raw_os_error();
    if number == libc::SYS_clone && result == 0 {
        super::syscalls::exit_now(0);
    }
    result == -1 && matches!(error, Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
}
