//! Real playbacks over sockets, with real workers, and what the statistics get of them.
//!
//! Never: anything but loopback.

#[path = "events/collected.rs"]
mod collected;
#[path = "house/mod.rs"]
mod house;
#[path = "media/mod.rs"]
mod media;

use std::time::{Duration, Instant};

use alcove::telemetry::class::{
    Backend, BitRate, Client, Fallback, Feature, FirstSegment, Length, MediaKind, Outcome,
    RealTimeFactor, Resolution, Stalls, VideoCodec,
};
use serde_json::{Value, json};

use collected::{Player, Rooms};
use house::House;

const DESKTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

const SCAN_LIMIT: Duration = Duration::from_secs(60);

/// What a browser that plays MP4 with H.264 and AAC says.
fn browser() -> Value {
    json!({
        "containers": ["mp4"],
        "video_codecs": ["h264"],
        "audio_codecs": ["aac"],
    })
}

fn rooms() -> Rooms {
    Rooms::open(&[
        (
            "films/Untouched (2020)/Untouched (2020).mp4",
            "h264_aac.mp4",
        ),
        ("films/Copied (2020)/Copied (2020).mkv", "subtitles.mkv"),
        ("films/Encoded (2020)/Encoded (2020).mkv", "hevc_aac.mkv"),
        ("music/Somebody/Something/01 Tone.mp3", "tone.mp3"),
        ("photos/Picture.jpg", "photo_exif.jpg"),
    ])
}

/// Asks to play and expects `decision`; answers what follows from it.
fn play(player: &mut Player, id: &str, decision: &str) -> Value {
    let answer = player.post(&format!("items/{id}/playback"), &browser());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["decision"], decision, "{}", answer["reasons"]);
    assert_eq!(answer["wants_experience"], true);
    answer
}

/// Fetches the whole picture in segments.
fn fetch_picture(player: &mut Player, playback: &Value) {
    let url = playback["url"].as_str().expect("an address");
    let base = url.strip_suffix("main.m3u8").expect("a playlist");
    let list = player.get(&format!("{base}v/0/index.m3u8")).text();
    for name in list.lines().filter(|line| line.ends_with(".m4s")) {
        let answer = player.get(&format!("{base}v/0/{name}"));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[test]
fn each_playback_is_told_once_in_its_classes() {
    let rooms = rooms();
    direct_play(&rooms);
    remux(&rooms);
    transcode(&rooms);
    music_and_photos(&rooms);
}

fn direct_play(rooms: &Rooms) {
    let mut player = rooms.player(DESKTOP);
    let id = player.item("film", "Untouched");
    let playback = play(&mut player, &id, "direct_play");
    let url = playback["url"].as_str().expect("an address");
    assert_eq!(player.get(url).status, 200);
    assert_eq!(player.get(url).status, 200);
    player.put_place(&id);
    assert_eq!(rooms.ended(), []);
    player.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    let file = (
        played.media_kind,
        played.video_codec,
        played.resolution,
        played.bit_rate,
        played.length,
    );
    let want = (
        MediaKind::Video,
        VideoCodec::H264,
        Resolution::Below1200,
        BitRate::Below2000,
        Length::Below1800,
    );
    assert_eq!(file, want);
    assert_eq!(played.outcome, Outcome::Direct);
    assert_eq!(played.client, Client::DesktopBrowser);
    assert_eq!(played.feature, Feature::Plain);
    assert_eq!(played.backend, Backend::NotEncoded);
    assert_eq!(played.first_segment, FirstSegment::NoSegments);
    assert_eq!(played.stalls, Stalls::Unknown);
}

fn remux(rooms: &Rooms) {
    let mut player = rooms.player(PHONE);
    let id = player.item("film", "Copied");
    let playback = play(&mut player, &id, "remux");
    fetch_picture(&mut player, &playback);
    let words = playback["subtitles"][0]["url"].as_str().expect("subtitles");
    assert_eq!(player.get(words).status, 200);
    let address = format!("items/{id}/experience");
    for (wrong, status) in [
        (json!({"first_picture": "312", "stalls": "none"}), 422),
        (json!({"first_picture": 312, "stalls": "none"}), 400),
        (
            json!({"first_picture": "below_500", "stalls": "seldom"}),
            422,
        ),
        (json!({"first_picture": "below_500"}), 422),
    ] {
        assert_eq!(player.post(&address, &wrong).status, status, "{wrong}");
    }
    assert_eq!(rooms.ended(), []);
    let told = json!({"first_picture": "below_5000", "stalls": "below_20"});
    assert_eq!(player.post(&address, &told).status, 204);
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.outcome, Outcome::Remux);
    assert_eq!(played.client, Client::PhoneBrowser);
    assert_eq!(played.feature, Feature::Subtitles);
    assert_eq!(played.real_time_factor, RealTimeFactor::NotEncoded);
    assert_eq!(played.first_segment, FirstSegment::Below5000);
    assert_eq!(played.stalls, Stalls::Below20);
    // What is fetched or told afterwards is not another playback.
    fetch_picture(&mut player, &playback);
    assert_eq!(player.post(&address, &told).status, 204);
    player.logout();
    assert_eq!(rooms.ended(), []);
}

fn transcode(rooms: &Rooms) {
    let mut player = rooms.player("Lavf/61.7.100");
    let id = player.item("film", "Encoded");
    let playback = play(&mut player, &id, "transcode");
    fetch_picture(&mut player, &playback);
    player.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.video_codec, VideoCodec::Hevc);
    assert_eq!(played.client, Client::TvOrApp);
    assert_eq!(played.backend, Backend::Software);
    assert_eq!(played.fallback, Fallback::NoHardware);
    assert_ne!(played.first_segment, FirstSegment::NoSegments);
    // How fast the machine of the test is, it alone knows.
    use RealTimeFactor as F;
    match played.real_time_factor {
        F::NotEncoded => panic!("nothing was measured"),
        F::Below500 | F::Below900 => assert_eq!(played.outcome, Outcome::TooSlow),
        F::Below1100 => {}
        F::Below2000 | F::Above2000 => assert_eq!(played.outcome, Outcome::SoftwareKeepsUp),
    }
}

