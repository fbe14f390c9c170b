//! Subtitle files of any age: their encoding, and the cues of SRT, ASS and WebVTT.
//!
//! Damage costs the cues it hits, no more.
//!
//! Never: trusting the extension where the text says otherwise.

use alcove::media::job::SubtitleFileFormat;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::cue::{Cue, Document};
use super::markup;

/// The text of a file whose encoding nobody wrote down.
pub fn decode(bytes: &[u8]) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        // Before UTF-8: plain words in UTF-16 are valid UTF-8 full of zeros.
        None => utf_16(bytes).unwrap_or_else(|| match std::str::from_utf8(bytes) {
            Ok(_) => UTF_8,
            Err(_) => guess(bytes),
        }),
    };
    let (text, _, _) = encoding.decode(bytes);
    text.replace("\r\n", "\n").replace(['\r', '\0'], "\n")
}

/// UTF-16 without a byte order mark: every second byte of Latin digits and line ends is zero.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    let zeros = |offset: usize| {
        head.iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let most = head.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 4 > most && even * 16 < most {
        return Some(UTF_16LE);
    }
    (even * 4 > most && odd * 16 < most).then_some(UTF_16BE)
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The cues in `text`; `claimed` counts where the text itself does not tell.
pub fn read(text: &str, claimed: SubtitleFileFormat) -> Document {
    let head = text.trim_start_matches(['\u{feff}', ' ', '\n', '\t']);
    let format = if head.starts_with("WEBVTT") {
        SubtitleFileFormat::WebVtt
    } else if head.starts_with("[Script Info]") || text.contains("\n[Events]") {
        SubtitleFileFormat::Ass
    } else if claimed == SubtitleFileFormat::Ass && text.contains("-->") {
        SubtitleFileFormat::Srt
    } else {
        claimed
    };
    let mut document = Document::default();
    match format {
        SubtitleFileFormat::Ass => read_ass(text, &mut document),
        SubtitleFileFormat::Srt | SubtitleFileFormat::WebVtt => read_arrows(text, &mut document),
    }
    document
}

/// SRT and WebVTT: a line with an arrow begins a cue, whatever stands before it.
fn read_arrows(text: &str, document: &mut Document) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((start_ms, end_ms, settings)) = arrow_line(line) else {
            continue;
        };
        let mut body: Vec<&str> = Vec::new();
        let mut blank = false;
        while let Some(next) = lines.peek() {
            if arrow_line(next).is_some() {
                // The number above it belongs to the next cue.
                if body.last().is_some_and(|last| is_number(last)) {
                    body.pop();
                }
                break;
            }
            // A blank line ends a cue, but people also write blank lines inside of one: what
            // follows belongs to it unless it is the next cue's number, a note or a style.
            if blank && ends_cue(next) {
                break;
            }
            blank = next.trim().is_empty();
            body.push(next);
            lines.next();
        }
        let mut text = markup::html(body.join("\n").trim_matches('\n'));
        if settings.split_whitespace().any(is_top) {
            text.place = super::cue::Place::Top;
        }
        document.push(&Cue {
            start_ms,
            end_ms: Some(end_ms),
            text,
        });
    }
}

