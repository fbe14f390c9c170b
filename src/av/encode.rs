//! Pictures or sound in, packets out.
//!
//! Never: a second thread: x264's output depends on their number once the rate is capped.

use std::ffi::{CStr, CString};
use std::ptr;

use alcove::base::rational::Rational;
use ffmpeg_next::packet::Mut as _;
use ffmpeg_next::{Packet, ffi};
use libc::c_int;

use super::decode::{Step, set_option, step};
use super::error::{AvError, check};
use super::frame::{Colour, Frame};
use super::parameters::Parameters;

/// How x264 is set up.
#[derive(Clone, Copy, Debug)]
pub struct H264Options {
    pub width: u32,
    pub height: u32,
    /// Ticks a second of the timestamps.
    pub timescale: u32,
    /// For the rate control's first guess and the headers.
    pub frame_rate: Rational,
    pub crf: u8,
    pub max_rate_kbps: u32,
    pub preset: &'static str,
    /// Level times ten.
    pub level: u8,
    pub colour: Colour,
}

/// How the AAC encoder is set up.
#[derive(Clone, Copy, Debug)]
pub struct AacOptions {
    pub sample_rate_hz: u32,
    pub channels: u16,
    pub bit_rate_kbps: u32,
}

/// Keyframes come at least this often, beyond those asked for; no segment is that long.
const MAX_GROUP_FRAMES: c_int = 10_000;

/// Same bytes on every CPU; headers that do not depend on the pictures, so that one init segment fits
/// all; 8x8 transforms so that every preset is High profile, as the init segment says.
const X264_PARAMETERS: &CStr = c"cpu-independent=1:stitchable=1:8x8dct=1:threads=1";

/// An open encoder.
pub struct Encoder(*mut ffi::AVCodecContext);

impl Encoder {
    fn find(name: &CStr) -> Result<(Self, *const ffi::AVCodec), AvError> {
        // SAFETY: the name ends in NUL; the context is owned by the returned value.
        unsafe {
            let codec = ffi::avcodec_find_encoder_by_name(name.as_ptr());
            if codec.is_null() {
                let name = name.to_string_lossy();
                return Err(AvError::Unsupported(format!("no encoder {name}")));
            }
            let context = ffi::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::OutOfMemory);
            }
            Ok((Self(context), codec))
        }
    }

    /// Opens x264 with a capped constant rate factor.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] when libav was built without x264, otherwise libav's answer.
    pub fn h264(options: &H264Options) -> Result<Self, AvError> {
        let (encoder, codec) = Self::find(c"libx264")?;
        let number = |value: u32| c_int::try_from(value).map_err(|_| AvError::OutOfMemory);
        let rate = i64::from(options.max_rate_kbps) * 1000;
        let crf = CString::new(options.crf.to_string()).expect("digits hold no NUL");
        let preset = CString::new(options.preset).map_err(|_| AvError::OutOfMemory)?;
        let colour = options.colour.spelled_out();
        // SAFETY: the context is live and not yet open; its fields may be set.
        unsafe {
            let context = &mut *encoder.0;
            context.width = number(options.width)?;
            context.height = number(options.height)?;
            context.pix_fmt = ffi::AVPixelFormat::AV_PIX_FMT_YUV420P;
            context.time_base = ratio(1, number(options.timescale)?);
            context.framerate = ratio(options.frame_rate.num, options.frame_rate.den);
            context.sample_aspect_ratio = ratio(1, 1);
            context.color_range = ffi::AVColorRange::AVCOL_RANGE_MPEG;
            // Enums of C, written as the integers they are.
            let context = encoder.0;
            (&raw mut (*context).color_primaries)
                .cast::<u32>()
                .write(colour.primaries);
            (&raw mut (*context).color_trc)
                .cast::<u32>()
                .write(colour.transfer);
            (&raw mut (*context).colorspace)
                .cast::<u32>()
                .write(colour.space);
            let context = &mut *context;
            context.thread_count = 1;
            context.gop_size = MAX_GROUP_FRAMES;
            context.rc_max_rate = rate;
            context.rc_buffer_size = c_int::try_from(rate * 2).unwrap_or(c_int::MAX);
            context.level = c_int::from(options.level);
            context.flags |= ffi::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            let private = context.priv_data;
            set_option(private, c"preset", &preset)?;
            set_option(private, c"crf", &crf)?;
            set_option(private, c"profile", c"high")?;
            set_option(private, c"forced-idr", c"1")?;
            set_option(private, c"x264-params", X264_PARAMETERS)?;
            check(
                "opening the H.264 encoder",
                ffi::avcodec_open2(encoder.0, codec, ptr::null_mut()),
            )?;
        }
        Ok(encoder)
    }

    /// Opens libav's own AAC-LC encoder; it takes frames of 1024 samples of 32-bit floats.
    ///
    /// # Errors
    /// libav's answer, also to a number of channels or a rate that AAC does not have.
    pub fn aac(options: &AacOptions) -> Result<Self, AvError> {
        let (encoder, codec) = Self::find(c"aac")?;
        let rate = c_int::try_from(options.sample_rate_hz).map_err(|_| AvError::OutOfMemory)?;
        // SAFETY: the context is live and not yet open; its fields may be set.
        unsafe {
            let context = &mut *encoder.0;
            context.sample_fmt = ffi::AVSampleFormat::AV_SAMPLE_FMT_FLTP;
            context.sample_rate = rate;
            context.time_base = ratio(1, rate);
            context.bit_rate = i64::from(options.bit_rate_kbps) * 1000;
            context.thread_count = 1;
            context.flags |= ffi::AV_CODEC_FLAG_GLOBAL_HEADER as c_int;
            ffi::av_channel_layout_default(
                &raw mut context.ch_layout,
                c_int::from(options.channels),
            );
            check(
                "opening the AAC encoder",
                ffi::avcodec_open2(encoder.0, codec, ptr::null_mut()),
            )?;
        }
        Ok(encoder)
    }

    /// What the headers of a file with this encoder's packets must say.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`].
    pub fn parameters(&self) -> Result<Parameters, AvError> {
        // SAFETY: the context is open.
        unsafe { Parameters::of_encoder(self.0) }
    }

    /// Gives one frame, or the end with `None`.
    ///
    /// # Errors
    /// libav's answer.
    pub fn send(&mut self, frame: Option<&Frame>) -> Result<(), AvError> {
        let frame = frame.map_or(ptr::null(), |frame| frame.as_ptr());
        // SAFETY: the context is open; libav makes its own reference of the frame's data.
        let code = unsafe { ffi::avcodec_send_frame(self.0, frame) };
        check("encoding", code).map(drop)
    }

    /// Takes the next packet, with timestamps in the encoder's ticks.
    ///
    /// # Errors
    /// libav's answer.
    pub fn receive(&mut self, packet: &mut Packet) -> Result<Step, AvError> {
        // SAFETY: the context is open; libav drops what the packet held before.
        let code = unsafe { ffi::avcodec_receive_packet(self.0, packet.as_mut_ptr()) };
        step("encoding", code)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::avcodec_free_context(&raw mut self.0) };
    }
}

fn ratio(num: c_int, den: c_int) -> ffi::AVRational {
    ffi::AVRational { num, den }
}
