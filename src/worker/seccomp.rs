//! The system calls that a closed-in worker may still make.
//!
//! Whatever is not listed is refused with EPERM instead of ending the process, because libraries try
//! harmless things (reading /sys for the number of cores) and go on without them.
//!
//! Never: a call that opens, connects, starts or signals anything.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Calls allowed with any arguments: memory, threads, time, and the descriptors that are open.
const ALLOWED: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    // Answered with ENOSYS by the second filter.
    libc::SYS_clone3,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_sendmsg,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    // The C library's sort asks how much memory there is.
    libc::SYS_sysinfo,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Calls of the older interface that only this architecture has.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[];

/// Closes the process in for good. Threads started later inherit it; there must be none yet.
///
/// # Errors
/// When the kernel has no seccomp filters, or the architecture is unknown.
pub fn apply() -> io::Result<()> {
    let allowed = compile(rules()?, eperm(), SeccompAction::Allow)?;
    // The C library starts threads by `clone` when `clone3` is absent. Its flags lie in memory,
    // where no filter can read them.
    let absent = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let absent = compile(
        absent,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
    )?;
    // The list goes last: it takes away the right to add another.
    seccompiler::apply_filter(&absent).map_err(io::Error::other)?;
    seccompiler::apply_filter(&allowed).map_err(io::Error::other)
}

fn eperm() -> SeccompAction {
    SeccompAction::Errno(libc::EPERM.cast_unsigned())
}

fn compile(rules: Rules, others: SeccompAction, listed: SeccompAction) -> io::Result<BpfProgram> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    SeccompFilter::new(rules, others, listed, arch)
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)
}

fn rules() -> io::Result<Rules> {
    let mut rules: Rules = ALLOWED
        .iter()
        .chain(ALLOWED_HERE)
        .map(|&call| (call, Vec::new()))
        .collect();
    let mut only = |call: c_long, conditions: &[Condition]| -> io::Result<()> {
        rules.entry(call).or_default().push(rule(conditions)?);
        Ok(())
    };
    let thread = u64::from(libc::CLONE_THREAD.cast_unsigned());
    let exec = u64::from(libc::PROT_EXEC.cast_unsigned());
    only(
        libc::SYS_clone,
        &[(0, SeccompCmpOp::MaskedEq(thread), thread)],
    )?;
    // No new code: libraries were loaded before.
    only(libc::SYS_mmap, &[(2, SeccompCmpOp::MaskedEq(exec), 0)])?;
    only(libc::SYS_mprotect, &[(2, SeccompCmpOp::MaskedEq(exec), 0)])?;
    // The names of threads.
    let set_name = u64::from(libc::PR_SET_NAME.cast_unsigned());
    only(libc::SYS_prctl, &[(0, SeccompCmpOp::Eq, set_name)])?;
    // Reading this process's own limits, not setting them.
    let own = &[(0, SeccompCmpOp::Eq, 0), (2, SeccompCmpOp::Eq, 0)];
    only(libc::SYS_prlimit64, own)?;
    // abort() signals its own thread.
    let own = u64::from(std::process::id());
    only(libc::SYS_tgkill, &[(0, SeccompCmpOp::Eq, own)])?;
    for command in [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_GETFL,
    ] {
        let command = u64::from(command.cast_unsigned());
        only(libc::SYS_fcntl, &[(1, SeccompCmpOp::Eq, command)])?;
    }
    Ok(rules)
}

/// Number of the argument, comparison, value.
type Condition = (u8, SeccompCmpOp, u64);

fn rule(conditions: &[Condition]) -> io::Result<SeccompRule> {
    conditions
        .iter()
        .map(|(argument, operator, value)| {
            SeccompCondition::new(*argument, SeccompCmpArgLen::Qword, operator.clone(), *value)
        })
        .collect::<Result<Vec<_>, _>>()
        .and_then(SeccompRule::new)
        .map_err(io::Error::other)
}
