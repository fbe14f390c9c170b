//! What a probe says about files that ffmpeg made.
//!
//! Never: a file made by hand where ffmpeg can make it.

use alcove::media::codec::{AudioCodec, Container, SubtitleCodec, VideoCodec};
use alcove::media::info::Hdr;
use alcove::media::job::{Job, JobError, ProbeKind};
use alcove::pool::PoolError;

use crate::bench::{Media, info, pool, run};

/// Two seconds of picture and sound to encode.
const SOURCE: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=2 -f lavfi -i sine=r=48000:d=2";

/// File, encoders, container, and how the RFC 6381 names begin; empty where there is none.
const FILMS: [(&str, &str, Container, &str, &str); 11] = [
    (
        "a.mp4",
        "-c:v libx264 -c:a aac",
        Container::Mp4,
        "avc1.64",
        "mp4a.40.2",
    ),
    (
        "a.mkv",
        "-c:v libx264 -c:a ac3",
        Container::Matroska,
        "avc1.64",
        "ac-3",
    ),
    (
        "hevc.mkv",
        "-c:v libx265 -x265-params log-level=none -c:a eac3",
        Container::Matroska,
        "hvc1.1.6.L60.90",
        "ec-3",
    ),
    (
        "a.webm",
        "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a libopus",
        Container::WebM,
        "vp09.00.11.08",
        "opus",
    ),
    (
        "a.ts",
        "-c:v libx264 -c:a aac",
        Container::MpegTs,
        "avc1.64",
        "mp4a.40.2",
    ),
    (
        "a.mpg",
        "-c:v mpeg2video -c:a mp2",
        Container::MpegPs,
        "",
        "",
    ),
    (
        "a.avi",
        "-c:v mpeg4 -c:a libmp3lame",
        Container::Avi,
        "",
        "mp3",
    ),
    (
        "a.flv",
        "-c:v libx264 -c:a aac",
        Container::Flv,
        "avc1.64",
        "mp4a.40.2",
    ),
    ("a.asf", "-c:v msmpeg4 -c:a wmav2", Container::Asf, "", ""),
    ("a.mov", "-c:v mjpeg -c:a pcm_s16le", Container::Mp4, "", ""),
    (
        "a.ogv",
        "-c:v libtheora -c:a libvorbis",
        Container::Ogg,
        "theora",
        "vorbis",
    ),
];

#[tokio::test]
async fn every_container_tells_its_tracks_and_length() {
    let (pool, media) = (pool(), Media::new());
    for (name, codecs, container, video_name, audio_name) in FILMS {
        let path = media.make(name, &format!("{SOURCE} {codecs}"));
        let got = info(&pool, ProbeKind::Video, &path).await;
        assert_eq!(got.container, container, "{name}");
        let duration = got.duration_ms.expect(name);
        assert!((1900..=2150).contains(&duration), "{name}: {duration} ms");
        let (video, audio) = (&got.video[0], &got.audio[0]);
        assert_eq!((video.width, video.height), (320, 180), "{name}");
        let rate = video.frame_rate.expect(name).as_f64();
        assert!((24.5..=25.5).contains(&rate), "{name}: {rate}");
        assert_eq!(
            (video.bit_depth, video.hdr, video.interlaced),
            (8, Hdr::Sdr, false),
            "{name}"
        );
        assert!(video.time_base.is_valid());
        assert_eq!(audio.channels, 1, "{name}");
        assert_eq!(audio.sample_rate_hz, 48_000, "{name}");
        let named = |got: &Option<String>, want: &str| match got {
            Some(got) => !want.is_empty() && got.starts_with(want),
            None => want.is_empty(),
        };
        assert!(
            named(&video.codec_string, video_name),
            "{name}: {:?}",
            video.codec_string
        );
        assert!(
            named(&audio.codec_string, audio_name),
            "{name}: {:?}",
            audio.codec_string
        );
        assert!(got.bit_rate_kbps.is_some(), "{name}");
    }
    assert_eq!(pool.parked_pids().len(), 1, "one worker did it all");
}

