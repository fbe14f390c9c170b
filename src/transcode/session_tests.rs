//! How sessions behave, with a backend whose speed and failures the test decides and a clock that jumps.
//!
//! Never: a worker, real time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::backend::{Backend, Encoder, Making};
use super::capacity::{Capacity, CoreKind};
use super::plan::{AudioPlan, Decision, GridChoice, Plan, VideoPlan};
use super::playbacks::Playbacks;
use super::session::{Part, Rendition, SessionError, SessionKey, Sessions, SessionsConfig};
use super::source::{Opener, Source};
use super::test_media::{audio, info, video};
use crate::base::rational::MILLISECONDS;
use crate::media::codec::Container;
use crate::media::grid::SegmentGrid;
use crate::media::job::{Job, JobError};
use crate::media::target::{AudioTarget, H264Target, Preset, VideoTarget};
use crate::pool::PoolError;
use crate::telemetry::class::{Backend as BackendClass, Fallback};

const VIDEO: Rendition = Rendition::Video(0);

/// What the double did, in order: "v3" is begun, "v3." is finished, "v3!" was dropped half-way.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A backend that takes `pace` for each part and fails as often as `failures` says.
struct Double {
    pace: Duration,
    part_bytes: usize,
    failures: Mutex<HashMap<String, Vec<PoolError>>>,
    diary: Arc<Diary>,
}

struct Noticed {
    name: String,
    diary: Arc<Diary>,
    is_done: bool,
}

impl Noticed {
    fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Noticed {
    fn drop(&mut self) {
        let end = if self.is_done { '.' } else { '!' };
        self.diary.write(format!("{}{end}", self.name));
    }
}

impl Backend for Double {
    fn make(&self, _opener: Opener, job: Job) -> Making {
        let name = match &job {
            Job::VideoInit(_) => "vi".to_owned(),
            Job::VideoSegment { index, .. } => format!("v{index}"),
            Job::AudioInit(spec) => format!("a{}i", spec.stream),
            Job::AudioSegment { spec, index } => format!("a{}-{index}", spec.stream),
            other => panic!("not a part: {other:?}"),
        };
        self.diary.write(name.clone());
        let mut failures = self.failures.lock().unwrap();
        let failure = failures.get_mut(&name).and_then(Vec::pop);
        let bytes = Bytes::from(vec![7; self.part_bytes]);
        let noticed = Noticed {
            name,
            diary: Arc::clone(&self.diary),
            is_done: false,
        };
        let pace = self.pace;
        Box::pin(async move {
            tokio::time::sleep(pace).await;
            noticed.done();
            failure.map_or(Ok(bytes), Err)
        })
    }

