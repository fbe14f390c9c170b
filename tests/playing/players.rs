//! The player: what ffmpeg makes of a file or an address.
//!
//! Never: a shell.

use std::ffi::OsStr;
use std::process::Command;

/// Times of all pictures in seconds, as ffprobe reads and decodes them.
pub fn frame_times(source: impl AsRef<OsStr>) -> Vec<f64> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0"])
        .args(["-show_entries", "frame=pts_time", "-of", "csv=p=0"])
        .arg(source.as_ref())
        .output()
        .expect("ffprobe runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.is_empty(), "{:?}: {complaint}", source.as_ref());
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let times = text.lines().filter(|line| !line.is_empty());
    times
        .map(|line| line.trim_end_matches(',').parse().expect("a time"))
        .collect()
}

/// Samples of the first sound track after decoding and resampling to `rate_hz`.
pub fn samples(source: impl AsRef<OsStr>, rate_hz: u32) -> usize {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(source.as_ref())
        .args([
            "-map",
            "0:a:0",
            "-ac",
            "1",
            "-ar",
            &rate_hz.to_string(),
            "-f",
            "s16le",
            "-",
        ])
        .output()
        .expect("ffmpeg runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.is_empty(), "{:?}: {complaint}", source.as_ref());
    output.stdout.len() / 2
}
