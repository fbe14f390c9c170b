//! Subtitle files beside films.
//!
//! Never: their content.

use std::collections::HashSet;

use rusqlite::{Connection, named_params};

use super::DbError;
use super::items::FileId;
use crate::media::codec::SubtitleCodec;

/// A subtitle file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideSubtitleRow {
    /// 0 before it is stored.
    pub id: i64,
    /// Below the library's folder.
    pub path: Vec<u8>,
    pub codec: SubtitleCodec,
    pub language: Option<String>,
    pub title: Option<String>,
    pub forced: bool,
    pub impaired: bool,
    /// Hash of size and time of change.
    pub stamp: u64,
}

/// Replaces the subtitle files of a film; one with the same path keeps its number.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put(conn: &Connection, file: FileId, rows: &[SideSubtitleRow]) -> Result<(), DbError> {
    for old in of_file(conn, file)? {
        if !rows.iter().any(|row| row.path == old.path) {
            conn.prepare_cached("DELETE FROM side_subtitles WHERE id = :id")?
                .execute(named_params! {":id": old.id})?;
        }
    }
    for row in rows {
        conn.prepare_cached(
            "INSERT INTO side_subtitles (file_id, path, format, language, title, forced, impaired, stamp)
             VALUES (:file, :path, :format, :language, :title, :forced, :impaired, :stamp)
             ON CONFLICT (file_id, path) DO UPDATE SET
                 format = excluded.format, language = excluded.language, title = excluded.title,
                 forced = excluded.forced, impaired = excluded.impaired, stamp = excluded.stamp",
        )?
        .execute(named_params! {
            ":file": file, ":path": row.path, ":format": row.codec.as_str(),
            ":language": row.language, ":title": row.title, ":forced": row.forced,
            ":impaired": row.impaired, ":stamp": row.stamp as i64,
        })?;
    }
    Ok(())
}

/// The stamps of all subtitle files.
///
/// # Errors
/// [`DbError`] of the query.
pub fn stamps(conn: &Connection) -> Result<HashSet<u64>, DbError> {
    let stamps = conn
        .prepare_cached("SELECT stamp FROM side_subtitles")?
        .query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?
        .collect::<Result<_, _>>()?;
    Ok(stamps)
}

/// The subtitle files of a film.
///
/// # Errors
/// [`DbError`] of the query.
pub fn of_file(conn: &Connection, file: FileId) -> Result<Vec<SideSubtitleRow>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT id, path, format, language, title, forced, impaired, stamp
             FROM side_subtitles WHERE file_id = :file ORDER BY path",
        )?
        .query_map(named_params! {":file": file}, |row| {
            Ok(SideSubtitleRow {
                id: row.get(0)?,
                path: row.get(1)?,
                codec: SubtitleCodec::parse(&row.get::<_, String>(2)?)
                    .unwrap_or(SubtitleCodec::Other),
                language: row.get(3)?,
                title: row.get(4)?,
                forced: row.get(5)?,
                impaired: row.get(6)?,
                stamp: row.get::<_, i64>(7)? as u64,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