    fn encoder(&self) -> Encoder {
        Encoder {
            backend: BackendClass::Software,
            fallback: Fallback::NoHardware,
        }
    }
}

/// Sessions on the double, with their driver running.
struct Stage {
    sessions: Sessions,
    diary: Arc<Diary>,
    shutdown: CancellationToken,
}

#[derive(Clone, Copy)]
struct Setting {
    pace_ms: u64,
    part_bytes: usize,
    cache_bytes: usize,
    parallel_jobs: usize,
}

const USUAL: Setting = Setting {
    pace_ms: 1000,
    part_bytes: 100,
    cache_bytes: 1_000_000,
    parallel_jobs: 2,
};

/// Runs `script` while the driver runs, and ends with it.
async fn play(
    setting: Setting,
    failures: Vec<(&str, PoolError)>,
    script: impl AsyncFnOnce(&Stage),
) {
    let diary = Arc::new(Diary::default());
    let mut planned: HashMap<String, Vec<PoolError>> = HashMap::new();
    for (name, error) in failures {
        planned.entry(name.to_owned()).or_default().push(error);
    }
    let backend = Double {
        pace: Duration::from_millis(setting.pace_ms),
        part_bytes: setting.part_bytes,
        failures: Mutex::new(planned),
        diary: Arc::clone(&diary),
    };
    let config = SessionsConfig {
        cache_bytes: setting.cache_bytes,
        parallel_jobs: setting.parallel_jobs,
        capacity: Capacity::guess(setting.parallel_jobs, CoreKind::Large),
    };
    let (playbacks, _) = Playbacks::new();
    let sessions = Sessions::new(Arc::new(backend), config, playbacks);
    let shutdown = CancellationToken::new();
    let (driver, stop) = (sessions.clone(), shutdown.clone());
    let stage = Stage {
        sessions,
        diary,
        shutdown,
    };
    let script = async {
        script(&stage).await;
        stage.shutdown.cancel();
    };
    tokio::join!(driver.run(stop), script);
}

/// A film of 20 segments of 5 s.
fn source(file_id: i64) -> Source {
    let film = info(
        Container::Matroska,
        vec![video("hevc")],
        vec![audio(1, "dts"), audio(2, "dts")],
    );
    let grid = SegmentGrid::regular(MILLISECONDS, 0, 100_000).unwrap();
    let opener: Opener =
        Arc::new(|| Box::pin(async { Err(std::io::Error::other("the double opens nothing")) }));
    Source::new(opener, file_id, 99, Arc::new(film), Arc::new(grid))
}

fn transcode(height: u32) -> Plan {
    let target = VideoTarget::H264(H264Target {
        width: height * 16 / 9,
        height,
        crf: 22,
        max_rate_kbps: 5000,
        preset: Preset::Veryfast,
        frame_rate: None,
        deinterlace: false,
        level: 31,
    });
    plan(Decision::Transcode, target)
}

fn plan(decision: Decision, target: VideoTarget) -> Plan {
    let aac = |stream| AudioPlan {
        stream,
        target: AudioTarget::Aac {
            bit_rate_kbps: 192,
            channels: 2,
            sample_rate_hz: 48_000,
        },
    };
    Plan {
        decision,
        grid: GridChoice::Stored,
        video: Some(VideoPlan {
            stream: 0,
            rungs: vec![target],
        }),
        audio: vec![aac(1), aac(2)],
        first_audio: Some(1),
    }
}

fn remux() -> Plan {
    plan(Decision::Remux, VideoTarget::Copy)
}

/// A login that plays one thing.
fn own(playback: &str) -> SessionKey<'_> {
    let owner = playback.bytes().fold(0, |sum, b| sum * 251 + i64::from(b));
    SessionKey { owner, playback }
}

impl Stage {
    async fn part(
        &self,
        key: &str,
        plan: &Plan,
        rendition: Rendition,
        part: Part,
    ) -> Result<Bytes, SessionError> {
        let source = source(1);
        self.sessions
            .part(own(key), &source, plan, rendition, part)
            .await
    }

    async fn segment(&self, key: &str, k: u32) -> Result<Bytes, SessionError> {
        self.part(key, &transcode(480), VIDEO, Part::Segment(k))
            .await
    }

