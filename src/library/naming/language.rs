//! Languages as people write them in file names: codes of two and three letters, and names.
//!
//! Never: guessing from a country.

use super::words::normalise;

/// ISO 639-1, the 639-2 codes, and names in English and in the language.
const LANGUAGES: &[(&str, &[&str])] = &[
    ("ar", &["ara", "arabic"]),
    ("bg", &["bul", "bulgarian"]),
    ("bn", &["ben", "bengali"]),
    ("bs", &["bos", "bosnian"]),
    ("ca", &["cat", "catalan"]),
    ("cs", &["cze", "ces", "czech", "cesky", "cestina"]),
    ("cy", &["wel", "cym", "welsh"]),
    ("da", &["dan", "danish", "dansk"]),
    ("de", &["ger", "deu", "german", "deutsch"]),
    ("el", &["gre", "ell", "greek"]),
    ("en", &["eng", "english"]),
    ("es", &["spa", "spanish", "espanol", "castellano"]),
    ("et", &["est", "estonian", "eesti"]),
    ("eu", &["baq", "eus", "basque"]),
    ("fa", &["per", "fas", "persian", "farsi"]),
    ("fi", &["fin", "finnish", "suomi"]),
    ("fr", &["fre", "fra", "french", "francais"]),
    ("fy", &["fry", "frisian", "frysk"]),
    ("ga", &["gle", "irish"]),
    ("gl", &["glg", "galician"]),
    ("he", &["heb", "hebrew"]),
    ("hi", &["hin", "hindi"]),
    ("hr", &["hrv", "croatian", "hrvatski"]),
    ("hu", &["hun", "hungarian", "magyar"]),
    ("id", &["ind", "indonesian"]),
    ("is", &["ice", "isl", "icelandic"]),
    ("it", &["ita", "italian", "italiano"]),
    ("ja", &["jpn", "japanese"]),
    ("ko", &["kor", "korean"]),
    ("lt", &["lit", "lithuanian"]),
    ("lv", &["lav", "latvian"]),
    ("mk", &["mac", "mkd", "macedonian"]),
    ("ms", &["may", "msa", "malay"]),
    ("nb", &["nob", "bokmal"]),
    (
        "nl",
        &["dut", "nld", "dutch", "nederlands", "flemish", "vlaams"],
    ),
    ("nn", &["nno", "nynorsk"]),
    ("no", &["nor", "norwegian", "norsk"]),
    ("pl", &["pol", "polish", "polski"]),
    ("pt", &["por", "portuguese", "portugues", "brazilian"]),
    ("ro", &["rum", "ron", "romanian"]),
    ("ru", &["rus", "russian"]),
    ("sk", &["slo", "slk", "slovak"]),
    ("sl", &["slv", "slovenian", "slovene"]),
    ("sq", &["alb", "sqi", "albanian"]),
    ("sr", &["srp", "serbian", "srpski"]),
    ("sv", &["swe", "swedish", "svenska"]),
    ("ta", &["tam", "tamil"]),
    ("te", &["tel", "telugu"]),
    ("th", &["tha", "thai"]),
    ("tl", &["tgl", "tagalog", "filipino"]),
    ("tr", &["tur", "turkish", "turkce"]),
    ("uk", &["ukr", "ukrainian"]),
    ("vi", &["vie", "vietnamese"]),
    (
        "zh",
        &[
            "chi",
            "zho",
            "chinese",
            "mandarin",
            "cantonese",
            "chs",
            "cht",
        ],
    ),
];

/// The code that `word` stands for: ISO 639-1, with the region if the word has one (`pt-BR`).
pub(in crate::library) fn parse(word: &str) -> Option<String> {
    if let Some((language, region)) = word.split_once(['-', '_'])
        && (2..=3).contains(&language.len())
        && (2..=4).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        let code = code(language)?;
        return Some(format!("{code}-{}", region.to_ascii_uppercase()));
    }
    code(word).map(str::to_owned)
}

fn code(word: &str) -> Option<&'static str> {
    let word = normalise(word);
    LANGUAGES
        .iter()
        .find(|(code, others)| *code == word || others.contains(&word.as_str()))
        .map(|(code, _)| *code)
}
