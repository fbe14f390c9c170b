//! What a playback was, as metric classes: here raw values end.
//!
//! Never: a bound of its own; the registry has them. Keeping or passing on a raw value.

use std::time::Duration;

use super::plan::Decision;
use crate::base::steps::{class_below, class_of_word};
use crate::media::info::MediaInfo;
use crate::telemetry::class::{
    Backend, BitRate, Feature, FirstSegment, Length, MediaKind, Outcome, RealTimeFactor,
    Resolution, Stalls, VideoCodec,
};

/// What somebody used of what a film offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub subtitles: bool,
    /// Another sound track than the first.
    pub audio_tracks: bool,
}

pub fn media_kind(info: &MediaInfo) -> MediaKind {
    if info.photo.is_some() {
        MediaKind::Photo
    } else if info.video.is_empty() {
        MediaKind::Audio
    } else {
        MediaKind::Video
    }
}

pub fn video_codec(info: &MediaInfo) -> VideoCodec {
    let track = info.video.first();
    track.map_or(VideoCodec::NoVideo, |track| {
        class_of_word(track.codec.as_str(), VideoCodec::FOLDS, VideoCodec::REST)
    })
}

/// By the longer side, whichever way the picture is turned.
pub fn resolution(info: &MediaInfo) -> Resolution {
    let track = info.video.first();
    track.map_or(Resolution::NoVideo, |track| {
        let side = track.width.max(track.height);
        class_below(side, Resolution::BELOW, Resolution::ABOVE)
    })
}

/// Of the whole file, else of its picture.
pub fn bit_rate(info: &MediaInfo) -> BitRate {
    let track = info.video.first();
    let rate = track.and_then(|track| info.bit_rate_kbps.or(track.bit_rate_kbps));
    rate.map_or(BitRate::NoVideo, |kbps| {
        class_below(kbps, BitRate::BELOW, BitRate::ABOVE)
    })
}

pub fn length(info: &MediaInfo) -> Length {
    let duration = info.duration_ms.filter(|_| info.photo.is_none());
    duration.map_or(Length::NoLength, |ms| {
        class_below(saturated(ms / 1000), Length::BELOW, Length::ABOVE)
    })
}

pub fn feature(info: &MediaInfo, used: Used) -> Feature {
    if info.video.is_empty() {
        return Feature::NoVideo;
    }
    match (used.subtitles, used.audio_tracks) {
        (false, false) => Feature::Plain,
        (true, false) => Feature::Subtitles,
        (false, true) => Feature::AudioTracks,
        (true, true) => Feature::SubtitlesAndAudioTracks,
    }
}

/// How a playback that did not fail went. Sound that is encoded alone counts as encoded in software.
pub fn outcome(decision: Decision, backend: Backend, factor: RealTimeFactor) -> Outcome {
    match (decision, factor, backend) {
        (Decision::DirectPlay, ..) => Outcome::Direct,
        (Decision::Remux, ..) => Outcome::Remux,
        (_, RealTimeFactor::Below500 | RealTimeFactor::Below900, _) => Outcome::TooSlow,
        (_, _, Backend::Software | Backend::NotEncoded) => Outcome::SoftwareKeepsUp,
        _ => Outcome::HardwareKeepsUp,
    }
}

/// Of a speed in seconds of film a second; `None` where no picture was encoded.
pub fn real_time_factor(speed: Option<f64>) -> RealTimeFactor {
    speed.map_or(RealTimeFactor::NotEncoded, |speed| {
        // A cast keeps to the numbers there are, and takes what is none for zero.
        let thousandths = (speed * 1000.0) as u32;
        class_below(thousandths, RealTimeFactor::BELOW, RealTimeFactor::ABOVE)
    })
}

/// Of the wait from the first request to the first segment; `None` where there was none.
pub fn first_segment(wait: Option<Duration>) -> FirstSegment {
    wait.map_or(FirstSegment::NoSegments, |wait| {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        class_below(saturated(ms), FirstSegment::BELOW, FirstSegment::ABOVE)
    })
}

/// Of how often it stopped while `watched` of it played; `None` where the player does not tell.
pub fn stalls(count: Option<u32>, watched: Duration) -> Stalls {
    const TEN_HOURS_S: u64 = 36_000;
    count.map_or(Stalls::Unknown, |count| {
        let rate = (u64::from(count) * TEN_HOURS_S).div_ceil(watched.as_secs().max(1));
        class_below(saturated(rate), Stalls::BELOW, Stalls::ABOVE)
    })
}

