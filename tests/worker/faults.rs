//! Cut off and bit-flipped copies of many kinds of files: every job ends in time, and the pool lives on.
//!
//! Never: a random seed; a failure can be run again.

use std::time::{Duration, Instant};

use alcove::base::rational::MILLISECONDS;
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{
    AudioSpec, IndexEffort, Job, Output, PictureBounds, ProbeKind, SubtitleFileFormat, VideoSpec,
};
use alcove::media::target::{AudioTarget, H264Target, Preset, VideoTarget};
use alcove::pool::{Lane, PoolError};

use crate::bench::{Media, info, open, pool};

/// Copies of each kind of file that the test makes.
const VARIANTS: u64 = 24;
/// A damaged small file may cost this at most, with many tests at once on a small machine.
const MOST: Duration = Duration::from_secs(15);

/// Marsaglia's xorshift: the same damage in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("64-bit machine") % limit.max(1)
    }
}

fn damage(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    if dice.below(3) == 0 {
        bytes.truncate(dice.below(whole.len()));
    } else {
        // Headers decide most, so most of the damage goes there.
        let reach = [256, 4096, whole.len()][dice.below(3)].min(whole.len());
        for _ in 0..=dice.below(24) {
            bytes[dice.below(reach)] ^= 1 << dice.below(8);
        }
    }
    bytes
}

fn jobs() -> Vec<Job> {
    let bounds = PictureBounds {
        max_width: 200,
        max_height: 200,
    };
    vec![
        Job::Probe {
            kind: ProbeKind::Video,
        },
        Job::Probe {
            kind: ProbeKind::Photo,
        },
        Job::Index {
            stream: 0,
            effort: IndexEffort::Walk,
        },
        Job::Thumbnail {
            at_ms: None,
            bounds,
        },
        Job::Cover { bounds },
        Job::Photo { bounds },
        Job::Subtitle {
            stream: 2,
            origin_us: 0,
        },
        Job::SubtitleFile {
            format: SubtitleFileFormat::Srt,
        },
    ]
}

/// The grid that a damaged film's own index leads to, else one of equal parts.
fn grid_of(found: Option<Output>) -> SegmentGrid {
    let own = match found {
        Some(Output::Keyframes(index)) => SegmentGrid::from_keyframes(&index).ok(),
        _ => None,
    };
    let equal = || SegmentGrid::regular(MILLISECONDS, 0, 1000).expect("a grid");
    own.unwrap_or_else(equal)
}

/// What a player would ask of a film: repacked and made anew, the first and the last segment.
fn segments(grid: &SegmentGrid) -> Vec<Job> {
    let made_anew = VideoTarget::H264(H264Target {
        width: 96,
        height: 64,
        crf: 30,
        max_rate_kbps: 500,
        preset: Preset::Veryfast,
        frame_rate: None,
        deinterlace: true,
        level: 30,
    });
    let aac = AudioTarget::Aac {
        bit_rate_kbps: 96,
        channels: 2,
        sample_rate_hz: 48_000,
    };
    let mut jobs = Vec::new();
    for index in [0, grid.len() - 1] {
        let index = u32::try_from(index).expect("few segments");
        for target in [VideoTarget::Copy, made_anew.clone()] {
            let spec = VideoSpec {
                stream: 0,
                grid: grid.clone(),
                target,
            };
            jobs.push(Job::VideoInit(spec.clone()));
            jobs.push(Job::VideoSegment { spec, index });
        }
        for target in [AudioTarget::Copy, aac.clone()] {
            let spec = AudioSpec {
                stream: 1,
                grid: grid.clone(),
                target,
            };
            jobs.push(Job::AudioInit(spec.clone()));
            jobs.push(Job::AudioSegment { spec, index });
        }
    }
    jobs
}

