//! From the library's values to those of the API.
//!
//! Never: choosing what a person may see.

use super::item::{
    AddedRow, Art, ArtKind, ArtSize, Aspect, AudioTrack, Chapter, FileFacts, Home, Item, ItemKind,
    ItemPage, ItemProblem, ItemSort, ItemSummary, Letter, ParentRef, Person, Photo, Progress,
    SubtitleTrack, Tracks, VideoTrack,
};
use super::library::{Folder, Folders, Library, LibraryKind, LibraryRef};
use super::scan::{FileProblem, ProblemPage, Scan, ScanState};
use super::{Id, time};
use crate::library::{self as from, ItemDetail, SubtitleRef};
use crate::media::info::{self, Hdr, MediaInfo};

/// Both ways between two enums with the same words.
macro_rules! same {
    ($ours:ident, $theirs:path { $($word:ident),+ $(,)? }) => {
        impl From<$theirs> for $ours {
            fn from(value: $theirs) -> Self {
                use $theirs as Theirs;
                match value { $(Theirs::$word => Self::$word),+ }
            }
        }
        impl From<$ours> for $theirs {
            fn from(value: $ours) -> Self {
                match value { $($ours::$word => Self::$word),+ }
            }
        }
    };
}

same!(
    ItemKind,
    from::ItemKind {
        Film,
        Series,
        Season,
        Episode,
        Artist,
        Album,
        Track,
        Photo,
        HomeVideo,
    }
);
same!(
    LibraryKind,
    from::LibraryKind {
        Films,
        Series,
        Music,
        Photos,
        HomeVideos,
        Mixed
    }
);
same!(ArtKind, from::ArtKind { Poster, Backdrop });
same!(ArtSize, from::ArtSize { Small, Large });
same!(
    Aspect,
    from::Aspect {
        Poster,
        Wide,
        Square
    }
);
same!(
    ScanState,
    from::ScanState {
        Idle,
        Scanning,
        Finishing
    }
);

impl From<ItemSort> for from::Sort {
    fn from(sort: ItemSort) -> Self {
        match sort {
            ItemSort::Title => Self::Title,
            ItemSort::TitleDescending => Self::TitleDown,
            ItemSort::Added => Self::Added,
            ItemSort::AddedDescending => Self::AddedDown,
            ItemSort::Year => Self::Year,
            ItemSort::YearDescending => Self::YearDown,
            ItemSort::Taken => Self::Taken,
            ItemSort::TakenDescending => Self::TakenDown,
            ItemSort::Number => Self::Number,
        }
    }
}

impl From<from::ItemSummary> for ItemSummary {
    fn from(item: from::ItemSummary) -> Self {
        let art = art(&item);
        Self {
            id: Id(item.id.0),
            kind: item.kind.into(),
            title: item.title,
            edition: item.edition,
            year: item.year,
            parent_id: item.parent_id.map(|id| Id(id.0)),
            library_id: Id(item.library_id.0),
            series_title: item.series_title,
            season_number: item.season_number,
            episode_number: item.episode_number,
            episode_number_end: item.episode_number_end,
            track_number: item.track_number,
            disc_number: item.disc_number,
            artist: item.artist,
            album: item.album,
            duration_ms: item.duration_ms,
            width: item.size.map(|(width, _)| width),
            height: item.size.map(|(_, height)| height),
            added_at: time::rfc3339(item.added_at_ms),
            taken_at: item.taken_at_ms.map(time::local),
            available: item.available,
            problem: item
                .problem
                .map(|from::Problem { code, text }| ItemProblem { code, text }),
            progress: item.progress.map(|progress| Progress {
                position_ms: progress.position_ms,
                watched: progress.watched,
                played_at: time::rfc3339(progress.played_at_ms),
            }),
            child_count: item.child_count,
            unwatched_count: item.unwatched_count,
            art,
        }
    }
}

/// The address has the picture's version, so that it may be kept for ever.
fn art(item: &from::ItemSummary) -> Art {
    let address = |kind: &str, art: &from::ArtRef| {
        format!("/api/v1/items/{}/art/{kind}?v={:x}", item.id, art.version)
    };
    let colour = item
        .poster
        .iter()
        .chain(&item.backdrop)
        .find_map(|art| art.colour);
    Art {
        poster: item.poster.as_ref().map(|art| address("poster", art)),
        backdrop: item.backdrop.as_ref().map(|art| address("backdrop", art)),
        colour: colour.map(|colour| format!("#{:06x}", colour & 0x00ff_ffff)),
        aspect: item.aspect.into(),
    }
}

