//! Exact rational numbers for time bases and frame rates.
//!
//! Never: floating point on the way between two time bases.

use serde::{Deserialize, Serialize};

/// A ratio such as a time base (seconds per tick) or a frame rate (frames per second).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rational {
    pub num: i32,
    pub den: i32,
}

impl Rational {
    pub const fn new(num: i32, den: i32) -> Self {
        Self { num, den }
    }

    /// True when the ratio can be divided by: both parts positive.
    pub fn is_valid(self) -> bool {
        self.num > 0 && self.den > 0
    }

    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

/// Converts `ticks` of time base `from` into time base `to`, rounding half away from zero.
///
/// Uses 128-bit intermediates, so no 64-bit timestamp overflows. Both bases must be valid.
pub fn rescale(ticks: i64, from: Rational, to: Rational) -> i64 {
    let num = i128::from(from.num) * i128::from(to.den);
    let den = i128::from(from.den) * i128::from(to.num);
    let product = i128::from(ticks) * num;
    let half = den / 2;
    let rounded = if product >= 0 {
        (product + half) / den
    } else {
        (product - half) / den
    };
    rounded.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Converts `ticks` of time base `from` into time base `to`, rounding towards negative infinity.
pub fn rescale_floor(ticks: i64, from: Rational, to: Rational) -> i64 {
    let num = i128::from(from.num) * i128::from(to.den);
    let den = i128::from(from.den) * i128::from(to.num);
    let product = i128::from(ticks) * num;
    product
        .div_euclid(den)
        .clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// One microsecond a tick.
pub const MICROSECONDS: Rational = Rational::new(1, 1_000_000);
/// One millisecond a tick.
pub const MILLISECONDS: Rational = Rational::new(1, 1_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescale_rounds_half_away_from_zero_both_ways() {
        let half = Rational::new(1, 2);
        let whole = Rational::new(1, 1);
        for (ticks, want) in [(1, 1), (-1, -1), (3, 2), (-3, -2), (2, 1), (0, 0)] {
            assert_eq!(rescale(ticks, half, whole), want, "{ticks}");
        }
        for (ticks, want) in [(1, 0), (-1, -1), (3, 1), (-3, -2)] {
            assert_eq!(rescale_floor(ticks, half, whole), want, "{ticks}");
        }
    }

    #[test]
    fn rescale_survives_the_largest_timestamps() {
        let ntsc = Rational::new(1001, 30000);
        assert_eq!(rescale(i64::MAX, ntsc, MICROSECONDS), i64::MAX);
        assert_eq!(rescale(30_000, ntsc, MILLISECONDS), 1_001_000);
    }
}
