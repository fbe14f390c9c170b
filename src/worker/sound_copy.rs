//! Sound segments that keep the packets of the source.
//!
//! Never: decoding; a packet in two segments or in none.

use std::os::fd::OwnedFd;

use alcove::media::codec::AudioCodec;
use alcove::media::job::{AudioSpec, JobError};

use super::Reply;
use super::axis::{Axis, Span};
use super::fragment::{Fragments, Sample};
use super::reader::{Landing, Needs, Reader};
use super::sound_place::Places;
use crate::av::Packet;
use crate::av::bitstream::Bitstream;
use crate::av::codecs;
use crate::av::mux;
use crate::av::parameters::Parameters;

/// Packets from which libav may read what the headers do not say.
const FIRST_PACKETS: usize = 8;

/// Makes the init segment.
///
/// # Errors
/// [`JobError::Unsupported`] for a codec that MP4 cannot hold, otherwise any [`JobError`].
pub fn init(spec: &AudioSpec, file: OwnedFd) -> Result<Vec<u8>, JobError> {
    let mut reader = Reader::open(file, spec.stream, Needs::Copying)?;
    let mut parameters = reader.parameters()?;
    let timescale = timescale_of(&parameters)?;
    parameters.set_tag([0; 4]);
    let mut framing = Framing::of(&reader, &parameters)?;
    let mut first = Vec::new();
    if framing.is_rewritten() || lacks_header(codecs::audio(&reader.stream()?)) {
        while first.len() < FIRST_PACKETS {
            let Some(mut packet) = reader.next()? else {
                break;
            };
            if framing.rewrite(&mut packet) {
                first.push(packet);
            }
        }
    }
    Ok(mux::init_segment(&parameters, timescale, &mut first)?)
}

/// Makes segment `index`. A packet belongs to the segment in which it ends, so that each begins with
/// the packet in which its boundary lies.
///
/// # Errors
/// [`JobError::Unsupported`] for packets without times, otherwise any [`JobError`].
pub fn segment(
    spec: &AudioSpec,
    index: u32,
    file: OwnedFd,
    reply: &mut dyn Reply,
) -> Result<(), JobError> {
    let mut reader = Reader::open(file, spec.stream, Needs::Copying)?;
    let parameters = reader.parameters()?;
    let timescale = timescale_of(&parameters)?;
    let axis = Axis::new(&spec.grid, reader.time_base()?, timescale)?;
    let span = axis.span(index)?;
    let framing = Framing::of(&reader, &parameters)?;
    let first_pts = reader.first_pts()?;
    let places = Places::new(axis.clone(), first_pts);
    // One second is longer than any packet.
    let target = axis.pts_at(span.start - i64::from(timescale));
    let origin = first_pts.unwrap_or_else(|| axis.boundary_pts(0));
    reader.seek(target, origin, Landing::AnyPacket)?;
    let usual = usual_samples(codecs::audio(&reader.stream()?), &parameters);
    let mut cut = Cut {
        span,
        earliest: -places.blur(),
        held: None,
        fragments: Fragments::new(reply, timescale, index, span.start),
    };
    let mut run = Run {
        reader,
        framing,
        axis,
        places,
        usual,
    };
    while let Some(next) = run.next()? {
        if !cut.push(next)? {
            break;
        }
    }
    cut.finish()
}

/// Sound counts time in samples.
fn timescale_of(parameters: &Parameters) -> Result<u32, JobError> {
    match parameters.sample_rate_hz() {
        0 => Err(JobError::Unsupported("sound without a sample rate".into())),
        rate => Ok(rate),
    }
}

/// Samples of a packet, also where the container leaves it to the codec; 0 when they vary.
fn usual_samples(codec: AudioCodec, parameters: &Parameters) -> i64 {
    match (parameters.frame_samples(), codec) {
        (samples @ 1.., _) => i64::from(samples),
        (0, AudioCodec::Aac) => 1024,
        (0, AudioCodec::Ac3) => 1536,
        (0, AudioCodec::Mp2 | AudioCodec::Mp3) => 1152,
        (0, _) => 0,
    }
}

/// True for codecs whose MP4 header is made from their packets.
fn lacks_header(codec: AudioCodec) -> bool {
    matches!(
        codec,
        AudioCodec::Ac3 | AudioCodec::Eac3 | AudioCodec::TrueHd
    )
}

