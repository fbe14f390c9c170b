//! What an extension promises, and which of it a library shows.
//!
//! Never: trusted beyond deciding what is probed.

use super::LibraryKind;
use super::naming::words::normalise;
use crate::media::job::ProbeKind;

/// What a file's extension promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Video,
    Audio,
    Photo,
}

impl Media {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Photo => "photo",
        }
    }

    pub(super) fn probe_kind(self) -> ProbeKind {
        match self {
            Self::Video => ProbeKind::Video,
            Self::Audio => ProbeKind::Audio,
            Self::Photo => ProbeKind::Photo,
        }
    }
}

/// What a file in a library's folder is to the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileRole {
    Media(Media),
    /// A picture that may belong to an item.
    Picture,
    Nfo,
    Subtitle,
}

const VIDEO: &[&str] = &[
    "mkv", "mk3d", "webm", "mp4", "m4v", "mov", "qt", "avi", "divx", "mpg", "mpeg", "m2v", "m1v",
    "vob", "ts", "m2ts", "mts", "tp", "trp", "wmv", "asf", "flv", "f4v", "ogv", "ogm", "3gp",
    "3g2", "rm", "rmvb", "dv", "mxf", "wtv", "nut", "y4m", "ivf", "h264", "h265", "hevc",
];
const AUDIO: &[&str] = &[
    "mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b", "aac", "alac", "wav", "aif", "aiff", "wma",
    "ape", "mka", "mpc", "wv", "tta", "dsf", "dff", "ac3", "eac3", "dts", "mp2", "amr", "au",
    "caf", "spx",
];
const PHOTO: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "bmp", "tif", "tiff", "webp", "heic", "heif",
    "avif",
];

/// Stems of pictures that belong to what lies beside or below them.
const ART_STEMS: &[&str] = &[
    "poster",
    "folder",
    "cover",
    "front",
    "back",
    "fanart",
    "backdrop",
    "background",
    "art",
    "banner",
    "logo",
    "clearart",
    "clearlogo",
    "landscape",
    "thumb",
    "thumbnail",
    "disc",
    "cd",
    "movie",
    "show",
    "artist",
    "album",
    "season all poster",
    "default",
    "keyart",
];
const ART_ENDINGS: &[&str] = &[
    "-poster",
    "-cover",
    "-fanart",
    "-backdrop",
    "-background",
    "-banner",
    "-logo",
    "-clearart",
    "-clearlogo",
    "-landscape",
    "-thumb",
    "-disc",
    "-discart",
    "-keyart",
    ".tbn",
];

/// Splits a file name into stem and lower-case extension; `None` without one.
pub(super) fn split_name(name: &[u8]) -> Option<(&[u8], String)> {
    let dot = name.iter().rposition(|&b| b == b'.').filter(|&at| at > 0)?;
    let extension = std::str::from_utf8(&name[dot + 1..]).ok()?;
    (extension.len() <= 5 && !extension.is_empty())
        .then(|| (&name[..dot], extension.to_ascii_lowercase()))
}

/// What an extension promises.
pub(super) fn media_of(extension: &str) -> Option<Media> {
    if VIDEO.contains(&extension) {
        Some(Media::Video)
    } else if AUDIO.contains(&extension) {
        Some(Media::Audio)
    } else if PHOTO.contains(&extension) {
        Some(Media::Photo)
    } else {
        None
    }
}

/// What a file is to the scan of a library of `kind`; `None`: nothing. A picture in a mixed library
/// is a photo unless its name says otherwise; its neighbours may say otherwise too.
pub(super) fn role(kind: LibraryKind, name: &[u8]) -> Option<FileRole> {
    let (stem, extension) = split_name(name)?;
    if extension == "nfo" {
        return Some(FileRole::Nfo);
    }
    if super::naming::subtitle::format(&extension).is_some() {
        return Some(FileRole::Subtitle);
    }
    let media = media_of(&extension)?;
    let shown = match (kind, media) {
        (LibraryKind::Films | LibraryKind::Series, Media::Video)
        | (LibraryKind::Music, Media::Audio)
        | (LibraryKind::Photos, Media::Video | Media::Photo)
        | (LibraryKind::HomeVideos | LibraryKind::Mixed, Media::Video)
        | (LibraryKind::Mixed, Media::Audio) => true,
        (LibraryKind::HomeVideos | LibraryKind::Mixed, Media::Photo) => {
            !is_art_name(&String::from_utf8_lossy(stem))
        }
        _ => false,
    };
    match media {
        _ if shown => Some(FileRole::Media(media)),
        Media::Photo => Some(FileRole::Picture),
        _ => None,
    }
}

fn is_art_name(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    ART_STEMS.contains(&normalise(&lower).as_str())
        || ART_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || lower.starts_with("albumart")
        || (lower.starts_with("season") && lower.contains("poster"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_shows_what_its_kind_is_made_of() {
        use FileRole::{Media as M, Nfo, Picture, Subtitle};
        use LibraryKind::{Films, HomeVideos, Mixed, Music, Photos};
        for (kind, name, want) in [
            (Films, "a.mkv", Some(M(Media::Video))),
            (Films, "a.MKV", Some(M(Media::Video))),
            (Films, "a.mp3", None),
            (Films, "poster.jpg", Some(Picture)),
            (Films, "a.nfo", Some(Nfo)),
            (Films, "a.en.srt", Some(Subtitle)),
            (Films, "a.txt", None),
            (Films, "mkv", None),
            (Films, ".mkv", None),
            (Music, "a.flac", Some(M(Media::Audio))),
            (Music, "a.mp4", None),
            (Music, "scan.png", Some(Picture)),
            (Photos, "a.heic", Some(M(Media::Photo))),
            (Photos, "folder.jpg", Some(M(Media::Photo))),
            (Photos, "a.mov", Some(M(Media::Video))),
            (HomeVideos, "a.jpg", Some(M(Media::Photo))),
            (Mixed, "a.jpg", Some(M(Media::Photo))),
            (Mixed, "folder.jpg", Some(Picture)),
            (Mixed, "Film-poster.jpg", Some(Picture)),
            (Mixed, "a.opus", Some(M(Media::Audio))),
        ] {
            assert_eq!(role(kind, name.as_bytes()), want, "{kind:?} {name}");
        }
    }
}
