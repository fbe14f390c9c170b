//! Where the pictures of items come from, and the subtitle files beside films.
//!
//! Never: the pictures themselves.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::DbError;
use super::items::{ArtKind, FileId, ItemId, LibraryId, words};

words! {
    /// Where a picture comes from.
    ArtSource {
        File = "file", Cover = "cover", Frame = "frame", Photo = "photo",
    }
}

/// A picture's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtRow {
    pub kind: ArtKind,
    /// Hash of the source's identity and version.
    pub key: u64,
    pub source: ArtSource,
    pub library: LibraryId,
    /// Picture below the library's folder, for [`ArtSource::File`].
    pub path: Option<Vec<u8>>,
    /// Media file, for the other sources.
    pub file: Option<FileId>,
}

/// A source as it is read back, with its library's folder.
#[derive(Clone, Debug)]
pub struct StoredArt {
    pub art: ArtRow,
    pub root: PathBuf,
    /// 0 not made yet, 1 made, 2 cannot be made.
    pub state: u8,
}

/// Replaces an item's own pictures; one with the same key keeps its colour and state.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put_own(conn: &Connection, item: ItemId, rows: &[ArtRow]) -> Result<(), DbError> {
    for kind in [ArtKind::Poster, ArtKind::Backdrop] {
        match rows.iter().find(|row| row.kind == kind) {
            Some(row) => upsert(conn, item, row, false)?,
            None => {
                conn.prepare_cached(
                    "DELETE FROM art WHERE item_id = :item AND kind = :kind AND lent = 0",
                )?
                .execute(named_params! {":item": item, ":kind": kind})?;
            }
        }
    }
    Ok(())
}

fn upsert(conn: &Connection, item: ItemId, row: &ArtRow, lent: bool) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO art (item_id, kind, key, source, library_id, path, file_id, colour, state, lent)
         VALUES (:item, :kind, :key, :source, :library, :path, :file,
             (SELECT max(colour) FROM art WHERE key = :key),
             coalesce((SELECT max(state) FROM art WHERE key = :key), 0), :lent)
         ON CONFLICT (item_id, kind) DO UPDATE SET
             colour = excluded.colour, state = excluded.state, key = excluded.key,
             source = excluded.source, library_id = excluded.library_id, path = excluded.path,
             file_id = excluded.file_id, lent = excluded.lent",
    )?
    .execute(named_params! {
        ":item": item, ":kind": row.kind, ":key": row.key as i64, ":source": row.source,
        ":library": row.library, ":path": row.path, ":file": row.file, ":lent": lent,
    })?;
    Ok(())
}

/// Takes over the first picture below for what holds others and has none of its own. A season
/// whose series has a poster needs none.
///
/// # Errors
/// [`DbError`] of the change.
pub fn lend(conn: &Connection, group: ItemId) -> Result<(), DbError> {
    let has_own: bool = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM art WHERE item_id = :group AND kind = 'poster' AND lent = 0)",
        )?
        .query_row(named_params! {":group": group}, |row| row.get(0))?;
    if has_own {
        return Ok(());
    }
    let first: Option<ArtRow> = conn
        .prepare_cached(
            "SELECT a.key, a.source, a.library_id, a.path, a.file_id
             FROM items i JOIN art a ON a.item_id = i.id AND a.kind = 'poster' AND a.state < 2
             WHERE i.parent_id = :group AND NOT EXISTS (
                 SELECT 1 FROM items g JOIN art o ON o.item_id = g.parent_id
                 WHERE g.id = :group AND g.kind = 'season' AND o.kind = 'poster' AND o.lent = 0)
             ORDER BY i.number_key, i.sort_title, i.id LIMIT 1",
        )?
        .query_row(named_params! {":group": group}, |row| {
            Ok(ArtRow {
                kind: ArtKind::Poster,
                key: row.get::<_, i64>(0)? as u64,
                source: row.get(1)?,
                library: row.get(2)?,
                path: row.get(3)?,
                file: row.get(4)?,
            })
        })
        .optional()?;
    match first {
        Some(row) => upsert(conn, group, &row, true),
        None => {
            conn.prepare_cached(
                "DELETE FROM art WHERE item_id = :group AND kind = 'poster' AND lent = 1",
            )?
            .execute(named_params! {":group": group})?;
            Ok(())
        }
    }
}

