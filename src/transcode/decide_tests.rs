//! The decision as a table: what is in the file, what the player says, what comes out.
//!
//! Never: real files.

use super::capacity::{Capacity, CoreKind};
use super::decide::{Limits, Question, TrackFate, Unplayable, Verdict, decide};
use super::plan::{Decision, GridChoice};
use super::test_media::{audio, info, video};
use crate::base::rational::{MILLISECONDS, Rational};
use crate::media::client::ClientProfile;
use crate::media::codec::{AudioCodec, Container, VideoCodec};
use crate::media::grid::SegmentGrid;
use crate::media::info::{Hdr, MediaInfo, PhotoInfo};
use crate::media::target::{AudioTarget, H264Target, VideoTarget};

/// A browser that plays MP4 and WebM, H.264, VP9 and AV1, and shows 8 bits.
fn browser() -> ClientProfile {
    ClientProfile {
        containers: vec![
            Container::Mp4,
            Container::WebM,
            Container::Mp3,
            Container::Flac,
        ],
        video_codecs: vec![
            VideoCodec::H264,
            VideoCodec::Vp9,
            VideoCodec::Av1,
            VideoCodec::Vp8,
        ],
        audio_codecs: vec![
            AudioCodec::Aac,
            AudioCodec::Mp3,
            AudioCodec::Opus,
            AudioCodec::Flac,
            AudioCodec::Vorbis,
        ],
        hls: true,
        ..ClientProfile::default()
    }
}

/// One case: a file, a player, and all that is not usual about the question.
struct Case {
    info: MediaInfo,
    client: ClientProfile,
    limits: Limits,
    capacity: Capacity,
    grid: Option<bool>,
    audio_stream: Option<u32>,
}

fn case(container: Container, video_codec: &str, audio_codec: &str) -> Case {
    let pictures = Some(video_codec).filter(|codec| !codec.is_empty());
    let sounds = Some(audio_codec).filter(|codec| !codec.is_empty());
    Case {
        info: info(
            container,
            pictures.map(video).into_iter().collect(),
            sounds.map(|codec| audio(1, codec)).into_iter().collect(),
        ),
        client: browser(),
        limits: Limits::default(),
        capacity: Capacity::guess(8, CoreKind::Large),
        grid: Some(true),
        audio_stream: None,
    }
}

impl Case {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn ask(&self) -> Result<Verdict, Unplayable> {
        let grid = self.grid.map(|remuxable| SegmentGrid {
            remuxable,
            ..SegmentGrid::regular(MILLISECONDS, 0, 60_000).unwrap()
        });
        decide(&Question {
            info: &self.info,
            client: &self.client,
            limits: &self.limits,
            capacity: &self.capacity,
            grid: grid.as_ref(),
            audio_stream: self.audio_stream,
        })
    }
}

/// The decision, the fate of picture and first sound, and the codes, in short.
fn short(answer: &Result<Verdict, Unplayable>) -> String {
    let (word, reasons) = match answer {
        Ok(verdict) => {
            let fate = |fate: TrackFate| match fate {
                TrackFate::Direct => 'd',
                TrackFate::Copied => 'c',
                TrackFate::Encoded => 'e',
            };
            let picture = verdict.video.map_or('-', |track| fate(track.fate));
            let sounds: String = verdict.audio.iter().map(|track| fate(track.fate)).collect();
            let word = verdict.decision.as_str();
            (format!("{word} {picture}/{sounds}"), &verdict.reasons)
        }
        Err(unplayable) => ("unplayable".to_owned(), &unplayable.reasons),
    };
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    format!("{word} {}", codes.join(" ")).trim().to_owned()
}

fn check(cases: Vec<(&str, Case, &str)>) {
    for (name, case, want) in cases {
        let answer = case.ask();
        assert_eq!(short(&answer), want, "{name}");
        let reasons = match &answer {
            Ok(verdict) => {
                let direct = verdict.decision == Decision::DirectPlay;
                assert_eq!(direct, verdict.reasons.is_empty(), "{name}");
                assert_eq!(verdict.plan.decision, verdict.decision, "{name}");
                &verdict.reasons
            }
            Err(unplayable) => &unplayable.reasons,
        };
        for reason in reasons {
            let text = &reason.text;
            assert!(text.ends_with('.') && text.len() > 20, "{name}: {text:?}");
        }
    }
}

