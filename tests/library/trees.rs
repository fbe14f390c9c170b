//! Files that move, vanish, come back, are still being written, or whose disk is missing.
//!
//! Never: a change that no file system makes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use alcove::library::{ItemKind, ItemQuery, LibraryKind, ScanState};

use crate::house::{ANNA, BEN, Folders, House, Tasks, age};

#[tokio::test]
async fn a_renamed_film_keeps_its_number_and_history_even_in_another_library() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Old Name (2001).mkv");
    folders.put("tiny_h264.mp4", "films/Other.mp4");
    fs::create_dir_all(folders.media("misc")).unwrap();
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Old Name").await;
    house
        .library
        .mark_watched(ANNA, film.id, 0, true)
        .await
        .unwrap();

    let moves = [
        (
            "films/Old Name (2001).mkv",
            "films/New Name (2001)/New Name (2001).mkv",
            "New Name",
        ),
        (
            "films/New Name (2001)/New Name (2001).mkv",
            "misc/Third Name (2001).mkv",
            "Third Name",
        ),
    ];
    for (from, to, title) in moves {
        let to = house.folders.media(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(house.folders.media(from), to).unwrap();
        house.scan().await;
        let moved = house.one(ItemKind::Film, title).await;
        assert_eq!(moved.id, film.id, "{title}");
        assert!(moved.progress.is_some_and(|p| p.watched), "{title}");
        assert_eq!(house.of_kind(ItemKind::Film).await.len(), 2);
    }
    house.close().await;
}

#[tokio::test]
async fn the_history_of_a_deleted_film_comes_back_with_the_same_content() {
    let folders = Folders::new();
    let path = folders.put("tiny_h264.mkv", "films/Film.mkv");
    folders.put("tiny_h264.mp4", "films/Other.mp4");
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Film").await;
    house
        .library
        .mark_watched(ANNA, film.id, 0, true)
        .await
        .unwrap();
    let away = house.folders.state().join("away");
    fs::copy(&path, &away).unwrap();
    fs::remove_file(&path).unwrap();
    house.scan().await;
    assert_eq!(house.titles(ItemKind::Film).await, ["Other"]);
    assert!(house.library.item(ANNA, film.id).await.is_err());

    let back = house.folders.media("films/Back Again.mkv");
    fs::copy(&away, &back).unwrap();
    age(&back);
    house.scan().await;
    let again = house.one(ItemKind::Film, "Back Again").await;
    assert!(again.progress.is_some_and(|p| p.watched));
    let ben = house.library.summary(BEN, again.id).await.unwrap();
    assert_eq!(ben.progress, None);
    house.close().await;
}

#[tokio::test]
async fn a_missing_mount_makes_items_unavailable_and_they_come_back() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    folders.put("tiny_h264.mp4", "tv/Show/Show S01E01.mp4");
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Film").await;
    house
        .library
        .mark_watched(ANNA, film.id, 0, true)
        .await
        .unwrap();
    let (here, away) = (house.folders.media("films"), house.folders.media(".away"));
    // A mount point without its disk is an empty folder, or none at all.
    for leaves_folder in [true, false] {
        fs::rename(&here, &away).unwrap();
        if leaves_folder {
            fs::create_dir(&here).unwrap();
        }
        house.scan().await;
        let missing = house.one(ItemKind::Film, "Film").await;
        assert!(!missing.available && missing.id == film.id);
        assert!(house.library.source(film.id).await.is_err());
        assert!(
            house.one(ItemKind::Series, "Show").await.available,
            "the other library stays"
        );
        let libraries = house.library.libraries().await.unwrap();
        let films = libraries
            .iter()
            .find(|l| l.kind == LibraryKind::Films)
            .unwrap();
        assert!(!films.available && films.problem.is_some() && films.item_count == 1);

        if leaves_folder {
            fs::remove_dir(&here).unwrap();
        }
        fs::rename(&away, &here).unwrap();
        house.scan().await;
        let back = house.one(ItemKind::Film, "Film").await;
        assert!(back.available && back.progress.is_some_and(|p| p.watched));
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
async fn a_file_that_is_still_being_written_waits_until_it_rests() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Ready.mkv");
    let growing = folders.media("films/Growing.mkv");
    let whole = fs::read(crate::media::file("tiny_h264.mkv")).unwrap();
    fs::write(&growing, &whole[..whole.len() / 2]).unwrap();
    let house = House::open(folders, Tasks::Scan).await;
    assert_eq!(house.titles(ItemKind::Film).await, ["Ready"]);
    let waits = async |count: u64| {
        house
            .until(async |library| {
                let scan = library.scan_status();
                (scan.state == ScanState::Idle && scan.settling == count).then_some(())
            })
            .await;
    };
    waits(1).await;
    fs::write(&growing, &whole).unwrap();
    // Nobody asks for a scan: the file itself is looked at again.
    let film = house
        .until(async |library| {
            let query = ItemQuery {
                query: Some("growing".to_owned()),
                limit: 1,
                ..ItemQuery::default()
            };
            library.list(ANNA, &query).await.unwrap().items.pop()
        })
        .await;
    assert_eq!(film.problem, None, "it was not read half");
    waits(0).await;
    house.close().await;
}

