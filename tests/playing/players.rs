//! The players: what ffmpeg and GStreamer make of a file or an address.
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

/// What a sink of GStreamer's playbin was given until the end.
pub struct Shown {
    pub buffers: usize,
    /// The time at which the last buffer ends.
    pub end_s: f64,
}

/// Plays `address` with GStreamer as fast as it can and watches the sink named `picture` or `sound`.
///
/// One at a time: of two sinks that tell each buffer at once, gst-launch loses lines.
pub fn gstreamer(address: &str, watched: &str) -> Shown {
    let sink = |name: &str| format!("fakesink name={name} sync=false silent={}", name != watched);
    let output = Command::new("gst-launch-1.0")
        .args(["-v", "playbin", &format!("uri={address}")])
        .arg(format!("video-sink={}", sink("picture")))
        .arg(format!("audio-sink={}", sink("sound")))
        .output()
        .expect("gst-launch-1.0 runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{complaint}");
    let mark = format!("({watched}:sink)");
    let lines = || {
        text.lines()
            .filter(|line| line.contains("chain") && line.contains(&mark))
    };
    Shown {
        buffers: lines().count(),
        end_s: lines().next_back().and_then(end_of).unwrap_or(0.0),
    }
}

/// The end of a buffer in seconds, from a line such as
/// `... (115200 bytes, dts: none, pts: 0:00:11.960000000, duration: 0:00:00.040000000, ...`.
fn end_of(line: &str) -> Option<f64> {
    let field = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        let clock = rest.split(',').next()?.trim();
        clock.split(':').try_fold(0.0, |sum, part| {
            Some(sum * 60.0 + part.parse::<f64>().ok()?)
        })
    };
    Some(field(" pts: ")? + field(" duration: ").unwrap_or(0.0))
}
