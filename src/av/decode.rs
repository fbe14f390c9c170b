//! Packets in, pictures or sound out.
//!
//! Never: a thread of its own, or state that outlives a segment.

use std::ffi::CStr;
use std::ptr;

use ffmpeg_next::packet::Ref as _;
use ffmpeg_next::{Packet, ffi};

use super::error::{AvError, check};
use super::frame::Frame;
use super::stream::Stream;

/// What a codec answers when it is asked for output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The output was filled in.
    Ready,
    /// More input is needed first.
    Hungry,
    /// Everything has come out.
    End,
}

/// Turns the answer of libav's receive calls into a [`Step`].
pub(super) fn step(what: &'static str, code: libc::c_int) -> Result<Step, AvError> {
    match check(what, code) {
        Ok(_) => Ok(Step::Ready),
        Err(error) if error.is_again() => Ok(Step::Hungry),
        Err(error) if error.is_eof() => Ok(Step::End),
        Err(error) => Err(error),
    }
}

/// The largest picture of the highest level of H.264, HEVC and AV1: 8192 by 4352.
const FILM_PIXELS: u32 = 35_651_584;

/// An open decoder of one stream.
pub struct Decoder(*mut ffi::AVCodecContext);

impl Decoder {
    /// Opens the decoder of `stream`, a film's picture or sound; it works on the caller's thread alone.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] when libav has no decoder for it or its pictures are larger than any
    /// film's, otherwise libav's answer.
    pub fn open(stream: &Stream<'_>) -> Result<Self, AvError> {
        Self::open_within(stream, FILM_PIXELS)
    }

    /// As [`Decoder::open`], for pictures of up to `max_pixels`; larger ones later on are damage.
    ///
    /// # Errors
    /// As [`Decoder::open`].
    pub fn open_within(stream: &Stream<'_>, max_pixels: u32) -> Result<Self, AvError> {
        let (width, height) = stream.size();
        if u64::from(width) * u64::from(height) > u64::from(max_pixels) {
            let text = format!("a picture of {width} by {height} pixels");
            return Err(AvError::Unsupported(text));
        }
        // SAFETY: codecpar of a live stream is valid; the context is owned by the returned value
        // from its allocation on, so every error path frees it.
        unsafe {
            let stream = stream.as_ptr();
            let parameters = (*stream).codecpar;
            let codec = ffi::avcodec_find_decoder((*parameters).codec_id);
            if codec.is_null() {
                return Err(AvError::Unsupported("no decoder for this codec".into()));
            }
            let context = ffi::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::OutOfMemory);
            }
            let decoder = Self(context);
            check(
                "setting up a decoder",
                ffi::avcodec_parameters_to_context(context, parameters),
            )?;
            (*context).pkt_timebase = (*stream).time_base;
            (*context).thread_count = 1;
            (*context).max_pixels = i64::from(max_pixels);
            // Sound is cut by its place on the grid, not by the container's hints about padding.
            (*context).flags2 |= ffi::AV_CODEC_FLAG2_SKIP_MANUAL;
            if (*parameters).codec_id == ffi::AVCodecID::AV_CODEC_ID_H264 {
                // Streams that do not say how far pictures are reordered: without this the
                // decoder learns it by dropping pictures at the start of every segment.
                (*context).strict_std_compliance = ffi::FF_COMPLIANCE_STRICT;
            }
            check(
                "opening a decoder",
                ffi::avcodec_open2(context, codec, ptr::null_mut()),
            )?;
            Ok(decoder)
        }
    }

    /// Leaves out pictures that no other picture needs, to reach a place sooner.
    pub fn skip(&mut self, skip: Skip) {
        let discard = match skip {
            Skip::Nothing => ffi::AVDiscard::AVDISCARD_DEFAULT,
            Skip::Unreferenced => ffi::AVDiscard::AVDISCARD_NONREF,
        };
        // SAFETY: the context is live; libav reads this field at each packet.
        unsafe { (*self.0).skip_frame = discard };
    }

    /// Gives one packet, or the end with `None`.
    ///
    /// # Errors
    /// libav's answer; a damaged packet is an error, and the next one may be given all the same.
    pub fn send(&mut self, packet: Option<&Packet>) -> Result<(), AvError> {
        let packet = packet.map_or(ptr::null(), |packet| packet.as_ptr());
        // SAFETY: the context is open; libav makes its own reference of the packet's data.
        let code = unsafe { ffi::avcodec_send_packet(self.0, packet) };
        check("decoding", code).map(drop)
    }

    /// Takes the next picture or stretch of sound.
    ///
    /// # Errors
    /// libav's answer; the decoder may be asked again.
    pub fn receive(&mut self, frame: &mut Frame) -> Result<Step, AvError> {
        // SAFETY: the context is open; libav drops what the frame held before.
        let code = unsafe { ffi::avcodec_receive_frame(self.0, frame.as_mut_ptr()) };
        step("decoding", code)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::avcodec_free_context(&raw mut self.0) };
    }
}

/// Which pictures a decoder may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    Nothing,
    Unreferenced,
}

/// Sets one option of a libav object; an option that this version does not have is no error.
///
/// # Safety
/// `object` is a live libav object with an AVClass.
pub(super) unsafe fn set_option(
    object: *mut libc::c_void,
    name: &CStr,
    value: &CStr,
) -> Result<(), AvError> {
    // SAFETY: the caller vouches for the object; both strings end in NUL.
    let code = unsafe {
        ffi::av_opt_set(
            object,
            name.as_ptr(),
            value.as_ptr(),
            ffi::AV_OPT_SEARCH_CHILDREN,
        )
    };
    if code == ffi::AVERROR_OPTION_NOT_FOUND {
        return Ok(());
    }
    check("setting an option", code).map(drop)
}
