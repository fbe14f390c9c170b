//! What the plan says is absent: names in the log, changes of media files, pages that wait for a writer.
//!
//! Never: a double in place of the program.

#[path = "house/mod.rs"]
mod house;
#[path = "media/mod.rs"]
mod media;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use alcove::db::Db;
use house::House;
use serde_json::json;

/// Words that stand in names and tags of the tree below and in no sentence of the program.
const NAMES: [&str; 4] = ["Xanthoria", "Quuxberg", "Zyzzyva", "Fjordmark"];

fn lay_tree(root: &Path) {
    media::copy(
        "short.mp4",
        &root.join("Films/Xanthoria (1999)/Xanthoria (1999).mp4"),
    );
    media::copy("mpeg2_ac3.mkv", &root.join("Films/Quuxberg.mkv"));
    media::copy(
        "tiny.mp3",
        &root.join("Music/Zyzzyva/Zyzzyva/01 Zyzzyva.mp3"),
    );
    let broken = root.join("Films/Fjordmark.mkv");
    std::fs::write(&broken, b"no film at all").expect("a broken file");
    media::lay(&broken);
}

/// Every file below `root` with its contents and its date.
fn contents(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder") {
            let path = entry.expect("entry").path();
            let facts = path.symlink_metadata().expect("facts");
            if facts.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("file");
                found.insert(path, (bytes, facts.modified().expect("date")));
            }
        }
    }
    found
}

/// Scans, plays the first segment of everything that is converted, searches, marks, and asks for pictures.
fn live_a_day(house: &House) {
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, Duration::from_secs(60));
    let items = owner.get("/api/v1/items?limit=100").json();
    let items = items["items"].as_array().expect("items").clone();
    assert!(items.len() >= 5, "{items:?}");
    for item in items {
        let id = item["id"].as_str().expect("id");
        owner.get(&format!("/api/v1/items/{id}"));
        owner.get(&format!("/api/v1/items/{id}/art/poster?size=small"));
        let wish = json!({"containers": ["mp4"], "video_codecs": ["h264"], "audio_codecs": ["aac"], "hls": true});
        let answer = owner.post(&format!("/api/v1/items/{id}/playback"), &wish);
        if answer.status == 200 {
            let url = answer.json()["url"].as_str().expect("url").to_owned();
            let first = url.replace("main.m3u8", "v/0/0.m4s");
            assert!(owner.get(&first).status < 500, "{first}");
        }
        let path = format!("/api/v1/items/{id}/progress");
        owner.send("PUT", &path, &json!({"position_ms": 100}));
    }
    for name in NAMES {
        owner.get(&format!("/api/v1/items?query={name}"));
    }
    owner.post("/api/v1/scan", &json!({"full": true}));
    house.wait_for_scan(&mut owner, Duration::from_secs(60));
}

#[test]
fn a_day_of_use_names_nothing_in_the_log_and_changes_no_media_file() {
    let root = tempfile::tempdir().expect("scratch");
    lay_tree(root.path());
    let before = contents(root.path());
    let mut house = House::over(root.path());
    live_a_day(&house);
    house.stop();
    let log = house.log();
    assert!(log.contains("answers on"), "{log}");
    for name in NAMES {
        let found = log.to_lowercase().contains(&name.to_lowercase());
        assert!(!found, "{name} stands in the log:\n{log}");
    }
    assert!(!log.contains(&root.path().display().to_string()), "{log}");
    assert_eq!(contents(root.path()), before);
}

#[tokio::test]
async fn a_page_is_read_while_the_writer_is_busy() {
    let state = tempfile::tempdir().expect("scratch");
    let db = Db::open(state.path()).expect("database");
    let (release, released) = std::sync::mpsc::channel::<()>();
    let writer = db.clone();
    let busy = tokio::spawn(async move {
        let wait = writer.write(move |conn| {
            conn.execute_batch("BEGIN IMMEDIATE")?;
            let ended = released.recv();
            conn.execute_batch("COMMIT")?;
            Ok(ended.is_ok())
        });
        wait.await
    });
    let count = db.read(|conn| {
        Ok(conn.query_row("SELECT count(*) FROM libraries", [], |row| {
            row.get::<_, i64>(0)
        })?)
    });
    let count = tokio::time::timeout(Duration::from_secs(10), count).await;
    assert_eq!(
        count
            .expect("the read waited for the writer")
            .expect("read"),
        0
    );
    release.send(()).expect("the write is still held");
    assert!(busy.await.expect("joined").expect("written"));
    db.close().await;
}
