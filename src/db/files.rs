//! Media files: what is known of each, its grid, its problem.
//!
//! Never: opening a file.

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, named_params};

use super::items::{FileId, ItemId, LibraryId, Page, Problem};
use super::{DbError, item_writes, watch};

/// What the next scan compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    pub id: FileId,
    /// Below the library's folder.
    pub path: Vec<u8>,
    pub size_bytes: u64,
    /// Nanoseconds since 1970 UTC.
    pub mtime_ns: i64,
    pub fingerprint: u64,
    pub sidecars: u64,
    pub format: u32,
    pub available: bool,
    /// Code of what is wrong with it.
    pub problem: Option<String>,
    /// How often in a row reading it has failed for a reason that may pass.
    pub tries: u32,
    /// When it failed last, milliseconds since 1970 UTC.
    pub tried_at_ms: i64,
}

/// A file to be stored.
#[derive(Clone, Debug)]
pub struct FileRow {
    pub library: LibraryId,
    pub path: Vec<u8>,
    pub size_bytes: u64,
    pub mtime_ns: i64,
    pub fingerprint: u64,
    pub sidecars: u64,
    pub format: u32,
    /// video, audio or photo.
    pub media: &'static str,
    /// MediaInfo as JSON.
    pub info: Option<String>,
    pub duration_ms: Option<u64>,
}

/// A file by its content, and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameContent {
    pub id: FileId,
    pub library: LibraryId,
    pub root: PathBuf,
    pub path: Vec<u8>,
    pub root_available: bool,
    /// MediaInfo as JSON.
    pub info: Option<String>,
}

/// What playing a file needs.
#[derive(Clone, Debug)]
pub struct PlayableFile {
    pub id: FileId,
    pub root: PathBuf,
    pub path: Vec<u8>,
    pub size_bytes: u64,
    pub mtime_ns: i64,
    pub fingerprint: u64,
    pub available: bool,
    /// MediaInfo as JSON; `None` when the probe failed.
    pub info: Option<String>,
    /// SegmentGrid (postcard).
    pub grid: Option<Vec<u8>>,
    pub grid_state: u8,
}

/// Everything known of a library's files.
///
/// # Errors
/// [`DbError`] of the query.
pub fn known(conn: &Connection, library: LibraryId) -> Result<Vec<KnownFile>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT f.id, f.path, f.size_bytes, f.mtime_ns, f.fingerprint, f.sidecars, f.format,
                 f.available, p.code, coalesce(p.tries, 0), coalesce(p.tried_at_ms, 0)
             FROM files f LEFT JOIN problems p ON p.file_id = f.id WHERE f.library_id = :library",
        )?
        .query_map(named_params! {":library": library}, |row| {
            Ok(KnownFile {
                id: row.get(0)?,
                path: row.get(1)?,
                size_bytes: row.get::<_, i64>(2)? as u64,
                mtime_ns: row.get(3)?,
                fingerprint: row.get::<_, i64>(4)? as u64,
                sidecars: row.get::<_, i64>(5)? as u64,
                format: row.get(6)?,
                available: row.get(7)?,
                problem: row.get(8)?,
                tries: row.get(9)?,
                tried_at_ms: row.get(10)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Files of the same content, anywhere.
///
/// # Errors
/// [`DbError`] of the query.
pub fn same_content(
    conn: &Connection,
    fingerprint: u64,
    size_bytes: u64,
) -> Result<Vec<SameContent>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT f.id, f.library_id, l.path, f.path, l.available, f.info
             FROM files f JOIN libraries l ON l.id = f.library_id
             WHERE f.fingerprint = :fingerprint AND f.size_bytes = :size ORDER BY f.id",
        )?
        .query_map(
            named_params! {":fingerprint": fingerprint as i64, ":size": size_bytes as i64},
            |row| {
                Ok(SameContent {
                    id: row.get(0)?,
                    library: row.get(1)?,
                    root: super::libraries::path(row.get(2)?),
                    path: row.get(3)?,
                    root_available: row.get(4)?,
                    info: row.get(5)?,
                })
            },
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Whether any file has this content.
///
/// # Errors
/// [`DbError`] of the query.
pub fn has_content(conn: &Connection, fingerprint: u64) -> Result<bool, DbError> {
    let found = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM files WHERE fingerprint = :fingerprint)")?
        .query_row(named_params! {":fingerprint": fingerprint as i64}, |row| {
            row.get(0)
        })?;
    Ok(found)
}

/// Stores a file: over `existing` if given, else over the same path, else as a new one.
/// A grid is kept while the content stays the same.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put(conn: &Connection, row: &FileRow, existing: Option<FileId>) -> Result<FileId, DbError> {
    if let Some(id) = existing {
        // Something else may have been stored under the new path meanwhile.
        conn.prepare_cached(
            "DELETE FROM files WHERE library_id = :library AND path = :path AND id <> :id",
        )?
        .execute(named_params! {":library": row.library, ":path": row.path, ":id": id})?;
        let moved = conn
            .prepare_cached("UPDATE files SET library_id = :library, path = :path WHERE id = :id")?
            .execute(named_params! {":library": row.library, ":path": row.path, ":id": id})?;
        if moved > 0 {
            conn.prepare_cached("DELETE FROM problems WHERE file_id = :id")?
                .execute(named_params! {":id": id})?;
        }
    }
    let id = conn
        .prepare_cached(
            "INSERT INTO files (library_id, path, size_bytes, mtime_ns, fingerprint, sidecars,
                 format, available, media, info, duration_ms)
             VALUES (:library, :path, :size, :mtime, :fingerprint, :sidecars, :format, 1, :media,
                 :info, :duration)
             ON CONFLICT (library_id, path) DO UPDATE SET
                 size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns,
                 grid_state = iif(fingerprint = excluded.fingerprint, grid_state, 0),
                 grid = iif(fingerprint = excluded.fingerprint, grid, NULL),
                 text_state = iif(fingerprint = excluded.fingerprint, text_state, 0),
                 fingerprint = excluded.fingerprint, sidecars = excluded.sidecars,
                 format = excluded.format, available = 1, media = excluded.media,
                 info = excluded.info, duration_ms = excluded.duration_ms
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":library": row.library, ":path": row.path, ":size": row.size_bytes as i64,
                ":mtime": row.mtime_ns, ":fingerprint": row.fingerprint as i64,
                ":sidecars": row.sidecars as i64, ":format": row.format, ":media": row.media,
                ":info": row.info, ":duration": row.duration_ms,
            },
            |row| row.get(0),
        )?;
    Ok(id)
}