#[test]
fn a_file_that_the_player_can_play_is_left_alone() {
    let mp4 = || case(Container::Mp4, "h264", "aac");
    check(vec![
        ("plain", mp4(), "direct_play d/d"),
        (
            "no grid needed",
            mp4().with(|c| c.grid = None),
            "direct_play d/d",
        ),
        (
            "no HLS needed",
            mp4().with(|c| c.client.hls = false),
            "direct_play d/d",
        ),
        (
            "no length needed",
            mp4().with(|c| c.info.duration_ms = None),
            "direct_play d/d",
        ),
        ("silent", case(Container::Mp4, "h264", ""), "direct_play d/"),
        ("song", case(Container::Mp3, "", "mp3"), "direct_play -/d"),
        (
            "turned",
            mp4().with(|c| c.info.video[0].rotation_degrees = 90),
            "direct_play d/d",
        ),
        (
            "limits that are met",
            mp4().with(|c| {
                c.client.max_height = Some(1080);
                c.client.max_bit_rate_kbps = Some(4_000);
                c.client.max_audio_channels = Some(2);
                c.limits.max_height = Some(1080);
            }),
            "direct_play d/d",
        ),
        (
            "a phone's film stands upright within the limit",
            mp4().with(|c| {
                c.client.max_height = Some(1080);
                c.info.video[0].rotation_degrees = 270;
            }),
            "direct_play d/d",
        ),
        (
            "ten bits where stated",
            case(Container::Mp4, "av1", "opus").with(|c| {
                c.client.max_bit_depth = Some(10);
                c.info.video[0].bit_depth = 10;
            }),
            "direct_play d/d",
        ),
        (
            "a second track that nobody asked for",
            mp4().with(|c| c.info.audio.push(audio(2, "dts"))),
            "direct_play d/dd",
        ),
        (
            "a choice that is not in the file",
            mp4().with(|c| c.audio_stream = Some(9)),
            "direct_play d/d",
        ),
    ]);
}

#[test]
fn tracks_that_the_player_can_play_are_copied() {
    let mkv = || case(Container::Matroska, "h264", "aac");
    check(vec![
        ("container", mkv(), "remux c/c container"),
        (
            "other container",
            case(Container::Other, "h264", "aac"),
            "remux c/c container",
        ),
        (
            "only the second track is wanted",
            case(Container::Mp4, "h264", "aac").with(|c| {
                c.info.audio.push(audio(2, "aac"));
                c.audio_stream = Some(2);
            }),
            "remux c/cc audio_track",
        ),
        (
            "the file's own default is its second track",
            case(Container::Mp4, "h264", "aac").with(|c| {
                c.info.audio[0].is_default = false;
                c.info.audio.push(audio(2, "aac"));
                c.info.audio[1].is_default = true;
            }),
            "remux c/cc audio_track",
        ),
        (
            "sound alone",
            case(Container::Ogg, "", "opus"),
            "remux -/c container",
        ),
        (
            "sound alone, no stored grid",
            case(Container::Ogg, "", "flac").with(|c| c.grid = None),
            "remux -/c container",
        ),
        (
            "another track would be encoded, if somebody chose it",
            mkv().with(|c| c.info.audio.push(audio(2, "dts"))),
            "remux c/ce container",
        ),
    ]);
}

