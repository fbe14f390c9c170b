//! Which encoded picture and sound fit a source, a player, a viewer's choice and this box.
//!
//! Never: a picture larger than the source's, or a sound with more channels.

use super::capacity::Capacity;
use crate::base::rational::Rational;
use crate::media::info::{AudioTrack, VideoTrack};
use crate::media::target::{AudioTarget, H264Target};

/// Capped constant quality by the shorter side of the picture: (pixels, CRF, most kbit/s at 30 frames/s).
const RATES: &[(u32, u8, u32)] = &[
    (240, 21, 700),
    (360, 21, 1_400),
    (480, 21, 2_400),
    (576, 22, 3_200),
    (720, 22, 5_000),
    (1080, 22, 8_500),
    (1440, 22, 14_000),
    (2160, 23, 24_000),
];

/// Steps down that are tried, by the shorter side, when the source's own size does not fit.
const STEPS: &[u32] = &[1440, 1080, 720, 576, 480, 360, 240];
/// A busy or slow box does not go below this: it is better told than shown.
const LEAST_HEIGHT: u32 = 360;

/// H.264 levels (ITU-T H.264 table A-1), High profile: level times ten, macroblocks a second,
/// macroblocks a frame, kbit/s, kbit of buffer.
const LEVELS: &[(u8, u64, u64, u32, u32)] = &[
    (10, 1_485, 99, 80, 218),
    (11, 3_000, 396, 240, 625),
    (12, 6_000, 396, 480, 1_250),
    (13, 11_880, 396, 960, 2_500),
    (20, 11_880, 396, 2_500, 2_500),
    (21, 19_800, 792, 5_000, 5_000),
    (22, 20_250, 1_620, 5_000, 5_000),
    (30, 40_500, 1_620, 12_500, 12_500),
    (31, 108_000, 3_600, 17_500, 17_500),
    (32, 216_000, 5_120, 25_000, 25_000),
    (40, 245_760, 8_192, 25_000, 31_250),
    (41, 245_760, 8_192, 62_500, 78_125),
    (42, 522_240, 8_704, 62_500, 78_125),
    (50, 589_824, 22_080, 168_750, 168_750),
    (51, 983_040, 36_864, 300_000, 300_000),
    (52, 2_073_600, 36_864, 300_000, 300_000),
];

/// Assumed where a file does not state its frame rate.
const USUAL_FPS: Rational = Rational::new(30, 1);
/// Faster pictures may be halved before they are made smaller.
const FAST_FPS: f64 = 40.0;
/// A rung whose usual rate is cut below this share of it looks worse than the rung below.
const LEAST_RATE_SHARE: f64 = 0.5;

/// AAC below this is noise rather than sound.
const LEAST_SOUND_KBPS: u32 = 48;

/// Upper bounds of an encoded picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Most pixels of the shorter side.
    pub max_height: Option<u32>,
    /// Most kbit/s of the picture alone.
    pub max_rate_kbps: Option<u32>,
}

/// Size in square, upright pixels.
pub fn display_size(track: &VideoTrack) -> (u32, u32) {
    let aspect = track.sample_aspect;
    let width = if aspect.is_valid() {
        let wide = u64::from(track.width) * aspect.num.unsigned_abs() as u64;
        let wide = (wide + u64::from(aspect.den.unsigned_abs()) / 2)
            / u64::from(aspect.den.unsigned_abs());
        u32::try_from(wide).unwrap_or(u32::MAX)
    } else {
        track.width
    };
    if track.rotation_degrees % 180 == 90 {
        (track.height, width)
    } else {
        (width, track.height)
    }
}

/// The shorter side in upright pixels: what people call 1080 in "1080p", also for a film of a phone.
pub fn picture_height(track: &VideoTrack) -> u32 {
    let (width, height) = display_size(track);
    width.min(height)
}

/// The largest H.264 rendition within `bounds` that this box can make as fast as it is watched.
///
/// The second value is true when the box's speed made it smaller than the bounds ask. A box that is too
/// slow for every acceptable size gets the smallest of them: whether it may try is not decided here.
pub fn h264(track: &VideoTrack, bounds: Bounds, capacity: &Capacity) -> (H264Target, bool) {
    let all: Vec<H264Target> = candidates(track, bounds, capacity).collect();
    let Some(ideal) = all.first() else {
        return (smallest(track, bounds, capacity), false);
    };
    let short = |target: &H264Target| target.width.min(target.height);
    let least = short(ideal).min(LEAST_HEIGHT);
    let acceptable = || all.iter().filter(|target| short(target) >= least);
    let fitting = acceptable().find(|target| work_rate(target, track) <= capacity.pixels_per_s);
    let chosen = fitting.or(acceptable().next_back()).unwrap_or(ideal);
    (chosen.clone(), chosen != ideal)
}

/// The work in a second of film: pixels encoded, and a third of the pixels decoded for them, which
/// is about what a pixel costs in libavcodec's decoders beside x264 at its fast presets.
pub fn work_rate(target: &H264Target, track: &VideoTrack) -> u64 {
    let pixels = |width: u32, height: u32| (u64::from(width) * u64::from(height)) as f64;
    let source_fps = fps_of(track).as_f64();
    let fps = target.frame_rate.map_or(source_fps, Rational::as_f64);
    let encoded = pixels(target.width, target.height) * fps;
    let decoded = pixels(track.width, track.height) * source_fps;
    (encoded + decoded / 3.0).round() as u64
}

