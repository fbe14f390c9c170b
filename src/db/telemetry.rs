//! Queries on what is counted in classes: loaded and saved as a whole, deleted without a trace.
//!
//! Never: what a class means; a row that outlives the owner's no.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::DbError;
use super::connection::SYNCHRONOUS;

/// Everything that is counted, as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredJournal {
    pub layout: i64,
    /// Version of the metric registry.
    pub registry: i64,
    pub week: String,
    /// 0 is Monday.
    pub day: i64,
    /// JSON.
    pub report_weeks: Option<String>,
    pub counts: Vec<CountRow>,
    pub performance: Vec<PerformanceRow>,
    pub answers: Vec<AnswerRow>,
}

/// How often a class was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountRow {
    pub answer: String,
    pub today: i64,
    pub this_week: i64,
}

/// How often pictures of one codec were encoded by one backend at one speed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerformanceRow {
    pub week: String,
    pub video_codec: String,
    pub backend: String,
    pub factor: String,
    pub count: i64,
}

/// What chance drew for one metric of one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerRow {
    pub week: String,
    pub metric: String,
    pub answer: Option<String>,
    pub seen: i64,
    pub complete: bool,
}

/// A report that was sent, or may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    pub week: String,
    pub metric: String,
    pub bytes: String,
    pub sent_week: String,
    /// False while nobody knows whether it has arrived.
    pub arrived: bool,
}

const TABLES: [&str; 4] = [
    "telemetry_journal",
    "telemetry_counts",
    "telemetry_performance",
    "telemetry_answers",
];

/// What is stored, if anything is.
///
/// # Errors
/// [`DbError`] of the query.
pub fn load(conn: &Connection) -> Result<Option<StoredJournal>, DbError> {
    let head = conn
        .prepare_cached("SELECT layout, registry, week, day, report_weeks FROM telemetry_journal")?
        .query_row([], |row| {
            Ok(StoredJournal {
                layout: row.get(0)?,
                registry: row.get(1)?,
                week: row.get(2)?,
                day: row.get(3)?,
                report_weeks: row.get(4)?,
                ..StoredJournal::default()
            })
        })
        .optional()?;
    let Some(head) = head else { return Ok(None) };
    let counts = rows(
        conn,
        "SELECT answer, today, this_week FROM telemetry_counts",
        |row| {
            Ok(CountRow {
                answer: row.get(0)?,
                today: row.get(1)?,
                this_week: row.get(2)?,
            })
        },
    )?;
    let performance = rows(
        conn,
        "SELECT week, video_codec, backend, factor, count FROM telemetry_performance",
        |row| {
            Ok(PerformanceRow {
                week: row.get(0)?,
                video_codec: row.get(1)?,
                backend: row.get(2)?,
                factor: row.get(3)?,
                count: row.get(4)?,
            })
        },
    )?;
    let answers = rows(
        conn,
        "SELECT week, metric, answer, seen, complete FROM telemetry_answers ORDER BY week, place",
        |row| {
            Ok(AnswerRow {
                week: row.get(0)?,
                metric: row.get(1)?,
                answer: row.get(2)?,
                seen: row.get(3)?,
                complete: row.get(4)?,
            })
        },
    )?;
    Ok(Some(StoredJournal {
        counts,
        performance,
        answers,
        ..head
    }))
}

/// Replaces what is stored; what was there is overwritten on the disk, too.
///
/// # Errors
/// [`DbError`] of the change; then nothing is changed.
pub fn save(conn: &mut Connection, journal: &StoredJournal) -> Result<(), DbError> {
    securely(conn, |change| {
        for table in TABLES {
            change.execute(&format!("DELETE FROM {table}"), [])?;
        }
        insert(change, journal)
    })
}

fn insert(change: &Connection, journal: &StoredJournal) -> Result<(), DbError> {
    change
        .prepare_cached(
            "INSERT INTO telemetry_journal (only, layout, registry, week, day, report_weeks)
             VALUES (1, :layout, :registry, :week, :day, :report_weeks)",
        )?
        .execute(named_params! {
            ":layout": journal.layout,
            ":registry": journal.registry,
            ":week": journal.week,
            ":day": journal.day,
            ":report_weeks": journal.report_weeks,
        })?;
    let mut counts = change.prepare_cached(
        "INSERT INTO telemetry_counts (answer, today, this_week) VALUES (:answer, :today, :this_week)",
    )?;
    for row in &journal.counts {
        counts.execute(named_params! {
            ":answer": row.answer,
            ":today": row.today,
            ":this_week": row.this_week,
        })?;
    }
    let mut performance = change.prepare_cached(
        "INSERT INTO telemetry_performance (week, video_codec, backend, factor, count)
         VALUES (:week, :video_codec, :backend, :factor, :count)",
    )?;
    for row in &journal.performance {
        performance.execute(named_params! {
            ":week": row.week,
            ":video_codec": row.video_codec,
            ":backend": row.backend,
            ":factor": row.factor,
            ":count": row.count,
        })?;
    }
    let mut answers = change.prepare_cached(
        "INSERT INTO telemetry_answers (week, place, metric, answer, seen, complete)
         VALUES (:week, :place, :metric, :answer, :seen, :complete)",
    )?;
    for (place, row) in (0_i64..).zip(&journal.answers) {
        answers.execute(named_params! {
            ":week": row.week,
            ":place": place,
            ":metric": row.metric,
            ":answer": row.answer,
            ":seen": row.seen,
            ":complete": row.complete,
        })?;
    }
    Ok(())
}

