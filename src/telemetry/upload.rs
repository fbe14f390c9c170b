//! The one way by which reports may leave, once there is somewhere to send them: this build has no collector.
//!
//! Never: a report without a grant that still stands and a booking on flash; an address of its own.

use super::journal::Journal;
use super::registry::REGISTRY;
use super::report::Report;
use crate::consent::{BookError, Grant, MilliEpsilon, PlaybackStatistics, Revoked};
use crate::db::DbError;

/// Somewhere to send reports to.
pub trait Collector {
    /// Sends one report; returns when it has arrived. It ends at once where the grant no longer stands.
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

/// Why an upload ended early; reports that are left wait on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Revoked(#[from] Revoked),
    #[error("nothing was booked: {0}")]
    NotBooked(#[from] BookError),
    #[error(transparent)]
    NotSent(#[from] NotSent),
    #[error("the receipt was not stored: {0}")]
    NoReceipt(#[from] DbError),
}

impl Journal {
    /// Sends the reports that wait, each booked first and remembered with its exact bytes afterwards.
    ///
    /// # Errors
    /// [`UploadError`] of the first report that was not sent. It is booked all the same.
    pub async fn upload(
        &self,
        grant: &Grant<PlaybackStatistics>,
        collector: &impl Collector,
    ) -> Result<(), UploadError> {
        for report in self.waiting() {
            grant.check()?;
            let epsilon = MilliEpsilon(REGISTRY.epsilon_a_report_milli);
            tokio::task::block_in_place(|| self.consent().book(grant, epsilon))?;
            grant.check()?;
            collector.send(grant, report).await?;
            self.sent(report).await?;
        }
        Ok(())
    }
}