#[tokio::test]
async fn nothing_is_waited_for_in_a_library_that_was_removed() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Ready.mkv");
    let growing = folders.media("films/Growing.mkv");
    let whole = fs::read(crate::media::file("tiny_h264.mkv")).unwrap();
    fs::write(&growing, &whole).unwrap();
    let house = House::open(folders, Tasks::Scan).await;
    let settling = async |wanted: u64| {
        house
            .until(async |library| (library.scan_status().settling == wanted).then_some(()))
            .await;
    };
    settling(1).await;
    let films = house.library.libraries().await.unwrap().remove(0);
    house.library.remove_library(films.id).await.unwrap();
    settling(0).await;
    house.close().await;
}

#[tokio::test]
async fn what_appears_and_vanishes_is_noticed_without_being_asked() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/First.mkv");
    let house = House::open(folders, Tasks::All).await;
    house
        .until(async |library| library.scan_status().watching.then_some(()))
        .await;
    let titles = async |wanted: &[&str]| {
        house
            .until(async |library| {
                let query = ItemQuery {
                    kind: Some(ItemKind::Film),
                    limit: 10,
                    ..ItemQuery::default()
                };
                let page = library.list(ANNA, &query).await.unwrap();
                let titles: Vec<_> = page.items.into_iter().map(|item| item.title).collect();
                (titles == wanted).then_some(())
            })
            .await;
    };
    house
        .folders
        .put("tiny_h264.mp4", "films/deep/er/Second.mp4");
    titles(&["First", "Second"]).await;
    house
        .folders
        .put("tiny_mpeg4.avi", "films/deep/er/Third.avi");
    titles(&["First", "Second", "Third"]).await;
    fs::remove_file(house.folders.media("films/First.mkv")).unwrap();
    titles(&["Second", "Third"]).await;
    house.close().await;
}

#[tokio::test]
async fn a_restart_and_a_second_scan_change_nothing() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film (2010)/Film (2010).mkv");
    folders.put("tiny_h264.mp4", "tv/Show/Season 1/Show S01E01.mp4");
    folders.put("tiny.flac", "music/a.flac");
    folders.write("films/broken.mkv", b"no film");
    let house = House::open(folders, Tasks::Scan).await;
    let before = house.all().await;
    house.scan().await;
    assert_eq!(house.all().await, before);
    house.scan_all_anew().await;
    assert_eq!(house.all().await, before, "a full scan reads the same");
    let folders = house.close().await;
    let house = House::open(folders, Tasks::Scan).await;
    assert_eq!(house.all().await, before);
    house.close().await;
}

#[tokio::test]
async fn links_are_followed_within_the_libraries_once_and_never_out_of_them() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/real/Real.mkv");
    let outside = tempfile::tempdir().unwrap();
    fs::copy(
        crate::media::file("tiny_h264.mp4"),
        outside.path().join("Secret.mp4"),
    )
    .unwrap();
    let link = |to: &str, from: &str| symlink(to, folders.media(from)).unwrap();
    link("..", "films/real/up");
    link("real", "films/again");
    link("loop-b", "films/loop-a");
    link("loop-a", "films/loop-b");
    link("self.mkv", "films/self.mkv");
    link("nowhere.mkv", "films/broken.mkv");
    link("real/Real.mkv", "films/Linked.mkv");
    symlink(outside.path(), folders.media("films/outside")).unwrap();
    symlink(
        outside.path().join("Secret.mp4"),
        folders.media("films/Secret.mp4"),
    )
    .unwrap();
    let house = House::open(folders, Tasks::Scan).await;
    assert_eq!(house.titles(ItemKind::Film).await, ["Linked", "Real"]);
    let problems = house.library.problems(None).await.unwrap().items;
    let mut found: Vec<_> = problems
        .iter()
        .map(|p| (p.path.as_str(), p.code.as_str()))
        .collect();
    found.sort_unstable();
    let want = [
        ("Secret.mp4", "outside"),
        ("broken.mkv", "broken_link"),
        ("outside", "outside"),
        ("self.mkv", "broken_link"),
    ];
    assert_eq!(found, want);
    house.close().await;
}

