//! Artist, album, disc, number and title of a track from its names, for what the tags leave open.
//!
//! Never: preferred over tags.

use super::NamePath;
use super::words::{bracketed_year, clean, normalise};

/// What a track's names say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct TrackName {
    pub(in crate::library) title: String,
    pub(in crate::library) artist: Option<String>,
    pub(in crate::library) album: Option<String>,
    pub(in crate::library) year: Option<u16>,
    pub(in crate::library) disc: Option<u32>,
    pub(in crate::library) number: Option<u32>,
}

/// What the names of a track's file say.
pub(in crate::library) fn track(path: &NamePath) -> TrackName {
    let (disc_in_name, number, rest) = leading_number(&path.stem);
    let mut folders: Vec<&str> = path.folders.iter().map(String::as_str).collect();
    let disc = folders.last().and_then(|name| disc_folder(name));
    if disc.is_some() {
        folders.pop();
    }
    let mut name = TrackName {
        disc: disc.or(disc_in_name),
        number,
        ..TrackName::default()
    };
    match folders.as_slice() {
        [] => {}
        [only] => from_one_folder(only, &mut name),
        [.., artist, album] => {
            let (title, year) = album_title(album);
            let own = clean(artist);
            name.album = Some(without_artist(&title, &own));
            name.year = year;
            name.artist = Some(own);
        }
    }
    let (artist, title) = artist_and_title(rest, number.is_some(), name.artist.as_deref());
    name.artist = name.artist.or(artist);
    name.title = title;
    name
}

/// The folder of an album, without that of a disc; the album's identity where tags are silent.
pub(in crate::library) fn album_folder(path: &NamePath) -> String {
    let mut folders = path.folders.as_slice();
    if let [rest @ .., last] = folders
        && disc_folder(last).is_some()
    {
        folders = rest;
    }
    folders.join("/")
}

/// `Artist - Album`, or an artist's or album's name alone, which then is the album.
fn from_one_folder(folder: &str, name: &mut TrackName) {
    let (title, year) = album_title(folder);
    name.year = year;
    match title.split_once(" - ") {
        Some((artist, album)) if !clean(artist).is_empty() && !clean(album).is_empty() => {
            name.artist = Some(clean(artist));
            name.album = Some(clean(album));
        }
        _ => name.album = Some(title),
    }
}

/// An album's title and year: `Title (1999)`, `1999 - Title`, `[1999] Title`.
fn album_title(folder: &str) -> (String, Option<u16>) {
    if let Some((start, end, year)) = bracketed_year(folder) {
        let joined = format!("{} {}", &folder[..start], &folder[end..]);
        return (clean(&joined), Some(year));
    }
    if let Some((first, rest)) = folder.split_once(" - ")
        && let Some(year) = super::words::year(first.trim())
    {
        return (clean(rest), Some(year));
    }
    (clean(folder), None)
}

fn without_artist(album: &str, artist: &str) -> String {
    match album.split_once(" - ") {
        Some((first, rest)) if normalise(first) == normalise(artist) => rest.trim().to_owned(),
        _ => album.to_owned(),
    }
}

fn disc_folder(name: &str) -> Option<u32> {
    let words = normalise(name);
    ["cd", "disc", "disk", "dvd"].iter().find_map(|kind| {
        let rest = words.strip_prefix(kind)?.trim_start();
        let number = rest.split(' ').next()?;
        number.parse().ok().filter(|n| (1..100).contains(n))
    })
}

/// `03 - `, `03. `, `1-03 `, `103`: disc, number and the rest.
fn leading_number(stem: &str) -> (Option<u32>, Option<u32>, &str) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let len = digits(stem);
    let separators = |c: char| c.is_whitespace() || "-._)".contains(c);
    let rest = &stem[len..];
    if len == 0 || len > 3 || !rest.starts_with(separators) {
        return (None, None, stem);
    }
    let first: Option<u32> = stem[..len].parse().ok();
    if len <= 2 && rest.starts_with(['-', '.']) {
        let second = digits(&rest[1..]);
        let after = &rest[1 + second..];
        if second == 2 && after.starts_with(separators) {
            let after = after.trim_start_matches(separators);
            return (first, rest[1..=second].parse().ok(), after);
        }
    }
    let after = rest.trim_start_matches(separators);
    if after.is_empty() {
        (None, None, stem)
    } else {
        (None, first, after)
    }
}

/// `Artist - Title`; the artist only where no folder names another.
fn artist_and_title(rest: &str, numbered: bool, known: Option<&str>) -> (Option<String>, String) {
    let Some((first, second)) = rest.split_once(" - ") else {
        return (None, clean_or(rest));
    };
    let (artist, title) = (clean(first), clean(second));
    let same = known.is_some_and(|name| normalise(name) == normalise(&artist));
    if artist.is_empty() || title.is_empty() || (known.is_some() && !same) {
        return (None, clean_or(rest));
    }
    if numbered || known.is_some() || !artist.bytes().all(|b| b.is_ascii_digit()) {
        return (Some(artist), title);
    }
    (None, clean_or(rest))
}

fn clean_or(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.is_empty() {
        text.to_owned()
    } else {
        cleaned
    }
}
