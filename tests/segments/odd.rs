//! Films that are not as a film should be: gaps, damage, turned and interlaced pictures, odd sound.
//!
//! Never: an exact picture: what matters is that the time line holds.

use std::path::{Path, PathBuf};

use alcove::base::rational::Rational;
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{AudioSpec, JobError, VideoSpec};
use alcove::media::target::{AudioTarget, H264Target, VideoTarget};
use alcove::pool::PoolError;

use crate::source::{self, run};
use crate::{AAC, audio, boxes, check_continuity, check_frames, h264, pool, video};

/// Makes `name` in `folder` with the words of `arguments`.
fn make(folder: &Path, name: &str, arguments: &str) -> PathBuf {
    let path = folder.join(name);
    let mut words: Vec<&str> = vec!["-nostdin", "-v", "error", "-y"];
    words.extend(arguments.split_whitespace());
    words.extend(["-threads", "1", path.to_str().expect("plain path")]);
    run("ffmpeg", &words);
    path
}

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12";
const X264: &str = "-c:v libx264 -preset ultrafast";

async fn encoded(film: &Path, grid: &SegmentGrid, target: H264Target) -> crate::Rendition {
    let spec = VideoSpec {
        stream: 0,
        grid: grid.clone(),
        target: VideoTarget::H264(target),
    };
    let pool = pool();
    let made = video(&pool, film, &spec).await.expect("segments");
    pool.close().await;
    made
}

async fn sounded(film: &Path, stream: u32, grid: &SegmentGrid, target: AudioTarget) -> Vec<f32> {
    let spec = AudioSpec {
        stream,
        grid: grid.clone(),
        target,
    };
    let pool = pool();
    let made = audio(&pool, film, &spec).await.expect("segments");
    pool.close().await;
    check_frames("sound", grid, &made.parsed());
    let scratch = film.with_extension("out.m4a");
    made.write(&scratch);
    let (samples, words) = source::sound(&scratch);
    assert_eq!(words, "");
    samples
}

fn loudness(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(s * s)).sum();
    (sum / samples.len() as f64).sqrt()
}

/// Frames of the joined rendition, without a complaint of the decoder.
fn shown(made: &crate::Rendition, film: &Path) -> Vec<i64> {
    check_continuity("film", &made.parsed());
    let scratch = film.with_extension("out.mp4");
    made.write(&scratch);
    let (times, words) = source::pictures(&scratch);
    assert_eq!(words, "");
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    times
}

#[tokio::test]
async fn a_film_with_one_keyframe_is_cut_anywhere() {
    let folder = tempfile::tempdir().expect("scratch folder");
    for name in ["long.mp4", "long.mkv", "long.ts"] {
        let film = make(
            folder.path(),
            name,
            &format!("{PICTURE} {X264} -g 1000 -bf 2"),
        );
        let index = source::keyframes(&film);
        let grid = SegmentGrid::from_keyframes(&index).expect("a grid");
        assert!(!grid.remuxable && grid.len() == 2);
        let made = encoded(&film, &grid, h264()).await;
        assert_eq!(shown(&made, &film).len(), 300, "{name}");
        let spec = VideoSpec {
            stream: 0,
            grid,
            target: VideoTarget::Copy,
        };
        let copied = video(&pool(), &film, &spec).await;
        let refused = matches!(copied, Err(PoolError::Job(JobError::Unsupported(_))));
        assert!(refused, "{name}");
    }
}

#[tokio::test]
async fn pictures_larger_than_any_films_are_refused() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let giant = "-f lavfi -i color=s=16000x2400:r=1:d=2 -c:v ffv1";
    let film = make(folder.path(), "giant.mkv", giant);
    let grid = SegmentGrid::regular(Rational::new(1, 1000), 0, 2000).expect("a grid");
    let spec = VideoSpec {
        stream: 0,
        grid,
        target: VideoTarget::H264(h264()),
    };
    let got = video(&pool(), &film, &spec).await.err();
    let refused = matches!(got, Some(PoolError::Job(JobError::Unsupported(_))));
    assert!(refused, "{got:?}");
}

#[tokio::test]
async fn damage_in_the_middle_leaves_no_gap() {
    let folder = tempfile::tempdir().expect("scratch folder");
    for name in ["torn.mkv", "torn.ts", "torn.mp4"] {
        let film = make(
            folder.path(),
            name,
            &format!("{PICTURE} {X264} -g 50 -bf 2"),
        );
        let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
        let mut bytes = std::fs::read(&film).expect("the film");
        let (from, to) = (bytes.len() * 3 / 10, bytes.len() * 8 / 10);
        bytes[from..to].fill(0x55);
        std::fs::write(&film, bytes).expect("the torn film");
        let made = encoded(&film, &grid, h264()).await;
        check_continuity(name, &made.parsed());
        assert!(!shown(&made, &film).is_empty());
        let parsed = made.parsed();
        let scale = i64::from(boxes::timescale(&made.init));
        let total = parsed.last().expect("segments").end();
        let want = grid.total_us() * scale / 1_000_000;
        assert!((total - want).abs() < scale, "{name}: {total} {want}");
    }
}

#[tokio::test]
async fn half_the_pictures_are_shown_where_the_target_asks_for_half() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = make(
        folder.path(),
        "film.mkv",
        &format!("{PICTURE} {X264} -g 50"),
    );
    let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
    let target = H264Target {
        frame_rate: Some(Rational::new(25, 2)),
        ..h264()
    };
    let made = encoded(&film, &grid, target).await;
    let times = shown(&made, &film);
    assert_eq!(times.len(), 150);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == times[1]));
}

