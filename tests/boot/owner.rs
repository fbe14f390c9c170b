//! What the owner of a box does on its page, through the API.
//!
//! Never: a request that no page makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::house::client::Client;
use super::machine::Machine;
use super::media;

const OWNER: &str = "owner";
const PASSWORD: &str = "test password of a board";
pub const CONSENT: &str = "/api/v1/privacy/consent";
/// Label of the drive, which is the name of its folder.
const DRIVE: &str = "Shelf";

/// Sets the box up, as its page does in the first minutes. The answer about privacy is no.
pub fn set_up(machine: &Machine) -> Client {
    let words = json!({"username": OWNER, "password": PASSWORD, "language": "en"});
    let answer = machine.visitor().post("/api/v1/setup", &words);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut owner = log_in(machine);
    answer_no(&mut owner);
    owner
}

pub fn log_in(machine: &Machine) -> Client {
    let words = json!({"username": OWNER, "password": PASSWORD, "token": true});
    let answer = machine.visitor().post("/api/v1/login", &words);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let token = answer["token"].as_str().expect("a token");
    machine.visitor().with_token(token.to_owned())
}

pub fn answer_no(owner: &mut Client) {
    let switches =
        json!({"playback_statistics": false, "crash_reports": false, "release_news": false});
    let no = json!({"mode": "off", "switches": switches});
    let answer = owner.send("PUT", CONSENT, &no);
    assert!(answer.status < 300, "{}", answer.text());
}

/// The mode of the answer that is in force.
pub fn mode(owner: &mut Client) -> String {
    let consent = owner.get(CONSENT).json();
    consent["in_force"]["mode"]
        .as_str()
        .expect("a mode")
        .to_owned()
}

/// A drive with one film of the recipe, as ext4.
pub fn drive(recipe: &str, folder: &Path) -> PathBuf {
    let extension = recipe
        .rsplit_once('.')
        .expect("recipes have an extension")
        .1;
    let content = folder.join("content");
    media::copy(
        recipe,
        &content.join(format!("Films/Played (2020)/Played (2020).{extension}")),
    );
    let image = folder.join("drive.img");
    let made = fs_made(&content, &image);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    image
}

fn fs_made(content: &Path, image: &Path) -> Output {
    Command::new("mke2fs")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args([
            "-q",
            "-t",
            "ext4",
            "-L",
            DRIVE,
            "-E",
            "root_owner=0:0",
            "-d",
        ])
        .args([content, image])
        .arg("256M")
        .output()
        .expect("mke2fs runs")
}

/// Adds the drive's films as a library as soon as the drive is offered; returns the film's id once it has been scanned.
pub fn add_films(machine: &Machine, owner: &mut Client) -> String {
    let path = format!("/media/{DRIVE}/Films");
    let library = json!({"name": "Films", "path": path, "kind": "films"});
    machine.wait_for("the drive's folder is offered", || {
        let folders = owner.get(&format!("/api/v1/folders?path=/media/{DRIVE}"));
        folders.status == 200 && folders.text().contains(&path)
    });
    let answer = owner.post("/api/v1/libraries", &library);
    assert!(answer.status < 300, "{}", answer.text());
    let mut film = None;
    machine.wait_for("the film was scanned", || {
        let page = owner.get("/api/v1/items?kind=film").json();
        film = page["items"][0]["id"].as_str().map(str::to_owned);
        film.is_some() && is_idle(&owner.get("/api/v1/scan").json())
    });
    film.expect("it was waited for")
}

fn is_idle(scan: &Value) -> bool {
    scan["state"] == "idle" && !scan["finished_at"].is_null()
}

/// The address of a film's playlist for a player that wants H.264 in HLS.
pub fn play(machine: &Machine, owner: &mut Client, film: &str) -> String {
    let player =
        json!({"containers": [], "video_codecs": ["h264"], "audio_codecs": ["aac"], "hls": true});
    let answer = owner.post(&format!("/api/v1/items/{film}/playback"), &player);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let playback = answer.json();
    assert_eq!(playback["decision"], "transcode", "{playback}");
    let url = playback["url"].as_str().expect("an address");
    format!("http://{}{url}", machine.address)
}

/// Pictures that ffmpeg decodes of the first video of `input`.
pub fn pictures(input: &str) -> usize {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-count_frames"])
        .args([
            "-show_entries",
            "stream=nb_read_frames",
            "-of",
            "csv=p=0",
            input,
        ])
        .output()
        .expect("ffprobe runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{input}: {said}"
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let word = text.lines().next().unwrap_or_default();
    word.trim_end_matches(',')
        .parse()
        .unwrap_or_else(|_| panic!("ffprobe said '{text}'"))
}
