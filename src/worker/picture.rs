//! Picture segments that are decoded and encoded anew as H.264.
//!
//! Never: a keyframe of the source as a condition: any boundary will do.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use alcove::base::rational::Rational;
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{JobError, VideoSpec};
use alcove::media::target::H264Target;

use super::Reply;
use super::axis::{Axis, Span, timescale_of, timescale_of_rate};
use super::cadence::{Cadence, Pace, Shown};
use super::fragment::Fragments;
use super::nal;
use super::reader::{Landing, Needs, Reader};
use super::retime::{Coded, Retimer};
use crate::av::Packet;
use crate::av::decode::{Decoder, Skip, Step};
use crate::av::encode::{Encoder, H264Options};
use crate::av::filter::Filter;
use crate::av::frame::{Colour, Frame, Keyframe};
use crate::av::mux;

/// Packets that are tried for a first picture.
const MAX_TRIED: usize = 256;

/// Makes the init segment. It carries the parameter sets of every segment, and the colours of the
/// first picture.
///
/// # Errors
/// Any [`JobError`].
pub fn init(spec: &VideoSpec, target: &H264Target, file: OwnedFd) -> Result<Vec<u8>, JobError> {
    let mut reader = Reader::open(file, spec.stream, Needs::Decoding)?;
    let base = reader.time_base()?;
    let axis = axis_of(&spec.grid, base, target)?;
    let options = options_of(target, &reader, axis.timescale())?;
    let mut decoder = Decoder::open(&reader.stream()?)?;
    let origin = axis.boundary_pts(0);
    reader.seek(origin, origin, Landing::Keyframe)?;
    let colour = first_picture(&mut reader, &mut decoder)?.map(|frame| frame.colour());
    let encoder = Encoder::h264(&H264Options {
        colour: colour.unwrap_or(Colour::UNKNOWN),
        ..options
    })?;
    let parameters = encoder.parameters()?;
    Ok(mux::init_segment(&parameters, axis.timescale(), &mut [])?)
}

fn first_picture(reader: &mut Reader, decoder: &mut Decoder) -> Result<Option<Frame>, JobError> {
    let mut frame = Frame::new()?;
    for _ in 0..MAX_TRIED {
        let packet = reader.next()?;
        // Damage here only costs the colours.
        let sent = decoder.send(packet.as_ref());
        if matches!(decoder.receive(&mut frame), Ok(Step::Ready)) {
            return Ok(Some(frame));
        }
        if packet.is_none() || matches!(sent, Err(crate::av::error::AvError::OutOfMemory)) {
            break;
        }
    }
    Ok(None)
}

/// Makes segment `index`.
///
/// # Errors
/// Any [`JobError`]; damage in the middle of the film is none.
pub fn segment(
    spec: &VideoSpec,
    target: &H264Target,
    index: u32,
    file: OwnedFd,
    reply: &mut dyn Reply,
) -> Result<(), JobError> {
    let mut reader = Reader::open(file, spec.stream, Needs::Decoding)?;
    let base = reader.time_base()?;
    let axis = axis_of(&spec.grid, base, target)?;
    let span = axis.span(index)?;
    let options = options_of(target, &reader, axis.timescale())?;
    let mut decoder = Decoder::open(&reader.stream()?)?;
    let fragments = Fragments::new(reply, axis.timescale(), index, span.start);
    let rotation = reader.rotation_degrees();
    let mut line = Line::new(&axis, span, target, options, rotation, fragments)?;
    // Filters that look at the picture before, and guessed times, need the group before.
    let earlier = target.deinterlace || reader.guesses_times();
    let boundary = axis.boundary_pts(index);
    let place = if earlier {
        boundary.saturating_sub(1)
    } else {
        boundary
    };
    reader.seek(place, axis.boundary_pts(0), Landing::Keyframe)?;
    let second = i64::from(axis.timescale());
    let mut frame = Frame::new()?;
    while !line.is_done() {
        let packet = reader.next()?;
        let time = packet
            .as_ref()
            .and_then(Packet::pts)
            .map(|pts| axis.at(pts));
        let is_far_before = time.is_some_and(|time| time < span.start - second);
        decoder.skip(match is_far_before {
            true => Skip::Unreferenced,
            false => Skip::Nothing,
        });
        let is_far_after = time.is_some_and(|time| time > span.end + 10 * second);
        let packet = packet.filter(|_| !is_far_after);
        // A damaged packet costs its pictures, not the segment.
        let _ = decoder.send(packet.as_ref());
        while matches!(decoder.receive(&mut frame), Ok(Step::Ready)) {
            line.picture(std::mem::replace(&mut frame, Frame::new()?))?;
        }
        if packet.is_none() {
            break;
        }
    }
    line.finish()
}

