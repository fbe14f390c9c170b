//! The texts that collectors keep beside films: Kodi's NFO files.
//!
//! Broken XML gives what could be read before the break. Entities are the five of XML itself and
//! numbers, so none can grow.
//!
//! Never: a network address from a file; more than a megabyte of it.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::naming::words::year;
use super::{Details, Person};

/// Longer files are no NFO.
pub(super) const MOST_BYTES: u64 = 1024 * 1024;
const MOST_PEOPLE: usize = 60;
const MOST_GENRES: usize = 20;
const MOST_TEXT: usize = 8000;

/// What an NFO says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nfo {
    pub(super) title: Option<String>,
    pub(super) sort_title: Option<String>,
    pub(super) year: Option<u16>,
    pub(super) season: Option<u32>,
    pub(super) episode: Option<u32>,
    pub(super) details: Details,
}

/// Reads an NFO; `None` when it holds nothing of use (many hold an address only).
pub(super) fn parse(bytes: &[u8]) -> Option<Nfo> {
    let (text, _, _) = encoding_rs::UTF_8.decode(bytes);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut state = State::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                let name = start.local_name().as_ref().to_lowercase();
                if state.path.len() > 16 {
                    break;
                }
                state.start(name);
            }
            Ok(Event::End(_)) => {
                let done = state.end();
                if done {
                    break;
                }
            }
            Ok(Event::Text(text)) => state.push(&text),
            Ok(Event::CData(text)) => state.push(&text),
            Ok(Event::GeneralRef(entity)) => state.push_entity(&entity),
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    let nfo = state.nfo;
    (nfo != Nfo::default()).then_some(nfo)
}

#[derive(Default)]
struct State {
    path: Vec<String>,
    text: String,
    person: Option<Person>,
    nfo: Nfo,
}

impl State {
    fn start(&mut self, name: String) {
        self.text.clear();
        if self.path.len() == 1 && name == "actor" {
            self.person = Some(Person {
                name: String::new(),
                role: None,
            });
        }
        self.path.push(name);
    }

    fn push(&mut self, text: &str) {
        if self.text.len() < MOST_TEXT {
            let mut end = text.len().min(MOST_TEXT);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            self.text.push_str(&text[..end]);
        }
    }

    fn push_entity(&mut self, entity: &BytesRef<'_>) {
        if let Ok(Some(c)) = entity.resolve_char_ref() {
            self.push(c.encode_utf8(&mut [0; 4]));
            return;
        }
        let known = match &**entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "apos" => "'",
            _ => "",
        };
        self.push(known);
    }

    /// Takes in the element that ends; true when the first whole item is over.
    fn end(&mut self) -> bool {
        let text = self.text.trim().to_owned();
        self.text.clear();
        let Some(name) = self.path.pop() else {
            return true;
        };
        match (self.path.as_slice(), name.as_str()) {
            ([], _) => return true,
            ([_], "actor") => {
                let people = &mut self.nfo.details.people;
                let person = self.person.take().filter(|p| !p.name.is_empty());
                people.extend(person.filter(|_| people.len() < MOST_PEOPLE));
            }
            ([_], _) => self.field(&name, text),
            ([_, actor], _) if actor == "actor" && !text.is_empty() => {
                if let Some(person) = &mut self.person {
                    match name.as_str() {
                        "name" => person.name = text,
                        "role" => person.role = Some(text),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        false
    }

    fn field(&mut self, name: &str, text: String) {
        if text.is_empty() {
            return;
        }
        let nfo = &mut self.nfo;
        match name {
            "title" => nfo.title = Some(text),
            "sorttitle" => nfo.sort_title = Some(text),
            "year" => nfo.year = year(&text),
            "season" => nfo.season = text.parse().ok(),
            "episode" => nfo.episode = text.parse().ok(),
            "plot" => nfo.details.overview = Some(text),
            "outline" if nfo.details.overview.is_none() => nfo.details.overview = Some(text),
            "studio" if nfo.details.studio.is_none() => nfo.details.studio = Some(text),
            "premiered" | "aired" | "releasedate" => {
                if let Ok(date) = text.parse::<jiff::civil::Date>() {
                    nfo.details.premiered = Some(date.to_string());
                    nfo.year = nfo.year.or_else(|| u16::try_from(date.year()).ok());
                }
            }
            "genre" => {
                let parts = text
                    .split('/')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                let genres = &mut nfo.details.genres;
                for part in parts {
                    if genres.len() < MOST_GENRES && !genres.iter().any(|known| known == part) {
                        genres.push(part.to_owned());
                    }
                }
            }
            "director" => {
                let role = Some("Director".to_owned());
                if nfo.details.people.len() < MOST_PEOPLE {
                    nfo.details.people.push(Person { name: text, role });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_tells_its_texts() {
        let nfo = parse(
            br#"<?xml version="1.0" encoding="UTF-8"?>
            <movie><title>Am&#233;lie &amp; Co</title><year>2001</year><plot><![CDATA[A <b>plot</b>.]]></plot>
            <uniqueid type="imdb">tt1</uniqueid><genre>Comedy / Romance</genre><genre>Comedy</genre>
            <studio>UGC</studio><premiered>2001-04-25</premiered><director>Jeunet</director>
            <actor><name>Audrey</name><role>Am</role><thumb>http://x</thumb></actor><actor><name></name></actor></movie>"#,
        )
        .unwrap();
        assert_eq!(nfo.title.as_deref(), Some("Am\u{e9}lie & Co"));
        assert_eq!(nfo.year, Some(2001));
        assert_eq!(nfo.details.overview.as_deref(), Some("A <b>plot</b>."));
        assert_eq!(nfo.details.genres, ["Comedy", "Romance"]);
        assert_eq!(nfo.details.premiered.as_deref(), Some("2001-04-25"));
        let people: Vec<_> = nfo.details.people.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(people, ["Jeunet", "Audrey"]);
    }

    #[test]
    fn broken_and_hostile_files_give_what_was_whole() {
        let title = |xml: &str| parse(xml.as_bytes()).and_then(|nfo| nfo.title);
        for (xml, want) in [
            ("<movie><title>A</title><plot>x", Some("A")),
            ("<movie><title>A</title><plot>x</movie>", Some("A")),
            ("<movie><title>A</titel></movie>", Some("A")),
            ("<movie><title>A & B</title></movie>", Some("A & B")),
            ("https://www.themoviedb.org/movie/1", None),
            ("", None),
            ("<movie/>", None),
            ("<tvshow><title>S</title></tvshow>\nhttps://x", Some("S")),
            (
                "<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><movie><title>&b;x</title></movie>",
                Some("x"),
            ),
        ] {
            assert_eq!(title(xml).as_deref(), want, "{xml}");
        }
        let deep = "<a>".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reading_fail(bytes in proptest::collection::vec(0u8..=255, 0..300)) {
            parse(&bytes);
        }
    }
}