/// Deletes everything that is counted, of whatever version, from the database and from its log.
///
/// # Errors
/// [`DbError`] of the change, and [`DbError::Busy`] when a reader held the log for too long: then it is deleted, but not
/// yet gone from the disk.
pub fn clear(conn: &mut Connection) -> Result<(), DbError> {
    let tables: Vec<String> = conn
        .prepare(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name GLOB 'telemetry_*' AND name <> 'telemetry_receipts'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    securely(conn, |change| {
        for table in &tables {
            change.execute(&format!("DELETE FROM \"{table}\""), [])?;
        }
        Ok(())
    })?;
    scrub(conn)
}

/// Writes the log back into the database and empties it, so that nothing deleted is left in it.
///
/// # Errors
/// [`DbError`] of the change, and [`DbError::Busy`].
pub fn scrub(conn: &Connection) -> Result<(), DbError> {
    let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(DbError::Busy) } else { Ok(()) }
}

/// The row of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptId(i64);

/// Remembers a report that is about to be sent. When it returns, no power cut takes this back, nor any change before it.
///
/// # Errors
/// [`DbError`] of the change; then it is not remembered.
pub fn add_receipt(conn: &Connection, receipt: &ReceiptRow) -> Result<ReceiptId, DbError> {
    // Otherwise a change is only on its way to the disk when it is committed.
    conn.pragma_update(None, "synchronous", "FULL")?;
    let added = insert_receipt(conn, receipt);
    conn.pragma_update(None, "synchronous", SYNCHRONOUS)?;
    added
}

fn insert_receipt(conn: &Connection, receipt: &ReceiptRow) -> Result<ReceiptId, DbError> {
    conn.prepare_cached(
        "INSERT INTO telemetry_receipts (week, metric, bytes, sent_week, arrived)
         VALUES (:week, :metric, :bytes, :sent_week, :arrived)",
    )?
    .execute(named_params! {
        ":week": receipt.week,
        ":metric": receipt.metric,
        ":bytes": receipt.bytes,
        ":sent_week": receipt.sent_week,
        ":arrived": receipt.arrived,
    })?;
    Ok(ReceiptId(conn.last_insert_rowid()))
}

/// Forgets a receipt of a report that did not leave after all, without a trace.
///
/// # Errors
/// [`DbError`] of the change, as of [`clear`].
pub fn remove_receipt(conn: &mut Connection, receipt: ReceiptId) -> Result<(), DbError> {
    securely(conn, |change| {
        change.execute(
            "DELETE FROM telemetry_receipts WHERE id = :id",
            named_params! {":id": receipt.0},
        )?;
        Ok(())
    })?;
    scrub(conn)
}

/// Remembers that the report of a receipt has arrived.
///
/// # Errors
/// [`DbError`] of the change.
pub fn mark_arrived(conn: &Connection, receipt: ReceiptId) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE telemetry_receipts SET arrived = 1 WHERE id = :id")?
        .execute(named_params! {":id": receipt.0})?;
    Ok(())
}

/// Every report that was sent or may have been, the newest first.
///
/// # Errors
/// [`DbError`] of the query.
pub fn receipts(conn: &Connection) -> Result<Vec<ReceiptRow>, DbError> {
    rows(
        conn,
        "SELECT week, metric, bytes, sent_week, arrived FROM telemetry_receipts ORDER BY id DESC",
        |row| {
            Ok(ReceiptRow {
                week: row.get(0)?,
                metric: row.get(1)?,
                bytes: row.get(2)?,
                sent_week: row.get(3)?,
                arrived: row.get(4)?,
            })
        },
    )
}

fn rows<T>(
    conn: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, DbError> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Runs `work` in a transaction that overwrites with zeros whatever it deletes. Every change of these tables does:
/// what an earlier one left in a page, a later one does not find.
fn securely(
    conn: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<(), DbError>,
) -> Result<(), DbError> {
    conn.pragma_update(None, "secure_delete", true)?;
    let outcome = in_transaction(conn, work);
    conn.pragma_update(None, "secure_delete", false)?;
    outcome
}

fn in_transaction(
    conn: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<(), DbError>,
) -> Result<(), DbError> {
    let change = conn.transaction()?;
    work(&change)?;
    Ok(change.commit()?)
}