#[test]
fn what_cannot_be_copied_is_encoded() {
    let mkv = || case(Container::Matroska, "h264", "aac");
    let mp4 = || case(Container::Mp4, "h264", "aac");
    check(vec![
        (
            "sound only",
            case(Container::Mp4, "h264", "dts"),
            "transcode c/e audio_codec",
        ),
        (
            "picture only",
            case(Container::Mp4, "hevc", "aac"),
            "transcode e/c video_codec",
        ),
        (
            "both",
            case(Container::MpegPs, "mpeg2video", "ac3"),
            "transcode e/e container video_codec audio_codec",
        ),
        (
            "unknown codecs",
            case(Container::Other, "other", "other"),
            "transcode e/e container video_codec audio_codec",
        ),
        (
            "no clean cuts",
            mkv().with(|c| c.grid = Some(false)),
            "transcode e/c container cuts",
        ),
        (
            "no stored grid",
            mkv().with(|c| c.grid = None),
            "transcode e/c container cuts",
        ),
        (
            "codec without a place in segments",
            case(Container::Matroska, "vp8", "vorbis"),
            "transcode e/e container audio_not_in_hls video_not_in_hls",
        ),
        (
            "MP3 in segments",
            case(Container::Avi, "h264", "mp3"),
            "transcode c/e container audio_not_in_hls",
        ),
        (
            "turned",
            mkv().with(|c| c.info.video[0].rotation_degrees = 90),
            "transcode e/c container rotation",
        ),
        (
            "ten bits",
            mp4().with(|c| c.info.video[0].bit_depth = 10),
            "transcode e/c bit_depth",
        ),
        (
            "HDR",
            mp4().with(|c| c.info.video[0].hdr = Hdr::Hlg),
            "transcode e/c hdr",
        ),
        (
            "HDR where it is shown",
            mp4().with(|c| {
                c.info.video[0].hdr = Hdr::Hdr10;
                c.client.hdr = true;
            }),
            "direct_play d/d",
        ),
        (
            "4:2:2",
            mp4().with(|c| c.info.video[0].codec_string = Some("avc1.7A0028".to_owned())),
            "transcode e/c video_profile",
        ),
    ]);
}

#[test]
fn what_is_too_large_or_too_much_is_encoded() {
    let mp4 = || case(Container::Mp4, "h264", "aac");
    check(vec![
        (
            "larger than the player",
            mp4().with(|c| c.client.max_height = Some(720)),
            "transcode e/c player_size",
        ),
        (
            "larger than chosen",
            mp4().with(|c| c.limits.max_height = Some(480)),
            "transcode e/c quality_size",
        ),
        (
            "faster than the player",
            mp4().with(|c| c.client.max_bit_rate_kbps = Some(3_999)),
            "transcode e/c player_rate",
        ),
        (
            "faster than chosen",
            mp4().with(|c| c.limits.max_bit_rate_kbps = Some(2_000)),
            "transcode e/c quality_rate",
        ),
        (
            "too many channels",
            mp4().with(|c| {
                c.info.audio[0].channels = 6;
                c.client.max_audio_channels = Some(2);
            }),
            "transcode c/e channels",
        ),
        (
            "a song above the chosen rate",
            case(Container::Flac, "", "flac").with(|c| {
                c.info.bit_rate_kbps = Some(900);
                c.limits.max_bit_rate_kbps = Some(128);
            }),
            "transcode -/e quality_rate",
        ),
        (
            "song of a codec of its own",
            case(Container::Asf, "", "wma"),
            "transcode -/e container audio_codec",
        ),
        (
            "a player that states nothing",
            mp4().with(|c| {
                c.client = ClientProfile {
                    hls: true,
                    ..ClientProfile::default()
                };
            }),
            "transcode e/e container video_codec audio_codec",
        ),
    ]);
}

#[test]
fn what_cannot_be_played_says_why() {
    let avi = || case(Container::Avi, "mpeg4", "mp3");
    check(vec![
        (
            "no HLS",
            avi().with(|c| c.client.hls = false),
            "unplayable container video_codec no_hls",
        ),
        (
            "no length",
            avi().with(|c| {
                c.grid = None;
                c.info.duration_ms = None;
            }),
            "unplayable container video_codec length",
        ),
        (
            "a stored grid knows the length",
            avi().with(|c| c.info.duration_ms = None),
            "transcode e/e container video_codec audio_not_in_hls",
        ),
        (
            "nothing in it",
            case(Container::Mp4, "", ""),
            "unplayable empty",
        ),
        (
            "photo",
            case(Container::Image, "", "").with(photo),
            "unplayable photo",
        ),
        (
            "photo for a player of photos",
            case(Container::Image, "", "")
                .with(photo)
                .with(|c| c.client.containers.push(Container::Image)),
            "direct_play -/",
        ),
    ]);
}