/// How packets are stripped of the framing that broadcasts need and MP4 does not.
enum Framing {
    AsIs,
    Adts(Bitstream),
}

impl Framing {
    fn of(reader: &Reader, parameters: &Parameters) -> Result<Self, JobError> {
        let stream = reader.stream()?;
        if codecs::audio(&stream) == AudioCodec::Aac && parameters.extradata().is_empty() {
            // LATM is AAC as well, but in a framing that no filter takes off.
            let filter = Bitstream::open(c"aac_adtstoasc", &stream);
            return filter.map(Self::Adts).map_err(|_| {
                JobError::Unsupported("AAC in a framing that cannot be repacked".into())
            });
        }
        Ok(Self::AsIs)
    }

    fn is_rewritten(&self) -> bool {
        matches!(self, Self::Adts(_))
    }

    /// False when the packet is damaged or empty and is left out.
    fn rewrite(&mut self, packet: &mut Packet) -> bool {
        match self {
            Self::AsIs => packet.size() > 0,
            Self::Adts(filter) => filter.rewrite(packet).unwrap_or(false) && packet.size() > 0,
        }
    }
}

/// A packet and where it sounds.
struct Placed {
    start: i64,
    samples: i64,
    data: Vec<u8>,
}

/// The packets of the source with their places.
struct Run<'a> {
    reader: Reader,
    framing: Framing,
    axis: Axis<'a>,
    places: Places<'a>,
    /// Samples of a packet as the headers have it; 0 when they vary.
    usual: i64,
}

impl Run<'_> {
    fn next(&mut self) -> Result<Option<Placed>, JobError> {
        while let Some(mut packet) = self.reader.next()? {
            let Some(pts) = packet.pts().or(packet.dts()) else {
                return Err(JobError::Unsupported(
                    "sound without times cannot be repacked".into(),
                ));
            };
            let samples = self.samples_of(pts, packet.duration());
            if !self.framing.rewrite(&mut packet) {
                continue;
            }
            return Ok(Some(Placed {
                start: self.places.at(pts, samples),
                samples: samples.max(1),
                data: packet.data().unwrap_or(&[]).to_vec(),
            }));
        }
        Ok(None)
    }

    /// Samples of a packet: what the headers say (or twice that, when the rate is), if the rounded
    /// duration agrees.
    fn samples_of(&self, pts: i64, duration: i64) -> i64 {
        let rough = self.axis.at(pts.saturating_add(duration.max(0))) - self.axis.at(pts);
        let fits = |samples: &i64| (samples - rough).abs() <= self.places.blur();
        [self.usual, self.usual * 2]
            .into_iter()
            .filter(|&samples| samples > 0)
            .find(fits)
            .unwrap_or(if duration > 0 { rough } else { self.usual })
    }
}

/// Keeps the packets that end in the segment.
struct Cut<'a> {
    span: Span,
    /// Packets that begin before this began before the film did, and not by rounding alone.
    earliest: i64,
    /// The packet before, which lasts until the next one begins.
    held: Option<Placed>,
    fragments: Fragments<'a>,
}

impl Cut<'_> {
    /// False when the segment is complete.
    fn push(&mut self, next: Placed) -> Result<bool, JobError> {
        if next.start + next.samples <= self.span.start || next.start < self.earliest {
            return Ok(true);
        }
        if let Some(held) = self.held.take() {
            let length = (next.start - held.start).max(1);
            self.write(held, length)?;
        }
        if !self.span.last && next.start + next.samples > self.span.end {
            return Ok(false);
        }
        self.held = Some(next);
        Ok(true)
    }

    fn finish(mut self) -> Result<(), JobError> {
        if let Some(held) = self.held.take() {
            let length = held.samples;
            self.write(held, length)?;
        }
        self.fragments.finish();
        Ok(())
    }

    /// No decode time is negative: players cannot read one.
    fn write(&mut self, placed: Placed, length: i64) -> Result<(), JobError> {
        let start = placed.start.max(0);
        let length = (placed.start + length - start).max(1);
        self.fragments.push(
            start,
            Sample {
                data: placed.data,
                duration: u32::try_from(length).unwrap_or(u32::MAX),
                offset: 0,
                key: true,
            },
        )
    }
}
