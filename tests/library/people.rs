//! What each person has watched, and what the home page makes of it.
//!
//! Never: one person's history in another's answers.

use alcove::library::{ItemKind, LibraryError};

use crate::house::{ANNA, BEN, Folders, House, Tasks};

async fn house() -> House {
    let folders = Folders::new();
    folders.put("h264_aac.mp4", "films/Long.mp4");
    for name in ["S01E01", "S01E02", "S02E01"] {
        folders.put(
            "tiny_h264.mp4",
            &format!("tv/Show/Season {}/Show {name}.mp4", &name[2..3]),
        );
    }
    folders.put("tiny.flac", "music/a.flac");
    House::open(folders, Tasks::Scan).await
}

#[tokio::test]
async fn a_position_is_kept_for_each_person_and_the_end_counts_as_watched() {
    let house = house().await;
    let film = house.one(ItemKind::Film, "Long").await;
    let whole_ms = film.duration_ms.unwrap();
    let half_ms = whole_ms / 2;
    let of = async |user, id| house.library.summary(user, id).await.unwrap().progress;
    house
        .library
        .set_progress(ANNA, film.id, half_ms)
        .await
        .unwrap();
    let progress = of(ANNA, film.id).await.unwrap();
    assert_eq!((progress.position_ms, progress.watched), (half_ms, false));
    assert_eq!(of(BEN, film.id).await, None);
    let home = house.library.home(ANNA).await.unwrap();
    assert_eq!(home.continue_watching[0].id, film.id);
    assert!(
        house
            .library
            .home(BEN)
            .await
            .unwrap()
            .continue_watching
            .is_empty()
    );

    for (position_ms, watched) in [
        (whole_ms * 91 / 100, false),
        (whole_ms * 93 / 100, true),
        (u64::MAX, true),
    ] {
        house.library.clear_progress(ANNA, film.id).await.unwrap();
        house
            .library
            .set_progress(ANNA, film.id, position_ms)
            .await
            .unwrap();
        let progress = of(ANNA, film.id).await.unwrap();
        assert_eq!(progress.watched, watched, "{position_ms}");
        assert_eq!(progress.position_ms == 0, watched, "{position_ms}");
    }
    assert!(
        house
            .library
            .home(ANNA)
            .await
            .unwrap()
            .continue_watching
            .is_empty()
    );
    // The mark can be taken back, and the film goes on where it was.
    house
        .library
        .mark_watched(ANNA, film.id, half_ms, false)
        .await
        .unwrap();
    let progress = of(ANNA, film.id).await.unwrap();
    assert_eq!((progress.position_ms, progress.watched), (half_ms, false));
    house.library.clear_progress(ANNA, film.id).await.unwrap();
    assert_eq!(of(ANNA, film.id).await, None);
    let nothing = house
        .library
        .set_progress(ANNA, alcove::library::ItemId(999), 1)
        .await;
    assert!(
        matches!(nothing, Err(LibraryError::NotFound)),
        "{nothing:?}"
    );
    house.close().await;
}

#[tokio::test]
async fn the_next_episode_is_offered_after_one_was_watched() {
    let house = house().await;
    let episodes = house.of_kind(ItemKind::Episode).await;
    let number = |s, e| {
        episodes
            .iter()
            .find(|i| (i.season_number, i.episode_number) == (Some(s), Some(e)))
            .unwrap()
            .id
    };
    let up = async || {
        let home = house.library.home(ANNA).await.unwrap();
        home.next_up.into_iter().map(|e| e.id).collect::<Vec<_>>()
    };
    assert!(up().await.is_empty());
    house
        .library
        .mark_watched(ANNA, number(1, 1), 0, true)
        .await
        .unwrap();
    assert_eq!(up().await, [number(1, 2)]);
    house
        .library
        .mark_watched(ANNA, number(1, 2), 0, true)
        .await
        .unwrap();
    assert_eq!(up().await, [number(2, 1)]);
    let show = house.one(ItemKind::Series, "Show").await;
    assert_eq!(show.unwatched_count, Some(1));
    house
        .library
        .mark_watched(ANNA, show.id, 0, true)
        .await
        .unwrap();
    assert!(up().await.is_empty());
    assert_eq!(
        house.one(ItemKind::Series, "Show").await.unwatched_count,
        Some(0)
    );
    house
        .library
        .mark_watched(ANNA, show.id, 0, false)
        .await
        .unwrap();
    assert_eq!(
        house.one(ItemKind::Series, "Show").await.unwatched_count,
        Some(3)
    );
    let home = house.library.home(BEN).await.unwrap();
    let shelves: Vec<_> = home.added.iter().map(|shelf| shelf.items.len()).collect();
    assert_eq!(shelves, [1, 1, 1], "films, the series, the album");
    house.close().await;
}