fn photo(case: &mut Case) {
    case.info.photo = Some(PhotoInfo {
        width: 10,
        height: 10,
        orientation: 1,
        taken_at: None,
        camera: None,
    });
}

#[test]
fn reasons_name_the_track_and_the_codec() {
    let verdict = case(Container::Matroska, "hevc", "dts").ask().unwrap();
    let told: Vec<(Option<u32>, &str)> = verdict
        .reasons
        .iter()
        .map(|r| (r.track, r.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (None, "This player cannot open Matroska (MKV) files."),
            (Some(0), "This player cannot play HEVC (H.265) pictures."),
            (Some(1), "This player cannot play DTS sound."),
        ]
    );
    assert_eq!(verdict.plan.grid, GridChoice::Stored);
    let walked = case(Container::Matroska, "hevc", "dts")
        .with(|c| c.grid = None)
        .ask()
        .unwrap();
    assert_eq!(walked.plan.grid, GridChoice::Regular);
}

#[test]
fn a_plan_offers_many_tracks_but_not_any_number() {
    let crowd = case(Container::Matroska, "h264", "aac").with(|c| {
        c.info
            .audio
            .extend((2..100).map(|stream| audio(stream, "aac")));
        c.audio_stream = Some(90);
    });
    let plan = crowd.ask().unwrap().plan;
    assert_eq!(plan.audio.len(), 25);
    assert_eq!(plan.first_audio, Some(90));
    assert_eq!(plan.audio_target(90), Some(&AudioTarget::Copy));
}

fn encoded(case: &Case) -> H264Target {
    let plan = case.ask().unwrap().plan;
    match plan.video_target(0) {
        Some(VideoTarget::H264(target)) => target.clone(),
        other => panic!("not encoded: {other:?}"),
    }
}

#[test]
fn the_encoded_picture_fits_source_player_choice_and_box() {
    let hevc = || case(Container::Mp4, "hevc", "aac");
    let sized = |width, height| {
        hevc().with(|c| {
            c.info.video[0].width = width;
            c.info.video[0].height = height;
        })
    };
    let slow = |pixels_per_s| Capacity {
        pixels_per_s,
        ..Capacity::guess(1, CoreKind::Small)
    };
    for (name, case, want) in [
        ("as large as the source", hevc(), (1920, 1080)),
        (
            "never larger",
            sized(640, 360).with(|c| c.client.max_height = Some(2160)),
            (640, 360),
        ),
        ("odd", sized(641, 361), (640, 360)),
        ("tiny", sized(1, 1), (2, 2)),
        ("wide screen", sized(1920, 804), (1920, 804)),
        (
            "wide screen, smaller",
            sized(1920, 800).with(|c| c.limits.max_height = Some(480)),
            (1152, 480),
        ),
        (
            "on its side",
            hevc().with(|c| c.info.video[0].rotation_degrees = 90),
            (1080, 1920),
        ),
        (
            "on its side, smaller",
            hevc().with(|c| {
                c.info.video[0].rotation_degrees = 270;
                c.client.max_height = Some(720);
            }),
            (720, 1280),
        ),
        (
            "wide pixels",
            sized(720, 576).with(|c| c.info.video[0].sample_aspect = Rational::new(64, 45)),
            (1024, 576),
        ),
        (
            "nonsense pixels",
            sized(720, 576).with(|c| c.info.video[0].sample_aspect = Rational::new(0, 0)),
            (720, 576),
        ),
        (
            "player and choice: the smaller",
            hevc().with(|c| {
                c.client.max_height = Some(720);
                c.limits.max_height = Some(576);
            }),
            (1024, 576),
        ),
        (
            "a step that fits a slow box",
            hevc().with(|c| c.capacity = slow(45_000_000)),
            (1280, 720),
        ),
        (
            "the least acceptable on a slower one",
            hevc().with(|c| c.capacity = slow(1)),
            (640, 360),
        ),
        (
            "a rate that needs a smaller picture",
            hevc().with(|c| c.limits.max_bit_rate_kbps = Some(1_800)),
            (1024, 576),
        ),
        (
            "a rate too low for any",
            hevc().with(|c| c.limits.max_bit_rate_kbps = Some(64)),
            (426, 240),
        ),
    ] {
        let target = encoded(&case);
        assert_eq!((target.width, target.height), want, "{name}");
    }
}

