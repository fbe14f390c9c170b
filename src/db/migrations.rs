//! The schema's versions, one file each; a released file never changes.
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

/// How many versions this program knows.
pub(super) fn known_version() -> i64 {
    STEPS.len() as i64
}

/// Brings the database up to date, each step in its own transaction.
///
/// # Errors
/// [`DbError::Migration`] when a step fails; the steps before it stay.
pub(super) fn apply(conn: &mut Connection) -> Result<(), DbError> {
    let steps = Migrations::new(STEPS.iter().map(|sql| M::up(sql)).collect());
    steps.to_latest(conn).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => match DbError::from(err) {
            DbError::Sqlite(err) => DbError::Migration(err.to_string()),
            other => other,
        },
        other => DbError::Migration(other.to_string()),
    })
}
