//! What an answer does to what was counted, drawn, gathered and seen before it.
//!
//! Never: a real clock.

use super::*;
use crate::base::clock::Clock;

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
    let expected = [
        (Gathered::Nothing, Mode::Local),
        (Gathered::Playbacks, Mode::Share),
    ];
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
