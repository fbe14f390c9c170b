//! Single pictures: decoding one from bytes, and writing one as JPEG.
//!
//! Never: a picture larger than the caller allowed.

use std::ptr;

use ffmpeg_next::packet::{Mut as _, Ref as _};
use ffmpeg_next::{Packet, ffi};
use libc::c_int;

use super::decode::{Step, step};
use super::error::{AvError, check};
use super::filter::Filter;
use super::frame::Frame;

/// Quantiser of the JPEG files, 2 (best) to 31.
const JPEG_QUANTISER: c_int = 3;
/// Any will do: a still has no time.
const TIMESCALE: u32 = 25;

/// How the bytes of a still are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Jpeg,
    Png,
    WebP,
    Bmp,
    Tiff,
}

impl Coding {
    fn id(self) -> ffi::AVCodecID {
        match self {
            Self::Jpeg => ffi::AVCodecID::AV_CODEC_ID_MJPEG,
            Self::Png => ffi::AVCodecID::AV_CODEC_ID_PNG,
            Self::WebP => ffi::AVCodecID::AV_CODEC_ID_WEBP,
            Self::Bmp => ffi::AVCodecID::AV_CODEC_ID_BMP,
            Self::Tiff => ffi::AVCodecID::AV_CODEC_ID_TIFF,
        }
    }
}

/// Halvings of a JPEG's size while it is decoded, 0 to 3, each of which saves most of the work.
pub type Halvings = c_int;

/// Decodes the one picture in `bytes`, refusing more than `max_pixels`.
///
/// # Errors
/// libav's answer; [`AvError::Damaged`] when no picture comes out.
pub fn decode(
    coding: Coding,
    bytes: &[u8],
    halvings: Halvings,
    max_pixels: i64,
) -> Result<Frame, AvError> {
    let packet = packet_of(bytes)?;
    let mut codec = Codec::decoder(coding.id())?;
    // SAFETY: the context is not open yet; its fields may be set.
    unsafe {
        (*codec.context).max_pixels = max_pixels;
        if coding == Coding::Jpeg {
            (*codec.context).lowres = halvings.clamp(0, 3);
        }
    }
    codec.open()?;
    let mut frame = Frame::new()?;
    // SAFETY: the context is open; libav makes its own references. The end of the stream lets a
    // decoder that waits for more give what it has.
    let got = unsafe {
        check(
            "decoding",
            ffi::avcodec_send_packet(codec.context, packet.as_ptr()),
        )?;
        ffi::avcodec_send_packet(codec.context, ptr::null());
        step(
            "decoding",
            ffi::avcodec_receive_frame(codec.context, frame.as_mut_ptr()),
        )?
    };
    match got {
        Step::Ready => Ok(frame),
        Step::Hungry | Step::End => Err(AvError::Damaged("no picture came out".into())),
    }
}

fn packet_of(bytes: &[u8]) -> Result<Packet, AvError> {
    let length = c_int::try_from(bytes.len()).map_err(|_| AvError::OutOfMemory)?;
    let mut packet = Packet::empty();
    // SAFETY: an empty packet may be given room; on success `data` holds `length` bytes and padding.
    unsafe {
        let raw = packet.as_mut_ptr();
        check("taking a picture", ffi::av_new_packet(raw, length))?;
        ptr::copy_nonoverlapping(bytes.as_ptr(), (*raw).data, bytes.len());
    }
    Ok(packet)
}

/// A picture ready to be sent.
pub struct Jpeg {
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
    pub look: Look,
}

/// What a picture looks like as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Mean colour as 0xRRGGBB.
    pub mean_colour: u32,
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Standard deviation of the brightness; a plain picture has little.
    pub contrast: f64,
}

/// Runs `frame` through `chain` (libavfilter's words for turning and scaling) and codes it as JPEG.
///
/// # Errors
/// libav's answer.
pub fn to_jpeg(frame: &Frame, chain: &str) -> Result<Jpeg, AvError> {
    let chain = format!("{chain},format=yuvj420p");
    let mut filter = Filter::new(&chain, TIMESCALE)?;
    let mut out = filter.run(Some(frame))?;
    out.extend(filter.run(None)?);
    let scaled = out
        .into_iter()
        .next()
        .ok_or_else(|| AvError::Damaged("no picture came out of the filters".into()))?;
    let (width, height) = (scaled.raw().width, scaled.raw().height);
    Ok(Jpeg {
        bytes: encode(&scaled)?,
        width: width.unsigned_abs(),
        height: height.unsigned_abs(),
        look: look(&scaled),
    })
}

