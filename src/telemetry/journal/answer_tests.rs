//! What an answer does to what was counted, drawn, gathered and seen before it.
//!
//! Never: a real clock.

use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;

use super::*;
use crate::base::clock::Clock;
use crate::base::crash::{Cause, Crash, Program, Since};
use crate::base::crash_record::Record;
use crate::telemetry::crash::NotKept;

async fn stored(alcove: &Box_) -> StoredJournal {
    let db = alcove.db.as_ref().unwrap();
    db.read(rows::load).await.unwrap().unwrap()
}

fn log_bytes(alcove: &Box_) -> u64 {
    fs::metadata(alcove.folder.path().join("alcove.db-wal")).map_or(0, |file| file.len())
}

#[tokio::test]
async fn what_was_drawn_is_gone_when_sharing_ends_whatever_the_clock_shows() {
    let check = async |jump_ms: i64| {
        let mut alcove = Box_::new();
        let journal = alcove.journal().await;
        reporting(&alcove, &journal).await;
        for _ in 0..30 {
            note(&journal, &playback(VideoCodec::Hevc));
        }
        journal.write().await;
        assert!(!stored(&alcove).await.answers.is_empty());
        let set_ms = alcove.clock.unix_ms();
        let jump_ms = if jump_ms == 0 { -set_ms } else { jump_ms };
        alcove.clock.advance_ms(jump_ms);
        answer(&journal, Choice::Local).await;
        assert_eq!(journal.next().reports, [], "{jump_ms}");
        let rows = stored(&alcove).await;
        assert_eq!((rows.answers.len(), rows.report_weeks), (0, None));
        assert_eq!(log_bytes(&alcove), 0, "{jump_ms}");
        answer(&journal, Choice::Share).await;
        alcove.clock.advance_ms(-jump_ms);
        for report in journal.next().reports {
            let of_box = facts().samples().contains(&report.sample());
            assert!(
                of_box || Some(report.sample()) == report.metric().nothing(),
                "{report:?}"
            );
        }
    };
    check(0).await;
    check(-30 * DAY_MS).await;
    check(-DAY_MS).await;
}

#[tokio::test]
async fn nothing_is_gathered_while_another_answer_is_being_stored() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    let told: Arc<Mutex<Vec<(Gathered, Mode)>>> = Arc::default();
    let (own, keeping) = (journal.clone(), Arc::clone(&told));
    let hook = move |what| {
        let mode = own.consent().state().effective.mode();
        keeping.lock().unwrap().push((what, mode));
        // One that ends in the middle of the change.
        own.look_at(own.looking(), facts());
        note(&own, &playback(VideoCodec::Hevc));
    };
    *alcove.told.2.lock().unwrap() = Some(Box::new(hook));
    journal.answer(Choice::Share, ALL_ON).await.unwrap();
    let expected = [(Gathered::Playbacks, Mode::Share)];
    assert_eq!(*told.lock().unwrap(), expected);
    assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 0));
    *alcove.told.2.lock().unwrap() = None;
    journal.look_at(journal.looking(), facts());
    journal.note(&playback(VideoCodec::Hevc), &IsCurrent(false));
    assert_eq!(
        counted(&journal, VideoCodec::Hevc),
        (0, 0),
        "it was forgotten"
    );
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
}

#[tokio::test]
async fn no_fact_that_was_seen_before_the_yes_is_drawn() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    let mut reported = 0;
    for _ in 0..24 {
        journal.answer(Choice::Local, ALL_ON).await.unwrap();
        let began = journal.looking();
        journal.look_at(began, facts());
        assert_eq!(counted(&journal, BoardFamily::Rpi4), (1, 1));
        journal.answer(Choice::Share, ALL_ON).await.unwrap();
        // A look that took long.
        journal.look_at(began, facts());
        for report in journal.next().reports {
            reported += 1;
            assert_eq!(Some(report.sample()), report.metric().nothing());
        }
    }
    assert!(reported > 0, "half of all weeks report");
}

/// Lets `asking` begin, and nothing more.
async fn begin<F: Future>(mut asking: Pin<&mut F>) {
    let once = std::future::poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx).is_pending()));
    assert!(once.await);
}