    /// Lets everything that is going on come to rest.
    async fn rest(&self) {
        tokio::time::sleep(Duration::from_secs(15)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn three_segments_are_made_ahead_and_then_the_session_is_parked() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        assert!(!stage.sessions.list()[0].is_parked);
        stage.rest().await;
        assert_eq!(
            stage.diary.take(),
            ["v0", "v1", "v0.", "v1.", "v2", "v3", "v2.", "v3."]
        );
        assert!(stage.sessions.list()[0].is_parked);
        stage.segment("a", 1).await.unwrap();
        stage.rest().await;
        assert_eq!(stage.diary.take(), ["v4", "v4."]);
        assert_eq!(stage.sessions.list()[0].position_ms, 5_000);
        assert_eq!(stage.sessions.list()[0].speed, Some(5.0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_film_is_not_passed() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 18).await.unwrap();
        stage.rest().await;
        assert_eq!(stage.diary.take(), ["v18", "v19", "v18.", "v19."]);
        assert_eq!(stage.segment("a", 20).await, Err(SessionError::NoSuchPart));
        let absent = [
            Rendition::Video(1),
            Rendition::Audio(0),
            Rendition::Audio(9),
        ];
        for rendition in absent {
            let copy = remux();
            let asked = stage.part("a", &copy, rendition, Part::Init);
            assert_eq!(asked.await, Err(SessionError::NoSuchPart), "{rendition:?}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_seek_stops_the_jobs_of_the_old_place() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        stage.segment("a", 10).await.unwrap();
        stage.rest().await;
        let diary = stage.diary.take();
        assert_eq!(diary[..6], ["v0", "v1", "v0.", "v1.", "v2", "v3"]);
        let stopped: Vec<_> = diary.iter().filter(|line| line.ends_with('!')).collect();
        assert_eq!(stopped.len(), 2, "v2 and v3: {diary:?}");
        assert_eq!(
            diary[8..],
            ["v10", "v11", "v10.", "v11.", "v12", "v13", "v12.", "v13."]
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn viewers_of_one_part_share_one_job() {
    play(USUAL, vec![], async |stage| {
        let (one, two, three) = tokio::join!(
            stage.segment("a", 5),
            stage.segment("b", 5),
            stage.segment("b", 5)
        );
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        stage.segment("c", 5).await.unwrap();
        let made = stage.diary.take();
        assert_eq!(
            made.iter().filter(|line| *line == "v5").count(),
            1,
            "{made:?}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_given_up_takes_nothing_from_the_others() {
    play(USUAL, vec![], async |stage| {
        let hasty = tokio::time::timeout(Duration::from_millis(300), stage.segment("a", 5));
        let (hasty, patient) = tokio::join!(hasty, stage.segment("b", 5));
        assert!(hasty.is_err());
        assert!(patient.is_ok());
        assert!(!stage.diary.take().contains(&"v5!".to_owned()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_comes_before_what_is_made_in_advance() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        // v2 and v3 are being made ahead; v3 is wanted later and gives way.
        let asked = tokio::time::Instant::now();
        stage.segment("b", 10).await.unwrap();
        assert_eq!(asked.elapsed(), Duration::from_secs(1));
        stage.rest().await;
        let diary = stage.diary.take();
        assert!(diary.contains(&"v3!".to_owned()), "{diary:?}");
        assert!(!diary.contains(&"v2!".to_owned()), "{diary:?}");
        let again = diary.contains(&"v3.".to_owned());
        assert!(again, "given up, made later: {diary:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn sound_and_copies_do_not_wait_behind_pictures() {
    play(USUAL, vec![], async |stage| {
        let (transcode, copy) = (transcode(480), remux());
        let asked = tokio::time::Instant::now();
        let (a, b, sound, copied) = tokio::join!(
            stage.segment("a", 0),
            stage.segment("b", 9),
            stage.part("a", &transcode, Rendition::Audio(1), Part::Segment(0)),
            stage.part("c", &copy, VIDEO, Part::Segment(5)),
        );
        assert!(a.is_ok() && b.is_ok() && sound.is_ok() && copied.is_ok());
        assert_eq!(asked.elapsed(), Duration::from_secs(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_silence_ends_a_session() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        tokio::time::sleep(Duration::from_secs(58)).await;
        assert_eq!(stage.sessions.list().len(), 1);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(stage.sessions.list().len(), 0);
        stage.diary.take();
        stage.segment("a", 1).await.unwrap();
        assert_eq!(stage.sessions.list().len(), 1, "it comes back by itself");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn memory_is_given_back_some_time_after_the_last_session() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        for (pause_s, want) in [(590, vec![]), (610, vec!["v0", "v0."])] {
            stage.rest().await;
            stage.diary.take();
            tokio::time::sleep(Duration::from_secs(pause_s - 15)).await;
            stage.sessions.end_all_of(own("a").owner);
            stage.segment("a", 0).await.unwrap();
            let made = stage.diary.take();
            let own: Vec<_> = made.iter().filter(|line| line.starts_with("v0")).collect();
            assert_eq!(own, want, "after {pause_s} s");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_ended_session_stops_its_jobs() {
    play(USUAL, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        stage.sessions.end_all_of(own("a").owner);
        stage.sessions.end_all_of(-1);
        stage.rest().await;
        let mut diary = stage.diary.take();
        diary[6..].sort_unstable();
        assert_eq!(diary, ["v0", "v1", "v0.", "v1.", "v2", "v3", "v2!", "v3!"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_worker_gets_a_second_try_and_a_damaged_file_does_not() {
    let crash = || PoolError::Crashed("signal 11".to_owned());
    let damage = || PoolError::Job(JobError::Damaged("no frame".to_owned()));
    play(
        USUAL,
        vec![
            ("v0", crash()),
            ("v5", crash()),
            ("v5", crash()),
            ("v12", damage()),
        ],
        async |stage| {
            assert!(stage.segment("a", 0).await.is_ok());
            let twice = Err(SessionError::Crashed("signal 11".to_owned()));
            assert_eq!(stage.segment("a", 5).await, twice);
            stage.rest().await;
            assert!(
                stage.segment("a", 5).await.is_ok(),
                "the error is forgotten"
            );
            let damaged = stage.segment("a", 12).await;
            assert!(
                matches!(damaged, Err(SessionError::Damaged(_))),
                "{damaged:?}"
            );
            let asked = tokio::time::Instant::now();
            assert_eq!(stage.segment("a", 12).await, damaged, "repeated at once");
            assert_eq!(asked.elapsed(), Duration::ZERO);
            let count = |name: &str, diary: &[String]| diary.iter().filter(|l| *l == name).count();
            let diary = stage.diary.take();
            assert_eq!(
                (
                    count("v0", &diary),
                    count("v5", &diary),
                    count("v12", &diary)
                ),
                (2, 3, 1)
            );
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cache_too_small_for_the_window_does_not_make_segments_for_ever() {
    let setting = Setting {
        cache_bytes: 250,
        ..USUAL
    };
    play(setting, vec![], async |stage| {
        stage.segment("a", 0).await.unwrap();
        tokio::time::sleep(Duration::from_secs(50)).await;
        let diary = stage.diary.take();
        assert_eq!(
            diary.iter().filter(|line| line.ends_with('.')).count(),
            4,
            "{diary:?}"
        );
        stage.segment("a", 1).await.unwrap();
        assert!(
            stage.diary.take().contains(&"v1".to_owned()),
            "made again when asked for"
        );
    })
    .await;
}

/// Opens a playback of `owner` as a player's first question does; the refusal's time and sentence.
fn open(stage: &Stage, key: SessionKey<'_>, file: i64, plan: &Plan) -> Result<(), (u32, String)> {
    let opened = stage.sessions.admit(key, &source(file), plan);
    opened.map_err(|error| match error {
        SessionError::Busy {
            retry_after_s,
            reason,
        } => (retry_after_s, reason),
        other => panic!("{other}"),
    })
}

/// Opens it and fetches from it.
async fn watch(stage: &Stage, key: SessionKey<'_>, file: i64, plan: &Plan) {
    open(stage, key, file, plan).unwrap();
    let (film, first) = (source(file), Part::Segment(0));
    let fetched = stage.sessions.part(key, &film, plan, VIDEO, first);
    fetched.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn transcodes_past_the_capacity_are_refused_and_copies_are_not() {
    play(USUAL, vec![], async |stage| {
        let (heavy, copied) = (transcode(1080), remux());
        // Two large cores take one film at 1080 and not two, by the guess.
        watch(stage, own("one"), 1, &heavy).await;
        let (retry_after_s, reason) = open(stage, own("two"), 2, &heavy).unwrap_err();
        assert!((1..=13).contains(&retry_after_s), "{retry_after_s}");
        assert!(reason.contains("converting 1"), "{reason}");
        assert_eq!(open(stage, own("copy"), 3, &copied), Ok(()));
        let again = open(stage, own("one"), 1, &heavy);
        assert_eq!(again, Ok(()), "it is open already");
        assert!(stage.sessions.capacity_for(0).pixels_per_s < 50_000_000);
        tokio::time::sleep(Duration::from_secs(13)).await;
        let late = open(stage, own("two"), 2, &heavy);
        assert_eq!(late, Ok(()), "quiet players take no part");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_playback_that_nobody_fetches_keeps_its_place_for_seconds_only() {
    play(USUAL, vec![], async |stage| {
        let heavy = transcode(1080);
        assert_eq!(open(stage, own("asked"), 1, &heavy), Ok(()));
        let (retry_after_s, _) = open(stage, own("other"), 2, &heavy).unwrap_err();
        assert!((1..=6).contains(&retry_after_s), "{retry_after_s}");
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(open(stage, own("other"), 2, &heavy), Ok(()));
        let open: Vec<_> = stage.sessions.list();
        assert_eq!(open.len(), 1, "the one nobody came for is gone: {open:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_login_that_asks_and_asks_takes_one_place() {
    play(USUAL, vec![], async |stage| {
        let heavy = transcode(1080);
        for n in 0..300 {
            let playback = format!("playback {n}");
            let key = SessionKey {
                owner: 7,
                playback: &playback,
            };
            assert_eq!(open(stage, key, n % 9, &heavy), Ok(()), "{n}");
        }
        assert_eq!(stage.sessions.list().len(), 1);
        stage.sessions.end_all_of(7);
        for n in 0..300 {
            let playback = format!("playback {n}");
            let key = SessionKey {
                owner: 7,
                playback: &playback,
            };
            watch(stage, key, n % 9, &remux()).await;
        }
        let open = stage.sessions.list().len();
        assert!(open <= 8, "{open} sessions of one login");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_takes_another_film_is_not_in_their_own_way() {
    play(USUAL, vec![], async |stage| {
        let heavy = transcode(1080);
        let mine = |playback| SessionKey { owner: 7, playback };
        watch(stage, mine("first"), 1, &heavy).await;
        assert_eq!(stage.sessions.capacity_for(7).pixels_per_s, 84_000_000);
        watch(stage, mine("reloaded"), 1, &heavy).await;
        let third = open(stage, mine("third"), 3, &heavy);
        assert!(third.is_err(), "not for ever: {third:?}");
        stage.sessions.end_all_of(7);
        assert_eq!(open(stage, mine("third"), 3, &heavy), Ok(()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_when_the_films_of_others_may_be_quiet() {
    let slow = Setting {
        pace_ms: 30_000,
        ..USUAL
    };
    play(slow, vec![], async |stage| {
        let heavy = transcode(1080);
        let ask = async |key: SessionKey<'_>, file| {
            let (film, first) = (source(file), Part::Segment(0));
            let asked = stage.sessions.part(key, &film, &heavy, VIDEO, first);
            let given_up = tokio::time::timeout(Duration::from_millis(1), asked).await;
            assert!(given_up.is_err(), "{given_up:?}");
        };
        let mine = |playback| SessionKey { owner: 7, playback };
        ask(own("other"), 1).await;
        tokio::time::sleep(Duration::from_secs(14)).await;
        ask(mine("first"), 2).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        ask(own("other"), 1).await;
        // The login's own film would be quiet sooner, but is not in the way.
        let (retry_after_s, _) = open(stage, mine("second"), 3, &heavy).unwrap_err();
        assert!((12..=14).contains(&retry_after_s), "{retry_after_s}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn measured_speed_replaces_the_guess() {
    play(
        Setting {
            pace_ms: 250,
            ..USUAL
        },
        vec![],
        async |stage| {
            let heavy = transcode(720);
            for k in 0..4 {
                let asked = stage.part("one", &heavy, VIDEO, Part::Segment(k));
                asked.await.unwrap();
            }
            let capacity = stage.sessions.capacity_for(9);
            assert!(capacity.measured);
            for file in 2..9 {
                let key = format!("film {file}");
                assert!(
                    stage
                        .sessions
                        .admit(own(&key), &source(file), &heavy)
                        .is_ok(),
                    "{file}"
                );
            }
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn shutting_down_answers_everybody() {
    play(USUAL, vec![], async |stage| {
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            stage.shutdown.cancel();
        };
        let (waiting, ()) = tokio::join!(stage.segment("a", 0), stop);
        assert_eq!(waiting, Err(SessionError::Closed));
        assert_eq!(stage.segment("a", 0).await, Err(SessionError::Closed));
        tokio::task::yield_now().await;
        let mut diary = stage.diary.take();
        diary.sort_unstable();
        assert_eq!(diary, ["v0", "v0!", "v1", "v1!"]);
    })
    .await;
}
