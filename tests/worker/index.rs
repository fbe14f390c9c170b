//! Keyframe indexes, compared with what ffprobe says of every packet.
//!
//! Never: an index trusted because it looks regular.

use std::path::Path;
use std::process::Command;

use alcove::media::grid::KeyframeIndex;
use alcove::media::job::{IndexEffort, Job, JobError, Output};
use alcove::pool::{Lane, Pool, PoolError};

use crate::bench::{Media, open, pool, run};

const FILM: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=21 -f lavfi -i sine=d=21";
const X264: &str =
    "-c:v libx264 -preset ultrafast -bf 3 -b_strategy 0 -g 50 -keyint_min 50 -c:a aac";
const X265: &str = "-c:v libx265 -preset ultrafast -c:a aac -x265-params log-level=none:keyint=50:min-keyint=50:bframes=3:b-adapt=0:open-gop";

/// All (pts, end, is key) of the video's packets, by ffprobe.
fn packets(path: &Path) -> Vec<(i64, i64, bool)> {
    let shown = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "packet=pts,duration,flags",
            "-of",
            "csv=p=0",
        ])
        .arg(path)
        .output()
        .expect("ffprobe runs");
    String::from_utf8_lossy(&shown.stdout)
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let pts: i64 = fields.first()?.parse().ok()?;
            let length: i64 = fields.get(1)?.parse().unwrap_or(0);
            Some((pts, pts + length, fields.get(2)?.contains('K')))
        })
        .collect()
}

async fn index(pool: &Pool, effort: IndexEffort, path: &Path) -> Result<KeyframeIndex, PoolError> {
    match run(pool, Job::Index { stream: 0, effort }, path).await? {
        (Output::Keyframes(index), _) => Ok(index),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn indexes_hold_the_presentation_times_of_all_keyframes() {
    let (pool, media) = (pool(), Media::new());
    let both = &[IndexEffort::ContainerOnly, IndexEffort::Walk][..];
    let walk = &[IndexEffort::Walk][..];
    for (name, arguments, efforts) in [
        ("a.mp4", X264.to_owned(), both),
        (
            "late.mp4",
            format!("{X264} -movflags +negative_cts_offsets -output_ts_offset 3"),
            both,
        ),
        ("a.mkv", X264.to_owned(), both),
        ("closed.mp4", format!("{X265}=0 -tag:v hvc1"), both),
        ("closed.mkv", format!("{X265}=0"), both),
        (
            "vp9.webm",
            "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -g 50 -c:a libopus".to_owned(),
            both,
        ),
        ("a.ts", X264.to_owned(), walk),
        (
            "fragments.mp4",
            format!("{X264} -movflags +frag_keyframe+empty_moov"),
            walk,
        ),
        ("nocues.mkv", format!("{X264} -live 1 -f matroska"), walk),
        ("a.flv", X264.to_owned(), walk),
    ] {
        let path = media.make(name, &format!("{FILM} {arguments}"));
        let packets = packets(&path);
        let want: Vec<i64> = packets.iter().filter(|p| p.2).map(|p| p.0).collect();
        let end = packets.iter().map(|p| p.1).max().expect(name);
        for &effort in efforts {
            let got = index(&pool, effort, &path).await.expect(name);
            assert_eq!(got.pts, want, "{name} {effort:?}");
            assert!(got.closed, "{name} {effort:?}");
            assert_eq!(got.end_pts, end, "{name} {effort:?}");
        }
        if efforts == walk {
            let got = index(&pool, IndexEffort::ContainerOnly, &path).await;
            assert!(
                matches!(got, Err(PoolError::Job(JobError::NotFound))),
                "{name}: {got:?}"
            );
        }
    }
}

#[tokio::test]
async fn open_groups_are_noticed() {
    let (pool, media) = (pool(), Media::new());
    for (name, arguments) in [
        ("open.mp4", format!("{X265}=1 -tag:v hvc1")),
        ("open.mkv", format!("{X265}=1")),
        ("h264.mkv", format!("{X264} -x264-params open-gop=1")),
        ("h264.mp4", format!("{X264} -x264-params open-gop=1")),
    ] {
        let path = media.make(name, &format!("{FILM} {arguments}"));
        let listed = index(&pool, IndexEffort::ContainerOnly, &path)
            .await
            .expect(name);
        assert!(
            !listed.closed || listed.pts.len() == 1,
            "{name}: {:?}",
            listed.pts
        );
        let walked = index(&pool, IndexEffort::Walk, &path).await.expect(name);
        assert!(walked.closed, "{name}");
        assert_eq!(walked.pts.len(), 1, "{name}: {:?}", walked.pts);
    }
    let mpeg2 = "-c:v mpeg2video -bf 2 -g 12 -c:a mp2";
    let path = media.make("open.ts", &format!("{FILM} {mpeg2}"));
    let walked = index(&pool, IndexEffort::Walk, &path)
        .await
        .expect("open.ts");
    assert_eq!(walked.pts.len(), 1, "{:?}", walked.pts);
    let path = media.make(
        "closed.ts",
        &format!("{FILM} {mpeg2} -flags +cgop -sc_threshold 1000000000"),
    );
    let walked = index(&pool, IndexEffort::Walk, &path)
        .await
        .expect("closed.ts");
    assert!(walked.pts.len() > 30, "{:?}", walked.pts);
}

#[tokio::test]
async fn a_film_that_breaks_off_ends_where_its_bytes_end() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make("a.mp4", &format!("{FILM} {X264} -movflags +faststart"));
    let bytes = std::fs::read(&path).expect("read");
    let cut = media.write("cut.mp4", &bytes[..bytes.len() / 2]);
    let got = index(&pool, IndexEffort::ContainerOnly, &cut)
        .await
        .expect("cut");
    let seconds = got.end_pts as f64 * f64::from(got.time_base.num) / f64::from(got.time_base.den);
    assert!((8.0..13.0).contains(&seconds), "{seconds}");
    assert!(got.pts.iter().all(|&key| key < got.end_pts));
}

#[tokio::test]
async fn a_walk_tells_how_far_it_is() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make("big.ts", "-f lavfi -i nullsrc=s=640x360:r=25:d=8,geq=random(1)*255:128:128 -c:v mpeg2video -b:v 30M -minrate 30M -maxrate 30M -bufsize 4M");
    let mut seen = Vec::new();
    let job = Job::Index {
        stream: 0,
        effort: IndexEffort::Walk,
    };
    pool.run(Lane::Idle, job, open(&path), |event| {
        if let alcove::pool::Event::Progress { done, total } = event {
            seen.push((done, total));
        }
    })
    .await
    .expect("walk");
    let size = path.metadata().expect("size").len();
    assert!(size > 10 << 20 && seen.len() >= 2, "{size} {seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(
        seen.iter()
            .all(|&(done, total)| done <= total && total == size)
    );
}

#[tokio::test]
async fn streams_that_are_no_video_have_no_index() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make("a.mkv", "-f lavfi -i sine=d=2 -c:a aac");
    for effort in [IndexEffort::ContainerOnly, IndexEffort::Walk] {
        for stream in [0, 7, u32::MAX] {
            let got = run(&pool, Job::Index { stream, effort }, &path).await;
            assert!(
                matches!(got, Err(PoolError::Job(JobError::NotFound))),
                "{got:?}"
            );
        }
    }
}
