//! The JSON values of the API, one file a topic.
//!
//! Never: behaviour; every field of an answer is always present, absent values are `null`.

pub mod account;
pub mod board;
mod convert;
mod convert_privacy;
pub mod crash;
pub mod experience;
pub mod item;
pub mod library;
pub mod performance;
pub mod playback;
pub mod privacy;
pub mod scan;
pub mod time;
pub mod update;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// Names an item, a library or a folder of the library. Digits; opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, pattern = "^[1-9][0-9]{0,18}$", example = "42")]
pub struct Id(pub i64);

impl Id {
    /// Reads an identifier as it is written in addresses; `None` for anything but its one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if plain {
            text.parse().ok().map(Self)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not an identifier"))
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn an_identifier_has_one_spelling() {
        for (text, want) in [
            ("1", Some(1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("", None),
            ("0", None),
            ("01", None),
            ("+1", None),
            ("-1", None),
            ("1 ", None),
            ("\u{661}", None),
        ] {
            assert_eq!(Id::parse(text).map(|id| id.0), want, "{text}");
        }
    }
}
