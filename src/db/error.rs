//! What can go wrong with the database, told apart by what the owner can do about it.
//!
//! Never: branching on an error's text.

use std::io;
use std::path::PathBuf;

/// Why the database did not open or did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error("the state folder {} is in use by another Alcove", .0.display())]
    InUse(PathBuf),
    #[error(
        "the database was written by a newer Alcove (version {found}; this one knows {known}); nothing was changed"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "the database was written by an older Alcove (version {found}; this one knows {known}); start the server once to bring it up to date"
    )]
    Older { found: i64, known: i64 },
    #[error("the state folder {} cannot be written", .0.display())]
    ReadOnly(PathBuf),
    #[error("the disk that holds the state folder is full")]
    Full,
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the state folder {} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the database is busy")]
    Busy,
    #[error("the server is shutting down")]
    Closed,
    #[error("bringing the database up to date failed: {0}")]
    Migration(String),
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    #[error("the database holds a value that cannot be read: {0}")]
    Value(String),
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(PathBuf::new()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl DbError {
    /// The error of a file operation in the state folder `path`.
    pub(super) fn from_io(path: PathBuf, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(path)
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io { path, source },
        }
    }

    /// True when tables are not there, or not as this program knows them.
    pub fn is_of_another_schema(&self) -> bool {
        use rusqlite::ErrorCode;
        matches!(self, Self::Sqlite(error)
            if matches!(error.sqlite_error_code(), None | Some(ErrorCode::Unknown)))
    }

    /// True when a unique or foreign key constraint refused the change.
    pub fn is_constraint(&self) -> bool {
        matches!(self, Self::Sqlite(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation))
    }
}
