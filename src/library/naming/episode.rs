//! Series, season, episode numbers and date of an episode from its names.
//!
//! Never: a number taken for an episode because it happens to be there, outside a series' folder.

use super::NamePath;
use super::words::{
    bracketed_year, clean, clean_part, normalise, release_start, strip_marks, words, year,
};

/// What an episode's names say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct EpisodeName {
    pub(in crate::library) series: String,
    pub(in crate::library) series_year: Option<u16>,
    /// 0 for specials; the year for an episode known by its date.
    pub(in crate::library) season: u32,
    pub(in crate::library) episode: Option<u32>,
    pub(in crate::library) episode_end: Option<u32>,
    /// `YYYY-MM-DD`.
    pub(in crate::library) date: Option<String>,
    pub(in crate::library) title: Option<String>,
}

/// How much the surroundings promise an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::library) enum Setting {
    /// A library of series: a lone number may be an episode.
    Series,
    /// Anything: only unmistakable marks count.
    Mixed,
}

/// A mark found in a stem.
#[derive(Clone, Debug, Default)]
struct Mark {
    start: usize,
    end: usize,
    season: Option<u32>,
    episode: Option<u32>,
    last: Option<u32>,
    date: Option<(i16, u8, u8)>,
}

/// What the names of an episode's file say; `None` when it does not look like one.
pub(in crate::library) fn episode(path: &NamePath, setting: Setting) -> Option<EpisodeName> {
    let (stem, _) = strip_marks(&path.stem);
    let season_folder = path.folder().and_then(season_folder);
    let in_season =
        season_folder.is_some() && (setting == Setting::Series || path.folders.len() > 1);
    let mark = sxe(&stem)
        .or_else(|| by_cross(&stem))
        .or_else(|| in_words(&stem))
        .or_else(|| by_date(&stem).filter(|_| setting == Setting::Series || path.folders.len() > 1))
        .or_else(|| {
            if in_season {
                leading_number(&stem)
            } else {
                None
            }
        })
        .or_else(|| {
            if in_season || setting == Setting::Series {
                absolute(&stem)
            } else {
                None
            }
        })
        .or_else(|| {
            in_season.then(|| Mark {
                start: stem.len(),
                end: stem.len(),
                ..Mark::default()
            })
        });
    let mark = match (mark, setting) {
        (Some(mark), _) => mark,
        (None, Setting::Series) if !path.folders.is_empty() => Mark {
            start: stem.len(),
            end: stem.len(),
            ..Mark::default()
        },
        (None, _) => return None,
    };
    let (series, series_year) = series_name(
        path,
        &stem[..mark.start],
        season_folder.is_some(),
        setting,
        &mark,
    );
    if series.is_empty() {
        return None;
    }
    let folder_season = season_folder.flatten();
    let season = mark.season.or(folder_season).unwrap_or(match mark.date {
        Some((year, ..)) => u32::try_from(year).unwrap_or(0),
        None if mark.episode.is_some() => 1,
        None => 0,
    });
    let title = if mark.start == stem.len() {
        Some(clean(&stem[..release_start(&stem)]))
    } else {
        title_after(&stem, mark.end)
    };
    Some(EpisodeName {
        series,
        series_year,
        season,
        episode: mark.episode.or_else(|| {
            mark.date
                .map(|(_, month, day)| u32::from(month) * 100 + u32::from(day))
        }),
        episode_end: mark.last.filter(|last| Some(*last) > mark.episode),
        date: mark.date.map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}")),
        title: title.filter(|title| !title.is_empty()),
    })
}

/// The series' name: from the folder above the seasons, else from the text before the mark.
fn series_name(
    path: &NamePath,
    before: &str,
    in_season_folder: bool,
    setting: Setting,
    mark: &Mark,
) -> (String, Option<u16>) {
    let from_file = if mark.start == path.stem.len() && mark.episode.is_none() {
        (String::new(), None)
    } else {
        named(before)
    };
    let depth = path.folders.len();
    if in_season_folder {
        let above = depth.checked_sub(2).map(|at| named(&path.folders[at]));
        if let Some(above) = above.filter(|(title, _)| !title.is_empty()) {
            return above;
        }
        let own = path.folder().map(before_season_word).unwrap_or_default();
        let own = named(own);
        return if own.0.is_empty() { from_file } else { own };
    }
    let Some(folder) = path.folder().map(|name| named(before_season_word(name))) else {
        return from_file;
    };
    if from_file.0.is_empty() {
        return folder;
    }
    let (a, b) = (normalise(&from_file.0), normalise(&folder.0));
    if setting == Setting::Series && !b.is_empty() && (a.starts_with(&b) || b.starts_with(&a)) {
        return folder;
    }
    from_file
}

