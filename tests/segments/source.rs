//! Films made for one test, and what ffprobe says of them and of what became of them.
//!
//! Never: a file that outlives its test.

use std::path::{Path, PathBuf};
use std::process::Command;

use alcove::base::rational::Rational;
use alcove::media::grid::KeyframeIndex;

/// Runs `program` and gives what it printed, and what it complained of.
pub fn run(program: &str, arguments: &[&str]) -> (Vec<u8>, String) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed: {words}"
    );
    (output.stdout, words)
}

/// Makes a film of `seconds` with moving picture and changing sound.
pub fn make(folder: &Path, name: &str, rate: &str, seconds: f64, codecs: &str) -> PathBuf {
    let path = folder.join(name);
    let picture = format!("testsrc2=size=320x180:rate={rate}:duration={seconds}");
    // Noise has no two places alike, so that a shift can be measured.
    let sound = format!("anoisesrc=color=pink:amplitude=0.5:seed=7:r=48000:d={seconds}");
    let mut arguments = vec!["-v", "error", "-y", "-f", "lavfi", "-i", &picture];
    arguments.extend(["-f", "lavfi", "-i", &sound]);
    arguments.extend(codecs.split(' ').filter(|word| !word.is_empty()));
    arguments.extend(["-threads", "1", path.to_str().expect("plain path")]);
    run("ffmpeg", &arguments);
    path
}

fn probe(path: &Path, arguments: &[&str]) -> (String, String) {
    let mut all = vec!["-v", "warning", "-of", "csv=p=0"];
    all.extend(arguments);
    all.push(path.to_str().expect("plain path"));
    let (text, words) = run("ffprobe", &all);
    (String::from_utf8(text).expect("ffprobe prints text"), words)
}

fn base_of(path: &Path, stream: &str) -> Rational {
    let (text, _) = probe(
        path,
        &[
            "-select_streams",
            stream,
            "-show_entries",
            "stream=time_base",
        ],
    );
    let line = text.lines().next().expect("a stream").trim_end_matches(',');
    let (num, den) = line.split_once('/').expect("a fraction");
    Rational::new(num.parse().expect("num"), den.parse().expect("den"))
}

/// The keyframes of the film's picture, by reading every packet.
pub fn keyframes(path: &Path) -> KeyframeIndex {
    let entries = "packet=pts,dts,duration,flags";
    let (text, _) = probe(path, &["-select_streams", "v:0", "-show_entries", entries]);
    let mut pts = Vec::new();
    let mut end_pts = i64::MIN;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() < 4 {
            continue;
        }
        let own = fields[0].parse().or_else(|_| fields[1].parse());
        let own: i64 = own.expect("a time");
        if fields[3].contains('K') {
            pts.push(own);
        }
        end_pts = end_pts.max(own + fields[2].parse().unwrap_or(1));
    }
    KeyframeIndex {
        time_base: base_of(path, "v:0"),
        pts,
        end_pts,
        closed: true,
    }
}

/// Presentation times in ticks of decoded pictures, and the warnings on the way.
pub fn pictures(path: &Path) -> (Vec<i64>, String) {
    let entries = "frame=best_effort_timestamp";
    let (text, words) = probe(path, &["-select_streams", "v:0", "-show_entries", entries]);
    let mut times: Vec<i64> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let own = line.trim_end_matches(',').parse().ok();
        // The last pictures of a film without presentation times have none at all.
        let guess = || times.last_chunk().map(|[a, b]| b + (b - a));
        times.push(own.or_else(guess).expect("a time"));
    }
    (times, words)
}

/// Seconds at which the first stretch of sound begins.
pub fn first_sound_s(path: &Path) -> f64 {
    let entries = "frame=pts_time";
    let interval = ["-read_intervals", "%+#8"];
    let mut arguments = vec!["-select_streams", "a:0", "-show_entries", entries];
    arguments.extend(interval);
    let (text, _) = probe(path, &arguments);
    let line = text.lines().next().expect("sound");
    line.trim_end_matches(',').parse().expect("a time")
}

/// The sound as mono samples at 48 kHz, and the warnings on the way.
pub fn sound(path: &Path) -> (Vec<f32>, String) {
    let text = path.to_str().expect("plain path");
    let arguments = [
        "-v", "warning", "-i", text, "-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "f32le",
        "-",
    ];
    let (bytes, words) = run("ffmpeg", &arguments);
    let samples = bytes.chunks_exact(4);
    let samples = samples.map(|b| f32::from_le_bytes(b.try_into().expect("four bytes")));
    (samples.collect(), words)
}

/// By how many samples `made` lags behind `source` around sample `at`, where `made[i]` is expected to
/// be `source[i + shift]`; `None` where both are silent.
pub fn lag(made: &[f32], source: &[f32], at: usize, shift: i64) -> Option<i64> {
    const WINDOW: usize = 1024;
    const REACH: i64 = 1250;
    let window = made.get(at..at + WINDOW)?;
    let score = |lag: i64| {
        let start = i64::try_from(at).ok()? + shift - lag;
        let start = usize::try_from(start).ok()?;
        let other = source.get(start..start + WINDOW)?;
        let product: f64 = window
            .iter()
            .zip(other)
            .map(|(a, b)| f64::from(a * b))
            .sum();
        let power: f64 = other.iter().map(|b| f64::from(b * b)).sum();
        Some(product / power.sqrt().max(1e-9))
    };
    (-REACH..=REACH)
        .filter_map(|lag| Some((lag, score(lag)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .filter(|(_, score)| *score > 0.1)
        .map(|(lag, _)| lag)
}