#[tokio::test]
async fn damaged_files_of_every_kind_end_in_time_and_cost_nothing_else() {
    let (pool, media) = (pool(), Media::new());
    media.write("a.srt", b"1\n00:00:00,000 --> 00:00:01,000\nHello\n");
    media.make("cover.jpg", "-f lavfi -i testsrc2=s=96x64 -frames:v 1");
    let film = "-f lavfi -i testsrc2=s=96x64:r=25:d=1 -f lavfi -i sine=d=1";
    let subtitled = format!("{film} -i a.srt -map 0 -map 1 -map 2");
    let kinds = [
        (
            "a.mp4",
            format!("{subtitled} -c:v libx264 -c:a aac -c:s mov_text"),
        ),
        (
            "a.mkv",
            format!("{subtitled} -c:v libx264 -c:a flac -c:s ass"),
        ),
        (
            "b.mkv",
            format!("{film} -c:v libx265 -x265-params log-level=none -c:a ac3"),
        ),
        (
            "a.webm",
            format!("{film} -c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a libopus"),
        ),
        ("a.ts", format!("{film} -c:v mpeg2video -c:a mp2")),
        ("a.avi", format!("{film} -c:v mpeg4 -c:a libmp3lame")),
        ("a.flv", format!("{film} -c:v flv -ar 44100")),
        ("a.ogv", format!("{film} -c:v libtheora -c:a libvorbis")),
        ("a.asf", format!("{film} -c:v msmpeg4 -c:a wmav2")),
        (
            "a.mp3",
            "-f lavfi -i sine=d=1 -i cover.jpg -map 0 -map 1 -c:v copy".to_owned(),
        ),
        ("a.flac", "-f lavfi -i sine=d=1".to_owned()),
        ("a.m4a", "-f lavfi -i sine=d=1".to_owned()),
        ("a.wav", "-f lavfi -i sine=d=1".to_owned()),
        (
            "a.jpg",
            "-f lavfi -i testsrc2=s=96x64 -frames:v 1".to_owned(),
        ),
        (
            "a.png",
            "-f lavfi -i testsrc2=s=96x64 -frames:v 1".to_owned(),
        ),
        (
            "a.gif",
            "-f lavfi -i testsrc2=s=96x64 -frames:v 1".to_owned(),
        ),
        (
            "a.webp",
            "-f lavfi -i testsrc2=s=96x64 -frames:v 1".to_owned(),
        ),
        (
            "a.tiff",
            "-f lavfi -i testsrc2=s=96x64 -frames:v 1".to_owned(),
        ),
    ];
    let jobs = jobs();
    let mut crashes = Vec::new();
    for (name, arguments) in &kinds {
        let is_film = arguments.contains("testsrc2") && arguments.contains("-c:a");
        let whole = std::fs::read(media.make(name, arguments)).expect("read");
        for variant in 0..VARIANTS {
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ variant << 32 ^ whole.len() as u64);
            let path = media.write("damaged", &damage(&whole, &mut dice));
            // Every copy is probed; the other jobs take turns.
            let turn = usize::try_from(variant).expect("small") % (jobs.len() - 1) + 1;
            let mut due = vec![jobs[0].clone(), jobs[turn].clone()];
            if is_film && variant % 3 == 0 {
                let index = Job::Index {
                    stream: 0,
                    effort: IndexEffort::Walk,
                };
                let found = pool.collect(Lane::Scan, index, open(&path)).await;
                due.extend(segments(&grid_of(found.ok().map(|found| found.0))));
            }
            for job in due {
                let started = Instant::now();
                let got = pool.collect(Lane::Scan, job.clone(), open(&path)).await;
                let took = started.elapsed();
                assert!(took < MOST, "{name} {variant} {job:?}: {took:?}");
                match got {
                    Ok(_) | Err(PoolError::Job(_)) => {}
                    Err(PoolError::Crashed(why)) => {
                        crashes.push(format!("{name} {variant} {job:?}: {why}"))
                    }
                    Err(error) => panic!("{name} {variant} {job:?}: {error}"),
                }
            }
        }
    }
    assert!(crashes.is_empty(), "{crashes:#?}");
    let whole = info(&pool, ProbeKind::Video, &media.path("a.mp4")).await;
    assert_eq!(whole.video.len(), 1);
    assert!(pool.busy_pids().is_empty());
}

#[tokio::test]
async fn huge_sparse_files_and_things_that_are_no_files_end_at_once() {
    let (pool, media) = (pool(), Media::new());
    let sparse = media.path("sparse.mkv");
    let file = std::fs::File::create(&sparse).expect("create");
    file.set_len(1 << 40).expect("a sparse terabyte");
    let pipe = media.path("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let held = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&pipe)
        .expect("both ends");
    for job in jobs() {
        for files in [
            open(&sparse),
            vec![held.try_clone().expect("copy").into()],
            open(std::path::Path::new("/tmp")),
            open(std::path::Path::new("/dev/zero")),
            Vec::new(),
        ] {
            let started = Instant::now();
            let got = pool.collect(Lane::Scan, job.clone(), files).await;
            assert!(matches!(got, Err(PoolError::Job(_))), "{job:?}: {got:?}");
            assert!(started.elapsed() < MOST, "{job:?}");
        }
    }
}
