//! The journal under every answer, clock and version: what it keeps, and what a no leaves of it.
//!
//! Never: a real clock.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use super::settle::Wish;
use super::*;
use crate::base::clock::ManualClock;
use crate::base::folder::Folder;
use crate::consent::{Access, Place, PlaybackStatistics, SetError, Settings};
use crate::db::telemetry::StoredJournal;
use crate::telemetry::class::*;
use crate::telemetry::registry::REGISTRY;

const DAY_MS: i64 = 86_400_000;
/// Wednesday, 2026-11-18, noon.
const WEDNESDAY_MS: i64 = 1_795_003_200_000;

const ALL_ON: Switches = Switches {
    playback_statistics: true,
    crash_reports: true,
    release_news: true,
};

#[path = "answer_tests.rs"]
mod answers;
#[path = "upload_tests.rs"]
mod uploads;

type Hook = Box<dyn Fn(Gathered) + Send + Sync>;

/// Counts how often it was told what to gather, and tells it on.
#[derive(Default)]
struct Told(AtomicU32, AtomicU32, Mutex<Option<Hook>>);

impl Source for Told {
    fn gather(&self, what: Gathered) {
        if let Some(hook) = &*self.2.lock().unwrap() {
            hook(what);
        }
        match what {
            Gathered::Nothing => self.0.fetch_add(1, Ordering::Relaxed),
            Gathered::Playbacks => self.1.fetch_add(1, Ordering::Relaxed),
        };
    }
}

struct Box_ {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    told: Arc<Told>,
    db: Option<Db>,
}

impl Box_ {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(ManualClock::at_unix_ms(WEDNESDAY_MS)),
            told: Arc::default(),
            db: None,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            registry_version: REGISTRY.version,
            do_not_track: false,
            access: Access::Change,
            clock: self.clock.clone(),
        }
    }

    async fn journal(&mut self) -> Journal {
        let settings = self.settings();
        self.journal_with(settings).await
    }

    /// The same box after a restart.
    async fn again(&mut self, before: Journal) -> Journal {
        drop(before);
        self.journal().await
    }

    async fn journal_with(&mut self, settings: Settings) -> Journal {
        if let Some(db) = self.db.take() {
            db.close().await;
        }
        let db = Db::open(self.folder.path()).unwrap();
        self.db = Some(db.clone());
        let place = Place::at(&self.folder.path().join("consent.flash"));
        let consent = Consent::open(&[place], settings);
        let crashes = Reports::new(
            Folder::new(self.folder.path().join("crashes")),
            consent.clone(),
            BoardFamily::Rpi4,
            self.clock.clone(),
        );
        let (clock, told) = (self.clock.clone(), self.told.clone());
        let journal = Journal::open(db, consent, crashes, clock, told).await;
        let journal = journal.unwrap();
        journal.look_at(journal.looking(), facts());
        journal
    }

    async fn change(&self, sql: &'static str) {
        let db = self.db.as_ref().unwrap();
        db.write(move |conn| Ok(conn.execute_batch(sql)?))
            .await
            .unwrap();
    }

    /// Words of the registry that stand anywhere in the database's files.
    fn traces(&self) -> Vec<&'static str> {
        let mut bytes = Vec::new();
        for file in ["alcove.db", "alcove.db-wal"] {
            bytes.extend(fs::read(self.folder.path().join(file)).unwrap_or_default());
        }
        let keys = Metric::ALL
            .iter()
            .flat_map(|metric| metric.samples())
            .map(Sample::key);
        let words = keys.chain(["2026-W47"]);
        let text = String::from_utf8_lossy(&bytes);
        words.filter(|word| text.contains(word)).collect()
    }
}

fn facts() -> Facts {
    Facts {
        board_family: BoardFamily::Rpi4,
        memory: Memory::TwoGib,
        storage: Storage::UsbDisk,
        throttling: Throttling::Never,
        memory_pressure: MemoryPressure::Below10,
        channel: Channel::Stable,
        boot_time: BootTime::Below40,
    }
}

fn playback(video_codec: VideoCodec) -> Playback {
    Playback {
        media_kind: MediaKind::Video,
        video_codec,
        resolution: Resolution::Below3000,
        bit_rate: BitRate::Below8000,
        length: Length::Above5400,
        feature: Feature::Subtitles,
        client: Client::PhoneBrowser,
        outcome: Outcome::SoftwareKeepsUp,
        backend: Backend::Software,
        fallback: Fallback::NoHardware,
        real_time_factor: RealTimeFactor::Below2000,
        first_segment: FirstSegment::Below1000,
        stalls: Stalls::None,
    }
}