fn music_and_photos(rooms: &Rooms) {
    let mut player = rooms.player(DESKTOP);
    let song = player.item("track", "");
    let mut wish = browser();
    wish["containers"] = json!(["mp3"]);
    wish["audio_codecs"] = json!(["mp3"]);
    let answer = player.post(&format!("items/{song}/playback"), &wish).json();
    assert_eq!(answer["decision"], "direct_play");
    let url = answer["url"].as_str().expect("an address");
    assert_eq!(player.get(url).status, 200);
    player.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.media_kind, MediaKind::Audio);
    assert_eq!(played.video_codec, VideoCodec::NoVideo);
    assert_eq!(played.feature, Feature::NoVideo);
    assert_eq!(played.outcome, Outcome::Direct);
    let mut player = rooms.player(PHONE);
    let photo = player.item("photo", "");
    for _ in 0..2 {
        let shown = player.get(&format!("/api/v1/items/{photo}/photo"));
        assert_eq!(shown.status, 200);
    }
    player.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.media_kind, MediaKind::Photo);
    assert_eq!(played.length, Length::NoLength);
    assert_eq!(played.client, Client::PhoneBrowser);
    assert_eq!(played.outcome, Outcome::Direct);
}

#[test]
fn a_refusal_is_told_once_however_often_it_was_asked() {
    let rooms = rooms();
    let mut first = rooms.player(DESKTOP);
    let id = first.item("film", "Encoded");
    let address = format!("items/{id}/playback");
    let mut whole_files = browser();
    whole_files["hls"] = json!(false);
    for _ in 0..2 {
        assert_eq!(first.post(&address, &whole_files).status, 422);
    }
    first.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.outcome, Outcome::Failed);
    assert_eq!(played.video_codec, VideoCodec::Hevc);
    assert_eq!(played.first_segment, FirstSegment::NoSegments);
    let mut first = rooms.player(DESKTOP);
    let playback = play(&mut first, &id, "transcode");
    let base = playback["url"].as_str().expect("an address");
    let base = base.strip_suffix("main.m3u8").expect("a playlist");
    assert_eq!(first.get(&format!("{base}v/0/init.mp4")).status, 200);
    let mut second = rooms.player(PHONE);
    for _ in 0..2 {
        assert_eq!(second.post(&address, &browser()).status, 503);
    }
    second.logout();
    let [played] = rooms.ended()[..] else {
        panic!("not one event")
    };
    assert_eq!(played.outcome, Outcome::Failed);
    assert_eq!(played.client, Client::PhoneBrowser);
    first.logout();
    assert_eq!(rooms.ended().len(), 1);
}

