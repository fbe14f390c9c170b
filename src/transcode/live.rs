//! One playback while it runs: what was measured of it so far.
//!
//! Never: who plays, what is played; any of this after its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::backend::Encoder;
use super::classes::{self, Used};
use super::plan::Decision;
use super::playbacks::Begin;
use crate::media::info::MediaInfo;
use crate::telemetry::class::{
    Backend, Client, Fallback, FirstSegment, Outcome, Playback, RealTimeFactor, Stalls,
};

/// A playback that runs.
pub(crate) struct Live {
    pub(crate) file_id: i64,
    info: Arc<MediaInfo>,
    client: Client,
    /// `None` when the player was told that it cannot have it, or not now.
    pub(crate) decision: Option<Decision>,
    asked: Instant,
    pub(crate) last_sign: Instant,
    /// Answers that are still being sent.
    pub(crate) holds: u32,
    pub(crate) is_fetched: bool,
    /// The last thing it asked for could not be had.
    pub(crate) is_broken: bool,
    /// From the wish to play to the first segment.
    waited: Option<Duration>,
    pub(crate) used: Used,
    /// What the player told.
    first_picture: Option<FirstSegment>,
    stalls: Stalls,
    pace: Pace,
    encoder: Option<Encoder>,
}

impl Live {
    pub(crate) fn new(now: Instant, begin: Begin) -> Self {
        Self {
            file_id: begin.file_id,
            info: begin.info,
            client: begin.client,
            decision: begin.decision,
            asked: now,
            last_sign: now,
            holds: 0,
            is_fetched: false,
            is_broken: false,
            waited: None,
            used: Used::default(),
            first_picture: None,
            stalls: Stalls::Unknown,
            pace: Pace::default(),
            encoder: None,
        }
    }

    /// A segment of the picture, or of the sound where there is none, is ready to be sent.
    pub(crate) fn delivered(&mut self, now: Instant) {
        let waited = now.saturating_duration_since(self.asked);
        self.waited.get_or_insert(waited);
    }

    /// A job has encoded `made` of the picture.
    pub(crate) fn made(&mut self, made: Duration, job: (Instant, Instant), encoder: Encoder) {
        self.pace.add(made, job);
        self.encoder = Some(encoder);
    }

    /// What the player itself saw, which is nearer to the viewer than what the server sent.
    pub(crate) fn told(&mut self, first_picture: Option<FirstSegment>, stalls: Stalls) {
        self.first_picture = first_picture;
        self.stalls = stalls;
    }

    /// What is left of it; `None` when it never began.
    pub(crate) fn classes(&self) -> Option<Playback> {
        if !self.is_fetched && !self.is_broken && self.decision.is_some() {
            return None;
        }
        // Another quality may have been chosen since.
        let is_encoded = self.decision == Some(Decision::Transcode);
        let encoder = self.encoder.filter(|_| is_encoded);
        let backend = encoder.map_or(Backend::NotEncoded, |encoder| encoder.backend);
        let speed = encoder.and_then(|_| self.pace.speed());
        let factor = classes::real_time_factor(speed);
        let info = &self.info;
        Some(Playback {
            media_kind: classes::media_kind(info),
            video_codec: classes::video_codec(info),
            resolution: classes::resolution(info),
            bit_rate: classes::bit_rate(info),
            length: classes::length(info),
            feature: classes::feature(info, self.used),
            client: self.client,
            outcome: self.outcome(backend, factor),
            backend,
            fallback: encoder.map_or(Fallback::NoFallback, |encoder| encoder.fallback),
            real_time_factor: factor,
            first_segment: self.first_segment(),
            stalls: self.stalls,
        })
    }

    fn outcome(&self, backend: Backend, factor: RealTimeFactor) -> Outcome {
        match self.decision {
            Some(decision) if !self.is_broken => classes::outcome(decision, backend, factor),
            _ => Outcome::Failed,
        }
    }

    fn first_segment(&self) -> FirstSegment {
        let has_segments = matches!(self.decision, Some(Decision::Remux | Decision::Transcode));
        let waited = self.waited.filter(|_| has_segments);
        match self.first_picture {
            Some(first) if waited.is_some() => first,
            _ => classes::first_segment(waited),
        }
    }
}

/// How fast pictures are encoded: film made, over the time in which at least one job made it.
#[derive(Default)]
struct Pace {
    made: Duration,
    /// Time at work before `stretches`.
    settled: Duration,
    /// The newest stretches of work, oldest first; none touches the next.
    stretches: heapless::Vec<(Instant, Instant), 8>,
}

impl Pace {
    /// Jobs are added as they end, so a new one touches the newest stretches only.
    fn add(&mut self, made: Duration, (began, ended): (Instant, Instant)) {
        self.made += made;
        let mut whole = (began, ended);
        while let Some(&(start, end)) = self.stretches.last()
            && end >= whole.0
        {
            self.stretches.pop();
            whole = (whole.0.min(start), whole.1.max(end));
        }
        if self.stretches.is_full() {
            let (start, end) = self.stretches.remove(0);
            self.settled += end - start;
        }
        let room = self.stretches.push(whole);
        debug_assert!(room.is_ok(), "the oldest has left");
    }