struct IsCurrent(bool);

impl Outlet for IsCurrent {
    fn is_current(&self) -> bool {
        self.0
    }
}

fn note(journal: &Journal, playback: &Playback) {
    journal.note(playback, &IsCurrent(true));
}

async fn answer(journal: &Journal, choice: Choice) {
    journal.answer(choice, ALL_ON).await.unwrap();
    journal.look_at(journal.looking(), facts());
}

fn counted(journal: &Journal, sample: impl Into<Sample>) -> (u32, u32) {
    let sample = sample.into();
    let counts = journal.counts();
    let own = counts.iter().find(|c| c.metric == sample.metric()).unwrap();
    let at = usize::from(sample.index());
    (own.today[at], own.this_week[at])
}

fn is_empty(journal: &Journal) -> bool {
    let counts = journal.counts();
    let all = counts
        .iter()
        .flat_map(|c| c.today.iter().chain(&c.this_week));
    all.sum::<u32>() == 0 && journal.performance().is_empty() && journal.next().reports.is_empty()
}

#[tokio::test]
async fn nothing_is_counted_before_a_choice_nor_after_a_no() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    note(&journal, &playback(VideoCodec::Hevc));
    assert!(is_empty(&journal));
    answer(&journal, Choice::Off).await;
    note(&journal, &playback(VideoCodec::Hevc));
    assert!(is_empty(&journal));
    answer(&journal, Choice::Local).await;
    assert!(journal.is_collecting());
    assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 0));
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
    let without = Switches {
        playback_statistics: false,
        ..ALL_ON
    };
    journal.answer(Choice::Share, without).await.unwrap();
    note(&journal, &playback(VideoCodec::Hevc));
    assert!(is_empty(&journal) && !journal.is_collecting());
}

#[tokio::test]
async fn a_no_leaves_no_class_in_the_database_files() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    assert_eq!(alcove.traces(), Vec::<&str>::new());
    for round in 0..4 {
        answer(
            &journal,
            if round % 2 == 0 {
                Choice::Share
            } else {
                Choice::Local
            },
        )
        .await;
        for codec in VideoCodec::ALL {
            for _ in 0..20 {
                note(&journal, &playback(*codec));
            }
            journal.write().await;
        }
        assert!(alcove.traces().len() > 20, "{:?}", alcove.traces());
        if round == 3 {
            journal.clear().await.unwrap();
        } else {
            answer(&journal, Choice::Off).await;
        }
        let left = alcove.traces();
        // Counting goes on after a delete: the running week is known, no answer is.
        let expected: &[&str] = if round == 3 { &["2026-W47"] } else { &[] };
        assert!(left.iter().all(|word| expected.contains(word)), "{left:?}");
        assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 0));
    }
}

#[tokio::test]
async fn counts_outlive_a_restart_and_days_and_weeks_go_by() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    note(&journal, &playback(VideoCodec::Hevc));
    note(&journal, &playback(VideoCodec::H264));
    journal.write().await;
    let journal = alcove.again(journal).await;
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
    alcove.clock.advance_ms(DAY_MS);
    assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 1));
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 2));
    alcove.clock.advance_ms(5 * DAY_MS);
    assert_eq!(counted(&journal, VideoCodec::Hevc), (0, 0));
    let speeds = journal.performance();
    assert_eq!(speeds.len(), 2, "weeks of encoding stay: {speeds:?}");
    alcove.clock.advance_ms(11 * 7 * DAY_MS);
    assert_eq!(journal.performance(), []);
    assert_eq!(counted(&journal, BoardFamily::Rpi4), (1, 1));
}

#[tokio::test]
async fn sharing_begins_empty_and_ends_without_a_trace() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    for _ in 0..50 {
        note(&journal, &playback(VideoCodec::Hevc));
    }
    assert_eq!(journal.next().sending, Sending::Off);
    answer(&journal, Choice::Share).await;
    for report in journal.next().reports {
        let nothing = report.metric().nothing();
        let of_box = facts().samples().contains(&report.sample());
        assert!(of_box || Some(report.sample()) == nothing, "{report:?}");
    }
    assert_eq!(
        counted(&journal, VideoCodec::Hevc),
        (50, 50),
        "local counts stay"
    );
    answer(&journal, Choice::Local).await;
    assert_eq!(journal.next().reports, []);
    let rows = alcove
        .db
        .as_ref()
        .unwrap()
        .read(rows::load)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((rows.answers.len(), rows.report_weeks), (0, None));
}

