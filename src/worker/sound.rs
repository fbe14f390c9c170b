//! Sound segments that are decoded and encoded anew as AAC, on one grid of 1024 samples.
//!
//! Never: a sample of a frame that depends on where decoding began.

use std::os::fd::OwnedFd;

use alcove::media::grid::SegmentGrid;
use alcove::media::job::{AudioSpec, JobError};
use alcove::media::target::AAC_FRAME_SAMPLES;

use super::Reply;
use super::axis::Axis;
use super::fragment::{Fragments, Sample};
use super::reader::{Landing, Needs, Reader};
use super::sound_place::Places;
use crate::av::Packet;
use crate::av::decode::{Decoder, Step};
use crate::av::encode::{AacOptions, Encoder};
use crate::av::frame::Frame;
use crate::av::mux;
use crate::av::resample::{Planes, Resampler, SoundShape};

const FRAME: i64 = AAC_FRAME_SAMPLES as i64;
/// Frames that are encoded before the segment and dropped, so that the encoder has settled.
const FRAMES_BEFORE: i64 = 4;
/// Frames that must be given after the last one wanted before it comes out.
const FRAMES_AFTER: i64 = 2;
/// Packets that are decoded before the first sample wanted; codecs hold back no more.
const PACKETS_BEFORE: i64 = 8;
/// Samples of a packet whose codec does not say.
const USUAL_PACKET: u32 = 2048;
/// Samples before the first one wanted that the resampler's filter looks at.
const FILTER_SAMPLES: i64 = 256;
/// Silence is made in pieces of this many samples.
const SILENCE_SAMPLES: i64 = 4096;

/// Makes the init segment.
///
/// # Errors
/// Any [`JobError`].
pub fn init(options: &AacOptions) -> Result<Vec<u8>, JobError> {
    let parameters = Encoder::aac(options)?.parameters()?;
    Ok(mux::init_segment(
        &parameters,
        options.sample_rate_hz,
        &mut [],
    )?)
}

/// Number of the first AAC frame of each segment and, at the end, of the frame after the last.
///
/// A segment's sound begins with the frame in which its boundary lies; each has at least one frame.
///
/// # Errors
/// [`JobError::Unsupported`] past the end of the grid.
pub fn frame_span(axis: &Axis<'_>, index: u32) -> Result<(i64, i64), JobError> {
    let mut start = 0;
    for number in 0..=index {
        let span = axis.span(number)?;
        let end = if span.last {
            (span.end + FRAME - 1).div_euclid(FRAME)
        } else {
            span.end.div_euclid(FRAME)
        };
        let end = end.max(start + 1);
        if number == index {
            return Ok((start, end));
        }
        start = end;
    }
    Err(JobError::Unsupported("a segment past the end".into()))
}

/// Makes segment `index`.
///
/// # Errors
/// Any [`JobError`]; damage, gaps and a track that is shorter than the film become silence.
pub fn segment(
    spec: &AudioSpec,
    options: &AacOptions,
    index: u32,
    file: OwnedFd,
    reply: &mut dyn Reply,
) -> Result<(), JobError> {
    let mut reader = Reader::open(file, spec.stream, Needs::Decoding)?;
    let base = reader.time_base()?;
    let out = Axis::new(&spec.grid, base, options.sample_rate_hz)?;
    let (first, end) = frame_span(&out, index)?;
    let mut coder = Coder {
        encoder: Encoder::aac(options)?,
        fragments: Fragments::new(reply, options.sample_rate_hz, index, first * FRAME),
        wanted: (first * FRAME, end * FRAME),
        position: (first - FRAMES_BEFORE) * FRAME,
        rate: options.sample_rate_hz,
        is_done: false,
    };
    let mut track = Track::new(
        &spec.grid,
        options,
        coder.position,
        (end + FRAMES_AFTER) * FRAME,
    );
    // The first packet of the file is looked at before going elsewhere.
    let first_pts = reader.first_pts()?;
    let mut decoder = Decoder::open(&reader.stream()?)?;
    let parameters = reader.parameters()?;
    let packet = match parameters.frame_samples() {
        0 => USUAL_PACKET,
        samples => samples,
    };
    let rate = i64::from(parameters.sample_rate_hz().max(8000));
    let lead = PACKETS_BEFORE * i64::from(packet) * i64::from(options.sample_rate_hz) / rate;
    let target = out.pts_at(coder.position - FILTER_SAMPLES - lead);
    let origin = first_pts.unwrap_or_else(|| out.boundary_pts(0));
    reader.seek(target, origin, Landing::AnyPacket)?;
    let mut frame = Frame::new()?;
    while !coder.is_done {
        let packet = reader.next()?;
        // A damaged packet costs its samples, which become silence.
        let _ = decoder.send(packet.as_ref());
        while matches!(decoder.receive(&mut frame), Ok(Step::Ready)) {
            track.take(&frame, base, first_pts)?;
        }
        if packet.is_none() {
            track.finish()?;
        }
        coder.encode(&mut track)?;
        if packet.is_none() {
            break;
        }
    }
    coder.fragments.finish();
    Ok(())
}

