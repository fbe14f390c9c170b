//! Lists of items: conditions, orders, pages and single rows.
//!
//! Never: a change; a page by offset.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::DbError;
use super::cursor::Cursor;
use super::items::{
    ArtRef, Details, FileId, ItemId, ItemKind, ItemQuery, ItemSummary, Letter, LibraryId, Page,
    ParentRef, Problem, Progress, Sort, UserId,
};

/// What every list reads; `:user` decides whose progress.
const SUMMARY: &str = "SELECT i.id, i.kind, i.title, i.edition, i.year, i.parent_id, i.library_id,
    i.season_number, i.episode_number, i.episode_end, i.disc_number, i.track_number, i.artist,
    i.duration_ms, i.added_at_ms, i.taken_at_ms, i.available, i.child_count, i.leaf_count,
    i.sort_title, i.number_key, p.title, t.title,
    w.position_ms, w.watched, w.played_at_ms, x.code, x.text,
    iif(i.kind = 'track', coalesce(pa.key, a.key), coalesce(a.key, pa.key)),
    iif(i.kind = 'track', coalesce(pa.colour, a.colour), coalesce(a.colour, pa.colour)),
    coalesce(b.key, pb.key, tb.key),
    coalesce(b.colour, pb.colour, tb.colour),
    CASE i.kind
        WHEN 'series' THEN i.leaf_count - (
            SELECT count(*) FROM items e JOIN watch v ON v.item_id = e.id AND v.user_id = :user
            WHERE e.top_id = i.id AND e.kind = 'episode' AND v.watched = 1)
        WHEN 'season' THEN i.leaf_count - (
            SELECT count(*) FROM items e JOIN watch v ON v.item_id = e.id AND v.user_id = :user
            WHERE e.parent_id = i.id AND v.watched = 1)
    END,
    i.width, i.height
FROM items i
LEFT JOIN items p ON p.id = i.parent_id
LEFT JOIN items t ON t.id = i.top_id
LEFT JOIN watch w ON w.item_id = i.id AND w.user_id = :user
LEFT JOIN problems x ON x.file_id = i.file_id
LEFT JOIN art a ON a.item_id = i.id AND a.kind = 'poster' AND a.state < 2
LEFT JOIN art pa ON pa.item_id = i.parent_id AND pa.kind = 'poster' AND pa.state < 2
    AND i.kind IN ('track', 'season')
LEFT JOIN art b ON b.item_id = i.id AND b.kind = 'backdrop' AND b.state < 2
LEFT JOIN art pb ON pb.item_id = i.parent_id AND pb.kind = 'backdrop' AND pb.state < 2
    AND i.kind IN ('season', 'album')
LEFT JOIN art tb ON tb.item_id = i.top_id AND tb.kind = 'backdrop' AND tb.state < 2
    AND i.kind IN ('episode', 'track')
";

