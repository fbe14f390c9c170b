//! The ring on a real block device: a raw loop device over a scratch file.

use std::path::{Path, PathBuf};
use std::process::Command;

use alcove::consent::{Choice, Consent, Mode, Place, Reason, Reset, Switches};

use super::mock::{ALL, settings};

/// A loop device; detached when it is dropped.
struct Loop(PathBuf);

impl Loop {
    /// `None`, with a word, for whoever may not make one: only root may.
    fn over(file: &Path, options: &[&str]) -> Option<Self> {
        let own = std::fs::metadata("/proc/self").expect("Linux");
        if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
            eprintln!("SKIPPED: a loop device needs root");
            return None;
        }
        let made = Command::new("losetup")
            .args(["--find", "--show"])
            .args(options)
            .arg(file)
            .output()
            .expect("losetup runs");
        assert!(made.status.success(), "losetup: {made:?}");
        let name = String::from_utf8(made.stdout).expect("a path");
        Some(Self(name.trim().into()))
    }

    fn place(&self) -> [Place; 1] {
        [Place::at(&self.0)]
    }

    /// Bytes that reached the device since it was made (Linux, Documentation/admin-guide/iostats.rst).
    fn written_bytes(&self) -> u64 {
        let name = self
            .0
            .file_name()
            .expect("a device")
            .to_string_lossy()
            .into_owned();
        let stats = std::fs::read_to_string("/proc/diskstats").expect("Linux");
        let line = stats
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|fields| fields.get(2) == Some(&name.as_str()))
            .expect("every device has a line");
        512 * line[9].parse::<u64>().expect("sectors")
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup")
            .arg("--detach")
            .arg(&self.0)
            .status();
    }
}

fn blank_file(folder: &Path, bytes: usize) -> PathBuf {
    let path = folder.join("flash");
    std::fs::write(&path, vec![0; bytes]).expect("scratch has room");
    path
}

#[test]
fn a_change_writes_8_kib_to_a_block_device_at_most() {
    const CHANGES: u64 = 200;
    let scratch = tempfile::tempdir().expect("scratch");
    let file = blank_file(scratch.path(), 8 << 20);
    let Some(device) = Loop::over(&file, &[]) else {
        return;
    };
    let consent = Consent::open(&device.place(), settings());
    assert_eq!(consent.state().reason, None);
    assert!(consent.state().asks());
    let before = device.written_bytes();
    for n in 0..CHANGES {
        let switches = Switches {
            crash_reports: n % 2 == 0,
            ..ALL
        };
        consent.set(Choice::Share, switches).expect("stored");
    }
    let each = (device.written_bytes() - before) as f64 / CHANGES as f64;
    println!("consent on a loop device: {each} bytes reach it per change");
    assert!(each > 0.0 && each <= 8192.0, "{each}");
    drop(consent);
    let before = device.written_bytes();
    let state = Consent::open(&device.place(), settings()).state();
    assert_eq!((state.effective.mode(), state.reason), (Mode::Share, None));
    assert!(!state.effective.switches().crash_reports);
    assert_eq!(device.written_bytes(), before, "opening writes nothing");
}

#[test]
fn a_block_device_that_is_read_only_in_use_or_of_another_size_is_off() {
    let scratch = tempfile::tempdir().expect("scratch");
    let file = blank_file(scratch.path(), 8 << 20);
    let reason = |device: &Loop| Consent::open(&device.place(), settings()).state().reason;
    let Some(device) = Loop::over(&file, &[]) else {
        return;
    };
    let consent = Consent::open(&device.place(), settings());
    consent.set(Choice::Share, ALL).expect("stored");
    consent.factory_reset(Reset::Erase).expect("stored");
    consent.set(Choice::Share, ALL).expect("stored");
    assert_eq!(reason(&device), Some(Reason::InUse));
    drop(consent);
    drop(device);
    let Some(device) = Loop::over(&file, &["--read-only"]) else {
        return;
    };
    let state = Consent::open(&device.place(), settings()).state();
    assert_eq!(
        (state.effective.mode(), state.reason),
        (Mode::Off, Some(Reason::ReadOnly))
    );
    assert_eq!(state.stored.mode(), Mode::Share);
    drop(device);
    let larger = blank_file(scratch.path(), 9 << 20);
    let Some(device) = Loop::over(&larger, &[]) else {
        return;
    };
    assert_eq!(reason(&device), Some(Reason::WrongSize));
}
