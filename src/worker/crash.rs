//! What a worker leaves when its code crashes: a record of its frames for the daemon.
//!
//! Never: a message, memory, or a way to go on living.
//!
//! The handler of a signal allocates nothing and takes no lock of Rust's. It first writes where the fault is, then
//! walks the stack, whose frames may be damaged: a fault while it does so ends the process at once, and the first
//! record is there already. The unwinder and the list of modules are made ready at the start.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, IntoRawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use alcove::base::crash::{Cause, Program};
use alcove::base::crash_record::{MOST_FRAMES, Record};
use alcove::base::trace::{Modules, calls_on_stack, panicked};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

use super::say;

/// The stack of the handler: that of the code may be what is used up.
const STACK_BYTES: usize = 64 << 10;
/// A mapping of this size that is refused tells that memory has come to its limit.
const PROBE_BYTES: usize = 32 << 20;

/// Where the record goes; it stays open as long as the process lives.
static CHANNEL: AtomicI32 = AtomicI32::new(-1);
static MODULES: OnceLock<Modules> = OnceLock::new();
/// Another thread may crash while the first one tells.
static IS_DYING: AtomicBool = AtomicBool::new(false);

/// Makes every crash of this process leave a record on standard output, which the daemon reads; whatever else is
/// written there from now on is gone. Called once, before the process is closed in.
///
/// # Errors
/// The kernel's own.
pub fn leave_records() -> io::Result<()> {
    let channel = io::stdout().as_fd().try_clone_to_owned()?;
    // No library is to write between two records, or to wait for a reader.
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    nix::unistd::dup2_stdout(nowhere)?;
    CHANNEL.store(channel.into_raw_fd(), Ordering::Relaxed);
    MODULES.get_or_init(|| Modules::loaded(Program::Worker));
    // Loads the unwinder, which cannot be done from behind the filter of system calls.
    calls_on_stack(&mut [0; 4]);
    std::panic::set_hook(Box::new(|panic| {
        // The message may quote a tag; the place is enough to find the fault.
        let place = panic.location();
        let words = place.map(ToString::to_string).unwrap_or_default();
        say(&format!("alcove-worker panicked at {words}"));
        if let Some(modules) = MODULES.get() {
            write(&panicked(modules, place));
        }
    }));
    take_signals()
}

