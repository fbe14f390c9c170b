//! Decode times and durations of samples, made from their presentation times alone.
//!
//! Containers lose decode times, libav guesses them, and after a seek it guesses otherwise. Here the
//! n-th sample in decode order gets the n-th smallest presentation time: a segment that starts
//! with a closed group then starts exactly at its boundary, its durations add up to the next one, and
//! composition offsets are signed (ISO 14496-12, `trun` version 1).
//!
//! Never: a packet's own decode time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::fragment::Sample;

/// A coded picture with its presentation time in ticks of the track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    pub data: Vec<u8>,
    pub pts: i64,
    pub key: bool,
}

/// Puts decode times on coded pictures of one segment.
#[derive(Debug)]
pub struct Retimer {
    /// Presentation times that are not yet anybody's decode time.
    times: BinaryHeap<Reverse<i64>>,
    queue: VecDeque<Coded>,
    /// So many times must be known beyond one before it may be the smallest.
    slack: usize,
    end: Option<i64>,
    /// Where the sample before ended.
    cursor: Option<i64>,
}

impl Retimer {
    /// `slack`: how far pictures may be reordered; 1 when times are announced in ascending order.
    pub fn new(slack: usize) -> Self {
        Self {
            times: BinaryHeap::new(),
            queue: VecDeque::new(),
            slack: slack.max(1),
            end: None,
            cursor: None,
        }
    }

    /// Announces the time of a picture that will come.
    pub fn announce(&mut self, pts: i64) {
        self.times.push(Reverse(pts));
    }

    /// Gives a picture, in decode order, whose time was announced.
    pub fn push(&mut self, coded: Coded) {
        self.queue.push_back(coded);
    }

    /// No more pictures come; the last one lasts until `end`.
    pub fn finish(&mut self, end: i64) {
        self.end = Some(end);
    }

    /// Takes the next sample and its decode time, once both are certain.
    pub fn pop(&mut self) -> Option<(i64, Sample)> {
        if self.end.is_none() && self.times.len() <= self.slack {
            return None;
        }
        let coded = self.queue.pop_front()?;
        let time = self.times.pop().map_or(coded.pts, |Reverse(time)| time);
        let next = match self.times.peek() {
            Some(Reverse(next)) => *next,
            None => self.end.unwrap_or(time),
        };
        let dts = self.cursor.map_or(time, |cursor| cursor.max(time));
        let duration = next.saturating_sub(dts).clamp(1, i64::from(u32::MAX));
        self.cursor = Some(dts + duration);
        Some((
            dts,
            Sample {
                data: coded.data,
                duration: u32::try_from(duration).unwrap_or(u32::MAX),
                offset: i32::try_from(coded.pts.saturating_sub(dts)).unwrap_or(0),
                key: coded.key,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retimed(slack: usize, pts: &[i64], end: i64) -> Vec<(i64, u32, i32)> {
        let mut retimer = Retimer::new(slack);
        let mut out = Vec::new();
        let mut take = |retimer: &mut Retimer| {
            while let Some((dts, sample)) = retimer.pop() {
                out.push((dts, sample.duration, sample.offset));
            }
        };
        for &pts in pts {
            retimer.announce(pts);
            retimer.push(Coded {
                data: Vec::new(),
                pts,
                key: false,
            });
            take(&mut retimer);
        }
        retimer.finish(end);
        take(&mut retimer);
        out
    }

    #[test]
    fn reordered_pictures_start_at_the_boundary_and_end_at_the_next() {
        let want = [
            (100, 10, 0),
            (110, 10, 20),
            (120, 10, -10),
            (130, 10, -10),
            (140, 15, 0),
        ];
        for slack in [2, 4, 32] {
            let got = retimed(slack, &[100, 130, 110, 120, 140], 155);
            assert_eq!(got, want, "slack {slack}");
        }
    }

    #[test]
    fn times_that_repeat_or_run_past_the_end_still_ascend() {
        let got = retimed(4, &[0, 10, 10, 10, 20], 15);
        assert!(got.iter().all(|&(_, duration, _)| duration > 0));
        assert!(got.windows(2).all(|w| w[0].0 + i64::from(w[0].1) == w[1].0));
    }
}