/// A row with the keys it is sorted by.
struct Sorted {
    summary: ItemSummary,
    sort_title: String,
    year: i64,
    taken_at_ms: i64,
    number_key: i64,
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Sorted> {
    let kind: ItemKind = row.get(1)?;
    let parent_title: Option<String> = row.get(21)?;
    let top_title: Option<String> = row.get(22)?;
    let year: i64 = row.get(4)?;
    let taken_at_ms: i64 = row.get(15)?;
    let (series_title, album) = match kind {
        ItemKind::Episode => (top_title, None),
        ItemKind::Season => (parent_title, None),
        ItemKind::Track => (None, parent_title),
        _ => (None, None),
    };
    let progress = row.get::<_, Option<i64>>(23)?.map(|position| {
        Ok::<_, rusqlite::Error>(Progress {
            position_ms: position.max(0) as u64,
            watched: row.get(24)?,
            played_at_ms: row.get(25)?,
        })
    });
    let problem = row.get::<_, Option<String>>(26)?.map(|code| {
        Ok::<_, rusqlite::Error>(Problem {
            code,
            text: row.get(27)?,
        })
    });
    let holds = matches!(
        kind,
        ItemKind::Series | ItemKind::Season | ItemKind::Artist | ItemKind::Album
    );
    let summary = ItemSummary {
        id: row.get(0)?,
        kind,
        title: row.get(2)?,
        edition: row.get(3)?,
        year: u16::try_from(year).ok().filter(|&year| year != 0),
        parent_id: row.get(5)?,
        library_id: row.get(6)?,
        series_title,
        season_number: row.get(7)?,
        episode_number: row.get(8)?,
        episode_number_end: row.get(9)?,
        disc_number: row.get(10)?,
        track_number: row.get(11)?,
        artist: row.get(12)?,
        album,
        duration_ms: row.get(13)?,
        size: Option::zip(row.get(33)?, row.get(34)?),
        added_at_ms: row.get(14)?,
        taken_at_ms: (taken_at_ms != 0).then_some(taken_at_ms),
        available: row.get(16)?,
        problem: problem.transpose()?,
        progress: progress.transpose()?,
        child_count: if holds { Some(row.get(17)?) } else { None },
        unwatched_count: row.get::<_, Option<i64>>(32)?.map(|n| n.max(0) as u32),
        poster: art(row, 28)?,
        backdrop: art(row, 30)?,
        aspect: kind.aspect(),
    };
    Ok(Sorted {
        summary,
        sort_title: row.get(19)?,
        year,
        taken_at_ms,
        number_key: row.get(20)?,
    })
}

fn art(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<ArtRef>> {
    let key: Option<i64> = row.get(at)?;
    let colour: Option<u32> = row.get(at + 1)?;
    Ok(key.map(|key| ArtRef {
        version: key as u64,
        colour,
    }))
}

/// An order: its columns, and the condition that lies after a cursor.
struct Order {
    by: &'static str,
    after: &'static str,
}

fn order(sort: Sort) -> Order {
    let (by, after) = match sort {
        Sort::Title => ("i.sort_title, i.id", "(i.sort_title, i.id) > (:text, :id)"),
        Sort::TitleDown => (
            "i.sort_title DESC, i.id DESC",
            "(i.sort_title, i.id) < (:text, :id)",
        ),
        Sort::Added => (
            "i.added_at_ms, i.id",
            "(i.added_at_ms, i.id) > (:number, :id)",
        ),
        Sort::AddedDown => (
            "i.added_at_ms DESC, i.id DESC",
            "(i.added_at_ms, i.id) < (:number, :id)",
        ),
        Sort::Year => (
            "i.year, i.sort_title, i.id",
            "(i.year, i.sort_title, i.id) > (:number, :text, :id)",
        ),
        Sort::YearDown => (
            "-i.year, i.sort_title, i.id",
            "(-i.year, i.sort_title, i.id) > (-:number, :text, :id)",
        ),
        Sort::Taken => (
            "i.taken_at_ms, i.id",
            "(i.taken_at_ms, i.id) > (:number, :id)",
        ),
        Sort::TakenDown => (
            "i.taken_at_ms DESC, i.id DESC",
            "(i.taken_at_ms, i.id) < (:number, :id)",
        ),
        Sort::Number => (
            "i.number_key, i.sort_title, i.id",
            "(i.number_key, i.sort_title, i.id) > (:number, :text, :id)",
        ),
    };
    Order { by, after }
}

fn cursor_at(sort: Sort, row: &Sorted) -> Cursor {
    let number = match sort {
        Sort::Title | Sort::TitleDown => 0,
        Sort::Added | Sort::AddedDown => row.summary.added_at_ms,
        Sort::Year | Sort::YearDown => row.year,
        Sort::Taken | Sort::TakenDown => row.taken_at_ms,
        Sort::Number => row.number_key,
    };
    let by_text = matches!(
        sort,
        Sort::Title | Sort::TitleDown | Sort::Year | Sort::YearDown | Sort::Number
    );
    Cursor {
        sort,
        number,
        text: if by_text {
            row.sort_title.clone()
        } else {
            String::new()
        },
        id: row.summary.id.0,
    }
}

/// One page of a list. `words` are the normalised words of the query; `None` when there is none.
/// `Ok(None)`: the cursor is not one of this list.
///
/// # Errors
/// [`DbError`] of the query.
pub fn list(
    conn: &Connection,
    user: UserId,
    query: &ItemQuery,
    words: Option<&[String]>,
) -> Result<Option<Page<ItemSummary>>, DbError> {
    let sort = query.sort.unwrap_or(match query.parent {
        Some(_) => Sort::Number,
        None => Sort::Title,
    });
    let cursor = match query
        .cursor
        .as_deref()
        .map(|text| Cursor::decode(text, sort))
    {
        Some(None) => return Ok(None),
        Some(found) => found,
        None => None,
    };
    let matching = words.map(match_expression);
    let limit = i64::from(query.limit.clamp(1, 500)) + 1;
    let order = order(sort);
    // The page's items are chosen first, from narrow indexes; only those few are read and joined.
    let mut chosen = String::from("SELECT i.id FROM items i");
    let (conditions, within) = conditions(query);
    let found = matching.as_ref();
    let found = found.map(|words| found_by(conn, words, &conditions, &within));
    let found = found.transpose()?;
    if matches!(found, Some(Found::Few)) {
        chosen.push_str(" INDEXED BY items_found");
    }
    chosen.push_str(" WHERE 1");
    chosen.push_str(&conditions);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":user", &user), (":limit", &limit)];
    values.extend(&within);
    if let Some(matching) = &matching {
        // With `+` the items are not looked up by number, but walked in the order of the list.
        chosen.push_str(match found {
            Some(Found::Many) => " AND +i.id",
            _ => " AND i.id",
        });
        chosen.push_str(" IN (SELECT rowid FROM item_search WHERE item_search MATCH :words)");
        values.push((":words", matching));
    }
    if let Some(cursor) = &cursor {
        chosen.push_str(" AND ");
        chosen.push_str(order.after);
        values.push((":id", &cursor.id));
        if order.after.contains(":number") {
            values.push((":number", &cursor.number));
        }
        if order.after.contains(":text") {
            values.push((":text", &cursor.text));
        }
    }
    let by = order.by;
    let sql =
        format!("{SUMMARY} WHERE i.id IN ({chosen} ORDER BY {by} LIMIT :limit) ORDER BY {by}");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement
        .query_map(values.as_slice(), summary)?
        .collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() as i64 == limit;
    if more {
        rows.pop();
    }
    let next = rows
        .last()
        .filter(|_| more)
        .map(|row| cursor_at(sort, row).encode());
    let items = rows.into_iter().map(|row| row.summary).collect();
    Ok(Some(Page { items, next }))
}

