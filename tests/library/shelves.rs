//! What is in the list after a scan of folders as people have them.
//!
//! Never: bad files; those are in `hostile`.

use alcove::library::{ItemId, ItemKind, ItemQuery, ItemSummary, LibraryKind, Sort};

use crate::house::{ANNA, Folders, House, Tasks, age};

#[tokio::test]
async fn folders_named_like_kinds_become_libraries_and_the_rest_is_sorted_by_what_it_is() {
    let folders = Folders::new();
    folders.put(
        "tiny_h264.mkv",
        "Films/Big Buck Bunny (2008)/Big Buck Bunny (2008).mkv",
    );
    folders.put(
        "tiny_h264.mp4",
        "tv/Show/Season 01/Show - S01E01 - Pilot.mp4",
    );
    folders.put(
        "tiny_h264.mp4",
        "tv/Show/Season 01/Show - S01E02-E03 - Two.mp4",
    );
    folders.put("tiny.flac", "MUSIC/Artist/Album/01 - Song.flac");
    folders.put("photo_exif.jpg", "photos/a.jpg");
    folders.put("tiny_h264.mov", "Home Videos/IMG_0001.mov");
    folders.put("tiny_h264.mkv", "misc/Other.Show.1x02.mkv");
    folders.put("tiny_vp9.webm", "misc/Some Film (2010).webm");
    folders.put("tiny.mp3", "misc/Band - Tune.mp3");
    folders.put("photo.jpg", "misc/beach/holiday.jpg");
    let house = House::open(folders, Tasks::Scan).await;

    let kinds: Vec<_> = house
        .library
        .libraries()
        .await
        .unwrap()
        .into_iter()
        .map(|l| l.kind)
        .collect();
    for kind in [
        LibraryKind::Films,
        LibraryKind::Series,
        LibraryKind::Music,
        LibraryKind::Photos,
        LibraryKind::HomeVideos,
        LibraryKind::Mixed,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
    assert_eq!(
        house.titles(ItemKind::Film).await,
        ["Big Buck Bunny", "Some Film"]
    );
    assert_eq!(house.titles(ItemKind::Series).await, ["Other Show", "Show"]);
    assert_eq!(
        house.titles(ItemKind::Episode).await,
        ["Episode 2", "Pilot", "Two"]
    );
    assert_eq!(house.of_kind(ItemKind::Photo).await.len(), 2);
    assert_eq!(house.of_kind(ItemKind::HomeVideo).await.len(), 1);
    assert_eq!(house.of_kind(ItemKind::Track).await.len(), 2);

    let film = house.one(ItemKind::Film, "Big Buck Bunny").await;
    assert_eq!(film.year, Some(2008));
    assert!(film.duration_ms.is_some_and(|ms| ms > 100), "{film:?}");
    assert!(film.available && film.problem.is_none(), "{film:?}");
    let two = house.one(ItemKind::Episode, "Two").await;
    assert_eq!(
        (
            two.series_title.as_deref(),
            two.season_number,
            two.episode_number,
            two.episode_number_end
        ),
        (Some("Show"), Some(1), Some(2), Some(3))
    );
    let source = house.library.source(film.id).await.unwrap();
    assert_eq!(
        source.open().await.unwrap().metadata().unwrap().len(),
        source.size_bytes
    );
    assert_eq!(source.info.video.len(), 1);
    let photo = house.one(ItemKind::Photo, "a").await;
    assert!(photo.taken_at_ms.is_some());
    house.close().await;
}

#[tokio::test]
async fn only_photos_have_a_size_and_it_is_the_upright_one() {
    let folders = Folders::new();
    folders.put("photo_exif.jpg", "photos/flat.jpg");
    let turned = folders.put("tiny_exif.jpg", "photos/turned.jpg");
    folders.put("tiny_h264.mov", "photos/IMG_0001.mov");
    folders.write("photos/torn.jpg", b"no photo at all");
    let house = House::open(folders, Tasks::Scan).await;
    let sizes = async || {
        let mut sizes: Vec<_> = house
            .all()
            .await
            .into_iter()
            .map(|item| (item.kind, item.title, item.size))
            .collect();
        sizes.sort_by(|a, b| a.1.cmp(&b.1));
        sizes
    };
    let mut wanted = vec![
        (ItemKind::HomeVideo, "IMG 0001".to_owned(), None),
        (ItemKind::Photo, "flat".to_owned(), Some((640, 480))),
        (ItemKind::Photo, "torn".to_owned(), None),
        (ItemKind::Photo, "turned".to_owned(), Some((64, 96))),
    ];
    assert_eq!(sizes().await, wanted);

    crate::media::copy("photo_exif.jpg", &turned);
    age(&turned);
    house.scan().await;
    wanted[3].2 = Some((640, 480));
    assert_eq!(sizes().await, wanted, "another photo under the same name");
    house.close().await;
}

#[tokio::test]
async fn a_series_opens_into_seasons_and_these_into_episodes_in_order() {
    let folders = Folders::new();
    for name in ["S01E01", "S01E02", "S01E10", "S02E01", "S00E01"] {
        let season = &name[1..3];
        folders.put(
            "tiny_h264.mp4",
            &format!("series/A Show/Season {season}/A Show {name}.mp4"),
        );
    }
    let house = House::open(folders, Tasks::Scan).await;
    let show = house.one(ItemKind::Series, "A Show").await;
    assert_eq!((show.child_count, show.unwatched_count), (Some(3), Some(5)));
    let seasons = house
        .list(ItemQuery {
            parent: Some(show.id),
            ..ItemQuery::default()
        })
        .await;
    let numbers: Vec<_> = seasons.iter().map(|s| s.season_number).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(0)], "specials come last");
    let first = house
        .list(ItemQuery {
            parent: Some(seasons[0].id),
            ..ItemQuery::default()
        })
        .await;
    let episodes: Vec<_> = first.iter().map(|e| e.episode_number).collect();
    assert_eq!(episodes, [Some(1), Some(2), Some(10)]);

    let next = |id: ItemId| {
        let library = house.library.clone();
        async move {
            library
                .next_of(ANNA, id)
                .await
                .unwrap()
                .map(|e| (e.season_number, e.episode_number))
        }
    };
    assert_eq!(next(first[1].id).await, Some((Some(1), Some(10))));
    assert_eq!(
        next(first[2].id).await,
        Some((Some(2), Some(1))),
        "into the next season"
    );
    let second = house
        .list(ItemQuery {
            parent: Some(seasons[1].id),
            ..ItemQuery::default()
        })
        .await;
    assert_eq!(next(second[0].id).await, None, "specials do not follow");
    let detail = house.library.item(ANNA, first[0].id).await.unwrap();
    let parents: Vec<_> = detail.parents.iter().map(|p| p.kind).collect();
    assert_eq!(parents, [ItemKind::Series, ItemKind::Season]);
    assert_eq!((detail.previous, detail.next), (None, Some(first[1].id)));
    house.close().await;
}

