//! Files and playback addresses: ranges, conditions, tickets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::house::House;
use super::house::client::{Answer, Client};
use super::server::assert_problem;
use crate::media;

const NAME: &str = "h264_aac.mp4";
const FILM: &str = "Films/A Film (2001)/A Film (2001).mp4";

/// A server with one film, and the film's bytes.
struct Cinema {
    house: House,
    owner: Client,
    id: String,
    bytes: Vec<u8>,
    _media: tempfile::TempDir,
}

fn cinema() -> Cinema {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = folder.path().join(FILM);
    place(&film, None);
    Cinema::over(folder)
}

impl Cinema {
    /// A server over a folder with one film.
    fn over(folder: tempfile::TempDir) -> Self {
        let house = House::over(folder.path());
        let mut owner = house.owner();
        house.wait_for_scan(&mut owner, Duration::from_secs(60));
        let page = owner.get("/api/v1/items?kind=film").json();
        let id = page["items"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{page}"))
            .to_owned();
        let film = folder.path().join(FILM);
        let bytes = std::fs::read(film).expect("the film");
        Self {
            house,
            owner,
            id,
            bytes,
            _media: folder,
        }
    }

    fn file(&mut self, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/api/v1/items/{}/file", self.id);
        self.owner
            .request("GET", &path, headers, None)
            .expect("an answer")
    }

    fn play(&mut self, can: &Value) -> Answer {
        self.owner
            .post(&format!("/api/v1/items/{}/playback", self.id), can)
    }
}

fn browser() -> Value {
    json!({
        "containers": ["mp4", "webm", "unheard-of"], "video_codecs": ["h264", "vp9"],
        "audio_codecs": ["aac", "opus", "???"], "hls": true,
    })
}

#[test]
fn a_film_names_its_exact_codec_and_a_photo_its_upright_size() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = folder.path().join(FILM);
    place(&film, None);
    // Written just now: the list is whole only after a second look.
    let photo = folder.path().join("Photos/Turned.jpg");
    media::copy("tiny_exif.jpg", &photo);
    let now = SystemTime::now();
    std::fs::File::options()
        .append(true)
        .open(&photo)
        .and_then(|file| file.set_modified(now))
        .expect("a time of change");
    let house = House::over(folder.path());
    let mut owner = house.owner();
    let scan = house.wait_for_scan(&mut owner, Duration::from_secs(60));
    assert_eq!(scan["settling"], 0, "{scan}");
    let photos = owner.get("/api/v1/items?kind=photo").json();
    let photo = &photos["items"][0];
    assert_eq!(
        (&photo["width"], &photo["height"]),
        (&json!(64), &json!(96)),
        "{photos}"
    );
    let films = owner.get("/api/v1/items?kind=film").json();
    let film = &films["items"][0];
    assert!(
        film["width"].is_null() && film["height"].is_null(),
        "{film}"
    );
    let id = film["id"].as_str().expect("the film");
    let item = owner.get(&format!("/api/v1/items/{id}")).json();
    let name = item["tracks"]["video"][0]["codec_string"].as_str();
    assert!(
        name.is_some_and(|name| name.len() == 11 && name.starts_with("avc1.")),
        "{item}"
    );
}

#[test]
fn ranges_and_conditions_hold_on_a_real_file() {
    let mut cinema = cinema();
    let whole = cinema.file(&[]);
    let (bytes, length) = (cinema.bytes.clone(), cinema.bytes.len());
    assert_eq!((whole.status, whole.body.len()), (200, length));
    assert!(whole.body == bytes, "the whole file arrives as it is");
    for (name, want) in [("accept-ranges", "bytes"), ("content-type", "video/mp4")] {
        assert_eq!(whole.header(name), Some(want));
    }
    let etag = whole.header("etag").expect("etag").to_owned();
    let modified = whole
        .header("last-modified")
        .expect("last-modified")
        .to_owned();
    let last = length - 1;
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 0),
        ("bytes=100-299".to_owned(), 100, 299),
        (format!("bytes={last}-"), last, last),
        ("bytes=-10".to_owned(), length - 10, last),
        ("bytes=5-99999999999999999999999".to_owned(), 5, last),
    ] {
        let part = cinema.file(&[("Range", &range), ("If-Range", &etag)]);
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == bytes[from..=to], "{range}");
        let said = format!("bytes {from}-{to}/{length}");
        assert_eq!(part.header("content-range"), Some(said.as_str()));
        assert_eq!(
            part.header("content-length"),
            Some(part.body.len().to_string().as_str())
        );
    }
    let past = cinema.file(&[("Range", &format!("bytes={length}-"))]);
    assert_problem(&past, 416, "past_the_end");
    assert_eq!(
        past.header("content-range"),
        Some(format!("bytes */{length}").as_str())
    );
    for (headers, want) in [
        ([("If-None-Match", etag.as_str()), ("X", "")], 304),
        ([("If-Modified-Since", &modified), ("X", "")], 304),
        ([("If-Match", "\"other\""), ("X", "")], 412),
        ([("Range", "bytes=0-1"), ("If-Range", "\"other\"")], 200),
        ([("Range", "bytes=0-1,3-4"), ("X", "")], 200),
        ([("Range", "bytes=5-1"), ("X", "")], 200),
    ] {
        assert_eq!(cinema.file(&headers).status, want, "{headers:?}");
    }
    let path = format!("/api/v1/items/{}/file", cinema.id);
    let head = cinema
        .owner
        .request("HEAD", &path, &[], None)
        .expect("an answer");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.header("content-length"),
        Some(length.to_string().as_str())
    );
    assert_eq!(head.header("etag"), Some(etag.as_str()));
}

