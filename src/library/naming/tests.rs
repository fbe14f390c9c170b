//! Names as people have them.
//!
//! Never: a name that no one uses.

use super::*;

fn film(path: &str) -> (String, Option<u16>, Option<String>, Option<u32>) {
    let name = super::film::film(&NamePath::new(path.as_bytes()));
    (name.title, name.year, name.edition, name.part)
}

const FILMS: &[(&str, &str, Option<u16>)] = &[
    (
        "Big Buck Bunny (2008)/Big Buck Bunny (2008).mkv",
        "Big Buck Bunny",
        Some(2008),
    ),
    (
        "Big Buck Bunny (2008)/bbb-1080p.mkv",
        "Big Buck Bunny",
        Some(2008),
    ),
    (
        "Big.Buck.Bunny.2008.1080p.BluRay.x264-GRP.mkv",
        "Big Buck Bunny",
        Some(2008),
    ),
    ("Big_Buck_Bunny_2008_720p.mp4", "Big Buck Bunny", Some(2008)),
    ("Big Buck Bunny [2008].avi", "Big Buck Bunny", Some(2008)),
    (
        "Big Buck Bunny (2008) [1080p] {imdb-tt1254207}.mkv",
        "Big Buck Bunny",
        Some(2008),
    ),
    ("Big Buck Bunny.mkv", "Big Buck Bunny", None),
    (
        "Mr. Holland's Opus (1995).mkv",
        "Mr. Holland's Opus",
        Some(1995),
    ),
    (
        "Room 264 (1989)/Room 264 (1989).mkv",
        "Room 264",
        Some(1989),
    ),
    (
        "Blade.Runner.1080p.x264.(1982).mkv",
        "Blade Runner",
        Some(1982),
    ),
    (
        "Big.Buck.Bunny.2008.1080p.H.264-GRP.mkv",
        "Big Buck Bunny",
        Some(2008),
    ),
    (
        "2001 A Space Odyssey (1968)/2001 A Space Odyssey (1968).mkv",
        "2001 A Space Odyssey",
        Some(1968),
    ),
    (
        "2001.A.Space.Odyssey.1968.2160p.UHD.BluRay.x265.mkv",
        "2001 A Space Odyssey",
        Some(1968),
    ),
    ("1917 (2019)/1917 (2019).mkv", "1917", Some(2019)),
    ("1917.2019.1080p.WEB-DL.mkv", "1917", Some(2019)),
    ("2012 (2009).mkv", "2012", Some(2009)),
    ("2012.mkv", "2012", None),
    (
        "Blade Runner 2049 (2017).mkv",
        "Blade Runner 2049",
        Some(2017),
    ),
    (
        "Blade.Runner.2049.2017.HDR.2160p.WEB.H265-X.mkv",
        "Blade Runner 2049",
        Some(2017),
    ),
    ("Blade Runner 2049.mkv", "Blade Runner 2049", None),
    (
        "Wonder Woman 1984 (2020).mkv",
        "Wonder Woman 1984",
        Some(2020),
    ),
    ("Class of 1984.mkv", "Class of 1984", None),
    ("Gladiator 2000.mkv", "Gladiator", Some(2000)),
    (
        "(500) Days of Summer (2009).mkv",
        "(500) Days of Summer",
        Some(2009),
    ),
    ("Amélie (2001)/Amélie.mkv", "Amélie", Some(2001)),
    (
        "Das Leben der Anderen (2006).mkv",
        "Das Leben der Anderen",
        Some(2006),
    ),
    (
        "千と千尋の神隠し (2001).mkv",
        "千と千尋の神隠し",
        Some(2001),
    ),
    ("Mr. Nobody (2009).mkv", "Mr. Nobody", Some(2009)),
    ("S.W.A.T.2003.1080p.mkv", "S.W.A.T.", Some(2003)),
    (
        "The.Good.the.Bad.and.the.Ugly.1966.EXTENDED.1080p.mkv",
        "The Good the Bad and the Ugly",
        Some(1966),
    ),
    (
        "Spider-Man.No.Way.Home.2021.1080p.mkv",
        "Spider-Man No Way Home",
        Some(2021),
    ),
    ("Some Film (2010)/movie.mkv", "Some Film", Some(2010)),
    (
        "Some Film (2010)/VIDEO_TS/VTS_01_1.VOB",
        "Some Film",
        Some(2010),
    ),
    (
        "Alien Collection (1979)/Aliens (1986).mkv",
        "Aliens",
        Some(1986),
    ),
    ("[GRP] Some Film (2010).mkv", "Some Film", Some(2010)),
    ("Dune Part Two (2024).mkv", "Dune Part Two", Some(2024)),
    (
        "Harry Potter and the Deathly Hallows Part 1 (2010).mkv",
        "Harry Potter and the Deathly Hallows Part 1",
        Some(2010),
    ),
    (
        "Kill Bill Vol. 1 (2003).mkv",
        "Kill Bill Vol. 1",
        Some(2003),
    ),
    (
        "Heat.1995.German.DL.1080p.BluRay.x264.mkv",
        "Heat",
        Some(1995),
    ),
    ("Web of Lies.mkv", "Web of Lies", None),
    ("test.mkv", "test", None),
];