#[tokio::test]
async fn editions_of_a_film_are_told_apart_in_lists_at_home_and_on_their_pages() {
    let folders = Folders::new();
    for edition in ["", " {edition-Final Cut}", " {edition-Director's Cut}"] {
        let path = format!("films/Blade Runner (1982)/Blade Runner (1982){edition}.mkv");
        folders.put("tiny_h264.mkv", &path);
    }
    let house = House::open(folders, Tasks::Scan).await;
    let wanted = [None, Some("Director's Cut"), Some("Final Cut")];
    let editions = |films: &[ItemSummary]| {
        let mut found: Vec<_> = films.iter().map(|film| film.edition.clone()).collect();
        found.sort();
        assert_eq!(found, wanted.map(|name| name.map(str::to_owned)));
    };
    let films = house.of_kind(ItemKind::Film).await;
    editions(&films);
    editions(&house.library.home(ANNA).await.unwrap().added[0].items);
    for film in films {
        let page = house.library.item(ANNA, film.id).await.unwrap();
        assert_eq!(page.summary.edition, film.edition);
    }
    house.close().await;
}

/// A library whose titles are easily put in the wrong order.
async fn five_films() -> House {
    let folders = Folders::new();
    for (title, year) in [
        ("The Zebra", 2001),
        ("Éclair", 1999),
        ("A Rocky 10", 2010),
        ("Rocky 2", 1979),
        ("Émile & Co", 1999),
    ] {
        folders.put("tiny_h264.mkv", &format!("films/{title} ({year}).mkv"));
    }
    House::open(folders, Tasks::Scan).await
}

