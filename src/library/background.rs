//! What is made when nobody waits: grids from the containers' indexes, pictures, packet walks, text
//! of subtitles. Every piece is stored when it is done, so a restart goes on where this one ended.
//!
//! Never: work while a scan runs, beyond the piece that was begun.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::inner::Inner;
use super::{FileId, ItemId, LibraryError, ScanPhase, ScanState};
use crate::db::{art, files, item_query};
use crate::media::job::IndexEffort;
use crate::pool::Lane;

/// Rows read from the list at once.
const PART: u32 = 64;
/// After an error that is not the file's.
const AFTER_ERROR: Duration = Duration::from_secs(60);

/// Works whenever a scan has ended.
pub(super) async fn work_loop(inner: Arc<Inner>) {
    loop {
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = inner.work_wanted.notified() => {}
        }
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            done = work(&inner) => if let Err(error) = done {
                log::warn!("background work on the library paused: {error}");
                inner.progress.rest_after(ScanState::Finishing);
                tokio::select! {
                    () = inner.shutdown.cancelled() => return,
                    () = tokio::time::sleep(AFTER_ERROR) => inner.work_wanted.notify_one(),
                }
            }
        }
    }
}

async fn work(inner: &Arc<Inner>) -> Result<(), LibraryError> {
    grids(inner, 0, IndexEffort::ContainerOnly).await?;
    pictures(inner).await?;
    grids(inner, 1, IndexEffort::Walk).await?;
    texts(inner).await?;
    inner.progress.rest_after(ScanState::Finishing);
    if inner.prune_wanted.swap(false, Ordering::Relaxed)
        && let Err(error) = inner.prune().await
    {
        inner.prune_wanted.store(true, Ordering::Relaxed);
        return Err(error);
    }
    inner.db.shrink().await?;
    Ok(())
}

async fn grids(inner: &Arc<Inner>, state: u8, effort: IndexEffort) -> Result<(), LibraryError> {
    let mut after = FileId(0);
    let mut phase = None;
    loop {
        inner.wait_for_scan().await;
        let part = inner
            .db
            .read(move |conn| files::without_grid(conn, state, after, PART))
            .await?;
        let Some(last) = part.last() else {
            return Ok(());
        };
        after = *last;
        if phase.is_none() {
            let total = inner
                .db
                .read(move |conn| files::waiting_grids(conn, state))
                .await?;
            phase = inner.progress.begin_quietly(ScanPhase::Indexing, total);
        }
        for file in part {
            inner.find_grid(file, effort, Lane::Idle).await?;
            inner.progress.step_of(phase, 1);
            inner.wait_for_scan().await;
        }
    }
}

async fn pictures(inner: &Arc<Inner>) -> Result<(), LibraryError> {
    let mut after = None;
    let mut phase = None;
    loop {
        inner.wait_for_scan().await;
        let part = inner
            .db
            .read(move |conn| art::waiting(conn, after, PART))
            .await?;
        let Some(last) = part.last() else {
            return Ok(());
        };
        after = Some(last.art.key);
        if phase.is_none() {
            let total = inner.db.read(art::waiting_count).await?;
            phase = inner.progress.begin_quietly(ScanPhase::Pictures, total);
        }
        for stored in &part {
            if !inner.make_ahead(stored).await {
                return Err(LibraryError::Busy);
            }
            inner.progress.step_of(phase, 1);
            inner.wait_for_scan().await;
        }
    }
}

async fn texts(inner: &Arc<Inner>) -> Result<(), LibraryError> {
    let mut after = FileId(0);
    let mut phase = None;
    loop {
        inner.wait_for_scan().await;
        let part: Vec<(FileId, ItemId)> = inner
            .db
            .read(move |conn| item_query::without_texts(conn, after, PART))
            .await?;
        let Some(last) = part.last() else {
            return Ok(());
        };
        after = last.0;
        if phase.is_none() {
            let total = inner.db.read(files::waiting_texts).await?;
            phase = inner.progress.begin_quietly(ScanPhase::Subtitles, total);
        }
        for (file, item) in part {
            if !inner.extract_ahead(file, item).await? {
                return Err(LibraryError::Busy);
            }
            inner.progress.step_of(phase, 1);
            inner.wait_for_scan().await;
        }
    }
}