/// Names of values in a statement, and the values.
type Values<'a> = Vec<(&'static str, &'a dyn ToSql)>;

/// What the items of a list have in common besides words.
fn conditions(query: &ItemQuery) -> (String, Values<'_>) {
    let kind = query.kind.as_ref().map(|kind| kind as &dyn ToSql);
    let parent = query.parent.as_ref().map(|parent| parent as &dyn ToSql);
    let library = query.library.as_ref().map(|library| library as &dyn ToSql);
    let all = [
        (" AND i.kind = :kind", ":kind", kind),
        (" AND i.parent_id = :parent", ":parent", parent),
        (" AND i.library_id = :library", ":library", library),
    ];
    let asked = |(sql, name, value)| Some((sql, (name, value?)));
    all.into_iter().filter_map(asked).unzip()
}

/// How many items of a list a search finds, which decides how its page is chosen.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// All of them are sorted.
    Few,
    /// The list is walked in its order until the page is full: soon, because so many match.
    Many,
}

fn found_by(
    conn: &Connection,
    matching: &str,
    conditions: &str,
    within: &Values<'_>,
) -> Result<Found, DbError> {
    const MANY: i64 = 500;
    // A cross join keeps its order: the words first.
    let sql = format!(
        "SELECT count(*) FROM (
            SELECT 1 FROM item_search CROSS JOIN items i INDEXED BY items_found
            ON i.id = item_search.rowid
            WHERE item_search MATCH :words{conditions} LIMIT :many)"
    );
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":words", &matching), (":many", &MANY)];
    values.extend(within);
    let mut statement = conn.prepare_cached(&sql)?;
    let count: i64 = statement.query_row(values.as_slice(), |row| row.get(0))?;
    Ok(if count < MANY {
        Found::Few
    } else {
        Found::Many
    })
}

