//! Writes what a scan found: file, item, what it hangs under, pictures, subtitles.
//!
//! Never: the file system.

use std::collections::BTreeSet;

use super::arrange::Arranged;
use super::follow::Place;
use super::{FileId, ItemId, ItemKind, LibraryId, Problem};
use crate::db::art::{self, ArtRow, ArtSource};
use crate::db::files::{self, FileRow};
use crate::db::item_writes::{self, Hang};
use crate::db::libraries::LibraryRow;
use crate::db::side_subtitles::{self, SideSubtitleRow};
use crate::db::{Connection, DbError, libraries, watch};

/// A file as it is to be stored.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) file: FileRow,
    /// The row to store over: the same path's, or that of the file that was renamed.
    pub(super) existing: Option<FileId>,
    pub(super) problem: Option<Problem>,
    /// How often in a row reading it has failed for a reason that may pass.
    pub(super) tries: u32,
    /// Milliseconds since 1970 UTC.
    pub(super) tried_at_ms: i64,
    pub(super) arranged: Arranged,
    /// The item's own pictures.
    pub(super) art: Vec<ArtRow>,
    /// Pictures of what it hangs under, as `arranged.groups`; `None` where this file says nothing.
    pub(super) group_art: Vec<Option<Vec<ArtRow>>>,
    pub(super) subtitles: Vec<SideSubtitleRow>,
    /// Milliseconds since 1970 UTC.
    pub(super) added_at_ms: i64,
}

/// A known file that could not be read this time: all that is known of its content stays.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) file: FileId,
    pub(super) path: Vec<u8>,
    pub(super) problem: Problem,
}

/// What came of looking at a file.
#[derive(Clone, Debug)]
pub(super) enum Looked {
    Ready(Box<Ready>),
    Failed(Failed),
}

/// What holds others and must be brought up to date.
#[derive(Debug, Default)]
struct Dirty(BTreeSet<ItemId>);

impl Dirty {
    /// Seasons and albums first, then what they hang under.
    fn refresh(self, conn: &Connection) -> Result<(), DbError> {
        let mut tops = BTreeSet::new();
        let mut lower = Vec::new();
        for id in self.0 {
            match item_writes::kind_of(conn, id)? {
                Some(ItemKind::Season | ItemKind::Album) => lower.push(id),
                Some(_) => {
                    tops.insert(id);
                }
                None => {}
            }
        }
        for id in lower {
            tops.extend(item_writes::refresh(conn, id)?);
            lend(conn, id)?;
        }
        for id in tops {
            item_writes::refresh(conn, id)?;
            lend(conn, id)?;
        }
        Ok(())
    }
}

fn lend(conn: &Connection, id: ItemId) -> Result<(), DbError> {
    if item_writes::kind_of(conn, id)?.is_some() {
        art::lend(conn, id)?;
    }
    Ok(())
}

/// Stores a batch in one transaction; answers false, and stores nothing, when the library was
/// removed, or became another one, since it was listed.
pub(super) fn store(
    conn: &mut Connection,
    library: &LibraryRow,
    batch: &[Looked],
) -> Result<bool, DbError> {
    let tx = conn.transaction()?;
    if !libraries::is_still(&tx, library)? {
        return Ok(false);
    }
    let mut dirty = Dirty::default();
    for looked in batch {
        match looked {
            Looked::Ready(ready) => store_one(&tx, ready, &mut dirty)?,
            Looked::Failed(failed) => note_failure(&tx, library.id, failed, &mut dirty)?,
        }
    }
    dirty.refresh(&tx)?;
    tx.commit()?;
    Ok(true)
}

fn note_failure(
    conn: &Connection,
    library: LibraryId,
    failed: &Failed,
    dirty: &mut Dirty,
) -> Result<(), DbError> {
    let Failed {
        file,
        path,
        problem,
    } = failed;
    files::set_problem(conn, library, path, Some(*file), Some(problem))?;
    files::set_available(conn, *file, false)?;
    dirty.0.extend(item_writes::parent_of(conn, *file)?);
    Ok(())
}

