//! Where a page ends, as an opaque text for the next question.
//!
//! Never: a position by count; those shift while a scan writes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::items::Sort;

/// The last row of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The list's order; a cursor is good for the same order only.
    #[serde(rename = "s")]
    pub sort: Sort,
    /// The row's number in that order; 0 where it is sorted by text alone.
    #[serde(rename = "n")]
    pub number: i64,
    /// The row's text in that order.
    #[serde(rename = "t")]
    pub text: String,
    #[serde(rename = "i")]
    pub id: i64,
}

impl Cursor {
    /// The text for the other side.
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(json)
    }

    /// Reads what [`Cursor::encode`] wrote for a list in order `sort`.
    pub fn decode(text: &str, sort: Sort) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Self = serde_json::from_slice(&json).ok()?;
        (cursor.sort == sort).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_nonsense_does_not() {
        let cursor = Cursor {
            sort: Sort::YearDown,
            number: 1999,
            text: "matrix".to_owned(),
            id: 7,
        };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, Sort::YearDown), Some(cursor));
        for (text, sort) in [
            (text.as_str(), Sort::Title),
            ("", Sort::Title),
            ("%%%", Sort::Title),
            ("bm8", Sort::Title),
        ] {
            assert_eq!(Cursor::decode(text, sort), None, "{text}");
        }
    }
}