/// Notes that a file can be opened, or cannot for now; its item likewise.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_available(conn: &Connection, id: FileId, available: bool) -> Result<(), DbError> {
    for sql in [
        "UPDATE files SET available = :available WHERE id = :id",
        "UPDATE items SET available = :available WHERE file_id = :id",
    ] {
        conn.prepare_cached(sql)?
            .execute(named_params! {":id": id, ":available": available})?;
    }
    Ok(())
}

/// Makes the next scan arrange all files of a library anew, without reading their content again.
///
/// # Errors
/// [`DbError`] of the change.
pub fn forget_readings(conn: &Connection, library: LibraryId) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE files SET sidecars = -1 WHERE library_id = :id")?
        .execute(named_params! {":id": library})?;
    Ok(())
}

/// Notes that nothing of a library can be opened for now; answers how many files that changed.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_all_unavailable(conn: &Connection, library: LibraryId) -> Result<u64, DbError> {
    let changed = conn
        .prepare_cached("UPDATE files SET available = 0 WHERE library_id = :id AND available = 1")?
        .execute(named_params! {":id": library})?;
    conn.prepare_cached("UPDATE items SET available = 0 WHERE library_id = :id AND available = 1")?
        .execute(named_params! {":id": library})?;
    Ok(changed as u64)
}

/// Forgets a file that is gone, unless it was found again under another path. Its item goes with
/// it; the history stays for when the same content turns up again. Answers the parent of the item.
///
/// # Errors
/// [`DbError`] of the change.
pub fn remove(
    conn: &Connection,
    id: FileId,
    library: LibraryId,
    path: &[u8],
) -> Result<Option<ItemId>, DbError> {
    let still: Option<i64> = conn
        .prepare_cached(
            "SELECT 1 FROM files WHERE id = :id AND library_id = :library AND path = :path",
        )?
        .query_row(
            named_params! {":id": id, ":library": library, ":path": path},
            |row| row.get(0),
        )
        .optional()?;
    if still.is_none() {
        return Ok(None);
    }
    watch::keep_for_content(conn, id)?;
    let parent = item_writes::parent_of(conn, id)?;
    conn.prepare_cached("DELETE FROM files WHERE id = :id")?
        .execute(named_params! {":id": id})?;
    Ok(parent)
}

