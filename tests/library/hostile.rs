//! Files that are not what they seem: none stops a scan, each gets a readable problem or none.
//!
//! Never: relying on a permission that root does not have to keep.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use alcove::library::{ItemKind, ItemQuery};

use crate::house::{ANNA, Folders, House, Tasks, age};

#[tokio::test]
async fn bad_files_become_items_with_a_readable_problem() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Good.mkv");
    folders.write("films/Empty.mkv", b"");
    folders.write(
        "films/Text.mkv",
        b"This is no film at all, but it is long enough to be looked at.",
    );
    let whole = fs::read(crate::media::file("tiny_h264.mp4")).unwrap();
    folders.write("films/Cut.mp4", &whole[..64]);
    folders.write("music/Noise.mp3", &[0; 4096]);
    folders.write("photos/Not.jpg", b"JPEG? no.");
    fs::create_dir_all(folders.media("films/Folder.mkv")).unwrap();
    nix::unistd::mkfifo(
        &folders.media("films/Pipe.mkv"),
        nix::sys::stat::Mode::S_IRWXU,
    )
    .unwrap();
    let house = House::open(folders, Tasks::Scan).await;
    let all = house.all().await;
    let problem = |title: &str| {
        let item = all
            .iter()
            .find(|item| item.title == title)
            .unwrap_or_else(|| panic!("{title}"));
        item.problem.as_ref().map(|p| p.code.as_str())
    };
    assert_eq!(problem("Good"), None);
    assert_eq!(problem("Empty"), Some("empty"));
    for title in ["Text", "Cut", "Noise", "Not"] {
        let code = problem(title).unwrap_or_else(|| panic!("{title} has a problem"));
        assert!(
            ["unknown_format", "damaged"].contains(&code),
            "{title}: {code}"
        );
    }
    assert!(
        !all.iter()
            .any(|item| item.title == "Folder" || item.title == "Pipe")
    );
    let problems = house.library.problems(None).await.unwrap().items;
    assert_eq!(problems.len(), 5);
    assert!(
        problems
            .iter()
            .all(|p| p.text.ends_with('.') && p.item_id.is_some()),
        "{problems:?}"
    );
    assert_eq!(house.library.scan_status().problems, 5);

    // A file that was mended loses its problem.
    crate::media::copy("tiny_h264.mkv", &house.folders.media("films/Text.mkv"));
    age(&house.folders.media("films/Text.mkv"));
    house.scan().await;
    assert_eq!(house.one(ItemKind::Film, "Text").await.problem, None);
    assert_eq!(house.library.scan_status().problems, 4);
    house.close().await;
}

#[tokio::test]
async fn names_that_are_not_utf8_are_played_like_any_other() {
    let folders = Folders::new();
    let name = OsStr::from_bytes(b"films/Caf\xe9 (2010).mkv");
    let path = folders.media("").join(name);
    crate::media::copy("tiny_h264.mkv", &path);
    age(&path);
    let long = format!("films/{}.mkv", "x".repeat(250));
    folders.put("tiny_h264.mkv", &long);
    folders.put("tiny_h264.mkv", "films/new\nline \u{202e}rtl \u{1f980}.mkv");
    let house = House::open(folders, Tasks::Scan).await;
    let films = house.of_kind(ItemKind::Film).await;
    assert_eq!(films.len(), 3);
    let cafe = films
        .iter()
        .find(|film| film.title.starts_with("Caf"))
        .unwrap();
    assert_eq!(
        (cafe.title.as_str(), cafe.year),
        ("Caf\u{fffd}", Some(2010))
    );
    for film in &films {
        assert_eq!(film.problem, None);
        assert!(
            house
                .library
                .source(film.id)
                .await
                .unwrap()
                .open()
                .await
                .is_ok()
        );
    }
    house.close().await;
}

#[tokio::test]
async fn two_thousand_files_are_scanned_and_paged_through_while_some_vanish() {
    let folders = Folders::new();
    let from = crate::media::file("tiny.mp3");
    for album in 0..40 {
        let folder = folders.media(&format!("music/Artist {}/Album {album}", album / 4));
        fs::create_dir_all(&folder).unwrap();
        for track in 0..50 {
            let to = folder.join(format!("{track:02} - Song {album} {track}.mp3"));
            fs::copy(&from, &to).unwrap();
            age(&to);
        }
    }
    let doomed = folders.media("music/Artist 9");
    // It goes at some point of the walk or the probes; whichever, the scan ends.
    let remove = std::thread::spawn(move || fs::remove_dir_all(doomed).unwrap());
    let house = House::open(folders, Tasks::Scan).await;
    remove.join().unwrap();
    house.scan().await;
    let tracks = house.of_kind(ItemKind::Track).await;
    assert_eq!(tracks.len(), 1800);
    let mut ids: Vec<_> = tracks.iter().map(|t| t.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1800, "no page shows an item twice");
    assert!(tracks.iter().all(|t| t.problem.is_none()));
    let status = house.library.scan_status();
    assert!(status.finished_at_ms.is_some(), "{status:?}");
    let query = ItemQuery {
        query: Some("song 39 4".to_owned()),
        limit: 500,
        ..ItemQuery::default()
    };
    let found = house.library.list(ANNA, &query).await.unwrap();
    assert!(found.items.iter().all(|t| t.kind == ItemKind::Track));
    house.close().await;
}
