//! The functions that the rest of the house calls.
//!
//! Never: deciding who may call them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::disk::Disk;
use super::inner::Inner;
use super::{
    ArtKind, ArtSize, Artwork, Folders, Home, ItemDetail, ItemId, ItemKind, ItemQuery, ItemSummary,
    Letter, LibraryConfig, LibraryError, LibraryEvent, LibraryId, LibraryInfo, LibraryKind,
    LibraryTasks, Original, Page, ProblemRow, ScanRequest, ScanStatus, Source, UserId,
};
use super::{LongTask, background, folders, tasks, watcher};
use crate::base::clock::SharedClock;
use crate::db::{Db, files, item_query};
use crate::pool::Pool;

/// A cheap handle to the library.
#[derive(Clone)]
pub struct Library {
    inner: Arc<Inner>,
}

impl Library {
    /// Reads what is known and prepares the long tasks: scan, watch, background work.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn start(
        db: Db,
        pool: Arc<Pool>,
        clock: SharedClock,
        config: LibraryConfig,
        shutdown: CancellationToken,
    ) -> Result<(Self, LibraryTasks), LibraryError> {
        let inner = Arc::new(Inner::new(db, pool, clock, config, shutdown));
        inner.offer_media_root().await?;
        inner.refresh_roots().await?;
        let problems = inner.db.read(files::problem_count).await?;
        inner.progress.change(|status| status.problems = problems);
        let tasks: Vec<(&'static str, LongTask)> = vec![
            (
                "library scan",
                Box::pin(tasks::scan_loop(Arc::clone(&inner))),
            ),
            (
                "library watch",
                Box::pin(watcher::watch_loop(Arc::clone(&inner))),
            ),
            (
                "library background",
                Box::pin(background::work_loop(Arc::clone(&inner))),
            ),
        ];
        Ok((Self { inner }, LibraryTasks { tasks }))
    }

    /// One page of a list.
    ///
    /// # Errors
    /// [`LibraryError::BadCursor`] or [`LibraryError::Db`].
    pub async fn list(
        &self,
        user: UserId,
        query: &ItemQuery,
    ) -> Result<Page<ItemSummary>, LibraryError> {
        self.inner.list(user, query).await
    }

    /// First letters of the titles of a list.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn letters(
        &self,
        kind: Option<ItemKind>,
        library: Option<LibraryId>,
    ) -> Result<Vec<Letter>, LibraryError> {
        Ok(self
            .inner
            .db
            .read(move |conn| item_query::letters(conn, kind, library))
            .await?)
    }

    /// Everything an item page shows.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn item(&self, user: UserId, item: ItemId) -> Result<ItemDetail, LibraryError> {
        self.inner.item(user, item).await
    }

    /// One tile.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn summary(&self, user: UserId, item: ItemId) -> Result<ItemSummary, LibraryError> {
        self.inner.summary(user, item).await
    }

    /// The home page of a person.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn home(&self, user: UserId) -> Result<Home, LibraryError> {
        self.inner.home(user).await
    }

    /// What plays after this item: the next episode, track or part.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn next_of(
        &self,
        user: UserId,
        item: ItemId,
    ) -> Result<Option<ItemSummary>, LibraryError> {
        self.inner.next_of(user, item).await
    }

    /// What is needed to play an item.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::NoFile`], [`LibraryError::NotAvailable`],
    /// [`LibraryError::Unreadable`].
    pub async fn source(&self, item: ItemId) -> Result<Source, LibraryError> {
        self.inner.source(item).await
    }

    /// An item's file as it lies there, also when it cannot be played.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::NoFile`], [`LibraryError::NotAvailable`].
    pub async fn original(&self, item: ItemId) -> Result<Original, LibraryError> {
        self.inner.original(item).await
    }

    /// Like [`Library::source`], with a grid if one can be had quickly: the stored one, else from
    /// the container's index, which is then stored; else `None`.
    ///
    /// # Errors
    /// As [`Library::source`].
    pub async fn source_with_grid(&self, item: ItemId) -> Result<Source, LibraryError> {
        self.inner.source_with_grid(item).await
    }

    /// A picture of an item, made now if need be.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::NoPicture`], [`LibraryError::Busy`].
    pub async fn artwork(
        &self,
        item: ItemId,
        kind: ArtKind,
        size: ArtSize,
    ) -> Result<Artwork, LibraryError> {
        self.inner.artwork(item, kind, size).await
    }

    /// A photo as an upright JPEG for the screen: at most 2560 x 2560.
    ///
    /// # Errors
    /// As [`Library::artwork`]; [`LibraryError::NoPicture`] when the item is no photo.
    pub async fn photo(&self, item: ItemId) -> Result<Artwork, LibraryError> {
        self.inner.photo(item).await
    }

    /// A text subtitle of an item as WebVTT; times are the player's (zero at the grid's origin).
    ///
    /// # Errors
    /// [`LibraryError::NotFound`], [`LibraryError::Unreadable`].
    pub async fn subtitle(&self, item: ItemId, id: &str) -> Result<Bytes, LibraryError> {
        self.inner.subtitle(item, id).await
    }

    /// Notes how far a person is; past 92 % of the length the item counts as watched.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn set_progress(
        &self,
        user: UserId,
        item: ItemId,
        position_ms: u64,
    ) -> Result<(), LibraryError> {
        self.inner.set_progress(user, item, position_ms).await
    }

    /// Marks an item, or all below it, as watched or not; who takes the mark from one item
    /// continues it at `position_ms`.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn mark_watched(
        &self,
        user: UserId,
        item: ItemId,
        position_ms: u64,
        watched: bool,
    ) -> Result<(), LibraryError> {
        self.inner
            .mark_watched(user, item, position_ms, watched)
            .await
    }

    /// Forgets a person's history of an item, or of all below it.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn clear_progress(&self, user: UserId, item: ItemId) -> Result<(), LibraryError> {
        self.inner.clear_progress(user, item).await
    }

    /// All libraries.
    ///
    /// # Errors
    /// [`LibraryError::Db`].
    pub async fn libraries(&self) -> Result<Vec<LibraryInfo>, LibraryError> {
        self.inner.libraries().await
    }

    /// Adds a library and scans it.
    ///
    /// # Errors
    /// [`LibraryError::NotAbsolute`], [`LibraryError::NoFolder`],
    /// [`LibraryError::FolderUnreadable`], [`LibraryError::FolderTaken`], [`LibraryError::BadName`].
    pub async fn add_library(
        &self,
        name: &str,
        kind: LibraryKind,
        path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        self.inner.add_library(name, kind, path).await
    }

    /// Changes a library and scans it again where that matters.
    ///
    /// # Errors
    /// As [`Library::add_library`], and [`LibraryError::NotFound`].
    pub async fn change_library(
        &self,
        id: LibraryId,
        name: &str,
        kind: LibraryKind,
        path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        self.inner.change_library(id, name, kind, path).await
    }

    /// Forgets a library and its items; its files stay as they are.
    ///
    /// # Errors
    /// [`LibraryError::NotFound`].
    pub async fn remove_library(&self, id: LibraryId) -> Result<(), LibraryError> {
        self.inner.remove_library(id).await
    }

    /// The sub-folders of `path` (`None`: the media folder, or `/`).
    ///
    /// # Errors
    /// [`LibraryError::NotAbsolute`], [`LibraryError::NoFolder`], [`LibraryError::FolderUnreadable`].
    pub async fn browse_folders(&self, path: Option<PathBuf>) -> Result<Folders, LibraryError> {
        folders::browse(&self.inner, path).await
    }

    /// The disk behind a library's folder.
    pub fn disk(&self, folder: &Path) -> Disk {
        self.inner.disks.of(folder)
    }

    /// Problems in the order they were first seen.
    ///
    /// # Errors
    /// [`LibraryError::BadCursor`].
    pub async fn problems(&self, cursor: Option<&str>) -> Result<Page<ProblemRow>, LibraryError> {
        self.inner.problems(cursor).await
    }

    /// How the scan is doing.
    pub fn scan_status(&self) -> ScanStatus {
        self.inner.progress.status()
    }

    /// Asks for a scan; one that runs already is followed by another.
    pub fn request_scan(&self, request: ScanRequest) {
        self.inner.want(&request);
    }

    /// News from now on. A slow reader loses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<LibraryEvent> {
        self.inner.progress.subscribe()
    }
}