/// Takes a file off its path for [`put_down`], so that rows can change places.
///
/// # Errors
/// [`DbError`] of the change.
pub fn lift(conn: &Connection, id: FileId) -> Result<(), DbError> {
    // No path holds a zero byte.
    let nowhere = [&[0][..], &id.0.to_be_bytes()].concat();
    conn.prepare_cached("UPDATE files SET path = :path WHERE id = :id")?
        .execute(named_params! {":path": nowhere, ":id": id})?;
    conn.prepare_cached("DELETE FROM problems WHERE file_id = :id")?
        .execute(named_params! {":id": id})?;
    Ok(())
}

/// Puts a lifted file where its content is now, to be arranged anew by the next comparison. What
/// was known of another content there is removed; answers the parent of its item.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put_down(
    conn: &Connection,
    id: FileId,
    library: LibraryId,
    path: &[u8],
) -> Result<Option<ItemId>, DbError> {
    let displaced: Option<FileId> = conn
        .prepare_cached("SELECT id FROM files WHERE library_id = :library AND path = :path")?
        .query_row(named_params! {":library": library, ":path": path}, |row| {
            row.get(0)
        })
        .optional()?;
    let parent = match displaced {
        Some(other) => remove(conn, other, library, path)?,
        None => None,
    };
    conn.prepare_cached(
        "UPDATE files SET library_id = :library, path = :path, sidecars = -1 WHERE id = :id",
    )?
    .execute(named_params! {":library": library, ":path": path, ":id": id})?;
    Ok(parent)
}

/// Notes why a file, folder or link could not be read; `None` clears it.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_problem(
    conn: &Connection,
    library: LibraryId,
    path: &[u8],
    file: Option<FileId>,
    problem: Option<&Problem>,
) -> Result<(), DbError> {
    let Some(problem) = problem else {
        conn.prepare_cached("DELETE FROM problems WHERE library_id = :library AND path = :path")?
            .execute(named_params! {":library": library, ":path": path})?;
        return Ok(());
    };
    conn.prepare_cached(
        "INSERT INTO problems (library_id, path, code, text, file_id)
         VALUES (:library, :path, :code, :text, :file)
         ON CONFLICT (library_id, path) DO UPDATE SET
             code = excluded.code, text = excluded.text, file_id = excluded.file_id",
    )?
    .execute(named_params! {
        ":library": library, ":path": path, ":code": problem.code, ":text": problem.text,
        ":file": file,
    })?;
    Ok(())
}

/// Notes how often in a row reading a file has failed for a reason that may pass, and when it did
/// last.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_tries(
    conn: &Connection,
    file: FileId,
    tries: u32,
    tried_at_ms: i64,
) -> Result<(), DbError> {
    conn.prepare_cached(
        "UPDATE problems SET tries = :tries, tried_at_ms = :at WHERE file_id = :file",
    )?
    .execute(named_params! {":file": file, ":tries": tries, ":at": tried_at_ms})?;
    Ok(())
}

/// Replaces the problems of folders and links of a library.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_folder_problems(
    conn: &Connection,
    library: LibraryId,
    problems: &[(Vec<u8>, Problem)],
) -> Result<(), DbError> {
    let mut old: Vec<Vec<u8>> = conn
        .prepare_cached(
            "SELECT path FROM problems WHERE library_id = :library AND file_id IS NULL",
        )?
        .query_map(named_params! {":library": library}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    old.retain(|path| !problems.iter().any(|(now, _)| now == path));
    for path in old {
        set_problem(conn, library, &path, None, None)?;
    }
    for (path, problem) in problems {
        set_problem(conn, library, path, None, Some(problem))?;
    }
    Ok(())
}

/// A problem with its place.
#[derive(Clone, Debug)]
pub struct ProblemPlace {
    pub path: Vec<u8>,
    pub library: LibraryId,
    pub problem: Problem,
    pub item: Option<ItemId>,
}

/// A page of problems after the one numbered `after`; `next` is the number to go on from.
///
/// # Errors
/// [`DbError`] of the query.
pub fn problems(conn: &Connection, after: i64, limit: u32) -> Result<Page<ProblemPlace>, DbError> {
    let mut rows: Vec<(i64, ProblemPlace)> = conn
        .prepare_cached(
            "SELECT p.id, p.path, p.library_id, p.code, p.text, i.id
             FROM problems p LEFT JOIN items i ON i.file_id = p.file_id
             WHERE p.id > :after ORDER BY p.id LIMIT :limit",
        )?
        .query_map(
            named_params! {":after": after, ":limit": limit + 1},
            |row| {
                let problem = Problem {
                    code: row.get(3)?,
                    text: row.get(4)?,
                };
                let place = ProblemPlace {
                    path: row.get(1)?,
                    library: row.get(2)?,
                    problem,
                    item: row.get(5)?,
                };
                Ok((row.get(0)?, place))
            },
        )?
        .collect::<Result<_, _>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|(id, _)| id.to_string());
    Ok(Page {
        items: rows.into_iter().map(|(_, place)| place).collect(),
        next,
    })
}

