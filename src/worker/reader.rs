//! The packets of one stream from a place in the film on.
//!
//! Never: decoding; giving up at the first damaged packet.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use alcove::base::rational::{Rational, rescale};
use alcove::media::codec::{AudioCodec, VideoCodec};
use alcove::media::job::JobError;

use crate::av::Packet;
use crate::av::codecs;
use crate::av::error::AvError;
use crate::av::frame::quarter_turn;
use crate::av::input::{Input, OpenOptions};
use crate::av::parameters::Parameters;
use crate::av::stream::{Kind, Stream};

/// So many packets in a row that cannot be read are the end of what is left.
const MAX_ERRORS: u32 = 64;
/// Packets looked at for the first one of a stream.
const MAX_FIRST: usize = 4096;
/// Packets kept while looking for the nearest keyframe where the container has no index.
const MAX_KEPT: usize = 2048;
/// How far packets may come after their neighbours in presentation time.
const REORDER_S: i64 = 1;
/// A step back in time by more than this is another clock.
const MAX_BACK_S: i64 = 10;

/// What must be known of the stream before the job can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Enough to open a decoder.
    Decoding,
    /// Enough to write the packets into another container.
    Copying,
}

/// Where reading may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    Keyframe,
    AnyPacket,
}

/// An open file of which one stream is read.
pub struct Reader {
    input: Input,
    file: OwnedFd,
    stream: usize,
    needs: Needs,
    /// The stream whose index leads to a place.
    guide: usize,
    /// Packets read ahead, to be given first.
    ahead: VecDeque<Packet>,
    /// Nothing was sought yet: the next packet is the first of the file.
    fresh: bool,
    errors: u32,
    /// What has been given since the last seek.
    course: Option<Course>,
}

/// The times of packets since a seek, to notice where a film's clock is set back: what comes after
/// belongs to no segment that was looked for, and would be read to the end of the file for nothing.
struct Course {
    /// Where the seek led to.
    target: i64,
    /// A step back of more than this is no reordering.
    most: i64,
    latest: Option<i64>,
    is_over: bool,
}

impl Course {
    fn new(target: i64, most: i64) -> Self {
        Self {
            target,
            most,
            latest: None,
            is_over: false,
        }
    }

    /// True from the first packet on that lies far before one at or after the target.
    fn is_over(&mut self, time: Option<i64>) -> bool {
        if let Some(time) = time {
            let begun = self.latest.filter(|&latest| latest >= self.target);
            self.is_over |= begun.is_some_and(|latest| time < latest.saturating_sub(self.most));
            self.latest = self.latest.max(Some(time));
        }
        self.is_over
    }
}

impl Reader {
    /// Opens `file` for its stream number `stream`.
    ///
    /// # Errors
    /// [`JobError::NotFound`] without such a stream, otherwise what opening says.
    pub fn open(file: OwnedFd, stream: u32, needs: Needs) -> Result<Self, JobError> {
        let stream = stream as usize;
        let copy = file
            .try_clone()
            .map_err(|e| JobError::Read(e.to_string()))?;
        let (input, guide) = open_input(copy, stream, needs)?;
        Ok(Self {
            input,
            file,
            stream,
            needs,
            guide,
            ahead: VecDeque::new(),
            fresh: true,
            errors: 0,
            course: None,
        })
    }

