//! What ffmpeg sees of a playback, beside what it sees of the source.
//!
//! Never: an opinion about how segments are made.

mod players;
mod stage;
mod stream;

use crate::media;

use std::path::Path;
use std::process::Command;

use alcove::media::client::ClientProfile;
use alcove::media::codec::{AudioCodec, Container, VideoCodec};
use alcove::transcode::plan::Decision;

use players::{frame_times, samples};
use stage::{played, source_start};

/// A browser: MP4 and WebM, H.264 and VP9 and AV1, AAC and Opus and FLAC.
fn browser() -> ClientProfile {
    ClientProfile {
        containers: vec![Container::Mp4, Container::WebM],
        video_codecs: vec![VideoCodec::H264, VideoCodec::Vp9, VideoCodec::Av1],
        audio_codecs: vec![AudioCodec::Aac, AudioCodec::Opus, AudioCodec::Flac],
        max_bit_depth: Some(8),
        hls: true,
        ..ClientProfile::default()
    }
}

/// A television that also plays HEVC and Dolby Digital, in segments only.
fn television() -> ClientProfile {
    let mut client = browser();
    client.containers.clear();
    client.video_codecs.push(VideoCodec::Hevc);
    client.audio_codecs.push(AudioCodec::Ac3);
    client.max_bit_depth = Some(10);
    client
}

/// Plays the recipe `name` and compares.
async fn check(name: &str, client: &ClientProfile, decision: Decision) {
    compare(&media::file(name), client, decision).await;
}

/// Plays `film` and expects each picture of the source, at its time, and sound of the same length.
async fn compare(film: &Path, client: &ClientProfile, decision: Decision) {
    let name = film.display();
    let played = played(film, client).await;
    assert_eq!(
        played.verdict.decision, decision,
        "{name}: {:?}",
        played.verdict.reasons
    );
    let main = played.folder.path().join("main.m3u8");
    let start_s = source_start(&played);
    if !played.info.video.is_empty() {
        let want: Vec<f64> = frame_times(film)
            .iter()
            .map(|time| time - start_s)
            .collect();
        let got = frame_times(&main);
        assert_eq!(got.len(), want.len(), "{name}: pictures");
        let zero = got.first().copied().unwrap_or(0.0) - want.first().copied().unwrap_or(0.0);
        for (k, (got, want)) in got.iter().zip(&want).enumerate() {
            let off = got - zero - want;
            assert!(
                off.abs() < 0.002,
                "{name}: picture {k} at {got} instead of {want}"
            );
        }
    }
    if let Some(track) = played.info.audio.first() {
        let rate = f64::from(track.sample_rate_hz.min(48_000));
        let (got, want) = (samples(&main, 48_000), samples(film, 48_000));
        let apart_s = (got as f64 - want as f64).abs() / 48_000.0;
        // Two frames of AAC: the sound of a playback ends on its grid of frames. An MP3 file counts the
        // silence of its encoder's delay as part of its length, and so does its grid.
        let delay = if track.codec == AudioCodec::Mp3 {
            2_700.0
        } else {
            0.0
        };
        let allowed_s = (2.0 * 1024.0 + delay) / rate + 0.005;
        assert!(
            apart_s <= allowed_s,
            "{name}: {got} samples instead of {want}"
        );
    }
}

#[tokio::test]
async fn copied_films_keep_every_picture() {
    check("h264_aac.mkv", &browser(), Decision::Remux).await;
    check("gop_8s.mp4", &television(), Decision::Remux).await;
}

#[tokio::test]
async fn closed_groups_of_hevc_are_copied() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let film = folder.path().join("hevc.mkv");
    let done = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=320x180:r=25:d=9",
        ])
        .args([
            "-f",
            "lavfi",
            "-i",
            "sine=d=9:sample_rate=48000",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:v", "libx265", "-preset", "ultrafast", "-c:a", "ac3"])
        .args([
            "-x265-params",
            "log-level=none:open-gop=0:keyint=50:bframes=3:pools=1",
        ])
        .arg(&film)
        .status();
    assert!(done.expect("ffmpeg runs").success());
    compare(&film, &television(), Decision::Remux).await;
}

#[tokio::test]
async fn encoded_films_keep_every_picture() {
    check("mpeg2_ac3.mkv", &browser(), Decision::Transcode).await;
    check("mpeg4_mp3.avi", &browser(), Decision::Transcode).await;
}

#[tokio::test]
async fn films_without_clean_cuts_keep_every_picture() {
    check("hevc_open_gop_aac.mkv", &television(), Decision::Transcode).await;
    check("long_gop.mkv", &browser(), Decision::Transcode).await;
    check("one_keyframe.mp4", &television(), Decision::Transcode).await;
}

#[tokio::test]
async fn odd_rates_and_late_starts_keep_every_picture() {
    check("ntsc_film.mkv", &browser(), Decision::Remux).await;
    check("late_start.ts", &browser(), Decision::Transcode).await;
    check("vfr.mkv", &browser(), Decision::Remux).await;
}

#[tokio::test]
async fn sound_alone_keeps_its_length() {
    check("tone.ogg", &browser(), Decision::Transcode).await;
    check("tone.flac", &browser(), Decision::Remux).await;
    check("tone.mp3", &browser(), Decision::Transcode).await;
}

#[tokio::test]
async fn a_short_film_is_one_segment() {
    check("short.mp4", &television(), Decision::Remux).await;
    check("one_picture.mp4", &television(), Decision::Remux).await;
}
