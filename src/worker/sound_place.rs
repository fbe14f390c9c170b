//! Where the samples of a sound track lie, although its container rounds its timestamps.
//!
//! Never: a sample.

use super::axis::Axis;

/// Gives each packet of sound its place on the track's time line, in samples.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    axis: Axis<'a>,
    /// Samples that a tick of the stream's timestamps may hide.
    blur: i64,
    /// Place of the first packet of the file.
    first: Option<i64>,
}

impl<'a> Places<'a> {
    /// `axis` counts samples; `first_pts` is the timestamp of the first packet of the file.
    pub fn new(axis: Axis<'a>, first_pts: Option<i64>) -> Self {
        let blur = axis.at(1) - axis.at(0) + 1;
        let first = first_pts.map(|pts| axis.at(pts));
        Self { axis, blur, first }
    }

    /// How far two places may differ by rounding alone.
    pub fn blur(&self) -> i64 {
        self.blur
    }

    /// The place of what has timestamp `pts`, when packets hold `samples` samples each.
    ///
    /// A timestamp in milliseconds hides 48 samples. If the file has no gap, the packet lies a whole
    /// number of packets after the first one, and every segment must agree where.
    pub fn at(&self, pts: i64, samples: i64) -> i64 {
        let rough = self.axis.at(pts);
        let Some(first) = self.first.filter(|_| self.blur > 2 && samples > 0) else {
            return rough;
        };
        let packets = (rough - first + samples / 2).div_euclid(samples);
        let exact = first + packets * samples;
        if (exact - rough).abs() <= self.blur {
            exact
        } else {
            rough
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alcove::base::rational::Rational;
    use alcove::media::grid::SegmentGrid;

    #[test]
    fn milliseconds_become_whole_packets_unless_there_is_a_gap() {
        let grid = SegmentGrid {
            time_base: Rational::new(1, 1000),
            boundaries: vec![0, 5000],
            remuxable: true,
        };
        let axis = Axis::new(&grid, grid.time_base, 48_000).expect("valid");
        let places = Places::new(axis, Some(0));
        for (ms, want) in [
            (0, 0),
            (21, 1024),
            (43, 2048),
            (64, 3072),
            (4992, 239_616),
            (10, 480),
        ] {
            assert_eq!(places.at(ms, 1024), want, "{ms} ms");
        }
    }
}
