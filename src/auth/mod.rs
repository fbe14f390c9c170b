//! Users, passwords, sessions, limits and playback tickets.
//!
//! Never: cookies, headers, what may be watched.

mod accounts;
mod gate;
mod key;
mod password;
mod session;
pub mod ticket;
mod token;

pub use accounts::{Accounts, Login};
pub use gate::Refused;
pub use key::KeyError;
pub use session::{Role, Session};

/// What can be wrong with the place where accounts are stored.
pub use crate::db::DbError as StoreError;

/// Why an account did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("the name or the password is wrong")]
    WrongPassword,
    #[error("too many attempts; the next one is allowed in {retry_after_s} s")]
    TooManyAttempts { retry_after_s: u64 },
    #[error("the server already has an owner")]
    AlreadySetUp,
    #[error("that name is taken")]
    NameTaken,
    #[error("a name has 1 to 64 characters, no control characters, and no spaces at its ends")]
    BadName,
    #[error("a password has 8 to 256 characters")]
    BadPassword,
    #[error("nobody has that name")]
    NoSuchUser,
    #[error("accounts: {0}")]
    Db(#[from] StoreError),
    #[error("the end of the session was not stored: {0}")]
    EndNotStored(StoreError),
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}