/// Episodes of different contents and the same size.
fn episodes() -> (Folders, impl Fn(u32) -> String) {
    let folders = Folders::new();
    let path = |number: u32| format!("tv/Show/Season 1/Show S01E{number:02}.mkv");
    let film = fs::read(crate::media::file("tiny_h264.mkv")).expect("test media");
    for number in 1..=3u8 {
        let bytes = [&film[..], &[number; 64]].concat();
        folders.write(&path(number.into()), &bytes);
    }
    (folders, path)
}

#[tokio::test]
async fn history_follows_the_content_when_names_are_passed_on_or_swapped() {
    const AWAY: u32 = 99;
    /// A file of another content.
    const NEW: u32 = 0;
    // What is renamed in turn, and which content then is at which number.
    type Case = (&'static str, &'static [(u32, u32)], &'static [(u32, u32)]);
    let cases: &[Case] = &[
        (
            "chain",
            &[(3, 4), (2, 3), (1, 2)],
            &[(2, 1), (3, 2), (4, 3)],
        ),
        (
            "swap",
            &[(1, AWAY), (2, 1), (AWAY, 2)],
            &[(1, 2), (2, 1), (3, 3)],
        ),
        (
            "round",
            &[(1, AWAY), (2, 1), (3, 2), (AWAY, 3)],
            &[(1, 2), (2, 3), (3, 1)],
        ),
        (
            "chain with a new first",
            &[(2, 4), (1, 2), (NEW, 1)],
            &[(1, NEW), (2, 1), (3, 3), (4, 2)],
        ),
        ("over another", &[(1, 2)], &[(2, 1), (3, 3)]),
        (
            "over another, replaced",
            &[(1, 2), (NEW, 1)],
            &[(1, NEW), (2, 1), (3, 3)],
        ),
    ];
    for (name, renames, wanted) in cases {
        let (folders, path) = episodes();
        let house = House::open(folders, Tasks::Scan).await;
        let shown = async || {
            let mut found = house.of_kind(ItemKind::Episode).await;
            found.sort_by_key(|episode| episode.episode_number);
            found
        };
        for (at, episode) in shown().await.iter().enumerate() {
            let watched = at == 0;
            let place_ms = if watched { 0 } else { at as u64 * 10 };
            let mark = house
                .library
                .mark_watched(ANNA, episode.id, place_ms, watched);
            mark.await.unwrap();
        }
        let before = shown().await;
        for (from, to) in *renames {
            let place = |number: u32| match number {
                AWAY => house.folders.state().join("away"),
                _ => house.folders.media(&path(number)),
            };
            if *from == NEW {
                house.folders.put("tiny_h264.mp4", &path(*to));
            } else {
                fs::rename(place(*from), place(*to)).unwrap();
            }
        }
        house.scan().await;
        let after = shown().await;
        let got: Vec<_> = after
            .iter()
            .map(|e| (e.episode_number.unwrap(), e.progress))
            .collect();
        let want: Vec<_> = wanted
            .iter()
            .map(|&(at, content)| match content {
                NEW => (at, None),
                _ => (at, before[content as usize - 1].progress),
            })
            .collect();
        assert_eq!(got, want, "{name}");
        for (episode, (_, content)) in after.iter().zip(*wanted) {
            let known = before.iter().position(|old| old.id == episode.id);
            let content = (*content != NEW).then(|| *content as usize - 1);
            assert_eq!(known, content, "{name}");
            assert!(
                house
                    .library
                    .source(episode.id)
                    .await
                    .unwrap()
                    .open()
                    .await
                    .is_ok()
            );
        }
        house.scan().await;
        assert_eq!(
            shown().await,
            after,
            "{name}: a second scan changes nothing"
        );
        house.close().await;
    }
}

/// A program that lets nobody else open a file.
struct Lease(Child);

impl Lease {
    fn take(path: &Path) -> Self {
        const HOLD: &str = r#"
            $SIG{IO} = "IGNORE"; $| = 1;
            open(my $file, "<", $ARGV[0]) or die; fcntl($file, 1024, 1) or die;
            print "held\n"; <STDIN>"#;
        let mut perl = Command::new("perl");
        perl.args(["-e", HOLD]).arg(path);
        let mut perl = perl
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("perl runs");
        let mut word = String::new();
        let said = perl.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut word).expect("a line");
        assert_eq!(word, "held\n");
        Self(perl)
    }

    fn give_back(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("perl ends").success());
    }
}

