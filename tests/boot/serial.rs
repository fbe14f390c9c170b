//! What a board says on its serial line: kept in a file with times, and waited for.
//!
//! Never: a wait without a limit.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Lines {
    whole: Vec<(Duration, String)>,
    /// Without an end as yet.
    open: Vec<u8>,
    ended: bool,
}

pub struct Serial {
    lines: Arc<(Mutex<Lines>, Condvar)>,
}

impl Serial {
    /// Reads `source` until its end in a thread of its own; times are from `start`.
    pub fn read(mut source: impl Read + Send + 'static, log: &Path, start: Instant) -> Self {
        let lines = Arc::new((Mutex::new(Lines::default()), Condvar::new()));
        let shared = Arc::clone(&lines);
        let mut log = File::create(log).expect("the log of the serial line can be made");
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = source.read(&mut buffer).unwrap_or(0);
                let (lines, changed) = &*shared;
                let mut lines = lines.lock().expect("readers do not panic");
                lines.take(&buffer[..count], start.elapsed(), &mut log);
                lines.ended = count == 0;
                changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self { lines }
    }

    /// Lines that contain `words`, and when they came.
    pub fn with(&self, words: &str) -> Vec<(Duration, String)> {
        let lines = self.lock();
        let found = lines.whole.iter().filter(|(_, line)| line.contains(words));
        found.cloned().collect()
    }

    /// Waits for a line that contains `words`, and returns when it came.
    pub fn wait_for(&self, words: &str, limit: Duration) -> Duration {
        let start = Instant::now();
        let mut lines = self.lock();
        loop {
            let found = lines.whole.iter().find(|(_, line)| line.contains(words));
            if let Some((at, _)) = found {
                return *at;
            }
            let left = limit.saturating_sub(start.elapsed());
            let waits = !left.is_zero() && !lines.ended;
            if !waits {
                drop(lines);
                panic!("the serial line did not say '{words}' within {limit:?}");
            }
            let (_, changed) = &*self.lines;
            lines = changed
                .wait_timeout(lines, left)
                .expect("readers do not panic")
                .0;
        }
    }

    /// The last lines, with their times.
    pub fn tail(&self, count: usize) -> String {
        let lines = self.lock();
        let skipped = lines.whole.len().saturating_sub(count);
        let mut text = String::new();
        for (at, line) in &lines.whole[skipped..] {
            text += &format!("[{:8.3}] {line}\n", at.as_secs_f64());
        }
        text + &String::from_utf8_lossy(&lines.open)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.lines.0.lock().expect("readers do not panic")
    }
}

impl Lines {
    fn take(&mut self, bytes: &[u8], at: Duration, log: &mut File) {
        self.open.extend_from_slice(bytes);
        while let Some(end) = self.open.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.open.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let _ = writeln!(log, "[{:8.3}] {line}", at.as_secs_f64());
            self.whole.push((at, line));
        }
    }
}
