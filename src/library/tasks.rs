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

use super::inner::{Inner, Unsettled};
use super::scan::Scan;
use super::{LibraryError, ScanRequest};

/// After this long a file that was being written is looked at again.
const SETTLE: Duration = Duration::from_millis(3200);
/// After an error of the database or the worker program.
const AFTER_ERROR: Duration = Duration::from_secs(30);

/// Scans at the start and whenever it is wanted.
pub(super) async fn scan_loop(inner: Arc<Inner>) {
    inner.want(&ScanRequest::default());
    let mut unsettled = Unsettled::default();
    loop {
        let again = if unsettled.is_empty() {
            None
        } else {
            Some(SETTLE)
        };
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = inner.scan_wanted.notified() => {}
            () = pause(again) => unsettled.libraries().for_each(|id| {
                inner.want(&ScanRequest { library: Some(id), full: false });
            }),
        }
        for request in inner.take_wanted() {
            if inner.shutdown.is_cancelled() {
                return;
            }
            match scan_once(&inner, &request, &mut unsettled).await {
                Ok(()) => {}
                Err(LibraryError::Db(crate::db::DbError::Closed)) => return,
                Err(error) => {
                    log::error!("a scan was given up: {error}");
                    inner.rest();
                    tokio::select! {
                        () = inner.shutdown.cancelled() => return,
                        () = tokio::time::sleep(AFTER_ERROR) => {}
                    }
                    inner.want(&request);
                }
            }
        }
    }
}

async fn scan_once(
    inner: &Arc<Inner>,
    request: &ScanRequest,
    unsettled: &mut Unsettled,
) -> Result<(), LibraryError> {
    if request.library.is_none() {
        inner.offer_media_root().await?;
        inner.folders_changed.notify_one();
    }
    inner.scanning.send_replace(true);
    let scanned = Scan::new(inner).run(request, unsettled).await;
    inner.scanning.send_replace(false);
    unsettled.renew(request, scanned?);
    let settling = unsettled.count();
    // Before the rest, so that nobody takes a rest between two looks for the end.
    inner.progress.change(|status| status.settling = settling);
    inner.rest();
    inner.work_wanted.notify_one();
    Ok(())
}

async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
