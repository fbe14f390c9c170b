//! Small values kept by name.
//!
//! Never: secrets; those have their own tables.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::DbError;

/// The value of `key`, if it was ever set.
///
/// # Errors
/// [`DbError`] of the query.
pub fn get(conn: &Connection, key: &str) -> Result<Option<String>, DbError> {
    let value = conn
        .prepare_cached("SELECT value FROM settings WHERE key = :key")?
        .query_row(named_params! {":key": key}, |row| row.get(0))
        .optional()?;
    Ok(value)
}

/// Sets `key` to `value`.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set(conn: &Connection, key: &str, value: &str) -> Result<(), DbError> {
    conn.prepare_cached(
        "INSERT INTO settings (key, value) VALUES (:key, :value)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(named_params! {":key": key, ":value": value})?;
    Ok(())
}
