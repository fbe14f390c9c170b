//! Items of the library: films, series, music, photos.
//!
//! Never: absolute paths.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Id;
use super::library::LibraryRef;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
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

/// The order of a list; a minus turns it round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum ItemSort {
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "-title")]
    TitleDescending,
    #[serde(rename = "added")]
    Added,
    #[serde(rename = "-added")]
    AddedDescending,
    #[serde(rename = "year")]
    Year,
    #[serde(rename = "-year")]
    YearDescending,
    #[serde(rename = "taken")]
    Taken,
    #[serde(rename = "-taken")]
    TakenDescending,
    /// By season, episode, disc and track number.
    #[serde(rename = "number")]
    Number,
}

/// Which items, in which order, from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemsParams {
    #[param(inline)]
    pub kind: Option<ItemKind>,
    /// Only what lies directly in this item: seasons of a series, tracks of an album.
    #[param(inline)]
    pub parent: Option<Id>,
    #[param(inline)]
    pub library: Option<Id>,
    /// Words that all occur in the title, the series, the artist or the album; accents and case do not matter.
    #[param(max_length = 200)]
    pub query: Option<String>,
    /// Unless given, `number` below a parent and `title` elsewhere.
    #[param(inline)]
    pub sort: Option<ItemSort>,
    /// `next` of the page before.
    #[param(max_length = 1000)]
    pub cursor: Option<String>,
    /// 100 unless given.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u16>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemPage {
    pub items: Vec<ItemSummary>,
    /// Cursor of the next page; null on the last one.
    pub next: Option<String>,
}

/// Which titles the letters are counted for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LettersParams {
    #[param(inline)]
    pub kind: Option<ItemKind>,
    #[param(inline)]
    pub library: Option<Id>,
}

/// A first letter of titles, to jump by.
#[derive(Debug, Serialize, ToSchema)]
pub struct Letter {
    /// An upper-case letter, or `#` for everything else.
    pub letter: String,
    pub count: u32,
    /// Cursor of the page of `items` sorted by title that begins with this letter; null for the very first one.
    pub cursor: Option<String>,
}

/// An item as lists show it. Fields that make no sense for its kind are null.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemSummary {
    pub id: Id,
    pub kind: ItemKind,
    pub title: String,
    /// What tells apart items of the same title: "Final Cut".
    pub edition: Option<String>,
    pub year: Option<u16>,
    /// Season of an episode, series of a season, album of a track, artist of an album.
    pub parent_id: Option<Id>,
    pub library_id: Id,
    pub series_title: Option<String>,
    pub season_number: Option<u32>,
    pub episode_number: Option<u32>,
    /// Last episode of a file that holds several.
    pub episode_number_end: Option<u32>,
    pub track_number: Option<u32>,
    pub disc_number: Option<u32>,
    pub artist: Option<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
    /// Upright width of a photo in pixels.
    pub width: Option<u32>,
    /// Upright height of a photo in pixels.
    pub height: Option<u32>,
    #[schema(format = DateTime)]
    pub added_at: String,
    /// Local time of the camera, `YYYY-MM-DDTHH:MM:SS`.
    pub taken_at: Option<String>,
    /// False while its folder is away.
    pub available: bool,
    pub problem: Option<ItemProblem>,
    /// Null when it was never started.
    pub progress: Option<Progress>,
    /// Seasons, episodes, albums or tracks directly in it.
    pub child_count: Option<u32>,
    /// Playable items below it that are not watched.
    pub unwatched_count: Option<u32>,
    pub art: Art,
}

/// What is wrong with an item's file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemProblem {
    /// Stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub text: String,
}

/// How far a person has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Progress {
    pub position_ms: u64,
    pub watched: bool,
    #[schema(format = DateTime)]
    pub played_at: String,
}

/// Pictures of an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Art {
    /// Address; takes `size=small` or `size=large`.
    pub poster: Option<String>,
    pub backdrop: Option<String>,
    /// `#rrggbb`, drawn while the picture loads.
    pub colour: Option<String>,
    pub aspect: Aspect,
}

/// The shape of an item's tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// 2:3.
    Poster,
    /// 16:9.
    Wide,
    Square,
}