fn axis_of<'a>(
    grid: &'a SegmentGrid,
    base: Rational,
    target: &H264Target,
) -> Result<Axis<'a>, JobError> {
    let timescale = match constant_rate(target) {
        Some(rate) => timescale_of_rate(rate),
        None => timescale_of(base),
    };
    Axis::new(grid, base, timescale)
}

fn constant_rate(target: &H264Target) -> Option<Rational> {
    target.frame_rate.filter(|rate| rate.is_valid())
}

fn options_of(
    target: &H264Target,
    reader: &Reader,
    timescale: u32,
) -> Result<H264Options, JobError> {
    let even = |pixels: u32| pixels >= 2 && pixels.is_multiple_of(2) && pixels <= 8192;
    if !even(target.width) || !even(target.height) {
        return Err(JobError::Unsupported("a picture of that size".into()));
    }
    Ok(H264Options {
        width: target.width,
        height: target.height,
        timescale,
        frame_rate: match constant_rate(target) {
            Some(rate) => rate,
            None => reader.frame_rate(),
        },
        crf: target.crf,
        max_rate_kbps: target.max_rate_kbps,
        preset: target.preset.as_str(),
        level: target.level,
        colour: Colour::UNKNOWN,
    })
}

/// From decoded pictures to fragments.
struct Line<'a> {
    axis: &'a Axis<'a>,
    span: Span,
    options: H264Options,
    rotation: u16,
    deinterlacer: Option<Filter>,
    cadence: Cadence<Rc<Frame>>,
    scaler: Option<Filter>,
    encoder: Encoder,
    retimer: Retimer,
    fragments: Fragments<'a>,
    /// Time of the decoded picture before, for those without one.
    previous: Option<i64>,
    begun: bool,
}

impl<'a> Line<'a> {
    fn new(
        axis: &'a Axis<'a>,
        span: Span,
        target: &H264Target,
        options: H264Options,
        rotation: u16,
        fragments: Fragments<'a>,
    ) -> Result<Self, JobError> {
        let deinterlacer = target
            .deinterlace
            .then(|| Filter::new("bwdif=mode=send_frame:deint=interlaced", axis.timescale()))
            .transpose()?;
        let pace = constant_rate(target).map_or(Pace::Source, Pace::Constant);
        Ok(Self {
            axis,
            span,
            options,
            rotation,
            deinterlacer,
            cadence: Cadence::new(span, axis.timescale(), pace),
            scaler: None,
            encoder: Encoder::h264(&options)?,
            retimer: Retimer::new(0),
            fragments,
            previous: None,
            begun: false,
        })
    }

    fn is_done(&self) -> bool {
        self.cadence.is_done()
    }

    /// Ticks of one picture at the rate of the headers.
    fn usual_length(&self) -> i64 {
        let rate = self.options.frame_rate;
        (i64::from(self.axis.timescale()) * i64::from(rate.den) / i64::from(rate.num)).max(1)
    }

