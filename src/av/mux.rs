//! The init segment of a track: how its packets are to be read.
//!
//! Never: a media fragment; those are written without libav, which shifts them between versions.

use std::ptr;
use std::slice;

use ffmpeg_next::Packet;
use ffmpeg_next::ffi;
use ffmpeg_next::packet::Mut as _;
use libc::c_int;

use super::decode::set_option;
use super::error::{AvError, check};
use super::parameters::Parameters;

/// Writes `ftyp` and `moov` of a CMAF track with `timescale` ticks a second.
///
/// Some codecs keep no header of their own; `first` packets of the stream then tell it.
///
/// # Errors
/// [`AvError::Unsupported`] when MP4 cannot hold the codec, otherwise libav's answer.
pub fn init_segment(
    parameters: &Parameters,
    timescale: u32,
    first: &mut [Packet],
) -> Result<Vec<u8>, AvError> {
    let mut muxer = Muxer::open()?;
    muxer.write_header(parameters, timescale, first.is_empty())?;
    for (index, packet) in first.iter_mut().enumerate() {
        muxer.write(packet, index)?;
    }
    if !first.is_empty() {
        // The header is held back until the first fragment is complete.
        muxer.flush()?;
    }
    let mut bytes = muxer.finish()?;
    bytes.truncate(header_length(&bytes)?);
    Ok(bytes)
}

/// Bytes up to the end of the `moov` box.
fn header_length(bytes: &[u8]) -> Result<usize, AvError> {
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length < 8 {
            break;
        }
        at += length;
        if &head[4..] == b"moov" && at <= bytes.len() {
            return Ok(at);
        }
    }
    Err(AvError::Unsupported("this codec in MP4".into()))
}

struct Muxer {
    context: *mut ffi::AVFormatContext,
}

impl Muxer {
    fn open() -> Result<Self, AvError> {
        // SAFETY: the context is owned by the returned value from its allocation on, and so is
        // the buffer that it writes to.
        unsafe {
            let mut context = ptr::null_mut();
            check(
                "opening the MP4 writer",
                ffi::avformat_alloc_output_context2(
                    &raw mut context,
                    ptr::null(),
                    c"mp4".as_ptr(),
                    ptr::null(),
                ),
            )?;
            let muxer = Self { context };
            check(
                "opening a buffer",
                ffi::avio_open_dyn_buf(&raw mut (*context).pb),
            )?;
            Ok(muxer)
        }
    }

    fn write_header(
        &mut self,
        parameters: &Parameters,
        timescale: u32,
        at_once: bool,
    ) -> Result<(), AvError> {
        let flags = if at_once {
            c"frag_custom+empty_moov+default_base_moof+cmaf+negative_cts_offsets"
        } else {
            c"frag_custom+delay_moov+default_base_moof+cmaf+negative_cts_offsets"
        };
        // SAFETY: the context is live; the stream belongs to it; the parameters are copied.
        unsafe {
            let stream = ffi::avformat_new_stream(self.context, ptr::null());
            if stream.is_null() {
                return Err(AvError::OutOfMemory);
            }
            check(
                "copying parameters",
                ffi::avcodec_parameters_copy((*stream).codecpar, parameters.as_ptr()),
            )?;
            let den = c_int::try_from(timescale).map_err(|_| AvError::OutOfMemory)?;
            (*stream).time_base = ffi::AVRational { num: 1, den };
            (*self.context).flags |= ffi::AVFMT_FLAG_BITEXACT;
            // Codecs that MP4 holds only "experimentally" in older versions play all the same.
            (*self.context).strict_std_compliance = ffi::FF_COMPLIANCE_EXPERIMENTAL;
            (*self.context).avoid_negative_ts = 0;
            let private = (*self.context).priv_data;
            set_option(private, c"movflags", flags)?;
            set_option(private, c"use_editlist", c"0")?;
            check(
                "writing the MP4 header",
                ffi::avformat_write_header(self.context, ptr::null_mut()),
            )?;
        }
        Ok(())
    }

    fn write(&mut self, packet: &mut Packet, index: usize) -> Result<(), AvError> {
        let ticks = i64::try_from(index).unwrap_or(0);
        packet.set_stream(0);
        packet.set_pts(Some(ticks));
        packet.set_dts(Some(ticks));
        packet.set_duration(1);
        // SAFETY: the header is written; libav makes its own reference of the packet's data.
        let code = unsafe { ffi::av_write_frame(self.context, packet.as_mut_ptr()) };
        check("reading the codec's header", code).map(drop)
    }

    fn flush(&mut self) -> Result<(), AvError> {
        // SAFETY: the header is written; no packet means to flush.
        let code = unsafe { ffi::av_write_frame(self.context, ptr::null_mut()) };
        check("writing the MP4 header", code).map(drop)
    }

    fn finish(mut self) -> Result<Vec<u8>, AvError> {
        self.take().ok_or(AvError::OutOfMemory)
    }

    /// Closes the buffer; `None` when it is closed already.
    fn take(&mut self) -> Option<Vec<u8>> {
        // SAFETY: a non-null `pb` is the dynamic buffer of `open`; it is closed once, its bytes are
        // copied out and freed as avio_close_dyn_buf asks.
        unsafe {
            if (*self.context).pb.is_null() {
                return None;
            }
            let mut buffer = ptr::null_mut();
            let length = ffi::avio_close_dyn_buf((*self.context).pb, &raw mut buffer);
            (*self.context).pb = ptr::null_mut();
            if buffer.is_null() {
                return None;
            }
            let bytes = slice::from_raw_parts(buffer, usize::try_from(length).unwrap_or(0));
            let bytes = bytes.to_vec();
            ffi::av_free(buffer.cast());
            Some(bytes)
        }
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        self.take();
        // SAFETY: owned, freed once; without a trailer, libav's deinit frees what the muxer holds.
        unsafe { ffi::avformat_free_context(self.context) };
    }
}
