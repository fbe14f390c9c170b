//! From the source's timestamps to the ticks of a track, exactly.
//!
//! Never: floating point.

use alcove::base::rational::{Rational, rescale};
use alcove::media::grid::SegmentGrid;
use alcove::media::job::JobError;

/// Players want at least this many ticks a second.
const MIN_TIMESCALE: u32 = 10_000;
/// Finer sources are rounded, so that a duration fits the 32 bits it has in a fragment.
const MAX_TIMESCALE: u32 = 1_000_000;
/// What too fine sources are rounded to.
const USUAL_TIMESCALE: u32 = 90_000;

/// Absurd timestamps end up here, far outside every segment, where sums still do not overflow.
const FARTHEST: i64 = i64::MAX / 8;

/// The time line of one track: zero is the first boundary of the grid.
#[derive(Clone, Debug)]
pub struct Axis<'a> {
    grid: &'a SegmentGrid,
    /// Seconds a tick of the stream's timestamps.
    stream: Rational,
    /// Ticks a second of the track.
    timescale: u32,
}

/// The span of one segment in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
    /// The last segment takes all that is left.
    pub last: bool,
}

impl<'a> Axis<'a> {
    /// # Errors
    /// [`JobError::Unsupported`] for time bases that are no positive fractions and for an empty grid.
    pub fn new(grid: &'a SegmentGrid, stream: Rational, timescale: u32) -> Result<Self, JobError> {
        if !grid.time_base.is_valid() || !stream.is_valid() || timescale == 0 || grid.is_empty() {
            return Err(JobError::Unsupported("a grid without time".into()));
        }
        Ok(Self {
            grid,
            stream,
            timescale,
        })
    }

    pub fn timescale(&self) -> u32 {
        self.timescale
    }

    fn ticks(&self) -> Rational {
        Rational::new(1, i32::try_from(self.timescale).unwrap_or(i32::MAX))
    }

    /// A timestamp of the stream in ticks of the track, rounded half up.
    pub fn at(&self, pts: i64) -> i64 {
        self.convert(pts, self.stream)
    }

    /// Ticks of the track that `duration` of the stream lasts.
    pub fn length(&self, duration: i64) -> i64 {
        rescale(duration, self.stream, self.ticks()).clamp(0, FARTHEST)
    }

    /// Where segment `index` lies.
    ///
    /// # Errors
    /// [`JobError::Unsupported`] past the end of the grid.
    pub fn span(&self, index: u32) -> Result<Span, JobError> {
        let index = index as usize;
        let (start, end) = self
            .grid
            .span(index)
            .ok_or_else(|| JobError::Unsupported("a segment past the end".into()))?;
        Ok(Span {
            start: self.convert(start, self.grid.time_base),
            end: self.convert(end, self.grid.time_base),
            last: index + 1 == self.grid.len(),
        })
    }

    /// The timestamp of the stream at or just before `ticks` of the track.
    pub fn pts_at(&self, ticks: i64) -> i64 {
        let origin = rescale(self.grid.origin(), self.grid.time_base, self.stream);
        origin.saturating_add(rescale(ticks, self.ticks(), self.stream))
    }

    /// The start of segment `index` as a timestamp of the stream; exact when both share a time base.
    pub fn boundary_pts(&self, index: u32) -> i64 {
        let boundary = self.grid.boundaries.get(index as usize).copied();
        let boundary = boundary.unwrap_or_else(|| self.grid.origin());
        rescale(boundary, self.grid.time_base, self.stream)
    }

    fn convert(&self, ticks: i64, base: Rational) -> i64 {
        let origin = self.grid.origin();
        if base == self.grid.time_base {
            let exact = rescale(ticks.saturating_sub(origin), base, self.ticks());
            return exact.clamp(-FARTHEST, FARTHEST);
        }
        difference(ticks, base, origin, self.grid.time_base, self.timescale)
            .unwrap_or(ticks.signum() * FARTHEST)
            .clamp(-FARTHEST, FARTHEST)
    }
}

/// `(a·base_a − b·base_b) · timescale`, rounded half up; `None` when 128 bits do not suffice.
fn difference(a: i64, base_a: Rational, b: i64, base_b: Rational, timescale: u32) -> Option<i64> {
    let product = |x: i32, y: i32| i128::from(x) * i128::from(y);
    let left = i128::from(a).checked_mul(product(base_a.num, base_b.den))?;
    let right = i128::from(b).checked_mul(product(base_b.num, base_a.den))?;
    let num = left
        .checked_sub(right)?
        .checked_mul(i128::from(timescale))?;
    let den = product(base_a.den, base_b.den);
    let rounded = num.checked_mul(2)?.checked_add(den)?.div_euclid(2 * den);
    i64::try_from(rounded).ok()
}

/// Ticks a second of a track whose source has `base` seconds a tick: no timestamp is rounded
/// unless the source is finer than any film needs.
pub fn timescale_of(base: Rational) -> u32 {
    match u32::try_from(base.den) {
        Ok(den @ 1..=MAX_TIMESCALE) => raised(den),
        _ => USUAL_TIMESCALE,
    }
}

/// Ticks a second in which every picture of a constant rate falls on a whole tick.
pub fn timescale_of_rate(rate: Rational) -> u32 {
    match u32::try_from(rate.num) {
        Ok(num @ 1..=MAX_TIMESCALE) => raised(num),
        _ => USUAL_TIMESCALE,
    }
}

fn raised(base: u32) -> u32 {
    let mut timescale = base;
    while timescale < MIN_TIMESCALE {
        timescale *= 2;
    }
    timescale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(num: i32, den: i32, boundaries: &[i64]) -> SegmentGrid {
        SegmentGrid {
            time_base: Rational::new(num, den),
            boundaries: boundaries.to_vec(),
            remuxable: true,
        }
    }

    #[test]
    fn every_tick_of_the_source_is_a_whole_tick_of_the_track() {
        for (num, den, want) in [
            (1, 1000, 16_000),
            (1, 90_000, 90_000),
            (1, 25, 12_800),
            (1001, 24_000, 24_000),
            (1, 1_000_000_000, 90_000),
            (1, 1, 16_384),
        ] {
            assert_eq!(timescale_of(Rational::new(num, den)), want, "{num}/{den}");
        }
    }

    #[test]
    fn sound_and_picture_of_different_time_bases_share_one_zero() {
        let grid = grid(1, 90_000, &[126_000, 576_000]);
        let base = Rational::new(1, 48_000);
        let axis = Axis::new(&grid, base, 48_000).expect("valid");
        // 1.4 s is the origin: 67,200 samples of the sound's own clock.
        for (pts, want) in [(67_200, 0), (67_201, 1), (0, -67_200), (307_200, 240_000)] {
            assert_eq!(axis.at(pts), want, "{pts}");
        }
        assert_eq!(axis.pts_at(0), 67_200);
        let span = axis.span(0).expect("one segment");
        assert_eq!((span.start, span.end, span.last), (0, 240_000, true));
        assert!(axis.span(1).is_err());
    }

    #[test]
    fn absurd_timestamps_stay_outside_without_overflow() {
        let grid = grid(1001, 30_000, &[0, 150]);
        let axis = Axis::new(&grid, Rational::new(1, 1_000_000_000), 90_000).expect("valid");
        assert!(axis.at(i64::MAX) > 1 << 40);
        assert!(axis.at(i64::MIN + 1) < -(1 << 40));
        let same = Axis::new(&grid, grid.time_base, 90_000).expect("valid");
        assert_eq!(
            (same.at(i64::MAX), same.at(i64::MIN)),
            (FARTHEST, -FARTHEST)
        );
    }
}
