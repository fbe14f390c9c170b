//! The title, year, edition and part of a film from its file and folder names.
//!
//! Never: a year taken from the middle of a title when a better one follows.

use super::NamePath;
use super::words::{
    bracketed_year, clean, edition, is_release, is_resolution, normalise, release_start,
    strip_marks, words, year,
};

/// What a film's names say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct FilmName {
    pub(in crate::library) title: String,
    pub(in crate::library) year: Option<u16>,
    pub(in crate::library) edition: Option<String>,
    /// From 1, for a film in several files.
    pub(in crate::library) part: Option<u32>,
    /// True when the name has marks that only films have: a year, or words of a release.
    pub(in crate::library) certain: bool,
}

/// Stems that say nothing.
const GENERIC: &[&str] = &[
    "movie", "film", "video", "index", "main", "feature", "title", "stream",
];

/// What the names of a film's file say; its folder's where they say more.
pub(in crate::library) fn film(path: &NamePath) -> FilmName {
    let own = one(&path.stem);
    let folder = path
        .folders
        .iter()
        .rev()
        .find(|name| !is_inner_folder(name));
    let Some(folder) = folder.map(|name| one(name)) else {
        return own;
    };
    let silent = is_silent(&own);
    let inside = folder.year.is_some() && own.year.is_none();
    if !(silent || inside) || folder.title.is_empty() {
        return own;
    }
    FilmName {
        edition: own.edition.or(folder.edition),
        part: own.part,
        certain: own.certain || folder.certain,
        ..folder
    }
}

/// Folders that a film's own folder contains.
fn is_inner_folder(name: &str) -> bool {
    let words = normalise(name);
    matches!(words.as_str(), "video ts" | "bdmv" | "stream")
        || part_word(&words.replace(' ', "")).is_some_and(|(rest, _)| rest.is_empty())
}

fn is_silent(name: &FilmName) -> bool {
    let title = normalise(&name.title);
    title.is_empty()
        || GENERIC.contains(&title.as_str())
        || title.starts_with("vts ")
        || (title.len() == 5 && title.bytes().all(|b| b.is_ascii_digit()))
}

/// What one name says.
pub(in crate::library) fn one(name: &str) -> FilmName {
    let (text, marked) = strip_marks(name);
    let mut film = with_bracketed_year(&text).unwrap_or_else(|| with_loose_year(&text));
    film.edition = marked.or(film.edition);
    if film.title.is_empty() && film.part.is_none() {
        film.title = clean(name);
    }
    film
}

fn with_bracketed_year(text: &str) -> Option<FilmName> {
    let (start, end, found) = bracketed_year(text)?;
    let (before, after) = (&text[..start], &text[end..]);
    let mut title = clean(before_release(before));
    if title.is_empty() {
        title = clean(&after[..release_start(after)]);
    }
    Some(FilmName {
        title,
        year: Some(found),
        edition: edition(after),
        part: part_in(after, true).map(|(_, part)| part),
        certain: true,
    })
}

/// What stands before a year in brackets is the title, codec words too ("Mr. Holland's Opus"), unless
/// a resolution shows that the release's words come first.
fn before_release(text: &str) -> &str {
    let has_resolution = words(text).iter().any(|w| is_resolution(w.text));
    if has_resolution {
        &text[..release_start(text)]
    } else {
        text
    }
}

fn with_loose_year(text: &str) -> FilmName {
    let cut = release_start(text);
    let words = words(text);
    let year_word = words
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, w)| w.end <= cut)
        .filter_map(|(at, w)| Some((at, w, year(w.text)?)))
        .rfind(|(at, w, _)| {
            is_at_end(&words[at + 1..], cut) && !follows_number_word(text, w.start)
        });
    let certain = words.iter().any(|w| is_release(w.text)) || year_word.is_some();
    let (head, tail) = match year_word {
        Some((_, word, _)) => (&text[..word.start], &text[word.end..]),
        None => (&text[..cut], &text[cut..]),
    };
    let in_tail = part_in(tail, true).map(|(_, part)| part);
    let (head, part) = match (in_tail, part_in(head, false)) {
        (None, Some((at, part))) => (&head[..at], Some(part)),
        (part, _) => (head, part),
    };
    let own_edition = edition_at_end(head);
    let head = own_edition.as_ref().map_or(head, |(at, _)| &head[..*at]);
    FilmName {
        title: clean(head),
        year: year_word.map(|(_, _, year)| year),
        edition: own_edition
            .map(|(_, edition)| edition)
            .or_else(|| edition(tail)),
        part,
        certain,
    }
}

/// A loose number is the year when nothing of the title follows it: the end, release words, or
/// an edition.
fn is_at_end(after: &[super::words::Word<'_>], cut: usize) -> bool {
    let Some(next) = after.first() else {
        return true;
    };
    next.start >= cut
        || next.text.starts_with('-')
        || year(next.text).is_some()
        || edition(
            &after
                .iter()
                .take(3)
                .map(|w| w.text)
                .collect::<Vec<_>>()
                .join(" "),
        )
        .is_some()
        || part_word(&next.text.to_ascii_lowercase()).is_some_and(|(rest, _)| rest.is_empty())
}

/// "Area 1999" may be a year, "Class of 1984" is not.
fn follows_number_word(text: &str, at: usize) -> bool {
    let before = normalise(&text[..at]);
    ["of", "in", "since", "anno"]
        .iter()
        .any(|word| before.ends_with(&format!(" {word}")))
}

/// An edition that ends the title: `Title - Director's Cut`.
fn edition_at_end(head: &str) -> Option<(usize, String)> {
    let at = head
        .rfind(" - ")
        .or_else(|| head.rfind('['))
        .or_else(|| head.rfind('('))?;
    let found = edition(&head[at..])?;
    (!head[..at].trim().is_empty()).then_some((at, found))
}

/// `cd1`, `disc 2`, `part1`: where it starts and which part. Before a year, "Part 1" with a space
/// is taken as title.
fn part_in(text: &str, after_year: bool) -> Option<(usize, u32)> {
    let words = words(text);
    for (at, word) in words.iter().enumerate() {
        let lower = word.text.to_ascii_lowercase();
        let lower = lower.rsplit('-').next().unwrap_or(&lower);
        let start = word.end - lower.len();
        let last = at + 1 == words.len();
        if let Some((rest, part)) = part_word(lower)
            && rest.is_empty()
            && (last || after_year)
        {
            return Some((start, part));
        }
        let next = words.get(at + 1).and_then(|w| w.text.parse::<u32>().ok());
        let spaced = match lower {
            "cd" | "disc" | "disk" => at + 2 == words.len() || after_year,
            "part" | "pt" => after_year,
            _ => false,
        };
        if let (true, Some(part @ 1..=20)) = (spaced, next) {
            return Some((start, part));
        }
    }
    None
}

/// `cd1`: what stands before it in the word, and the number.
fn part_word(word: &str) -> Option<(&str, u32)> {
    let digits = word.len() - word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (head, number) = word.split_at(word.len() - digits);
    let number: u32 = number.parse().ok().filter(|n| (1..=20).contains(n))?;
    ["cd", "disc", "disk", "dvd", "part", "pt"]
        .iter()
        .find_map(|kind| head.strip_suffix(kind))
        .map(|rest| (rest, number))
}