#[test]
fn films_have_their_title_and_year_however_they_are_written() {
    for &(path, title, year) in FILMS {
        let (got_title, got_year, ..) = film(path);
        assert_eq!((got_title.as_str(), got_year), (title, year), "{path}");
    }
}

#[test]
fn editions_and_parts_are_told_apart() {
    for (path, title, edition, part) in [
        (
            "Blade Runner (1982) {edition-Final Cut}.mkv",
            "Blade Runner",
            Some("Final Cut"),
            None,
        ),
        (
            "Blade Runner (1982) - Director's Cut.mkv",
            "Blade Runner",
            Some("Director's Cut"),
            None,
        ),
        (
            "Blade.Runner.1982.The.Final.Cut.1080p.mkv",
            "Blade Runner",
            Some("Final Cut"),
            None,
        ),
        (
            "Apocalypse Now - Redux (1979).mkv",
            "Apocalypse Now - Redux",
            None,
            None,
        ),
        ("Gladiator (2000) CD1.avi", "Gladiator", None, Some(1)),
        (
            "Gladiator (2000)/Gladiator (2000) - part2.avi",
            "Gladiator",
            None,
            Some(2),
        ),
        (
            "Gladiator (2000)/CD2/Gladiator.avi",
            "Gladiator",
            None,
            None,
        ),
        ("Gladiator-cd1.avi", "Gladiator", None, Some(1)),
        ("Gladiator (2000)/cd2.avi", "Gladiator", None, Some(2)),
    ] {
        let (got_title, _, got_edition, got_part) = film(path);
        assert_eq!(
            (got_title.as_str(), got_edition.as_deref(), got_part),
            (title, edition, part),
            "{path}"
        );
    }
}

fn episode(path: &str, setting: super::episode::Setting) -> Option<String> {
    let name = super::episode::episode(&NamePath::new(path.as_bytes()), setting)?;
    let number = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
    Some(format!(
        "{}|{}|{}|{}|{}|{}|{}",
        name.series,
        name.series_year.map_or("-".to_owned(), |y| y.to_string()),
        name.season,
        number(name.episode),
        number(name.episode_end),
        name.date.unwrap_or("-".to_owned()),
        name.title.unwrap_or("-".to_owned()),
    ))
}

