//! Playlists read back by a strict little reader, for any film.
//!
//! Never: trusting the writer's own helpers.

use std::collections::HashMap;

use proptest::prelude::*;

use super::plan::{AudioPlan, Decision, GridChoice, Plan, VideoPlan};
use super::playlist::{SubtitleRendition, media, multivariant, subtitle};
use super::test_media::{audio, info, video};
use crate::base::rational::Rational;
use crate::media::codec::Container;
use crate::media::grid::SegmentGrid;
use crate::media::info::{Hdr, MediaInfo};
use crate::media::target::{AudioTarget, H264Target, Preset, VideoTarget};

/// A tag's attributes, read as RFC 8216 section 4.2 defines them; panics on anything else.
fn attributes(mut text: &str) -> HashMap<String, String> {
    let mut all = HashMap::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once('=').expect("an attribute has a value");
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'),
            "{name}"
        );
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (value, rest) = quoted.split_once('"').expect("a closing quote");
                (value, rest.strip_prefix(',').unwrap_or(rest))
            }
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        assert!(!value.chars().any(char::is_control), "{value:?}");
        assert!(
            all.insert(name.to_owned(), value.to_owned()).is_none(),
            "{name} twice"
        );
        text = rest;
    }
    all
}

/// What a media playlist says: its target duration, and length in microseconds and address of each entry.
fn read_media(text: &str) -> (i64, Vec<(i64, String)>) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"));
    let (mut target_s, mut pending_us, mut entries, mut ended) = (None, None, Vec::new(), false);
    for line in lines {
        assert!(!ended, "{line} after the end");
        if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
            target_s = Some(value.parse().unwrap());
        } else if let Some(value) = line.strip_prefix("#EXTINF:") {
            let value = value.strip_suffix(',').expect("no title");
            let (whole, part) = value.split_once('.').expect("a fraction");
            assert_eq!(part.len(), 6, "{value}");
            let us = whole.parse::<i64>().unwrap() * 1_000_000 + part.parse::<i64>().unwrap();
            assert!(pending_us.replace(us).is_none());
        } else if line == "#EXT-X-ENDLIST" {
            ended = true;
        } else if !line.starts_with('#') {
            entries.push((pending_us.take().expect("a length"), line.to_owned()));
        }
    }
    assert!(ended && text.contains("#EXT-X-PLAYLIST-TYPE:VOD\n"));
    (target_s.expect("a target duration"), entries)
}

proptest! {
    #[test]
    fn media_playlists_are_complete_for_any_film(
        gaps in prop::collection::vec(1i64..2_000_000, 1..300),
        start in -1_000_000i64..1_000_000_000,
        den in prop::sample::select(vec![1_000, 24_000, 48_000, 90_000, 1_000_000]),
    ) {
        let mut boundaries = vec![start];
        for gap in gaps {
            boundaries.push(boundaries.last().unwrap() + gap);
        }
        let grid = SegmentGrid { time_base: Rational::new(1, den), boundaries, remuxable: true };
        let text = media(&grid);
        let (target_s, entries) = read_media(&text);
        prop_assert_eq!(entries.len(), grid.len());
        for (k, (us, address)) in entries.iter().enumerate() {
            prop_assert_eq!(address, &format!("{k}.m4s"));
            prop_assert!(*us <= target_s * 1_000_000);
        }
        let longest = entries.iter().map(|(us, _)| *us).max().unwrap();
        prop_assert!(target_s == 1 || longest > (target_s - 1) * 1_000_000);
        prop_assert_eq!(entries.iter().map(|(us, _)| us).sum::<i64>(), grid.total_us());
        let whole = subtitle(&grid, "7");
        let (_, entries) = read_media(&whole);
        prop_assert_eq!(entries, vec![(grid.total_us(), "../7.vtt".to_owned())]);
    }

    #[test]
    fn any_title_and_language_make_a_readable_playlist(
        title in any::<String>(),
        language in any::<String>(),
        again in any::<bool>(),
    ) {
        let (plan, mut film) = film();
        for track in &mut film.audio {
            track.title = Some(title.clone());
            track.language = Some(language.clone());
        }
        let track = SubtitleRendition {
            id: "3".to_owned(),
            title: Some(title),
            language: Some(language),
            is_default: again,
            ..SubtitleRendition::default()
        };
        let text = multivariant(&plan, &film, &[track.clone(), track]);
        let media: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-MEDIA:")).map(attributes).collect();
        prop_assert_eq!(media.len(), 4);
        for kind in ["AUDIO", "SUBTITLES"] {
            let group = || media.iter().filter(|m| m["TYPE"] == kind);
            let mut names: Vec<_> = group().map(|m| m["NAME"].clone()).collect();
            names.dedup();
            prop_assert_eq!(names.len(), 2, "{:?}", names);
            prop_assert!(names.iter().all(|name| !name.is_empty()));
            prop_assert!(group().filter(|m| m["DEFAULT"] == "YES").count() <= 1);
        }
    }
}