/// Decoded sound laid out on the grid, at the rate and with the channels of the target.
struct Track<'a> {
    grid: &'a SegmentGrid,
    rate: u32,
    channels: u16,
    /// Samples that lie ready, and the place of the first of them.
    planes: Planes,
    start: i64,
    /// Nothing is needed from this place on.
    end: i64,
    source: Option<Source<'a>>,
}

/// One format of the source; a broadcast may change it.
struct Source<'a> {
    shape: SoundShape,
    resampler: Resampler,
    places: Places<'a>,
    /// Place of the next sample, at the source's rate.
    cursor: i64,
    /// Nothing is needed from this place on, at the source's rate.
    end: i64,
    /// The first sample was placed: small differences are rounding from now on.
    is_anchored: bool,
}

impl<'a> Track<'a> {
    fn new(grid: &'a SegmentGrid, options: &AacOptions, start: i64, end: i64) -> Self {
        Self {
            grid,
            rate: options.sample_rate_hz,
            channels: options.channels,
            planes: vec![Vec::new(); usize::from(options.channels)],
            start,
            end,
            source: None,
        }
    }

    fn ready(&self) -> i64 {
        let samples = self.planes.first().map_or(0, Vec::len);
        self.start + i64::try_from(samples).unwrap_or(0)
    }

    /// Takes decoded sound, whose timestamps have `base` seconds a tick.
    fn take(
        &mut self,
        frame: &Frame,
        base: alcove::base::rational::Rational,
        first_pts: Option<i64>,
    ) -> Result<(), JobError> {
        let shape = SoundShape::of(frame);
        if frame.samples() == 0 || shape.sample_rate_hz == 0 || self.ready() >= self.end {
            return Ok(());
        }
        if self
            .source
            .as_ref()
            .is_none_or(|source| source.shape != shape)
        {
            self.drain()?;
            let axis = Axis::new(self.grid, base, shape.sample_rate_hz)?;
            self.open(shape, Places::new(axis, first_pts))?;
        }
        if let Some(source) = &mut self.source {
            source.take(frame, &mut self.planes)?;
        }
        Ok(())
    }

    /// Starts a format where the samples so far end.
    fn open(&mut self, shape: SoundShape, places: Places<'a>) -> Result<(), JobError> {
        let (from, to) = (i64::from(shape.sample_rate_hz), i64::from(self.rate));
        let divisor = gcd(from, to);
        let (step_from, step_to) = (from / divisor, to / divisor);
        // The only places that both rates share: there a resampler can start without a shift.
        let mut step = self.ready().div_euclid(step_to);
        let is_first = self.planes.first().is_none_or(Vec::is_empty);
        if is_first {
            step -= FILTER_SAMPLES.div_euclid(step_from) + 1;
            self.start = step * step_to;
        } else if step * step_to < self.ready() {
            let whole = (step + 1) * step_to;
            self.silence_until(whole);
            step += 1;
        }
        self.source = Some(Source {
            shape,
            resampler: Resampler::open(shape, self.rate, self.channels)?,
            places,
            cursor: step * step_from,
            end: (self.end.div_euclid(step_to) + 2) * step_from,
            is_anchored: false,
        });
        Ok(())
    }

