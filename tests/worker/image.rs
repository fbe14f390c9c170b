//! Thumbnails, covers and photos, looked at again after they were made.
//!
//! Never: a picture judged by its length in bytes.

use std::path::Path;
use std::process::Command;

use alcove::media::job::{Job, JobError, Output, PictureBounds, PictureInfo};
use alcove::pool::{Pool, PoolError};

use crate::bench::{Media, pool, run};

const BOUNDS: PictureBounds = PictureBounds {
    max_width: 320,
    max_height: 320,
};

/// The job's answer, and the picture decoded by ffmpeg to 24-bit pixels.
async fn picture(pool: &Pool, media: &Media, job: Job, path: &Path) -> (PictureInfo, Vec<[u8; 3]>) {
    let (output, bytes) = run(pool, job, path)
        .await
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Output::Picture(info) = output else {
        panic!("{output:?}");
    };
    let jpeg = media.write("got.jpg", &bytes);
    let raw = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&jpeg)
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output()
        .expect("ffmpeg runs");
    let pixels: Vec<[u8; 3]> = raw.stdout.as_chunks::<3>().0.to_vec();
    assert_eq!(
        pixels.len(),
        (info.width * info.height) as usize,
        "{info:?}"
    );
    (info, pixels)
}

/// True when the pixel at this part of the picture has about this colour.
fn is_like(info: PictureInfo, pixels: &[[u8; 3]], at: (f64, f64), want: [u8; 3]) -> bool {
    let x = (at.0 * f64::from(info.width)) as usize;
    let y = (at.1 * f64::from(info.height)) as usize;
    let got = pixels[y * info.width as usize + x];
    got.iter()
        .zip(want)
        .all(|(got, want)| got.abs_diff(want) < 40)
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
/// The left half red, the right half blue.
const HALVES: &str =
    "-f lavfi -i color=red:s=400x200:r=25:d=4 -vf drawbox=x=200:w=200:h=200:c=blue:t=fill";

#[tokio::test]
async fn photos_of_every_kind_are_scaled_and_named_by_their_colour() {
    let (pool, media) = (pool(), Media::new());
    for name in ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tiff"] {
        let path = media.make(name, &format!("{HALVES} -frames:v 1"));
        let (info, pixels) = picture(&pool, &media, Job::Photo { bounds: BOUNDS }, &path).await;
        assert_eq!((info.width, info.height), (320, 160), "{name}");
        assert!(is_like(info, &pixels, (0.2, 0.5), RED), "{name}");
        assert!(is_like(info, &pixels, (0.8, 0.5), BLUE), "{name}");
        let [red, green, blue] = [16, 8, 0].map(|shift| info.main_colour >> shift & 0xff);
        assert!(
            (110..145).contains(&red) && green < 20 && (110..145).contains(&blue),
            "{name} {red} {green} {blue}"
        );
    }
}

#[tokio::test]
async fn photos_stand_upright_whatever_way_the_camera_was_held() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make("a.jpg", &format!("{HALVES} -frames:v 1 -pix_fmt yuvj444p"));
    let plain = std::fs::read(&path).expect("read");
    for (orientation, size, red_at, blue_at) in [
        (1, (320, 160), (0.1, 0.5), (0.9, 0.5)),
        (2, (320, 160), (0.9, 0.5), (0.1, 0.5)),
        (3, (320, 160), (0.9, 0.5), (0.1, 0.5)),
        (6, (160, 320), (0.5, 0.1), (0.5, 0.9)),
        (8, (160, 320), (0.5, 0.9), (0.5, 0.1)),
    ] {
        let mut exif =
            b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let mut turned = plain[..2].to_vec();
        turned.extend(exif);
        turned.extend(&plain[2..]);
        let path = media.write("turned.jpg", &turned);
        let (info, pixels) = picture(&pool, &media, Job::Photo { bounds: BOUNDS }, &path).await;
        assert_eq!((info.width, info.height), size, "{orientation}");
        assert!(is_like(info, &pixels, red_at, RED), "{orientation}");
        assert!(is_like(info, &pixels, blue_at, BLUE), "{orientation}");
    }
}

