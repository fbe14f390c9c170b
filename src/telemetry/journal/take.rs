//! Takes reports out of those that wait, for the way out.
//!
//! Never: one without a grant that still stands, a booking on flash and a receipt; one twice.

use std::sync::Arc;

use super::{Inner, Journal, Sent, to_the_end};
use crate::base::week::Week;
use crate::consent::{BookError, Grant, MilliEpsilon, PlaybackStatistics};
use crate::db::DbError;
use crate::db::telemetry::{self as rows, ReceiptId};
use crate::telemetry::draw::{KernelRandom, one_of};
use crate::telemetry::registry::REGISTRY;
use crate::telemetry::report::Report;
use crate::telemetry::upload::{Taken, UploadError};

impl Journal {
    /// Takes a report out of those that wait, whichever chance draws, books it and writes its receipt; gives the grant
    /// back with it.
    pub(in crate::telemetry) async fn take_one(
        &self,
        grant: Grant<PlaybackStatistics>,
    ) -> Result<Option<Taken>, UploadError> {
        let inner = Arc::clone(&self.inner);
        let taking = to_the_end(move || inner.take_one(grant));
        taking.await.unwrap_or(Err(UploadError::GivenUp))
    }

    /// Remembers that the report of a receipt has arrived.
    pub(in crate::telemetry) async fn arrived(&self, receipt: ReceiptId) -> Result<(), DbError> {
        let db = &self.inner.db;
        db.write(move |conn| rows::mark_arrived(conn, receipt))
            .await
    }
}

impl Inner {
    fn take_one(&self, grant: Grant<PlaybackStatistics>) -> Result<Option<Taken>, UploadError> {
        let _disk = self.disk.blocking_lock();
        grant.check()?;
        let waiting = self.waiting();
        let Some(report) = one_of(&mut KernelRandom, &waiting) else {
            return Ok(None);
        };
        let epsilon = MilliEpsilon(REGISTRY.epsilon_a_report_milli);
        let booked = self.consent.book(&grant, epsilon);
        if let Err(BookError::NotSaved(_)) = booked {
            self.follow_and_settle();
        }
        booked?;
        self.wait_no_longer(report)?;
        let receipt = Sent {
            week: report.week().to_string(),
            metric: report.metric().name().to_owned(),
            bytes: String::from_utf8_lossy(&report.bytes()).into_owned(),
            sent_week: Week::of_unix_ms(self.clock.unix_ms()).to_string(),
            arrived: false,
        };
        let db = &self.db;
        let receipt = db.write_blocking(move |conn| rows::add_receipt(conn, &receipt))?;
        if let Err(revoked) = grant.check() {
            // It has not left, and does not.
            let removed = db.write_blocking(move |conn| rows::remove_receipt(conn, receipt));
            if let Err(error) = removed {
                log::warn!("a receipt of what has not left is still there: {error}");
                self.now().scrub.ask();
            }
            return Err(revoked.into());
        }
        Ok(Some(Taken {
            grant,
            report,
            receipt,
            _on_its_way: self.uploads.begin(),
        }))
    }

    /// The answer in force is in doubt: everybody hears of it.
    fn follow_and_settle(&self) {
        if let Err(error) = self.follow() {
            log::warn!("crash reports are not deleted yet: {error}");
        }
        if let Err(error) = self.settle() {
            log::warn!("what was counted is not deleted yet: {error}");
        }
    }

    /// Reports that may leave; none while the clock is in doubt.
    fn waiting(&self) -> Vec<Report> {
        let now = self.current();
        match (&now.held, now.trouble) {
            (Some(held), None) => held.complete(),
            _ => Vec::new(),
        }
    }

    fn wait_no_longer(&self, report: Report) -> Result<(), DbError> {
        let mut now = self.current();
        if let Some(held) = &mut now.held {
            held.sent(report);
            now.save.ask();
        }
        drop(now);
        self.settle()
    }
}
