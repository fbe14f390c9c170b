//! Set-up, login and the person who is logged in.
//!
//! Never: a stored password or token.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May change libraries and settings.
    Owner,
    /// May watch.
    Member,
}

/// The language of the web interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    En,
    Nl,
    De,
}

/// Answer of `GET /healthz`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    pub status: &'static str,
    pub version: &'static str,
}

/// Whether this server still waits for its owner.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    pub needed: bool,
}

/// The first account.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SetupRequest {
    /// 1 to 64 characters, no control characters, no white space at the ends.
    #[schema(min_length = 1, max_length = 64)]
    pub username: String,
    /// 8 to 256 characters.
    #[schema(min_length = 8, max_length = 256)]
    pub password: String,
    #[serde(default)]
    pub language: Option<Language>,
}

/// The account that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupDone {
    pub username: String,
}

/// Name and password.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LoginRequest {
    #[schema(min_length = 1, max_length = 64)]
    pub username: String,
    #[schema(max_length = 256)]
    pub password: String,
    /// True to get a bearer token in the answer and no cookie.
    #[serde(default)]
    pub token: Option<bool>,
}

/// The person who logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginDone {
    pub username: String,
    pub role: Role,
    /// For `Authorization: Bearer`; null when a cookie was set instead.
    pub token: Option<String>,
}

/// The person whose session this is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub username: String,
    pub role: Role,
    /// Null until one was chosen: the browser's.
    pub language: Option<Language>,
    /// Version of the server.
    pub version: &'static str,
}

/// What to change about oneself; an absent field stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub struct MeRequest {
    #[serde(default)]
    pub language: Option<Language>,
    #[serde(default)]
    pub password: Option<PasswordChange>,
}

/// A new password; every other session of the person ends.
#[derive(Debug, Deserialize, ToSchema)]
pub struct PasswordChange {
    #[schema(max_length = 256)]
    pub old: String,
    #[schema(min_length = 8, max_length = 256)]
    pub new: String,
}

impl Language {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Nl => "nl",
            Self::De => "de",
        }
    }

    /// The language with that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::En, Self::Nl, Self::De]
            .into_iter()
            .find(|language| language.as_str() == word)
    }
}

impl From<auth::Role> for Role {
    fn from(role: auth::Role) -> Self {
        match role {
            auth::Role::Owner => Self::Owner,
            auth::Role::Member => Self::Member,
        }
    }
}
