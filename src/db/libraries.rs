//! The folders that are libraries, and those that were offered as one.
//!
//! Never: looking at the folders.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::DbError;
use super::items::{LibraryId, LibraryKind};

/// A library as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryRow {
    pub id: LibraryId,
    pub name: String,
    pub kind: LibraryKind,
    pub path: PathBuf,
    pub available: bool,
    /// End of the first complete scan, ms since 1970 UTC; `None` before it.
    pub scanned_at_ms: Option<i64>,
}

const COLUMNS: &str = "id, name, kind, path, available, scanned_at_ms";

fn row(row: &Row<'_>) -> rusqlite::Result<LibraryRow> {
    Ok(LibraryRow {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        path: path(row.get(3)?),
        available: row.get(4)?,
        scanned_at_ms: row.get(5)?,
    })
}

pub(super) fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// All libraries in the order they were made.
///
/// # Errors
/// [`DbError`] of the query.
pub fn all(conn: &Connection) -> Result<Vec<LibraryRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM libraries ORDER BY id");
    let rows = conn
        .prepare_cached(&sql)?
        .query_map([], row)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// One library.
///
/// # Errors
/// [`DbError`] of the query.
pub fn get(conn: &Connection, id: LibraryId) -> Result<Option<LibraryRow>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM libraries WHERE id = :id");
    let found = conn
        .prepare_cached(&sql)?
        .query_row(named_params! {":id": id}, row)
        .optional()?;
    Ok(found)
}

/// Whether a library is still there with the same folder and kind.
///
/// # Errors
/// [`DbError`] of the query.
pub fn is_still(conn: &Connection, library: &LibraryRow) -> Result<bool, DbError> {
    let now = get(conn, library.id)?;
    Ok(now.is_some_and(|now| now.path == library.path && now.kind == library.kind))
}

/// Adds a library. The folder must not be one yet ([`DbError::is_constraint`]).
///
/// # Errors
/// [`DbError`] of the change.
pub fn insert(
    conn: &Connection,
    name: &str,
    kind: LibraryKind,
    path: &Path,
    now_ms: i64,
) -> Result<LibraryId, DbError> {
    conn.prepare_cached(
        "INSERT INTO libraries (name, kind, path, available, created_at_ms)
         VALUES (:name, :kind, :path, 1, :now)",
    )?
    .execute(named_params! {
        ":name": name, ":kind": kind, ":path": path.as_os_str().as_bytes(), ":now": now_ms,
    })?;
    Ok(LibraryId(conn.last_insert_rowid()))
}

/// Changes a library. With another folder or kind its files are forgotten, to be scanned anew;
/// the history is kept for the same content.
///
/// # Errors
/// [`DbError`] of the change.
pub fn update(
    conn: &Connection,
    id: LibraryId,
    name: &str,
    kind: LibraryKind,
    path: &Path,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "UPDATE libraries SET name = :name, kind = :kind, path = :path WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id, ":name": name, ":kind": kind, ":path": path.as_os_str().as_bytes(),
    })?;
    Ok(())
}

/// Removes a library with its files and items.
///
/// # Errors
/// [`DbError`] of the change.
pub fn remove(conn: &Connection, id: LibraryId) -> Result<bool, DbError> {
    let removed = conn
        .prepare_cached("DELETE FROM libraries WHERE id = :id")?
        .execute(named_params! {":id": id})?;
    Ok(removed > 0)
}

/// Notes whether a library's folder is there.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_available(conn: &Connection, id: LibraryId, available: bool) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE libraries SET available = :available WHERE id = :id")?
        .execute(named_params! {":id": id, ":available": available})?;
    Ok(())
}

/// Notes the end of the first complete scan.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_scanned(conn: &Connection, id: LibraryId, now_ms: i64) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE libraries SET scanned_at_ms = :now WHERE id = :id")?
        .execute(named_params! {":id": id, ":now": now_ms})?;
    Ok(())
}

/// How many items a person would count in each library: films, episodes, tracks, photos, videos.
///
/// # Errors
/// [`DbError`] of the query.
pub fn item_counts(conn: &Connection) -> Result<Vec<(LibraryId, u64)>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT library_id, count(*) FROM items
             WHERE kind IN ('film', 'episode', 'track', 'photo', 'home_video') GROUP BY library_id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// True when the folder was offered as a library before; remembers it from now on.
///
/// # Errors
/// [`DbError`] of the change.
pub fn offer(conn: &Connection, path: &Path) -> Result<bool, DbError> {
    let new = conn
        .prepare_cached("INSERT OR IGNORE INTO offered_folders (path, declined) VALUES (:path, 0)")?
        .execute(named_params! {":path": path.as_os_str().as_bytes()})?;
    Ok(new == 0)
}

/// Notes that the owner does not want a folder that was offered, or wants it after all.
///
/// # Errors
/// [`DbError`] of the change.
pub fn decline(conn: &Connection, path: &Path, declined: bool) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE offered_folders SET declined = :declined WHERE path = :path")?
        .execute(named_params! {":path": path.as_os_str().as_bytes(), ":declined": declined})?;
    Ok(())
}

/// Folders that the owner does not want.
///
/// # Errors
/// [`DbError`] of the query.
pub fn declined(conn: &Connection) -> Result<Vec<PathBuf>, DbError> {
    let rows = conn
        .prepare_cached("SELECT path FROM offered_folders WHERE declined = 1")?
        .query_map([], |row| Ok(path(row.get(0)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// The mount points seen below a library's folder.
///
/// # Errors
/// [`DbError`] of the query.
pub fn mounts(conn: &Connection, id: LibraryId) -> Result<Vec<Vec<u8>>, DbError> {
    let rows = conn
        .prepare_cached("SELECT path FROM mount_points WHERE library_id = :id")?
        .query_map(named_params! {":id": id}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Replaces them.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_mounts(conn: &Connection, id: LibraryId, paths: &[Vec<u8>]) -> Result<(), DbError> {
    conn.prepare_cached("DELETE FROM mount_points WHERE library_id = :id")?
        .execute(named_params! {":id": id})?;
    let mut insert =
        conn.prepare_cached("INSERT INTO mount_points (library_id, path) VALUES (:id, :path)")?;
    for path in paths {
        insert.execute(named_params! {":id": id, ":path": path})?;
    }
    Ok(())
}
