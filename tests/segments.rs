//! Segments of real films through real workers: made in any order, joined, decoded, compared.
//!
//! Never: a look at anything but the bytes that a player would get.

#[path = "segments/boxes.rs"]
mod boxes;
#[path = "segments/odd.rs"]
mod odd;
#[path = "segments/source.rs"]
mod source;

use std::fs::File;
use std::path::{Path, PathBuf};

use alcove::base::rational::{MICROSECONDS, Rational, rescale};
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{AudioSpec, Job, JobError, VideoSpec};
use alcove::media::target::{AudioTarget, H264Target, Preset, VideoTarget};
use alcove::pool::{Lane, Pool, PoolConfig, PoolError};

const AAC: AudioTarget = AudioTarget::Aac {
    bit_rate_kbps: 160,
    channels: 2,
    sample_rate_hz: 48_000,
};

fn h264() -> H264Target {
    H264Target {
        width: 160,
        height: 90,
        crf: 23,
        max_rate_kbps: 500,
        preset: Preset::Veryfast,
        frame_rate: None,
        deinterlace: false,
        level: 30,
    }
}

fn pool() -> Pool {
    Pool::new(PoolConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_alcove-worker")),
        size: 2,
        address_space_bytes: 2 << 30,
    })
}

/// All segments of one rendition.
struct Rendition {
    init: Vec<u8>,
    segments: Vec<Vec<u8>>,
}

impl Rendition {
    fn joined(&self) -> Vec<u8> {
        let mut bytes = self.init.clone();
        bytes.extend(self.segments.iter().flatten());
        bytes
    }

    fn parsed(&self) -> Vec<boxes::Segment> {
        let segments = self.segments.iter();
        segments.map(|bytes| boxes::segment(bytes)).collect()
    }

    fn write(&self, path: &Path) {
        std::fs::write(path, self.joined()).expect("scratch file");
    }
}

async fn bytes_of(pool: &Pool, film: &Path, job: Job) -> Result<Vec<u8>, PoolError> {
    let file = File::open(film).expect("the film").into();
    let (_, bytes) = pool.collect(Lane::Viewer, job, vec![file]).await?;
    Ok(bytes.to_vec())
}

/// Numbers below `count` in an order that jumps about, the same each time.
fn jumbled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|k| (k * 7919 + 13) % 101);
    order
}

async fn rendition(
    pool: &Pool,
    film: &Path,
    count: usize,
    init: Job,
    job: impl Fn(u32) -> Job,
) -> Result<Rendition, PoolError> {
    let init = bytes_of(pool, film, init).await?;
    let mut segments = vec![Vec::new(); count];
    for k in jumbled(count) {
        segments[k] = bytes_of(pool, film, job(u32::try_from(k).expect("few"))).await?;
    }
    Ok(Rendition { init, segments })
}

async fn video(pool: &Pool, film: &Path, spec: &VideoSpec) -> Result<Rendition, PoolError> {
    let job = |index| Job::VideoSegment {
        spec: spec.clone(),
        index,
    };
    rendition(
        pool,
        film,
        spec.grid.len(),
        Job::VideoInit(spec.clone()),
        job,
    )
    .await
}

async fn audio(pool: &Pool, film: &Path, spec: &AudioSpec) -> Result<Rendition, PoolError> {
    let job = |index| Job::AudioSegment {
        spec: spec.clone(),
        index,
    };
    rendition(
        pool,
        film,
        spec.grid.len(),
        Job::AudioInit(spec.clone()),
        job,
    )
    .await
}

/// A film, how it is made, and what must be true of it.
struct Case {
    name: &'static str,
    rate: &'static str,
    codecs: &'static str,
    /// False where MP4 or the container's timestamps do not allow the picture to be repacked.
    repacks: bool,
    /// Samples by which the container's own timestamps may shift the sound.
    blur: i64,
}

