//! The schema's versions, one file each; a released file never changes.
//!
//! A step only adds: tables, and columns that have a value of their own. So the older program of the other slot runs on
//! what a newer one left. A step that does more has to raise [`OLDEST_PROGRAM`], which the database carries in its header
//! (`application_id`) for programs that do not know the step.
//!
//! Never: a step back.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::DbError;

/// In order; the version of a database is how many of them it has seen.
const STEPS: &[&str] = &[
    include_str!("migrations/001_library.sql"),
    include_str!("migrations/002_accounts.sql"),
    include_str!("migrations/003_tries.sql"),
    include_str!("migrations/004_telemetry.sql"),
    include_str!("migrations/005_receipts.sql"),
];

/// The oldest program that runs on the database as the last step leaves it, by how many steps it knows.
const OLDEST_PROGRAM: i64 = 1;

/// What is known of a database before anything is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Of this version or an earlier one, and then to be brought up to date.
    Known(i64),
    /// A newer program wrote it, and lets this one run on it as it is.
    NewerThatOnlyAdds,
    /// A newer program wrote it; its version.
    Newer(i64),
}

impl Found {
    /// Judges the database by its header.
    pub(super) fn judge(conn: &Connection) -> rusqlite::Result<Self> {
        let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let oldest: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        Ok(if version <= known_version() {
            Self::Known(version)
        } else if (1..=known_version()).contains(&oldest) {
            Self::NewerThatOnlyAdds
        } else {
            Self::Newer(version)
        })
    }
}

/// How many versions this program knows.
pub(super) fn known_version() -> i64 {
    STEPS.len() as i64
}

/// Brings the database up to date, each step in its own transaction.
///
/// # Errors
/// [`DbError::Migration`] when a step fails; the steps before it stay.
pub(super) fn apply(conn: &mut Connection) -> Result<(), DbError> {
    // Before the steps: no program finds one that it does not know without what it must know of it.
    let declared: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if declared != OLDEST_PROGRAM {
        conn.pragma_update(None, "application_id", OLDEST_PROGRAM)?;
    }
    let steps = Migrations::new(STEPS.iter().map(|sql| M::up(sql)).collect());
    steps.to_latest(conn).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => match DbError::from(err) {
            DbError::Sqlite(err) => DbError::Migration(err.to_string()),
            other => other,
        },
        other => DbError::Migration(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Name, type, "not null", default, place in the primary key.
    type Column = (String, String, bool, Option<String>, i64);

    fn columns(conn: &Connection, table: &str) -> Vec<Column> {
        let mut found = conn.prepare("SELECT * FROM pragma_table_info(?1)").unwrap();
        let rows = found.query_map([table], |row| {
            Ok((
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn tables(conn: &Connection) -> BTreeMap<String, Vec<Column>> {
        let list = "SELECT name FROM sqlite_schema WHERE type = 'table'";
        let names: Vec<String> = strings(conn, list);
        let of = |name: String| (name.clone(), columns(conn, &name));
        names.into_iter().map(of).collect()
    }

    fn strings(conn: &Connection, sql: &str) -> Vec<String> {
        let mut found = conn.prepare(sql).unwrap();
        let rows = found.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// What may refuse or change what an older program writes: unique indexes, triggers, foreign keys and checks.
    fn rules(conn: &Connection, tables: &BTreeMap<String, Vec<Column>>) -> Vec<String> {
        let all = "SELECT tbl_name || ' ' || coalesce(sql, name) FROM sqlite_schema
                   WHERE type = 'trigger' OR (type = 'index' AND sql LIKE '%UNIQUE%')";
        let mut rules = strings(conn, all);
        for table in tables.keys() {
            let keys = format!(
                "SELECT '{table} ' || \"table\" || \"from\" || coalesce(\"to\", '') || on_delete
                 FROM pragma_foreign_key_list('{table}')"
            );
            rules.extend(strings(conn, &keys));
        }
        let checks =
            "SELECT name || ' checks ' || (length(sql) - length(replace(sql, 'CHECK', '')))
                      FROM sqlite_schema WHERE type = 'table'";
        rules.extend(strings(conn, checks));
        let is_of_these = |rule: &String| {
            rule.split(' ')
                .next()
                .is_some_and(|t| tables.contains_key(t))
        };
        rules.retain(is_of_these);
        rules.sort();
        rules
    }

    /// Whether a program that knows what stands in `conn` still runs after `sql`.
    fn only_adds(conn: &Connection, sql: &str) -> bool {
        let before = tables(conn);
        let rules_before = rules(conn, &before);
        conn.execute_batch(sql).unwrap();
        let after = tables(conn);
        let stays = before.iter().all(|(name, old)| {
            let new = after.get(name).map_or(&[][..], Vec::as_slice);
            let (kept, added) = new.split_at(old.len().min(new.len()));
            let has_value = |(_, _, not_null, default, _): &Column| !not_null || default.is_some();
            kept == old.as_slice() && added.iter().all(has_value)
        });
        stays && rules(conn, &before) == rules_before
    }

    #[test]
    fn the_older_program_of_the_other_slot_runs_on_what_every_step_leaves() {
        let conn = Connection::open_in_memory().unwrap();
        for (known, step) in STEPS.iter().enumerate() {
            let is_declared = i64::try_from(known).unwrap() >= OLDEST_PROGRAM;
            let adds = only_adds(&conn, step);
            assert!(
                adds || !is_declared,
                "step {} does more than add",
                known + 1
            );
        }
    }

    #[test]
    fn what_does_more_than_add_is_noticed() {
        let check = |sql: &str, expected: bool| {
            let conn = Connection::open_in_memory().unwrap();
            let base = "CREATE TABLE a (x TEXT NOT NULL, y INTEGER); CREATE TABLE b (z TEXT);";
            conn.execute_batch(base).unwrap();
            assert_eq!(only_adds(&conn, sql), expected, "{sql}");
        };
        check("CREATE TABLE c (x TEXT NOT NULL UNIQUE)", true);
        check(
            "ALTER TABLE a ADD COLUMN w INTEGER NOT NULL DEFAULT 1",
            true,
        );
        check("ALTER TABLE a ADD COLUMN w INTEGER", true);
        check("CREATE INDEX i ON a (x)", true);
        check("DROP TABLE b", false);
        check("ALTER TABLE b RENAME TO d", false);
        check("ALTER TABLE a RENAME COLUMN y TO v", false);
        check("ALTER TABLE a DROP COLUMN y", false);
        check("CREATE UNIQUE INDEX i ON a (x)", false);
        check(
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END",
            false,
        );
        check("ALTER TABLE b ADD COLUMN w INTEGER CHECK (w > 0)", false);
        check("ALTER TABLE b ADD COLUMN w INTEGER REFERENCES a (y)", false);
        check(
            "DROP TABLE a; CREATE TABLE a (x TEXT NOT NULL, y INTEGER, w TEXT NOT NULL)",
            false,
        );
        check("DROP TABLE b; CREATE TABLE b (z INTEGER)", false);
    }
}
