//! Words of names: cleaning, normalising, sorting, and the vocabulary of releases.
//!
//! Never: knowledge of films or episodes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that no title contains: whatever follows the first is not title either.
const RELEASE: &[&str] = &[
    "4k",
    "uhd",
    "fhd",
    "bluray",
    "blu",
    "bdrip",
    "brrip",
    "bdremux",
    "bd25",
    "bd50",
    "dvdrip",
    "dvdscr",
    "dvd5",
    "dvd9",
    "hddvd",
    "webrip",
    "webdl",
    "web-dl",
    "web-rip",
    "hdtv",
    "pdtv",
    "dsr",
    "hdrip",
    "hdcam",
    "telesync",
    "remux",
    "x264",
    "x265",
    "h264",
    "h265",
    "hevc",
    "avc",
    "xvid",
    "divx",
    "vp9",
    "av1",
    "10bit",
    "8bit",
    "12bit",
    "hdr10",
    "hdr10plus",
    "dovi",
    "aac",
    "aac2",
    "ac3",
    "eac3",
    "dts",
    "dtshd",
    "dts-hd",
    "truehd",
    "atmos",
    "ddp5",
    "dd5",
    "ddp2",
    "dd2",
    "ddp",
    "flac",
    "opus",
    "mp3",
    "nf",
    "amzn",
    "dsnp",
    "hmax",
    "atvp",
    "repack",
    "rerip",
    "hardsub",
    "hardcoded",
    "yify",
    "rarbg",
    "yts",
];

/// Words that belong to the release only when they stand beside words that surely do.
const MAYBE_RELEASE: &[&str] = &[
    "web", "hd", "sd", "hdr", "sdr", "dv", "proper", "internal", "limited", "multi", "dual",
    "complete", "dubbed", "subbed", "ts", "cam", "ray", "dl", "rip", "german", "french", "dutch",
    "english", "spanish", "italian", "nordic", "retail", "ma", "h", "readnfo", "real", "264",
    "265",
];

/// Editions, as normalised words and as shown.
const EDITIONS: &[(&str, &str)] = &[
    ("final cut", "Final Cut"),
    ("directors cut", "Director's Cut"),
    ("theatrical cut", "Theatrical Cut"),
    ("theatrical", "Theatrical Cut"),
    ("extended edition", "Extended Edition"),
    ("extended cut", "Extended Cut"),
    ("extended", "Extended"),
    ("special edition", "Special Edition"),
    ("ultimate edition", "Ultimate Edition"),
    ("ultimate cut", "Ultimate Cut"),
    ("collectors edition", "Collector's Edition"),
    ("anniversary edition", "Anniversary Edition"),
    ("criterion", "Criterion"),
    ("unrated", "Unrated"),
    ("uncut", "Uncut"),
    ("remastered", "Remastered"),
    ("redux", "Redux"),
    ("imax", "IMAX"),
    ("black and white", "Black and White"),
];

/// Leading words that a list is not sorted by. German "die" is left in: "Die Hard" is English.
const ARTICLES: &[&str] = &[
    "the", "a", "an", "de", "het", "een", "der", "das", "le", "la", "les", "el", "los", "las", "il",
];

/// Lower case without accents; signs become single spaces, apostrophes vanish.
pub(in crate::library) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|&c| !is_combining_mark(c)) {
        match c {
            '\'' | '’' | '‘' | '`' | '´' => {}
            'ß' => out.push_str("ss"),
            'ø' | 'Ø' => out.push('o'),
            'æ' | 'Æ' => out.push_str("ae"),
            'œ' | 'Œ' => out.push_str("oe"),
            'ł' | 'Ł' => out.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
            'þ' | 'Þ' => out.push_str("th"),
            'ı' => out.push('i'),
            '&' => {
                push_space(&mut out);
                out.push_str("and ");
            }
            c if c.is_alphanumeric() => {
                out.extend(c.to_lowercase().filter(|&l| !is_combining_mark(l)))
            }
            _ => push_space(&mut out),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn push_space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// The key a list is sorted by: without leading article, with numbers padded so that 2 comes
/// before 10.
pub(in crate::library) fn sort_title(title: &str) -> String {
    let title = title.trim();
    let rest = title
        .split_once(char::is_whitespace)
        .filter(|(first, _)| ARTICLES.contains(&first.to_lowercase().as_str()))
        .map(|(_, rest)| normalise(rest))
        .filter(|rest| !rest.is_empty());
    let words = rest.unwrap_or_else(|| normalise(title));
    let key = if words.is_empty() { title } else { &words };
    pad_numbers(key)
}

fn pad_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(&format!("{:0>6}", digits.trim_start_matches('0')));
            digits.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// One word of a name and where it stands, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The words between spaces, dots, underscores, commas, plus signs and brackets.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let separator = |c: char| c.is_whitespace() || "._,+()[]{}".contains(c);
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (separator(c), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                out.push(Word {
                    text: &text[from..at],
                    start: from,
                    end: at,
                });
                start = None;
            }
            _ => {}
        }
    }
    out
}

/// True for a word that only releases have ("1080p", "x264-GRP").
pub(super) fn is_release(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let first = lower.split('-').next().unwrap_or(&lower);
    RELEASE.contains(&lower.as_str()) || RELEASE.contains(&first) || is_resolution(first)
}

