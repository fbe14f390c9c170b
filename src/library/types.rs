//! The values that the library's functions take and answer.
//!
//! Never: HTTP or database types.

use std::fs::File;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::disk::Disk;
use super::{
    Details, FileId, ItemId, ItemSummary, LibraryError, LibraryId, LibraryKind, ParentRef,
};
use crate::media::codec::SubtitleCodec;
use crate::media::grid::SegmentGrid;
use crate::media::info::MediaInfo;

/// What the library needs to know at its start.
#[derive(Clone, Debug)]
pub struct LibraryConfig {
    /// Where pictures and texts made from the media are kept.
    pub state_dir: PathBuf,
    /// The folder of `--media`; its sub-folders become libraries once.
    pub media_root: Option<PathBuf>,
    /// Below it attached drives appear, each as a folder; the choice of a folder begins there.
    pub drives: Option<PathBuf>,
    /// Probes that run at once.
    pub scan_workers: usize,
    /// Most bytes of made pictures kept; the oldest go first.
    pub art_cache_bytes: u64,
    /// Most bytes of subtitles kept as texts; the oldest go first.
    pub text_cache_bytes: u64,
    /// A disk that shows no sign of life for this long counts as hung.
    pub disk_patience: Duration,
}

impl LibraryConfig {
    /// The usual settings for a state folder.
    pub fn new(state_dir: PathBuf) -> Self {
        Self {
            state_dir,
            media_root: None,
            drives: None,
            scan_workers: 2,
            art_cache_bytes: 1024 * 1024 * 1024,
            text_cache_bytes: 512 * 1024 * 1024,
            disk_patience: Duration::from_secs(30),
        }
    }
}

/// The library's long tasks, for the daemon to spawn. Each ends soon after the shutdown signal.
pub struct LibraryTasks {
    pub tasks: Vec<(&'static str, LongTask)>,
}

/// A task that runs until shutdown.
pub type LongTask = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

impl std::fmt::Debug for LibraryTasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.tasks.iter().map(|(name, _)| name))
            .finish()
    }
}

/// What an item page shows.
#[derive(Clone, Debug)]
pub struct ItemDetail {
    pub summary: ItemSummary,
    pub details: Details,
    /// From the top down.
    pub parents: Vec<ParentRef>,
    /// `None` for what holds no file, or one that could not be read.
    pub info: Option<Arc<MediaInfo>>,
    pub file: Option<SourceFile>,
    pub subtitles: Vec<SubtitleRef>,
    pub previous: Option<ItemId>,
    pub next: Option<ItemId>,
}

/// An item's file as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Name without folders; bytes that are not UTF-8 are replaced.
    pub name: String,
    pub size_bytes: u64,
    /// Milliseconds since 1970 UTC.
    pub modified_at_ms: i64,
}

/// The home page.
#[derive(Clone, Debug, Default)]
pub struct Home {
    pub continue_watching: Vec<ItemSummary>,
    pub next_up: Vec<ItemSummary>,
    pub added: Vec<HomeShelf>,
}

/// What is new in one library.
#[derive(Clone, Debug)]
pub struct HomeShelf {
    pub library_id: LibraryId,
    pub library_name: String,
    pub library_kind: LibraryKind,
    pub items: Vec<ItemSummary>,
}

/// Everything needed to play an item. Holds no open file.
#[derive(Clone, Debug)]
pub struct Source {
    pub item: ItemId,
    pub file_id: FileId,
    /// Hash of size, first and last block; the same content has the same one.
    pub fingerprint: u64,
    pub size_bytes: u64,
    /// Last change, nanoseconds since 1970 UTC.
    pub mtime_ns: i64,
    /// Name without folders, for a download; bytes that are not UTF-8 are replaced.
    pub file_name: String,
    pub info: Arc<MediaInfo>,
    /// Stored once and never changed for the same fingerprint; `None` before it is known.
    pub grid: Option<Arc<SegmentGrid>>,
    pub subtitles: Vec<SubtitleRef>,
    pub(super) opener: super::source::Opener,
}

/// A file as it lies there, whether it could be read as media or not. Holds no open file.
#[derive(Clone, Debug)]
pub struct Original {
    /// As in [`Source`].
    pub fingerprint: u64,
    pub size_bytes: u64,
    /// Last change, nanoseconds since 1970 UTC.
    pub mtime_ns: i64,
    /// Name without folders; bytes that are not UTF-8 are replaced.
    pub file_name: String,
    /// `None` when it could not be read as media.
    pub info: Option<Arc<MediaInfo>>,
    pub(super) opener: super::source::Opener,
}

