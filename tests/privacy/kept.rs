//! P8: the database keeps what the registry declares, table by table and column by column.

use std::collections::BTreeMap;

use alcove::db::Db;
use alcove::telemetry::registry::{Holds, REGISTRY};
use rusqlite::Connection;

/// Tables with the type of each column.
type Shape = BTreeMap<String, BTreeMap<String, String>>;

/// What the registry declares.
fn declared() -> Shape {
    let kind = |holds: Holds| match holds {
        Holds::Answer | Holds::Metric | Holds::Report | Holds::Week | Holds::Weeks => "TEXT",
        Holds::Count | Holds::Day | Holds::Mark | Holds::Order | Holds::Version => "INTEGER",
    };
    let tables = REGISTRY.tables.iter().map(|table| {
        let columns = table.columns.iter();
        let columns = columns.map(|own| (own.name.to_owned(), kind(own.holds).to_owned()));
        (table.name.to_owned(), columns.collect())
    });
    tables.collect()
}

/// What a database has of telemetry.
fn kept(db: &Connection) -> Shape {
    let columns = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_xinfo(t.name) c
         WHERE t.type IN ('table', 'view') AND t.name GLOB 'telemetry*'";
    let mut statement = db.prepare(columns).expect("a question");
    let cells = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows = statement.query_map([], cells).expect("columns");
    let mut shape = Shape::new();
    for row in rows {
        let (table, column, kind): (String, String, String) = row.expect("a column");
        shape.entry(table).or_default().insert(column, kind);
    }
    shape
}

#[tokio::test]
async fn every_table_and_every_column_of_the_journal_is_declared() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let db = Db::open(folder.path()).expect("a new database");
    db.close().await;
    let db = Connection::open(folder.path().join("alcove.db")).expect("the database");
    let declared = declared();
    assert_eq!(kept(&db), declared);
    for undeclared in [
        "ALTER TABLE telemetry_performance ADD COLUMN board TEXT",
        "ALTER TABLE telemetry_counts ADD COLUMN item INTEGER",
        "ALTER TABLE telemetry_answers RENAME COLUMN seen TO client",
        "ALTER TABLE telemetry_receipts DROP COLUMN sent_week",
        "CREATE TABLE telemetry_titles (title TEXT)",
        "CREATE VIEW telemetry_joined AS SELECT a.answer, b.factor FROM telemetry_counts a, telemetry_performance b",
    ] {
        db.execute_batch(&format!("BEGIN; {undeclared}"))
            .expect("a change");
        assert_ne!(kept(&db), declared, "{undeclared} is not noticed");
        db.execute_batch("ROLLBACK").expect("undone");
    }
    let columns = declared.values().map(BTreeMap::len).sum::<usize>();
    println!(
        "P8: {} tables and {columns} columns, all of them declared",
        declared.len()
    );
}

#[test]
fn what_joins_metrics_is_kept_here_and_never_sent() {
    let joining = REGISTRY.tables.iter().filter(|table| {
        let named = table.columns.iter().filter(|own| own.metric.is_some());
        named.count() > 1
    });
    let names: Vec<_> = joining
        .map(|table| {
            (
                table.name,
                serde_json::to_value(table.leaves).expect("a word"),
            )
        })
        .collect();
    assert_eq!(names, [("telemetry_performance", "never".into())]);
}