const CASES: [Case; 7] = [
    Case {
        name: "bframes.mp4",
        rate: "24000/1001",
        codecs: "-c:v libx264 -preset veryfast -g 48 -bf 3 -c:a aac -b:a 128k",
        repacks: true,
        blur: 1,
    },
    Case {
        name: "bframes.mkv",
        rate: "24000/1001",
        codecs: "-c:v libx264 -preset veryfast -g 60 -bf 3 -c:a ac3 -b:a 192k",
        repacks: true,
        blur: 30,
    },
    Case {
        name: "broadcast.ts",
        rate: "25",
        codecs: "-c:v mpeg2video -b:v 2M -g 12 -bf 2 -flags +cgop -sc_threshold 1000000000 -c:a ac3",
        repacks: false,
        blur: 1,
    },
    Case {
        name: "camera.ts",
        rate: "30000/1001",
        codecs: "-c:v libx264 -preset veryfast -g 45 -bf 2 -c:a aac -b:a 128k",
        repacks: true,
        blur: 1,
    },
    Case {
        name: "hevc.mkv",
        rate: "30",
        codecs: "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=60:open-gop=0:bframes=3 -c:a aac",
        repacks: true,
        blur: 30,
    },
    Case {
        name: "web.webm",
        rate: "30",
        codecs: "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 60 -b:v 300k -c:a libopus",
        repacks: true,
        blur: 30,
    },
    Case {
        name: "old.avi",
        rate: "25",
        codecs: "-c:v mpeg4 -q:v 5 -g 50 -bf 2 -c:a libmp3lame",
        repacks: false,
        blur: 1200,
    },
];

fn row(film: &str, target: &str, found: &str) {
    eprintln!("{film:<14} {target:<6} {found}");
}

/// Checks that segments follow each other to the tick, and that each starts and ends well.
fn check_continuity(name: &str, segments: &[boxes::Segment]) {
    for (k, pair) in segments.windows(2).enumerate() {
        assert_eq!(pair[0].end(), pair[1].start(), "{name}: after segment {k}");
        assert!(pair[0].sequences.last() < pair[1].sequences.first());
    }
    for (k, segment) in segments.iter().enumerate() {
        assert!(segment.samples[0].key, "{name}: segment {k} starts anew");
        assert!(segment.chunks[0] <= 5, "{name}: the first chunk is short");
        assert!(segment.samples.iter().all(|s| s.pts >= s.dts));
    }
}

/// Checks a picture rendition against the film's own pictures.
fn check_pictures(name: &str, film: &Path, grid: &SegmentGrid, made: &Rendition, scratch: &Path) {
    let parsed = made.parsed();
    check_continuity(name, &parsed);
    let scale = Rational::new(1, boxes::timescale(&made.init).cast_signed());
    for (k, segment) in parsed.iter().enumerate() {
        let (start, end) = grid.span(k).expect("within the grid");
        let ticks = |pts| rescale(pts - grid.origin(), grid.time_base, scale);
        let inside = |s: &boxes::Sample| s.pts >= ticks(start) && s.pts < ticks(end);
        let last = k + 1 == parsed.len();
        assert!(last || segment.samples.iter().all(inside), "{name}: {k}");
    }
    made.write(scratch);
    let (source, _) = source::pictures(film);
    let (shown, words) = source::pictures(scratch);
    assert_eq!(words, "", "{name}");
    assert_eq!(shown.len(), source.len(), "{name}: pictures");
    for (n, (own, new)) in source.iter().zip(&shown).enumerate() {
        let want = rescale(own - grid.origin(), grid.time_base, scale);
        assert_eq!(*new, want, "{name}: picture {n}");
    }
}

async fn check_video(pool: &Pool, case: &Case, film: &Path, grid: &SegmentGrid) {
    let scratch = film.with_extension("out.mp4");
    for target in [VideoTarget::Copy, VideoTarget::H264(h264())] {
        let word = match target {
            VideoTarget::Copy => "copy",
            VideoTarget::H264(_) => "h264",
        };
        let spec = VideoSpec {
            stream: 0,
            grid: grid.clone(),
            target,
        };
        let made = video(pool, film, &spec).await;
        if word == "copy" && !case.repacks {
            let refused = matches!(made, Err(PoolError::Job(JobError::Unsupported(_))));
            assert!(refused, "{}: repacking is refused", case.name);
            row(case.name, word, "refused, as it should be");
            continue;
        }
        let made = made.unwrap_or_else(|error| panic!("{} {word}: {error}", case.name));
        check_pictures(case.name, film, grid, &made, &scratch);
        let job = Job::VideoSegment { spec, index: 1 };
        let again = bytes_of(pool, film, job).await.expect("as before");
        assert!(made.segments[1] == again, "{}: pure", case.name);
        let found = format!(
            "{} segments, every picture in place, same bytes twice",
            grid.len()
        );
        row(case.name, word, &found);
    }
}

