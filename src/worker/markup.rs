//! Markup inside subtitle lines: ASS override blocks and the HTML-like tags of SRT and WebVTT.
//!
//! Colours, fonts, positions and drawings are dropped; bold, italic, underline and "at the top" stay.
//!
//! Never: passing markup on as it came.

use super::cue::{Place, Style, Text};

/// Text of an ASS event (libass' override tags).
pub fn ass(source: &str) -> Text {
    let mut out = Text::default();
    let mut style = Style::default();
    let mut drawing = false;
    let mut rest = source;
    while !rest.is_empty() {
        if let Some(block) = rest.strip_prefix('{')
            && let Some(end) = block.find('}')
        {
            override_block(&block[..end], &mut style, &mut out.place, &mut drawing);
            rest = &block[end + 1..];
            continue;
        }
        // A brace without an end is text.
        let end = rest
            .char_indices()
            .skip(1)
            .find(|&(_, c)| c == '{')
            .map_or(rest.len(), |(at, _)| at);
        if !drawing {
            out.push(style, &unescape_ass(&rest[..end]));
        }
        rest = &rest[end..];
    }
    out
}

fn unescape_ass(text: &str) -> String {
    text.replace("\\N", "\n")
        .replace("\\n", "\n")
        .replace("\\h", "\u{a0}")
        .replace('\r', "")
}

fn override_block(block: &str, style: &mut Style, place: &mut Place, drawing: &mut bool) {
    for tag in block.split('\\').skip(1) {
        let tag = tag.trim();
        let number = |prefix: &str| -> Option<i32> {
            let value = tag.strip_prefix(prefix)?;
            let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
            (digits.len() == value.trim_end().len()).then(|| digits.parse().unwrap_or(0))
        };
        if let Some(value) = number("an") {
            *place = match value {
                7..=9 => Place::Top,
                4..=6 => Place::Middle,
                _ => Place::Bottom,
            };
        } else if let Some(value) = number("a") {
            *place = match value {
                5..=7 => Place::Top,
                9..=11 => Place::Middle,
                _ => Place::Bottom,
            };
        } else if let Some(value) = number("i") {
            style.italic = value != 0;
        } else if let Some(value) = number("b") {
            // 1, or a weight from 100 to 900.
            style.bold = value == 1 || value >= 600;
        } else if let Some(value) = number("u") {
            style.underline = value != 0;
        } else if let Some(value) = number("p") {
            *drawing = value != 0;
        } else if tag.starts_with('r') {
            *style = Style::default();
        }
    }
}

/// Text of an SRT or WebVTT cue: tags in angle brackets, entities, and ASS blocks that crept in.
pub fn html(source: &str) -> Text {
    let mut out = Text::default();
    let mut style = Style::default();
    let mut drawing = false;
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        if c == '<'
            && let Some(end) = rest.find('>')
            && is_tag(&rest[1..end])
        {
            html_tag(&rest[1..end], &mut style);
            rest = &rest[end + 1..];
        } else if rest.starts_with("{\\")
            && let Some(end) = rest.find('}')
        {
            override_block(&rest[1..end], &mut style, &mut out.place, &mut drawing);
            rest = &rest[end + 1..];
        } else if c == '&'
            && let Some((text, length)) = entity(rest)
        {
            out.push(style, text);
            rest = &rest[length..];
        } else if let Some(after) = rest.strip_prefix("\\N") {
            out.push(style, "\n");
            rest = after;
        } else {
            let (piece, after) = rest.split_at(c.len_utf8());
            if c != '\r' {
                out.push(style, piece);
            }
            rest = after;
        }
    }
    out
}

/// True for what stands between angle brackets as markup; `a < b > c` is text.
fn is_tag(inner: &str) -> bool {
    let name = inner.strip_prefix('/').unwrap_or(inner);
    // WebVTT's time stamps inside a cue count as tags.
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !name.contains(['<', '\n'])
        || inner == "/"
}

fn html_tag(inner: &str, style: &mut Style) {
    let (name, on) = match inner.strip_prefix('/') {
        Some(name) => (name, false),
        None => (inner, true),
    };
    let name = name.split(['.', ' ', '\t']).next().unwrap_or("");
    match name.to_ascii_lowercase().as_str() {
        "b" | "strong" => style.bold = on,
        "i" | "em" => style.italic = on,
        "u" => style.underline = on,
        _ => {}
    }
}

fn entity(text: &str) -> Option<(&'static str, usize)> {
    [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&lrm;", "\u{200e}"),
        ("&rlm;", "\u{200f}"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
    ]
    .into_iter()
    .find(|(name, _)| text.starts_with(name))
    .map(|(name, value)| (value, name.len()))
}

#[cfg(test)]
mod tests {
    use super::super::cue::{Cue, Document};
    use super::*;
    use proptest::prelude::*;

    fn shown(text: Text) -> String {
        let mut document = Document::default();
        document.push(&Cue {
            start_ms: 0,
            end_ms: Some(1),
            text,
        });
        let out = document.write();
        out.split_once(".001")
            .map_or("", |(_, after)| after)
            .to_owned()
    }

    #[test]
    fn ass_keeps_emphasis_and_place_and_drops_the_rest() {
        for (source, want) in [
            ("plain", "\nplain\n"),
            ("{\\i1}so{\\i0} what", "\n<i>so</i> what\n"),
            ("{\\b700\\u1}a{\\r}b", "\n<b><u>a</u></b>b\n"),
            ("{\\an8}up\\Nthere", " line:5%\nup\nthere\n"),
            ("{\\a6}up", " line:5%\nup\n"),
            ("{\\pos(10,20)\\c&H0000FF&\\fnArial\\bord2}red", "\nred\n"),
            ("{\\p1}m 0 0 l 100 0{\\p0}after", "\nafter\n"),
            ("{\\p1}m 0 0 l 100 0", ""),
            ("{\\k20}ka{\\k30}ra", "\nkara\n"),
            ("a{b", "\na{b\n"),
            ("<b> & {comment}x", "\n&lt;b&gt; &amp; x\n"),
        ] {
            assert_eq!(shown(ass(source)), want, "{source}");
        }
    }

    #[test]
    fn html_keeps_emphasis_and_drops_the_rest() {
        for (source, want) in [
            ("<i>so</i> what", "\n<i>so</i> what\n"),
            ("<font color=\"red\">a</font> <B>b</B>", "\na <b>b</b>\n"),
            ("<c.yellow>a</c><v Fred Smith>b<00:00:01.000>c", "\nabc\n"),
            (
                "1 < 2 > 0 &amp; I <3 you",
                "\n1 &lt; 2 &gt; 0 &amp; I &lt;3 you\n",
            ),
            ("{\\an8}top", " line:5%\ntop\n"),
            ("<script>x</script>", "\nx\n"),
            ("a<", "\na&lt;\n"),
        ] {
            assert_eq!(shown(html(source)), want, "{source}");
        }
    }

    proptest! {
        #[test]
        fn nothing_becomes_markup_that_was_not_asked_for(source in "[<>&{}\\\\/a-zA-Z0-9\n.é -]{0,60}") {
            for text in [ass(&source), html(&source)] {
                let out = shown(text);
                let bare = ["<b>", "</b>", "<i>", "</i>", "<u>", "</u>"]
                    .iter()
                    .fold(out.clone(), |text, tag| text.replace(tag, ""));
                prop_assert!(!bare.contains(['<', '>']), "{}", out);
                prop_assert!(!out.trim_start().contains("\n\n"), "{}", out);
            }
        }
    }
}
