//! The long tasks: the scan's loop. The daemon runs them; each ends at the shutdown signal.
//!
//! ```text
//!  idle ──wanted──► scanning ──done──► idle
//!    ▲                 └─files still being written──► again in a moment
//! ```
//!
//! Never: spawning.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::inner::{Inner, ScanOrder};
use super::scan::Scan;
use super::unsettled::Unsettled;
use super::{LibraryError, ScanRequest};

/// After an error of the database or the worker program.
const AFTER_ERROR: Duration = Duration::from_secs(30);

/// Scans at the start and whenever it is wanted.
pub(super) async fn scan_loop(inner: Arc<Inner>) {
    inner.want(&ScanRequest::default());
    let mut unsettled = Unsettled::default();
    loop {
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = inner.scan_wanted.notified() => {}
            () = until(unsettled.next_due()) => {
                unsettled.due(Instant::now()).into_iter().for_each(|id| inner.look(id));
            }
        }
        for order in inner.take_wanted() {
            if inner.shutdown.is_cancelled() {
                return;
            }
            match scan_once(&inner, order, &mut unsettled).await {
                Ok(()) => {}
                Err(LibraryError::Db(crate::db::DbError::Closed)) => return,
                Err(error) => {
                    log::error!("a scan was given up: {error}");
                    inner.rest();
                    tokio::select! {
                        () = inner.shutdown.cancelled() => return,
                        () = tokio::time::sleep(AFTER_ERROR) => {}
                    }
                    inner.order(order);
                }
            }
        }
    }
}

async fn scan_once(
    inner: &Arc<Inner>,
    order: ScanOrder,
    unsettled: &mut Unsettled,
) -> Result<(), LibraryError> {
    if order.library.is_none() {
        inner.offer_media_root().await?;
        inner.folders_changed.notify_one();
    }
    inner.scanning.send_replace(true);
    let scanned = Scan::new(inner).run(order, unsettled).await;
    inner.scanning.send_replace(false);
    unsettled.take_in(order.library, scanned?, Instant::now());
    let settling = unsettled.count();
    // Before the rest, so that nobody takes a rest between two looks for the end.
    inner.progress.change(|status| status.settling = settling);
    inner.rest();
    inner.work_wanted.notify_one();
    Ok(())
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