#[tokio::test]
async fn a_film_shows_the_moment_asked_for_in_its_own_shape() {
    let (pool, media) = (pool(), Media::new());
    // Two seconds of red, then blue.
    let source = "-f lavfi -i color=red:s=360x288:r=25:d=2 -f lavfi -i color=blue:s=360x288:r=25:d=3 \
                  -filter_complex [0][1]concat,setsar=64/45 -g 10";
    for (name, codec) in [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx265 -x265-params log-level=none"),
        ("a.ts", "mpeg2video"),
        ("a.webm", "libvpx-vp9 -cpu-used 8 -deadline realtime"),
    ] {
        let path = media.make(name, &format!("{source} -c:v {codec}"));
        for (at_ms, want) in [(500, RED), (3500, BLUE), (60_000, BLUE)] {
            let job = Job::Thumbnail {
                at_ms: Some(at_ms),
                bounds: BOUNDS,
            };
            let (info, pixels) = picture(&pool, &media, job, &path).await;
            assert_eq!((info.width, info.height), (320, 180), "{name}");
            assert!(is_like(info, &pixels, (0.5, 0.5), want), "{name} {at_ms}");
        }
    }
}

#[tokio::test]
async fn a_film_that_begins_black_is_shown_by_a_later_place() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make(
        "a.mkv",
        "-f lavfi -i color=black:s=320x180:r=25:d=6 -f lavfi -i testsrc2=s=320x180:r=25:d=4 -filter_complex [0][1]concat -c:v libx264 -g 25",
    );
    let job = Job::Thumbnail {
        at_ms: None,
        bounds: BOUNDS,
    };
    let (_, pixels) = picture(&pool, &media, job.clone(), &path).await;
    let bright = pixels
        .iter()
        .filter(|pixel| pixel.iter().any(|&c| c > 100))
        .count();
    assert!(bright * 4 > pixels.len(), "{bright} of {}", pixels.len());
    // Nothing but black still has a picture.
    let black = media.make(
        "black.mp4",
        "-f lavfi -i color=black:s=320x180:r=25:d=2 -c:v libx264",
    );
    picture(&pool, &media, job, &black).await;
}

#[tokio::test]
async fn covers_come_out_of_music_and_films() {
    let (pool, media) = (pool(), Media::new());
    media.make("cover.jpg", &format!("{HALVES} -frames:v 1"));
    media.make("cover.png", &format!("{HALVES} -frames:v 1"));
    for (name, cover) in [
        ("a.mp3", "cover.jpg"),
        ("b.mp3", "cover.png"),
        ("a.flac", "cover.jpg"),
        ("a.m4a", "cover.png"),
    ] {
        let path = media.make(
            name,
            &format!("-f lavfi -i sine=d=1 -i {cover} -map 0 -map 1 -c:v copy -disposition:v attached_pic"),
        );
        let (info, pixels) = picture(&pool, &media, Job::Cover { bounds: BOUNDS }, &path).await;
        assert_eq!((info.width, info.height), (320, 160), "{name}");
        assert!(is_like(info, &pixels, (0.2, 0.5), RED), "{name}");
    }
    let plain = media.make("plain.mp3", "-f lavfi -i sine=d=1");
    for job in [
        Job::Cover { bounds: BOUNDS },
        Job::Thumbnail {
            at_ms: None,
            bounds: BOUNDS,
        },
    ] {
        let got = run(&pool, job, &plain).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::NotFound))),
            "{got:?}"
        );
    }
}

#[tokio::test]
async fn a_picture_that_claims_an_absurd_size_is_refused() {
    let (pool, media) = (pool(), Media::new());
    let path = media.make("a.png", "-f lavfi -i color=red:s=16x16 -frames:v 1");
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let path = media.write("bomb.png", &bytes);
    let got = run(&pool, Job::Photo { bounds: BOUNDS }, &path).await;
    assert!(
        matches!(got, Err(PoolError::Job(JobError::Unsupported(_)))),
        "{got:?}"
    );
}
