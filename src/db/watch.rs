//! How far each person has watched, and what follows from it.
//!
//! Never: a decision when something counts as watched.

use rusqlite::{Connection, named_params};

use super::DbError;
use super::items::{FileId, ItemId, LibraryId, Progress, UserId};

/// Stores how far a person is.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set(
    conn: &Connection,
    user: UserId,
    item: ItemId,
    progress: &Progress,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO watch (user_id, item_id, position_ms, watched, played_at_ms)
         VALUES (:user, :item, :position, :watched, :played)
         ON CONFLICT (user_id, item_id) DO UPDATE SET
             position_ms = excluded.position_ms, watched = excluded.watched,
             played_at_ms = excluded.played_at_ms",
    )?
    .execute(named_params! {
        ":user": user, ":item": item, ":position": progress.position_ms as i64,
        ":watched": progress.watched, ":played": progress.played_at_ms,
    })?;
    Ok(())
}

/// Whether a person has seen an item to its end before.
///
/// # Errors
/// [`DbError`] of the query.
pub fn is_watched(conn: &Connection, user: UserId, item: ItemId) -> Result<bool, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM watch
             WHERE user_id = :user AND item_id = :item AND watched = 1)",
        )?
        .query_row(named_params! {":user": user, ":item": item}, |row| {
            row.get(0)
        })?;
    Ok(found)
}

/// Forgets a person's history of an item.
///
/// # Errors
/// [`DbError`] of the change.
pub fn clear(conn: &Connection, user: UserId, item: ItemId) -> Result<(), DbError> {
    conn.prepare_cached("DELETE FROM watch WHERE user_id = :user AND item_id = :item")?
        .execute(named_params! {":user": user, ":item": item})?;
    Ok(())
}