/// The same for every element of a list.
pub(super) fn all<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}

impl From<from::Page<from::ItemSummary>> for ItemPage {
    fn from(page: from::Page<from::ItemSummary>) -> Self {
        Self {
            items: all(page.items),
            next: page.next,
        }
    }
}

impl From<from::Letter> for Letter {
    fn from(
        from::Letter {
            letter,
            count,
            cursor,
        }: from::Letter,
    ) -> Self {
        Self {
            letter,
            count,
            cursor,
        }
    }
}

impl From<from::Home> for Home {
    fn from(home: from::Home) -> Self {
        let row = |shelf: from::HomeShelf| AddedRow {
            library: LibraryRef {
                id: Id(shelf.library_id.0),
                name: shelf.library_name,
                kind: shelf.library_kind.into(),
            },
            items: all(shelf.items),
        };
        Self {
            continue_watching: all(home.continue_watching),
            next_up: all(home.next_up),
            added: home.added.into_iter().map(row).collect(),
        }
    }
}

impl From<ItemDetail> for Item {
    fn from(item: ItemDetail) -> Self {
        let info = item.info.as_deref();
        let details = item.details;
        Self {
            summary: item.summary.into(),
            overview: details.overview,
            genres: details.genres,
            people: details
                .people
                .into_iter()
                .map(|from::Person { name, role }| Person { name, role })
                .collect(),
            premiered: details.premiered,
            studio: details.studio,
            parents: item.parents.into_iter().map(parent).collect(),
            tracks: tracks(info, &item.subtitles),
            chapters: info
                .map(|info| info.chapters.iter().map(Chapter::from).collect())
                .unwrap_or_default(),
            file: item.file.map(|file| FileFacts {
                name: file.name,
                size_bytes: file.size_bytes,
                container: info.map(|info| info.container.to_string()),
                bit_rate_kbps: info.and_then(|info| info.bit_rate_kbps),
                modified_at: time::rfc3339(file.modified_at_ms),
            }),
            previous: item.previous.map(|id| Id(id.0)),
            next: item.next.map(|id| Id(id.0)),
            photo: info.and_then(|info| info.photo.as_ref()).map(Photo::from),
        }
    }
}

fn parent(parent: from::ParentRef) -> ParentRef {
    ParentRef {
        id: Id(parent.id.0),
        title: parent.title,
        kind: parent.kind.into(),
    }
}

/// Tracks in the file, and the subtitles that lie beside it.
fn tracks(info: Option<&MediaInfo>, subtitles: &[SubtitleRef]) -> Tracks {
    let Some(info) = info else {
        return Tracks::default();
    };
    let inside = info.subtitles.iter().map(SubtitleTrack::from);
    let beside = subtitles
        .iter()
        .filter(|one| one.id.starts_with('x'))
        .map(SubtitleTrack::from);
    Tracks {
        video: info.video.iter().map(VideoTrack::from).collect(),
        audio: info.audio.iter().map(AudioTrack::from).collect(),
        subtitles: inside.chain(beside).collect(),
    }
}

impl From<&info::VideoTrack> for VideoTrack {
    fn from(track: &info::VideoTrack) -> Self {
        Self {
            stream: track.stream,
            codec: track.codec.to_string(),
            codec_string: track.codec_string.clone(),
            width: track.width,
            height: track.height,
            frame_rate: track
                .frame_rate
                .filter(|rate| rate.is_valid())
                .map(|rate| rate.as_f64()),
            bit_depth: track.bit_depth,
            hdr: match track.hdr {
                Hdr::Sdr => "sdr",
                Hdr::Hdr10 => "hdr10",
                Hdr::Hlg => "hlg",
                Hdr::DolbyVision => "dolby_vision",
            }
            .to_owned(),
            interlaced: track.interlaced,
            bit_rate_kbps: track.bit_rate_kbps,
            language: track.language.clone(),
            title: track.title.clone(),
            default: track.is_default,
        }
    }
}