/// The AAC rendition of a sound track for a player with at most `max_channels` and `max_rate_kbps`.
pub fn aac(
    track: &AudioTrack,
    max_channels: Option<u16>,
    max_rate_kbps: Option<u32>,
) -> AudioTarget {
    let wanted = track.channels.max(1).min(max_channels.unwrap_or(u16::MAX));
    let (channels, usual_kbps) = match wanted {
        0 | 1 => (1, 96),
        2..=5 => (2, 192),
        _ => (6, 384),
    };
    let most_kbps = max_rate_kbps.unwrap_or(usual_kbps).max(LEAST_SOUND_KBPS);
    let bit_rate_kbps = usual_kbps.min(most_kbps);
    let sample_rate_hz = match track.sample_rate_hz {
        rate @ (32_000 | 44_100 | 48_000) => rate,
        rate if rate > 0 && rate % 11_025 == 0 => 44_100,
        _ => 48_000,
    };
    AudioTarget::Aac {
        bit_rate_kbps,
        channels,
        sample_rate_hz,
    }
}

fn fps_of(track: &VideoTrack) -> Rational {
    let stated = track.frame_rate.filter(|rate| rate.is_valid());
    stated
        .filter(|rate| (1.0..=240.0).contains(&rate.as_f64()))
        .unwrap_or(USUAL_FPS)
}

/// Renditions from the best to the smallest, without regard to speed.
fn candidates<'a>(
    track: &'a VideoTrack,
    bounds: Bounds,
    capacity: &'a Capacity,
) -> impl Iterator<Item = H264Target> + 'a {
    let own = picture_height(track);
    let top = own.min(bounds.max_height.unwrap_or(u32::MAX)).max(2);
    let fps = fps_of(track);
    let halved = (fps.as_f64() > FAST_FPS).then_some(Rational {
        num: fps.num,
        den: fps.den.saturating_mul(2),
    });
    std::iter::once(top)
        .chain(STEPS.iter().copied().filter(move |&step| step < top))
        .filter(move |&height| {
            let usual = f64::from(rate_of(height, fps.as_f64()).1);
            bounds
                .max_rate_kbps
                .is_none_or(|most| f64::from(most) >= usual * LEAST_RATE_SHARE)
        })
        .flat_map(move |height| {
            [Some(None), halved.map(Some)]
                .into_iter()
                .flatten()
                .map(move |rate| (height, rate))
        })
        .map(move |(height, rate)| target(track, height, rate, bounds, capacity))
}

fn smallest(track: &VideoTrack, bounds: Bounds, capacity: &Capacity) -> H264Target {
    let own = picture_height(track);
    let lowest = STEPS.last().copied().unwrap_or(own);
    let height = own
        .min(bounds.max_height.unwrap_or(u32::MAX))
        .min(lowest)
        .max(2);
    target(track, height, None, bounds, capacity)
}

fn target(
    track: &VideoTrack,
    height: u32,
    frame_rate: Option<Rational>,
    bounds: Bounds,
    capacity: &Capacity,
) -> H264Target {
    let (width, tall) = scaled(display_size(track), height);
    let fps = frame_rate.unwrap_or_else(|| fps_of(track)).as_f64();
    let (crf, usual_kbps) = rate_of(height, fps);
    let max_rate_kbps = usual_kbps
        .min(bounds.max_rate_kbps.unwrap_or(u32::MAX))
        .max(100);
    H264Target {
        width,
        height: tall,
        crf,
        max_rate_kbps,
        preset: capacity.preset,
        frame_rate,
        deinterlace: track.interlaced,
        level: level(width, tall, fps, max_rate_kbps),
    }
}

/// `size` with a shorter side of `short` pixels, even, never larger than it was (but for 1 pixel to 2).
fn scaled((width, height): (u32, u32), short: u32) -> (u32, u32) {
    let own = width.min(height).max(1);
    let short = short.min(own);
    let even = |side: u32| {
        let exact = (u64::from(side) * u64::from(short) + u64::from(own) / 2) / u64::from(own);
        let exact = u32::try_from(exact).unwrap_or(u32::MAX).min(side);
        (exact & !1).max(2)
    };
    (even(width), even(height))
}

/// CRF and most kbit/s of a picture with this shorter side.
fn rate_of(height: u32, fps: f64) -> (u8, u32) {
    let row = RATES.iter().find(|(pixels, ..)| height <= *pixels);
    let &(_, crf, kbps) = row.or(RATES.last()).expect("the table has rows");
    if fps > FAST_FPS {
        (crf, kbps + kbps / 2)
    } else {
        (crf, kbps)
    }
}

/// The lowest level that holds such a picture; the highest there is when none does.
fn level(width: u32, height: u32, fps: f64, max_rate_kbps: u32) -> u8 {
    let (across, down) = (
        u64::from(width.div_ceil(16)),
        u64::from(height.div_ceil(16)),
    );
    let frame = across * down;
    let per_second = (frame as f64 * fps).ceil() as u64;
    // The encoder's buffer holds two seconds at the highest rate.
    let buffer_kbit = max_rate_kbps.saturating_mul(2);
    let fits = |&&(_, blocks_per_s, blocks, kbps, kbit): &&(u8, u64, u64, u32, u32)| {
        let longest_side = across.max(down);
        per_second <= blocks_per_s
            && frame <= blocks
            && longest_side * longest_side <= blocks * 8
            && max_rate_kbps <= kbps
            && buffer_kbit <= kbit
    };
    let row = LEVELS.iter().find(fits).or(LEVELS.last());
    row.expect("the table has rows").0
}