/// All words must occur, each at least as the beginning of one. Words hold letters and digits only.
fn match_expression(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"*")).collect();
    quoted.join(" AND ")
}

/// How many items begin with which letter, in the order of their titles.
///
/// # Errors
/// [`DbError`] of the query.
pub fn letters(
    conn: &Connection,
    kind: Option<ItemKind>,
    library: Option<LibraryId>,
) -> Result<Vec<Letter>, DbError> {
    let mut sql =
        String::from("SELECT substr(sort_title, 1, 1) AS letter, count(*) FROM items WHERE 1");
    let mut values: Vec<(&str, &dyn ToSql)> = Vec::new();
    if let Some(kind) = &kind {
        sql.push_str(" AND kind = :kind");
        values.push((":kind", kind));
    }
    if let Some(library) = &library {
        sql.push_str(" AND library_id = :library");
        values.push((":library", library));
    }
    sql.push_str(" GROUP BY letter ORDER BY letter");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(values.as_slice(), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
    })?;
    let mut letters: Vec<Letter> = Vec::new();
    for row in rows {
        let (first, count) = row?;
        let shown = match first.chars().next().filter(|c| c.is_alphabetic()) {
            Some(c) => c.to_uppercase().collect(),
            None => "#".to_owned(),
        };
        match letters.last_mut().filter(|last| last.letter == shown) {
            Some(last) => last.count += count,
            None => {
                let before = Cursor {
                    sort: Sort::Title,
                    number: 0,
                    text: first,
                    id: 0,
                };
                let cursor = (!letters.is_empty()).then(|| before.encode());
                letters.push(Letter {
                    letter: shown,
                    count,
                    cursor,
                });
            }
        }
    }
    Ok(letters)
}

/// Some items as tiles, in the order of `ids`; those that are gone are left out.
///
/// # Errors
/// [`DbError`] of the query.
pub fn by_ids(
    conn: &Connection,
    user: UserId,
    ids: &[ItemId],
) -> Result<Vec<ItemSummary>, DbError> {
    let mut statement = conn.prepare_cached(&format!("{SUMMARY} WHERE i.id = :id"))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let row = statement
            .query_row(named_params! {":user": user, ":id": id}, summary)
            .optional()?;
        found.extend(row.map(|row| row.summary));
    }
    Ok(found)
}