#[tokio::test]
async fn music_tells_its_tags_and_length_whatever_the_format() {
    let (pool, media) = (pool(), Media::new());
    let tags = "-metadata title=Tide -metadata artist=Orla -metadata album=Shore -metadata track=3/9 -metadata date=2001";
    for (name, codec, kind) in [
        ("a.mp3", "-c:a libmp3lame -b:a 128k", AudioCodec::Mp3),
        ("vbr.mp3", "-c:a libmp3lame -q:a 4", AudioCodec::Mp3),
        (
            "bare.mp3",
            "-c:a libmp3lame -b:a 64k -write_xing 0 -ac 2",
            AudioCodec::Mp3,
        ),
        ("a.flac", "-c:a flac", AudioCodec::Flac),
        ("a.ogg", "-c:a libvorbis", AudioCodec::Vorbis),
        ("a.opus", "-c:a libopus", AudioCodec::Opus),
        ("a.m4a", "-c:a aac", AudioCodec::Aac),
        ("alac.m4a", "-c:a alac", AudioCodec::Alac),
        ("a.wav", "-c:a pcm_s16le", AudioCodec::Pcm),
    ] {
        let path = media.make(
            name,
            &format!("-f lavfi -i sine=r=48000:d=9 {codec} {tags}"),
        );
        let got = info(&pool, ProbeKind::Audio, &path).await;
        let track = &got.audio[0];
        assert_eq!(track.codec, kind, "{name}");
        assert_eq!(track.sample_rate_hz, 48_000, "{name}");
        assert_eq!(
            track.channels,
            if name == "bare.mp3" { 2 } else { 1 },
            "{name}"
        );
        let duration = got.duration_ms.expect(name);
        assert!((8900..=9150).contains(&duration), "{name}: {duration} ms");
        for (key, value) in [
            ("title", "Tide"),
            ("artist", "Orla"),
            ("album", "Shore"),
            ("date", "2001"),
        ] {
            assert_eq!(got.tag(key), Some(value), "{name} {key}: {:?}", got.tags);
        }
        assert!(
            got.tag("track").is_some_and(|track| track.starts_with('3')),
            "{name}"
        );
        assert!(!got.has_cover && got.video.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_embedded_cover_is_no_video_track() {
    let (pool, media) = (pool(), Media::new());
    media.make("cover.jpg", "-f lavfi -i testsrc2=s=64x64 -frames:v 1");
    for name in ["a.mp3", "a.flac", "a.m4a"] {
        let path = media.make(
            name,
            "-f lavfi -i sine=d=2 -i cover.jpg -map 0 -map 1 -c:v copy -disposition:v attached_pic",
        );
        let got = info(&pool, ProbeKind::Audio, &path).await;
        assert!(got.has_cover, "{name}");
        assert!(got.video.is_empty(), "{name}: {:?}", got.video);
    }
}

#[tokio::test]
async fn picture_properties_that_decide_about_conversion_are_found() {
    let (pool, media) = (pool(), Media::new());
    let x265 = "-c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=none:colorprim=bt2020:colormatrix=bt2020nc:transfer";
    for (name, arguments, depth, hdr, interlaced, rotation) in [
        (
            "hdr10.mkv",
            format!("{SOURCE} {x265}=smpte2084"),
            10,
            Hdr::Hdr10,
            false,
            0,
        ),
        (
            "hlg.mp4",
            format!("{SOURCE} {x265}=arib-std-b67"),
            10,
            Hdr::Hlg,
            false,
            0,
        ),
        (
            "high10.mkv",
            format!("{SOURCE} -c:v libx264 -pix_fmt yuv420p10le"),
            10,
            Hdr::Sdr,
            false,
            0,
        ),
        (
            "fields.mkv",
            format!("{SOURCE} -vf setfield=tff -c:v libx264 -flags +ildct+ilme"),
            8,
            Hdr::Sdr,
            true,
            0,
        ),
        (
            "fields.mpg",
            format!("{SOURCE} -vf setfield=tff -c:v mpeg2video -flags +ildct+ilme"),
            8,
            Hdr::Sdr,
            true,
            0,
        ),
    ] {
        let path = media.make(name, &arguments);
        let got = info(&pool, ProbeKind::Video, &path).await;
        let video = &got.video[0];
        assert_eq!(video.bit_depth, depth, "{name}");
        assert_eq!(video.hdr, hdr, "{name}");
        assert_eq!(video.interlaced, interlaced, "{name}");
        assert_eq!(video.rotation_degrees, rotation, "{name}");
    }
    media.make("flat.mp4", &format!("{SOURCE} -c:v libx264"));
    let options = std::process::Command::new("ffmpeg")
        .args(["-v", "quiet", "-h", "full"])
        .output()
        .expect("ffmpeg runs");
    // FFmpeg 6 has the option, and 7 no longer takes the tag.
    let has_option = String::from_utf8_lossy(&options.stdout).contains("-display_rotation");
    for turn in [90, 180, 270] {
        let arguments = match has_option {
            true => format!("-display_rotation {turn} -i flat.mp4 -c copy"),
            false => format!("-i flat.mp4 -c copy -metadata:s:v rotate={turn}"),
        };
        let path = media.make(&format!("turned{turn}.mp4"), &arguments);
        let got = info(&pool, ProbeKind::Video, &path).await;
        let shown = std::process::Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-show_entries",
                "stream_side_data=rotation",
                "-of",
                "csv=p=0",
            ])
            .arg(&path)
            .output()
            .expect("ffprobe runs");
        let counterclockwise: i32 = String::from_utf8_lossy(&shown.stdout)
            .trim()
            .trim_end_matches(',')
            .parse()
            .expect("a rotation");
        assert_eq!(
            i32::from(got.video[0].rotation_degrees),
            (-counterclockwise).rem_euclid(360),
            "{turn}"
        );
    }
    let path = media.make("wide.mkv", &format!("{SOURCE} -c:v libx264 -vf setsar=4/3"));
    let got = info(&pool, ProbeKind::Video, &path).await;
    let aspect = got.video[0].sample_aspect;
    assert_eq!((aspect.num, aspect.den), (4, 3));
}

#[tokio::test]
async fn subtitles_chapters_and_languages_are_listed() {
    let (pool, media) = (pool(), Media::new());
    media.write("a.srt", b"1\n00:00:00,500 --> 00:00:01,500\nHello\n");
    media.write(
        "chapters.txt",
        b";FFMETADATA1\ntitle=The Film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=2000\ntitle=Two\n",
    );
    let path = media.make(
        "a.mkv",
        &format!(
            "{SOURCE} -i a.srt -i chapters.txt -map 0 -map 1 -map 2 -map 2 -map_metadata 3 -c:v libx264 -c:a aac -c:s:0 srt -c:s:1 ass \
             -metadata:s:a language=fre -metadata:s:s:0 language=ger -disposition:s:0 forced -disposition:s:1 hearing_impaired"
        ),
    );
    let got = info(&pool, ProbeKind::Video, &path).await;
    assert_eq!(got.audio[0].language.as_deref(), Some("fre"));
    let (first, second) = (&got.subtitles[0], &got.subtitles[1]);
    assert_eq!(
        (first.codec, second.codec),
        (SubtitleCodec::Srt, SubtitleCodec::Ass)
    );
    assert_eq!(first.language.as_deref(), Some("ger"));
    assert!(first.is_forced && !first.is_hearing_impaired);
    assert!(second.is_hearing_impaired && !second.is_forced);
    let titles: Vec<_> = got
        .chapters
        .iter()
        .map(|c| (c.start_ms, c.title.as_deref()))
        .collect();
    assert_eq!(titles, [(0, Some("One")), (900, Some("Two"))]);
    assert_eq!(got.tag("title"), Some("The Film"));
}

#[tokio::test]
async fn photos_tell_size_orientation_date_and_camera() {
    let (pool, media) = (pool(), Media::new());
    for name in ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tiff"] {
        let path = media.make(name, "-f lavfi -i testsrc2=s=96x64 -frames:v 1");
        for kind in [ProbeKind::Photo, ProbeKind::Video] {
            let got = info(&pool, kind, &path).await;
            let photo = got.photo.expect(name);
            assert_eq!(
                (photo.width, photo.height, photo.orientation),
                (96, 64, 1),
                "{name}"
            );
            assert_eq!(got.container, Container::Image, "{name}");
        }
    }
    let plain = std::fs::read(media.path("a.jpg")).expect("read");
    let path = media.write("exif.jpg", &with_exif(&plain));
    let photo = info(&pool, ProbeKind::Photo, &path)
        .await
        .photo
        .expect("photo");
    assert_eq!(photo.orientation, 6);
    assert_eq!(photo.taken_at.as_deref(), Some("2019-07-04T12:30:11"));
    assert_eq!(photo.camera.as_deref(), Some("Acme One"));
}