#[tokio::test]
async fn lists_come_in_pages_in_every_order() {
    let house = five_films().await;
    for (sort, want) in [
        (
            Sort::Title,
            ["Éclair", "Émile & Co", "Rocky 2", "A Rocky 10", "The Zebra"],
        ),
        (
            Sort::TitleDown,
            ["The Zebra", "A Rocky 10", "Rocky 2", "Émile & Co", "Éclair"],
        ),
        (
            Sort::Year,
            ["Rocky 2", "Éclair", "Émile & Co", "The Zebra", "A Rocky 10"],
        ),
        (
            Sort::YearDown,
            ["A Rocky 10", "The Zebra", "Éclair", "Émile & Co", "Rocky 2"],
        ),
    ] {
        let mut query = ItemQuery {
            kind: Some(ItemKind::Film),
            sort: Some(sort),
            limit: 2,
            ..ItemQuery::default()
        };
        let mut titles = Vec::new();
        loop {
            let page = house.library.list(ANNA, &query).await.unwrap();
            assert!(page.items.len() <= 2);
            titles.extend(page.items.into_iter().map(|item| item.title));
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(titles, want, "{sort:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn lists_are_searched_by_beginnings_of_words_and_entered_by_letter() {
    let house = five_films().await;
    for (text, want) in [
        ("rock", vec!["Rocky 2", "A Rocky 10"]),
        ("ROCKY 10", vec!["A Rocky 10"]),
        ("eclair", vec!["Éclair"]),
        ("ÉMI", vec!["Émile & Co"]),
        ("co em", vec!["Émile & Co"]),
        ("ocky", vec![]),
        ("\"' OR 1 --", vec![]),
        ("***", vec![]),
        (
            "",
            vec!["Éclair", "Émile & Co", "Rocky 2", "A Rocky 10", "The Zebra"],
        ),
    ] {
        let query = ItemQuery {
            query: Some(text.to_owned()),
            ..ItemQuery::default()
        };
        let titles: Vec<_> = house
            .list(query)
            .await
            .into_iter()
            .map(|item| item.title)
            .collect();
        assert_eq!(titles, want, "{text}");
    }
    let letters = house
        .library
        .letters(Some(ItemKind::Film), None)
        .await
        .unwrap();
    let shown: Vec<_> = letters
        .iter()
        .map(|l| (l.letter.as_str(), l.count))
        .collect();
    assert_eq!(shown, [("E", 2), ("R", 2), ("Z", 1)]);
    let from_r = ItemQuery {
        kind: Some(ItemKind::Film),
        sort: Some(Sort::Title),
        cursor: letters[1].cursor.clone(),
        limit: 1,
        ..ItemQuery::default()
    };
    assert_eq!(
        house.library.list(ANNA, &from_r).await.unwrap().items[0].title,
        "Rocky 2"
    );
    let bad = ItemQuery {
        cursor: Some("nonsense".to_owned()),
        ..ItemQuery::default()
    };
    assert!(house.library.list(ANNA, &bad).await.is_err());
    house.close().await;
}

#[tokio::test]
async fn texts_and_subtitles_beside_a_film_are_read_and_change_with_their_files() {
    let folders = Folders::new();
    folders.put(
        "tiny_subtitles.mkv",
        "films/film one (2010)/film one (2010).mkv",
    );
    folders.put(
        "side.srt",
        "films/film one (2010)/film one (2010).nl.forced.srt",
    );
    folders.put("side.srt", "films/film one (2010)/Subs/2_English.srt");
    folders.write(
        "films/film one (2010)/movie.nfo",
        b"<movie><title>Film One</title><plot>A plot.</plot><genre>Drama</genre><actor><name>Ann</name></actor></movie>",
    );
    folders.write("films/film one (2010)/film one (2010)-trailer.mkv", b"x");
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Film One").await;
    assert_eq!(house.all().await.len(), 1, "the trailer is left out");
    let detail = house.library.item(ANNA, film.id).await.unwrap();
    assert_eq!(detail.details.overview.as_deref(), Some("A plot."));
    assert_eq!(detail.details.people[0].name, "Ann");
    let languages: Vec<_> = detail
        .subtitles
        .iter()
        .map(|s| (s.language.clone().unwrap_or_default(), s.forced))
        .collect();
    assert!(
        languages.contains(&("nl".to_owned(), true)),
        "{languages:?}"
    );
    assert!(
        languages.contains(&("en".to_owned(), false)),
        "{languages:?}"
    );
    house.folders.write(
        "films/film one (2010)/movie.nfo",
        b"<movie><title>Renamed</title></movie>",
    );
    std::fs::remove_dir_all(house.folders.media("films/film one (2010)/Subs")).unwrap();
    house.scan().await;
    let renamed = house.one(ItemKind::Film, "Renamed").await;
    assert_eq!(renamed.id, film.id);
    let detail = house.library.item(ANNA, film.id).await.unwrap();
    assert_eq!(detail.details.overview, None);
    assert!(
        !detail
            .subtitles
            .iter()
            .any(|s| s.id.starts_with('x') && s.language.as_deref() == Some("en"))
    );
    house.close().await;
}

#[tokio::test]
async fn albums_follow_tags_before_folders_and_mixed_artists_make_a_compilation() {
    let folders = Folders::new();
    for (name, tags) in [
        (
            "a",
            [
                "artist=One",
                "album=First",
                "track=1/2",
                "title=A",
                "date=1999-01-02",
            ],
        ),
        (
            "b",
            [
                "artist=One",
                "album=First",
                "track=2/2",
                "title=B",
                "date=1999",
            ],
        ),
        (
            "c",
            ["artist=Two", "album=Mix", "track=1", "title=C", "genre=Pop"],
        ),
        (
            "d",
            [
                "artist=Three",
                "album=Mix",
                "track=2",
                "title=D",
                "genre=Pop",
            ],
        ),
    ] {
        let path = folders.put("tiny.flac", &format!("music/pile/{name}.flac"));
        tag(&path, &tags);
    }
    let untagged = "music/Folder Artist/1984 - Folder Album/CD1/01 - Untagged.flac";
    tag(&folders.put("tiny.flac", untagged), &[]);
    let house = House::open(folders, Tasks::Scan).await;
    assert_eq!(
        house.titles(ItemKind::Artist).await,
        ["Folder Artist", "One", "Various Artists"]
    );
    let albums: Vec<_> = house
        .of_kind(ItemKind::Album)
        .await
        .into_iter()
        .map(|album| {
            (
                album.title,
                album.artist.unwrap_or_default(),
                album.year,
                album.child_count,
            )
        })
        .collect();
    let want = [
        ("First", "One", Some(1999), Some(2)),
        ("Folder Album", "Folder Artist", Some(1984), Some(1)),
        ("Mix", "Various Artists", None, Some(2)),
    ];
    let want: Vec<_> = want
        .into_iter()
        .map(|(t, a, y, n)| (t.to_owned(), a.to_owned(), y, n))
        .collect();
    assert_eq!(albums, want);
    let first = house.one(ItemKind::Album, "First").await;
    let tracks = house
        .list(ItemQuery {
            parent: Some(first.id),
            ..ItemQuery::default()
        })
        .await;
    let titles: Vec<_> = tracks.iter().map(|t| t.title.as_str()).collect();
    assert_eq!(titles, ["A", "B"]);
    // Without its second artist the album is no compilation any more.
    std::fs::remove_file(house.folders.media("music/pile/d.flac")).unwrap();
    house.scan().await;
    let mix = house.one(ItemKind::Album, "Mix").await;
    assert_eq!(mix.artist.as_deref(), Some("Two"));
    assert_eq!(
        house.titles(ItemKind::Artist).await,
        ["Folder Artist", "One", "Two"]
    );
    house.close().await;
}

/// Writes tags into a copy and puts it in place of the file.
fn tag(path: &std::path::Path, tags: &[&str]) {
    let tagged = path.with_extension("tagged.flac");
    let mut command = std::process::Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-y", "-i"])
        .arg(path)
        .args(["-c", "copy", "-map_metadata", "-1"]);
    for tag in tags {
        command.args(["-metadata", tag]);
    }
    let status = command.arg(&tagged).status().expect("ffmpeg runs");
    assert!(status.success());
    std::fs::rename(&tagged, path).expect("rename");
    crate::house::age(path);
}