#[tokio::test]
async fn what_an_answer_takes_back_holds_from_the_moment_of_the_call() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    let grant = journal.consent().grant::<PlaybackStatistics>().unwrap();
    let disk = journal.inner.disk.lock().await;
    let earlier = journal.consent().ahead(Choice::Share, ALL_ON);
    let mut asking = pin!(journal.answer(Choice::Off, ALL_ON));
    begin(asking.as_mut()).await;
    assert!(grant.check().is_err());
    assert!(!journal.crashes().collects());
    note(&journal, &playback(VideoCodec::Hevc));
    assert!(is_empty(&journal) && !journal.is_collecting());
    // A change that runs already allows no more than that.
    journal.consent().store(earlier).unwrap();
    assert_eq!(journal.consent().state().effective.mode(), Mode::Off);
    assert!(journal.consent().grant::<PlaybackStatistics>().is_err());
    drop(disk);
    assert_eq!(asking.await.unwrap().effective.mode(), Mode::Off);
    assert_eq!(alcove.traces(), Vec::<&str>::new());
    answer(&journal, Choice::Share).await;
    assert!(journal.consent().grant::<PlaybackStatistics>().is_ok());
}

#[tokio::test]
async fn an_answer_is_carried_out_when_who_gave_it_is_gone() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    note(&journal, &playback(VideoCodec::Hevc));
    journal.write().await;
    let mut mode = journal.subscribe();
    let disk = journal.inner.disk.lock().await;
    {
        let mut asking = pin!(journal.answer(Choice::Off, ALL_ON));
        begin(asking.as_mut()).await;
    }
    drop(disk);
    let told = tokio::time::timeout(Duration::from_secs(20), mode.changed()).await;
    told.expect("it is carried out").unwrap();
    // Whoever carries it out lets go of the disk at the end.
    drop(journal.inner.disk.lock().await);
    assert_eq!(alcove.traces(), Vec::<&str>::new());
    assert_eq!(journal.consent().state().stored.mode(), Mode::Off);
}

#[test]
fn what_is_asked_for_again_meanwhile_is_still_to_be_done() {
    let mut wish = Wish::default();
    assert_eq!(wish.open(), None);
    wish.ask();
    let asked = wish.open().unwrap();
    wish.ask();
    wish.done(asked);
    let asked = wish.open().unwrap();
    wish.done(asked);
    assert_eq!(wish.open(), None);
}

#[tokio::test]
async fn a_log_that_could_not_be_emptied_is_emptied_at_the_next_write() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    note(&journal, &playback(VideoCodec::Hevc));
    journal.write().await;
    let (reads, is_reading) = mpsc::channel();
    let (let_go, gate) = mpsc::channel::<()>();
    let db = alcove.db.clone().unwrap();
    let reading = db.read(move |conn| {
        conn.execute_batch("BEGIN; SELECT count(*) FROM telemetry_journal;")?;
        reads.send(()).unwrap();
        gate.recv().unwrap();
        Ok(conn.execute_batch("COMMIT")?)
    });
    let answering = async {
        let waiting = tokio::task::spawn_blocking(move || is_reading.recv().unwrap());
        waiting.await.unwrap();
        let answered = journal.answer(Choice::Local, ALL_ON).await;
        assert!(
            matches!(answered, Err(AnswerError::NotEmptied(_))),
            "{answered:?}"
        );
        assert!(log_bytes(&alcove) > 0);
        let_go.send(()).unwrap();
    };
    let (read, ()) = tokio::join!(reading, answering);
    read.unwrap();
    journal.write().await;
    assert_eq!(log_bytes(&alcove), 0);
}

#[tokio::test]
async fn how_this_box_encodes_is_forgotten_when_its_parts_expire() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    let expires: Week = Metric::Backend.text().expires.parse().unwrap();
    while journal.week().plus(1) < expires {
        alcove.clock.advance_ms(7 * DAY_MS);
    }
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(journal.performance().len(), 1);
    alcove.clock.advance_ms(7 * DAY_MS);
    assert_eq!(journal.performance(), []);
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(journal.performance(), []);
}

#[tokio::test]
async fn a_look_changes_nothing_even_where_nothing_may_be_kept() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    note(&journal, &playback(VideoCodec::Hevc));
    journal.write().await;
    let before = stored(&alcove).await;
    let crash = alcove.folder.path().join("crashes/1.report");
    fs::create_dir_all(crash.parent().unwrap()).unwrap();
    fs::write(&crash, "kept").unwrap();
    drop(journal);
    let silent = Settings {
        do_not_track: true,
        access: Access::Look,
        ..alcove.settings()
    };
    let place = Place::at(&alcove.folder.path().join("consent.flash"));
    let consent = Consent::open(&[place], silent);
    let clock: SharedClock = alcove.clock.clone();
    let look = Look::at(alcove.db.as_ref().unwrap(), &consent, &clock);
    let look = look.await.unwrap();
    assert_eq!(look.next.sending, Sending::Off);
    assert_eq!(look.receipts, []);
    assert_eq!(stored(&alcove).await, before);
    assert!(crash.is_file());
}

