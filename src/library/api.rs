//! The functions that the rest of the house calls.
//!
//! Never: deciding who may call them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{
    ArtKind, ArtSize, Artwork, Folders, Home, ItemDetail, ItemId, ItemKind, ItemQuery, ItemSummary,
    Letter, LibraryConfig, LibraryError, LibraryEvent, LibraryId, LibraryInfo, LibraryKind,
    LibraryTasks, Page, ProblemRow, ScanRequest, ScanStatus, Source, UserId,
};
use crate::base::clock::SharedClock;
use crate::db::Db;
use crate::media::grid::SegmentGrid;
use crate::pool::Pool;

/// A cheap handle to the library.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

struct Inner {
    #[expect(dead_code)]
    db: Db,
    events: broadcast::Sender<LibraryEvent>,
}

impl Library {
    /// Reads what is known and prepares the long tasks: scan, watch, background work.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn start(
        db: Db,
        _pool: Arc<Pool>,
        _clock: SharedClock,
        _config: LibraryConfig,
        _shutdown: CancellationToken,
    ) -> Result<(Self, LibraryTasks), LibraryError> {
        let (events, _) = broadcast::channel(64);
        let inner = Arc::new(Inner { db, events });
        Ok((Self { inner }, LibraryTasks { tasks: Vec::new() }))
    }

    /// One page of a list.
    ///
    /// # Errors
    /// [`LibraryError::BadCursor`] or [`LibraryError::Db`].
    pub async fn list(
        &self,
        _user: UserId,
        _query: &ItemQuery,
    ) -> Result<Page<ItemSummary>, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// First letters of the titles of a list.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn letters(
        &self,
        _kind: Option<ItemKind>,
        _library: Option<LibraryId>,
    ) -> Result<Vec<Letter>, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Everything an item page shows.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn item(&self, _user: UserId, _item: ItemId) -> Result<ItemDetail, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// One tile.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn summary(&self, _user: UserId, _item: ItemId) -> Result<ItemSummary, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// The home page of a person.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn home(&self, _user: UserId) -> Result<Home, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// What plays after this item: the next episode, track or part.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn next_of(
        &self,
        _user: UserId,
        _item: ItemId,
    ) -> Result<Option<ItemSummary>, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// What is needed to play an item.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::NoFile`], [`LibraryError::NotAvailable`],
    /// [`LibraryError::Unreadable`].
    pub async fn source(&self, _item: ItemId) -> Result<Source, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Like [`Library::source`], with a grid if one can be had quickly: the stored one, else from
    /// the container's index, which is then stored; else `None`.
    ///
    /// # Errors
    /// As [`Library::source`].
    pub async fn source_with_grid(&self, item: ItemId) -> Result<Source, LibraryError> {
        self.source(item).await
    }

    /// Stores the grid that a playback decided on, if none is stored yet, and answers the stored one.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`] when the file has changed since.
    pub async fn keep_grid(
        &self,
        _source: &Source,
        grid: SegmentGrid,
    ) -> Result<Arc<SegmentGrid>, LibraryError> {
        Ok(Arc::new(grid))
    }

    /// A picture of an item, made now if need be.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::NoPicture`], [`LibraryError::Busy`].
    pub async fn artwork(
        &self,
        _item: ItemId,
        _kind: ArtKind,
        _size: ArtSize,
    ) -> Result<Artwork, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// A photo as an upright JPEG for the screen: at most 2560 x 2560.
    ///
    /// # Errors
    /// As [`Library::artwork`]; [`LibraryError::NoPicture`] when the item is no photo.
    pub async fn photo(&self, _item: ItemId) -> Result<Artwork, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// A text subtitle of an item as WebVTT; times are the player's (zero at the grid's origin).
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::Unreadable`].
    pub async fn subtitle(&self, _item: ItemId, _id: &str) -> Result<Bytes, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Notes how far a person is; past 92 % of the length the item counts as watched.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn set_progress(
        &self,
        _user: UserId,
        _item: ItemId,
        _position_ms: u64,
    ) -> Result<(), LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Marks an item, or all below it, as watched or not.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn mark_watched(
        &self,
        _user: UserId,
        _item: ItemId,
        _watched: bool,
    ) -> Result<(), LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Forgets a person's history of an item, or of all below it.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn clear_progress(&self, _user: UserId, _item: ItemId) -> Result<(), LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// All libraries.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn libraries(&self) -> Result<Vec<LibraryInfo>, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Adds a library and scans it.
    ///
    /// # Errors
    /// [`LibraryError::NotAbsolute`], [`LibraryError::NoFolder`],
    /// [`LibraryError::FolderUnreadable`], [`LibraryError::FolderTaken`], [`LibraryError::BadName`].
    pub async fn add_library(
        &self,
        _name: &str,
        _kind: LibraryKind,
        _path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Changes a library and scans it again where that matters.
    ///
    /// # Errors
    /// As [`Library::add_library`], and [`LibraryError::NotFound`].
    pub async fn change_library(
        &self,
        _id: LibraryId,
        _name: &str,
        _kind: LibraryKind,
        _path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Forgets a library and its items; its files stay as they are.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn remove_library(&self, _id: LibraryId) -> Result<(), LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// The sub-folders of `path` (`None`: the media folder, or `/`).
    ///
    /// # Errors
    /// [`LibraryError::NotAbsolute`], [`LibraryError::NoFolder`], [`LibraryError::FolderUnreadable`].
    pub async fn browse_folders(&self, _path: Option<PathBuf>) -> Result<Folders, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// Problems in the order they were first seen.
    ///
    /// # Errors
    /// [`LibraryError::BadCursor`].
    pub async fn problems(&self, _cursor: Option<&str>) -> Result<Page<ProblemRow>, LibraryError> {
        Err(LibraryError::NotFound)
    }

    /// How the scan is doing.
    pub fn scan_status(&self) -> ScanStatus {
        ScanStatus {
            state: super::ScanState::Idle,
            phase: None,
            done: 0,
            total: 0,
            rate_per_s: 0.0,
            problems: 0,
            started_at_ms: None,
            finished_at_ms: None,
            eta_s: None,
            watching: false,
        }
    }

    /// Asks for a scan; one that runs already is followed by another.
    pub fn request_scan(&self, _request: ScanRequest) {}

    /// News from now on. A slow reader loses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<LibraryEvent> {
        self.inner.events.subscribe()
    }
}
