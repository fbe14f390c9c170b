//! Storing items: what holds others, what holds a file, and the sums of what lies below.
//!
//! Never: deciding what a file is.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::DbError;
use super::items::{Details, FileId, ItemId, ItemKind, LibraryId};

/// What an item is, however it is stored.
#[derive(Clone, Debug)]
pub struct ItemRow {
    pub kind: ItemKind,
    /// Identity of what only holds others; `None` for what holds a file.
    pub group_key: Option<String>,
    pub title: String,
    pub sort_title: String,
    pub edition: Option<String>,
    pub year: Option<u16>,
    pub season_number: Option<u32>,
    pub episode_number: Option<u32>,
    pub episode_end: Option<u32>,
    pub disc_number: Option<u32>,
    pub track_number: Option<u32>,
    /// Order among its siblings.
    pub number_key: i64,
    pub artist: Option<String>,
    /// For albums: the normalised album artist, empty when no tag names one.
    pub album_key: Option<String>,
    /// Local time as ms since 1970.
    pub taken_at_ms: Option<i64>,
    pub duration_ms: Option<u64>,
    /// Upright size of a photo in pixels.
    pub size: Option<(u32, u32)>,
    /// Normalised words to be found by.
    pub words: String,
    /// `None` leaves stored texts as they are.
    pub details: Option<Details>,
}

impl ItemRow {
    /// An item with nothing but a kind and a title.
    pub fn new(kind: ItemKind, title: String, sort_title: String) -> Self {
        Self {
            kind,
            group_key: None,
            title,
            sort_title,
            edition: None,
            year: None,
            season_number: None,
            episode_number: None,
            episode_end: None,
            disc_number: None,
            track_number: None,
            number_key: 0,
            artist: None,
            album_key: None,
            taken_at_ms: None,
            duration_ms: None,
            size: None,
            words: String::new(),
            details: None,
        }
    }
}

/// Where an item hangs and since when it is there.
#[derive(Clone, Copy, Debug)]
pub struct Hang {
    pub library: LibraryId,
    pub parent: Option<ItemId>,
    /// The series of a season or episode, the artist of an album or track.
    pub top: Option<ItemId>,
    /// Milliseconds since 1970 UTC; kept when the item exists already.
    pub added_at_ms: i64,
}