#[tokio::test]
async fn interlaced_pictures_become_whole_ones_one_for_one() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let arguments = "-f lavfi -i testsrc2=size=320x180:rate=50:duration=12 -vf interlace \
                     -c:v mpeg2video -b:v 2M -g 12 -bf 2 -flags +ilme+ildct+cgop -sc_threshold 1000000000";
    let film = make(folder.path(), "fields.ts", arguments);
    let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
    let target = H264Target {
        deinterlace: true,
        ..h264()
    };
    let made = encoded(&film, &grid, target).await;
    let (source, _) = source::pictures(&film);
    assert_eq!(shown(&made, &film).len(), source.len());
}

#[tokio::test]
async fn turned_deep_and_uneven_pictures_come_out_upright_and_on_time() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let flat = make(
        folder.path(),
        "flat.mp4",
        "-f lavfi -i color=red:size=320x180:rate=25:duration=6 \
         -vf drawbox=w=160:color=blue:t=fill,select='not(mod(floor(n/7),3))' -vsync vfr \
         -c:v libx264 -pix_fmt yuv420p10le -preset ultrafast -g 50",
    );
    let film = folder.path().join("turned.mp4");
    let (from, to) = (flat.to_str().expect("path"), film.to_str().expect("path"));
    let turn = [
        "-v",
        "error",
        "-i",
        from,
        "-c",
        "copy",
        "-metadata:s:v",
        "rotate=90",
        to,
    ];
    run("ffmpeg", &turn);
    let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
    let target = H264Target {
        width: 90,
        height: 160,
        ..h264()
    };
    let made = encoded(&film, &grid, target).await;
    let (source, _) = source::pictures(&film);
    assert_eq!(shown(&made, &film).len(), source.len());
    let scratch = film.with_extension("out.mp4");
    let turned = |path: &Path| {
        let path = path.to_str().expect("path");
        let crop = "scale=90:160,crop=40:40:25:10,scale=1:1";
        let words = ["-v", "error", "-i", path, "-vf", crop, "-frames:v", "1"];
        let raw = ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
        run("ffmpeg", &[&words[..], &raw[..]].concat()).0
    };
    let (own, new) = (turned(&film), turned(&scratch));
    for (a, b) in own.iter().zip(&new) {
        assert!(a.abs_diff(*b) < 24, "{own:?} {new:?}");
    }
}

#[tokio::test]
async fn sound_that_starts_late_and_ends_early_lies_between_silence() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = make(
        folder.path(),
        "late.mkv",
        &format!(
            "{PICTURE} -itsoffset 3 -f lavfi -i sine=440:duration=5:sample_rate=44100 {X264} -g 50 -c:a flac"
        ),
    );
    let grid = SegmentGrid::from_keyframes(&source::keyframes(&film)).expect("a grid");
    let made = sounded(&film, 1, &grid, AAC).await;
    let at = |from: f64, to: f64| loudness(&made[(from * 48e3) as usize..(to * 48e3) as usize]);
    assert!(at(0.0, 2.9) < 1e-3 && at(8.1, 11.9) < 1e-3);
    for second in 3..8 {
        let level = at(f64::from(second) + 0.05, f64::from(second) + 0.95);
        assert!(level > 0.05, "{second} s: {level}");
    }
}

#[tokio::test]
async fn music_alone_is_cut_on_its_own_time_base() {
    let folder = tempfile::tempdir().expect("scratch folder");
    for (name, codec, rate) in [
        ("song.flac", "flac", 44_100),
        ("song.mp3", "libmp3lame", 44_100),
        ("song.ogg", "libvorbis", 48_000),
        ("song.m4a", "aac", 22_050),
        ("song.wav", "pcm_s24le", 96_000),
    ] {
        let noise = "anoisesrc=color=pink:amplitude=0.5:seed=7:d=11";
        let tone = format!("-f lavfi -i {noise}:r={rate} -c:a {codec}");
        let film = make(folder.path(), name, &tone);
        let start = source::first_sound_s(&film);
        let base = Rational::new(1, 1_000_000);
        let origin = (start * 1e6).round() as i64;
        let grid = SegmentGrid::regular(base, origin, origin + 11_000_000).expect("a grid");
        let made = sounded(&film, 0, &grid, AAC).await;
        let (own, _) = source::sound(&film);
        for at in [30_000, 235_000, 243_000, 480_000] {
            let lag = source::lag(&made, &own, at, 0).expect("sound");
            assert!(lag.abs() <= 2, "{name}: {lag} samples at {at}");
        }
    }
}

#[tokio::test]
async fn speech_keeps_its_level_when_six_channels_become_two() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let film = make(
        folder.path(),
        "speech.mkv",
        "-f lavfi -i aevalsrc=0|0|0.5*sin(880*PI*t)|0|0|0:s=48000:d=11:c=5.1 -c:a ac3 -b:a 448k",
    );
    let grid = SegmentGrid::regular(Rational::new(1, 1000), 0, 11_000).expect("a grid");
    let made = sounded(&film, 0, &grid, AAC).await;
    // ffmpeg's own step from two channels to one, on the way here, adds both by the root of a half.
    let level = loudness(&made[48_000..480_000]) / 0.5;
    assert!((0.5..0.7).contains(&level), "{level}");
}
