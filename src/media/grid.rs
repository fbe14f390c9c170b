//! Where a film is cut: one list of boundaries that every rendition shares.
//!
//! Source keyframes are merged to segments of 4 to 6 seconds; a group of pictures of 6 to 10
//! seconds is one segment. A file with longer groups gets a regular grid and loses remux.
//!
//! Never: reading a file.

use serde::{Deserialize, Serialize};

use crate::base::rational::{MICROSECONDS, Rational, rescale};

/// A merged segment is at least this long where the keyframes allow it.
const MIN_SEGMENT_US: i64 = 4_000_000;
/// Keyframes are merged while the segment stays within this.
const MAX_MERGED_US: i64 = 6_000_000;
/// A longer group of pictures makes the file unfit for remux.
const MAX_GOP_US: i64 = 10_000_000;
/// Length of a segment on a regular grid.
const REGULAR_US: i64 = 5_000_000;
/// No film is longer than thirty days; a file that says so has broken timestamps.
const MAX_LENGTH_US: i64 = 30 * 24 * 3600 * 1_000_000;

/// The keyframes of one video stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyframeIndex {
    pub time_base: Rational,
    /// Presentation timestamps of the keyframes where decoding can start cleanly, ascending.
    pub pts: Vec<i64>,
    /// Presentation timestamp at which the last frame ends.
    pub end_pts: i64,
    /// False when some keyframes have leading pictures that need the group before (open GOP).
    pub closed: bool,
}

/// The boundaries of a presentation, in ticks of `time_base`, absolute in the source's timestamps.
///
/// Segment `k` covers `[boundaries[k], boundaries[k + 1])`; the player's time zero is `boundaries[0]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SegmentGrid {
    pub time_base: Rational,
    /// At least two, strictly ascending.
    pub boundaries: Vec<i64>,
    /// True when every boundary but the last is a keyframe that starts a closed group.
    pub remuxable: bool,
}

/// Why no grid can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    #[error("the stream has no keyframe")]
    NoKeyframe,
    #[error("the stream has no length")]
    NoLength,
    #[error("the stream's time base is not a positive fraction")]
    BadTimeBase,
    #[error("the stream claims to last longer than a month")]
    TooLong,
}

/// Length in microseconds of what lies between two timestamps of a film.
///
/// # Errors
/// [`GridError`] when the time base is not positive, the end not after the start, or the length absurd.
pub fn length_us(time_base: Rational, start: i64, end: i64) -> Result<i64, GridError> {
    if !time_base.is_valid() {
        return Err(GridError::BadTimeBase);
    }
    if end <= start {
        return Err(GridError::NoLength);
    }
    let ticks = end.checked_sub(start).ok_or(GridError::TooLong)?;
    Some(rescale(ticks, time_base, MICROSECONDS))
        .filter(|&length| length <= MAX_LENGTH_US)
        .ok_or(GridError::TooLong)
}

impl SegmentGrid {
    /// The grid of a film with these keyframes.
    ///
    /// # Errors
    /// [`GridError`] when the index is empty, unordered at its end, without a usable time base or
    /// absurdly long.
    pub fn from_keyframes(index: &KeyframeIndex) -> Result<Self, GridError> {
        if !index.time_base.is_valid() {
            return Err(GridError::BadTimeBase);
        }
        let first = *index.pts.first().ok_or(GridError::NoKeyframe)?;
        length_us(index.time_base, first, index.end_pts)?;
        let us = |ticks: i64| rescale(ticks, index.time_base, MICROSECONDS);
        // Within these bounds no difference overflows.
        let within = first..index.end_pts;
        let keys = || index.pts.iter().copied().filter(|k| within.contains(k));
        let ends = keys().skip(1).chain([index.end_pts]);
        let too_long = keys()
            .zip(ends)
            .any(|(start, end)| us(end - start) > MAX_GOP_US);
        if too_long || !index.closed {
            return Self::regular(index.time_base, first, index.end_pts);
        }
        let mut boundaries = vec![first];
        let mut start = first;
        let mut candidate = first;
        for key in keys().skip(1) {
            if key <= candidate {
                continue;
            }
            if us(key - start) > MAX_MERGED_US && candidate > start {
                boundaries.push(candidate);
                start = candidate;
            }
            candidate = key;
            if us(key - start) >= MIN_SEGMENT_US {
                boundaries.push(key);
                start = key;
            }
        }
        if us(index.end_pts - start) > MAX_MERGED_US && candidate > start {
            boundaries.push(candidate);
        }
        boundaries.push(index.end_pts);
        Ok(Self {
            time_base: index.time_base,
            boundaries,
            remuxable: true,
        })
    }