#[test]
fn episodes_of_a_library_of_series_are_understood() {
    for (path, want) in [
        (
            "Show/Season 01/Show - S01E02 - Name.mkv",
            "Show|-|1|2|-|-|Name",
        ),
        (
            "Show/Season 01/Show - S01E02-E03 - Name.mkv",
            "Show|-|1|2|3|-|Name",
        ),
        ("Show/Season 01/Show - S01E02E03.mkv", "Show|-|1|2|3|-|-"),
        ("Show/Season 01/Show.S01E02-04.mkv", "Show|-|1|2|4|-|-"),
        ("Show/Season 1/Show S01 E02.mkv", "Show|-|1|2|-|-|-"),
        ("Show (2019)/Season 02/s02e05.mkv", "Show|2019|2|5|-|-|-"),
        ("Show/1x02 - Name.mkv", "Show|-|1|2|-|-|Name"),
        ("Show/Show - 1x02-03 - Name.mkv", "Show|-|1|2|3|-|Name"),
        ("Show.1x02.Name.Of.It.720p.mkv", "Show|-|1|2|-|-|Name Of It"),
        (
            "Show.2019.S02E05.Name.1080p.WEB.h264-GRP.mkv",
            "Show|2019|2|5|-|-|Name",
        ),
        ("Show.S02E05.1080p.mkv", "Show|-|2|5|-|-|-"),
        ("Show.S02E05-1080p.mkv", "Show|-|2|5|-|-|-"),
        ("Show S01 1080p/Show.S01E03.1080p.mkv", "Show|-|1|3|-|-|-"),
        ("Show - Season 2/03 - Third.mkv", "Show|-|2|3|-|-|Third"),
        ("Show/Season 2/03 - Third.mkv", "Show|-|2|3|-|-|Third"),
        ("Show/Season 2/03.mkv", "Show|-|2|3|-|-|-"),
        ("Show/Staffel 3/Folge 4.mkv", "Show|-|3|4|-|-|-"),
        (
            "Show/Seizoen 3/Aflevering 4 - Titel.mkv",
            "Show|-|3|4|-|-|Titel",
        ),
        ("Show/Season 1 Episode 2.mkv", "Show|-|1|2|-|-|-"),
        (
            "Show/Show - 2024-03-15 - Guest.mkv",
            "Show|-|2024|315|-|2024-03-15|Guest",
        ),
        (
            "Show/Show.2024.03.15.Guest.mkv",
            "Show|-|2024|315|-|2024-03-15|Guest",
        ),
        (
            "Show/Season 00/Show - S00E01 - Pilot.mkv",
            "Show|-|0|1|-|-|Pilot",
        ),
        ("Show/Specials/Show - S00E02.mkv", "Show|-|0|2|-|-|-"),
        ("Show/Specials/Making of.mkv", "Show|-|0|-|-|-|Making of"),
        ("[GRP] Show - 05 [1080p].mkv", "Show|-|1|5|-|-|-"),
        ("Show/[GRP] Show - 105v2 [1080p].mkv", "Show|-|1|105|-|-|-"),
        (
            "Mr. Robot/Season 1/Mr. Robot - S01E01 - eps1.0.mkv",
            "Mr. Robot|-|1|1|-|-|eps1.0",
        ),
        (
            "Äpfel & Birnen/Staffel 1/S01E01.mkv",
            "Äpfel & Birnen|-|1|1|-|-|-",
        ),
        ("24/Season 1/24 - S01E01.mkv", "24|-|1|1|-|-|-"),
        (
            "The 100/Season 01/The 100 S01E10.mkv",
            "The 100|-|1|10|-|-|-",
        ),
        ("Drama/Show/Season 1/Show S01E01.mkv", "Show|-|1|1|-|-|-"),
        (
            "Show {tvdb-1234} (2010)/Season 1/S01E01.mkv",
            "Show|2010|1|1|-|-|-",
        ),
        ("Show/Something odd.mkv", "Show|-|0|-|-|-|Something odd"),
        ("Show/Season 2019/Show S2019E05.mkv", "Show|-|2019|5|-|-|-"),
    ] {
        assert_eq!(
            episode(path, super::episode::Setting::Series).as_deref(),
            Some(want),
            "{path}"
        );
    }
}