fn store_one(conn: &Connection, ready: &Ready, dirty: &mut Dirty) -> Result<(), DbError> {
    let library = ready.file.library;
    let file = files::put(conn, &ready.file, ready.existing)?;
    files::set_problem(
        conn,
        library,
        &ready.file.path,
        Some(file),
        ready.problem.as_ref(),
    )?;
    if ready.tries > 0 {
        files::set_tries(conn, file, ready.tries, ready.tried_at_ms)?;
    }
    let mut hang = Hang {
        library,
        parent: None,
        top: None,
        added_at_ms: ready.added_at_ms,
    };
    for (at, row) in ready.arranged.groups.iter().enumerate() {
        let (group, left) = item_writes::put_group(conn, &hang, row)?;
        if let Some(Some(rows)) = ready.group_art.get(at) {
            art::put_own(conn, group, rows)?;
        }
        dirty.0.extend(left);
        dirty.0.insert(group);
        hang.top = hang.top.or(Some(group));
        hang.parent = Some(group);
    }
    let (item, left) = item_writes::put_leaf(conn, &hang, &ready.arranged.item, file)?;
    dirty.0.extend(left);
    let rows: Vec<ArtRow> = ready
        .art
        .iter()
        .map(|row| ArtRow {
            file: (row.source != ArtSource::File).then_some(file),
            ..row.clone()
        })
        .collect();
    art::put_own(conn, item, &rows)?;
    side_subtitles::put(conn, file, &ready.subtitles)?;
    if ready.existing.is_none() {
        watch::give_back(conn, file, item)?;
    }
    Ok(())
}

/// What a comparison changed besides new and changed files.
#[derive(Clone, Debug, Default)]
pub(super) struct Rest {
    pub(super) gone: Vec<(FileId, Vec<u8>)>,
    pub(super) back: Vec<FileId>,
    pub(super) missing: Vec<FileId>,
}

/// Removes what is gone and notes what came back or cannot be reached, a bounded part at a time;
/// answers false as [`store`] does.
pub(super) fn settle(
    conn: &mut Connection,
    listed: &LibraryRow,
    rest: &Rest,
) -> Result<bool, DbError> {
    let tx = conn.transaction()?;
    if !libraries::is_still(&tx, listed)? {
        return Ok(false);
    }
    let library = listed.id;
    let mut dirty = Dirty::default();
    for (id, path) in &rest.gone {
        dirty.0.extend(files::remove(&tx, *id, library, path)?);
    }
    for (ids, available) in [(&rest.back, true), (&rest.missing, false)] {
        for id in ids {
            files::set_available(&tx, *id, available)?;
        }
    }
    if !rest.back.is_empty() || !rest.missing.is_empty() {
        dirty.0.extend(item_writes::groups(&tx, library)?);
    }
    dirty.refresh(&tx)?;
    tx.commit()?;
    Ok(true)
}

/// Puts rows where their content is now, to be arranged anew there; what they displace is gone.
/// Answers false, and changes nothing, when one of the libraries is not what was listed.
pub(super) fn follow(
    conn: &mut Connection,
    listed: &[LibraryRow],
    moves: &[(FileId, Place)],
) -> Result<bool, DbError> {
    let tx = conn.transaction()?;
    for library in listed {
        if !libraries::is_still(&tx, library)? {
            return Ok(false);
        }
    }
    for (id, _) in moves {
        files::lift(&tx, *id)?;
    }
    let mut dirty = Dirty::default();
    for (id, (library, path)) in moves {
        dirty.0.extend(files::put_down(&tx, *id, *library, path)?);
    }
    dirty.refresh(&tx)?;
    tx.commit()?;
    Ok(true)
}

/// Notes that a library's folder is not there: everything in it is unavailable, nothing is removed.
/// Answers how many files that changed.
pub(super) fn lose(conn: &mut Connection, library: LibraryId) -> Result<u64, DbError> {
    let tx = conn.transaction()?;
    let changed = files::set_all_unavailable(&tx, library)?;
    libraries::set_available(&tx, library, false)?;
    tx.commit()?;
    Ok(changed)
}
