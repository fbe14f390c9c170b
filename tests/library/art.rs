//! Pictures: beside the film, inside it, taken from it; made ahead and on demand.
//!
//! Never: comparing pixels that an encoder chose.

use alcove::library::{ArtKind, ArtSize, ItemKind, LibraryError};

use crate::house::{ANNA, Folders, House, Tasks, worker_after};

#[tokio::test]
async fn pictures_come_from_beside_the_file_else_from_it() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/With (2010)/With (2010).mkv");
    folders.put("photo.jpg", "films/With (2010)/poster.jpg");
    folders.put("photo.png", "films/With (2010)/fanart.png");
    folders.put("h264_aac.mp4", "films/Without (2011)/Without (2011).mp4");
    folders.put("tiny_h264.mp4", "tv/Show/Season 1/Show S01E01.mp4");
    folders.put("photo.jpg", "tv/Show/poster.jpg");
    folders.put("tiny.flac", "music/Artist/Album/01.flac");
    folders.put("photo.jpg", "music/Artist/Album/cover.jpg");
    folders.put("photo_exif.jpg", "photos/a.jpg");
    folders.write("films/Broken/poster.jpg", b"no picture");
    folders.put("tiny_h264.mkv", "films/Broken/Broken.mkv");
    let house = House::open(folders, Tasks::Scan).await;
    let art = async |id, kind, size| house.library.artwork(id, kind, size).await;
    let with = house.one(ItemKind::Film, "With").await;
    assert!(with.poster.is_some() && with.backdrop.is_some());
    for (kind, title) in [
        (ItemKind::Film, "With"),
        (ItemKind::Film, "Without"),
        (ItemKind::Series, "Show"),
        (ItemKind::Season, "Season 1"),
        (ItemKind::Episode, "Episode 1"),
        (ItemKind::Photo, "a"),
    ] {
        let item = house.one(kind, title).await;
        assert!(item.poster.is_some(), "{title}");
        for size in [ArtSize::Small, ArtSize::Large] {
            let made = art(item.id, ArtKind::Poster, size).await.unwrap();
            assert!(made.bytes.starts_with(&[0xFF, 0xD8]), "{title} is a JPEG");
            let again = art(item.id, ArtKind::Poster, size).await.unwrap();
            assert_eq!(
                (made.etag, made.bytes),
                (again.etag, again.bytes),
                "{title}"
            );
        }
        let item = house.library.summary(ANNA, item.id).await.unwrap();
        assert!(
            item.poster.and_then(|p| p.colour).is_some(),
            "{title} has a colour"
        );
    }
    assert!(
        art(with.id, ArtKind::Backdrop, ArtSize::Large)
            .await
            .is_ok()
    );
    let album = house.of_kind(ItemKind::Album).await.remove(0);
    let track = house.of_kind(ItemKind::Track).await.remove(0);
    let cover = art(album.id, ArtKind::Poster, ArtSize::Small)
        .await
        .unwrap();
    assert_eq!(
        art(track.id, ArtKind::Poster, ArtSize::Small)
            .await
            .unwrap()
            .etag,
        cover.etag
    );
    let broken = house.one(ItemKind::Film, "Broken").await;
    assert!(matches!(
        art(broken.id, ArtKind::Poster, ArtSize::Small).await,
        Err(LibraryError::NoPicture)
    ));
    let broken = house.one(ItemKind::Film, "Broken").await;
    assert_eq!(
        broken.poster, None,
        "a picture that cannot be made is not offered again"
    );
    let photo = house.one(ItemKind::Photo, "a").await;
    assert!(
        house
            .library
            .photo(photo.id)
            .await
            .unwrap()
            .bytes
            .starts_with(&[0xFF, 0xD8])
    );
    assert!(matches!(
        house.library.photo(with.id).await,
        Err(LibraryError::NoPicture)
    ));
    let none = art(
        alcove::library::ItemId(999),
        ArtKind::Poster,
        ArtSize::Small,
    )
    .await;
    assert!(matches!(none, Err(LibraryError::NotFound)));
    house.close().await;
}

#[tokio::test]
async fn grids_pictures_and_texts_are_made_while_nobody_waits() {
    let folders = Folders::new();
    folders.put("h264_aac.mp4", "films/A.mp4");
    folders.put("subtitles.mkv", "films/B.mkv");
    folders.put("mpeg2_ac3.ts", "films/C.ts");
    let house = House::open(folders, Tasks::All).await;
    let films = house.of_kind(ItemKind::Film).await;
    for film in &films {
        house
            .until(async |library| {
                let ready = library.source(film.id).await.unwrap().grid.is_some();
                let shown = library.summary(ANNA, film.id).await.unwrap();
                (ready && shown.poster.and_then(|p| p.colour).is_some()).then_some(())
            })
            .await;
    }
    house
        .until(async |_| {
            let kept = std::fs::read_dir(house.folders.state().join("subtitles")).ok()?;
            (kept.count() > 0).then_some(())
        })
        .await;
    let grid = house
        .library
        .source(films[0].id)
        .await
        .unwrap()
        .grid
        .unwrap();
    let again = house.library.source_with_grid(films[0].id).await.unwrap();
    assert_eq!(Some(grid.clone()), again.grid);
    house.close().await;
}