/// Shares until a week that reports, however long chance takes.
async fn reporting(alcove: &Box_, journal: &Journal) -> Next {
    answer(journal, Choice::Share).await;
    for _ in 0..60 {
        let next = journal.next();
        if next.sending == Sending::NoCollector && !next.complete {
            return next;
        }
        assert!(next.complete || next.reports.is_empty());
        alcove.clock.advance_ms(7 * DAY_MS);
    }
    panic!("26 weeks of a year report");
}

#[tokio::test]
async fn a_week_that_ends_leaves_its_reports_waiting_byte_by_byte() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    let next = reporting(&alcove, &journal).await;
    assert!(
        !next.reports.is_empty() && next.reports.len() <= 5,
        "{next:?}"
    );
    let metrics: Vec<Metric> = next.reports.iter().map(|r| r.metric()).collect();
    for _ in 0..30 {
        note(&journal, &playback(VideoCodec::Hevc));
    }
    let week = next.week;
    let grown = journal.next().reports;
    assert!(grown.iter().all(|r| r.week() == week));
    assert_eq!(
        grown.iter().map(|r| r.metric()).collect::<Vec<_>>(),
        metrics
    );
    journal.write().await;
    let journal = alcove.again(journal).await;
    assert_eq!(journal.next().reports, grown, "a restart changes no draw");
    alcove.clock.advance_ms(7 * DAY_MS);
    let waiting = journal.next();
    assert!(waiting.complete);
    assert_eq!((waiting.week, &waiting.reports), (week, &grown));
    assert_eq!(waiting.first_possible, Some(journal.week()));
    alcove.clock.advance_ms(5 * 7 * DAY_MS);
    let later = journal.next();
    assert!(later.week > week, "what waited for too long is forgotten");
    assert_eq!(journal.receipts().await.unwrap(), []);
}

#[tokio::test]
async fn a_clock_that_is_not_set_or_went_back_counts_nothing_and_says_so() {
    let check = async |jump_ms: i64, trouble: Trouble| {
        let mut alcove = Box_::new();
        let journal = alcove.journal().await;
        answer(&journal, Choice::Share).await;
        note(&journal, &playback(VideoCodec::Hevc));
        alcove.clock.advance_ms(jump_ms);
        assert_eq!(journal.trouble(), Some(trouble));
        assert!(!journal.is_collecting());
        let before = journal.counts();
        note(&journal, &playback(VideoCodec::Hevc));
        assert_eq!(journal.counts(), before, "{trouble:?}");
        journal.write().await;
        let journal = alcove.again(journal).await;
        assert_eq!(journal.trouble(), Some(trouble), "after a restart");
        alcove.clock.advance_ms(-jump_ms);
        assert_eq!(journal.trouble(), None, "once the clock is right again");
        assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
        alcove.clock.advance_ms(jump_ms);
        answer(&journal, Choice::Off).await;
        assert_eq!(alcove.traces(), Vec::<&str>::new());
    };
    check(-WEDNESDAY_MS, Trouble::ClockNotSet).await;
    check(-365 * DAY_MS, Trouble::ClockNotSet).await;
    check(-30 * DAY_MS, Trouble::ClockWentBack).await;
    check(-DAY_MS, Trouble::ClockWentBack).await;
}

#[tokio::test]
async fn after_a_clock_that_ran_a_year_ahead_the_owner_can_begin_anew() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    alcove.clock.advance_ms(366 * DAY_MS);
    note(&journal, &playback(VideoCodec::Hevc));
    alcove.clock.advance_ms(-366 * DAY_MS);
    assert_eq!(journal.trouble(), Some(Trouble::ClockWentBack));
    journal.clear().await.unwrap();
    assert_eq!(journal.trouble(), None);
    journal.look_at(journal.looking(), facts());
    note(&journal, &playback(VideoCodec::Hevc));
    assert_eq!(counted(&journal, VideoCodec::Hevc), (1, 1));
}