/// Everything about one item: the summary's fields and these.
#[derive(Debug, Serialize, ToSchema)]
pub struct Item {
    #[serde(flatten)]
    pub summary: ItemSummary,
    pub overview: Option<String>,
    pub genres: Vec<String>,
    pub people: Vec<Person>,
    /// `YYYY-MM-DD`.
    pub premiered: Option<String>,
    pub studio: Option<String>,
    /// From the top down.
    pub parents: Vec<ParentRef>,
    pub tracks: Tracks,
    pub chapters: Vec<Chapter>,
    /// Null for series, seasons, artists and albums.
    pub file: Option<FileFacts>,
    /// Its neighbours in the natural order of its parent.
    pub previous: Option<Id>,
    pub next: Option<Id>,
    pub photo: Option<Photo>,
}

/// Someone who took part.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    pub name: String,
    /// `director`, `writer`, or the part an actor plays.
    pub role: Option<String>,
}

/// An item that this one lies in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParentRef {
    pub id: Id,
    pub title: String,
    pub kind: ItemKind,
}

/// What the file holds.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Tracks {
    pub video: Vec<VideoTrack>,
    pub audio: Vec<AudioTrack>,
    pub subtitles: Vec<SubtitleTrack>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct VideoTrack {
    /// Index of the stream in the file.
    pub stream: u32,
    pub codec: String,
    /// Exact form of the codec (RFC 6381), such as `avc1.640028`; null when the file does not tell.
    pub codec_string: Option<String>,
    /// Coded size in pixels.
    pub width: u32,
    pub height: u32,
    pub frame_rate: Option<f64>,
    pub bit_depth: u8,
    /// `sdr`, `hdr10`, `hlg` or `dolby_vision`.
    pub hdr: String,
    pub interlaced: bool,
    pub bit_rate_kbps: Option<u32>,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AudioTrack {
    pub stream: u32,
    pub codec: String,
    pub channels: u16,
    pub sample_rate_hz: u32,
    pub bit_rate_kbps: Option<u32>,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SubtitleTrack {
    /// Name of the track in playback answers.
    pub id: String,
    pub codec: String,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
    pub forced: bool,
    pub hearing_impaired: bool,
    /// True when it lies in a file of its own beside the film.
    pub external: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Chapter {
    pub start_ms: u64,
    pub end_ms: u64,
    pub title: Option<String>,
}

/// The file behind an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileFacts {
    /// Without its folders.
    pub name: String,
    pub size_bytes: u64,
    pub container: Option<String>,
    pub bit_rate_kbps: Option<u32>,
    #[schema(format = DateTime)]
    pub modified_at: String,
}

/// What a photo says about itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Photo {
    /// Upright size in pixels.
    pub width: u32,
    pub height: u32,
    pub taken_at: Option<String>,
    pub camera: Option<String>,
}

/// What the first page shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct Home {
    /// Started and not finished, latest first.
    #[serde(rename = "continue")]
    pub continue_watching: Vec<ItemSummary>,
    /// The episode after the last one watched of each series.
    pub next_up: Vec<ItemSummary>,
    pub added: Vec<AddedRow>,
}

/// What is new in one library.
#[derive(Debug, Serialize, ToSchema)]
pub struct AddedRow {
    pub library: LibraryRef,
    pub items: Vec<ItemSummary>,
}

/// How far a person has come now.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ProgressRequest {
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub position_ms: u64,
    /// Sets or clears the mark; absent, the mark is set near the end. What is cleared continues at `position_ms`.
    #[serde(default)]
    pub watched: Option<bool>,
}

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtKind {
    Poster,
    Backdrop,
}

/// How large a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArtSize {
    #[default]
    Small,
    Large,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArtParams {
    /// `small` unless given.
    #[param(inline)]
    pub size: Option<ArtSize>,
    /// Version of the picture, as addresses in items have it; the answer may then be kept for ever.
    #[param(max_length = 32)]
    pub v: Option<String>,
}

/// How large a photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhotoSize {
    /// At most 2560 pixels on its longer side.
    #[default]
    Screen,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PhotoParams {
    #[param(inline)]
    pub size: Option<PhotoSize>,
}