/// True for "1080p" and its like.
pub(super) fn is_resolution(word: &str) -> bool {
    word.strip_suffix(['p', 'i'])
        .is_some_and(|n| (3..=4).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Byte position at which the release's own words begin; the length of `text` when there are none.
pub(super) fn release_start(text: &str) -> usize {
    let words = words(text);
    let Some(mut first) = words.iter().position(|w| is_release(w.text)) else {
        return text.len();
    };
    while first > 0 && MAYBE_RELEASE.contains(&words[first - 1].text.to_ascii_lowercase().as_str())
    {
        first -= 1;
    }
    words[first].start
}

/// The edition that a piece of a name speaks of.
pub(super) fn edition(text: &str) -> Option<String> {
    let padded = format!(" {} ", normalise(text));
    EDITIONS
        .iter()
        .find(|(words, _)| padded.contains(&format!(" {words} ")))
        .map(|(_, shown)| (*shown).to_owned())
}

/// A title for people from a piece of a name: dots and underscores become spaces where they stand
/// for them, brackets left open and separators at the ends go.
pub(in crate::library) fn clean(text: &str) -> String {
    clean_part(text, text)
}

/// Like [`clean`], for a `part` of a name whose use of spaces shows in the `whole`.
pub(super) fn clean_part(part: &str, whole: &str) -> String {
    let (text, spaced) = (part, whole.contains(' '));
    let mut parts: Vec<String> = Vec::new();
    let separator = |c: char| c.is_whitespace() || c == '_' || (!spaced && c == '.');
    for word in text.split(separator).filter(|w| !w.is_empty()) {
        let single = word.len() == 1 && word.bytes().all(|b| b.is_ascii_uppercase());
        match parts.last_mut() {
            Some(last) if single && !spaced && is_initials(last) => {
                last.push_str(word);
                last.push('.');
            }
            _ if single && !spaced && !matches!(word, "A" | "I") => parts.push(format!("{word}.")),
            _ => parts.push(word.to_owned()),
        }
    }
    for part in &mut parts {
        // A lone letter was no abbreviation.
        if part.len() == 2 && is_initials(part) {
            part.pop();
        }
    }
    let joined = parts.join(" ");
    let trimmed = joined.trim_matches(|c: char| c.is_whitespace() || "-–—_,;+·".contains(c));
    trim_brackets(trimmed).to_owned()
}

fn is_initials(word: &str) -> bool {
    word.len() >= 2
        && word
            .as_bytes()
            .chunks(2)
            .all(|pair| pair.len() == 2 && pair[0].is_ascii_uppercase() && pair[1] == b'.')
}

/// Drops brackets at the ends that have no partner, and a trailing single dot of a dotted name.
fn trim_brackets(text: &str) -> &str {
    let mut text = text;
    loop {
        let before = text;
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            if text.ends_with(open) || (text.ends_with(close) && !text.contains(open)) {
                text = &text[..text.len() - 1];
            }
            if text.starts_with(close) || (text.starts_with(open) && !text.contains(close)) {
                text = &text[1..];
            }
        }
        text = text.trim_matches(|c: char| c.is_whitespace() || "-–—_".contains(c));
        if text == before {
            return text;
        }
    }
}

/// Removes what players and collectors add in brackets: identifiers and group names in front.
/// Answers the rest and the edition of an `{edition-…}` mark.
pub(super) fn strip_marks(text: &str) -> (String, Option<String>) {
    let mut out = String::with_capacity(text.len());
    let mut edition = None;
    let mut rest = text;
    while let Some(open) = rest.find(['{', '[']) {
        let close = if rest.as_bytes()[open] == b'{' {
            '}'
        } else {
            ']'
        };
        let Some(len) = rest[open..].find(close) else {
            break;
        };
        let inner = &rest[open + 1..open + len];
        let lower = inner.to_ascii_lowercase();
        out.push_str(&rest[..open]);
        if let Some(name) = lower.strip_prefix("edition-") {
            edition = Some(inner[inner.len() - name.len()..].trim().to_owned());
        } else if !(is_identifier(&lower) || out.trim().is_empty() && year(inner).is_none()) {
            out.push_str(&rest[open..=open + len]);
        }
        rest = &rest[open + len + 1..];
    }
    out.push_str(rest);
    let kept = if out.trim().is_empty() {
        text.to_owned()
    } else {
        out
    };
    (kept, edition)
}

fn is_identifier(lower: &str) -> bool {
    ["imdb", "tmdb", "tvdb", "anidb", "tvmaze"]
        .iter()
        .any(|db| lower.starts_with(db))
        || (lower.starts_with("tt")
            && lower.len() > 6
            && lower[2..].bytes().all(|b| b.is_ascii_digit()))
}

/// Films are older than this.
const LATEST_YEAR: u16 = 2035;

/// The year a word is, if it is one that films have.
pub(in crate::library) fn year(word: &str) -> Option<u16> {
    if word.len() != 4 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    word.parse()
        .ok()
        .filter(|year| (1888..=LATEST_YEAR).contains(year))
}

/// The last `(2019)` or `[2019]`: where it starts, where it ends, the year.
pub(super) fn bracketed_year(text: &str) -> Option<(usize, usize, u16)> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(5)).rev().find_map(|at| {
        let pair = (bytes[at], bytes[at + 5]);
        if pair != (b'(', b')') && pair != (b'[', b']') {
            return None;
        }
        let found = year(text.get(at + 1..at + 5)?)?;
        Some((at, at + 6, found))
    })
}
