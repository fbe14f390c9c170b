//! Length and format of an MP3 file from a handful of frame headers.
//!
//! libav would decode frames for the same facts. A file without a Xing header whose rate varies
//! gets its length from the mean of samples taken all over the file.
//!
//! Never: reading the whole file.

use ffmpeg_next::Packet;

use super::audio_header::{MpegFrame, mpeg_frame};
use super::error::AvError;
use super::input::Input;

/// Places of the file looked at when its length is not written down.
const PLACES: u64 = 8;
/// Bytes looked at in each place; the longest frame has 2881.
const PLACE_BYTES: usize = 8 << 10;

/// Facts of an MP3 stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub sample_rate_hz: u32,
    pub channels: u16,
    pub bit_rate_kbps: u32,
    pub duration_ms: u64,
}

/// Reads the first frame and, where the headers do not give a length, samples the rest.
///
/// `None` when the first packet is no MPEG audio frame.
///
/// # Errors
/// [`AvError::Read`] and [`AvError::OutOfMemory`]; damage is `None`.
pub fn facts(input: &mut Input) -> Result<Option<Facts>, AvError> {
    let Some(audio) = input.streams().position(|stream| !stream.is_cover()) else {
        return Ok(None);
    };
    let mut packet = Packet::empty();
    let mut start = None;
    loop {
        match input.read(&mut packet) {
            Ok(true) if packet.stream() == audio => {
                start = u64::try_from(packet.position()).ok();
                break;
            }
            Ok(true) => {}
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error),
            _ => break,
        }
    }
    let (Some(start), Some(first)) = (start, packet.data().and_then(mpeg_frame)) else {
        return Ok(None);
    };
    let sound_bytes = input.size_bytes().saturating_sub(start);
    let known_ms = input
        .duration_us()
        .and_then(|us| u64::try_from(us / 1000).ok())
        .filter(|ms| *ms > 0);
    let bit_rate = match known_ms {
        Some(ms) => sound_bytes.saturating_mul(8000) / ms,
        None => mean_bit_rate(input, start, first)?,
    };
    Ok(Some(Facts {
        sample_rate_hz: first.sample_rate_hz,
        channels: first.channels,
        bit_rate_kbps: u32::try_from(bit_rate / 1000).unwrap_or(u32::MAX),
        duration_ms: known_ms.unwrap_or(sound_bytes.saturating_mul(8000) / bit_rate.max(1)),
    }))
}

/// Mean of the rates of frames in a few places, in bit/s.
fn mean_bit_rate(input: &Input, start: u64, first: MpegFrame) -> Result<u64, AvError> {
    let length = input.size_bytes().saturating_sub(start);
    let mut buffer = vec![0; PLACE_BYTES];
    let (mut sum, mut count) = (u64::from(first.bit_rate), 1);
    for place in 0..PLACES {
        let filled = input.peek(start + length / PLACES * place, &mut buffer)?;
        if let Some(rate) = frame_in(&buffer[..filled], first) {
            sum += u64::from(rate);
            count += 1;
        }
    }
    Ok(sum / count)
}

/// The rate of the first frame in `bytes` that another frame of the same kind follows.
fn frame_in(bytes: &[u8], like: MpegFrame) -> Option<u32> {
    let same = |at: usize| {
        mpeg_frame(bytes.get(at..)?).filter(|frame| {
            (frame.sample_rate_hz, frame.samples) == (like.sample_rate_hz, like.samples)
        })
    };
    (0..bytes.len()).find_map(|at| {
        let frame = same(at)?;
        let length = u64::from(frame.samples / 8) * u64::from(frame.bit_rate)
            / u64::from(frame.sample_rate_hz);
        let next = at + usize::try_from(length).ok()?;
        // A padded frame is one byte longer.
        (same(next).is_some() || same(next + 1).is_some()).then_some(frame.bit_rate)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_only_when_another_follows_it() {
        let header = [0xff, 0xfb, 0x90, 0x00];
        let like = mpeg_frame(&header).expect("header");
        let mut bytes = vec![0xff; 20];
        bytes.extend_from_slice(&header);
        bytes.resize(20 + 417, 0);
        assert_eq!(frame_in(&bytes, like), None);
        bytes.extend_from_slice(&header);
        assert_eq!(frame_in(&bytes, like), Some(128_000));
    }
}