#[test]
fn nothing_is_told_of_a_question_or_while_statistics_are_off() {
    let rooms = rooms();
    let mut player = rooms.player(DESKTOP);
    let id = player.item("film", "Untouched");
    let address = format!("items/{id}/playback");
    let mut question = browser();
    question["explain"] = json!(true);
    let answer = player.post(&address, &question).json();
    assert_eq!(answer["wants_experience"], false);
    player.logout();
    assert_eq!(rooms.ended(), []);
    let mut player = rooms.player(DESKTOP);
    let begun = play(&mut player, &id, "direct_play");
    let url = begun["url"].as_str().expect("an address");
    assert_eq!(player.get(url).status, 200);
    rooms.collect(false);
    let answer = player.post(&address, &browser()).json();
    assert_eq!(answer["wants_experience"], false);
    assert_eq!(player.get(url).status, 200);
    let told = json!({"first_picture": null, "stalls": "none"});
    let told = player.post(&format!("items/{id}/experience"), &told);
    assert_eq!(told.status, 204);
    player.logout();
    rooms.collect(true);
    assert_eq!(rooms.ended(), []);
}

/// The sum of what was counted of a metric this week.
fn counted(client: &mut house::client::Client, metric: &str) -> u64 {
    let journal = client.get("/api/v1/privacy/journal").json();
    let counts = journal["counts"].as_array().expect("a list");
    let own = counts.iter().find(|count| count["metric"] == metric);
    let weeks = own.and_then(|own| own["week"].as_array());
    let weeks = weeks.unwrap_or_else(|| panic!("no {metric}: {journal}"));
    weeks.iter().filter_map(Value::as_u64).sum()
}

#[test]
fn the_daemon_counts_what_was_played_and_shows_it_to_its_owner() {
    let scratch = tempfile::Builder::new().prefix("house").tempdir();
    let scratch = scratch.expect("a scratch folder");
    let film = scratch
        .path()
        .join("films/Encoded (2020)/Encoded (2020).mkv");
    media::copy("hevc_aac.mkv", &film);
    let house = House::over(scratch.path());
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, SCAN_LIMIT);
    let found = owner.get("/api/v1/items?kind=film").json();
    let id = found["items"][0]["id"].as_str().expect("a film").to_owned();
    let switches =
        json!({"playback_statistics": true, "crash_reports": false, "release_news": false});
    let answer = json!({"mode": "local", "switches": switches});
    let stored = owner.send("PUT", "/api/v1/privacy/consent", &answer);
    assert_eq!(stored.status, 200, "{}", stored.text());
    let performance = "/api/v1/privacy/performance";
    assert_eq!(owner.get(performance).json()["rows"], json!([]));
    let mut viewer = house.owner();
    let wish = viewer.post(&format!("/api/v1/items/{id}/playback"), &browser());
    let url = wish.json()["url"].as_str().expect("an address").to_owned();
    let base = url.strip_suffix("main.m3u8").expect("a playlist");
    assert_eq!(viewer.get(&format!("{base}v/0/0.m4s")).status, 200);
    assert_eq!(viewer.post("/api/v1/logout", &json!({})).status, 204);
    let start = Instant::now();
    while counted(&mut owner, "outcome") == 0 {
        assert!(start.elapsed() < SCAN_LIMIT, "{}", house.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    for (metric, times) in [
        ("outcome", 1),
        ("hevc_on_board", 1),
        ("h264_on_board", 0),
        ("board_family", 1),
    ] {
        assert_eq!(counted(&mut owner, metric), times, "{metric}");
    }
    let shown = owner.get(performance).json();
    let row = &shown["rows"][0];
    assert_eq!(row["video_codec"], "hevc", "{shown}");
    assert_eq!(row["backend"], "software");
    let factor = row["factor"].as_array().expect("counts");
    assert_eq!(factor.iter().filter_map(Value::as_u64).sum::<u64>(), 1);
    let off = json!({"mode": "off", "switches": switches});
    assert_eq!(
        owner.send("PUT", "/api/v1/privacy/consent", &off).status,
        200
    );
    let nothing = json!({"rows": [], "temperature": [], "throttling": []});
    assert_eq!(owner.get(performance).json(), nothing);
    assert_eq!(counted(&mut owner, "outcome"), 0);
}
