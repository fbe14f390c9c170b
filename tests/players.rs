//! Other people's players play a converted film to its end: ffmpeg, and GStreamer's old and new HLS.
//! Never: a player that shares code with Alcove's own checks.

#[path = "house/mod.rs"]
mod house;
#[path = "media/mod.rs"]
mod media;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use house::House;
use serde_json::{Value, json};

/// What a player that knows HLS, H.264 and AAC says of itself.
fn profile() -> Value {
    json!({"containers": [], "video_codecs": ["h264"], "audio_codecs": ["aac"], "hls": true})
}

/// A house with one film, and the HLS address of it.
fn converted(name: &str) -> (House, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a scratch folder can be made");
    let extension = name.rsplit_once('.').expect("recipes have an extension").1;
    media::copy(
        name,
        &folder
            .path()
            .join(format!("Films/Played (2020)/Played (2020).{extension}")),
    );
    let house = House::over(folder.path());
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, Duration::from_secs(60));
    let page = owner.get("/api/v1/items?kind=film").json();
    let id = page["items"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no film: {page}"));
    let playback = owner
        .post(&format!("/api/v1/items/{id}/playback"), &profile())
        .json();
    let url = playback["url"]
        .as_str()
        .unwrap_or_else(|| panic!("no address: {playback}"));
    assert!(url.ends_with("main.m3u8"), "{playback}");
    let address = if url.starts_with('/') {
        format!("http://{}{url}", house.address)
    } else {
        url.to_owned()
    };
    (house, folder, address)
}

/// Decoded pictures of the first video stream: their times in milliseconds, from the first one on.
fn picture_times_ms(input: &str) -> Vec<i64> {
    let output = run(Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_entries"])
        .args([
            "frame=best_effort_timestamp_time",
            "-of",
            "default=nw=1:nk=1",
            input,
        ]));
    let text = String::from_utf8_lossy(&output.stdout);
    let times: Vec<f64> = text
        .split_whitespace()
        .filter_map(|word| word.trim_end_matches(',').parse().ok())
        .collect();
    let first = times.first().copied().unwrap_or_default();
    times
        .iter()
        .map(|time| ((time - first) * 1000.0).round() as i64)
        .collect()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the player runs");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn source(name: &str) -> String {
    media::file(name)
        .to_str()
        .expect("test media have plain names")
        .to_owned()
}

/// Each picture of the source is there once, at its time; a millisecond is the source's own precision.
#[track_caller]
fn check_ffmpeg(name: &str) {
    let (_house, _folder, address) = converted(name);
    let expected = picture_times_ms(&source(name));
    let played = picture_times_ms(&address);
    assert_eq!(played.len(), expected.len(), "{name}: pictures played");
    let late = expected
        .iter()
        .zip(&played)
        .find(|(a, b)| (*a - *b).abs() > 2);
    assert_eq!(late, None, "{name}: a picture is not at its time");
    let errors = run(Command::new("ffmpeg").args([
        "-v", "error", "-i", &address, "-map", "0", "-f", "null", "-",
    ]))
    .stderr;
    assert!(
        errors.is_empty(),
        "{name}: {}",
        String::from_utf8_lossy(&errors)
    );
}

/// Sound has the length of the pictures within a tenth of a second, after decoding all of it.
#[track_caller]
fn check_sound(name: &str) {
    let (_house, _folder, address) = converted(name);
    let seconds = |input: &str| {
        let raw = run(Command::new("ffmpeg").args([
            "-v", "error", "-i", input, "-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le",
            "-",
        ]));
        raw.stdout.len() as f64 / 16_000.0
    };
    let (expected, played) = (seconds(&source(name)), seconds(&address));
    assert!(
        (expected - played).abs() < 0.1,
        "{name}: {played} s of sound instead of {expected}"
    );
}

