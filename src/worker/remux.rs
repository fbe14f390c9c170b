//! Picture segments that keep the packets of the source.
//!
//! Never: decoding, or a cut anywhere but before a keyframe that starts a closed group.

use std::os::fd::OwnedFd;

use alcove::media::codec::VideoCodec;
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{JobError, VideoSpec};

use super::Reply;
use super::axis::{Axis, Span, timescale_of};
use super::fragment::Fragments;
use super::nal;
use super::reader::{Landing, Needs, Reader};
use super::retime::{Coded, Retimer};
use crate::av::Packet;
use crate::av::codecs;
use crate::av::mux;
use crate::av::parameters::Parameters;

/// No codec reorders pictures further than this.
const MAX_REORDER: usize = 32;

/// Makes the init segment.
///
/// # Errors
/// [`JobError::Unsupported`] for a codec that no player takes in MP4, otherwise any [`JobError`].
pub fn init(spec: &VideoSpec, file: OwnedFd) -> Result<Vec<u8>, JobError> {
    let reader = Reader::open(file, spec.stream, Needs::Copying)?;
    let mut parameters = reader.parameters()?;
    parameters.set_tag(tag_of(codecs::video(&reader.stream()?), &parameters)?);
    let timescale = timescale_of(reader.time_base()?);
    Ok(mux::init_segment(&parameters, timescale, &mut [])?)
}

/// Makes segment `index`.
///
/// # Errors
/// [`JobError::Unsupported`] when the grid or the timestamps do not allow it, [`JobError::Damaged`]
/// when no keyframe is at the boundary, otherwise any [`JobError`].
pub fn segment(
    spec: &VideoSpec,
    index: u32,
    file: OwnedFd,
    reply: &mut dyn Reply,
) -> Result<(), JobError> {
    if !spec.grid.remuxable {
        return Err(JobError::Unsupported(
            "the keyframes of this film are no places to cut".into(),
        ));
    }
    let mut reader = Reader::open(file, spec.stream, Needs::Copying)?;
    let parameters = reader.parameters()?;
    tag_of(codecs::video(&reader.stream()?), &parameters)?;
    let axis = axis_of(&spec.grid, &reader)?;
    let span = axis.span(index)?;
    let target = axis.boundary_pts(index);
    reader.seek(target, axis.boundary_pts(0), Landing::Keyframe)?;
    let mut packets = Packets {
        reader,
        axis,
        span,
        start_codes: nal::has_start_codes(parameters.extradata()),
        begun: false,
        held: None,
        end: span.start,
    };
    let timescale = packets.axis.timescale();
    let mut fragments = Fragments::new(reply, timescale, index, span.start);
    let mut retimer = Retimer::new(MAX_REORDER);
    while let Some(coded) = packets.next()? {
        retimer.announce(coded.pts);
        retimer.push(coded);
        while let Some((dts, sample)) = retimer.pop() {
            fragments.push(dts, sample);
        }
    }
    let end = if span.last { packets.end } else { span.end };
    retimer.finish(end);
    while let Some((dts, sample)) = retimer.pop() {
        fragments.push(dts, sample);
    }
    fragments.finish();
    Ok(())
}

fn axis_of<'a>(grid: &'a SegmentGrid, reader: &Reader) -> Result<Axis<'a>, JobError> {
    let base = reader.time_base()?;
    Axis::new(grid, base, timescale_of(base))
}

/// The name under which players look for the codec.
fn tag_of(codec: VideoCodec, parameters: &Parameters) -> Result<[u8; 4], JobError> {
    let headed = !parameters.extradata().is_empty();
    match codec {
        VideoCodec::H264 if headed => Ok(*b"avc1"),
        VideoCodec::Hevc if headed => Ok(*b"hvc1"),
        VideoCodec::Av1 if headed => Ok(*b"av01"),
        VideoCodec::Vp9 if parameters.has_pixel_format() => Ok(*b"vp09"),
        _ => Err(JobError::Unsupported(
            "these pictures cannot be repacked into MP4".into(),
        )),
    }
}

/// The coded pictures of one segment, in decode order.
struct Packets<'a> {
    reader: Reader,
    axis: Axis<'a>,
    span: Span,
    start_codes: bool,
    begun: bool,
    /// A picture whose second field may still come in a packet of its own.
    held: Option<Coded>,
    /// Where the picture that is shown last ends.
    end: i64,
}

impl Packets<'_> {
    fn next(&mut self) -> Result<Option<Coded>, JobError> {
        while let Some(packet) = self.reader.next()? {
            let Some(pts) = packet.pts() else {
                self.join(&packet)?;
                continue;
            };
            let time = self.axis.at(pts);
            if !self.begun {
                if !packet.is_key() || time < self.span.start {
                    continue;
                }
                if time != self.span.start {
                    break;
                }
                self.begun = true;
            } else if self.is_next_segment(&packet, time) {
                break;
            } else if time < self.span.start {
                // A leading picture of the group before, which a player that starts here lacks.
                continue;
            }
            let length = self.axis.at(pts.saturating_add(packet.duration().max(1))) - time;
            self.end = self.end.max(time + length);
            let coded = Coded {
                data: self.rewritten(&packet),
                pts: time,
                key: packet.is_key(),
            };
            if let Some(whole) = self.held.replace(coded) {
                return Ok(Some(whole));
            }
        }
        if !self.begun {
            return Err(JobError::Damaged(
                "no keyframe where the index has one".into(),
            ));
        }
        // Later calls must not read on into the next segment.
        self.span.end = i64::MIN;
        Ok(self.held.take())
    }

    fn is_next_segment(&self, packet: &Packet, time: i64) -> bool {
        if self.span.end == i64::MIN {
            return true;
        }
        let far = self.span.end + 10 * i64::from(self.axis.timescale());
        (!self.span.last && packet.is_key() && time >= self.span.end) || time > far
    }

    /// A packet without a time is the second field of the picture before it, or a mystery.
    fn join(&mut self, packet: &Packet) -> Result<(), JobError> {
        if !self.begun {
            return Ok(());
        }
        let data = self.rewritten(packet);
        match &mut self.held {
            Some(held) if self.start_codes && !packet.is_key() => {
                held.data.extend_from_slice(&data);
                Ok(())
            }
            _ => Err(JobError::Unsupported(
                "pictures without presentation times cannot be repacked".into(),
            )),
        }
    }

    fn rewritten(&self, packet: &Packet) -> Vec<u8> {
        let data = packet.data().unwrap_or(&[]);
        if self.start_codes {
            nal::length_prefixed(data)
        } else {
            data.to_vec()
        }
    }
}
