//! What a file is: film, episode, track, photo, home video, and what it hangs under. Pure.
//!
//! Never: the order in which files are found; the same tree gives the same list.

use super::formats::Media;
use super::naming::NamePath;
use super::naming::episode::{EpisodeName, Setting};
use super::naming::words::{normalise, sort_title};
use super::naming::{episode, film, home_video, track};
use super::nfo::Nfo;
use super::tags::{self, TrackTags};
use super::{Details, ItemKind, LibraryKind};
use crate::db::item_writes::ItemRow;
use crate::media::info::{MediaInfo, PhotoInfo};

/// All that is known of a file when it is arranged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) kind: LibraryKind,
    pub(super) path: &'a NamePath,
    pub(super) media: Media,
    /// `None` when the probe failed.
    pub(super) info: Option<&'a MediaInfo>,
    /// The file's own NFO.
    pub(super) nfo: Option<&'a Nfo>,
    /// The NFO of the series' folder, or of the artist's or album's.
    pub(super) group_nfo: Option<&'a Nfo>,
    /// Time of change of the file, for photos without a better one.
    pub(super) mtime_ms: i64,
}

/// An item and what it hangs under, from the top down.
#[derive(Clone, Debug)]
pub(super) struct Arranged {
    pub(super) groups: Vec<ItemRow>,
    pub(super) item: ItemRow,
}

/// Says what a file is.
pub(super) fn arrange(known: &Known<'_>) -> Arranged {
    let mut arranged = match known.media {
        Media::Audio => arrange_track(known),
        Media::Photo => arrange_photo(known),
        Media::Video => arrange_video(known),
    };
    arranged.item.duration_ms = known.info.and_then(|info| info.duration_ms);
    arranged
}

fn arrange_video(known: &Known<'_>) -> Arranged {
    let find = |setting| episode::episode(known.path, setting);
    match known.kind {
        LibraryKind::HomeVideos | LibraryKind::Photos => arrange_home_video(known),
        LibraryKind::Series => match find(Setting::Series) {
            Some(name) => arrange_episode(known, name),
            None => arrange_film(known),
        },
        LibraryKind::Films => arrange_film(known),
        LibraryKind::Mixed | LibraryKind::Music => match find(Setting::Mixed) {
            Some(name) => arrange_episode(known, name),
            None if is_home_video(known) => arrange_home_video(known),
            None => arrange_film(known),
        },
    }
}

/// Among other things, a video is people's own when a camera named it or says so inside.
fn is_home_video(known: &Known<'_>) -> bool {
    let by_camera = known.info.is_some_and(|info| {
        [
            "com.apple.quicktime.make",
            "com.android.version",
            "make",
            "model",
        ]
        .iter()
        .any(|key| info.tag(key).is_some())
    });
    !film::film(known.path).certain
        && known.nfo.is_none()
        && (by_camera || home_video::is_camera_name(known.path))
}

fn item(kind: ItemKind, title: &str, sort: Option<&str>) -> ItemRow {
    let shown = if title.is_empty() { "?" } else { title };
    let key = sort_title(sort.unwrap_or(shown));
    let mut row = ItemRow::new(kind, shown.to_owned(), key);
    row.words = normalise(shown);
    row
}

fn add_words(row: &mut ItemRow, text: &str) {
    let more = normalise(text);
    if !more.is_empty() && !row.words.contains(&more) {
        row.words.push(' ');
        row.words.push_str(&more);
    }
}

fn arrange_film(known: &Known<'_>) -> Arranged {
    let name = film::film(known.path);
    let nfo = known.nfo;
    let title = nfo
        .and_then(|nfo| nfo.title.as_deref())
        .unwrap_or(&name.title);
    let mut row = item(
        ItemKind::Film,
        title,
        nfo.and_then(|nfo| nfo.sort_title.as_deref()),
    );
    add_words(&mut row, &name.title);
    row.year = nfo.and_then(|nfo| nfo.year).or(name.year);
    let part = name.part.map(|part| format!("Part {part}"));
    row.edition = match (name.edition, part) {
        (Some(edition), Some(part)) => Some(format!("{part}, {edition}")),
        (edition, part) => part.or(edition),
    };
    row.number_key = i64::from(name.part.unwrap_or(0));
    row.details = Some(details(nfo));
    Arranged {
        groups: Vec::new(),
        item: row,
    }
}

fn details(nfo: Option<&Nfo>) -> Details {
    nfo.map(|nfo| nfo.details.clone()).unwrap_or_default()
}

fn arrange_episode(known: &Known<'_>, name: EpisodeName) -> Arranged {
    let (nfo, show) = (known.nfo, known.group_nfo);
    let series_title = show
        .and_then(|nfo| nfo.title.as_deref())
        .unwrap_or(&name.series);
    let series_key = format!(
        "series:{}:{}",
        normalise(&name.series),
        name.series_year.unwrap_or(0)
    );
    let mut series = item(
        ItemKind::Series,
        series_title,
        show.and_then(|nfo| nfo.sort_title.as_deref()),
    );
    add_words(&mut series, &name.series);
    series.year = show.and_then(|nfo| nfo.year).or(name.series_year);
    series.details = Some(details(show));
    series.group_key = Some(series_key.clone());

    let number = nfo
        .and_then(|nfo| nfo.season)
        .filter(|_| name.episode.is_none())
        .unwrap_or(name.season);
    let season_title = if number == 0 {
        "Specials".to_owned()
    } else {
        format!("Season {number}")
    };
    let mut season = item(ItemKind::Season, &season_title, None);
    add_words(&mut season, series_title);
    season.season_number = Some(number);
    // Specials come after the seasons.
    season.number_key = if number == 0 {
        1_000_000
    } else {
        i64::from(number)
    };
    season.group_key = Some(format!("{series_key}:{number}"));

    let dated = name.date.is_some();
    let episode_number = if dated {
        None
    } else {
        name.episode.or(nfo.and_then(|nfo| nfo.episode))
    };
    let plain = match (&name.date, episode_number) {
        (Some(date), _) => date.clone(),
        (None, Some(number)) => format!("Episode {number}"),
        (None, None) => known.path.stem.clone(),
    };
    let title = nfo
        .and_then(|nfo| nfo.title.clone())
        .or(name.title)
        .unwrap_or(plain);
    let mut row = item(ItemKind::Episode, &title, None);
    add_words(&mut row, series_title);
    row.season_number = Some(number);
    row.episode_number = episode_number;
    row.episode_end = name.episode_end;
    row.number_key = name.episode.map_or(1_000_000, i64::from);
    row.year = nfo.and_then(|nfo| nfo.year);
    let mut texts = details(nfo);
    texts.premiered = texts.premiered.or(name.date);
    row.details = Some(texts);
    Arranged {
        groups: vec![series, season],
        item: row,
    }
}