#[tokio::test]
async fn a_newer_journal_is_neither_used_nor_touched_until_the_owner_says_so() {
    for newer in [
        "UPDATE telemetry_journal SET layout = 9",
        "UPDATE telemetry_journal SET registry = 9",
    ] {
        let mut alcove = Box_::new();
        let journal = alcove.journal().await;
        answer(&journal, Choice::Share).await;
        note(&journal, &playback(VideoCodec::Hevc));
        journal.write().await;
        alcove.change(newer).await;
        let load =
            async |alcove: &Box_| alcove.db.as_ref().unwrap().read(rows::load).await.unwrap();
        let stored = load(&alcove).await;
        let journal = alcove.again(journal).await;
        assert_eq!(journal.trouble(), Some(Trouble::Newer));
        note(&journal, &playback(VideoCodec::Hevc));
        journal.write().await;
        assert!(is_empty(&journal));
        assert_eq!(load(&alcove).await, stored);
        answer(&journal, Choice::Local).await;
        assert_eq!(
            load(&alcove).await,
            stored,
            "another yes is not the owner's delete"
        );
        answer(&journal, Choice::Off).await;
        assert_eq!(
            alcove.traces(),
            Vec::<&str>::new(),
            "a no deletes it all the same"
        );
        answer(&journal, Choice::Local).await;
        assert!(journal.is_collecting());
    }
}

#[tokio::test]
async fn tables_of_a_newer_alcove_are_private_and_stop_no_start() {
    for newer in [
        "DROP TABLE telemetry_counts",
        "ALTER TABLE telemetry_answers RENAME COLUMN seen TO offered",
        "DROP TABLE telemetry_journal; CREATE TABLE telemetry_journal (layout TEXT);
         INSERT INTO telemetry_journal VALUES ('two')",
        "ALTER TABLE telemetry_journal RENAME TO telemetry_heads",
    ] {
        let mut alcove = Box_::new();
        let journal = alcove.journal().await;
        answer(&journal, Choice::Share).await;
        note(&journal, &playback(VideoCodec::Hevc));
        journal.write().await;
        alcove.change("PRAGMA secure_delete = 1; CREATE TABLE telemetry_more (a TEXT); INSERT INTO telemetry_more VALUES ('video_codec.hevc')").await;
        alcove.change(newer).await;
        let journal = alcove.again(journal).await;
        note(&journal, &playback(VideoCodec::Hevc));
        journal.write().await;
        assert_eq!(journal.trouble(), Some(Trouble::Newer), "{newer}");
        assert!(is_empty(&journal) && !journal.is_collecting(), "{newer}");
        assert!(!alcove.traces().is_empty(), "{newer}: it is not touched");
        journal.clear().await.unwrap();
        let left = alcove.traces();
        assert!(!left.contains(&"video_codec.hevc"), "{newer}: {left:?}");
        // What does not fit is not written either.
        assert_eq!(journal.trouble(), Some(Trouble::Newer), "{newer}");
        answer(&journal, Choice::Off).await;
        assert_eq!(alcove.traces(), Vec::<&str>::new(), "{newer}");
    }
}

#[tokio::test]
async fn a_table_of_a_newer_journal_is_emptied_by_a_no_too() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    alcove
        .change(
            "CREATE TABLE telemetry_more (a TEXT); INSERT INTO telemetry_more VALUES ('video_codec.hevc')",
        )
        .await;
    assert_eq!(alcove.traces(), ["video_codec.hevc"]);
    answer(&journal, Choice::Off).await;
    assert_eq!(alcove.traces(), Vec::<&str>::new());
}

#[tokio::test]
async fn what_a_crash_left_behind_after_a_no_is_gone_at_the_next_start() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    note(&journal, &playback(VideoCodec::Hevc));
    journal.write().await;
    // The process ends between the flash and the database.
    journal.consent().set(Choice::Off, ALL_ON).unwrap();
    assert!(!alcove.traces().is_empty());
    alcove.again(journal).await;
    assert_eq!(alcove.traces(), Vec::<&str>::new());
}

#[tokio::test]
async fn the_environment_and_another_registry_delete_what_was_counted() {
    let mut alcove = Box_::new();
    let count = async |alcove: &mut Box_| {
        let journal = alcove.journal().await;
        answer(&journal, Choice::Share).await;
        note(&journal, &playback(VideoCodec::Hevc));
        journal.write().await;
        assert!(!alcove.traces().is_empty());
    };
    count(&mut alcove).await;
    let silent = Settings {
        do_not_track: true,
        ..alcove.settings()
    };
    let journal = alcove.journal_with(silent).await;
    assert_eq!(alcove.traces(), Vec::<&str>::new());
    let refused = journal.answer(Choice::Local, ALL_ON).await;
    drop(journal);
    assert!(matches!(
        refused,
        Err(AnswerError::Set(SetError::Refused(_)))
    ));
    count(&mut alcove).await;
    let next = Settings {
        registry_version: REGISTRY.version + 1,
        ..alcove.settings()
    };
    let journal = alcove.journal_with(next).await;
    assert!(journal.consent().state().asks() && is_empty(&journal));
    assert_eq!(alcove.traces(), Vec::<&str>::new());
    let journal = alcove.again(journal).await;
    let state = journal.consent().state();
    assert_eq!(state.reason.map(|r| r.code()), Some("registry_went_back"));
    note(&journal, &playback(VideoCodec::Hevc));
    assert!(is_empty(&journal), "a rollback asks again");
}