impl Original {
    /// As [`Source::open`].
    ///
    /// # Errors
    /// As [`Source::open`].
    pub async fn open(&self) -> Result<File, LibraryError> {
        self.opener.clone().open().await
    }

    /// The disk that the file is on.
    pub fn disk(&self) -> &Disk {
        &self.opener.disk
    }
}

impl From<Source> for Original {
    fn from(source: Source) -> Self {
        Self {
            fingerprint: source.fingerprint,
            size_bytes: source.size_bytes,
            mtime_ns: source.mtime_ns,
            file_name: source.file_name,
            info: Some(source.info),
            opener: source.opener,
        }
    }
}

impl Source {
    /// Opens the file for reading and checks that it is still the one that was scanned, a regular
    /// file below one of the libraries' folders.
    ///
    /// # Errors
    /// [`LibraryError::NotAvailable`] when it is gone or has changed,
    /// [`LibraryError::NotAnswering`] when its disk hangs.
    pub async fn open(&self) -> Result<File, LibraryError> {
        self.opener.clone().open().await
    }
}

/// A text subtitle that can be had as WebVTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubtitleRef {
    /// `e2` for stream 2 in the file, `x17` for a file beside it.
    pub id: String,
    pub language: Option<String>,
    pub title: Option<String>,
    pub forced: bool,
    pub hearing_impaired: bool,
    pub default: bool,
    pub codec: SubtitleCodec,
}

/// How large a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArtSize {
    /// For tiles: at most 400 x 600.
    Small,
    /// For pages: at most 1280 x 1280.
    Large,
}

/// A picture, ready to be sent.
#[derive(Clone, Debug)]
pub struct Artwork {
    pub bytes: Bytes,
    /// Without quotes.
    pub etag: String,
    pub mime: &'static str,
}

/// A library as the settings show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryInfo {
    pub id: LibraryId,
    pub name: String,
    pub kind: LibraryKind,
    pub path: PathBuf,
    pub available: bool,
    pub item_count: u64,
    /// Why it cannot be read now, as a sentence.
    pub problem: Option<String>,
}

/// The sub-folders of a folder, for choosing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    pub path: PathBuf,
    pub parent: Option<PathBuf>,
    /// Whether the folders are the attached drives.
    pub drives: bool,
    pub folders: Vec<BrowsedFolder>,
}

/// A folder to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowsedFolder {
    pub name: String,
    pub path: PathBuf,
}

/// Something a scan could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemRow {
    /// Below the library's folder; bytes that are not UTF-8 are replaced.
    pub path: String,
    pub library_id: LibraryId,
    pub code: String,
    pub text: String,
    pub item_id: Option<ItemId>,
}

/// What a scan is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanRequest {
    /// Only this library.
    pub library: Option<LibraryId>,
    /// Read every file again, changed or not.
    pub full: bool,
}

/// What the library is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanState {
    Idle,
    /// Files are being listed and probed.
    Scanning,
    /// All files are in the list; pictures and indexes are being made.
    Finishing,
}

/// Which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanPhase {
    Listing,
    Probing,
    Indexing,
    Pictures,
    Subtitles,
}

/// A scan's progress.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStatus {
    pub state: ScanState,
    pub phase: Option<ScanPhase>,
    /// Files of this phase.
    pub done: u64,
    pub total: u64,
    /// Files a second over the phase so far.
    pub rate_per_s: f64,
    /// All problems known now.
    pub problems: u64,
    /// Milliseconds since 1970 UTC.
    pub started_at_ms: Option<i64>,
    pub finished_at_ms: Option<i64>,
    /// Seconds to the end of the phase at this rate.
    pub eta_s: Option<u64>,
    /// False when the kernel's limit of watches is reached: changes are found by looking regularly.
    pub watching: bool,
    /// Files that were still being written, to be looked at again in a moment.
    pub settling: u64,
}

/// News for whoever looks at the library.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryEvent {
    /// At most about four a second.
    Scan(ScanStatus),
    Items {
        library: LibraryId,
        changed: u64,
    },
    Item(ItemId),
}