    /// The stream that is read.
    pub fn stream(&self) -> Result<Stream<'_>, JobError> {
        self.input
            .stream_view(self.stream)
            .ok_or(JobError::NotFound)
    }

    pub fn parameters(&self) -> Result<Parameters, JobError> {
        Ok(Parameters::of_stream(&self.stream()?)?)
    }

    /// Seconds a tick of the stream's timestamps.
    pub fn time_base(&self) -> Result<Rational, JobError> {
        Ok(self.stream()?.time_base())
    }

    /// Pictures a second as the headers have it, or a likely number.
    pub fn frame_rate(&self) -> Rational {
        let stream = self.input.stream_view(self.stream);
        let rate = stream.and_then(|stream| stream.frame_rate());
        rate.unwrap_or(Rational::new(25, 1))
    }

    /// How the picture must be turned clockwise for display: 0, 90, 180 or 270 degrees.
    pub fn rotation_degrees(&self) -> u16 {
        let stream = self.input.stream_view(self.stream);
        let matrix = stream.and_then(|stream| stream.display_matrix());
        matrix.and_then(|bytes| quarter_turn(&bytes)).unwrap_or(0)
    }

    /// True when the container has no presentation times, so that those of pictures are guesses
    /// which need the pictures before.
    pub fn guesses_times(&self) -> bool {
        format_is(&self.input, &["avi"])
    }

    /// The next packet of the stream; `None` at the end of the file, and where its clock is set back
    /// after the place that was sought.
    ///
    /// # Errors
    /// [`JobError::Read`] when the disk fails; damage in the file is passed over.
    pub fn next(&mut self) -> Result<Option<Packet>, JobError> {
        let packet = self.read()?;
        let time = packet.as_ref().and_then(|p| p.pts().or(p.dts()));
        let is_over = self.course.as_mut().is_some_and(|c| c.is_over(time));
        Ok(packet.filter(|_| !is_over))
    }

    fn read(&mut self) -> Result<Option<Packet>, JobError> {
        if let Some(packet) = self.ahead.pop_front() {
            return Ok(Some(packet));
        }
        self.fresh = false;
        loop {
            let mut packet = Packet::empty();
            match self.input.read(&mut packet) {
                Ok(false) => return Ok(None),
                Ok(true) => {
                    self.errors = 0;
                    if packet.stream() == self.stream {
                        return Ok(Some(packet));
                    }
                }
                Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error.into()),
                Err(_) if self.errors < MAX_ERRORS => self.errors += 1,
                Err(_) => return Ok(None),
            }
        }
    }

    /// Presentation time of the first packet of the stream in the file; reading goes on as before.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn first_pts(&mut self) -> Result<Option<i64>, JobError> {
        if !self.fresh || !self.ahead.is_empty() {
            return Ok(None);
        }
        for _ in 0..MAX_FIRST {
            let mut packet = Packet::empty();
            match self.input.read(&mut packet) {
                Ok(true) if packet.stream() == self.stream => {
                    let pts = packet.pts();
                    self.ahead.push_back(packet);
                    return Ok(pts);
                }
                Ok(true) => {}
                Ok(false) => break,
                Err(error @ AvError::Read(_)) => return Err(error.into()),
                Err(_) => break,
            }
        }
        self.fresh = false;
        Ok(None)
    }

    /// Goes to the last place at or before `target` (ticks of the stream) where `landing` allows to
    /// start, or to the beginning of the file when there is none. `origin` is the earliest time of
    /// interest.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub fn seek(&mut self, target: i64, origin: i64, landing: Landing) -> Result<(), JobError> {
        let base = self.time_base()?;
        if !base.is_valid() {
            return self.rewind();
        }
        let second = rescale(1, Rational::new(1, 1), base).max(1);
        self.course = Some(Course::new(target, second.saturating_mul(MAX_BACK_S)));
        let mut back = 0;
        loop {
            let at = target.saturating_sub(back);
            if at <= origin {
                return self.rewind();
            }
            self.ahead.clear();
            self.fresh = false;
            let guide = self.guide_ticks(at)?;
            match self.input.seek_back_to(self.guide, guide) {
                Err(error @ AvError::Read(_)) => return Err(error.into()),
                Err(_) => return self.rewind(),
                Ok(()) => {}
            }
            if self.land(target, second.saturating_mul(REORDER_S), landing)? {
                return Ok(());
            }
            back = back.saturating_mul(2).max(second);
        }
    }

    /// Goes to the beginning of the file, if need be by opening it anew: many formats without an
    /// index cannot be trusted to find their own start.
    fn rewind(&mut self) -> Result<(), JobError> {
        if self.fresh {
            return Ok(());
        }
        let copy = self.file.try_clone();
        let copy = copy.map_err(|e| JobError::Read(e.to_string()))?;
        (self.input, self.guide) = open_input(copy, self.stream, self.needs)?;
        self.ahead.clear();
        self.fresh = true;
        Ok(())
    }

    fn guide_ticks(&self, ticks: i64) -> Result<i64, JobError> {
        let guide = self.input.stream_view(self.guide);
        let base = guide.ok_or(JobError::NotFound)?.time_base();
        Ok(match base.is_valid() {
            true => rescale(ticks, self.time_base()?, base),
            false => ticks,
        })
    }

    /// Reads up to the place to start at; false when the seek went past it.
    fn land(&mut self, target: i64, slack: i64, landing: Landing) -> Result<bool, JobError> {
        let exact = landing == Landing::AnyPacket || format_is(&self.input, &["mov", "matroska"]);
        let mut kept = VecDeque::new();
        while let Some(packet) = self.read()? {
            let time = packet.pts().or(packet.dts());
            let before = time.is_none_or(|time| time <= target);
            let start = before && (landing == Landing::AnyPacket || packet.is_key());
            if start {
                kept.clear();
            } else if kept.is_empty() {
                if packet.is_key() || time.is_some_and(|time| time > target.saturating_add(slack)) {
                    return Ok(false);
                }
                continue;
            }
            kept.push_back(packet);
            let passed = time.is_some_and(|time| time > target.saturating_add(slack));
            if exact || passed || kept.len() >= MAX_KEPT {
                break;
            }
        }
        let found = !kept.is_empty();
        self.ahead = kept;
        Ok(found)
    }
}

