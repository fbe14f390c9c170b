//! Queries on people and their sessions.
//!
//! Never: a password or a token as it is typed; checking either.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::DbError;

/// A person as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    pub id: i64,
    pub name: String,
    /// PHC string.
    pub password_hash: String,
    /// `owner` or `member`.
    pub role: String,
    pub language: Option<String>,
}

/// A person to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: String,
    /// The name folded for comparison.
    pub name_key: String,
    pub password_hash: String,
    pub role: String,
    pub language: Option<String>,
    pub created_at_ms: i64,
}

/// A session as stored, with its person.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: i64,
    pub expires_at_ms: i64,
    pub user: UserRow,
}

const USER_COLUMNS: &str = "users.id, users.name, users.password_hash, users.role, users.language";

fn user(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        id: row.get(0)?,
        name: row.get(1)?,
        password_hash: row.get(2)?,
        role: row.get(3)?,
        language: row.get(4)?,
    })
}

/// True while nobody has an account.
///
/// # Errors
/// [`DbError`] of the query.
pub fn is_empty(conn: &Connection) -> Result<bool, DbError> {
    Ok(conn
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM users)")?
        .query_row([], |row| row.get(0))?)
}

/// The person with that folded name.
///
/// # Errors
/// [`DbError`] of the query.
pub fn user_by_key(conn: &Connection, name_key: &str) -> Result<Option<UserRow>, DbError> {
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {USER_COLUMNS} FROM users WHERE name_key = :key"
        ))?
        .query_row(named_params! {":key": name_key}, user)
        .optional()?)
}

/// Everyone, in the order they were made.
///
/// # Errors
/// [`DbError`] of the query.
pub fn users(conn: &Connection) -> Result<Vec<UserRow>, DbError> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {USER_COLUMNS} FROM users ORDER BY id"))?;
    let rows = statement.query_map([], user)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the first account; `None`, and nothing made, when there is one already.
///
/// # Errors
/// [`DbError`] of the change.
pub fn insert_first_user(conn: &Connection, new: &NewUser) -> Result<Option<i64>, DbError> {
    if is_empty(conn)? {
        insert_user(conn, new)
    } else {
        Ok(None)
    }
}

/// Makes an account; `None`, and nothing made, when the name is taken.
///
/// # Errors
/// [`DbError`] of the change.
pub fn insert_user(conn: &Connection, new: &NewUser) -> Result<Option<i64>, DbError> {
    Ok(conn
        .prepare_cached(
            "INSERT INTO users (name, name_key, password_hash, role, language, created_at_ms)
             VALUES (:name, :name_key, :password_hash, :role, :language, :created_at_ms)
             ON CONFLICT (name_key) DO NOTHING RETURNING id",
        )?
        .query_row(
            named_params! {
                ":name": new.name,
                ":name_key": new.name_key,
                ":password_hash": new.password_hash,
                ":role": new.role,
                ":language": new.language,
                ":created_at_ms": new.created_at_ms,
            },
            |row| row.get(0),
        )
        .optional()?)
}

/// Sets the language of the web interface.
///
/// # Errors
/// [`DbError`] of the change.
pub fn set_language(conn: &Connection, user_id: i64, language: &str) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE users SET language = :language WHERE id = :id")?
        .execute(named_params! {":language": language, ":id": user_id})?;
    Ok(())
}

/// Sets the password and ends every session of the person but `keep`; tells which ones ended.
///
/// # Errors
/// [`DbError`] of the change; then nothing is changed.
pub fn set_password(
    conn: &mut Connection,
    user_id: i64,
    password_hash: &str,
    keep: Option<i64>,
) -> Result<Vec<i64>, DbError> {
    let change = conn.transaction()?;
    change
        .prepare_cached("UPDATE users SET password_hash = :hash WHERE id = :id")?
        .execute(named_params! {":hash": password_hash, ":id": user_id})?;
    let ended = change
        .prepare_cached(
            "DELETE FROM sessions WHERE user_id = :id AND id IS NOT :keep RETURNING id",
        )?
        .query_map(named_params! {":id": user_id, ":keep": keep}, |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    change.commit()?;
    Ok(ended)
}

/// Begins a session and forgets the ones that have expired.
///
/// # Errors
/// [`DbError`] of the change.
pub fn insert_session(
    conn: &Connection,
    user_id: i64,
    token_hash: &[u8],
    now_ms: i64,
    expires_at_ms: i64,
) -> Result<i64, DbError> {
    conn.prepare_cached("DELETE FROM sessions WHERE expires_at_ms <= :now")?
        .execute(named_params! {":now": now_ms})?;
    Ok(conn
        .prepare_cached(
            "INSERT INTO sessions (user_id, token_hash, created_at_ms, expires_at_ms)
             VALUES (:user_id, :token_hash, :now, :expires) RETURNING id",
        )?
        .query_row(
            named_params! {
                ":user_id": user_id,
                ":token_hash": token_hash,
                ":now": now_ms,
                ":expires": expires_at_ms,
            },
            |row| row.get(0),
        )?)
}

/// How a session is looked up.
#[derive(Clone, Debug)]
pub enum SessionKey {
    /// SHA-256 of its token.
    Token(Vec<u8>),
    Id(i64),
}

/// The session and its person, expired or not.
///
/// # Errors
/// [`DbError`] of the query.
pub fn session(conn: &Connection, key: &SessionKey) -> Result<Option<SessionRow>, DbError> {
    let (column, value): (_, &dyn rusqlite::ToSql) = match key {
        SessionKey::Token(hash) => ("token_hash", hash),
        SessionKey::Id(id) => ("id", id),
    };
    Ok(conn
        .prepare_cached(&format!(
            "SELECT {USER_COLUMNS}, sessions.id, sessions.expires_at_ms
             FROM sessions JOIN users ON users.id = sessions.user_id
             WHERE sessions.{column} = :value"
        ))?
        .query_row(named_params! {":value": value}, |row| {
            Ok(SessionRow {
                user: user(row)?,
                id: row.get(5)?,
                expires_at_ms: row.get(6)?,
            })
        })
        .optional()?)
}

/// Lets a session live until `expires_at_ms`.
///
/// # Errors
/// [`DbError`] of the change.
pub fn extend_session(conn: &Connection, id: i64, expires_at_ms: i64) -> Result<(), DbError> {
    conn.prepare_cached("UPDATE sessions SET expires_at_ms = :expires WHERE id = :id")?
        .execute(named_params! {":expires": expires_at_ms, ":id": id})?;
    Ok(())
}

/// Ends sessions.
///
/// # Errors
/// [`DbError`] of the change; then some of them may be left.
pub fn delete_sessions(conn: &Connection, ids: &[i64]) -> Result<(), DbError> {
    let mut statement = conn.prepare_cached("DELETE FROM sessions WHERE id = :id")?;
    for id in ids {
        statement.execute(named_params! {":id": id})?;
    }
    Ok(())
}
