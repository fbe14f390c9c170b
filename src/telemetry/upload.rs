//! The one way by which reports may leave, once there is somewhere to send them: this build has no collector.
//!
//! ```text
//! grant ─► one report, drawn among those that wait ─► booked on flash ─► no longer waits ─► receipt ─► sent ─► arrived
//! ```
//!
//! Never: a report without a grant that still stands and a booking on flash; one that leaves without a receipt, or twice;
//! an address of its own.

use std::time::Duration;

use tokio::time::interval;

use super::journal::{Journal, OnItsWay};
use super::report::Report;
use crate::consent::{BookError, Grant, PlaybackStatistics, Revoked};
use crate::db::DbError;
use crate::db::telemetry::ReceiptId;

/// How often a running upload asks whether it may go on.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Somewhere to send reports to.
pub trait Collector {
    /// Sends one report; returns when it has arrived. It is dropped where the grant no longer stands.
    fn send(
        &self,
        grant: &Grant<PlaybackStatistics>,
        report: Report,
    ) -> impl Future<Output = Result<(), NotSent>> + Send;
}

/// A report did not arrive.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the report did not arrive")]
pub struct NotSent;

/// Why an upload ended early. A report that was booked does not wait any more; those that were not wait on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Revoked(#[from] Revoked),
    #[error("nothing was booked: {0}")]
    NotBooked(#[from] BookError),
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// Before it was sent, or after it has arrived.
    #[error("the receipt was not stored: {0}")]
    NoReceipt(#[from] DbError),
    #[error("it was given up")]
    GivenUp,
}

/// A report that does not wait any more.
pub(super) struct Taken {
    pub(super) grant: Grant<PlaybackStatistics>,
    pub(super) report: Report,
    pub(super) receipt: ReceiptId,
    /// An answer that ends it waits for its end.
    pub(super) _on_its_way: OnItsWay,
}

impl Journal {
    /// Sends one of the reports that wait, whichever chance draws, and ends at once where the grant no longer stands.
    /// Returns it; `None` where none waits.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn upload(
        &self,
        grant: Grant<PlaybackStatistics>,
        collector: &impl Collector,
    ) -> Result<Option<Report>, UploadError> {
        let Some(taken) = self.take_one(grant).await? else {
            return Ok(None);
        };
        tokio::select! {
            biased;
            revoked = end_of(&taken.grant) => return Err(revoked.into()),
            sent = collector.send(&taken.grant, taken.report) => sent?,
        }
        self.arrived(taken.receipt).await?;
        Ok(Some(taken.report))
    }
}

async fn end_of(grant: &Grant<PlaybackStatistics>) -> Revoked {
    let mut asks = interval(ASK_EVERY);
    loop {
        asks.tick().await;
        if let Err(revoked) = grant.check() {
            return revoked;
        }
    }
}