fn arrange_home_video(known: &Known<'_>) -> Arranged {
    let title = known
        .nfo
        .and_then(|nfo| nfo.title.clone())
        .unwrap_or_else(|| home_video::title(known.path));
    let mut row = item(ItemKind::HomeVideo, &title, None);
    if let Some(folder) = known.path.folder() {
        add_words(&mut row, folder);
    }
    let tagged = known
        .info
        .and_then(|info| {
            info.tag("com.apple.quicktime.creationdate")
                .or(info.tag("creation_time"))
        })
        .and_then(home_video::parse_time)
        // Cameras without a clock write 1904 or 1970.
        .filter(|&ms| ms > 86_400_000);
    let taken = home_video::time_in(&known.path.stem)
        .or(tagged)
        .unwrap_or(known.mtime_ms);
    row.taken_at_ms = Some(taken);
    row.details = Some(details(known.nfo));
    Arranged {
        groups: Vec::new(),
        item: row,
    }
}

fn arrange_photo(known: &Known<'_>) -> Arranged {
    let mut row = item(ItemKind::Photo, &home_video::title(known.path), None);
    if let Some(folder) = known.path.folder() {
        add_words(&mut row, folder);
    }
    let photo = known.info.and_then(|info| info.photo.as_ref());
    let exif = photo
        .and_then(|photo| photo.taken_at.as_deref())
        .and_then(home_video::parse_time);
    let taken = exif
        .or_else(|| home_video::time_in(&known.path.stem))
        .unwrap_or(known.mtime_ms);
    row.taken_at_ms = Some(taken);
    row.size = photo
        .map(PhotoInfo::upright_size)
        .filter(|&(width, height)| width > 0 && height > 0);
    Arranged {
        groups: Vec::new(),
        item: row,
    }
}

fn arrange_track(known: &Known<'_>) -> Arranged {
    let tags = known.info.map(tags::track).unwrap_or_default();
    let name = track::track(known.path);
    let title = tags.title.clone().unwrap_or_else(|| name.title.clone());
    let artist = tags.artist.clone().or_else(|| name.artist.clone());
    let album = tags.album.clone().or_else(|| name.album.clone());
    let disc = tags.disc.or(name.disc);
    let number = tags.track.or(name.number);
    let mut row = item(ItemKind::Track, &title, None);
    row.artist.clone_from(&artist);
    row.disc_number = disc;
    row.track_number = number;
    row.number_key = i64::from(disc.unwrap_or(1)) * 100_000 + i64::from(number.unwrap_or(99_999));
    row.year = tags.year.or(name.year);
    for text in [&artist, &album].into_iter().flatten() {
        add_words(&mut row, text);
    }
    if !tags.genres.is_empty() {
        row.details = Some(Details {
            genres: tags.genres.clone(),
            ..Details::default()
        });
    }
    let groups = match album {
        Some(album) => album_groups(
            known,
            &tags,
            &album,
            artist.as_deref(),
            row.year,
            name.artist.as_deref(),
        ),
        None => artist.iter().map(|artist| artist_row(artist)).collect(),
    };
    Arranged { groups, item: row }
}

fn artist_row(name: &str) -> ItemRow {
    let mut row = item(ItemKind::Artist, name, None);
    row.group_key = Some(format!("artist:{}", artist_key(name)));
    row
}

fn artist_key(name: &str) -> String {
    let key = normalise(name);
    if key.is_empty() {
        name.to_lowercase()
    } else {
        key
    }
}

fn album_groups(
    known: &Known<'_>,
    tags: &TrackTags,
    album: &str,
    artist: Option<&str>,
    year: Option<u16>,
    folder_artist: Option<&str>,
) -> Vec<ItemRow> {
    let mut row = item(ItemKind::Album, album, None);
    // Without tags the folder above the album names its artist.
    let from_folder = folder_artist.filter(|_| tags.album.is_none());
    let owner = tags.album_artist.as_deref().or(from_folder);
    let key = match owner {
        Some(owner) => format!("album:{}:{}", artist_key(owner), artist_key(album)),
        None => format!(
            "album:/{}:{}",
            track::album_folder(known.path),
            artist_key(album)
        ),
    };
    row.group_key = Some(key);
    row.album_key = Some(owner.map(artist_key).unwrap_or_default());
    row.year = year;
    row.number_key = year.map_or(99_999, i64::from);
    let shown = owner.or(artist);
    row.artist = shown.map(str::to_owned);
    if let Some(shown) = shown {
        add_words(&mut row, shown);
    }
    row.details = known.group_nfo.map(|nfo| nfo.details.clone());
    let top = shown.unwrap_or(crate::db::item_writes::VARIOUS);
    vec![artist_row(top), row]
}