/// Stores what only holds others, found by its `group_key`. Answers it and the parent it had
/// before, if that was another.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put_group(
    conn: &Connection,
    hang: &Hang,
    row: &ItemRow,
) -> Result<(ItemId, Option<ItemId>), DbError> {
    let found: Option<(ItemId, Option<ItemId>)> = conn
        .prepare_cached(
            "SELECT id, parent_id FROM items WHERE library_id = :library AND group_key = :key",
        )?
        .query_row(
            named_params! {":library": hang.library, ":key": row.group_key},
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let id = store(conn, hang, row, None, found.map(|(id, _)| id))?;
    let before = found.and_then(|(_, parent)| parent);
    Ok((id, before.filter(|_| before != hang.parent)))
}

/// Stores the item of a file. Answers it and the parent it had before, if that was another.
///
/// # Errors
/// [`DbError`] of the change.
pub fn put_leaf(
    conn: &Connection,
    hang: &Hang,
    row: &ItemRow,
    file: FileId,
) -> Result<(ItemId, Option<ItemId>), DbError> {
    let found: Option<(ItemId, Option<ItemId>)> = conn
        .prepare_cached("SELECT id, parent_id FROM items WHERE file_id = :file")?
        .query_row(named_params! {":file": file}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let id = store(conn, hang, row, Some(file), found.map(|(id, _)| id))?;
    let before = found.and_then(|(_, parent)| parent);
    Ok((id, before.filter(|_| before != hang.parent)))
}

fn store(
    conn: &Connection,
    hang: &Hang,
    row: &ItemRow,
    file: Option<FileId>,
    found: Option<ItemId>,
) -> Result<ItemId, DbError> {
    let sql = if found.is_some() {
        // What holds others gets its artist and place from `refresh`.
        "UPDATE items SET library_id = :library, kind = :kind, parent_id = :parent, top_id = :top,
             file_id = :file, group_key = :group_key, title = :title, sort_title = :sort_title,
             edition = :edition, year = :year, season_number = :season, episode_number = :episode,
             episode_end = :episode_end, disc_number = :disc, track_number = :track,
             number_key = :number, artist = :artist, album_key = :album_key, taken_at_ms = :taken,
             duration_ms = coalesce(:duration, iif(file_id IS NULL, duration_ms, NULL)),
             width = :width, height = :height,
             available = iif(:file IS NULL, available, 1),
             added_at_ms = iif(:file IS NULL, max(added_at_ms, :added), added_at_ms)
         WHERE id = :id RETURNING id"
    } else {
        "INSERT INTO items (id, library_id, kind, parent_id, top_id, file_id, group_key, title,
             sort_title, edition, year, season_number, episode_number, episode_end, disc_number,
             track_number, number_key, artist, album_key, added_at_ms, taken_at_ms, duration_ms,
             width, height, available)
         VALUES (:id, :library, :kind, :parent, :top, :file, :group_key, :title, :sort_title,
             :edition, :year, :season, :episode, :episode_end, :disc, :track, :number, :artist,
             :album_key, :added, :taken, :duration, :width, :height, 1)
         RETURNING id"
    };
    let id: ItemId = conn.prepare_cached(sql)?.query_row(
        named_params! {
            ":id": found, ":library": hang.library, ":kind": row.kind, ":parent": hang.parent,
            ":top": hang.top, ":file": file, ":group_key": row.group_key, ":title": row.title,
            ":sort_title": row.sort_title, ":edition": row.edition,
            ":year": row.year.unwrap_or(0), ":season": row.season_number,
            ":episode": row.episode_number, ":episode_end": row.episode_end,
            ":disc": row.disc_number, ":track": row.track_number, ":number": row.number_key,
            ":artist": row.artist, ":album_key": row.album_key, ":added": hang.added_at_ms,
            ":taken": row.taken_at_ms.unwrap_or(0), ":duration": row.duration_ms,
            ":width": row.size.map(|(width, _)| width),
            ":height": row.size.map(|(_, height)| height),
        },
        |row| row.get(0),
    )?;
    conn.prepare_cached("INSERT OR REPLACE INTO item_search (rowid, words) VALUES (:id, :words)")?
        .execute(named_params! {":id": id, ":words": row.words})?;
    if let Some(details) = &row.details {
        put_details(conn, id, details)?;
    }
    Ok(id)
}

fn put_details(conn: &Connection, item: ItemId, details: &Details) -> Result<(), DbError> {
    if *details == Details::default() {
        conn.prepare_cached("DELETE FROM item_details WHERE item_id = :item")?
            .execute(named_params! {":item": item})?;
        return Ok(());
    }
    let json = |error: serde_json::Error| DbError::Value(error.to_string());
    conn.prepare_cached(
        "INSERT OR REPLACE INTO item_details (item_id, overview, genres, people, premiered, studio)
         VALUES (:item, :overview, :genres, :people, :premiered, :studio)",
    )?
    .execute(named_params! {
        ":item": item, ":overview": details.overview,
        ":genres": serde_json::to_string(&details.genres).map_err(json)?,
        ":people": serde_json::to_string(&details.people).map_err(json)?,
        ":premiered": details.premiered, ":studio": details.studio,
    })?;
    Ok(())
}

/// Brings what holds others up to date with what it holds, and removes it when it holds nothing.
/// Answers what it hung under before and after, to be refreshed next.
///
/// # Errors
/// [`DbError`] of the change.
pub fn refresh(conn: &Connection, id: ItemId) -> Result<Vec<ItemId>, DbError> {
    let place: Option<(ItemKind, Option<ItemId>, Option<String>)> = conn
        .prepare_cached(
            "SELECT kind, parent_id, album_key FROM items WHERE id = :id AND file_id IS NULL",
        )?
        .query_row(named_params! {":id": id}, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((kind, parent, album_key)) = place else {
        return Ok(Vec::new());
    };
    let mut above: Vec<ItemId> = parent.into_iter().collect();
    let children: i64 = conn
        .prepare_cached("SELECT count(*) FROM items WHERE parent_id = :id")?
        .query_row(named_params! {":id": id}, |row| row.get(0))?;
    if children == 0 {
        conn.prepare_cached("DELETE FROM items WHERE id = :id")?
            .execute(named_params! {":id": id})?;
        return Ok(above);
    }
    if kind == ItemKind::Album && album_key.as_deref() == Some("") {
        above.extend(place_untagged_album(conn, id)?);
    }
    conn.prepare_cached(
        "UPDATE items SET
             child_count = c.n, available = c.available, added_at_ms = c.added,
             duration_ms = iif(kind IN ('album', 'season'), c.duration, duration_ms),
             leaf_count = iif(kind IN ('series', 'artist'),
                 (SELECT count(*) FROM items e WHERE e.top_id = :id AND e.kind IN ('episode', 'track')), c.n)
         FROM (SELECT count(*) AS n, max(available) AS available, max(added_at_ms) AS added,
                   sum(duration_ms) AS duration FROM items WHERE parent_id = :id) AS c
         WHERE items.id = :id",
    )?
    .execute(named_params! {":id": id})?;
    Ok(above)
}

/// An album without an album artist belongs to its tracks' artist, or to "Various Artists" when
/// they differ. Answers the artists it left and joined.
fn place_untagged_album(conn: &Connection, id: ItemId) -> Result<Vec<ItemId>, DbError> {
    let (library, before, added, artists, name): (
        LibraryId,
        Option<ItemId>,
        i64,
        i64,
        Option<String>,
    ) = conn
        .prepare_cached(
            "SELECT a.library_id, a.parent_id, a.added_at_ms,
                 count(DISTINCT lower(t.artist)) + (count(*) > count(t.artist)), min(t.artist)
             FROM items a JOIN items t ON t.parent_id = a.id WHERE a.id = :id",
        )?
        .query_row(named_params! {":id": id}, |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })?;
    let name = match (artists, name) {
        (1, Some(name)) => name,
        (1, None) => return Ok(Vec::new()),
        _ => VARIOUS.to_owned(),
    };
    let key = name.to_lowercase();
    let words = key.clone();
    let mut artist = ItemRow::new(ItemKind::Artist, name.clone(), key.clone());
    artist.group_key = Some(format!("artist:{key}"));
    artist.words = words;
    let found: Option<ItemId> = conn
        .prepare_cached(
            "SELECT id FROM items WHERE library_id = :library AND kind = 'artist'
                 AND lower(title) = :key ORDER BY id LIMIT 1",
        )?
        .query_row(named_params! {":library": library, ":key": key}, |row| {
            row.get(0)
        })
        .optional()?;
    let hang = Hang {
        library,
        parent: None,
        top: None,
        added_at_ms: added,
    };
    let owner = match found {
        Some(found) => found,
        None => put_group(conn, &hang, &artist)?.0,
    };
    conn.prepare_cached(
        "UPDATE items SET parent_id = :owner, top_id = :owner, artist = :name WHERE id = :id",
    )?
    .execute(named_params! {":id": id, ":owner": owner, ":name": name})?;
    conn.prepare_cached("UPDATE items SET top_id = :owner WHERE parent_id = :id")?
        .execute(named_params! {":id": id, ":owner": owner})?;
    Ok(before.into_iter().chain([owner]).collect())
}

/// The artist of albums by several.
pub const VARIOUS: &str = "Various Artists";

/// The kind of what only holds others; `None` when there is no such item.
///
/// # Errors
/// [`DbError`] of the query.
pub fn kind_of(conn: &Connection, id: ItemId) -> Result<Option<ItemKind>, DbError> {
    let found = conn
        .prepare_cached("SELECT kind FROM items WHERE id = :id AND file_id IS NULL")?
        .query_row(named_params! {":id": id}, |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// What the item of a file hangs under.
///
/// # Errors
/// [`DbError`] of the query.
pub fn parent_of(conn: &Connection, file: FileId) -> Result<Option<ItemId>, DbError> {
    let parent: Option<Option<ItemId>> = conn
        .prepare_cached("SELECT parent_id FROM items WHERE file_id = :file")?
        .query_row(named_params! {":file": file}, |row| row.get(0))
        .optional()?;
    Ok(parent.flatten())
}

/// Everything in a library that only holds others.
///
/// # Errors
/// [`DbError`] of the query.
pub fn groups(conn: &Connection, library: LibraryId) -> Result<Vec<ItemId>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT id FROM items WHERE library_id = :library AND file_id IS NULL
             ORDER BY kind IN ('series', 'artist')",
        )?
        .query_map(named_params! {":library": library}, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