/// The picture of an item, its parent's or its series' where it has none.
///
/// # Errors
/// [`DbError`] of the query.
pub fn of_item(
    conn: &Connection,
    item: ItemId,
    kind: ArtKind,
) -> Result<Option<StoredArt>, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT a.kind, a.key, a.source, a.library_id, a.path, a.file_id, l.path, a.state
             FROM items i
             JOIN art a ON a.kind = :kind AND a.item_id IN (i.id, i.parent_id, i.top_id)
             JOIN libraries l ON l.id = a.library_id
             WHERE i.id = :item
             ORDER BY (a.item_id = i.id) <> (i.kind = 'track') DESC, a.item_id = i.parent_id DESC,
                 a.item_id = i.id DESC LIMIT 1",
        )?
        .query_row(named_params! {":item": item, ":kind": kind}, stored)
        .optional()?;
    Ok(found)
}

fn stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredArt> {
    let art = ArtRow {
        kind: row.get(0)?,
        key: row.get::<_, i64>(1)? as u64,
        source: row.get(2)?,
        library: row.get(3)?,
        path: row.get(4)?,
        file: row.get(5)?,
    };
    Ok(StoredArt {
        art,
        root: super::libraries::path(row.get(6)?),
        state: row.get(7)?,
    })
}

/// Pictures that have not been made, each source once, after the key `after`.
///
/// # Errors
/// [`DbError`] of the query.
pub fn waiting(
    conn: &Connection,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<StoredArt>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT a.kind, a.key, a.source, a.library_id, a.path, a.file_id, l.path, a.state
             FROM art a JOIN libraries l ON l.id = a.library_id
             JOIN items i ON i.id = a.item_id AND i.kind <> 'track' AND i.available = 1
             WHERE a.state = 0 AND l.available = 1 AND (:after IS NULL OR a.key > :after)
             GROUP BY a.key ORDER BY a.key LIMIT :limit",
        )?
        .query_map(
            named_params! {":after": after.map(|key| key as i64), ":limit": limit},
            stored,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// How many pictures wait to be made.
///
/// # Errors
/// [`DbError`] of the query.
pub fn waiting_count(conn: &Connection) -> Result<u64, DbError> {
    let count = conn
        .prepare_cached(
            "SELECT count(DISTINCT a.key) FROM art a
             JOIN items i ON i.id = a.item_id AND i.kind <> 'track' AND i.available = 1
             WHERE a.state = 0",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(count)
}

/// Notes what became of a picture: its colour, or `None` when it cannot be made,
/// which takes nothing from one that was made before.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_made(conn: &Connection, key: u64, colour: Option<u32>) -> Result<(), DbError> {
    conn.prepare_cached(
        "UPDATE art SET state = :state, colour = :colour
         WHERE key = :key AND (:state = 1 OR state <> 1)",
    )?
    .execute(named_params! {
        ":key": key as i64, ":colour": colour, ":state": if colour.is_some() { 1 } else { 2 },
    })?;
    Ok(())
}

/// Whether the picture `key` has been made and its colour noted.
///
/// # Errors
/// [`DbError`] of the query.
pub fn is_made(conn: &Connection, key: u64) -> Result<bool, DbError> {
    let made = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM art WHERE key = :key AND state = 1)")?
        .query_row(named_params! {":key": key as i64}, |row| row.get(0))?;
    Ok(made)
}

/// Whether any item still uses the picture `key`.
///
/// # Errors
/// [`DbError`] of the query.
pub fn is_used(conn: &Connection, key: u64) -> Result<bool, DbError> {
    let used = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM art WHERE key = :key)")?
        .query_row(named_params! {":key": key as i64}, |row| row.get(0))?;
    Ok(used)
}