#[tokio::test]
async fn history_waits_for_a_file_that_cannot_be_read_now() {
    // What is renamed in turn, which name cannot be read at first, and where each content is then.
    type Case = (&'static [(u32, u32)], u32, [u32; 3]);
    let cases: &[Case] = &[
        (&[(1, 99), (2, 1), (99, 2)], 2, [2, 1, 3]),
        (&[(1, 99), (2, 1), (99, 2)], 1, [2, 1, 3]),
        (&[(3, 4), (2, 3), (1, 2)], 3, [2, 3, 4]),
        (&[(3, 4), (2, 3), (1, 2)], 4, [2, 3, 4]),
    ];
    for (renames, unread, numbers) in cases {
        let (folders, path) = episodes();
        let house = House::open(folders, Tasks::Scan).await;
        let known = house.of_kind(ItemKind::Episode).await;
        for episode in &known {
            let mark = house.library.mark_watched(ANNA, episode.id, 0, true);
            mark.await.unwrap();
        }
        for &(from, to) in *renames {
            fs::rename(
                house.folders.media(&path(from)),
                house.folders.media(&path(to)),
            )
            .unwrap();
        }
        let lease = Lease::take(&house.folders.media(&path(*unread)));
        house.scan().await;
        lease.give_back();
        house.scan().await;
        let mut want: Vec<_> = known.iter().map(|old| old.id).zip(*numbers).collect();
        let mut got: Vec<_> = house
            .of_kind(ItemKind::Episode)
            .await
            .iter()
            .map(|now| (now.id, now.episode_number.unwrap()))
            .collect();
        want.sort();
        got.sort();
        assert_eq!(got, want, "{renames:?}, {unread} unread");
        house.close().await;
    }
}

#[tokio::test]
async fn history_leaves_a_name_for_its_content_while_another_file_is_written_under_it() {
    let (folders, path) = episodes();
    let house = House::open(folders, Tasks::Scan).await;
    let first = house.one(ItemKind::Episode, "Episode 1").await;
    let mark = house.library.mark_watched(ANNA, first.id, 0, true);
    mark.await.unwrap();
    let of = |number: u32| house.folders.media(&path(number));
    fs::rename(of(1), of(4)).unwrap();
    // Written just now: it is not read before it rests.
    fs::copy(crate::media::file("tiny_h264.mp4"), of(1)).unwrap();
    house.scan().await;
    let moved = house.one(ItemKind::Episode, "Episode 4").await;
    assert_eq!(moved.id, first.id);
    assert!(moved.progress.is_some_and(|progress| progress.watched));
    age(&of(1));
    house.scan().await;
    let new = house.one(ItemKind::Episode, "Episode 1").await;
    assert_eq!((new.progress, new.problem), (None, None));
    house.close().await;
}

#[tokio::test]
async fn a_film_that_is_edited_in_its_place_keeps_its_history_there() {
    let (folders, path) = episodes();
    let house = House::open(folders, Tasks::Scan).await;
    let first = house.one(ItemKind::Episode, "Episode 1").await;
    let mark = house.library.mark_watched(ANNA, first.id, 0, true);
    mark.await.unwrap();
    house.folders.put("tiny_h264.mp4", &path(1));
    house.scan().await;
    let after = house.one(ItemKind::Episode, "Episode 1").await;
    assert_eq!(after.id, first.id);
    assert!(after.progress.is_some_and(|progress| progress.watched));
    house.close().await;
}
