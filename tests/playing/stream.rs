//! Players at the address that a running Alcove gives them.
//!
//! Never: a cookie; players cannot send one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::players::{frame_times, gstreamer, samples};
use crate::house::House;
use crate::house::client::Client;
use crate::media;

const SCAN_LIMIT: Duration = Duration::from_secs(60);

/// What a browser that plays MP4 with H.264 and AAC says.
fn browser() -> Value {
    json!({
        "containers": ["mp4"],
        "video_codecs": ["h264"],
        "audio_codecs": ["aac"],
    })
}

/// The id of the item with that title, as soon as the scan has found it.
fn item(client: &mut Client, title: &str) -> String {
    let start = Instant::now();
    while start.elapsed() < SCAN_LIMIT {
        let found = client.get(&format!("/api/v1/items?query={title}")).json();
        if let Some(id) = found["items"][0]["id"].as_str() {
            return id.to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{title} was not found within {SCAN_LIMIT:?}");
}

/// Asks to play the item and returns the answer, with the address made whole.
fn play(house: &House, client: &mut Client, title: &str) -> (Value, String) {
    let id = item(client, title);
    let answer = client.post(&format!("/api/v1/items/{id}/playback"), &browser());
    assert_eq!(answer.status, 200, "{title}: {}", answer.text());
    let answer = answer.json();
    let path = answer["url"].as_str().expect("an address");
    let address = format!("http://{}{path}", house.address);
    (answer, address)
}

#[test]
fn players_show_every_picture_of_a_stream() {
    let scratch = tempfile::Builder::new().prefix("house").tempdir();
    let scratch = scratch.expect("a scratch folder");
    let films = [
        ("Copied", "subtitles.mkv", "remux"),
        ("Encoded", "hevc_aac.mkv", "transcode"),
        ("Older", "mpeg2_ac3.ts", "transcode"),
        ("Untouched", "h264_aac.mp4", "direct_play"),
    ];
    for (title, recipe, _) in films {
        let (_, extension) = recipe.rsplit_once('.').expect("recipes have an extension");
        let name = format!("films/{title} (2020)/{title} (2020).{extension}");
        media::copy(recipe, &scratch.path().join(name));
    }
    let house = House::over(scratch.path());
    let mut client = house.owner();
    for (title, recipe, decision) in films {
        let film = media::file(recipe);
        let want = frame_times(&film);
        let (answer, address) = play(&house, &mut client, title);
        assert_eq!(
            answer["decision"], decision,
            "{title}: {}",
            answer["reasons"]
        );
        let backend = (decision == "transcode").then_some("software");
        assert_eq!(answer["backend"], json!(backend), "{title}");
        let got = frame_times(&address);
        assert_eq!(
            got.len(),
            want.len(),
            "{title}: pictures in ffmpeg\n{}",
            house.log()
        );
        let span = |times: &[f64]| times.last().unwrap_or(&0.0) - times.first().unwrap_or(&0.0);
        assert!((span(&got) - span(&want)).abs() < 0.002, "{title}: length");
        let sound_apart = samples(&address, 48_000).abs_diff(samples(&film, 48_000));
        assert!(sound_apart <= 2_300, "{title}: {sound_apart} samples apart");
        let length_s = span(&want) + 0.04;
        let shown = gstreamer(&address, "picture");
        assert_eq!(shown.buffers, want.len(), "{title}: pictures in GStreamer");
        for end_s in [shown.end_s, gstreamer(&address, "sound").end_s] {
            let off_s = end_s - length_s;
            assert!(
                off_s.abs() < 0.1,
                "{title}: GStreamer ends at {end_s} s of {length_s}"
            );
        }
    }
}
