//! What the first program has to say: in the kernel's log, which goes to the console.
//!
//! Never: a failure of its own.

use std::fs::{self, OpenOptions};
use std::io::Write;

/// Has the kernel take every line: by itself it drops those that come fast.
pub fn begin() {
    let _ = fs::write("/proc/sys/kernel/printk_devkmsg", "on");
}

/// Seen with `dmesg`.
pub fn info(words: &str) {
    write(6, words);
}

/// Seen on the console too, also with `quiet`.
pub fn error(words: &str) {
    write(3, words);
}

fn write(level: u8, words: &str) {
    if let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ = log.write_all(format!("<{level}>alcove-init: {words}\n").as_bytes());
    }
}
