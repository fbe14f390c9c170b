//! What fails for a while: it costs nothing that is known and is tried again.
//!
//! Never: a failure that a file deserves; those are with the hostile ones.

use std::fs;
use std::time::Duration;

use alcove::library::{ArtKind, ArtSize, ItemKind, LibraryKind, ScanRequest, ScanState};

use crate::house::{Folders, House, Tasks, worker_after};

/// Far less than the pause after a scan that was given up.
const SOON: Duration = Duration::from_secs(20);

const CRASHES: &str = r#"[ -e "$S/crash" ] && kill -SEGV $$"#;

/// As the kernel does it when memory runs out; each try leaves a line.
const IS_KILLED: &str = r#"echo >> "$S/tries"; [ -e "$S/crash" ] && kill -KILL $$"#;

#[tokio::test]
async fn a_file_that_failed_once_is_read_by_a_later_scan() {
    for (fault, code) in [(CRASHES, "crashed"), (IS_KILLED, "not_this_time")] {
        let folders = Folders::new();
        folders.put("tiny_h264.mkv", "films/Film.mkv");
        let crash = folders.state().join("crash");
        fs::write(&crash, b"").unwrap();
        let program = worker_after(&folders, fault);
        let house = House::open_with(folders, Tasks::Scan, program).await;
        let film = house.one(ItemKind::Film, "Film").await;
        assert_eq!(film.problem.map(|p| p.code).as_deref(), Some(code));
        assert!(house.library.source(film.id).await.is_err());
        fs::remove_file(&crash).unwrap();
        house.scan().await;
        let again = house.one(ItemKind::Film, "Film").await;
        assert_eq!((again.id, again.problem), (film.id, None));
        assert!(house.library.source(film.id).await.is_ok());
        house.close().await;
    }
}

#[tokio::test]
async fn a_file_whose_reader_is_killed_is_tried_ever_later_then_only_when_all_is_read_anew() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    let (crash, tries) = (folders.state().join("crash"), folders.state().join("tries"));
    fs::write(&crash, b"").unwrap();
    let program = worker_after(&folders, IS_KILLED);
    let house = House::open_with(folders, Tasks::Scan, program).await;
    let code = async || {
        let film = house.one(ItemKind::Film, "Film").await;
        film.problem.map(|problem| problem.code)
    };
    let tried = || fs::read_to_string(&tries).unwrap().lines().count();
    assert_eq!(tried(), 1);
    for (minutes, tries, said) in [
        (0, 2, "not_this_time"),
        (0, 2, "not_this_time"),
        (10, 3, "not_this_time"),
        (10, 3, "not_this_time"),
        (60, 4, "not_this_time"),
        (360, 5, "given_up"),
        (9999, 5, "given_up"),
    ] {
        house.pass_minutes(minutes);
        house.scan().await;
        assert_eq!((tried(), code().await.as_deref()), (tries, Some(said)));
    }
    fs::remove_file(&crash).unwrap();
    house.scan().await;
    assert_eq!(code().await.as_deref(), Some("given_up"));
    house.scan_all_anew().await;
    assert_eq!(code().await, None);
    house.close().await;
}

#[tokio::test]
async fn a_failure_takes_nothing_from_a_film_that_was_read_before() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Film").await;
    let before = house.library.source_with_grid(film.id).await.unwrap();
    assert!(before.grid.is_some());
    let folders = house.close().await;

    fs::write(folders.state().join("crash"), b"").unwrap();
    let program = worker_after(&folders, CRASHES);
    let house = House::open_with(folders, Tasks::Scan, program).await;
    house.scan_all_anew().await;
    let after = house.one(ItemKind::Film, "Film").await;
    assert_eq!(after.problem.map(|p| p.code).as_deref(), Some("crashed"));
    let source = house.library.source(film.id).await.unwrap();
    assert_eq!((source.info, source.grid), (before.info, before.grid));
    house.close().await;
}