#[tokio::test]
async fn playbacks_of_before_a_yes_are_forgotten_where_they_are_gathered() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    let told = |alcove: &Box_| {
        let read = |at: &AtomicU32| at.load(Ordering::Relaxed);
        (read(&alcove.told.0), read(&alcove.told.1))
    };
    assert_eq!(told(&alcove), (1, 0));
    answer(&journal, Choice::Local).await;
    assert_eq!(told(&alcove), (1, 1));
    answer(&journal, Choice::Local).await;
    assert_eq!(told(&alcove), (1, 1), "the same answer again");
    answer(&journal, Choice::Share).await;
    assert_eq!(
        told(&alcove),
        (1, 2),
        "what was gathered for the owner is not shared"
    );
    journal.clear().await.unwrap();
    assert_eq!(told(&alcove), (1, 3), "what runs is deleted as well");
    answer(&journal, Choice::Off).await;
    assert_eq!(told(&alcove), (2, 3));
}

#[tokio::test]
async fn what_is_in_force_is_told_when_it_changes() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    let mut mode = journal.subscribe();
    answer(&journal, Choice::Local).await;
    assert!(mode.has_changed().unwrap());
    assert_eq!(*mode.borrow_and_update(), Mode::Local);
    answer(&journal, Choice::Local).await;
    assert!(!mode.has_changed().unwrap(), "the same answer again");
    let fewer = Switches {
        crash_reports: false,
        ..ALL_ON
    };
    journal.answer(Choice::Local, fewer).await.unwrap();
    assert!(mode.has_changed().unwrap(), "another switch");
}

#[tokio::test]
async fn the_database_is_written_no_more_than_once_an_hour_and_at_the_end() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Local).await;
    let stored = async |alcove: &Box_| {
        let found = alcove.db.as_ref().unwrap().read(rows::load).await.unwrap();
        found.map_or(0, |found| found.counts.len())
    };
    let end = CancellationToken::new();
    let running = journal.clone();
    let token = end.clone();
    let work = async {
        for _ in 0..100 {
            note(&journal, &playback(VideoCodec::Hevc));
            tokio::task::yield_now().await;
        }
        assert_eq!(stored(&alcove).await, 0);
        end.cancel();
    };
    tokio::join!(running.run(token), work);
    assert!(stored(&alcove).await > 10);
}

/// Most bytes that the rows of a full journal take.
#[tokio::test]
async fn a_journal_stays_small_whatever_is_played() {
    let mut alcove = Box_::new();
    let journal = alcove.journal().await;
    answer(&journal, Choice::Share).await;
    for _ in 0..14 {
        for codec in VideoCodec::ALL {
            for backend in Backend::ALL {
                for factor in RealTimeFactor::ALL {
                    for outcome in Outcome::ALL {
                        let played = Playback {
                            backend: *backend,
                            real_time_factor: *factor,
                            outcome: *outcome,
                            ..playback(*codec)
                        };
                        note(&journal, &played);
                    }
                }
            }
        }
        journal.write().await;
        alcove.clock.advance_ms(7 * DAY_MS);
    }
    let stored = alcove
        .db
        .as_ref()
        .unwrap()
        .read(rows::load)
        .await
        .unwrap()
        .unwrap();
    let most = Metric::ALL
        .iter()
        .map(|metric| metric.count())
        .sum::<usize>();
    assert!(stored.counts.len() <= most, "{}", stored.counts.len());
    assert!(
        stored.performance.len() <= 12 * 4 * 4 * 5,
        "{}",
        stored.performance.len()
    );
    assert!(stored.answers.len() <= 10, "{}", stored.answers.len());
    let rows = stored.counts.len() + stored.performance.len() + stored.answers.len();
    println!("a full journal: {rows} rows");
}
