//! Cues of a subtitle and the WebVTT document they make (W3C WebVTT).
//!
//! Never: markup that came from outside: text is escaped, and only three tags are written.

use std::fmt::Write as _;

/// A cue without an end is shown this long, or until the next one.
const DEFAULT_MS: i64 = 4_000;
/// Equal texts with a smaller gap than this are one cue: typesetting repeats a line for each frame.
const MERGE_GAP_MS: i64 = 60;
/// Cues looked back at to find an equal text.
const MERGE_DEPTH: usize = 8;
/// More cues than this are no subtitle.
pub const MAX_CUES: usize = 50_000;

/// How a run of text is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub bold: bool,
    pub italic: bool,
    pub underline: bool,
}

/// Where on the picture a cue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    #[default]
    Bottom,
    Middle,
    Top,
}

/// The text of a cue: runs of one style each, lines divided by `\n`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub place: Place,
    runs: Vec<(Style, String)>,
}

impl Text {
    pub fn push(&mut self, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.runs.last_mut() {
            Some((last, run)) if *last == style => run.push_str(text),
            _ => self.runs.push((style, text.to_owned())),
        }
    }

    /// The payload of a WebVTT cue; empty when nothing visible is in it.
    fn payload(&self) -> String {
        let mut lines: Vec<String> = vec![String::new()];
        let mut visible = vec![false];
        for (style, run) in &self.runs {
            for (number, piece) in run.split('\n').enumerate() {
                if number > 0 {
                    lines.push(String::new());
                    visible.push(false);
                }
                let (Some(line), Some(seen)) = (lines.last_mut(), visible.last_mut()) else {
                    continue;
                };
                *seen |= piece.chars().any(|c| !c.is_whitespace() && c != '\u{200b}');
                write_run(line, *style, piece);
            }
        }
        // An empty line would end the cue.
        lines
            .iter()
            .zip(visible)
            .filter(|(_, seen)| *seen)
            .map(|(line, _)| line.trim())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn write_run(line: &mut String, style: Style, text: &str) {
    if text.is_empty() {
        return;
    }
    let tags = [
        (style.bold, "b"),
        (style.italic, "i"),
        (style.underline, "u"),
    ];
    let used = || tags.iter().filter(|(on, _)| *on && !text.trim().is_empty());
    for (_, tag) in used() {
        let _ = write!(line, "<{tag}>");
    }
    for c in text.chars() {
        match c {
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '\t' => line.push(' '),
            c if c.is_control() => {}
            c => line.push(c),
        }
    }
    for (_, tag) in used().rev() {
        let _ = write!(line, "</{tag}>");
    }
}

/// One cue; times in milliseconds of the player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    pub start_ms: i64,
    /// `None` when the source does not say.
    pub end_ms: Option<i64>,
    pub text: Text,
}

/// Collects cues and writes them as one document.
#[derive(Default)]
pub struct Document {
    cues: Vec<Line>,
}

struct Line {
    start_ms: i64,
    end_ms: Option<i64>,
    place: Place,
    payload: String,
}

impl Document {
    /// Adds a cue; what nobody would see is left out.
    pub fn push(&mut self, cue: &Cue) {
        let payload = cue.text.payload();
        let ended = cue.end_ms.is_some_and(|end| end <= cue.start_ms.max(0));
        if payload.is_empty() || ended || self.is_full() {
            return;
        }
        let start_ms = cue.start_ms.max(0);
        let from = self.cues.len().saturating_sub(MERGE_DEPTH);
        let same = self.cues[from..].iter_mut().find(|line| {
            let gap = line.end_ms.map(|end| start_ms - end);
            line.payload == payload
                && line.start_ms <= start_ms
                && gap.is_some_and(|gap| gap <= MERGE_GAP_MS)
        });
        match same {
            Some(line) => line.end_ms = line.end_ms.max(cue.end_ms),
            None => self.cues.push(Line {
                start_ms,
                end_ms: cue.end_ms,
                place: cue.text.place,
                payload,
            }),
        }
    }

    pub fn is_full(&self) -> bool {
        self.cues.len() >= MAX_CUES
    }

    pub fn is_empty(&self) -> bool {
        self.cues.is_empty()
    }

    /// The WebVTT document, cues by start.
    pub fn write(mut self) -> String {
        self.cues.sort_by_key(|line| (line.start_ms, line.end_ms));
        let starts: Vec<i64> = self.cues.iter().map(|line| line.start_ms).collect();
        let mut out = String::from("WEBVTT\n");
        for (number, line) in self.cues.iter().enumerate() {
            let end = line.end_ms.unwrap_or_else(|| {
                let next = starts[number..].iter().find(|&&s| s > line.start_ms);
                let most = line.start_ms.saturating_add(DEFAULT_MS);
                next.map_or(most, |&next| next.min(most))
            });
            let place = match line.place {
                Place::Bottom => "",
                Place::Middle => " line:50%",
                Place::Top => " line:5%",
            };
            let (start, end) = (clock(line.start_ms), clock(end));
            let _ = write!(out, "\n{start} --> {end}{place}\n{}\n", line.payload);
        }
        out
    }
}

fn clock(ms: i64) -> String {
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start_ms: i64, end_ms: Option<i64>, text: &str) -> Cue {
        let mut cue = Cue {
            start_ms,
            end_ms,
            text: Text::default(),
        };
        cue.text.push(Style::default(), text);
        cue
    }

    fn write(cues: &[Cue]) -> String {
        let mut document = Document::default();
        cues.iter().for_each(|cue| document.push(cue));
        document.write()
    }

    #[test]
    fn cues_are_written_in_order_escaped_and_clipped() {
        let cues = [
            cue(3_723_004, Some(3_724_000), "R&B <3 -->"),
            cue(-500, Some(700), "early\n\n\nlate"),
            cue(-900, Some(0), "gone before it began"),
            cue(5000, Some(5000), "never"),
            cue(6000, Some(7000), " \n\u{200b}"),
        ];
        assert_eq!(
            write(&cues),
            "WEBVTT\n\n00:00:00.000 --> 00:00:00.700\nearly\nlate\n\n\
             01:02:03.004 --> 01:02:04.000\nR&amp;B &lt;3 --&gt;\n"
        );
    }

    #[test]
    fn a_cue_without_end_lasts_until_the_next_one() {
        let got = write(&[cue(1000, None, "a"), cue(2500, None, "b")]);
        assert!(got.contains("00:00:01.000 --> 00:00:02.500\na"), "{got}");
        assert!(got.contains("00:00:02.500 --> 00:00:06.500\nb"), "{got}");
    }

    #[test]
    fn repeated_lines_of_typesetting_become_one_cue() {
        let frames: Vec<Cue> = (0..50)
            .map(|n| cue(n * 40, Some(n * 40 + 40), "SIGN"))
            .collect();
        assert_eq!(
            write(&frames),
            "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nSIGN\n"
        );
    }

    #[test]
    fn styles_are_nested_tags_that_close_on_their_line() {
        let mut both = cue(0, Some(1), "");
        let italic = Style {
            italic: true,
            ..Style::default()
        };
        both.text.push(italic, "one\ntwo");
        both.text.push(
            Style {
                bold: true,
                ..italic
            },
            "!",
        );
        assert!(write(&[both]).ends_with("\n<i>one</i>\n<i>two</i><b><i>!</i></b>\n"));
    }
}