/// An encoded film with two sound tracks, one copied.
fn film() -> (Plan, MediaInfo) {
    let mut film = info(
        Container::Matroska,
        vec![video("hevc")],
        vec![audio(1, "aac"), audio(4, "dts")],
    );
    film.video[0].frame_rate = Some(Rational::new(24_000, 1001));
    film.audio[0].language = Some("eng".to_owned());
    film.audio[1].language = Some("dut".to_owned());
    let picture = VideoTarget::H264(H264Target {
        width: 1280,
        height: 720,
        crf: 22,
        max_rate_kbps: 5_000,
        preset: Preset::Veryfast,
        frame_rate: None,
        deinterlace: false,
        level: 31,
    });
    let plan = Plan {
        decision: Decision::Transcode,
        grid: GridChoice::Stored,
        video: Some(VideoPlan {
            stream: 0,
            rungs: vec![picture],
        }),
        audio: vec![
            AudioPlan {
                stream: 1,
                target: AudioTarget::Copy,
            },
            AudioPlan {
                stream: 4,
                target: AudioTarget::Aac {
                    bit_rate_kbps: 384,
                    channels: 6,
                    sample_rate_hz: 48_000,
                },
            },
        ],
        first_audio: Some(4),
    };
    (plan, film)
}

fn variant(text: &str) -> (HashMap<String, String>, String) {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("#EXT-X-STREAM-INF:"));
    let tag = lines.next().expect("a variant");
    let address = lines.next().expect("its address").to_owned();
    (
        attributes(tag.strip_prefix("#EXT-X-STREAM-INF:").unwrap()),
        address,
    )
}

#[test]
fn the_multivariant_playlist_names_every_rendition() {
    let (plan, film) = film();
    let subtitles = [SubtitleRendition {
        id: "side-1".to_owned(),
        language: Some("ger".to_owned()),
        is_forced: true,
        is_hearing_impaired: true,
        ..SubtitleRendition::default()
    }];
    let text = multivariant(&plan, &film, &subtitles);
    let want = "#EXTM3U\n\
        #EXT-X-VERSION:7\n\
        #EXT-X-INDEPENDENT-SEGMENTS\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",LANGUAGE=\"en\",NAME=\"English\",DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a/1/index.m3u8\"\n\
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",LANGUAGE=\"nl\",NAME=\"Nederlands\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"6\",URI=\"a/4/index.m3u8\"\n\
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",LANGUAGE=\"de\",NAME=\"Deutsch\",DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound\",URI=\"s/side-1/index.m3u8\"\n\
        #EXT-X-STREAM-INF:BANDWIDTH=8120520,AVERAGE-BANDWIDTH=5545520,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=23.976,VIDEO-RANGE=SDR,AUDIO=\"audio\",SUBTITLES=\"subtitles\",CLOSED-CAPTIONS=NONE\n\
        v/0/index.m3u8\n";
    assert_eq!(text, want);
}

#[test]
fn codecs_and_range_are_those_of_the_segments() {
    let copied = |picture: &str, name: Option<&str>, sound: &str| {
        let (mut plan, mut film) = film();
        film.video[0] = video(picture);
        film.video[0].codec_string = name.map(str::to_owned);
        film.video[0].hdr = Hdr::Hlg;
        film.audio[0] = audio(1, sound);
        plan.video.as_mut().unwrap().rungs = vec![VideoTarget::Copy];
        plan.audio.truncate(1);
        let (variant, _) = variant(&multivariant(&plan, &film, &[]));
        assert_eq!(variant["VIDEO-RANGE"], "HLG");
        assert!(!variant.contains_key("SUBTITLES"));
        variant["CODECS"].clone()
    };
    for (picture, name, sound, want) in [
        ("h264", Some("avc1.4d401f"), "ac3", "avc1.4d401f,ac-3"),
        ("h264", None, "eac3", "avc1.640033,ec-3"),
        (
            "hevc",
            Some("hev1.2.4.L120.B0"),
            "flac",
            "hvc1.2.4.L120.B0,fLaC",
        ),
        ("hevc", None, "opus", "hvc1.1.6.L150.B0,Opus"),
        ("av1", None, "alac", "av01.0.13M.08,alac"),
        (
            "vp9",
            Some("vp09.00.40.08"),
            "aac",
            "vp09.00.40.08,mp4a.40.2",
        ),
    ] {
        assert_eq!(copied(picture, name, sound), want);
    }
}

#[test]
fn sound_alone_is_a_variant_of_its_own() {
    let (mut plan, mut film) = film();
    plan.video = None;
    film.video.clear();
    let text = multivariant(&plan, &film, &[]);
    let (variant, address) = variant(&text);
    assert_eq!(variant["CODECS"], "mp4a.40.2");
    assert!(!variant.contains_key("RESOLUTION") && !variant.contains_key("AUDIO"));
    assert_eq!(address, "a/4/index.m3u8");
    assert!(!text.contains("EXT-X-MEDIA"));
}

#[test]
fn a_silent_film_has_no_sound_group() {
    let (mut plan, mut film) = film();
    plan.audio.clear();
    plan.first_audio = None;
    film.audio.clear();
    let text = multivariant(&plan, &film, &[]);
    let (variant, address) = variant(&text);
    assert_eq!(variant["CODECS"], "avc1.64001f");
    assert!(!variant.contains_key("AUDIO") && !text.contains("TYPE=AUDIO"));
    assert_eq!(address, "v/0/index.m3u8");
}