/// How many problems there are.
///
/// # Errors
/// [`DbError`] of the query.
pub fn problem_count(conn: &Connection) -> Result<u64, DbError> {
    let count = conn
        .prepare_cached("SELECT count(*) FROM problems")?
        .query_row([], |row| row.get(0))?;
    Ok(count)
}

/// What is needed to open and play a file.
///
/// # Errors
/// [`DbError`] of the query.
pub fn playable(conn: &Connection, id: FileId) -> Result<Option<PlayableFile>, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT f.id, l.path, f.path, f.size_bytes, f.mtime_ns, f.fingerprint, f.available,
                 f.info, f.grid, f.grid_state
             FROM files f JOIN libraries l ON l.id = f.library_id WHERE f.id = :id",
        )?
        .query_row(named_params! {":id": id}, |row| {
            Ok(PlayableFile {
                id: row.get(0)?,
                root: super::libraries::path(row.get(1)?),
                path: row.get(2)?,
                size_bytes: row.get::<_, i64>(3)? as u64,
                mtime_ns: row.get(4)?,
                fingerprint: row.get::<_, i64>(5)? as u64,
                available: row.get(6)?,
                info: row.get(7)?,
                grid: row.get(8)?,
                grid_state: row.get(9)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Stores a grid for a file that has none yet and still has this content; answers the stored one.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put_grid(
    conn: &Connection,
    id: FileId,
    fingerprint: u64,
    grid: &[u8],
) -> Result<Option<Vec<u8>>, DbError> {
    conn.prepare_cached(
        "UPDATE files SET grid = :grid, grid_state = 2
         WHERE id = :id AND fingerprint = :fingerprint AND grid IS NULL",
    )?
    .execute(named_params! {":id": id, ":fingerprint": fingerprint as i64, ":grid": grid})?;
    let stored: Option<Option<Vec<u8>>> = conn
        .prepare_cached("SELECT grid FROM files WHERE id = :id AND fingerprint = :fingerprint")?
        .query_row(
            named_params! {":id": id, ":fingerprint": fingerprint as i64},
            |row| row.get(0),
        )
        .optional()?;
    Ok(stored.flatten())
}

/// Notes how far the search for a grid came: 1 nothing in the container, 3 none possible.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_grid_state(conn: &Connection, id: FileId, state: u8) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE files SET grid_state = :state WHERE id = :id AND grid IS NULL")?
        .execute(named_params! {":id": id, ":state": state})?;
    Ok(())
}

/// Films whose grid search stands at `state`, after the file `after`.
///
/// # Errors
/// [`DbError`] of the query.
pub fn without_grid(
    conn: &Connection,
    state: u8,
    after: FileId,
    limit: u32,
) -> Result<Vec<FileId>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT id FROM files WHERE grid_state = :state AND grid_state < 2 AND id > :after
                 AND media = 'video' AND info IS NOT NULL AND available = 1 ORDER BY id LIMIT :limit",
        )?
        .query_map(named_params! {":state": state, ":after": after, ":limit": limit}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// How many films' grid search stands at `state`.
///
/// # Errors
/// [`DbError`] of the query.
pub fn waiting_grids(conn: &Connection, state: u8) -> Result<u64, DbError> {
    let count = conn
        .prepare_cached(
            "SELECT count(*) FROM files WHERE grid_state = :state AND grid_state < 2
                 AND media = 'video' AND info IS NOT NULL AND available = 1",
        )?
        .query_row(named_params! {":state": state}, |row| row.get(0))?;
    Ok(count)
}

/// How many films' embedded text subtitles have not been looked at.
///
/// # Errors
/// [`DbError`] of the query.
pub fn waiting_texts(conn: &Connection) -> Result<u64, DbError> {
    let count = conn
        .prepare_cached(
            "SELECT count(*) FROM files WHERE text_state = 0 AND media = 'video'
                 AND info IS NOT NULL AND available = 1",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(count)
}

/// Notes that a film's embedded text subtitles are done.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_texts_done(conn: &Connection, id: FileId) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE files SET text_state = 1 WHERE id = :id")?
        .execute(named_params! {":id": id})?;
    Ok(())
}