/// A series' title and year from a piece of a name.
fn named(text: &str) -> (String, Option<u16>) {
    let (text, _) = strip_marks(text);
    if let Some((start, _, found)) = bracketed_year(&text)
        && !clean(&text[..start]).is_empty()
    {
        return (clean(&text[..start]), Some(found));
    }
    let text = &text[..release_start(&text)];
    let words = words(text);
    if let Some(last) = words.iter().rev().find(|w| w.text != "-")
        && let Some(found) = year(last.text)
        && !clean(&text[..last.start]).is_empty()
    {
        return (clean(&text[..last.start]), Some(found));
    }
    (clean(text), None)
}

const SEASON_WORDS: &[&str] = &[
    "season",
    "series",
    "staffel",
    "seizoen",
    "saison",
    "temporada",
    "stagione",
    "sezon",
    "kausi",
    "book",
];

/// `Some(Some(n))` for a season's folder, `Some(Some(0))` for specials, `None` for others.
fn season_folder(name: &str) -> Option<Option<u32>> {
    let words = normalise(name);
    if matches!(
        words.as_str(),
        "specials" | "special" | "season specials" | "extras specials"
    ) {
        return Some(Some(0));
    }
    let list: Vec<&str> = words.split(' ').collect();
    for (at, word) in list.iter().enumerate() {
        if SEASON_WORDS.contains(word)
            && let Some(number) = list.get(at + 1).and_then(|n| small_number(n))
        {
            return Some(Some(number));
        }
    }
    let digits = list.iter().find_map(|w| {
        w.strip_prefix('s')
            .filter(|d| d.len() >= 2 || list.len() == 1)
    });
    digits.and_then(small_number).map(Some)
}

