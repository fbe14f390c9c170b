//! What the name of a subtitle file says, and whose it is.
//!
//! Never: the subtitle's content.

use super::language;
use crate::media::codec::SubtitleCodec;

/// What a subtitle's name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::library) struct SubtitleName {
    pub(in crate::library) language: Option<String>,
    pub(in crate::library) title: Option<String>,
    pub(in crate::library) forced: bool,
    pub(in crate::library) impaired: bool,
}

/// The format that an extension stands for.
pub(in crate::library) fn format(extension: &str) -> Option<SubtitleCodec> {
    match extension.to_ascii_lowercase().as_str() {
        "srt" => Some(SubtitleCodec::Srt),
        "ass" | "ssa" => Some(SubtitleCodec::Ass),
        "vtt" => Some(SubtitleCodec::WebVtt),
        _ => None,
    }
}

/// Reads the words of `subtitle` (a stem) that come after the film's stem `film`; `None` when the
/// subtitle is another film's. `alone`: it lies in a folder of subtitles, or beside one film only.
pub(in crate::library) fn subtitle(
    subtitle: &str,
    film: &str,
    alone: bool,
) -> Option<SubtitleName> {
    let own = subtitle.to_lowercase();
    let rest = match own.strip_prefix(&film.to_lowercase()) {
        Some("") => return Some(SubtitleName::default()),
        Some(rest) if rest.starts_with(['.', '-', '_', ' ', '[', '(']) => subtitle
            .get(subtitle.len() - rest.len()..)
            .unwrap_or(subtitle),
        _ if alone => subtitle,
        _ => return None,
    };
    Some(read_words(rest))
}

fn read_words(text: &str) -> SubtitleName {
    let mut name = SubtitleName::default();
    let mut others: Vec<&str> = Vec::new();
    let separator = |c: char| c.is_whitespace() || "._[]()".contains(c);
    for word in text
        .split(separator)
        .map(|w| w.trim_matches('-'))
        .filter(|w| !w.is_empty())
    {
        match word.to_ascii_lowercase().as_str() {
            "forced" | "foreign" => name.forced = true,
            "sdh" | "cc" | "hi" => name.impaired = true,
            "default" | "full" => {}
            lower if lower.bytes().all(|b| b.is_ascii_digit()) => {}
            _ => match language::parse(word) {
                Some(code) if name.language.is_none() => name.language = Some(code),
                _ => others.push(word),
            },
        }
    }
    // "hi" is Hindi when nothing else names a language.
    let hindi = |w: &str| w.eq_ignore_ascii_case("hi");
    let marked = |w: &str| w.eq_ignore_ascii_case("sdh") || w.eq_ignore_ascii_case("cc");
    if name.language.is_none()
        && text.split(separator).any(hindi)
        && !text.split(separator).any(marked)
    {
        name.language = Some("hi".to_owned());
        name.impaired = false;
    }
    name.title = (!others.is_empty()).then(|| others.join(" "));
    name
}
