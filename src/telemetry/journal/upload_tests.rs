//! One report at a time on its way out: what is booked, what is remembered, and what ends it.
//!
//! Never: a real clock; anything that leaves this program.

use std::pin::pin;
use std::sync::atomic::AtomicBool;

use tokio::sync::Notify;

use super::*;
use crate::telemetry::report::Report;
use crate::telemetry::upload::{Collector, NotSent, UploadError};

/// What a collector does with a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Takes,
    Refuses,
    NeverAnswers,
}

struct Taken {
    way: Way,
    reports: Mutex<Vec<Report>>,
    reached: Notify,
    /// Whether a report is on its way.
    sends: AtomicBool,
}

/// A report on its way.
struct OnItsWay<'a>(&'a AtomicBool);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Taken {
    fn by(way: Way) -> Self {
        Self {
            way,
            reports: Mutex::default(),
            reached: Notify::new(),
            sends: AtomicBool::new(false),
        }
    }
}

impl Collector for Taken {
    async fn send(
        &self,
        _: &crate::consent::Grant<PlaybackStatistics>,
        report: Report,
    ) -> Result<(), NotSent> {
        self.sends.store(true, Ordering::SeqCst);
        let _on_its_way = OnItsWay(&self.sends);
        self.reports.lock().unwrap().push(report);
        self.reached.notify_one();
        match self.way {
            Way::Takes => Ok(()),
            Way::Refuses => Err(NotSent),
            Way::NeverAnswers => std::future::pending().await,
        }
    }
}

/// A box with reports that wait.
async fn waiting_reports() -> (Box_, Journal) {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    reporting(&alcove, &journal).await;
    note(&journal, &playback(VideoCodec::Hevc));
    alcove.clock.advance_ms(7 * DAY_MS);
    (alcove, journal)
}

async fn upload(journal: &Journal, to: &Taken) -> Result<Option<Report>, UploadError> {
    let grant = journal.consent().grant::<PlaybackStatistics>().unwrap();
    journal.upload(grant, to).await
}

#[tokio::test]
async fn an_upload_is_one_report_that_is_booked_and_has_its_receipt() {
    let (mut alcove, journal) = waiting_reports().await;
    let waiting = journal.next().reports;
    let there = Taken::by(Way::Takes);
    let sent = upload(&journal, &there).await.unwrap().unwrap();
    assert_eq!(*there.reports.lock().unwrap(), [sent]);
    assert!(waiting.contains(&sent));
    let receipts = journal.receipts().await.unwrap();
    assert_eq!(receipts[0].bytes.as_bytes(), sent.bytes());
    assert_eq!(receipts[0].metric, sent.metric().name());
    assert!(receipts[0].arrived && receipts.len() == 1);
    assert_eq!(journal.consent().budget().spent_this_week.0, 200);
    let left: Vec<Report> = waiting.into_iter().filter(|each| *each != sent).collect();
    assert_eq!(journal.next().reports, left);
    let journal = alcove.again(journal).await;
    assert_eq!(journal.next().reports, left, "after a restart");
    for _ in 0..left.len() {
        upload(&journal, &there).await.unwrap().unwrap();
    }
    assert!(upload(&journal, &there).await.unwrap().is_none());
    assert_eq!(journal.receipts().await.unwrap().len(), left.len() + 1);
}

#[tokio::test]
async fn a_report_that_did_not_arrive_is_booked_has_its_receipt_and_is_not_sent_again() {
    let (_alcove, journal) = waiting_reports().await;
    let away = Taken::by(Way::Refuses);
    let failed = upload(&journal, &away).await;
    assert!(matches!(failed, Err(UploadError::NotSent(_))), "{failed:?}");
    let tried = away.reports.lock().unwrap()[0];
    let receipts = journal.receipts().await.unwrap();
    assert_eq!(receipts[0].bytes.as_bytes(), tried.bytes());
    assert!(!receipts[0].arrived);
    assert!(!journal.next().reports.contains(&tried));
    assert_eq!(journal.consent().budget().spent_this_week.0, 200);
}

#[tokio::test]
async fn which_report_goes_first_is_chance() {
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let (_alcove, journal) = waiting_reports().await;
        let waiting = journal.next().reports;
        let sent = upload(&journal, &Taken::by(Way::Takes))
            .await
            .unwrap()
            .unwrap();
        places.insert(waiting.iter().position(|each| *each == sent));
        if places.len() > 1 {
            return;
        }
    }
    panic!("always {places:?}");
}

#[tokio::test]
async fn a_no_and_a_deletion_end_a_running_upload() {
    for says_no in [true, false] {
        let (_alcove, journal) = waiting_reports().await;
        let slow = Taken::by(Way::NeverAnswers);
        let ending = async {
            slow.reached.notified().await;
            if says_no {
                answer(&journal, Choice::Off).await;
            } else {
                journal.clear().await.unwrap();
            }
            assert!(!slow.sends.load(Ordering::SeqCst), "it has ended by then");
        };
        let (ended, ()) = tokio::join!(upload(&journal, &slow), ending);
        assert!(matches!(ended, Err(UploadError::Revoked(_))), "{ended:?}");
        assert!(!journal.receipts().await.unwrap()[0].arrived);
    }
}

#[tokio::test]
async fn a_no_is_not_called_saved_while_an_upload_goes_on() {
    let (_alcove, journal) = waiting_reports().await;
    let slow = Taken::by(Way::NeverAnswers);
    let mut uploading = pin!(upload(&journal, &slow));
    tokio::select! {
        _ = &mut uploading => panic!("it never ends"),
        () = slow.reached.notified() => {}
    }
    // Nobody lets the upload see that it must end.
    let answered = journal.answer(Choice::Off, ALL_ON).await;
    let on_its_way = AnswerError::NotEmptied(NotDeleted::OnItsWay).to_string();
    assert_eq!(answered.unwrap_err().to_string(), on_its_way);
    assert_eq!(journal.consent().state().stored.mode(), Mode::Off);
    assert!(matches!(uploading.await, Err(UploadError::Revoked(_))));
    answer(&journal, Choice::Off).await;
}

#[tokio::test]
async fn a_no_before_a_report_has_left_leaves_no_receipt_of_it() {
    let (alcove, journal) = waiting_reports().await;
    let db = alcove.db.clone().unwrap();
    let (let_go, gate) = std::sync::mpsc::channel::<()>();
    let writing = db.write(move |_| {
        gate.recv().unwrap();
        Ok(())
    });
    let to = Taken::by(Way::Takes);
    let no = async {
        // The booking is the last step before the database.
        while journal.consent().budget().spent_this_week.0 == 0 {
            tokio::task::yield_now().await;
        }
        let no = journal.consent().ahead(Choice::Off, ALL_ON);
        let_go.send(()).unwrap();
        no
    };
    let (written, uploaded, _no) = tokio::join!(writing, upload(&journal, &to), no);
    written.unwrap();
    assert!(
        matches!(uploaded, Err(UploadError::Revoked(_))),
        "{uploaded:?}"
    );
    assert_eq!(to.reports.lock().unwrap().len(), 0);
    assert_eq!(journal.receipts().await.unwrap(), []);
}