    /// Takes a decoded picture.
    fn picture(&mut self, mut frame: Frame) -> Result<(), JobError> {
        let guess = self.previous.map(|time| time + self.usual_length());
        let time = frame.best_pts().map(|pts| self.axis.at(pts)).or(guess);
        let time = time.unwrap_or(self.span.start);
        self.previous = Some(time);
        frame.set_pts(time);
        if let Some(turned) = frame.rotation_degrees() {
            self.rotation = turned;
        }
        let Some(deinterlacer) = &mut self.deinterlacer else {
            return self.choose(time, frame);
        };
        if time < self.span.start - i64::from(self.axis.timescale()) {
            return Ok(());
        }
        let out = deinterlacer.run(Some(&frame))?;
        self.choose_all(out)
    }

    fn choose_all(&mut self, frames: Vec<Frame>) -> Result<(), JobError> {
        for frame in frames {
            let time = frame.pts().unwrap_or(self.span.start);
            self.choose(time, frame)?;
        }
        Ok(())
    }

    fn choose(&mut self, time: i64, frame: Frame) -> Result<(), JobError> {
        let shown = self.cadence.push(time, Rc::new(frame));
        self.show(shown)
    }

    fn show(&mut self, shown: Vec<Shown<Rc<Frame>>>) -> Result<(), JobError> {
        for (time, picture) in shown {
            match picture {
                Some(picture) => self.scale(time, &picture)?,
                None => {
                    let black = Frame::black(self.options.width, self.options.height)?;
                    self.encode(time, black)?;
                }
            }
        }
        Ok(())
    }

    fn scale(&mut self, time: i64, picture: &Frame) -> Result<(), JobError> {
        let scaler = match &mut self.scaler {
            Some(scaler) => scaler,
            empty => {
                let chain = chain_of(self.options.width, self.options.height, self.rotation);
                empty.insert(Filter::new(&chain, self.axis.timescale())?)
            }
        };
        match scaler.run(Some(picture))?.pop() {
            Some(frame) => self.encode(time, frame),
            None => Ok(()),
        }
    }

    fn encode(&mut self, time: i64, mut frame: Frame) -> Result<(), JobError> {
        frame.set_pts(time);
        frame.ask_keyframe(if self.begun {
            Keyframe::EncodersChoice
        } else {
            Keyframe::Forced
        });
        self.begun = true;
        self.encoder.send(Some(&frame))?;
        self.retimer.announce(time);
        self.pump()
    }

    /// Moves what the encoder has ready into fragments.
    fn pump(&mut self) -> Result<(), JobError> {
        let mut packet = Packet::empty();
        while self.encoder.receive(&mut packet)? == Step::Ready {
            self.retimer.push(Coded {
                data: nal::length_prefixed(packet.data().unwrap_or(&[])),
                pts: packet.pts().unwrap_or(self.span.start),
                key: packet.is_key(),
            });
        }
        while let Some((dts, sample)) = self.retimer.pop() {
            self.fragments.push(dts, sample)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), JobError> {
        if let Some(mut deinterlacer) = self.deinterlacer.take() {
            let out = deinterlacer.run(None)?;
            self.choose_all(out)?;
        }
        let (shown, end) = self.cadence.finish(self.usual_length());
        self.show(shown)?;
        self.retimer.finish(end);
        self.encoder.send(None)?;
        self.pump()?;
        self.fragments.finish();
        Ok(())
    }
}

/// Scaling to the target and turning upright, the same to the bit on every CPU.
fn chain_of(width: u32, height: u32, rotation: u16) -> String {
    let (w, h, turn) = match rotation {
        90 => (height, width, ",transpose=clock"),
        180 => (width, height, ",hflip,vflip"),
        270 => (height, width, ",transpose=cclock"),
        _ => (width, height, ""),
    };
    format!(
        "scale=w={w}:h={h}:flags=bicubic+accurate_rnd+bitexact:out_range=tv,\
         format=yuv420p{turn},setsar=1"
    )
}
