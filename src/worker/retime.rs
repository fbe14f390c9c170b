//! Decode times and durations of samples, made from their presentation times alone.
//!
//! Containers lose decode times, libav guesses them, and after a seek it guesses otherwise. Here a
//! segment's decode times begin on its boundary, end on the next one, and are as late as they can be
//! without passing a presentation time: a picture that is shown as soon as it is decoded has the same
//! time for both, and those that must be decoded before it share the time up to there evenly. So no
//! composition offset is negative: libav's demuxer delays a track that has one by the largest of them.
//!
//! ```text
//!  decoded      I0   P3   B1   B2   P6   B4   B5
//!  decode time  0    ½    1    2    3    4    5
//! ```
//!
//! Never: a packet's own decode time.

use std::collections::{BTreeMap, VecDeque};

use super::fragment::Sample;

/// A coded picture with its presentation time in ticks of the track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    pub data: Vec<u8>,
    pub pts: i64,
    pub key: bool,
}

/// Puts decode times on the coded pictures of one segment.
#[derive(Debug)]
pub struct Retimer {
    /// Announced presentation times of pictures without a decode time, and how many have each.
    times: BTreeMap<i64, usize>,
    /// Number of times in `times`.
    waiting: usize,
    /// Pictures without a decode time, in decode order.
    queue: VecDeque<Coded>,
    /// Pictures with one; the last of them lacks its duration.
    timed: VecDeque<(i64, Coded)>,
    /// So many times must be known besides the smallest before it counts as such.
    slack: usize,
    /// Decode time given last.
    cursor: Option<i64>,
    end: Option<i64>,
}

impl Retimer {
    /// `slack`: how far pictures may be reordered; 0 when times are announced in ascending order.
    pub fn new(slack: usize) -> Self {
        Self {
            times: BTreeMap::new(),
            waiting: 0,
            queue: VecDeque::new(),
            timed: VecDeque::new(),
            slack,
            cursor: None,
            end: None,
        }
    }

    /// Announces the time of a picture that will come.
    pub fn announce(&mut self, pts: i64) {
        *self.times.entry(pts).or_default() += 1;
        self.waiting += 1;
    }

    /// Gives a picture, in decode order, whose time was announced.
    pub fn push(&mut self, coded: Coded) {
        self.queue.push_back(coded);
    }

    /// No more pictures come; what is shown last lasts until `end`.
    pub fn finish(&mut self, end: i64) {
        self.end = Some(end);
    }

    /// Takes the next sample and its decode time, once both are certain.
    pub fn pop(&mut self) -> Option<(i64, Sample)> {
        while self.timed.len() < 2 && self.time_run() {}
        let next = match (self.timed.get(1), self.end) {
            (Some((next, _)), _) => *next,
            (None, Some(end)) if self.queue.is_empty() => end,
            _ => return None,
        };
        let (dts, coded) = self.timed.pop_front()?;
        let duration = next.saturating_sub(dts).clamp(1, i64::from(u32::MAX));
        let sample = Sample {
            data: coded.data,
            duration: u32::try_from(duration).unwrap_or(u32::MAX),
            offset: i32::try_from(coded.pts.saturating_sub(dts)).unwrap_or(0),
            key: coded.key,
        };
        Some((dts, sample))
    }

    /// Gives decode times up to the picture that is shown next; false when it is not known yet.
    fn time_run(&mut self) -> bool {
        let is_certain = self.end.is_some() || self.waiting > self.slack;
        let shown_next = self.times.first_key_value().map(|(pts, _)| *pts);
        let Some(pts) = shown_next.filter(|_| is_certain) else {
            return false;
        };
        let Some(last) = self.queue.iter().position(|coded| coded.pts == pts) else {
            return false;
        };
        let count = i64::try_from(last + 1).unwrap_or(i64::MAX);
        let from = self.cursor.unwrap_or_else(|| pts.saturating_sub(count));
        let room = pts.saturating_sub(from);
        for (number, coded) in (1..).zip(self.queue.drain(..=last)) {
            forget(&mut self.times, coded.pts);
            self.waiting = self.waiting.saturating_sub(1);
            let spread = from.saturating_add(room.saturating_mul(number) / count);
            let dts = self.cursor.map_or(spread, |before| spread.max(before + 1));
            self.cursor = Some(dts);
            self.timed.push_back((dts, coded));
        }
        true
    }
}

fn forget(times: &mut BTreeMap<i64, usize>, pts: i64) {
    if let Some(count) = times.get_mut(&pts) {
        *count -= 1;
        if *count == 0 {
            times.remove(&pts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decode time, duration and offset of pictures that are announced as they come.
    fn retimed(slack: usize, pts: &[i64], end: i64) -> Vec<(i64, i64, i64)> {
        let mut retimer = Retimer::new(slack);
        let mut out = Vec::new();
        for &pts in pts {
            retimer.announce(pts);
        }
        for &pts in pts {
            retimer.push(Coded {
                data: Vec::new(),
                pts,
                key: false,
            });
            drain(&mut retimer, &mut out);
        }
        retimer.finish(end);
        drain(&mut retimer, &mut out);
        out
    }

    fn drain(retimer: &mut Retimer, out: &mut Vec<(i64, i64, i64)>) {
        while let Some((dts, sample)) = retimer.pop() {
            out.push((dts, i64::from(sample.duration), i64::from(sample.offset)));
        }
    }

    #[test]
    fn reordered_pictures_start_at_the_boundary_and_end_at_the_next() {
        let want = [
            (100, 5, 0),
            (105, 5, 25),
            (110, 10, 0),
            (120, 20, 0),
            (140, 15, 0),
        ];
        for slack in [0, 4, 32] {
            let got = retimed(slack, &[100, 130, 110, 120, 140], 155);
            assert_eq!(got, want, "slack {slack}");
        }
    }

    #[test]
    fn no_offset_is_negative_and_durations_add_up() {
        for pts in [
            &[0, 40, 20, 10, 30, 80, 60, 50, 70][..],
            &[0, 10, 20, 30],
            &[0, 80, 40, 20, 10, 30, 60, 50, 70],
        ] {
            let got = retimed(32, pts, 90);
            assert_eq!(got[0].0, 0);
            assert!(
                got.iter()
                    .all(|&(_, duration, offset)| duration > 0 && offset >= 0)
            );
            assert!(got.windows(2).all(|w| w[0].0 + w[0].1 == w[1].0));
            assert_eq!(got.last().map(|s| s.0 + s.1), Some(90));
        }
    }

    #[test]
    fn times_that_repeat_or_run_past_the_end_still_ascend() {
        let got = retimed(4, &[0, 10, 10, 10, 20], 15);
        assert_eq!(got.len(), 5);
        assert!(got.windows(2).all(|w| w[0].0 + w[0].1 == w[1].0));
    }
}