impl From<&info::AudioTrack> for AudioTrack {
    fn from(track: &info::AudioTrack) -> Self {
        Self {
            stream: track.stream,
            codec: track.codec.to_string(),
            channels: track.channels,
            sample_rate_hz: track.sample_rate_hz,
            bit_rate_kbps: track.bit_rate_kbps,
            language: track.language.clone(),
            title: track.title.clone(),
            default: track.is_default,
        }
    }
}

impl From<&info::SubtitleTrack> for SubtitleTrack {
    fn from(track: &info::SubtitleTrack) -> Self {
        Self {
            id: format!("e{}", track.stream),
            codec: track.codec.to_string(),
            language: track.language.clone(),
            title: track.title.clone(),
            default: track.is_default,
            forced: track.is_forced,
            hearing_impaired: track.is_hearing_impaired,
            external: false,
        }
    }
}

impl From<&SubtitleRef> for SubtitleTrack {
    fn from(track: &SubtitleRef) -> Self {
        Self {
            id: track.id.clone(),
            codec: track.codec.to_string(),
            language: track.language.clone(),
            title: track.title.clone(),
            default: track.default,
            forced: track.forced,
            hearing_impaired: track.hearing_impaired,
            external: true,
        }
    }
}

impl From<&info::Chapter> for Chapter {
    fn from(chapter: &info::Chapter) -> Self {
        Self {
            start_ms: chapter.start_ms,
            end_ms: chapter.end_ms,
            title: chapter.title.clone(),
        }
    }
}

impl From<&info::PhotoInfo> for Photo {
    fn from(photo: &info::PhotoInfo) -> Self {
        let (width, height) = photo.upright_size();
        Self {
            width,
            height,
            taken_at: photo.taken_at.clone(),
            camera: photo.camera.clone(),
        }
    }
}

impl Library {
    /// The path is for those who may change it.
    pub fn from_info(library: from::LibraryInfo, with_path: bool) -> Self {
        Self {
            id: Id(library.id.0),
            name: library.name,
            kind: library.kind.into(),
            path: with_path.then(|| library.path.to_string_lossy().into_owned()),
            available: library.available,
            item_count: library.item_count,
            problem: library.problem.map(|text| ItemProblem {
                code: "folder".to_owned(),
                text,
            }),
        }
    }
}

impl From<from::Folders> for Folders {
    fn from(folders: from::Folders) -> Self {
        Self {
            path: folders.path.to_string_lossy().into_owned(),
            parent: folders
                .parent
                .map(|path| path.to_string_lossy().into_owned()),
            drives: folders.drives,
            folders: folders
                .folders
                .into_iter()
                .map(|folder| Folder {
                    name: folder.name,
                    path: folder.path.to_string_lossy().into_owned(),
                })
                .collect(),
        }
    }
}

impl From<from::ScanStatus> for Scan {
    fn from(scan: from::ScanStatus) -> Self {
        let phase = |phase| match phase {
            from::ScanPhase::Listing => "listing",
            from::ScanPhase::Probing => "probing",
            from::ScanPhase::Indexing => "indexing",
            from::ScanPhase::Pictures => "pictures",
            from::ScanPhase::Subtitles => "subtitles",
        };
        Self {
            state: scan.state.into(),
            phase: scan.phase.map(|one| phase(one).to_owned()),
            done: scan.done,
            total: scan.total,
            // JSON has no infinity.
            rate_per_s: if scan.rate_per_s.is_finite() {
                scan.rate_per_s
            } else {
                0.0
            },
            problems: scan.problems,
            started_at: scan.started_at_ms.map(time::rfc3339),
            finished_at: scan.finished_at_ms.map(time::rfc3339),
            eta_s: scan.eta_s,
            watching: scan.watching,
            settling: scan.settling,
        }
    }
}

impl From<from::Page<from::ProblemRow>> for ProblemPage {
    fn from(page: from::Page<from::ProblemRow>) -> Self {
        let row = |row: from::ProblemRow| FileProblem {
            path: row.path,
            library_id: Id(row.library_id.0),
            code: row.code,
            text: row.text,
            item_id: row.item_id.map(|id| Id(id.0)),
        };
        Self {
            items: page.items.into_iter().map(row).collect(),
            next: page.next,
        }
    }
}