fn small_number(text: &str) -> Option<u32> {
    (text.len() <= 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// "Show - Season 1" without its season.
fn before_season_word(name: &str) -> &str {
    let words = words(name);
    for (at, word) in words.iter().enumerate() {
        let lower = word.text.to_lowercase();
        let numbered = words
            .get(at + 1)
            .is_some_and(|next| small_number(next.text).is_some());
        let short = lower
            .strip_prefix('s')
            .is_some_and(|d| d.len() >= 2 && small_number(d).is_some());
        if (SEASON_WORDS.contains(&lower.as_str()) && numbered) || short {
            return &name[..word.start];
        }
    }
    name
}

fn title_after(stem: &str, end: usize) -> Option<String> {
    let rest =
        stem[end..].trim_start_matches(|c: char| c.is_whitespace() || "-–—_.:)]".contains(c));
    let text = clean_part(&rest[..release_start(rest)], stem);
    let text = match text.find('[') {
        Some(at) if at > 0 => text[..at].trim_end().to_owned(),
        Some(_) => return None,
        None => text,
    };
    (!text.is_empty()).then_some(text)
}

fn number(bytes: &[u8], at: usize, most: usize) -> Option<(u32, usize)> {
    let len = bytes[at.min(bytes.len())..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    if len == 0 || len > most {
        return None;
    }
    let text = std::str::from_utf8(&bytes[at..at + len]).ok()?;
    Some((text.parse().ok()?, at + len))
}

fn skip(bytes: &[u8], mut at: usize, set: &[u8]) -> usize {
    while at < bytes.len() && set.contains(&bytes[at]) {
        at += 1;
    }
    at
}

fn word_at(bytes: &[u8], at: usize) -> bool {
    at == 0 || !bytes[at - 1].is_ascii_alphanumeric()
}

const SEPARATORS: &[u8] = b" ._-";

/// `S01E02`, `s1e2-e3`, `S01E02E03`, `S01 E02-03`.
fn sxe(stem: &str) -> Option<Mark> {
    let lower = stem.to_ascii_lowercase();
    let b = lower.as_bytes();
    (0..b.len()).find_map(|start| {
        if b[start] != b's' || !word_at(b, start) {
            return None;
        }
        let (season, at) = number(b, start + 1, 4)?;
        let at = skip(b, at, SEPARATORS);
        let at = if b[at.min(b.len())..].starts_with(b"ep") {
            at + 2
        } else {
            (b.get(at) == Some(&b'e')).then_some(at + 1)?
        };
        let (episode, end) = number(b, skip(b, at, b" ."), 4)?;
        let (last, end) = more_episodes(b, episode, end);
        Some(Mark {
            start,
            end,
            season: Some(season),
            episode: Some(episode),
            last,
            date: None,
        })
    })
}

/// Further numbers of a file with several episodes.
fn more_episodes(b: &[u8], first: u32, mut end: usize) -> (Option<u32>, usize) {
    let mut last = None;
    loop {
        let at = skip(b, end, SEPARATORS);
        let dashed = b[end..at].contains(&b'-');
        let marked = b.get(at) == Some(&b'e');
        let from = if marked { at + 1 } else { at };
        let next = number(b, from, 4).filter(|(n, after)| {
            let ends = b
                .get(*after)
                .is_none_or(|c| !c.is_ascii_alphanumeric() || (marked && *c == b'e'));
            (marked || (dashed && at == end + 1))
                && ends
                && *n > last.unwrap_or(first)
                && n - first < 60
        });
        match next {
            Some((n, after)) => (last, end) = (Some(n), after),
            None => return (last, end),
        }
    }
}

/// `1x02`, `01x02-03`, `1x02-1x03`.
fn by_cross(stem: &str) -> Option<Mark> {
    let lower = stem.to_ascii_lowercase();
    let b = lower.as_bytes();
    (0..b.len()).find_map(|start| {
        if !b[start].is_ascii_digit() || !word_at(b, start) {
            return None;
        }
        let (season, at) = number(b, start, 2)?;
        (b.get(at) == Some(&b'x')).then_some(())?;
        let (episode, mut end) = number(b, at + 1, 3)?;
        if b.get(end).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let mut last = None;
        if b.get(end) == Some(&b'-')
            && let Some((n, after)) = number(b, end + 1, 3)
        {
            let second = (b.get(after) == Some(&b'x'))
                .then(|| number(b, after + 1, 3))
                .flatten();
            let (n, after) = second.unwrap_or((n, after));
            if n > episode && b.get(after).is_none_or(|c| !c.is_ascii_alphanumeric()) {
                (last, end) = (Some(n), after);
            }
        }
        Some(Mark {
            start,
            end,
            season: Some(season),
            episode: Some(episode),
            last,
            date: None,
        })
    })
}

/// `Season 1 Episode 2`, `Episode 2`, `Ep. 2`, `Aflevering 2`, `Folge 2`.
fn in_words(stem: &str) -> Option<Mark> {
    let words = words(stem);
    let numbered = |set: &[&str]| {
        words
            .iter()
            .zip(words.iter().skip(1))
            .find_map(|(word, next)| {
                let known = set.contains(&word.text.to_lowercase().as_str());
                Some((
                    word.start,
                    next.end,
                    small_number(next.text).filter(|_| known)?,
                ))
            })
    };
    let (start, end, episode) = numbered(&[
        "episode",
        "ep",
        "aflevering",
        "folge",
        "épisode",
        "episodio",
    ])?;
    let season = numbered(SEASON_WORDS);
    let start = season.map_or(start, |(at, ..)| at.min(start));
    Some(Mark {
        start,
        end,
        season: season.map(|(_, _, n)| n),
        episode: Some(episode),
        last: None,
        date: None,
    })
}

/// `2024-03-15`, `2024.03.15`.
fn by_date(stem: &str) -> Option<Mark> {
    let b = stem.as_bytes();
    (0..b.len().saturating_sub(9)).find_map(|start| {
        let (text, end) = (stem.get(start..start + 10)?, start + 10);
        if !word_at(b, start) || b.get(end).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let separator = b[start + 4];
        if !SEPARATORS.contains(&separator) || b[start + 7] != separator {
            return None;
        }
        let year: i16 = year(&text[..4])?.try_into().ok()?;
        let (month, day) = (small_number(&text[5..7])?, small_number(&text[8..])?);
        let date =
            jiff::civil::Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        let date = Some((
            year,
            date.month().try_into().ok()?,
            date.day().try_into().ok()?,
        ));
        Some(Mark {
            start,
            end,
            date,
            ..Mark::default()
        })
    })
}

/// `02 - Name`, `02. Name`, `02`: in a season's folder only.
fn leading_number(stem: &str) -> Option<Mark> {
    let b = stem.as_bytes();
    let (episode, end) = number(b, 0, 3)?;
    let next = b.get(end);
    if next.is_some_and(|c| !SEPARATORS.contains(c)) {
        return None;
    }
    Some(Mark {
        start: 0,
        end,
        episode: Some(episode),
        ..Mark::default()
    })
}

/// `Show - 05`, `Show - 05v2 [1080p]`: a number alone between dash and end or bracket.
fn absolute(stem: &str) -> Option<Mark> {
    let at = stem
        .rmatch_indices(" - ")
        .map(|(at, _)| at)
        .find(|&at| stem.as_bytes().get(at + 3).is_some_and(u8::is_ascii_digit))?;
    let b = stem.as_bytes();
    let (episode, end) = number(b, at + 3, 4)?;
    let digits = end - at - 3;
    let end = match b.get(end) {
        Some(b'v') => number(b, end + 1, 1).map_or(end, |(_, after)| after),
        _ => end,
    };
    let rest = stem[end..].trim_start();
    let alone = rest.is_empty() || rest.starts_with(['[', '(', '-']);
    let plausible = digits >= 2 && year(&stem[at + 3..at + 3 + digits]).is_none();
    (alone && plausible).then_some(Mark {
        start: at,
        end,
        episode: Some(episode),
        ..Mark::default()
    })
}

/// True for the name of a season's folder.
pub(in crate::library) fn is_season_folder(name: &str) -> bool {
    season_folder(name).is_some()
}
