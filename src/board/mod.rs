//! What machine this is and how it does, read under an injected root.
//!
//! Never: policy; a guess where the machine does not say.

pub mod classes;
mod codec;
mod device;
mod file;
#[cfg(test)]
mod file_tests;
mod heat;
mod sensors;
#[cfg(test)]
mod sensors_tests;
mod storage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

pub use codec::CodecDevice;
pub use file::{BoardFile, FileError};
pub use sensors::{EVERY, Look, Sensors};
pub use storage::{Disk, disk_of, each_once};

/// Reads the machine; a cheap handle.
#[derive(Clone, Debug)]
pub struct Board {
    /// `/` but in tests.
    root: Arc<Path>,
    started: Instant,
}

/// How the machine is now. What cannot be read is `None`.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Now {
    /// The device tree's name, else that of the BIOS.
    pub model: Option<String>,
    pub kernel: Option<String>,
    pub memory_bytes: Option<u64>,
    /// What programs can still have without swapping.
    pub memory_available_bytes: Option<u64>,
    pub cores: u32,
    /// Over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Of the processor.
    pub temperature_c: Option<f64>,
    /// Since this value of [`Board`] was made.
    pub uptime_s: u64,
}

impl Board {
    /// Reads below `root`.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root: root.into(),
            started: Instant::now(),
        }
    }

    /// Looks at the machine. Blocks for the time of a few small reads.
    pub fn look(&self) -> Now {
        let meminfo = self.text("proc/meminfo");
        let memory = |key| meminfo.as_deref().and_then(|text| meminfo_bytes(text, key));
        Now {
            model: self.model(),
            kernel: self.text("proc/sys/kernel/osrelease"),
            memory_bytes: memory("MemTotal:"),
            memory_available_bytes: memory("MemAvailable:"),
            cores: std::thread::available_parallelism()
                .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
            load: self.text("proc/loadavg").and_then(|text| load(&text)),
            temperature_c: self.temperature(),
            uptime_s: self.started.elapsed().as_secs(),
        }
    }

    /// The codec blocks that the kernel shows.
    pub fn codec_devices(&self) -> Vec<CodecDevice> {
        codec::devices(&self.root)
    }

    /// What the image that runs here says of its board; `None` on a machine that runs no image.
    ///
    /// # Errors
    /// [`FileError`] where the file is there but not right.
    pub fn file(&self) -> Result<Option<BoardFile>, FileError> {
        let path = self.root.join(file::IN_IMAGE);
        path.exists().then(|| BoardFile::read(&path)).transpose()
    }

    /// The text of `/proc/cpuinfo`, for whoever tells cores apart.
    pub fn cpuinfo(&self) -> String {
        self.text("proc/cpuinfo").unwrap_or_default()
    }

    fn model(&self) -> Option<String> {
        self.text("proc/device-tree/model")
            .or_else(|| self.text("sys/class/dmi/id/product_name"))
    }

    /// The first thermal zone that names the processor, else the first that measures anything.
    fn temperature(&self) -> Option<f64> {
        let zones = entries(&self.root.join("sys/class/thermal"), "thermal_zone");
        let read = |zone: &PathBuf| {
            let kind = trimmed(&zone.join("type"))
                .unwrap_or_default()
                .to_ascii_lowercase();
            let millidegrees: f64 = trimmed(&zone.join("temp"))?.parse().ok()?;
            Some((kind, millidegrees / 1000.0))
        };
        let measured: Vec<(String, f64)> = zones.iter().filter_map(read).collect();
        let of_processor = |kind: &str| {
            ["cpu", "soc", "x86_pkg", "package"]
                .iter()
                .any(|word| kind.contains(word))
        };
        let chosen = measured
            .iter()
            .find(|(kind, _)| of_processor(kind))
            .or(measured.first());
        chosen
            .map(|(_, celsius)| *celsius)
            .filter(|celsius| (-60.0..200.0).contains(celsius))
    }

    fn text(&self, below: &str) -> Option<String> {
        trimmed(&self.root.join(below))
    }
}

/// What lies in `folder` and is named `kind` and a number, in the order of the names.
fn entries(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix(kind));
        number.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    let found = fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = found
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_one)
        .collect();
    found.sort();
    found
}

/// The text of a small file of the kernel without the zero byte or line break at its end.
fn trimmed(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end_matches(['\0', '\n', ' ']).trim_start();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A line of proc_meminfo(5), which counts in KiB.
fn meminfo_bytes(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn load(text: &str) -> Option<[f64; 3]> {
    let mut means = text.split_whitespace().map(|word| word.parse().ok());
    Some([means.next()??, means.next()??, means.next()??])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Now) {
        let root = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let now = Board::new(root.path().to_owned()).look();
        (root, now)
    }

    #[test]
    fn a_board_is_read_from_its_own_files() {
        let (_root, now) = board(&[
            (
                "proc/device-tree/model",
                b"Raspberry Pi 4 Model B Rev 1.4\0",
            ),
            ("sys/class/dmi/id/product_name", b"Not this\n"),
            ("proc/sys/kernel/osrelease", b"6.12.34-v8\n"),
            (
                "proc/meminfo",
                b"MemTotal:        3884392 kB\nMemAvailable:    3000000 kB\n",
            ),
            ("proc/loadavg", b"0.52 0.58 0.59 1/389 12345\n"),
            ("sys/class/thermal/thermal_zone0/type", b"gpu-thermal\n"),
            ("sys/class/thermal/thermal_zone0/temp", b"40000\n"),
            ("sys/class/thermal/thermal_zone1/type", b"cpu-thermal\n"),
            ("sys/class/thermal/thermal_zone1/temp", b"51123\n"),
            ("sys/class/thermal/cooling_device0/type", b"cpu\n"),
        ]);
        assert_eq!(now.model.as_deref(), Some("Raspberry Pi 4 Model B Rev 1.4"));
        assert_eq!(now.kernel.as_deref(), Some("6.12.34-v8"));
        assert_eq!(now.memory_bytes, Some(3_884_392 * 1024));
        assert_eq!(now.memory_available_bytes, Some(3_000_000 * 1024));
        assert_eq!(now.load, Some([0.52, 0.58, 0.59]));
        assert_eq!(now.temperature_c, Some(51.123));
    }

    #[test]
    fn what_a_machine_does_not_say_is_not_guessed() {
        let (_root, now) = board(&[
            ("proc/meminfo", b"MemTotal: many kB\n"),
            ("proc/loadavg", b"0.5\n"),
            ("sys/class/thermal/thermal_zone0/temp", b"-273000\n"),
        ]);
        assert_eq!((now.model, now.kernel), (None, None));
        assert_eq!((now.memory_bytes, now.memory_available_bytes), (None, None));
        assert_eq!((now.load, now.temperature_c), (None, None));
        assert!(now.cores >= 1);
    }
}