#[test]
fn among_other_things_only_clear_marks_make_an_episode() {
    for (path, want) in [
        ("Show.S01E02.mkv", Some("Show|-|1|2|-|-|-")),
        ("Videos/Show 1x02.mkv", Some("Show|-|1|2|-|-|-")),
        ("Show/Season 1/02 - Name.mkv", Some("Show|-|1|2|-|-|Name")),
        ("Film (2010).mkv", None),
        ("Film 1920x1080.mkv", None),
        ("Ocean's 11 - 12.mkv", None),
        ("2024-03-15 Birthday.mp4", None),
        ("Holiday/IMG_1234.mp4", None),
        ("Something.mkv", None),
        ("Area 51x.mkv", None),
    ] {
        assert_eq!(
            episode(path, super::episode::Setting::Mixed).as_deref(),
            want,
            "{path}"
        );
    }
}

#[test]
fn tracks_without_tags_are_read_from_their_folders() {
    let track = |path: &str| {
        let t = super::track::track(&NamePath::new(path.as_bytes()));
        (
            t.artist.unwrap_or_default(),
            t.album.unwrap_or_default(),
            t.year,
            t.disc,
            t.number,
            t.title,
        )
    };
    for (path, artist, album, year, disc, number, title) in [
        (
            "Artist/Album/01 - Song.mp3",
            "Artist",
            "Album",
            None,
            None,
            Some(1),
            "Song",
        ),
        (
            "Artist/Album (1999)/01. Song.flac",
            "Artist",
            "Album",
            Some(1999),
            None,
            Some(1),
            "Song",
        ),
        (
            "Artist/1999 - Album/CD2/03 Song.flac",
            "Artist",
            "Album",
            Some(1999),
            Some(2),
            Some(3),
            "Song",
        ),
        (
            "Artist/Album/2-03 Song.flac",
            "Artist",
            "Album",
            None,
            Some(2),
            Some(3),
            "Song",
        ),
        (
            "Artist - Album/01 Artist - Song.mp3",
            "Artist",
            "Album",
            None,
            None,
            Some(1),
            "Song",
        ),
        ("Artist - Song.mp3", "Artist", "", None, None, None, "Song"),
        (
            "Album/03 - Guest - Song.mp3",
            "Guest",
            "Album",
            None,
            None,
            Some(3),
            "Song",
        ),
        (
            "99 Luftballons.mp3",
            "",
            "",
            None,
            None,
            Some(99),
            "Luftballons",
        ),
        (
            "Artist/Album/Song-With-Dashes.mp3",
            "Artist",
            "Album",
            None,
            None,
            None,
            "Song-With-Dashes",
        ),
        ("1999.mp3", "", "", None, None, None, "1999"),
    ] {
        let want = (
            artist.to_owned(),
            album.to_owned(),
            year,
            disc,
            number,
            title.to_owned(),
        );
        assert_eq!(track(path), want, "{path}");
    }
}

#[test]
fn subtitles_tell_their_language_and_use() {
    let read = |name: &str, film: &str, alone: bool| {
        super::subtitle::subtitle(name, film, alone).map(|s| {
            (
                s.language.unwrap_or_default(),
                s.forced,
                s.impaired,
                s.title.unwrap_or_default(),
            )
        })
    };
    for (name, film, alone, want) in [
        ("Film", "Film", false, Some(("", false, false, ""))),
        ("Film.en", "Film", false, Some(("en", false, false, ""))),
        ("Film.eng.sdh", "Film", false, Some(("en", false, true, ""))),
        (
            "Film.nl.forced",
            "Film",
            false,
            Some(("nl", true, false, "")),
        ),
        (
            "film.NL.Forced",
            "Film",
            false,
            Some(("nl", true, false, "")),
        ),
        (
            "Film.pt-BR",
            "Film",
            false,
            Some(("pt-BR", false, false, "")),
        ),
        (
            "Film.Nederlands.Commentary",
            "Film",
            false,
            Some(("nl", false, false, "Commentary")),
        ),
        ("Film.hi", "Film", false, Some(("hi", false, false, ""))),
        ("Film.en.hi", "Film", false, Some(("en", false, true, ""))),
        ("Film 2", "Film", true, Some(("", false, false, ""))),
        ("Filmed.en", "Film", false, None),
        ("Other.en", "Film", false, None),
        ("2_English", "Film", true, Some(("en", false, false, ""))),
        ("English", "Film", true, Some(("en", false, false, ""))),
    ] {
        let want = want.map(|(l, f, i, t)| (l.to_owned(), f, i, t.to_owned()));
        assert_eq!(read(name, film, alone), want, "{name} of {film}");
    }
}

