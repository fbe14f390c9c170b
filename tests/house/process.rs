//! What the kernel says of a process and its children: memory, processor time, age.
//! Never: a figure of a process that the caller did not start, as far as it can know.
//! Source: proc(5).

use std::collections::HashMap;
use std::fs;

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub resident_bytes: u64,
    /// Shared pages divided among their users, so that sums over processes count each page once.
    pub proportional_bytes: u64,
}

/// Memory of `pid` now; `None` when it is gone.
pub fn memory(pid: u32) -> Option<Memory> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<u64>()
            .ok()
            .map(|kib| kib * 1024)
    };
    Some(Memory {
        resident_bytes: field("Rss:")?,
        proportional_bytes: field("Pss:")?,
    })
}

/// Time on a processor of `pid` with its threads, ended children left out, in milliseconds.
pub fn cpu_ms(pid: u32) -> Option<u64> {
    let fields = stat(pid)?;
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 1000 / ticks_per_second())
}

/// Age of a process in milliseconds since boot when it started; identifies it together with its number.
pub fn started_ms(pid: u32) -> Option<u64> {
    Some(stat(pid)?.get(19)?.parse::<u64>().ok()? * 1000 / ticks_per_second())
}

/// Milliseconds since boot.
pub fn uptime_ms() -> u64 {
    let text = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text
        .split(' ')
        .next()
        .and_then(|word| word.parse::<f64>().ok())
        .unwrap_or_default();
    (seconds * 1000.0) as u64
}

/// Children of `pid` and theirs, without itself.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(one) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let parent = stat(one).and_then(|fields| fields.get(1)?.parse::<u32>().ok());
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(one);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![pid];
    while let Some(next) = open.pop() {
        let below = children.remove(&next).unwrap_or_default();
        open.extend(&below);
        found.extend(below);
    }
    found
}

/// The fields of stat after the name, which may hold blanks: index 0 is the state, field 3 of proc(5).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn ticks_per_second() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .unwrap_or(100);
    u64::try_from(ticks).unwrap_or(100)
}