fn saturated(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::Container;
    use crate::media::codec::VideoCodec as Codec;
    use crate::transcode::test_media::{info, video};

    fn film() -> MediaInfo {
        info(Container::Matroska, vec![video("h264")], Vec::new())
    }

    #[test]
    fn a_film_becomes_classes() {
        let mut info = film();
        info.video[0].codec = Codec::Av1;
        (info.video[0].width, info.video[0].height) = (800, 1920);
        info.bit_rate_kbps = Some(7_999);
        info.duration_ms = Some(5_399_999);
        assert_eq!(media_kind(&info), MediaKind::Video);
        assert_eq!(video_codec(&info), VideoCodec::Other);
        assert_eq!(resolution(&info), Resolution::Below3000);
        assert_eq!(bit_rate(&info), BitRate::Below8000);
        assert_eq!(length(&info), Length::Below5400);
        (info.bit_rate_kbps, info.duration_ms) = (Some(8_000), Some(5_400_000));
        assert_eq!(bit_rate(&info), BitRate::Below20000);
        assert_eq!(length(&info), Length::Above5400);
    }

    #[test]
    fn what_a_file_does_not_say_has_a_class_too() {
        let mut info = film();
        info.video[0].bit_rate_kbps = None;
        (info.bit_rate_kbps, info.duration_ms) = (None, None);
        assert_eq!(bit_rate(&info), BitRate::NoVideo);
        assert_eq!(length(&info), Length::NoLength);
        info.video.clear();
        info.bit_rate_kbps = Some(320);
        assert_eq!(media_kind(&info), MediaKind::Audio);
        assert_eq!(video_codec(&info), VideoCodec::NoVideo);
        assert_eq!(
            (resolution(&info), bit_rate(&info)),
            (Resolution::NoVideo, BitRate::NoVideo)
        );
        assert_eq!(
            feature(
                &info,
                Used {
                    subtitles: true,
                    audio_tracks: true
                }
            ),
            Feature::NoVideo
        );
    }

    #[test]
    fn a_playback_went_as_its_speed_and_encoder_say() {
        let check = |decision, backend, speed, expected| {
            assert_eq!(
                outcome(decision, backend, real_time_factor(speed)),
                expected
            );
        };
        check(
            Decision::DirectPlay,
            Backend::NotEncoded,
            None,
            Outcome::Direct,
        );
        check(Decision::Remux, Backend::NotEncoded, None, Outcome::Remux);
        check(
            Decision::Transcode,
            Backend::NotEncoded,
            None,
            Outcome::SoftwareKeepsUp,
        );
        check(
            Decision::Transcode,
            Backend::Software,
            Some(0.9),
            Outcome::SoftwareKeepsUp,
        );
        check(
            Decision::Transcode,
            Backend::V4l2m2m,
            Some(0.9),
            Outcome::HardwareKeepsUp,
        );
        check(
            Decision::Transcode,
            Backend::V4l2m2m,
            Some(0.89),
            Outcome::TooSlow,
        );
        check(
            Decision::Transcode,
            Backend::Software,
            Some(f64::NAN),
            Outcome::TooSlow,
        );
        assert_eq!(
            real_time_factor(Some(f64::INFINITY)),
            RealTimeFactor::Above2000
        );
    }

    #[test]
    fn waits_and_stalls_become_classes() {
        let wait = |ms| first_segment(Some(Duration::from_millis(ms)));
        assert_eq!(
            (wait(499), wait(500)),
            (FirstSegment::Below500, FirstSegment::Below1000)
        );
        assert_eq!(
            (wait(5_000), first_segment(None)),
            (FirstSegment::Above5000, FirstSegment::NoSegments)
        );
        let hour = Duration::from_secs(3600);
        assert_eq!(stalls(Some(0), hour), Stalls::None);
        assert_eq!(
            stalls(Some(1), Duration::from_secs(1_000_000)),
            Stalls::Below20
        );
        assert_eq!(stalls(Some(1), hour), Stalls::Below20);
        assert_eq!(stalls(Some(2), hour), Stalls::Above20);
        assert_eq!(stalls(Some(1), Duration::ZERO), Stalls::Above20);
        assert_eq!(stalls(None, hour), Stalls::Unknown);
    }
}
