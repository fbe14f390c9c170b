//! Subtitles inside films and beside them become the same WebVTT.
//!
//! Never: a player's tolerance counted on.

use alcove::media::job::{Job, JobError, SubtitleFileFormat};
use alcove::pool::{Pool, PoolError};

use crate::bench::{Media, pool, run};

const SRT: &[u8] = b"1\n00:00:00,500 --> 00:00:01,500\n<i>Hello</i> & <b>welcome</b>\n\n2\n00:00:02,000 --> 00:00:03,250\nTwo\nlines\n";
const FILM: &str = "-f lavfi -i testsrc2=s=64x64:r=25:d=5 -i a.srt -map 0 -map 1 -c:v libx264";

async fn stream(pool: &Pool, path: &std::path::Path, origin_us: i64) -> String {
    let job = Job::Subtitle {
        stream: 1,
        origin_us,
    };
    let (_, bytes) = run(pool, job, path).await.expect("subtitle");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

const WANT: &str = "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\n<i>Hello</i> &amp; <b>welcome</b>\n\n\
                    00:00:02.000 --> 00:00:03.250\nTwo\nlines\n";

#[tokio::test]
async fn text_streams_of_every_kind_become_the_same_document() {
    let (pool, media) = (pool(), Media::new());
    media.write("a.srt", SRT);
    for (name, codec) in [
        ("srt.mkv", "srt"),
        ("ass.mkv", "ass"),
        ("webvtt.mkv", "webvtt"),
        ("text.mp4", "mov_text"),
    ] {
        let path = media.make(name, &format!("{FILM} -c:s {codec}"));
        assert_eq!(stream(&pool, &path, 0).await, WANT, "{name}");
    }
}

#[tokio::test]
async fn times_count_from_the_players_zero() {
    let (pool, media) = (pool(), Media::new());
    media.write("a.srt", SRT);
    let path = media.make("a.mkv", &format!("{FILM} -c:s srt"));
    let later = stream(&pool, &path, -1_250_000).await;
    assert!(later.contains("00:00:01.750 --> 00:00:02.750\n"), "{later}");
    let earlier = stream(&pool, &path, 1_000_000).await;
    assert!(
        earlier.contains("00:00:00.000 --> 00:00:00.500\n"),
        "{earlier}"
    );
    assert!(
        earlier.contains("00:00:01.000 --> 00:00:02.250\n"),
        "{earlier}"
    );
    let after = stream(&pool, &path, 9_000_000).await;
    assert_eq!(after, "WEBVTT\n");
}

#[tokio::test]
async fn only_text_is_a_subtitle() {
    let (pool, media) = (pool(), Media::new());
    media.write("a.srt", SRT);
    let path = media.make("a.mkv", &format!("{FILM} -c:s srt"));
    for stream in [0, 2, u32::MAX] {
        let job = Job::Subtitle {
            stream,
            origin_us: 0,
        };
        let got = run(&pool, job, &path).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::NotFound))),
            "{stream}: {got:?}"
        );
    }
}

#[tokio::test]
async fn a_file_beside_the_film_is_converted_whatever_its_age() {
    let (pool, media) = (pool(), Media::new());
    let dos: Vec<u8> = String::from_utf8_lossy(SRT)
        .replace('\n', "\r\n")
        .into_bytes();
    let wide: Vec<u8> = String::from_utf8_lossy(SRT)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, bytes) in [("plain.srt", SRT), ("dos.srt", &dos), ("wide.srt", &wide)] {
        let path = media.write(name, bytes);
        let job = Job::SubtitleFile {
            format: SubtitleFileFormat::Srt,
        };
        let (_, got) = run(&pool, job, &path).await.expect(name);
        assert_eq!(String::from_utf8_lossy(&got), WANT, "{name}");
    }
    for bytes in [&b"no cue at all"[..], &[0xff; 5000]] {
        let path = media.write("bad.srt", bytes);
        let job = Job::SubtitleFile {
            format: SubtitleFileFormat::Ass,
        };
        let got = run(&pool, job, &path).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::UnknownFormat(_)))),
            "{got:?}"
        );
    }
}