/// Puts an EXIF block with a camera, an orientation and a date behind a JPEG's first marker.
fn with_exif(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes
    };
    // IFD0 at 8 with four entries ends at 62; the EXIF IFD of one entry at 62 ends at 80.
    tiff.extend(4u16.to_le_bytes());
    tiff.extend(entry(0x010f, 2, 5, 80));
    tiff.extend(entry(0x0110, 2, 4, u32::from_le_bytes(*b"One\0")));
    tiff.extend(entry(0x0112, 3, 1, 6));
    tiff.extend(entry(0x8769, 4, 1, 62));
    tiff.extend([0; 4]);
    tiff.extend(1u16.to_le_bytes());
    tiff.extend(entry(0x9003, 2, 20, 86));
    tiff.extend([0; 4]);
    tiff.extend(b"Acme\0\0");
    tiff.extend(b"2019:07:04 12:30:11\0");
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(u16::try_from(tiff.len() + 8).expect("short").to_be_bytes());
    out.extend(b"Exif\0\0");
    out.extend(tiff);
    out.extend(&jpeg[2..]);
    out
}

#[tokio::test]
async fn what_is_no_media_file_gets_a_reason() {
    let (pool, media) = (pool(), Media::new());
    let text = media.write(
        "notes.mp4",
        "just some words in a file\n".repeat(200).as_bytes(),
    );
    let playlist = media.write("list.mp4", b"#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n");
    let concat = media.write("concat.avi", b"ffconcat version 1.0\nfile /etc/hostname\n");
    for path in [text, playlist, concat] {
        for kind in [ProbeKind::Video, ProbeKind::Audio, ProbeKind::Photo] {
            let got = run(&pool, Job::Probe { kind }, &path).await;
            assert!(
                matches!(got, Err(PoolError::Job(JobError::UnknownFormat(_)))),
                "{}: {got:?}",
                path.display()
            );
        }
    }
    let folder = run(
        &pool,
        Job::Probe {
            kind: ProbeKind::Video,
        },
        std::path::Path::new("/tmp"),
    )
    .await;
    assert!(
        matches!(folder, Err(PoolError::Job(JobError::Read(_)))),
        "{folder:?}"
    );
    let codec = VideoCodec::parse("h264");
    assert_eq!(codec, Some(VideoCodec::H264));
}
