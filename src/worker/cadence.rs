//! Which decoded pictures a segment shows, and when.
//!
//! Both sides of a boundary decide from the same picture, the first one at or after it, so that
//! one segment ends on the very tick where the next begins.
//!
//! Never: decoding, scaling, a look at the picture.

use alcove::base::rational::{Rational, rescale, rescale_floor};

use super::axis::Span;

/// How pictures are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As in the source.
    Source,
    /// So many a second; pictures are left out or shown twice.
    Constant(Rational),
}

/// Chooses the pictures of one segment out of those that are decoded.
#[derive(Debug)]
pub struct Cadence<F> {
    span: Span,
    timescale: u32,
    pace: Pace,
    /// The picture before the one that comes next, and its time (source pace) or number (constant).
    held: Option<(i64, F)>,
    /// Where the segment goes on: time after the last one shown, or next number.
    next: Option<i64>,
    /// Where the segment ends, once that is known.
    end: Option<i64>,
}

/// A picture to show; without one it is black.
pub type Shown<F> = (i64, Option<F>);

impl<F: Clone> Cadence<F> {
    pub fn new(span: Span, timescale: u32, pace: Pace) -> Self {
        Self {
            span,
            timescale,
            pace,
            held: None,
            next: None,
            end: None,
        }
    }

    /// True when later pictures change nothing.
    pub fn is_done(&self) -> bool {
        self.end.is_some()
    }

    /// Takes the picture at `time` (ascending; others are left out) and gives those to show.
    pub fn push(&mut self, time: i64, picture: F) -> Vec<Shown<F>> {
        if self.is_done() {
            return Vec::new();
        }
        match self.pace {
            Pace::Source => self.push_source(time, picture),
            Pace::Constant(rate) => self.push_constant(time, rate, picture),
        }
    }

    /// No more pictures come; `length` is how long the last one would last. Gives the rest to
    /// show and where the segment ends.
    pub fn finish(&mut self, length: i64) -> (Vec<Shown<F>>, i64) {
        if let Some(end) = self.end {
            return (Vec::new(), end);
        }
        let (shown, end) = match self.pace {
            Pace::Source => self.finish_source(length),
            Pace::Constant(rate) => self.finish_constant(rate),
        };
        self.end = Some(end);
        (shown, end)
    }

    fn push_source(&mut self, time: i64, picture: F) -> Vec<Shown<F>> {
        let mut shown = Vec::new();
        if self.held.as_ref().is_some_and(|(held, _)| time <= *held) {
            return shown;
        }
        if time >= self.span.start {
            if self.next.is_none() && time > self.span.start + self.hole() {
                let before = self.held.take().map_or(picture.clone(), |(_, held)| held);
                shown.push((self.span.start, Some(before)));
                self.next = Some(self.span.start + 1);
            }
            if time >= self.span.end && !self.takes_all(time) {
                let late = time > self.span.end + self.hole();
                self.end = Some(if late { self.span.end } else { time });
                if self.next.is_none() {
                    // The one picture near this short segment belongs to the next one.
                    let before = self.held.take().map_or(picture, |(_, held)| held);
                    shown.push((self.span.start, Some(before)));
                }
                return shown;
            }
            shown.push((time, Some(picture.clone())));
            self.next = Some(time + 1);
        }
        self.held = Some((time, picture));
        shown
    }

    fn finish_source(&mut self, length: i64) -> (Vec<Shown<F>>, i64) {
        let Some(next) = self.next else {
            let held = self.held.take().map(|(_, held)| held);
            return (vec![(self.span.start, held)], self.span.end);
        };
        let end = if self.span.last {
            next - 1 + length.max(1)
        } else {
            self.span.end
        };
        (Vec::new(), end.max(next))
    }

    fn push_constant(&mut self, time: i64, rate: Rational, picture: F) -> Vec<Shown<F>> {
        let number = self.number(time, rate);
        let (first, last) = self.numbers(rate);
        let next = *self.next.get_or_insert(first);
        let mut shown = Vec::new();
        if let Some((held, before)) = self.held.take() {
            if number <= held {
                self.held = Some((held, before));
                return shown;
            }
            let until = self.bounded(number, last, time);
            shown.extend((next..until).map(|n| (self.time(n, rate), Some(before.clone()))));
            self.next = Some(next.max(until));
        } else if number > next {
            let until = self.bounded(number, last, time);
            shown.extend((next..until).map(|n| (self.time(n, rate), Some(picture.clone()))));
            self.next = Some(next.max(until));
        }
        if number >= last && !self.takes_all(time) {
            self.end = Some(self.time(last, rate));
        }
        self.held = Some((number, picture));
        shown
    }

    fn finish_constant(&mut self, rate: Rational) -> (Vec<Shown<F>>, i64) {
        let (first, last) = self.numbers(rate);
        let next = self.next.unwrap_or(first);
        let until = match (&self.held, self.span.last) {
            (Some((held, _)), true) => held + 1,
            _ => last,
        };
        let until = until.max(first + 1);
        let held = self.held.take().map(|(_, held)| held);
        let shown = (next..until).map(|n| (self.time(n, rate), held.clone()));
        (shown.collect(), self.time(until.max(next), rate))
    }

    /// How far the numbers before picture `number` go.
    fn bounded(&self, number: i64, last: i64, time: i64) -> i64 {
        if self.takes_all(time) {
            number
        } else {
            number.min(last)
        }
    }

    /// A gap before the first picture of a segment longer than this is filled.
    fn hole(&self) -> i64 {
        i64::from(self.timescale)
    }

    /// The last segment takes pictures past its end, unless they are absurdly far out.
    fn takes_all(&self, time: i64) -> bool {
        self.span.last && time < self.span.end + 10 * i64::from(self.timescale)
    }

    fn ticks(&self) -> Rational {
        Rational::new(1, i32::try_from(self.timescale).unwrap_or(i32::MAX))
    }

    /// Number of the picture shown from `time` on; a quarter of a picture early is rounding, and
    /// where every other one is left out, it is the same one everywhere.
    fn number(&self, time: i64, rate: Rational) -> i64 {
        let quarter = i64::from(self.timescale) * i64::from(rate.den) / (4 * i64::from(rate.num));
        let length = Rational::new(rate.den, rate.num);
        rescale_floor(time.saturating_add(quarter), self.ticks(), length)
    }

    fn time(&self, number: i64, rate: Rational) -> i64 {
        rescale(number, Rational::new(rate.den, rate.num), self.ticks())
    }

    /// Numbers of the first picture of this segment and of the next.
    fn numbers(&self, rate: Rational) -> (i64, i64) {
        (
            self.number(self.span.start, rate),
            self.number(self.span.end, rate),
        )
    }
}