fn encode(frame: &Frame) -> Result<Vec<u8>, AvError> {
    let codec = Codec::encoder(ffi::AVCodecID::AV_CODEC_ID_MJPEG)?;
    let raw = frame.raw();
    // SAFETY: the context is not open yet; its fields may be set.
    unsafe {
        let context = &mut *codec.context;
        context.width = raw.width;
        context.height = raw.height;
        context.pix_fmt = ffi::AVPixelFormat::AV_PIX_FMT_YUVJ420P;
        context.color_range = ffi::AVColorRange::AVCOL_RANGE_JPEG;
        context.time_base = ffi::AVRational {
            num: 1,
            den: TIMESCALE.cast_signed(),
        };
        context.flags |= ffi::AV_CODEC_FLAG_QSCALE as c_int;
        context.global_quality = ffi::FF_QP2LAMBDA * JPEG_QUANTISER;
    }
    let mut codec = codec;
    codec.open()?;
    let mut still = frame.share()?;
    still.raw_mut().quality = ffi::FF_QP2LAMBDA * JPEG_QUANTISER;
    still.raw_mut().pict_type = ffi::AVPictureType::AV_PICTURE_TYPE_NONE;
    still.set_pts(0);
    let mut packet = Packet::empty();
    // SAFETY: the context is open; libav makes its own reference of the frame.
    unsafe {
        check(
            "writing a picture",
            ffi::avcodec_send_frame(codec.context, still.as_ptr()),
        )?;
        ffi::avcodec_send_frame(codec.context, ptr::null());
        check(
            "writing a picture",
            ffi::avcodec_receive_packet(codec.context, packet.as_mut_ptr()),
        )?;
    }
    Ok(packet.data().unwrap_or_default().to_vec())
}

/// Means over a picture in full-range 8-bit 4:2:0.
fn look(frame: &Frame) -> Look {
    let (mut sum, mut squares, mut count) = (0u64, 0u64, 0u64);
    for row in rows(frame, 0) {
        for &level in row {
            sum += u64::from(level);
            squares += u64::from(level) * u64::from(level);
        }
        count += row.len() as u64;
    }
    let mean = |plane: usize| {
        let (sum, count) = rows(frame, plane).fold((0u64, 0u64), |(sum, count), row| {
            let row_sum: u64 = row.iter().map(|&level| u64::from(level)).sum();
            (sum + row_sum, count + row.len() as u64)
        });
        sum as f64 / count.max(1) as f64
    };
    let brightness = sum as f64 / count.max(1) as f64;
    let variance = squares as f64 / count.max(1) as f64 - brightness * brightness;
    let (blue, red) = (mean(1) - 128.0, mean(2) - 128.0);
    // ITU-T T.871, the colours of JPEG files.
    let byte = |value: f64| value.round().clamp(0.0, 255.0) as u32;
    Look {
        mean_colour: byte(brightness + 1.402 * red) << 16
            | byte(brightness - 0.344_136 * blue - 0.714_136 * red) << 8
            | byte(brightness + 1.772 * blue),
        brightness,
        contrast: variance.max(0.0).sqrt(),
    }
}

/// The rows of one plane of a picture in 8-bit 4:2:0; none of any other format.
fn rows(frame: &Frame, plane: usize) -> impl Iterator<Item = &[u8]> {
    let raw = frame.raw();
    let is_planar = raw.format == ffi::AVPixelFormat::AV_PIX_FMT_YUVJ420P as c_int
        || raw.format == ffi::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int;
    let side = |length: c_int| {
        let length = usize::try_from(length).unwrap_or(0);
        if plane == 0 {
            length
        } else {
            length.div_ceil(2)
        }
    };
    let (width, height) = (side(raw.width), side(raw.height));
    let stride = usize::try_from(raw.linesize[plane]).unwrap_or(0);
    let start = raw.data[plane];
    let usable = is_planar && stride >= width && !start.is_null();
    // SAFETY: a software frame of this format has `height` rows of `stride` positive bytes in the
    // plane, of which the first `width` are the picture's; they live as long as the frame.
    (0..if usable { height } else { 0 })
        .map(move |row| unsafe { std::slice::from_raw_parts(start.add(row * stride), width) })
}

/// A codec context of a still, freed with it.
struct Codec {
    context: *mut ffi::AVCodecContext,
    codec: *const ffi::AVCodec,
}

impl Codec {
    fn decoder(id: ffi::AVCodecID) -> Result<Self, AvError> {
        // SAFETY: libav's list of codecs is static.
        Self::of(unsafe { ffi::avcodec_find_decoder(id) })
    }

    fn encoder(id: ffi::AVCodecID) -> Result<Self, AvError> {
        // SAFETY: as above.
        Self::of(unsafe { ffi::avcodec_find_encoder(id) })
    }

    fn of(codec: *const ffi::AVCodec) -> Result<Self, AvError> {
        if codec.is_null() {
            return Err(AvError::Unsupported("no codec for this picture".into()));
        }
        // SAFETY: the codec is one of libav's; the context is owned by the returned value.
        let context = unsafe { ffi::avcodec_alloc_context3(codec) };
        if context.is_null() {
            return Err(AvError::OutOfMemory);
        }
        // SAFETY: not open yet; a still is too small a job for threads.
        unsafe { (*context).thread_count = 1 };
        Ok(Self { context, codec })
    }

    fn open(&mut self) -> Result<(), AvError> {
        // SAFETY: allocated for this codec and not open yet.
        let code = unsafe { ffi::avcodec_open2(self.context, self.codec, ptr::null_mut()) };
        check("opening a picture codec", code).map(drop)
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::avcodec_free_context(&raw mut self.context) };
    }
}