/// Checks where the sound lies, at the start, in the middle and at the end.
fn check_sound(case: &Case, film: &Path, grid: &SegmentGrid, scratch: &Path) -> usize {
    let (source, _) = source::sound(film);
    let (made, words) = source::sound(scratch);
    assert_eq!(words, "", "{}", case.name);
    let origin_s = grid.origin() as f64 * grid.time_base.as_f64();
    let shift_s = origin_s + source::first_sound_s(scratch) - source::first_sound_s(film);
    let shift = (shift_s * 48_000.0).round() as i64;
    for at in [10_000, 100_000, 250_000, 400_000, 540_000] {
        let lag = source::lag(&made, &source, at, shift);
        let lag = lag.unwrap_or_else(|| panic!("{}: silent at {at}", case.name));
        assert!(
            lag.abs() <= case.blur,
            "{}: {lag} samples at {at}",
            case.name
        );
    }
    made.len()
}

async fn check_audio(pool: &Pool, case: &Case, film: &Path, grid: &SegmentGrid) {
    let scratch = film.with_extension("out.m4a");
    for target in [AudioTarget::Copy, AAC] {
        let word = if target == AAC { "aac" } else { "copy" };
        let spec = AudioSpec {
            stream: 1,
            grid: grid.clone(),
            target,
        };
        let made = audio(pool, film, &spec).await;
        let made = made.unwrap_or_else(|error| panic!("{} {word}: {error}", case.name));
        let parsed = made.parsed();
        check_continuity(case.name, &parsed);
        if word == "aac" {
            check_frames(case.name, grid, &parsed);
        }
        made.write(&scratch);
        let samples = check_sound(case, film, grid, &scratch);
        if word == "aac" {
            let end = parsed.last().expect("segments").end();
            assert_eq!(samples as i64, end, "{}: every sample", case.name);
        }
        let job = Job::AudioSegment { spec, index: 1 };
        let again = bytes_of(pool, film, job).await.expect("as before");
        assert!(made.segments[1] == again, "{}: pure", case.name);
        row(case.name, word, &format!("{samples} samples, in place"));
    }
}

/// Checks that the sound is cut on the grid of 1024 samples.
fn check_frames(name: &str, grid: &SegmentGrid, parsed: &[boxes::Segment]) {
    assert_eq!(parsed[0].start(), 0, "{name}");
    let rate = Rational::new(1, 48_000);
    for (k, segment) in parsed.iter().enumerate() {
        let own = segment.samples.iter();
        assert!(own.clone().all(|s| s.dts % 1024 == 0 && s.duration == 1024));
        let (start, _) = grid.span(k).expect("within the grid");
        let start = rescale(start - grid.origin(), grid.time_base, rate);
        assert!(
            (0..1024).contains(&(start - segment.start())),
            "{name}: {k}"
        );
    }
    let total = rescale(grid.total_us(), MICROSECONDS, rate);
    let end = parsed.last().expect("segments").end();
    assert!((0..1024).contains(&(end - total)), "{name}: {end} {total}");
}

async fn check(case: &Case) {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = source::make(folder.path(), case.name, case.rate, 12.0, case.codecs);
    let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
    assert!(grid.remuxable && grid.len() >= 2, "{}", case.name);
    let pool = pool();
    check_video(&pool, case, &film, &grid).await;
    check_audio(&pool, case, &film, &grid).await;
    pool.close().await;
}

macro_rules! films {
    ($($test:ident = $index:literal),+ $(,)?) => { $(
        #[tokio::test]
        async fn $test() {
            check(&CASES[$index]).await;
        }
    )+ };
}

films! {
    an_mp4_film_with_reordered_pictures_is_continuous = 0,
    a_matroska_film_with_rounded_times_is_continuous = 1,
    an_mpeg2_broadcast_is_continuous = 2,
    an_h264_transport_stream_is_continuous = 3,
    an_hevc_film_is_continuous = 4,
    a_vp9_film_with_opus_is_continuous = 5,
    an_avi_film_without_presentation_times_is_continuous = 6,
}