/// An item's texts; empty when it has none.
///
/// # Errors
/// [`DbError`] of the query.
pub fn details(conn: &Connection, item: ItemId) -> Result<Details, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT overview, genres, people, premiered, studio FROM item_details WHERE item_id = :item",
        )?
        .query_row(named_params! {":item": item}, |row| {
            Ok(Details {
                overview: row.get(0)?,
                genres: serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default(),
                people: serde_json::from_str(&row.get::<_, String>(2)?).unwrap_or_default(),
                premiered: row.get(3)?,
                studio: row.get(4)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What an item hangs under, from the top down.
///
/// # Errors
/// [`DbError`] of the query.
pub fn parents(conn: &Connection, item: ItemId) -> Result<Vec<ParentRef>, DbError> {
    let mut found = Vec::new();
    let mut statement = conn.prepare_cached(
        "SELECT p.id, p.title, p.kind FROM items i JOIN items p ON p.id = i.parent_id WHERE i.id = :item",
    )?;
    let mut at = item;
    // Nothing hangs deeper than episode, season, series.
    for _ in 0..3 {
        let above = statement
            .query_row(named_params! {":item": at}, |row| {
                Ok(ParentRef {
                    id: row.get(0)?,
                    title: row.get(1)?,
                    kind: row.get(2)?,
                })
            })
            .optional()?;
        let Some(above) = above else { break };
        at = above.id;
        found.insert(0, above);
    }
    Ok(found)
}

/// The file of an item; `None`: no such item, `Some(None)`: it holds no file.
///
/// # Errors
/// [`DbError`] of the query.
pub fn file_of(conn: &Connection, item: ItemId) -> Result<Option<Option<FileId>>, DbError> {
    column(conn, "SELECT file_id FROM items WHERE id = :item", item)
}

/// One column of an item, if there is such an item.
fn column<T: FromSql>(conn: &Connection, sql: &str, item: ItemId) -> Result<Option<T>, DbError> {
    let found = conn
        .prepare_cached(sql)?
        .query_row(named_params! {":item": item}, |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The items before and after `item` in the order they are played or looked at.
///
/// # Errors
/// [`DbError`] of the query.
pub fn neighbours(
    conn: &Connection,
    item: ItemId,
) -> Result<(Option<ItemId>, Option<ItemId>), DbError> {
    let Some(place) = place(conn, item)? else {
        return Ok((None, None));
    };
    Ok((beside(conn, &place, false)?, beside(conn, &place, true)?))
}

struct Place {
    id: ItemId,
    kind: ItemKind,
    library: LibraryId,
    parent: Option<ItemId>,
    top: Option<ItemId>,
    season: i64,
    number: i64,
    sort_title: String,
    taken_at_ms: i64,
    part: bool,
}

fn place(conn: &Connection, item: ItemId) -> Result<Option<Place>, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT kind, library_id, parent_id, top_id, coalesce(season_number, 0), number_key,
                sort_title, taken_at_ms, edition LIKE 'Part %'
             FROM items WHERE id = :item",
        )?
        .query_row(named_params! {":item": item}, |row| {
            Ok(Place {
                id: item,
                kind: row.get(0)?,
                library: row.get(1)?,
                parent: row.get(2)?,
                top: row.get(3)?,
                season: row.get(4)?,
                number: row.get(5)?,
                sort_title: row.get(6)?,
                taken_at_ms: row.get(7)?,
                part: row.get::<_, Option<bool>>(8)?.unwrap_or(false),
            })
        })
        .optional()?;
    Ok(found)
}

fn beside(conn: &Connection, place: &Place, after: bool) -> Result<Option<ItemId>, DbError> {
    let (sign, down) = if after { (">", "") } else { ("<", " DESC") };
    let ordered = |columns: &[&str]| {
        let list: Vec<String> = columns.iter().map(|c| format!("{c}{down}")).collect();
        list.join(", ")
    };
    let (condition, order) = match place.kind {
        // Specials stand apart: they neither follow a season nor lead into one.
        ItemKind::Episode => (
            format!("kind = 'episode' AND top_id = :top AND (season_number = 0) = (:season = 0)
                 AND (season_number, number_key, sort_title, id) {sign} (:season, :number, :title, :id)"),
            ordered(&["season_number", "number_key", "sort_title", "id"]),
        ),
        ItemKind::Track => (
            format!("parent_id = :parent AND (number_key, sort_title, id) {sign} (:number, :title, :id)"),
            ordered(&["number_key", "sort_title", "id"]),
        ),
        ItemKind::Photo | ItemKind::HomeVideo => (
            format!("library_id = :library AND kind = :kind AND (taken_at_ms, id) {sign} (:taken, :id)"),
            ordered(&["taken_at_ms", "id"]),
        ),
        ItemKind::Film if place.part => (
            format!("library_id = :library AND kind = :kind AND sort_title = :title
                 AND edition LIKE 'Part %' AND (number_key, id) {sign} (:number, :id)"),
            ordered(&["number_key", "id"]),
        ),
        _ => return Ok(None),
    };
    let sql = format!("SELECT id FROM items WHERE {condition} ORDER BY {order} LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    let all: [(&str, &dyn ToSql); 9] = [
        (":id", &place.id),
        (":top", &place.top),
        (":parent", &place.parent),
        (":library", &place.library),
        (":kind", &place.kind),
        (":season", &place.season),
        (":number", &place.number),
        (":title", &place.sort_title),
        (":taken", &place.taken_at_ms),
    ];
    let used: Vec<(&str, &dyn ToSql)> = all
        .into_iter()
        .filter(|(name, _)| sql.contains(name))
        .collect();
    let found = statement
        .query_row(used.as_slice(), |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Whether the item exists, and the length of what it plays.
///
/// # Errors
/// [`DbError`] of the query.
pub fn duration_of(conn: &Connection, item: ItemId) -> Result<Option<Option<u64>>, DbError> {
    column(conn, "SELECT duration_ms FROM items WHERE id = :item", item)
}

/// Films whose embedded text subtitles have not been looked at, after the file `after`.
///
/// # Errors
/// [`DbError`] of the query.
pub fn without_texts(
    conn: &Connection,
    after: FileId,
    limit: u32,
) -> Result<Vec<(FileId, ItemId)>, DbError> {
    let rows = conn
        .prepare_cached(
            "SELECT f.id, i.id FROM files f JOIN items i ON i.file_id = f.id
             WHERE f.text_state = 0 AND f.id > :after AND f.media = 'video'
                 AND f.info IS NOT NULL AND f.available = 1 ORDER BY f.id LIMIT :limit",
        )?
        .query_map(named_params! {":after": after, ":limit": limit}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` films, every second one of them "common", titled against the order of their numbers.
    fn films(count: usize) -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        super::super::migrations::apply(&mut conn).unwrap();
        conn.execute_batch(
            "INSERT INTO libraries (id, name, kind, path, available, created_at_ms) VALUES (1, 'Films', 'films', '/films', 1, 0)",
        )
        .unwrap();
        for n in 0..count {
            let title = format!("film {:06}", count - n);
            conn.execute(
                "INSERT INTO items (id, library_id, kind, title, sort_title, year, number_key, added_at_ms, taken_at_ms, available)
                 VALUES (?1, 1, 'film', ?2, ?2, ?3, 0, ?1, 0, 1)",
                (n, &title, n % 7),
            )
            .unwrap();
            let words = if n % 2 == 0 { "common" } else { "rare" };
            conn.execute(
                "INSERT INTO item_search (rowid, words) VALUES (?1, ?2)",
                (n, words),
            )
            .unwrap();
        }
        conn
    }

    #[test]
    fn a_search_that_finds_many_has_the_pages_of_one_that_finds_few() {
        for count in [900, 1100] {
            let conn = films(count);
            for (sort, descending) in [
                (Sort::Title, true),
                (Sort::TitleDown, false),
                (Sort::Added, false),
            ] {
                let mut query = ItemQuery {
                    kind: Some(ItemKind::Film),
                    sort: Some(sort),
                    limit: 70,
                    ..ItemQuery::default()
                };
                let mut ids = Vec::new();
                loop {
                    let words = ["comm".to_owned()];
                    let page = list(&conn, UserId(1), &query, Some(&words))
                        .unwrap()
                        .unwrap();
                    ids.extend(page.items.iter().map(|item| item.id.0));
                    query.cursor = page.next;
                    if query.cursor.is_none() {
                        break;
                    }
                }
                let mut expected: Vec<i64> = (0..count as i64).filter(|n| n % 2 == 0).collect();
                if descending {
                    expected.reverse();
                }
                assert_eq!(ids, expected, "{count} {sort:?}");
            }
        }
    }

    #[test]
    fn what_a_search_finds_is_counted_within_its_list() {
        let conn = films(1100);
        for (kind, library, parent, want) in [
            (None, None, None, Found::Many),
            (Some(ItemKind::Film), Some(1), None, Found::Many),
            (Some(ItemKind::Photo), None, None, Found::Few),
            (None, Some(2), None, Found::Few),
            (None, None, Some(1), Found::Few),
        ] {
            let query = ItemQuery {
                kind,
                library: library.map(LibraryId),
                parent: parent.map(ItemId),
                ..ItemQuery::default()
            };
            let (conditions, within) = conditions(&query);
            let found = found_by(&conn, "\"comm\"*", &conditions, &within).unwrap();
            assert_eq!(found, want, "{query:?}");
        }
    }
}
