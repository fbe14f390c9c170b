//! What lies beside a file and describes it: pictures, NFO files, subtitles.
//!
//! Never: opening them; that is the caller's.

use super::diff::{BESIDE_FOLDERS, above};
use super::formats::{FileRole, Media, split_name};
use super::naming::words::normalise;
use super::naming::{NamePath, episode, extras, film, subtitle};
use super::walk::{Folder, Found, Walk, join};
use super::{ArtKind, LibraryId};
use crate::db::art::{ArtRow, ArtSource};
use crate::db::side_subtitles::SideSubtitleRow;

/// A media file among its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) walk: &'a Walk,
    pub(super) library: LibraryId,
    /// Path of the file below the library's folder.
    pub(super) path: &'a [u8],
    pub(super) name: &'a NamePath,
}

const POSTERS: &[&str] = &[
    "poster", "folder", "cover", "movie", "show", "default", "keyart",
];
const BACKDROPS: &[&str] = &["fanart", "backdrop", "background", "art"];
const COVERS: &[&str] = &[
    "cover",
    "folder",
    "front",
    "album",
    "albumart",
    "albumartsmall",
];
const ARTISTS: &[&str] = &["artist", "folder", "poster", "cover"];

impl<'a> Place<'a> {
    fn folder_path(&self) -> &'a [u8] {
        let cut = self.path.iter().rposition(|&b| b == b'/');
        &self.path[..cut.unwrap_or(0)]
    }

    fn folder(&self) -> Option<&'a Folder> {
        self.walk.folder(self.folder_path())
    }

    fn above(&self, steps: usize) -> Option<&'a [u8]> {
        above(self.folder_path()).nth(steps.checked_sub(1)?)
    }

    /// Stem of the file's name, as bytes.
    fn stem(&self) -> &'a [u8] {
        let name = self.path.rsplit(|&b| b == b'/').next().unwrap_or(self.path);
        split_name(name).map_or(name, |(stem, _)| stem)
    }

    /// True when the folder holds this film and nothing else.
    fn has_own_folder(&self) -> bool {
        let Some(folder) = self.folder().filter(|folder| !folder.path.is_empty()) else {
            return false;
        };
        let videos = folder
            .media
            .iter()
            .filter(|(_, media)| *media == Media::Video);
        // Discs and parts share a folder; a shelf of films does not.
        if videos.clone().count() > 8 {
            return false;
        }
        let own = film::one(&self.name.stem);
        videos
            .map(|(found, _)| NamePath::new(&join(&folder.path, &found.name)))
            .filter(|other| !extras::is_extra(other))
            .map(|other| film::one(&other.stem))
            .all(|other| (other.title, other.year) == (own.title.clone(), own.year))
    }

    /// The film's or episode's NFO.
    pub(super) fn nfo(&self) -> Option<Vec<u8>> {
        let folder = self.folder()?;
        let own = find(folder, FileRole::Nfo, |stem| stem == self.stem());
        let by_folder = || {
            let named = |stem: &[u8]| stem.eq_ignore_ascii_case(b"movie");
            find(folder, FileRole::Nfo, named).filter(|_| self.has_own_folder())
        };
        own.or_else(by_folder)
            .map(|found| join(&folder.path, &found.name))
    }

    /// The NFO of the series (`tvshow`) or album (`album`), here or up to two folders above.
    pub(super) fn group_nfo(&self, named: &str) -> Option<Vec<u8>> {
        let folders = [Some(self.folder_path()), self.above(1), self.above(2)];
        folders.into_iter().flatten().find_map(|path| {
            let folder = self.walk.folder(path)?;
            let found = find(folder, FileRole::Nfo, |stem| {
                stem.eq_ignore_ascii_case(named.as_bytes())
            })?;
            Some(join(&folder.path, &found.name))
        })
    }

    /// The pictures of a film, episode or home video.
    pub(super) fn video_art(&self) -> Vec<ArtRow> {
        let Some(folder) = self.folder() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let own_folder = self.has_own_folder();
        let poster = self
            .with_endings(folder, &["-poster", "-cover", "-thumb", ""])
            .or_else(|| named(folder, POSTERS).filter(|_| own_folder));
        let backdrop = self
            .with_endings(folder, &["-fanart", "-backdrop", "-background"])
            .or_else(|| named(folder, BACKDROPS).filter(|_| own_folder));
        found.extend(poster.map(|picture| self.row(ArtKind::Poster, folder, picture)));
        found.extend(backdrop.map(|picture| self.row(ArtKind::Backdrop, folder, picture)));
        found
    }

    fn with_endings(&self, folder: &'a Folder, endings: &[&str]) -> Option<&'a Found> {
        endings.iter().find_map(|ending| {
            let wanted = [self.stem(), ending.as_bytes()].concat();
            find(folder, FileRole::Picture, |stem| {
                stem.eq_ignore_ascii_case(&wanted)
            })
        })
    }

    /// The pictures of the series and of the season.
    pub(super) fn series_art(&self, season: u32) -> (Vec<ArtRow>, Vec<ArtRow>) {
        let in_season = self.name.folder().is_some_and(episode::is_season_folder);
        let series_path = if in_season {
            self.above(1)
        } else {
            Some(self.folder_path())
        };
        let series = series_path
            .filter(|path| !path.is_empty())
            .and_then(|path| self.walk.folder(path));
        let mut of_series = Vec::new();
        let mut of_season = Vec::new();
        if let Some(folder) = series {
            let poster = named(folder, POSTERS);
            of_series.extend(poster.map(|picture| self.row(ArtKind::Poster, folder, picture)));
            let backdrop = named(folder, BACKDROPS);
            of_series.extend(backdrop.map(|picture| self.row(ArtKind::Backdrop, folder, picture)));
            let wanted = if season == 0 {
                vec![
                    "seasonspecialsposter".to_owned(),
                    "season00poster".to_owned(),
                ]
            } else {
                vec![
                    format!("season{season:02}poster"),
                    format!("season{season}poster"),
                ]
            };
            let squeezed = |stem: &[u8]| normalise(&String::from_utf8_lossy(stem)).replace(' ', "");
            let poster = find(folder, FileRole::Picture, |stem| {
                wanted.contains(&squeezed(stem))
            });
            of_season.extend(poster.map(|picture| self.row(ArtKind::Poster, folder, picture)));
        }
        if let Some(folder) = self.folder().filter(|_| in_season && of_season.is_empty()) {
            let poster = named(folder, POSTERS);
            of_season.extend(poster.map(|picture| self.row(ArtKind::Poster, folder, picture)));
        }
        (of_series, of_season)
    }

    /// The pictures of the artist, `None` when this file does not lie below the artist's folder, and
    /// of the album.
    pub(super) fn music_art(&self, artist: &str) -> (Option<Vec<ArtRow>>, Vec<ArtRow>) {
        let own = self.folder();
        let parent = self.above(1).and_then(|path| self.walk.folder(path));
        let cover_of = |folder: Option<&'a Folder>| {
            let folder = folder?;
            Some(self.row(ArtKind::Poster, folder, named(folder, COVERS)?))
        };
        let in_disc = super::naming::track::album_folder(self.name) != self.name.folders.join("/");
        let album = cover_of(own).or_else(|| cover_of(parent.filter(|_| in_disc)));
        let wanted = normalise(artist);
        let artist_folder = (1..=2).find_map(|steps| {
            let path = self.above(steps)?;
            let name = path.rsplit(|&b| b == b'/').next()?;
            (normalise(&String::from_utf8_lossy(name)) == wanted).then_some(path)
        });
        let artist = artist_folder.map(|path| {
            let folder = self.walk.folder(path);
            let picture = folder.and_then(|folder| Some((folder, named(folder, ARTISTS)?)));
            let row = picture.map(|(folder, picture)| self.row(ArtKind::Poster, folder, picture));
            row.into_iter().collect()
        });
        (artist, album.into_iter().collect())
    }

    fn row(&self, kind: ArtKind, folder: &Folder, picture: &Found) -> ArtRow {
        let path = join(&folder.path, &picture.name);
        let mut identity = path.clone();
        identity.extend_from_slice(&picture.size_bytes.to_le_bytes());
        identity.extend_from_slice(&picture.mtime_ns.to_le_bytes());
        identity.extend_from_slice(&self.library.0.to_le_bytes());
        ArtRow {
            kind,
            key: key(&identity),
            source: ArtSource::File,
            library: self.library,
            path: Some(path),
            file: None,
        }
    }

    /// The subtitle files of a film or episode.
    pub(super) fn subtitles(&self) -> Vec<SideSubtitleRow> {
        let own = self.folder_path();
        let mut found = Vec::new();
        let alone = self.folder().is_some_and(|folder| {
            folder
                .media
                .iter()
                .filter(|(_, media)| *media == Media::Video)
                .count()
                == 1
        });
        found.extend(
            self.folder()
                .into_iter()
                .flat_map(|folder| self.subtitles_in(folder, alone && !own.is_empty())),
        );
        for below in BESIDE_FOLDERS {
            let path = join(own, below);
            let shared = self.walk.folder(&path);
            found.extend(
                shared
                    .into_iter()
                    .flat_map(|folder| self.subtitles_in(folder, alone)),
            );
            let per_film = self.walk.folder(&join(&path, self.stem()));
            found.extend(
                per_film
                    .into_iter()
                    .flat_map(|folder| self.subtitles_in(folder, true)),
            );
        }
        found
    }

    fn subtitles_in(&self, folder: &Folder, alone: bool) -> Vec<SideSubtitleRow> {
        let of_role = folder
            .beside
            .iter()
            .filter(|found| found.role == FileRole::Subtitle);
        of_role
            .filter_map(|found| {
                let (stem, extension) = split_name(&found.name)?;
                let codec = subtitle::format(&extension)?;
                let words =
                    subtitle::subtitle(&String::from_utf8_lossy(stem), &self.name.stem, alone)?;
                let path = join(&folder.path, &found.name);
                let mut identity = found.size_bytes.to_le_bytes().to_vec();
                identity.extend_from_slice(&found.mtime_ns.to_le_bytes());
                Some(SideSubtitleRow {
                    id: 0,
                    path,
                    codec,
                    language: words.language,
                    title: words.title,
                    forced: words.forced,
                    impaired: words.impaired,
                    stamp: key(&identity),
                })
            })
            .collect()
    }
}

/// 63 bits, because the database's integers are signed and pictures are asked for in their order.
pub(super) fn key(identity: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(identity) >> 1
}

/// The picture that is in the media file itself.
pub(super) fn inner_art(source: ArtSource, library: LibraryId, fingerprint: u64) -> ArtRow {
    let mut identity = source.as_str().as_bytes().to_vec();
    identity.extend_from_slice(&fingerprint.to_le_bytes());
    ArtRow {
        kind: ArtKind::Poster,
        key: key(&identity),
        source,
        library,
        path: None,
        file: None,
    }
}

fn find(folder: &Folder, role: FileRole, wanted: impl Fn(&[u8]) -> bool) -> Option<&Found> {
    folder
        .beside
        .iter()
        .filter(|found| found.role == role)
        .find(|found| split_name(&found.name).is_some_and(|(stem, _)| wanted(stem)))
}

fn named<'a>(folder: &'a Folder, names: &[&str]) -> Option<&'a Found> {
    names.iter().find_map(|name| {
        find(folder, FileRole::Picture, |stem| {
            stem.eq_ignore_ascii_case(name.as_bytes())
        })
    })
}