    /// A grid of equal segments for a stream without usable keyframes, or for sound alone.
    ///
    /// # Errors
    /// As [`length_us`].
    pub fn regular(time_base: Rational, start: i64, end: i64) -> Result<Self, GridError> {
        let count = (length_us(time_base, start, end)? / REGULAR_US).max(1);
        let mut boundaries: Vec<i64> = (0..count)
            .map(|k| start.saturating_add(rescale(k * REGULAR_US, MICROSECONDS, time_base)))
            // A tick may be longer than a segment.
            .take_while(|&boundary| boundary < end)
            .collect();
        boundaries.dedup();
        boundaries.push(end);
        Ok(Self {
            time_base,
            boundaries,
            remuxable: false,
        })
    }

    /// Number of segments.
    pub fn len(&self) -> usize {
        self.boundaries.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The player's time zero, in source ticks.
    pub fn origin(&self) -> i64 {
        self.boundaries.first().copied().unwrap_or(0)
    }

    /// Start and end of segment `index` in source ticks; `None` past the end.
    pub fn span(&self, index: usize) -> Option<(i64, i64)> {
        Some((
            *self.boundaries.get(index)?,
            *self.boundaries.get(index + 1)?,
        ))
    }

    /// Length of segment `index` in microseconds; differences of rounded ends, so that they add up.
    pub fn duration_us(&self, index: usize) -> Option<i64> {
        let (start, end) = self.span(index)?;
        Some(self.player_us(end).saturating_sub(self.player_us(start)))
    }

    /// A source timestamp as microseconds of the player's time.
    pub fn player_us(&self, ticks: i64) -> i64 {
        rescale(
            ticks.saturating_sub(self.origin()),
            self.time_base,
            MICROSECONDS,
        )
    }

    /// Length of the presentation in microseconds.
    pub fn total_us(&self) -> i64 {
        self.boundaries.last().map_or(0, |&end| self.player_us(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Rational = Rational::new(1, 1000);

    fn index(seconds: &[f64], end: f64) -> KeyframeIndex {
        let ticks = |s: f64| (s * 1000.0) as i64;
        KeyframeIndex {
            time_base: MS,
            pts: seconds.iter().map(|&s| ticks(s)).collect(),
            end_pts: ticks(end),
            closed: true,
        }
    }

    fn cuts(index: &KeyframeIndex) -> (Vec<i64>, bool) {
        let grid = SegmentGrid::from_keyframes(index).unwrap();
        (grid.boundaries, grid.remuxable)
    }

    #[test]
    fn keyframes_are_merged_to_four_to_six_seconds() {
        for (keys, end, want) in [
            (vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 6.0, vec![0, 4000, 6000]),
            (vec![0.0, 3.0, 7.0], 10.0, vec![0, 3000, 7000, 10000]),
            (vec![0.0, 8.0, 16.0], 20.0, vec![0, 8000, 16000, 20000]),
            (vec![0.5, 2.5, 4.5], 5.0, vec![500, 4500, 5000]),
            (vec![0.0], 3.0, vec![0, 3000]),
        ] {
            assert_eq!(cuts(&index(&keys, end)), (want, true), "{keys:?}");
        }
    }

    #[test]
    fn long_or_open_groups_get_a_regular_grid_without_remux() {
        let (boundaries, remuxable) = cuts(&index(&[0.0, 30.0], 32.0));
        assert_eq!(boundaries, [0, 5000, 10000, 15000, 20000, 25000, 32000]);
        assert!(!remuxable);
        let mut open = index(&[0.0, 4.0, 8.0], 12.0);
        open.closed = false;
        assert!(!cuts(&open).1);
    }

    #[test]
    fn empty_and_impossible_indexes_are_errors() {
        assert_eq!(
            SegmentGrid::from_keyframes(&index(&[], 1.0)),
            Err(GridError::NoKeyframe)
        );
        assert_eq!(
            SegmentGrid::from_keyframes(&index(&[2.0], 2.0)),
            Err(GridError::NoLength)
        );
        let mut odd = index(&[0.0], 1.0);
        odd.time_base.den = 0;
        assert_eq!(
            SegmentGrid::from_keyframes(&odd),
            Err(GridError::BadTimeBase)
        );
    }

    #[test]
    fn films_longer_than_a_month_are_refused_before_they_are_cut() {
        let month = 30 * 24 * 3600 * 1000;
        assert!(SegmentGrid::regular(MS, 0, month).is_ok());
        for (start, end) in [(0, month + 1), (0, i64::MAX), (i64::MIN, i64::MAX)] {
            let regular = SegmentGrid::regular(MS, start, end);
            assert_eq!(regular, Err(GridError::TooLong), "{start} {end}");
            let keys = KeyframeIndex {
                time_base: MS,
                pts: vec![start],
                end_pts: end,
                closed: true,
            };
            let cut = SegmentGrid::from_keyframes(&keys);
            assert_eq!(cut, Err(GridError::TooLong), "{start} {end}");
        }
    }

    /// Timestamps of every size, so that some lie near each other and some at the ends.
    fn any_ticks() -> impl Strategy<Value = i64> {
        (any::<i64>(), 0u32..64).prop_map(|(ticks, shift)| ticks >> shift)
    }

    proptest! {
        #[test]
        fn no_index_however_hostile_makes_a_grid_without_bounds(
            pts in proptest::collection::vec(any_ticks(), 0..40),
            sorted in any::<bool>(),
            closed in any::<bool>(),
            end_pts in any_ticks(),
            num in prop_oneof![1i32..100, any::<i32>()],
            den in prop_oneof![1i32..100_000, any::<i32>()],
        ) {
            let mut pts = pts;
            if sorted {
                pts.sort_unstable();
            }
            let keys = KeyframeIndex { time_base: Rational::new(num, den), pts, end_pts, closed };
            let regular = SegmentGrid::regular(keys.time_base, keys.pts.first().copied().unwrap_or(0), end_pts);
            for grid in [SegmentGrid::from_keyframes(&keys), regular].into_iter().flatten() {
                let most = MAX_LENGTH_US / REGULAR_US + 1;
                prop_assert!(i64::try_from(grid.boundaries.len()).unwrap() <= most);
                prop_assert!(!grid.is_empty());
                prop_assert!(grid.boundaries.windows(2).all(|w| w[0] < w[1]));
                prop_assert!(grid.total_us() <= MAX_LENGTH_US);
                for k in 0..grid.len().min(50) {
                    grid.duration_us(k).unwrap();
                }
                grid.player_us(i64::MIN);
            }
        }

        #[test]
        fn every_grid_ascends_and_durations_add_up(
            gaps in proptest::collection::vec(1i64..9_000, 1..200),
            tail in 1i64..9_000,
            den in prop::sample::select(vec![1000, 24_000, 90_000, 30_000]),
        ) {
            let mut pts = vec![0];
            for gap in &gaps {
                pts.push(pts.last().unwrap() + gap * i64::from(den) / 1000 + 1);
            }
            let end_pts = pts.last().unwrap() + tail * i64::from(den) / 1000 + 1;
            let keys = KeyframeIndex { time_base: Rational::new(1, den), pts: pts.clone(), end_pts, closed: true };
            let grid = SegmentGrid::from_keyframes(&keys).unwrap();
            prop_assert!(grid.boundaries.windows(2).all(|w| w[0] < w[1]));
            prop_assert!(grid.boundaries[..grid.len()].iter().all(|b| pts.contains(b)));
            prop_assert_eq!(*grid.boundaries.last().unwrap(), end_pts);
            let sum: i64 = (0..grid.len()).map(|k| grid.duration_us(k).unwrap()).sum();
            prop_assert_eq!(sum, grid.total_us());
            prop_assert!((0..grid.len()).all(|k| grid.duration_us(k).unwrap() <= MAX_GOP_US));
        }
    }
}
