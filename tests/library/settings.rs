//! The owner's libraries: added, changed, removed, and left so by the next start.
//!
//! Never: a change to a folder itself.

use alcove::db::{Db, DbError, settings};
use alcove::library::{ItemKind, LibraryError, LibraryKind};

use crate::house::{Folders, House, Tasks};

#[tokio::test]
async fn edits_last_and_are_not_undone_by_the_next_start() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film (2010).mkv");
    folders.put("tiny.flac", "music/a.flac");
    folders.put("tiny_h264.mp4", "misc/Show.S01E01.mp4");
    let house = House::open(folders, Tasks::Scan).await;
    let by_kind =
        |all: &[alcove::library::LibraryInfo], kind| all.iter().find(|l| l.kind == kind).cloned();
    let all = house.library.libraries().await.unwrap();
    let music = by_kind(&all, LibraryKind::Music).unwrap();
    let films = by_kind(&all, LibraryKind::Films).unwrap();
    house.library.remove_library(music.id).await.unwrap();
    assert!(house.of_kind(ItemKind::Track).await.is_empty());
    house
        .library
        .change_library(films.id, "Cinema", LibraryKind::HomeVideos, &films.path)
        .await
        .unwrap();
    house
        .until(async |_| (house.of_kind(ItemKind::HomeVideo).await.len() == 1).then_some(()))
        .await;

    let folders = house.close().await;
    let house = House::open(folders, Tasks::Scan).await;
    let all = house.library.libraries().await.unwrap();
    let names: Vec<_> = all.iter().map(|l| (l.name.as_str(), l.kind)).collect();
    assert!(
        names.contains(&("Cinema", LibraryKind::HomeVideos)),
        "{names:?}"
    );
    assert_eq!(all.len(), 2, "{names:?}");
    assert!(
        house.of_kind(ItemKind::Track).await.is_empty(),
        "the rest does not take over what was removed"
    );

    house
        .library
        .add_library("Tunes", LibraryKind::Music, &music.path)
        .await
        .unwrap();
    house
        .until(async |_| (house.of_kind(ItemKind::Track).await.len() == 1).then_some(()))
        .await;
    house.close().await;
}

#[tokio::test]
async fn folders_that_cannot_be_libraries_are_refused() {
    let folders = Folders::new();
    folders.put("tiny_h264.mkv", "films/Film.mkv");
    let house = House::open(folders, Tasks::Scan).await;
    let films = house.folders.media("films");
    let file = house.folders.media("films/Film.mkv");
    let add = async |name: &str, path: &std::path::Path| {
        house
            .library
            .add_library(name, LibraryKind::Films, path)
            .await
            .unwrap_err()
    };
    let plain = std::path::Path::new;
    assert!(matches!(
        add("x", plain("films")).await,
        LibraryError::NotAbsolute
    ));
    assert!(matches!(
        add("x", plain("/no/such/folder")).await,
        LibraryError::NoFolder
    ));
    assert!(matches!(
        add("x", &film_parent(&films)).await,
        LibraryError::NoFolder
    ));
    assert!(matches!(add("x", &file).await, LibraryError::NoFolder));
    assert!(matches!(add("x", &films).await, LibraryError::FolderTaken));
    assert!(matches!(add(" ", &films).await, LibraryError::BadName));
    let shown = house.library.browse_folders(None).await.unwrap();
    assert_eq!(
        shown
            .folders
            .iter()
            .map(|f| f.name.as_str())
            .collect::<Vec<_>>(),
        ["films"]
    );
    assert!(
        house
            .library
            .browse_folders(Some("relative".into()))
            .await
            .is_err()
    );
    house.close().await;
}

fn film_parent(films: &std::path::Path) -> std::path::PathBuf {
    films.join("..").join("films")
}

#[test]
fn a_state_folder_is_used_by_one_alcove_and_by_an_older_one_where_the_newer_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).unwrap();
    assert!(matches!(Db::open(folder.path()), Err(DbError::InUse(_))));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(db.close());
    assert!(matches!(
        runtime.block_on(db.read(|_| Ok(()))),
        Err(DbError::Closed)
    ));
    drop(db);
    // What a newer one does: its steps only add, and one of them does not.
    let change = |sql: &'static str| {
        let db = Db::open(folder.path()).unwrap();
        let changed = runtime.block_on(db.write(move |conn| Ok(conn.execute_batch(sql)?)));
        changed.unwrap();
        runtime.block_on(db.close());
    };
    change(
        "ALTER TABLE settings ADD COLUMN more INTEGER NOT NULL DEFAULT 7;
         CREATE TABLE newer (a TEXT NOT NULL);
         PRAGMA user_version = 9998",
    );
    let db = Db::open(folder.path()).unwrap();
    let kept = runtime.block_on(db.write(|conn| {
        settings::set(conn, "kept by the older", "yes")?;
        let sql = "SELECT user_version, more FROM pragma_user_version, settings";
        Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }));
    assert_eq!(kept.unwrap(), (9998_i64, 7_i64));
    runtime.block_on(db.close());
    drop(db);
    change("PRAGMA user_version = 9999; PRAGMA application_id = 9999");
    let path = folder.path().join("alcove.db");
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(
        Db::open(folder.path()),
        Err(DbError::Newer { found: 9999, .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before, "nothing was changed");
    std::fs::write(&path, b"this is no database, whatever its name says").unwrap();
    assert!(matches!(Db::open(folder.path()), Err(DbError::Damaged(_))));
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert!(Db::open(&file).is_err());
}