#[tokio::test]
async fn an_answer_that_comes_late_does_not_replace_a_later_one() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    let asked = |choice| journal.consent().ahead(choice, ALL_ON);
    let (early, late) = (asked(Choice::Local), asked(Choice::Off));
    let carry_out = async |ahead| {
        let inner = Arc::clone(&journal.inner);
        to_the_end(move || inner.carry_out(ahead)).await.unwrap()
    };
    let off = carry_out(late).await.unwrap();
    assert_eq!(off.effective.mode(), Mode::Off);
    let overtaken = carry_out(early).await;
    assert!(
        matches!(overtaken, Err(AnswerError::Set(SetError::Overtaken))),
        "{overtaken:?}"
    );
    let state = journal.consent().state();
    assert_eq!((state.stored, state.effective), (off.stored, off.effective));
    assert_eq!(alcove.traces(), Vec::<&str>::new());

    let (early, late) = (asked(Choice::Off), asked(Choice::Local));
    let held_back = carry_out(late).await.unwrap();
    assert_eq!(held_back.stored.mode(), Mode::Local);
    assert_eq!(
        held_back.effective.mode(),
        Mode::Off,
        "until the no is heard"
    );
    carry_out(early).await.unwrap_err();
    assert_eq!(journal.consent().state().effective.mode(), Mode::Local);
    journal.look_at(journal.looking(), facts());
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
}

#[tokio::test]
async fn the_same_yes_beside_a_no_that_waits_is_no_longer_the_same() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    let told = |alcove: &Box_| alcove.told.0.load(Ordering::Relaxed);
    let before = told(&alcove);
    let share = journal.consent().ahead(Choice::Share, ALL_ON);
    let off = journal.consent().ahead(Choice::Off, ALL_ON);
    // What holds has changed since the first of them was answered.
    let inner = Arc::clone(&journal.inner);
    let answered = to_the_end(move || {
        inner.carry_out(share).unwrap();
        inner.consent.state().stored.mode()
    });
    assert_eq!(answered.await, Some(Mode::Share));
    assert_eq!(told(&alcove), before + 1, "nothing from then on");
    let inner = Arc::clone(&journal.inner);
    let answered = to_the_end(move || inner.carry_out(off)).await;
    assert_eq!(answered.unwrap().unwrap().stored.mode(), Mode::Off);
    assert_eq!(alcove.traces(), Vec::<&str>::new());
}

#[tokio::test]
async fn no_yes_is_stored_before_what_a_no_could_not_delete_is_gone() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    note(&journal, &playback(VideoCodec::Hevc));
    journal.write().await;
    let stuck = "CREATE TRIGGER stuck BEFORE DELETE ON telemetry_counts
                 BEGIN SELECT RAISE(ABORT, 'no room'); END";
    alcove.change(stuck).await;
    for choice in [Choice::Off, Choice::Share, Choice::Local, Choice::Off] {
        journal.answer(choice, ALL_ON).await.unwrap_err();
        let state = journal.consent().state();
        assert_eq!(state.stored.mode(), Mode::Off, "{choice:?}");
        assert_eq!(state.effective.mode(), Mode::Off, "{choice:?}");
    }
    alcove.change("DROP TRIGGER stuck").await;
    answer(&journal, Choice::Share).await;
    let journal = alcove.again(journal).await;
    assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 0));
    assert!(journal.consent().state().effective.is_yes());
}

#[tokio::test]
async fn what_was_on_its_way_before_everything_was_deleted_is_not_kept_after() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    let mode = journal.subscribe();
    let (since, began) = (Since::now(), journal.looking());
    journal.clear().await.unwrap();
    let record = Record::new(Cause::SigSegv);
    let crash = Crash::read(Program::Worker, record.as_bytes()).unwrap();
    let kept = journal.crashes().keep(since, crash);
    assert!(matches!(kept, Err(NotKept::OtherAnswer)), "{kept:?}");
    journal.look_at(began, facts());
    assert_eq!(counted(&journal, BoardFamily::Rpi4), (0, 0));
    assert!(mode.has_changed().unwrap(), "the box is looked at again");
    journal.look_at(journal.looking(), facts());
    assert_eq!(counted(&journal, BoardFamily::Rpi4), (1, 1));
}

#[tokio::test]
async fn a_no_that_ends_in_a_panic_gives_no_yes_back() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    let no = journal.consent().ahead(Choice::Off, ALL_ON);
    let storing = std::thread::spawn(move || {
        let _no = no;
        panic!("while it is stored");
    });
    storing.join().unwrap_err();
    assert_eq!(journal.consent().state().effective.mode(), Mode::Off);
    assert!(journal.consent().grant::<PlaybackStatistics>().is_err());
}
