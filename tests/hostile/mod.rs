//! Broken files: truncated, bit-flipped and overwritten copies of small files of many containers, each made from its
//! number alone, and a watch over the workers that read them.
//! Never: a random source, so that number 4711 is the same file tomorrow.
//!
//! Use it with `#[path = "hostile/mod.rs"] mod hostile;` beside `house` and `media`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::house::process;
use crate::media;

/// Small files, one for each container and for each kind of content that has a parser of its own.
const SEEDS: &[&str] = &[
    "tiny_h264.mp4",
    "tiny_h264.mkv",
    "tiny_hevc.mkv",
    "tiny_vp9.webm",
    "tiny_mpeg4.avi",
    "tiny_mpeg2.mpg",
    "tiny_mpeg2.ts",
    "tiny_h264.mov",
    "tiny_h264.flv",
    "tiny_wmv2.wmv",
    "tiny_theora.ogv",
    "tiny_fragmented.mp4",
    "tiny_subtitles.mkv",
    "tiny_subtitles.mp4",
    "tiny_av1.mp4",
    "tiny.mp3",
    "tiny.flac",
    "tiny.m4a",
    "tiny.ogg",
    "tiny.opus",
    "tiny.wav",
    "tiny.wma",
    "tiny_exif.jpg",
    "tiny.png",
    "tiny.webp",
    "tiny.gif",
];

/// The longest time that any one job on a small file may take, as the daemon's limits have it.
pub const JOB_LIMIT: Duration = Duration::from_secs(120);

/// Writes the broken files `numbers` below `folder`, a hundred a sub-folder.
pub fn write(folder: &Path, numbers: impl Iterator<Item = u32>) {
    let seeds: Vec<(&str, Vec<u8>)> = SEEDS
        .iter()
        .map(|name| {
            (
                *name,
                std::fs::read(media::file(name)).expect("a seed can be read"),
            )
        })
        .collect();
    for number in numbers {
        let (name, bytes) = &seeds[number as usize % seeds.len()];
        let (stem, extension) = name.rsplit_once('.').expect("seeds have an extension");
        let below = folder.join(format!("{:03}", number / 100));
        std::fs::create_dir_all(&below).expect("a folder can be made");
        let path = below.join(format!("{stem} {number:05}.{extension}"));
        std::fs::write(&path, broken(bytes, number)).expect("a broken file can be written");
        media::lay(&path);
    }
}

/// `bytes` with the damage that belongs to `number`.
pub fn broken(bytes: &[u8], number: u32) -> Vec<u8> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (u64::from(number) << 17) ^ u64::from(number));
    let mut out = bytes.to_vec();
    match dice.below(8) {
        0 => out.truncate(dice.below(bytes.len())),
        1 => flip(&mut out, &mut dice, 1, bytes.len()),
        2 => flip(&mut out, &mut dice, 16, bytes.len()),
        // Headers decide the most.
        3 => flip(&mut out, &mut dice, 4, 512),
        4 => flip(&mut out, &mut dice, 64, 4096),
        5 => overwrite(&mut out, &mut dice, 0xff),
        6 => overwrite(&mut out, &mut dice, 0x00),
        _ => {
            // Pieces in a wrong order, and an end that never comes.
            let cut = dice.below(bytes.len());
            out.rotate_left(cut);
            flip(&mut out, &mut dice, 2, 256);
        }
    }
    out
}

fn flip(out: &mut [u8], dice: &mut Dice, most: usize, within: usize) {
    let within = within.min(out.len());
    for _ in 0..=dice.below(most) {
        let at = dice.below(within);
        out[at] ^= 1 << dice.below(8);
    }
}

fn overwrite(out: &mut [u8], dice: &mut Dice, with: u8) {
    let start = dice.below(out.len());
    let end = (start + 1 + dice.below(64)).min(out.len());
    out[start..end].fill(with);
}

/// A small generator with a fixed start (SplitMix64): the same number gives the same damage for ever.
struct Dice(u64);

impl Dice {
    /// 0 to `end - 1`; 0 when `end` is 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (end.max(1) as u64)).unwrap_or_default()
    }
}

/// What the watch over the workers saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Different worker processes.
    pub workers: usize,
    /// The longest time that one worker had the same file open, and which file.
    pub longest: Duration,
    pub longest_file: String,
}

/// Looks at the daemon's children all the time: which file each has open, and since when.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

impl Watch {
    pub fn over(daemon: u32, folder: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, folder) = (Arc::clone(&stop), folder.to_path_buf());
        let thread = std::thread::spawn(move || watch(daemon, &folder, &flag));
        Self {
            stop,
            thread: Some(thread),
        }
    }

    pub fn end(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .take()
            .expect("taken once")
            .join()
            .expect("the watch does not panic")
    }
}

fn watch(daemon: u32, folder: &Path, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut workers = HashMap::new();
    let mut since: HashMap<(u32, PathBuf), Instant> = HashMap::new();
    while !stop.load(Ordering::Relaxed) {
        let mut open = HashMap::new();
        for pid in process::descendants(daemon) {
            workers.insert((pid, process::started_ms(pid)), ());
            for path in open_files(pid)
                .into_iter()
                .filter(|path| path.starts_with(folder))
            {
                let start = since
                    .get(&(pid, path.clone()))
                    .copied()
                    .unwrap_or_else(Instant::now);
                if start.elapsed() > seen.longest {
                    seen.longest = start.elapsed();
                    seen.longest_file = path
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                }
                open.insert((pid, path), start);
            }
        }
        since = open;
        std::thread::sleep(Duration::from_millis(100));
    }
    seen.workers = workers.len();
    seen
}

fn open_files(pid: u32) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .collect()
}
