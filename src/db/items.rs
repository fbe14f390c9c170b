//! What an item is: the values that queries answer with.
//!
//! Never: a query; those are in `item_query` and `item_writes`.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $(#[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The word used in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with that word.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                Self::parse(value.as_str()?).ok_or(rusqlite::types::FromSqlError::InvalidType)
            }
        }
    };
}

pub(super) use words;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    };
}

id! {
    /// An item of the library.
    ItemId
}
id! {
    /// A folder that is a library.
    LibraryId
}
id! {
    /// A media file.
    FileId
}
id! {
    /// A person with an account.
    UserId
}

words! {
    ItemKind {
        Film = "film", Series = "series", Season = "season", Episode = "episode",
        Artist = "artist", Album = "album", Track = "track", Photo = "photo",
        HomeVideo = "home_video",
    }
}

words! {
    /// What a library's folder holds.
    LibraryKind {
        Films = "films", Series = "series", Music = "music", Photos = "photos",
        HomeVideos = "home_videos", Mixed = "mixed",
    }
}

words! {
    /// The order of a list. Names with a minus go down.
    Sort {
        Title = "title", TitleDown = "-title", Added = "added", AddedDown = "-added",
        Year = "year", YearDown = "-year", Taken = "taken", TakenDown = "-taken",
        Number = "number",
    }
}

words! {
    /// Which picture of an item.
    ArtKind {
        Poster = "poster", Backdrop = "backdrop",
    }
}

words! {
    /// The shape of an item's picture.
    Aspect {
        Poster = "poster", Wide = "wide", Square = "square",
    }
}

impl ItemKind {
    /// The shape that a tile keeps free for the picture.
    pub fn aspect(self) -> Aspect {
        match self {
            Self::Film | Self::Series | Self::Season => Aspect::Poster,
            Self::Episode | Self::HomeVideo => Aspect::Wide,
            Self::Artist | Self::Album | Self::Track | Self::Photo => Aspect::Square,
        }
    }
}

/// What a list asks for; all given conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct ItemQuery {
    pub kind: Option<ItemKind>,
    /// Only what lies directly below this item.
    pub parent: Option<ItemId>,
    pub library: Option<LibraryId>,
    /// Words or beginnings of words; all must occur. Case and accents do not matter.
    pub query: Option<String>,
    /// `None`: by number below a parent, else by title.
    pub sort: Option<Sort>,
    /// From a page before with the same question.
    pub cursor: Option<String>,
    /// 1 to 500.
    pub limit: u32,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the rest begins; `None` at the end.
    pub next: Option<String>,
}

/// A letter to jump to in a list by title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Upper-case first letter, or `#` for digits and signs.
    pub letter: String,
    pub count: u32,
    /// For [`ItemQuery::cursor`]: the page that begins with this letter. `None` for the very start.
    pub cursor: Option<String>,
}

/// What a tile shows of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSummary {
    pub id: ItemId,
    pub kind: ItemKind,
    pub title: String,
    /// "Final Cut", "Part 2": what tells apart items of the same title.
    pub edition: Option<String>,
    pub year: Option<u16>,
    pub parent_id: Option<ItemId>,
    pub library_id: LibraryId,
    pub series_title: Option<String>,
    /// 0 for specials.
    pub season_number: Option<u32>,
    pub episode_number: Option<u32>,
    /// Last episode of a file with several.
    pub episode_number_end: Option<u32>,
    pub disc_number: Option<u32>,
    pub track_number: Option<u32>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
    /// Upright size of a photo in pixels; `None` when unknown and for everything else.
    pub size: Option<(u32, u32)>,
    /// Milliseconds since 1970 UTC.
    pub added_at_ms: i64,
    /// Local time of the camera, as milliseconds since 1970 as if it were UTC.
    pub taken_at_ms: Option<i64>,
    /// False while its file's mount is missing.
    pub available: bool,
    pub problem: Option<Problem>,
    pub progress: Option<Progress>,
    /// Seasons, episodes, albums or tracks directly below; `None` for what holds nothing.
    pub child_count: Option<u32>,
    /// Episodes below that the asking person has not watched.
    pub unwatched_count: Option<u32>,
    pub poster: Option<ArtRef>,
    pub backdrop: Option<ArtRef>,
    pub aspect: Aspect,
}

/// Why an item cannot be played as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable word such as `damaged`.
    pub code: String,
    /// English sentence.
    pub text: String,
}

/// How far a person has watched an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub position_ms: u64,
    pub watched: bool,
    /// Milliseconds since 1970 UTC.
    pub played_at_ms: i64,
}

/// A picture that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtRef {
    /// Changes when the picture does; good for an address that may be cached for ever.
    pub version: u64,
    /// Mean colour 0xRRGGBB, once known.
    pub colour: Option<u32>,
}

/// A person of the cast or crew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub name: String,
    pub role: Option<String>,
}

/// What an item page shows besides the tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    pub overview: Option<String>,
    pub genres: Vec<String>,
    pub people: Vec<Person>,
    /// `YYYY-MM-DD`.
    pub premiered: Option<String>,
    pub studio: Option<String>,
}

/// An item above another, from the top down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentRef {
    pub id: ItemId,
    pub title: String,
    pub kind: ItemKind,
}