/// Opens the container, completes what the job needs to know, and leaves out all other streams.
fn open_input(file: OwnedFd, stream: usize, needs: Needs) -> Result<(Input, usize), JobError> {
    let mut input = Input::open(file, OpenOptions::default())?;
    if !is_complete(&input, stream, needs) {
        input.find_stream_info()?;
    }
    if input.stream(stream).is_none() {
        return Err(JobError::NotFound);
    }
    let guide = guide_of(&input, stream);
    input.keep_only(&[stream]);
    Ok((input, guide))
}

/// True when the headers alone say enough, so that a cold seek need not read the first seconds.
fn is_complete(input: &Input, stream: usize, needs: Needs) -> bool {
    if !format_is(input, &["mov", "matroska"]) {
        return false;
    }
    let Some(stream) = input.stream_view(stream) else {
        return false;
    };
    let (headed, known) = match stream.kind() {
        Kind::Video => (
            matches!(
                codecs::video(&stream),
                VideoCodec::H264 | VideoCodec::Hevc | VideoCodec::Av1
            ),
            stream.size().0 > 0 && stream.size().1 > 0,
        ),
        _ => (
            matches!(
                codecs::audio(&stream),
                AudioCodec::Aac | AudioCodec::Opus | AudioCodec::Flac
            ),
            stream.sample_rate_hz() > 0 && stream.channels() > 0,
        ),
    };
    let has_header = headed && !stream.extradata().is_empty();
    stream.codec_id() != 0 && known && (has_header || needs == Needs::Decoding)
}

/// Matroska has an index of its pictures only; other formats have one of each stream, or none.
fn guide_of(input: &Input, stream: usize) -> usize {
    if !format_is(input, &["matroska"]) {
        return stream;
    }
    let mut films = input
        .streams()
        .filter(|stream| stream.kind() == Kind::Video && !stream.is_cover());
    films.next().map_or(stream, |film| film.index())
}

/// True when libav reads the file with one of these demuxers.
fn format_is(input: &Input, names: &[&str]) -> bool {
    let own = input.context().format();
    own.name().split(',').any(|name| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clock_that_is_set_back_after_the_place_sought_ends_the_reading() {
        for (times, want) in [
            (&[0, 40, 20, 60][..], false),
            (&[100, 140, 50], false),
            (&[100, 140, 30], true),
            (&[100, 140, 30, 150], true),
            (&[90, 95, -10], false),
            (&[i64::MAX, i64::MIN], true),
        ] {
            let mut course = Course::new(100, 100);
            for &time in times {
                course.is_over(Some(time));
            }
            assert_eq!(course.is_over(None), want, "{times:?}");
        }
    }
}