fn take_signals() -> io::Result<()> {
    let stack = Box::leak(vec![0_u8; STACK_BYTES].into_boxed_slice());
    let stack = libc::stack_t {
        ss_sp: stack.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: STACK_BYTES,
    };
    // SAFETY: the memory is leaked for the handler alone, and is as long as it says.
    if unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // The signal is back at its default when the handler begins, and no other interrupts it: a fault in the
    // handler ends the process.
    let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK | SaFlags::SA_RESETHAND;
    let action = SigAction::new(SigHandler::SigAction(dying), flags, SigSet::all());
    for number in Cause::ALL.iter().filter_map(|cause| cause.signal()) {
        let signal = Signal::try_from(number)?;
        // SAFETY: `dying` does only what signal-safety(7) allows, and walks the stack as said above.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// Tells, then lets the same signal end the process.
extern "C" fn dying(number: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    if IS_DYING.swap(true, Ordering::Relaxed) {
        // The first one's record is worth more than this thread's haste.
        let moment = libc::timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        // SAFETY: reads one structure, and nobody asks for the rest of the time.
        unsafe { libc::nanosleep(&raw const moment, std::ptr::null_mut()) };
    } else if let (Some(modules), Some(cause)) = (MODULES.get(), Cause::of_signal(number))
        && !is_out_of_memory()
    {
        tell(modules, cause, interrupted_at(context));
    }
    // It is delivered when this returns, and finds no handler.
    if let Ok(signal) = Signal::try_from(number) {
        let _ = raise(signal);
    }
}

fn tell(modules: &Modules, cause: Cause, address: usize) {
    let mut record = Record::new(cause);
    record.push(modules.spot(address));
    write(&record);
    let mut calls = [0; MOST_FRAMES];
    let calls = calls_on_stack(&mut calls);
    // The handler's own calls come before the place that was interrupted.
    let below = calls.iter().skip_while(|call| **call != address).skip(1);
    for call in below {
        modules.push_caller(&mut record, *call);
    }
    write(&record);
}

fn write(record: &Record) {
    let channel = CHANNEL.load(Ordering::Relaxed);
    let bytes = record.as_bytes();
    // SAFETY: reads the bytes of the record. A channel that takes no more, or is not there, changes nothing.
    unsafe { libc::write(channel, bytes.as_ptr().cast(), bytes.len()) };
}

/// True when the process has used up the address space it may have: what dies of that is no crash of code.
fn is_out_of_memory() -> bool {
    let (access, flags) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a mapping of its own, at a place that the kernel chooses; the process ends right afterwards.
    let probe = unsafe { libc::mmap(std::ptr::null_mut(), PROBE_BYTES, access, flags, -1, 0) };
    probe == libc::MAP_FAILED
}

/// The instruction that the signal interrupted.
fn interrupted_at(context: *mut c_void) -> usize {
    // SAFETY: the kernel hands a handler with SA_SIGINFO the interrupted thread's context (sigaction(2)).
    let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return machine.gregs[libc::REG_RIP as usize] as usize;
    #[cfg(target_arch = "aarch64")]
    return machine.pc as usize;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = machine;
        0
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, ExitStatus, Stdio};

    use alcove::base::crash::Crash;

    use super::*;

    /// Tells this very program, started anew, how to crash.
    const WAY: &str = "ALCOVE_TEST_CRASH";

    #[inline(never)]
    fn overflow(depth: u64) -> u64 {
        let room = std::hint::black_box([depth; 512]);
        match depth {
            u64::MAX => 0,
            _ => overflow(depth + 1) + room[7],
        }
    }

    #[test]
    fn crashes_in_the_way_it_is_told() {
        let Ok(way) = std::env::var(WAY) else {
            return;
        };
        leave_records().unwrap();
        match way.as_str() {
            "panic" => panic!("Zanzibar Honeymoon (1987).mkv"),
            "abort" => std::process::abort(),
            "overflow" => drop(std::hint::black_box(overflow(0))),
            "fault" => {
                let nowhere = std::hint::black_box(std::ptr::without_provenance_mut::<u8>(8));
                // SAFETY: never sound; the fault ends the process, which was started for that.
                unsafe { nowhere.write_volatile(1) };
            }
            other => unreachable!("{other}"),
        }
    }

    /// How a process ends that crashes in this way, and what it tells.
    fn crash(way: &str) -> (ExitStatus, serde_json::Value) {
        let ended = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "worker::crash::tests::crashes_in_the_way_it_is_told",
            ])
            .args(["--nocapture", "--test-threads=1"])
            .env(WAY, way)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        // The test harness has written before the records.
        let magic = b"ALCRASH1";
        let mut places = ended.stdout.windows(magic.len());
        let at = places.position(|place| place == magic).expect("a record");
        let crash = Crash::read(Program::Worker, &ended.stdout[at..]).expect("a whole record");
        (ended.status, serde_json::to_value(&crash).unwrap())
    }

    #[test]
    fn every_way_to_crash_is_told_with_its_frames_and_nothing_else() {
        for (way, signal, cause) in [
            ("panic", None, "panic"),
            ("abort", Some(libc::SIGABRT), "sigabrt"),
            ("fault", Some(libc::SIGSEGV), "sigsegv"),
            ("overflow", Some(libc::SIGSEGV), "sigsegv"),
        ] {
            let (status, crash) = crash(way);
            assert_eq!(status.signal(), signal, "{way}");
            assert_eq!(crash["cause"], cause, "{way}");
            let frames = crash["frames"].as_array().unwrap();
            assert!(frames.len() > 3, "{way}: {crash:#}");
            let own = frames
                .iter()
                .filter(|frame| frame["module"] == "alcove-worker");
            assert!(own.count() > 1, "{way}: {crash:#}");
            let text = crash.to_string();
            assert!(!text.contains("Zanzibar") && !text.contains(' '), "{text}");
        }
        let place = crash("panic").1["place"].clone();
        let place = place.as_str().unwrap();
        assert!(place.starts_with("src/worker/crash.rs:"), "{place}");
    }
}