fn ends_cue(line: &str) -> bool {
    let line = line.trim();
    is_number(line)
        || ["NOTE", "STYLE", "REGION"]
            .iter()
            .any(|word| line.starts_with(word))
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// A WebVTT setting that puts the cue into the upper third.
fn is_top(setting: &str) -> bool {
    let Some(line) = setting.strip_prefix("line:") else {
        return false;
    };
    match line.split(',').next().unwrap_or("").strip_suffix('%') {
        Some(percent) => percent.parse::<f32>().is_ok_and(|percent| percent < 34.0),
        None => line.parse::<i32>().is_ok_and(|line| (0..5).contains(&line)),
    }
}

/// `00:01:02,345 --> 00:01:04,000 settings`, with the liberties that people take.
fn arrow_line(line: &str) -> Option<(i64, i64, &str)> {
    let (start, rest) = line.split_once("-->")?;
    let rest = rest.trim_start();
    let (end, settings) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    Some((clock(start)?, clock(end)?, settings))
}

/// `h:mm:ss,mmm`, `mm:ss.mmm` and the like, in milliseconds.
fn clock(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let mut seconds = 0i64;
    for part in whole.split(':') {
        let part: i64 = part.trim().parse().ok().filter(|part| *part >= 0)?;
        seconds = seconds.checked_mul(60)?.checked_add(part)?;
    }
    let digits: String = fraction
        .chars()
        .take_while(char::is_ascii_digit)
        .take(3)
        .collect();
    let ms: i64 = format!("{digits:0<3}").parse().ok()?;
    // Longer than four days is no film.
    Some(seconds.checked_mul(1000)? + ms).filter(|ms| *ms < 400_000_000)
}

/// ASS and SSA: the events, by the columns that the Format line names.
fn read_ass(text: &str, document: &mut Document) {
    let mut columns: Vec<String> = [
        "layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut in_events = false;
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with('[') {
            in_events = line.to_ascii_lowercase().starts_with("[events]");
        } else if !in_events {
        } else if let Some(format) = line.strip_prefix("Format:") {
            columns = format
                .split(',')
                .map(|name| name.trim().to_lowercase())
                .collect();
        } else if let Some(event) = line.strip_prefix("Dialogue:") {
            document_event(event, &columns, document);
        }
    }
}

fn document_event(event: &str, columns: &[String], document: &mut Document) {
    let fields: Vec<&str> = event.splitn(columns.len().max(1), ',').collect();
    let field = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        fields.get(at).copied()
    };
    let (Some(start_ms), Some(end_ms), Some(text)) = (
        field("start").and_then(clock),
        field("end").and_then(clock),
        field("text"),
    ) else {
        return;
    };
    document.push(&Cue {
        start_ms,
        end_ms: Some(end_ms),
        text: markup::ass(text),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn convert(text: &str, format: SubtitleFileFormat) -> String {
        read(text, format).write()
    }

    #[test]
    fn srt_is_read_with_all_its_liberties() {
        let text = "\u{feff}1\n00:00:01,000 --> 00:00:02,500\nOne\nTwo\n\n\
                    2\n0:00:03.5-->0:00:04\n<i>Three</i>\n\
                    3\n00:00:05,000 --> 00:00:06,000 X1:1 X2:2\nFour\n\nFive\n\n\
                    garbage --> here\n\n99\n00:00:07,000 --> 00:00:08,000\n2001\n";
        assert_eq!(
            convert(text, SubtitleFileFormat::Srt),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nOne\nTwo\n\n\
             00:00:03.500 --> 00:00:04.000\n<i>Three</i>\n\n\
             00:00:05.000 --> 00:00:06.000\nFour\nFive\ngarbage --&gt; here\n\n\
             00:00:07.000 --> 00:00:08.000\n2001\n"
        );
    }

    #[test]
    fn webvtt_loses_notes_styles_and_voices() {
        let text = "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE hello\n\n\
                    intro\n00:01.000 --> 00:02.000 line:0 align:start\n<v Ann>Hi &amp; bye\n\n\
                    NOTE not shown\n\n00:03.000 --> 00:04.000\nEnd\n";
        assert_eq!(
            convert(text, SubtitleFileFormat::Srt),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 line:5%\nHi &amp; bye\n\n\
             00:00:03.000 --> 00:00:04.000\nEnd\n"
        );
    }

    #[test]
    fn ass_events_follow_their_format_line() {
        let text = "[Script Info]\nTitle: x\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n\
                    [Events]\nFormat: Start, End, Style, Text\n\
                    Comment: 0:00:00.00,0:00:01.00,Default,hidden\n\
                    Dialogue: 0:00:01.50,0:00:02.00,Default,{\\i1}Well{\\i0}, well\\Nwell\n\
                    Dialogue: broken\n";
        assert_eq!(
            convert(text, SubtitleFileFormat::Srt),
            "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n<i>Well</i>, well\nwell\n"
        );
    }

    #[test]
    fn old_encodings_are_recognised() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\nPřítel žluťoučký kůň, naïve café señor\n";
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with_mark: Vec<u8> = [0xfe, 0xff]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_be_bytes))
            .collect();
        for bytes in [text.as_bytes(), &utf_16, &with_mark] {
            assert_eq!(decode(bytes), text);
        }
        let russian = "Привет, как дела? Это субтитры к фильму, который мы смотрим.";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
        assert_eq!(decode(&bytes), russian);
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode("Où êtes-vous né, garçon ?");
        assert_eq!(decode(&bytes), "Où êtes-vous né, garçon ?");
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_valid_document(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = decode(&bytes);
            for format in [SubtitleFileFormat::Srt, SubtitleFileFormat::Ass, SubtitleFileFormat::WebVtt] {
                prop_assert!(convert(&text, format).starts_with("WEBVTT\n"));
            }
        }

        #[test]
        fn damaged_files_keep_ascending_times(text in "(([0-9]{1,3}\n)?[0-9]{1,2}:[0-9]{2}:[0-9]{2}[,.][0-9]{0,4} ?--> ?[0-9]{1,2}:[0-9]{2}:[0-9]{2},[0-9]{3}\n[a-z<>{}\\\\\n]{0,20}\n\n?){0,6}") {
            let out = convert(&text, SubtitleFileFormat::Srt);
            let mut last = 0;
            for line in out.lines().filter(|line| line.contains(" --> ")) {
                let (start, end, _) = arrow_line(line).expect("a time line");
                prop_assert!(start >= last && end > start, "{}", out);
                last = start;
            }
        }
    }
}