    /// Ends the format that came so far.
    fn drain(&mut self) -> Result<(), JobError> {
        match self.source.take() {
            Some(mut source) => Ok(source.resampler.drain(&mut self.planes)?),
            None => Ok(()),
        }
    }

    /// No more sound comes: the rest is silence.
    fn finish(&mut self) -> Result<(), JobError> {
        self.drain()?;
        self.silence_until(self.end);
        Ok(())
    }

    fn silence_until(&mut self, place: i64) {
        let samples = usize::try_from(place - self.start).unwrap_or(0);
        for plane in &mut self.planes {
            plane.resize(samples.max(plane.len()), 0.0);
        }
    }

    /// Drops the samples before `place`.
    fn forget(&mut self, place: i64) {
        let count = usize::try_from(place - self.start).unwrap_or(0);
        for plane in &mut self.planes {
            plane.drain(..count.min(plane.len()));
        }
        self.start = self.start.max(place);
    }
}

impl Source<'_> {
    fn take(&mut self, frame: &Frame, planes: &mut Planes) -> Result<(), JobError> {
        let samples = i64::try_from(frame.samples()).unwrap_or(0);
        let place = match frame.best_pts() {
            Some(pts) => self.places.at(pts, samples),
            None => self.cursor,
        };
        let allowed = if self.is_anchored {
            self.places.blur() + i64::from(self.shape.sample_rate_hz) / 500
        } else {
            0
        };
        let place = if (place - self.cursor).abs() <= allowed {
            self.cursor
        } else {
            place
        };
        if place > self.cursor {
            self.silence(frame, place.min(self.end), planes)?;
        }
        let skip = self.cursor - place;
        if skip >= samples || self.cursor >= self.end {
            return Ok(());
        }
        let skip = usize::try_from(skip).unwrap_or(0);
        self.resampler.convert(frame, skip, planes)?;
        self.cursor = place + samples;
        self.is_anchored = true;
        Ok(())
    }

    fn silence(&mut self, like: &Frame, until: i64, planes: &mut Planes) -> Result<(), JobError> {
        while self.cursor < until {
            let count = (until - self.cursor).min(SILENCE_SAMPLES);
            let silence = Frame::silence(like, usize::try_from(count).unwrap_or(0))?;
            self.resampler.convert(&silence, 0, planes)?;
            self.cursor += count;
        }
        Ok(())
    }
}

/// Encodes what lies ready and keeps the frames of the segment.
struct Coder<'a> {
    encoder: Encoder,
    fragments: Fragments<'a>,
    /// Places of the first sample wanted and of the one after the last.
    wanted: (i64, i64),
    /// Place of the next frame to encode.
    position: i64,
    rate: u32,
    is_done: bool,
}

impl Coder<'_> {
    fn encode(&mut self, track: &mut Track<'_>) -> Result<(), JobError> {
        let mut packet = Packet::empty();
        while !self.is_done && track.ready() >= self.position + FRAME {
            track.forget(self.position);
            let count = AAC_FRAME_SAMPLES as usize;
            let planes: Vec<&[f32]> = track.planes.iter().map(|plane| &plane[..count]).collect();
            let mut frame = Frame::sound(&planes, self.rate)?;
            frame.set_pts(self.position);
            self.position += FRAME;
            self.encoder.send(Some(&frame))?;
            while self.encoder.receive(&mut packet)? == Step::Ready {
                self.keep(&packet)?;
            }
        }
        Ok(())
    }

    /// The encoder counts its own delay into the timestamp: that is where the packet sounds.
    fn keep(&mut self, packet: &Packet) -> Result<(), JobError> {
        let place = packet.pts().unwrap_or(i64::MIN);
        if place < self.wanted.0 || self.is_done {
            return Ok(());
        }
        self.fragments.push(
            place,
            Sample {
                data: packet.data().unwrap_or(&[]).to_vec(),
                duration: AAC_FRAME_SAMPLES,
                offset: 0,
                key: true,
            },
        )?;
        self.is_done = place + FRAME >= self.wanted.1;
        Ok(())
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}
