//! What the board's sensors said: the last hours for the owner, the last week in classes.
//!
//! ```text
//!  a look each minute ──► ring of hours ago for plots (memory alone)
//!                    └──► sums of an hour ──► 168 hours ──► classes of the week
//! ```
//!
//! Never: anything on disk; an error for a sensor that is not there; reading a file while others wait for what is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heapless::HistoryBuf;

use super::heat::{Heat, Signs};
use super::{Board, classes, device};
use crate::telemetry::class::{
    BoardFamily, BootTime, Channel, Facts, MemoryPressure, Storage, Throttling,
};

/// How often to look.
pub const EVERY: Duration = Duration::from_secs(60);
/// Looks that the owner sees: six hours.
const SHOWN: usize = 360;
const LOOKS_AN_HOUR: u16 = 60;
const HOURS_A_WEEK: usize = 168;

/// One look at the sensors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Of the processor; `None` when it is not measured.
    pub temperature_c: Option<f64>,
    /// True while heat takes speed away; `None` where nothing tells.
    pub throttled: Option<bool>,
}

/// What the sensors said so far. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sensors {
    board: Board,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    heat: Heat,
    shown: HistoryBuf<Look, SHOWN>,
    hours: HistoryBuf<Hour, HOURS_A_WEEK>,
    running: Hour,
    /// Steady time and stalled time, in microseconds, of the last look.
    pressure: Option<(i64, u64)>,
    /// `None` before the daemon is ready.
    boot_time: Option<BootTime>,
}

/// The sums of one hour.
#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    looks: u16,
    /// Looks that could tell about heat, and those that found it slowing the processor.
    told: u16,
    throttled: u16,
    stalled_us: u64,
    observed_ms: u64,
}

impl Kept {
    fn note(&mut self, steady_ms: i64, look: Look, stalled_us: Option<u64>) {
        self.shown.write(look);
        let hour = &mut self.running;
        hour.looks += 1;
        hour.told += u16::from(look.throttled.is_some());
        hour.throttled += u16::from(look.throttled == Some(true));
        let now = stalled_us.map(|us| (steady_ms, us));
        let before = std::mem::replace(&mut self.pressure, now);
        if let (Some((then_ms, then_us)), Some((now_ms, now_us))) = (before, now) {
            hour.observed_ms += u64::try_from(now_ms - then_ms).unwrap_or(0);
            hour.stalled_us += now_us.saturating_sub(then_us);
        }
        if hour.looks == LOOKS_AN_HOUR {
            self.hours.write(std::mem::take(hour));
        }
    }

    fn sum(&self, of: impl Fn(&Hour) -> u64) -> u64 {
        self.hours
            .as_slice()
            .iter()
            .chain([&self.running])
            .map(of)
            .sum()
    }

    fn throttling(&self) -> Throttling {
        let told = self.sum(|hour| hour.told.into());
        let throttled = self.sum(|hour| hour.throttled.into());
        classes::throttling((throttled * 1000).checked_div(told).map(clamp))
    }

    fn memory_pressure(&self) -> MemoryPressure {
        // Microseconds of a millisecond are thousandths.
        let observed_ms = self.sum(|hour| hour.observed_ms);
        let milli = self.sum(|hour| hour.stalled_us).checked_div(observed_ms);
        classes::memory_pressure(milli.map(clamp))
    }
}

impl Sensors {
    pub fn new(board: Board) -> Self {
        Self {
            board,
            kept: Arc::default(),
        }
    }

    /// Looks at the sensors; call it every [`EVERY`]. Blocks for the time of a few small reads.
    pub fn look(&self, unix_ms: i64, steady_ms: i64) {
        let stalled_us = self.board.memory_stalled_us();
        let temperature_c = self.board.temperature();
        let signs = Signs::read(&self.board.root);
        let mut kept = self.kept();
        let look = Look {
            at_ms: unix_ms,
            temperature_c,
            throttled: kept.heat.slows_down(signs),
        };
        kept.note(steady_ms, look, stalled_us);
    }

    /// Notes how long this start took, as the daemon is ready now.
    pub fn ready(&self) {
        let since_kernel = self.board.since_kernel();
        self.kept().boot_time = since_kernel.map(classes::boot_time);
    }

    /// The looks of the last hours, oldest first.
    pub fn shown(&self) -> Vec<Look> {
        self.kept().shown.oldest_ordered().copied().collect()
    }

    /// Forgets what was looked at.
    pub fn forget(&self) {
        let mut kept = self.kept();
        *kept = Kept {
            boot_time: kept.boot_time,
            ..Kept::default()
        };
    }

    /// The box in classes; its media lie on the file system with the number `media`, stat(2)'s `st_dev`.
    /// Blocks for the time of some small reads.
    pub fn facts(&self, media: Option<u64>) -> Facts {
        let (board_family, channel) = (self.board.family(), self.board.channel());
        // Memory that is not told cannot be counted on.
        let memory = classes::memory(self.board.look().memory_bytes.unwrap_or(0));
        let storage = media.map_or(Storage::Other, |number| self.board.connection(number));
        let kept = self.kept();
        Facts {
            board_family,
            memory,
            storage,
            throttling: kept.throttling(),
            memory_pressure: kept.memory_pressure(),
            channel,
            boot_time: kept.boot_time.unwrap_or(BootTime::ABOVE),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Sums that miss a part of one look are still sums.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    /// The family that the device tree names, else that of the processor.
    pub fn family(&self) -> BoardFamily {
        let compatible = std::fs::read(self.root.join("proc/device-tree/compatible"));
        let compatible = String::from_utf8_lossy(&compatible.unwrap_or_default()).into_owned();
        // Kernels before 6.1 do not tell their architecture; x86 alone lists the processor's vendor so.
        let is_x86 = || {
            let cpuinfo = self.cpuinfo();
            let mut lines = cpuinfo.lines();
            lines.any(|line| line.starts_with("vendor_id"))
        };
        let told = self.text("proc/sys/kernel/arch");
        let told = told.or_else(|| is_x86().then(|| "x86_64".to_owned()));
        classes::board_family(&compatible, &told.unwrap_or_default())
    }

    /// Where finished versions come from, as the firmware's image says.
    fn channel(&self) -> Channel {
        let word = self.text("etc/alcove/channel").unwrap_or_default();
        classes::channel(&word)
    }

    /// How the disk with a file system's number is connected.
    fn connection(&self, number: u64) -> Storage {
        let (major, minor) = (nix::sys::stat::major(number), nix::sys::stat::minor(number));
        device::connection(&self.root, major, minor)
    }

    /// Time in which some program waited for memory since the kernel began (PSI, kernel's
    /// accounting/psi); `None` on kernels without it.
    fn memory_stalled_us(&self) -> Option<u64> {
        let text = self.text("proc/pressure/memory")?;
        let line = text.lines().find(|line| line.starts_with("some "))?;
        line.rsplit_once("total=")?.1.trim().parse().ok()
    }

    /// Time since the kernel began, by proc_uptime(5).
    fn since_kernel(&self) -> Option<Duration> {
        let text = self.text("proc/uptime")?;
        let seconds: f64 = text.split(' ').next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

fn clamp(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