#[test]
fn a_slow_box_says_so_and_a_low_limit_does_not() {
    let hevc = || case(Container::Mp4, "hevc", "aac");
    let slow = hevc().with(|c| c.capacity = Capacity::guess(2, CoreKind::Small));
    assert_eq!(short(&slow.ask()), "transcode e/c video_codec box_speed");
    let limited = hevc().with(|c| c.limits.max_height = Some(480));
    assert_eq!(
        short(&limited.ask()),
        "transcode e/c video_codec quality_size"
    );
}

#[test]
fn levels_rates_and_frame_rates_follow_the_picture() {
    let hevc = |fps: Option<Rational>| {
        case(Container::Mp4, "hevc", "aac").with(|c| c.info.video[0].frame_rate = fps)
    };
    let high = |limit| move |c: &mut Case| c.limits.max_height = Some(limit);
    let level = |case: &Case| {
        let target = encoded(case);
        (target.level, target.crf, target.max_rate_kbps)
    };
    let ntsc = Some(Rational::new(30_000, 1001));
    let fast = Some(Rational::new(60, 1));
    assert_eq!(level(&hevc(ntsc)), (40, 22, 8_500));
    assert_eq!(level(&hevc(None)), (40, 22, 8_500));
    assert_eq!(level(&hevc(fast)), (42, 22, 12_750));
    assert_eq!(level(&hevc(ntsc).with(high(720))), (31, 22, 5_000));
    assert_eq!(level(&hevc(ntsc).with(high(480))), (31, 21, 2_400));
    let weird = hevc(Some(Rational::new(90_000, 1)));
    assert_eq!(level(&weird).0, 40, "a time base is not a frame rate");
    assert_eq!(encoded(&hevc(fast)).frame_rate, None);
    let slow = hevc(fast).with(|c| c.capacity.pixels_per_s = 110_000_000);
    let halved = encoded(&slow);
    assert_eq!(halved.frame_rate, Some(Rational::new(60, 2)));
    assert_eq!((halved.height, halved.level), (1080, 40));
    let woven =
        case(Container::MpegTs, "mpeg2video", "aac").with(|c| c.info.video[0].interlaced = true);
    assert!(encoded(&woven).deinterlace);
}

#[test]
fn encoded_sound_keeps_what_the_player_can_use() {
    for (channels, rate, most, want) in [
        (2, 48_000, None, (192, 2, 48_000)),
        (1, 44_100, None, (96, 1, 44_100)),
        (6, 48_000, None, (384, 6, 48_000)),
        (8, 96_000, None, (384, 6, 48_000)),
        (8, 192_000, Some(2), (192, 2, 48_000)),
        (5, 88_200, None, (192, 2, 44_100)),
        (6, 22_050, Some(1), (96, 1, 44_100)),
        (0, 0, None, (96, 1, 48_000)),
    ] {
        let dts = case(Container::Mp4, "h264", "dts").with(|c| {
            c.info.audio[0].channels = channels;
            c.info.audio[0].sample_rate_hz = rate;
            c.client.max_audio_channels = most;
        });
        let (bit_rate_kbps, channels, sample_rate_hz) = want;
        let want = AudioTarget::Aac {
            bit_rate_kbps,
            channels,
            sample_rate_hz,
        };
        let plan = dts.ask().unwrap().plan;
        assert_eq!(plan.audio_target(1), Some(&want));
    }
}