#[test]
fn what_the_viewer_chose_is_not_said_to_be_the_players_limit() {
    let mut cinema = cinema();
    for (limit, want) in [
        ("max_height", "player_size"),
        ("quality_max_height", "quality_size"),
        ("max_bit_rate_kbps", "player_rate"),
        ("quality_max_bit_rate_kbps", "quality_rate"),
    ] {
        let mut can = browser();
        can[limit] = json!(16);
        can["explain"] = json!(true);
        let playback = cinema.play(&can).json();
        let reasons = playback["reasons"].as_array().expect("reasons");
        let limits = ["player_size", "player_rate", "quality_size", "quality_rate"];
        let codes = reasons.iter().filter_map(|reason| reason["code"].as_str());
        let codes: Vec<&str> = codes.filter(|code| limits.contains(code)).collect();
        assert_eq!(codes, [want], "{limit}: {playback}");
    }
}

#[test]
fn a_playback_address_works_alone_and_ends_with_the_session() {
    let mut cinema = cinema();
    let board = cinema.owner.get("/api/v1/board").json();
    let version = board["ffmpeg"]
        .as_str()
        .expect("a worker has looked into the film");
    assert!(version.contains('.'), "{board}");
    assert_eq!(board["sandbox"]["no_new_privs"], true, "{board}");
    let answer = cinema.play(&browser());
    let playback = answer.json();
    assert_eq!(answer.status, 200, "{playback}");
    assert_eq!(playback["decision"], "direct_play", "{playback}");
    assert_eq!(playback["reasons"], json!([]));
    let url = playback["url"].as_str().expect("an address").to_owned();
    let mut player = cinema.house.visitor();
    let part = player
        .request("GET", &url, &[("Range", "bytes=0-9")], None)
        .expect("an answer");
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, &cinema.bytes[..10])
    );
    let forged = format!("{}A/file", url.strip_suffix("/file").expect("direct play"));
    assert_problem(&player.get(&forged), 403, "ticket_invalid");
    assert_problem(
        &player.get(&url.replace("/file", "/main.m3u8")),
        404,
        "not_found",
    );
    let left = cinema
        .owner
        .request("POST", "/api/v1/logout", &[], None)
        .expect("an answer");
    assert_eq!(left.status, 204);
    assert_problem(&player.get(&url), 403, "ticket_ended");
}

