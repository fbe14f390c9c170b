//! Language tags of HLS renditions from the codes that media files carry.
//!
//! Never: guesses from titles.

/// ISO 639-2 codes (both forms) with their ISO 639-1 code and the language's own name.
const LANGUAGES: &[(&[&str], &str, &str)] = &[
    (&["ara"], "ar", "العربية"),
    (&["bul"], "bg", "Български"),
    (&["cat"], "ca", "Català"),
    (&["ces", "cze"], "cs", "Čeština"),
    (&["dan"], "da", "Dansk"),
    (&["deu", "ger"], "de", "Deutsch"),
    (&["ell", "gre"], "el", "Ελληνικά"),
    (&["eng"], "en", "English"),
    (&["spa"], "es", "Español"),
    (&["est"], "et", "Eesti"),
    (&["fas", "per"], "fa", "فارسی"),
    (&["fin"], "fi", "Suomi"),
    (&["fra", "fre"], "fr", "Français"),
    (&["heb"], "he", "עברית"),
    (&["hin"], "hi", "हिन्दी"),
    (&["hrv"], "hr", "Hrvatski"),
    (&["hun"], "hu", "Magyar"),
    (&["ind"], "id", "Bahasa Indonesia"),
    (&["isl", "ice"], "is", "Íslenska"),
    (&["ita"], "it", "Italiano"),
    (&["jpn"], "ja", "日本語"),
    (&["kor"], "ko", "한국어"),
    (&["lit"], "lt", "Lietuvių"),
    (&["lav"], "lv", "Latviešu"),
    (&["msa", "may"], "ms", "Bahasa Melayu"),
    (&["nld", "dut"], "nl", "Nederlands"),
    (&["nor", "nob"], "no", "Norsk"),
    (&["pol"], "pl", "Polski"),
    (&["por"], "pt", "Português"),
    (&["ron", "rum"], "ro", "Română"),
    (&["rus"], "ru", "Русский"),
    (&["slk", "slo"], "sk", "Slovenčina"),
    (&["slv"], "sl", "Slovenščina"),
    (&["srp"], "sr", "Српски"),
    (&["swe"], "sv", "Svenska"),
    (&["tam"], "ta", "தமிழ்"),
    (&["tel"], "te", "తెలుగు"),
    (&["tha"], "th", "ไทย"),
    (&["tur"], "tr", "Türkçe"),
    (&["ukr"], "uk", "Українська"),
    (&["vie"], "vi", "Tiếng Việt"),
    (&["zho", "chi"], "zh", "中文"),
];

/// The BCP 47 tag (RFC 5646: the shortest ISO 639 code) of a code as written in a file.
///
/// `None` when the file does not say, or writes what cannot be a tag.
pub fn tag(code: &str) -> Option<String> {
    let code = code.trim().to_ascii_lowercase();
    let (main, rest) = code.split_once(['-', '_']).unwrap_or((&code, ""));
    if !(2..=3).contains(&main.len()) || !main.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    if matches!(main, "und" | "mis" | "zxx" | "mul") {
        return None;
    }
    let short = known(main).map_or(main, |(_, short, _)| short);
    let well_formed = rest.split(['-', '_']).all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if rest.is_empty() || !well_formed {
        return Some(short.to_owned());
    }
    Some(format!("{short}-{}", rest.replace('_', "-")))
}

/// What the language calls itself; `None` for the rarer ones.
pub fn own_name(code: &str) -> Option<&'static str> {
    let tag = tag(code)?;
    let main = tag.split('-').next()?;
    known(main).map(|(_, _, name)| *name)
}

fn known(main: &str) -> Option<&'static (&'static [&'static str], &'static str, &'static str)> {
    LANGUAGES
        .iter()
        .find(|(long, short, _)| *short == main || long.contains(&main))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_the_shortest_tag() {
        for (code, want) in [
            ("eng", Some("en")),
            ("GER", Some("de")),
            ("dut", Some("nl")),
            ("nl", Some("nl")),
            ("haw", Some("haw")),
            ("pt-BR", Some("pt-br")),
            ("zh_Hant", Some("zh-hant")),
            ("und", None),
            ("", None),
            ("english", None),
            ("e\"n", None),
            ("en-\"x", Some("en")),
        ] {
            assert_eq!(tag(code).as_deref(), want, "{code:?}");
        }
        assert_eq!(own_name("fre"), Some("Français"));
        assert_eq!(own_name("haw"), None);
    }
}
