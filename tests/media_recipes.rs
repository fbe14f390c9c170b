//! The media generator keeps its word: every recipe makes a file that is what its name says.
//! Never: media from elsewhere.

#[path = "media/mod.rs"]
mod media;

use std::process::Command;

/// What ffprobe says of a file: codec names of its streams in order, joined by blanks.
fn codecs(name: &str) -> String {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "stream=codec_name",
            "-of",
            "default=nw=1:nk=1",
        ])
        .arg(media::file(name))
        .output()
        .expect("ffprobe runs");
    assert!(
        output.status.success(),
        "ffprobe {name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[track_caller]
fn check(name: &str, expected: &str) {
    assert_eq!(codecs(name), expected, "{name}");
}

#[test]
fn recipes_make_what_their_names_say() {
    check("h264_aac.mp4", "h264 aac");
    check("hevc_ac3.mkv", "hevc ac3");
    check("mpeg2_ac3.mkv", "mpeg2video ac3");
    check("vp9_opus.webm", "vp9 opus");
    check("subtitles.mkv", "h264 aac subrip subrip");
    check("subtitles.mp4", "h264 aac mov_text mov_text");
    check("tone.mp3", "mp3 mjpeg");
    check("photo_exif.jpg", "mjpeg");
}

#[test]
fn the_list_names_each_recipe_once() {
    let mut names = media::names();
    assert!(names.len() > 40, "{names:?}");
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
