//! Picture segments that keep the packets of the source.
//!
//! Never: decoding, or a cut anywhere but before a keyframe that starts a closed group.

use std::os::fd::OwnedFd;

use alcove::media::codec::VideoCodec;
use alcove::media::grid::SegmentGrid;
use alcove::media::job::{JobError, VideoSpec};

use super::Reply;
use super::axis::{Axis, Span, timescale_of};
use super::fragment::{Fragments, bounded};
use super::nal;
use super::reader::{Landing, Needs, Reader};
use super::retime::{Coded, Retimer};
use crate::av::Packet;
use crate::av::codecs;
use crate::av::gop::starts_clean;
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
/// [`JobError::Unsupported`] when the grid, the group of pictures or the timestamps do not allow it, [`JobError::Damaged`]
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
    let codec = codecs::video(&reader.stream()?);
    tag_of(codec, &parameters)?;
    let axis = axis_of(&spec.grid, &reader)?;
    let span = axis.span(index)?;
    let target = axis.boundary_pts(index);
    reader.seek(target, axis.boundary_pts(0), Landing::Keyframe)?;
    let mut packets = Packets {
        source: || reader.next(),
        axis,
        span,
        codec,
        extradata: parameters.extradata().to_vec(),
        first: index == 0,
        seen: None,
        ended: false,
        held: None,
        end: span.start,
    };
    let timescale = packets.axis.timescale();
    let mut fragments = Fragments::new(reply, timescale, index, span.start);
    let mut retimer = Retimer::new(MAX_REORDER);
    let mut bytes = 0;
    while let Some(coded) = packets.next()? {
        // Pictures wait for those shown before them, so the fragments cannot count them all.
        bytes += coded.data.len();
        bounded(bytes)?;
        retimer.announce(coded.pts);
        retimer.push(coded);
        while let Some((dts, sample)) = retimer.pop() {
            fragments.push(dts, sample)?;
        }
    }
    let end = if span.last { packets.end } else { span.end };
    retimer.finish(end);
    while let Some((dts, sample)) = retimer.pop() {
        fragments.push(dts, sample)?;
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
struct Packets<'a, S> {
    /// Gives the packets of the stream from before the boundary on.
    source: S,
    axis: Axis<'a>,
    span: Span,
    codec: VideoCodec,
    extradata: Vec<u8>,
    /// The film begins here: nothing before the segment could be missing.
    first: bool,
    /// Packets since the keyframe at the boundary; `None` before it.
    seen: Option<usize>,
    /// Nothing more may be read: the source is in the next segment.
    ended: bool,
    /// A picture whose second field may still come in a packet of its own, and where it ends.
    held: Option<(Coded, i64)>,
    /// Where the picture that is shown last ends.
    end: i64,
}

impl<S: FnMut() -> Result<Option<Packet>, JobError>> Packets<'_, S> {
    fn next(&mut self) -> Result<Option<Coded>, JobError> {
        while !self.ended
            && let Some(packet) = (self.source)()?
        {
            let Some(pts) = packet.pts() else {
                self.join(&packet)?;
                continue;
            };
            let time = self.axis.at(pts);
            if !self.belongs(&packet, time)? {
                continue;
            }
            let coded = Coded {
                data: self.rewritten(&packet),
                pts: time,
                key: packet.is_key(),
            };
            let end = self
                .axis
                .at(pts.saturating_add(packet.duration().max(1)))
                .max(time);
            self.end = self.end.max(end);
            if let Some((whole, _)) = self.held.replace((coded, end)) {
                return Ok(Some(whole));
            }
        }
        self.ended = true;
        if self.seen.is_none() {
            return Err(JobError::Damaged(
                "no keyframe where the index has one".into(),
            ));
        }
        Ok(self.held.take().map(|(whole, _)| whole))
    }

    /// True for a picture of this segment; notes where the segment begins and ends.
    fn belongs(&mut self, packet: &Packet, time: i64) -> Result<bool, JobError> {
        let Some(seen) = &mut self.seen else {
            if !packet.is_key() || time < self.span.start {
                return Ok(false);
            }
            self.ended = time != self.span.start;
            if self.ended {
                return Ok(false);
            }
            if !self.first && !starts_clean(self.codec, &self.extradata, packet) {
                return Err(open_group());
            }
            self.seen = Some(0);
            return Ok(true);
        };
        *seen += 1;
        if time < self.span.start {
            // A leading picture of the group before, which a player that starts here lacks; so late
            // that none can come any more, it is a broken time.
            return if self.first || *seen > MAX_REORDER {
                Ok(false)
            } else {
                Err(open_group())
            };
        }
        let far = self.span.end + 10 * i64::from(self.axis.timescale());
        let is_next = !self.span.last && packet.is_key() && time >= self.span.end;
        self.ended = is_next || time > far;
        Ok(!self.ended)
    }

    /// A packet without a time is the second field of the picture before it, or a mystery.
    fn join(&mut self, packet: &Packet) -> Result<(), JobError> {
        if self.seen.is_none() {
            return Ok(());
        }
        let data = self.rewritten(packet);
        match &mut self.held {
            Some((held, end)) if self.codec == VideoCodec::H264 && !packet.is_key() => {
                held.data.extend_from_slice(&data);
                *end = end.saturating_add(self.axis.length(packet.duration()));
                self.end = self.end.max(*end);
                Ok(())
            }
            _ => Err(JobError::Unsupported(
                "pictures without presentation times cannot be repacked".into(),
            )),
        }
    }

    fn rewritten(&self, packet: &Packet) -> Vec<u8> {
        let data = packet.data().unwrap_or(&[]);
        if nal::has_start_codes(&self.extradata) {
            nal::length_prefixed(data)
        } else {
            data.to_vec()
        }
    }
}