#[tokio::test]
async fn a_library_removed_while_it_is_scanned_does_not_hold_up_the_others() {
    let folders = Folders::new();
    for name in ["one", "two", "three"] {
        folders.put("tiny_h264.mkv", &format!("films/{name}.mkv"));
    }
    folders.put("tiny_h264.mp4", "tv/Show/Show S01E01.mp4");
    let hold = folders.state().join("hold");
    let program = worker_after(&folders, r#"while [ -e "$S/hold" ]; do sleep 0.02; done"#);
    let away = folders.media(".away");
    fs::create_dir(&away).unwrap();
    let (films, tv) = (folders.media("films"), folders.media("tv"));
    fs::rename(&films, away.join("films")).unwrap();
    fs::rename(&tv, away.join("tv")).unwrap();
    let house = House::open_with(folders, Tasks::Scan, program).await;
    fs::rename(away.join("films"), &films).unwrap();
    fs::rename(away.join("tv"), &tv).unwrap();
    fs::write(&hold, b"").unwrap();
    house.library.request_scan(ScanRequest::default());
    let doomed = house
        .until(async |library| {
            let all = library.libraries().await.unwrap();
            all.into_iter().find(|l| l.kind == LibraryKind::Films)
        })
        .await;
    house
        .until(async |library| (library.scan_status().total == 4).then_some(()))
        .await;
    house.library.remove_library(doomed.id).await.unwrap();
    fs::remove_file(&hold).unwrap();
    let rest = house.until(async |library| {
        let status = library.scan_status();
        let shown = house.titles(ItemKind::Episode).await;
        (status.state == ScanState::Idle && !shown.is_empty()).then_some(())
    });
    tokio::time::timeout(SOON, rest)
        .await
        .expect("no long pause");
    assert!(house.titles(ItemKind::Film).await.is_empty());
    house.close().await;
}

#[tokio::test]
async fn a_library_removed_while_its_films_are_indexed_does_not_hold_up_the_others() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    folders.put("tiny_h264.mp4", "tv/Show/Show S01E01.mp4");
    // The scan's workers are let through: the background's is the one that waits.
    let holds = r#"[ "$1" = idle ] && while [ -e "$S/hold" ]; do : > "$S/held"; sleep 0.02; done"#;
    let program = worker_after(&folders, holds);
    let (hold, held) = (folders.state().join("hold"), folders.state().join("held"));
    fs::write(&hold, b"").unwrap();
    let house = House::open_with(folders, Tasks::All, program).await;
    let film = house.one(ItemKind::Film, "Film").await;
    let episode = house.one(ItemKind::Episode, "Episode 1").await;
    house.until(async |_| held.exists().then_some(())).await;
    let gone = house.library.remove_library(film.library_id);
    gone.await.unwrap();
    fs::remove_file(&hold).unwrap();
    let rest = house.until(async |library| library.source(episode.id).await.ok()?.grid);
    tokio::time::timeout(SOON, rest)
        .await
        .expect("no long pause");
    house.close().await;
}

#[tokio::test]
async fn a_crash_takes_neither_the_picture_nor_the_cuts_for_good() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    let program = worker_after(&folders, CRASHES);
    let crash = folders.state().join("crash");
    let house = House::open_with(folders, Tasks::Scan, program).await;
    let film = house.one(ItemKind::Film, "Film").await.id;
    let picture = async |size| house.library.artwork(film, ArtKind::Poster, size).await;
    fs::write(&crash, b"").unwrap();
    assert!(picture(ArtSize::Small).await.is_err());
    let source = house.library.source_with_grid(film).await.unwrap();
    assert_eq!(source.grid, None);
    fs::remove_file(&crash).unwrap();
    picture(ArtSize::Small).await.expect("made at the next try");
    let source = house.library.source_with_grid(film).await.unwrap();
    assert!(source.grid.is_some());
    house.close().await;
}
