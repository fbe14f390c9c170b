//! When a playback begins and ends, on a clock that jumps.
//!
//! Never: real time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, advance};
use tokio_util::sync::CancellationToken;

use super::backend::Encoder;
use super::plan::Decision;
use super::playbacks::{Begin, Ended, PlaybackKey, Playbacks};
use super::test_media::{audio, info, video};
use crate::media::codec::Container;
use crate::telemetry::class::{
    Backend, Client, Fallback, Feature, FirstSegment, Outcome, Playback, RealTimeFactor, Stalls,
};

const FILM: PlaybackKey = PlaybackKey { owner: 1, item: 7 };

fn begin(decision: Option<Decision>) -> Begin {
    let film = info(
        Container::Matroska,
        vec![video("hevc")],
        vec![audio(1, "aac"), audio(2, "aac")],
    );
    Begin {
        file_id: 70,
        info: Arc::new(film),
        client: Client::DesktopBrowser,
        decision,
        sound_chosen: false,
    }
}

/// Runs `script` beside the driver, with collecting on.
async fn run(script: impl AsyncFnOnce(&Playbacks, &mut Ended)) {
    let (playbacks, mut ended) = Playbacks::new();
    playbacks.collect(true);
    let shutdown = CancellationToken::new();
    let scripted = async {
        script(&playbacks, &mut ended).await;
        shutdown.cancel();
    };
    tokio::join!(playbacks.run(shutdown.clone()), scripted);
    assert_eq!(
        ended.next_now(),
        None,
        "an end that the script did not expect"
    );
}

async fn pass(seconds: u64) {
    // In steps, so that the driver sees each deadline.
    for _ in 0..seconds {
        advance(Duration::from_secs(1)).await;
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
    }
}

fn outcome(ended: &mut Ended) -> Option<Outcome> {
    ended.next_now().map(|playback| playback.outcome)
}