#[tokio::test]
async fn subtitles_inside_and_beside_a_film_become_webvtt() {
    let folders = Folders::new();
    folders.put("subtitles.mkv", "films/Film/Film.mkv");
    folders.put("side.srt", "films/Film/Film.nl.srt");
    folders.put("side.ass", "films/Film/Subs/English.ass");
    folders.write(
        "films/Film/Film.de.srt",
        b"\xff\xfe\x00 nothing of a subtitle",
    );
    let house = House::open(folders, Tasks::Scan).await;
    let film = house.one(ItemKind::Film, "Film").await;
    let detail = house.library.item(ANNA, film.id).await.unwrap();
    assert!(detail.subtitles.len() >= 4, "{:?}", detail.subtitles);
    for subtitle in &detail.subtitles {
        let text = house.library.subtitle(film.id, &subtitle.id).await;
        if subtitle.language.as_deref() == Some("de") {
            assert!(matches!(text, Err(LibraryError::Unreadable)), "{text:?}");
            continue;
        }
        let text = text.unwrap();
        assert!(text.starts_with(b"WEBVTT"), "{subtitle:?}");
        let again = house.library.subtitle(film.id, &subtitle.id).await.unwrap();
        assert_eq!(text, again);
    }
    for id in ["x999", "e999", "", "x", "e-1", "../../etc/passwd"] {
        let got = house.library.subtitle(film.id, id).await;
        assert!(matches!(got, Err(LibraryError::NotFound)), "{id}: {got:?}");
    }
    house.close().await;
}

#[tokio::test]
async fn what_was_made_goes_with_its_film_and_so_does_what_a_crash_left() {
    let folders = Folders::new();
    folders.put("subtitles.mkv", "films/Film.mkv");
    let mut other = std::fs::read(crate::media::file("subtitles.mkv")).unwrap();
    other.extend(b"another film");
    folders.write("films/Kept.mkv", &other);
    let side = folders.put("side.srt", "films/Film.nl.srt");
    let texts = folders.state().join("subtitles");
    let art = folders.state().join("art/01");
    for folder in [&texts, &art] {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("0123456789abcdef-1.part"), b"begun").unwrap();
        std::fs::write(folder.join("0123456789abcdef-1.made"), b"of nothing").unwrap();
    }
    let names = |folder: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    };
    let house = House::open(folders, Tasks::All).await;
    let film = house.one(ItemKind::Film, "Film").await;
    let kept = house.one(ItemKind::Film, "Kept").await;
    let fingerprint = async |id| house.library.source(id).await.unwrap().fingerprint;
    let of_film = format!("{:016x}", fingerprint(film.id).await);
    let of_kept = format!("{:016x}", fingerprint(kept.id).await);
    let detail = house.library.item(ANNA, film.id).await.unwrap();
    for subtitle in &detail.subtitles {
        let text = house.library.subtitle(film.id, &subtitle.id).await;
        text.unwrap();
    }
    let count = |start: &str| {
        let all = names(&texts);
        all.iter().filter(|name| name.starts_with(start)).count()
    };
    assert!(count(&of_film) > 0 && count("x") == 1);
    house
        .until(async |_| (names(&art).is_empty() && count("01234") == 0).then_some(()))
        .await;
    assert!(count(&of_kept) > 0 && count(&of_film) > 0);

    crate::media::copy("side.ass", &side);
    crate::house::age(&side);
    house.scan().await;
    house.until(async |_| (count("x") == 0).then_some(())).await;
    assert!(count(&of_film) > 0, "the film itself has not changed");

    std::fs::remove_file(house.folders.media("films/Film.mkv")).unwrap();
    house.scan().await;
    house
        .until(async |_| (count(&of_film) == 0).then_some(()))
        .await;
    assert!(count(&of_kept) > 0);
    house.close().await;
}

#[tokio::test]
async fn who_asks_for_the_same_picture_or_text_at_once_shares_its_making() {
    let folders = Folders::new();
    let path = folders.put("subtitles.mkv", "films/Film.mkv");
    let away = folders.state().join("away");
    let waits = r#"if [ "$1" = viewer ]; then
        echo >> "$S/viewers"; while [ -e "$S/hold" ]; do : > "$S/held"; sleep 0.02; done; fi"#;
    let program = worker_after(&folders, waits);
    let state = |name: &str| folders.state().join(name);
    let (hold, held, viewers) = (state("hold"), state("held"), state("viewers"));
    let house = House::open_with(folders, Tasks::Scan, program).await;
    let film = house.one(ItemKind::Film, "Film").await.id;
    std::fs::write(&hold, b"").unwrap();
    let release = async || {
        house.until(async |_| held.exists().then_some(())).await;
        // Who begins after this finds no film to make anything of.
        std::fs::rename(&path, &away).unwrap();
        std::fs::remove_file(&hold).unwrap();
    };
    let picture = || house.library.artwork(film, ArtKind::Poster, ArtSize::Small);
    let (one, two, ()) = tokio::join!(picture(), picture(), release());
    assert_eq!(one.unwrap().bytes, two.unwrap().bytes);
    let started = || std::fs::read_to_string(&viewers).unwrap().lines().count();
    assert_eq!(started(), 1, "one worker for both");

    std::fs::rename(&away, &path).unwrap();
    house.library.source_with_grid(film).await.unwrap();
    let detail = house.library.item(ANNA, film).await.unwrap();
    let text = || house.library.subtitle(film, &detail.subtitles[0].id);
    let (one, two) = tokio::join!(text(), text());
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(started(), 1, "one job after the other");
    house.close().await;
}
