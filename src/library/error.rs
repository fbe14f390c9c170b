//! What the library answers when it cannot do what was asked.
//!
//! Never: a title or a path in a message that is logged.

use super::disk::DiskError;
use crate::db::DbError;

/// Why a request to the library failed.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("no such item")]
    NotFound,
    /// The item is known, but its file or mount is missing now.
    #[error("the file is not there at the moment")]
    NotAvailable,
    /// The disk hangs: whoever asks is held by the kernel.
    #[error("the disk does not answer")]
    NotAnswering,
    #[error("the item holds no file of its own")]
    NoFile,
    #[error("the file could not be read as media")]
    Unreadable,
    #[error("the item has no such picture")]
    NoPicture,
    #[error("the page marker belongs to another list")]
    BadCursor,
    #[error("there is no such folder")]
    NoFolder,
    #[error("the folder cannot be read")]
    FolderUnreadable,
    #[error("the path must be absolute")]
    NotAbsolute,
    #[error("the folder belongs to another library already")]
    FolderTaken,
    #[error("the name must have 1 to 100 characters")]
    BadName,
    #[error("there is too much to do; try again")]
    Busy,
    #[error("the worker failed: {0}")]
    Worker(String),
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<DiskError> for LibraryError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::NotAnswering => Self::NotAnswering,
            DiskError::NoTurn => Self::Busy,
        }
    }
}