#[tokio::test(start_paused = true)]
async fn a_playback_ends_once_after_a_minute_of_silence() {
    run(async |playbacks, ended| {
        playbacks.begin(FILM, begin(Some(Decision::Remux)));
        playbacks.delivered(FILM);
        pass(59).await;
        playbacks.touch(FILM);
        pass(59).await;
        assert_eq!(ended.next_now(), None);
        pass(2).await;
        assert_eq!(outcome(ended), Some(Outcome::Remux));
        // After a long pause the same address goes on.
        playbacks.delivered(FILM);
        pass(120).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn logging_out_ends_the_playbacks_of_that_login() {
    run(async |playbacks, ended| {
        let other = PlaybackKey { owner: 2, ..FILM };
        let song = PlaybackKey { item: 8, ..FILM };
        for key in [FILM, song, other] {
            playbacks.begin(key, begin(Some(Decision::DirectPlay)));
            drop(playbacks.hold(key));
        }
        playbacks.end_all_of(1);
        assert_eq!(outcome(ended), Some(Outcome::Direct));
        assert_eq!(outcome(ended), Some(Outcome::Direct));
        assert_eq!(ended.next_now(), None);
        playbacks.end_all_of(2);
        assert_eq!(outcome(ended), Some(Outcome::Direct));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_sent_is_no_silence() {
    run(async |playbacks, ended| {
        playbacks.begin(FILM, begin(Some(Decision::DirectPlay)));
        let hold = playbacks.hold(FILM);
        pass(600).await;
        assert_eq!(ended.next_now(), None);
        drop(hold);
        pass(59).await;
        assert_eq!(ended.next_now(), None);
        pass(2).await;
        assert_eq!(outcome(ended), Some(Outcome::Direct));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn asking_again_goes_on_with_the_same_playback() {
    run(async |playbacks, ended| {
        playbacks.begin(FILM, begin(None));
        pass(5).await;
        playbacks.begin(FILM, begin(Some(Decision::DirectPlay)));
        drop(playbacks.hold(FILM));
        let chosen = Begin {
            sound_chosen: true,
            ..begin(Some(Decision::Remux))
        };
        playbacks.begin(FILM, chosen);
        playbacks.subtitles(FILM);
        playbacks.delivered(FILM);
        playbacks.told(FILM, None, Stalls::None);
        let playback = ended.next_now().unwrap();
        assert_eq!(playback.outcome, Outcome::Remux);
        assert_eq!(playback.feature, Feature::SubtitlesAndAudioTracks);
        assert_eq!(playback.stalls, Stalls::None);
        // From the first wish, the refusal before it included.
        assert_eq!(playback.first_segment, FirstSegment::Above5000);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_or_broke_off_is_told_and_what_nobody_fetched_is_not() {
    run(async |playbacks, ended| {
        playbacks.begin(FILM, begin(None));
        pass(61).await;
        assert_eq!(outcome(ended), Some(Outcome::Failed));
        playbacks.begin(FILM, begin(Some(Decision::Transcode)));
        pass(61).await;
        assert_eq!(ended.next_now(), None);
        playbacks.begin(FILM, begin(Some(Decision::Transcode)));
        playbacks.delivered(FILM);
        playbacks.broke(FILM);
        playbacks.end_all_of(FILM.owner);
        assert_eq!(outcome(ended), Some(Outcome::Failed));
        playbacks.begin(FILM, begin(Some(Decision::Transcode)));
        playbacks.broke(FILM);
        playbacks.delivered(FILM);
        playbacks.end_all_of(FILM.owner);
        assert_eq!(outcome(ended), Some(Outcome::SoftwareKeepsUp));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn encoding_counts_for_the_playback_it_was_done_for() {
    run(async |playbacks, ended| {
        let encoder = Encoder {
            backend: Backend::Software,
            fallback: Fallback::NoHardware,
        };
        playbacks.begin(FILM, begin(Some(Decision::Transcode)));
        playbacks.delivered(FILM);
        let start = Instant::now();
        let job = (start, start + Duration::from_secs(2));
        for (owner, file_id) in [(1, 70), (2, 70), (1, 71)] {
            playbacks.made(owner, file_id, Duration::from_secs(3), job, encoder);
        }
        playbacks.told(FILM, Some(FirstSegment::Below2000), Stalls::Below20);
        let playback = ended.next_now().unwrap();
        let want = Playback {
            outcome: Outcome::SoftwareKeepsUp,
            backend: Backend::Software,
            fallback: Fallback::NoHardware,
            real_time_factor: RealTimeFactor::Below2000,
            first_segment: FirstSegment::Below2000,
            stalls: Stalls::Below20,
            ..playback
        };
        assert_eq!(playback, want);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_gathered_while_off_and_an_answer_forgets_what_was() {
    run(async |playbacks, ended| {
        playbacks.collect(false);
        assert!(!playbacks.collects());
        playbacks.begin(FILM, begin(Some(Decision::DirectPlay)));
        assert!(playbacks.hold(FILM).is_none());
        playbacks.end_all_of(FILM.owner);
        pass(61).await;
        assert_eq!(ended.next_now(), None);
        playbacks.collect(true);
        // It began before the answer.
        playbacks.delivered(FILM);
        pass(61).await;
        assert_eq!(ended.next_now(), None);
        playbacks.begin(FILM, begin(Some(Decision::DirectPlay)));
        let hold = playbacks.hold(FILM);
        playbacks.end_all_of(FILM.owner);
        playbacks.begin(FILM, begin(Some(Decision::DirectPlay)));
        // One has ended and waits, one runs: neither outlives the answer.
        playbacks.collect(true);
        drop(hold);
        pass(61).await;
        assert_eq!(ended.next_now(), None);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn many_at_once_end_the_most_silent_and_a_full_queue_drops() {
    run(async |playbacks, ended| {
        for item in 0..300 {
            playbacks.show(
                PlaybackKey { owner: 1, item },
                begin(Some(Decision::DirectPlay)),
            );
            pass(0).await;
            advance(Duration::from_millis(10)).await;
        }
        let count = |ended: &mut Ended| std::iter::from_fn(|| ended.next_now()).count();
        assert_eq!(count(ended), 44);
        playbacks.end_all_of(1);
        assert_eq!(count(ended), 64);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_ends_what_runs() {
    let (playbacks, mut ended) = Playbacks::new();
    playbacks.collect(true);
    playbacks.show(FILM, begin(Some(Decision::DirectPlay)));
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    playbacks.run(shutdown).await;
    drop(playbacks);
    assert!(ended.next().await.is_some());
    assert!(ended.next().await.is_none());
}