/// The item itself when it holds a file, else all below it that do.
///
/// # Errors
/// [`DbError`] of the query.
pub fn leaves(conn: &Connection, item: ItemId) -> Result<Vec<ItemId>, DbError> {
    let rows = conn
        .prepare_cached(
            "WITH RECURSIVE below (id) AS (
                 SELECT :item UNION SELECT i.id FROM items i JOIN below b ON i.parent_id = b.id)
             SELECT i.id FROM below b JOIN items i ON i.id = b.id WHERE i.file_id IS NOT NULL",
        )?
        .query_map(named_params! {":item": item}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Films and episodes that a person has begun, the last first.
///
/// # Errors
/// [`DbError`] of the query.
pub fn begun(conn: &Connection, user: UserId, limit: u32) -> Result<Vec<ItemId>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT w.item_id FROM watch w JOIN items i ON i.id = w.item_id
             WHERE w.user_id = :user AND w.position_ms > 0 AND w.watched = 0
                 AND i.kind IN ('film', 'episode', 'home_video')
             ORDER BY w.played_at_ms DESC LIMIT :limit",
        )?
        .query_map(named_params! {":user": user, ":limit": limit}, |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Of each series a person has seen something of, the episode after the last one seen; the series
/// seen last first. Series with a begun episode are left out: that one is continued instead.
///
/// # Errors
/// [`DbError`] of the query.
pub fn next_up(conn: &Connection, user: UserId, limit: u32) -> Result<Vec<ItemId>, DbError> {
    let series: Vec<(ItemId, i64, i64)> = conn
        .prepare_cached(
            "SELECT e.top_id, max(w.played_at_ms) AS last,
                 max(iif(e.season_number > 0 AND w.watched, e.season_number * 10000000 + e.number_key, 0))
             FROM watch w JOIN items e ON e.id = w.item_id AND e.kind = 'episode'
             WHERE w.user_id = :user AND e.top_id IS NOT NULL
             GROUP BY e.top_id
             HAVING max(w.watched) = 1 AND sum(w.position_ms > 0 AND w.watched = 0) = 0
             ORDER BY last DESC LIMIT :limit",
        )?
        .query_map(named_params! {":user": user, ":limit": limit * 2}, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut statement = conn.prepare_cached(
        "SELECT e.id FROM items e
         WHERE e.top_id = :series AND e.kind = 'episode' AND e.season_number > 0
             AND e.season_number * 10000000 + e.number_key > :last
             AND NOT EXISTS (SELECT 1 FROM watch w
                 WHERE w.user_id = :user AND w.item_id = e.id AND w.watched = 1)
         ORDER BY e.season_number, e.number_key, e.sort_title, e.id LIMIT 1",
    )?;
    let mut found = Vec::new();
    for (series, _, last) in series {
        let rows = statement
            .query_map(
                named_params! {":series": series, ":last": last, ":user": user},
                |row| row.get(0),
            )?
            .collect::<Result<Vec<ItemId>, _>>()?;
        found.extend(rows);
        if found.len() == limit as usize {
            break;
        }
    }
    Ok(found)
}

/// The newest of a library, as its shelf on the home page shows them.
///
/// # Errors
/// [`DbError`] of the query.
pub fn newest(conn: &Connection, library: LibraryId, limit: u32) -> Result<Vec<ItemId>, DbError> {
    let mut found: Vec<(i64, ItemId)> = Vec::new();
    let mut statement = conn.prepare_cached(
        "SELECT added_at_ms, id FROM items WHERE library_id = :library AND kind = :kind
         ORDER BY added_at_ms DESC, id DESC LIMIT :limit",
    )?;
    for kind in ["film", "series", "album", "photo", "home_video"] {
        let rows = statement.query_map(
            named_params! {":library": library, ":kind": kind, ":limit": limit},
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        for row in rows {
            found.push(row?);
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.truncate(limit as usize);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Keeps the history of a file's item by the file's content, before the file is forgotten.
///
/// # Errors
/// [`DbError`] of the change.
pub fn keep_for_content(conn: &Connection, file: FileId) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO kept_watch
             (user_id, fingerprint, size_bytes, position_ms, watched, played_at_ms)
         SELECT w.user_id, f.fingerprint, f.size_bytes, w.position_ms, w.watched, w.played_at_ms
         FROM files f JOIN items i ON i.file_id = f.id JOIN watch w ON w.item_id = i.id
         WHERE f.id = :file AND f.fingerprint <> 0",
    )?
    .execute(named_params! {":file": file})?;
    // A copy that is already in the list takes it over at once.
    let heirs: Vec<(FileId, ItemId)> = conn
        .prepare_cached(
            "SELECT o.id, i.id FROM files f
             JOIN files o ON o.fingerprint = f.fingerprint AND o.size_bytes = f.size_bytes AND o.id <> f.id
             JOIN items i ON i.file_id = o.id
             WHERE f.id = :file AND f.fingerprint <> 0 AND o.available = 1 LIMIT 1",
        )?
        .query_map(named_params! {":file": file}, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (heir, item) in heirs {
        give_back(conn, heir, item)?;
    }
    Ok(())
}

/// Keeps the history of all items of a library, before it is removed.
///
/// # Errors
/// [`DbError`] of the change.
pub fn keep_for_library(conn: &Connection, library: LibraryId) -> Result<(), DbError> {
    let files: Vec<FileId> = conn
        .prepare_cached(
            "SELECT DISTINCT i.file_id FROM watch w JOIN items i ON i.id = w.item_id
             WHERE i.library_id = :library AND i.file_id IS NOT NULL",
        )?
        .query_map(named_params! {":library": library}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for file in files {
        keep_for_content(conn, file)?;
    }
    Ok(())
}

/// Gives the item of a file the history that was kept for its content.
///
/// # Errors
/// [`DbError`] of the change.
pub fn give_back(conn: &Connection, file: FileId, item: ItemId) -> Result<(), DbError> {
    let given = conn
        .prepare_cached(
            "INSERT OR IGNORE INTO watch (user_id, item_id, position_ms, watched, played_at_ms)
             SELECT k.user_id, :item, k.position_ms, k.watched, k.played_at_ms
             FROM kept_watch k JOIN files f ON f.fingerprint = k.fingerprint AND f.size_bytes = k.size_bytes
             WHERE f.id = :file",
        )?
        .execute(named_params! {":file": file, ":item": item})?;
    if given > 0 {
        conn.prepare_cached(
            "DELETE FROM kept_watch WHERE (fingerprint, size_bytes) =
                 (SELECT fingerprint, size_bytes FROM files WHERE id = :file)",
        )?
        .execute(named_params! {":file": file})?;
    }
    Ok(())
}