    /// Seconds of film a second; `None` before the first job.
    fn speed(&self) -> Option<f64> {
        let newest = self.stretches.iter().map(|(start, end)| *end - *start);
        let busy = self.settled + newest.sum::<Duration>();
        let is_measured = !busy.is_zero();
        is_measured.then(|| self.made.as_secs_f64() / busy.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::Container;
    use crate::transcode::test_media::{audio, info, video};

    const SOFTWARE: Encoder = Encoder {
        backend: Backend::Software,
        fallback: Fallback::NoHardware,
    };

    fn live(now: Instant, decision: Option<Decision>) -> Live {
        let film = info(Container::Mp4, vec![video("h264")], vec![audio(1, "aac")]);
        let begin = Begin {
            file_id: 1,
            info: Arc::new(film),
            client: Client::TvOrApp,
            decision,
            sound_chosen: false,
        };
        let mut live = Live::new(now, begin);
        live.is_fetched = true;
        live
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_speed_of_encoding_falls_into_classes_at_their_bounds() {
        use RealTimeFactor as F;
        for (made_ms, factor, outcome) in [
            (499, F::Below500, Outcome::TooSlow),
            (500, F::Below900, Outcome::TooSlow),
            (899, F::Below900, Outcome::TooSlow),
            (900, F::Below1100, Outcome::SoftwareKeepsUp),
            (1100, F::Below2000, Outcome::SoftwareKeepsUp),
            (1999, F::Below2000, Outcome::SoftwareKeepsUp),
            (2000, F::Above2000, Outcome::SoftwareKeepsUp),
        ] {
            let now = Instant::now();
            let mut live = live(now, Some(Decision::Transcode));
            live.made(ms(made_ms), (now, now + ms(1000)), SOFTWARE);
            let played = live.classes().unwrap();
            let got = (played.real_time_factor, played.outcome, played.backend);
            assert_eq!(got, (factor, outcome, Backend::Software), "{made_ms}");
            assert_eq!(played.fallback, Fallback::NoHardware);
        }
    }

    #[test]
    fn jobs_side_by_side_take_their_time_once_and_pauses_take_none() {
        let now = Instant::now();
        let check = |jobs: &[(u64, u64)], want: Option<f64>| {
            let mut pace = Pace::default();
            for (began, ended) in jobs {
                pace.add(ms(1000), (now + ms(*began), now + ms(*ended)));
            }
            assert_eq!(pace.speed(), want, "{jobs:?}");
        };
        check(&[], None);
        check(&[(0, 1000), (0, 1000)], Some(2.0));
        check(&[(0, 1000), (3000, 4000), (500, 5000)], Some(0.6));
        check(&[(0, 500), (100_000, 100_500)], Some(2.0));
        let apart: Vec<(u64, u64)> = (0..40).map(|k| (k * 5000, k * 5000 + 250)).collect();
        check(&apart, Some(4.0));
    }

    #[test]
    fn the_wait_for_the_first_segment_falls_into_classes_at_their_bounds() {
        use FirstSegment as F;
        for (waited_ms, want) in [
            (0, F::Below500),
            (499, F::Below500),
            (500, F::Below1000),
            (1000, F::Below2000),
            (2000, F::Below5000),
            (4999, F::Below5000),
            (5000, F::Above5000),
        ] {
            let now = Instant::now();
            let mut live = live(now, Some(Decision::Remux));
            live.delivered(now + ms(waited_ms));
            live.delivered(now + ms(9000));
            assert_eq!(live.classes().unwrap().first_segment, want, "{waited_ms}");
        }
    }

    #[test]
    fn each_way_has_its_outcome_and_only_segments_have_a_first_one() {
        let (none, some) = (FirstSegment::NoSegments, FirstSegment::Below500);
        for (decision, outcome, first) in [
            (Some(Decision::DirectPlay), Outcome::Direct, none),
            (Some(Decision::Remux), Outcome::Remux, some),
            // Sound alone, or a picture that was made for somebody else before.
            (Some(Decision::Transcode), Outcome::SoftwareKeepsUp, some),
            (None, Outcome::Failed, none),
        ] {
            let now = Instant::now();
            let mut live = live(now, decision);
            live.delivered(now);
            let played = live.classes().unwrap();
            assert_eq!((played.outcome, played.first_segment), (outcome, first));
            assert_eq!(played.real_time_factor, RealTimeFactor::NotEncoded);
            assert_eq!(played.backend, Backend::NotEncoded);
            live.is_broken = true;
            assert_eq!(live.classes().unwrap().outcome, Outcome::Failed);
        }
    }

    #[test]
    fn a_codec_chip_that_keeps_up_is_told_from_the_processor() {
        for backend in [Backend::V4l2m2m, Backend::Vaapi, Backend::Rkmpp] {
            let now = Instant::now();
            let mut live = live(now, Some(Decision::Transcode));
            let encoder = Encoder {
                backend,
                fallback: Fallback::NoFallback,
            };
            live.made(ms(3000), (now, now + ms(1000)), encoder);
            let played = live.classes().unwrap();
            assert_eq!(played.outcome, Outcome::HardwareKeepsUp);
            assert_eq!(played.backend, backend);
        }
    }

    #[test]
    fn what_was_asked_for_and_never_fetched_was_not_played() {
        let mut live = live(Instant::now(), Some(Decision::DirectPlay));
        live.is_fetched = false;
        assert_eq!(live.classes(), None);
    }
}