/// `element` plays to the end of the stream and shows every picture.
#[track_caller]
fn check_gstreamer(element: &str, name: &str) {
    let (_house, _folder, address) = converted(name);
    let output = run(Command::new("timeout")
        .args(["90", "gst-launch-1.0", "-v", element])
        .args([
            &format!("uri={address}"),
            "video-sink=fakesink name=pictures sync=false silent=false",
            "audio-sink=fakesink name=sound sync=false",
        ]));
    let text = String::from_utf8_lossy(&output.stdout);
    let shown = text
        .lines()
        .filter(|line| line.contains("chain") && line.contains("(pictures:sink)"))
        .count();
    assert_eq!(
        shown,
        picture_times_ms(&source(name)).len(),
        "{element} {name}"
    );
    assert!(
        text.contains("EOS") || text.contains("end-of-stream"),
        "{element} {name} did not come to the end"
    );
}

#[test]
fn ffmpeg_plays_every_picture_of_hevc() {
    check_ffmpeg("hevc_aac.mkv");
}

#[test]
fn ffmpeg_plays_every_picture_of_mpeg2() {
    check_ffmpeg("mpeg2_ac3.mkv");
}

#[test]
fn ffmpeg_plays_every_picture_of_a_transport_stream_that_starts_late() {
    check_ffmpeg("late_start.ts");
}

#[test]
fn ffmpeg_plays_every_picture_of_film_rate() {
    check_ffmpeg("ntsc_film.mkv");
}

#[test]
fn ffmpeg_plays_every_picture_of_a_film_with_few_keyframes() {
    check_ffmpeg("long_gop.mkv");
}

#[test]
fn ffmpeg_plays_every_picture_of_a_varying_rate() {
    check_ffmpeg("vfr.mkv");
}

#[test]
fn ffmpeg_plays_every_picture_of_a_film_without_sound() {
    check_ffmpeg("h264_only.mp4");
}

#[test]
fn sound_is_as_long_as_in_the_source() {
    check_sound("hevc_aac.mkv");
    check_sound("mpeg2_ac3.mkv");
    check_sound("h264_51.mp4");
}

#[test]
fn gstreamer_plays_hevc_to_the_end() {
    check_gstreamer("playbin", "hevc_aac.mkv");
}

#[test]
fn gstreamer_plays_mpeg2_to_the_end() {
    check_gstreamer("playbin", "mpeg2_ac3.mkv");
}

/// Longer than the 30 s that hlsdemux2 reads ahead: on a busy machine GStreamer 1.22 fails on a film that it has
/// read to the end before its decoders stand ("Can't push EOS on non-exposed pad").
#[test]
fn gstreamer_with_the_new_hls_plays_to_the_end() {
    check_gstreamer("playbin3", "long_gop.mkv");
}

#[test]
fn the_length_in_the_playlist_is_the_length_of_the_source() {
    let name = "hevc_aac.mkv";
    let (house, _folder, address) = converted(name);
    let main = house
        .visitor()
        .get(address.trim_start_matches(&format!("http://{}", house.address)))
        .text();
    let media_line = main
        .lines()
        .find(|line| line.ends_with(".m3u8"))
        .unwrap_or_else(|| panic!("no rendition: {main}"));
    let base = Path::new(&address)
        .parent()
        .expect("an address has a folder")
        .to_str()
        .expect("ASCII")
        .to_owned();
    let path = format!("{base}/{media_line}")
        .replace(&format!("http:/{}", house.address), "")
        .replace(&format!("http://{}", house.address), "");
    let list = house.visitor().get(&path).text();
    let sum: f64 = list
        .lines()
        .filter_map(|line| {
            line.strip_prefix("#EXTINF:")?
                .split(',')
                .next()?
                .parse::<f64>()
                .ok()
        })
        .sum();
    assert!((sum - 8.0).abs() < 0.05, "{sum} s in\n{list}");
    assert!(list.contains("#EXT-X-ENDLIST"), "{list}");
}