fn open_group() -> JobError {
    JobError::Unsupported("a group of pictures that needs the one before cannot be repacked".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::Flags;
    use alcove::base::rational::Rational;

    const IDR: u8 = 0x65;
    const RECOVERY_POINT: u8 = 0x41;
    const SECOND_FIELD: u8 = 0x21;

    /// Time, first byte of the picture and whether it is a keyframe.
    type Field = (Option<i64>, u8, bool);

    fn packet((pts, unit, key): Field) -> Packet {
        let mut packet = Packet::copy(&[0, 0, 0, 1, unit, 9]);
        packet.set_pts(pts);
        packet.set_duration(1800);
        if key {
            packet.set_flags(Flags::KEY);
        }
        packet
    }

    /// Times and sizes of the pictures of segment `index`, and where it ends.
    fn segment_of(fields: &[Field], index: u32) -> Result<(Vec<(i64, usize)>, i64), JobError> {
        let grid = SegmentGrid {
            time_base: Rational::new(1, 90_000),
            boundaries: vec![0, 7200, 14_400, 21_600],
            remuxable: true,
        };
        let axis = Axis::new(&grid, grid.time_base, 90_000)?;
        let span = axis.span(index)?;
        let mut left = fields.iter();
        let mut packets = Packets {
            source: || Ok(left.next().map(|&field| packet(field))),
            axis,
            span,
            codec: VideoCodec::H264,
            extradata: vec![0, 0, 0, 1, 0x67],
            first: index == 0,
            seen: None,
            ended: false,
            held: None,
            end: span.start,
        };
        let mut pictures = Vec::new();
        while let Some(coded) = packets.next()? {
            pictures.push((coded.pts, coded.data.len()));
        }
        Ok((pictures, packets.end))
    }

    #[test]
    fn second_fields_without_a_time_are_joined_in_every_segment() {
        let fields: Vec<Field> = (0..6)
            .flat_map(|k| {
                let (unit, key) = if k % 2 == 0 {
                    (IDR, true)
                } else {
                    (0x41, false)
                };
                [(Some(k * 3600), unit, key), (None, SECOND_FIELD, false)]
            })
            .collect();
        for (index, want) in [
            (0, [(0, 12), (3600, 12)]),
            (1, [(7200, 12), (10_800, 12)]),
            (2, [(14_400, 12), (18_000, 12)]),
        ] {
            let (pictures, end) = segment_of(&fields, index).expect("a segment");
            assert_eq!(pictures, want, "segment {index}");
            assert_eq!(end, want[1].0 + 3600, "segment {index}");
        }
    }

    #[test]
    fn open_groups_are_refused_where_a_player_may_start() {
        let clean = [(Some(0), IDR, true), (Some(7200), IDR, true)];
        let marked = [(Some(0), IDR, true), (Some(7200), RECOVERY_POINT, true)];
        let leading = [
            (Some(0), IDR, true),
            (Some(7200), IDR, true),
            (Some(3600), 0x01, false),
        ];
        for (fields, is_refused) in [(&clean[..], false), (&marked, true), (&leading, true)] {
            let got = segment_of(fields, 1);
            let refused = matches!(got, Err(JobError::Unsupported(_)));
            assert_eq!(refused, is_refused, "{got:?}");
            assert!(segment_of(fields, 0).is_ok(), "a film begins as it likes");
        }
        let first = [(Some(0), RECOVERY_POINT, true), (Some(-3600), 0x01, false)];
        assert_eq!(segment_of(&first, 0).map(|got| got.0), Ok(vec![(0, 6)]));
    }

    #[test]
    fn fields_without_a_picture_to_join_are_refused() {
        for fields in [
            &[(Some(0), IDR, true), (None, IDR, true)][..],
            &[
                (Some(0), IDR, true),
                (Some(9), 0x41, false),
                (None, IDR, true),
            ],
        ] {
            let got = segment_of(fields, 0);
            assert!(matches!(got, Err(JobError::Unsupported(_))), "{got:?}");
        }
        let got = segment_of(&[(None, SECOND_FIELD, false)], 0);
        assert!(matches!(got, Err(JobError::Damaged(_))), "{got:?}");
    }
}