#[test]
fn what_cannot_be_played_as_it_is_becomes_segments() {
    let mut cinema = cinema();
    let can =
        json!({"containers": [], "video_codecs": ["h264"], "audio_codecs": ["aac"], "hls": true});
    let playback = cinema.play(&can).json();
    assert!(
        playback["reasons"][0]["text"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{playback}"
    );
    let url = playback["url"].as_str().expect("an address").to_owned();
    assert_eq!(playback["mime"], "application/vnd.apple.mpegurl");
    let mut player = cinema.house.visitor();
    let main = player.get(&url);
    assert_eq!(
        main.header("content-type"),
        Some("application/vnd.apple.mpegurl")
    );
    let text = main.text();
    let rung = text
        .lines()
        .find(|line| line.starts_with("v/"))
        .expect("a rendition");
    let base = url.strip_suffix("main.m3u8").expect("a playlist");
    let list = player.get(&format!("{base}{rung}")).text();
    assert!(list.contains("#EXT-X-ENDLIST"), "{list}");
    for (name, brand) in [("init.mp4", "ftyp"), ("0.m4s", "moof")] {
        let part = player.get(&format!("{base}v/0/{name}"));
        assert_eq!(
            (part.status, part.header("content-type")),
            (200, Some("video/mp4")),
            "{name}"
        );
        assert!(
            String::from_utf8_lossy(&part.body).contains(brand),
            "{name}"
        );
    }
    for name in ["9999.m4s", "-1.m4s", "x.m4s", "0.mp4", "99999999999.m4s"] {
        assert_problem(&player.get(&format!("{base}v/0/{name}")), 404, "not_found");
    }
    assert_problem(
        &player.get(&format!("{base}v/77/index.m3u8")),
        404,
        "not_found",
    );
    assert_problem(
        &player.get(&format!("{base}v/300/index.m3u8")),
        404,
        "not_found",
    );
    assert_problem(
        &player.get(&format!("{base}s/none/index.m3u8")),
        404,
        "not_found",
    );
}

#[test]
fn what_no_player_could_play_is_refused_with_the_reason() {
    let mut cinema = cinema();
    let can = json!({"containers": [], "video_codecs": [], "audio_codecs": [], "hls": false});
    assert_problem(&cinema.play(&can), 422, "nothing_playable");
    let names: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let can = json!({"containers": names, "video_codecs": [], "audio_codecs": []});
    assert_problem(&cinema.play(&can), 422, "invalid_body");
    assert_problem(
        &cinema.play(&json!({"containers": "mp4"})),
        422,
        "invalid_body",
    );
}

#[test]
fn a_file_that_is_gone_is_not_available_and_one_that_changed_is_not_mixed() {
    let mut cinema = cinema();
    let url = cinema.play(&browser()).json()["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    let film = cinema
        .house
        .media
        .join("Films/A Film (2001)/A Film (2001).mp4");
    std::fs::remove_file(&film).expect("remove");
    let answer = cinema.house.visitor().get(&url);
    assert!(
        matches!(answer.status, 404 | 409),
        "{} {}",
        answer.status,
        answer.text()
    );
    let answer = cinema.file(&[]);
    assert!(
        matches!(answer.status, 404 | 409),
        "{} {}",
        answer.status,
        answer.text()
    );
}

#[test]
fn it_ends_in_time_with_a_download_that_stands_still() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = folder.path().join("Films/Long (2002)/Long (2002).mp4");
    place(&film, Some(64 << 20));
    let mut house = House::over(folder.path());
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, Duration::from_secs(60));
    let page = owner.get("/api/v1/items?kind=film").json();
    let id = page["items"][0]["id"]
        .as_str()
        .expect("the film")
        .to_owned();
    let url = owner
        .post(&format!("/api/v1/items/{id}/playback"), &browser())
        .json()["url"]
        .as_str()
        .expect("an address")
        .to_owned();
    let mut deaf = TcpStream::connect(house.address).expect("connect");
    deaf.write_all(format!("GET {url} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .expect("request");
    deaf.read_exact(&mut [0; 100]).expect("the answer begins");
    let start = Instant::now();
    house.stop();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}\n{}",
        start.elapsed(),
        house.log()
    );
}

/// Puts the film there, longer if asked: with bytes that no container speaks of at its end.
fn place(path: &Path, length: Option<u64>) {
    media::copy(NAME, path);
    let file = std::fs::File::options()
        .write(true)
        .open(path)
        .expect("the film");
    if let Some(length) = length {
        file.set_len(length).expect("room on the disk");
    }
    // What was written a moment ago may still be being copied, and a scan would wait for it.
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    file.set_modified(long_ago).expect("a time of change");
}

#[test]
fn a_damaged_file_can_be_fetched_but_not_played() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = folder.path().join(FILM);
    place(&film, None);
    let bytes = b"A film once, of which little is left.";
    std::fs::write(&film, bytes).expect("write");
    let past = SystemTime::now() - Duration::from_secs(60);
    let open = std::fs::File::options().append(true).open(&film);
    open.and_then(|file| file.set_modified(past))
        .expect("set the time");
    let mut cinema = Cinema::over(folder);
    let item = cinema
        .owner
        .get(&format!("/api/v1/items/{}", cinema.id))
        .json();
    assert!(item["problem"]["code"].is_string(), "{item}");
    let whole = cinema.file(&[]);
    assert_eq!((whole.status, &whole.body[..]), (200, &bytes[..]));
    assert_eq!(whole.header("content-type"), Some("video/mp4"));
    let part = cinema.file(&[("Range", "bytes=2-5")]);
    assert_eq!((part.status, &part.body[..]), (206, &bytes[2..6]));
    assert_problem(&cinema.play(&browser()), 422, "unreadable");
}
