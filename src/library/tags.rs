//! Music tags as the formats spell them, read into one shape.
//!
//! Never: file names.

use super::naming::words::{normalise, year};
use crate::db::item_writes::VARIOUS;
use crate::media::info::MediaInfo;

/// What a track's tags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrackTags {
    pub(super) title: Option<String>,
    pub(super) artist: Option<String>,
    pub(super) album: Option<String>,
    pub(super) album_artist: Option<String>,
    pub(super) track: Option<u32>,
    pub(super) disc: Option<u32>,
    pub(super) year: Option<u16>,
    pub(super) genres: Vec<String>,
}

/// Reads a track's tags.
pub(super) fn track(info: &MediaInfo) -> TrackTags {
    let first = |keys: &[&str]| keys.iter().find_map(|key| text(info, key));
    let album_artist = first(&["album_artist", "albumartist", "album artist", "tpe2"]);
    let is_compilation =
        first(&["compilation", "itunescompilation", "tcmp"]).is_some_and(|value| value != "0");
    let date = first(&[
        "originaldate",
        "originalyear",
        "tdor",
        "date",
        "year",
        "tyer",
        "tdrc",
    ]);
    TrackTags {
        title: first(&["title"]),
        artist: first(&["artist", "performer", "author"]),
        album: first(&["album"]),
        album_artist: album_artist
            .map(|name| {
                if is_various(&name) {
                    VARIOUS.to_owned()
                } else {
                    name
                }
            })
            .or_else(|| is_compilation.then(|| VARIOUS.to_owned())),
        track: first(&["track", "tracknumber"]).and_then(|value| number(&value)),
        disc: first(&["disc", "discnumber"]).and_then(|value| number(&value)),
        year: date.and_then(|date| year(date.get(..4)?)),
        genres: first(&["genre"])
            .map(|value| genres(&value))
            .unwrap_or_default(),
    }
}

fn text(info: &MediaInfo, key: &str) -> Option<String> {
    let value = info.tag(key)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn is_various(name: &str) -> bool {
    matches!(
        normalise(name).as_str(),
        "various artists" | "various" | "va" | "diverse" | "verschiedene interpreten"
    )
}

/// `3`, `03`, `3/12`.
fn number(value: &str) -> Option<u32> {
    let digits: String = value
        .trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().filter(|&n| n > 0 && n < 10_000)
}

fn genres(value: &str) -> Vec<String> {
    value
        .split([';', '\0'])
        .flat_map(|part| part.split(" / "))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .take(10)
        .collect()
}