#[test]
fn samples_trailers_and_bonus_are_left_out() {
    for (path, want) in [
        ("Film (2010)/Film (2010)-trailer.mkv", true),
        ("Film (2010)/film-sample.mkv", true),
        ("Film (2010)/Sample/film.mkv", true),
        ("Film (2010)/sample.mkv", true),
        ("Film (2010)/Extras/Making of.mkv", true),
        ("Film (2010)/Behind The Scenes/a.mkv", true),
        ("Film (2010)/Other/a.mkv", true),
        ("Other/Film.mkv", false),
        ("Film (2010)/Film (2010).mkv", false),
        ("Trailer Park Boys/Season 1/S01E01.mkv", false),
        ("The Sample (2010).mkv", false),
    ] {
        assert_eq!(
            extras::is_extra(&NamePath::new(path.as_bytes())),
            want,
            "{path}"
        );
    }
}

#[test]
fn lists_are_sorted_without_articles_accents_and_case() {
    for (title, want) in [
        ("The Matrix", "matrix"),
        ("A Beautiful Mind", "beautiful mind"),
        ("De Aanslag", "aanslag"),
        ("Het Diner", "diner"),
        ("Der Untergang", "untergang"),
        ("Die Hard", "die hard"),
        ("The", "the"),
        ("Éléphant", "elephant"),
        ("Rocky 2", "rocky 000002"),
        ("Rocky 10", "rocky 000010"),
        ("(500) Days", "000500 days"),
        ("Schindler's List", "schindlers list"),
        ("ß & Ø", "ss and o"),
        ("!!!", "!!!"),
        ("Амели", "амели"),
    ] {
        assert_eq!(words::sort_title(title), want, "{title}");
    }
}

#[test]
fn camera_names_are_known_and_give_the_time() {
    for (stem, camera, time) in [
        ("IMG_1234", true, None),
        ("VID_20240315_101500", true, Some("2024-03-15T10:15:00")),
        ("20240315_101500", true, Some("2024-03-15T10:15:00")),
        ("2024-03-15 10.15.00", true, Some("2024-03-15T10:15:00")),
        ("PXL_20240315_101500123", true, Some("2024-03-15T10:15:00")),
        ("MVI_0001", true, None),
        ("GX010001", true, None),
        ("2024-03-15 Birthday", false, Some("2024-03-15T00:00:00")),
        ("Birthday", false, None),
        ("Film (2010)", false, None),
        ("1917", false, None),
    ] {
        let path = NamePath {
            folders: Vec::new(),
            stem: stem.to_owned(),
        };
        assert_eq!(home_video::is_camera_name(&path), camera, "{stem}");
        let want = time.and_then(home_video::parse_time);
        assert_eq!(home_video::time_in(stem), want, "{stem}");
    }
}

proptest::proptest! {
    #[test]
    fn no_name_makes_the_reading_fail(path in "[ -~äß千é/._\\-()\\[\\]{}0-9sSeExX]{0,60}") {
        let path = NamePath::new(path.as_bytes());
        super::film::film(&path);
        super::episode::episode(&path, super::episode::Setting::Series);
        super::episode::episode(&path, super::episode::Setting::Mixed);
        super::track::track(&path);
        extras::is_extra(&path);
        home_video::is_camera_name(&path);
        home_video::time_in(&path.stem);
        super::subtitle::subtitle(&path.stem, "a", true);
        words::sort_title(&path.stem);
    }
}
