//! What the headers say of one stream, read without trusting libav's enums.
//!
//! A library newer than its headers may store numbers that the Rust enums do not have, so they are
//! read as plain integers.
//!
//! Never: reading packets.

use std::marker::PhantomData;

use alcove::base::rational::Rational;
use ffmpeg_next::ffi;
use libc::c_int;

use super::input::Input;
use super::tags;

/// What kind of stream it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Video,
    Audio,
    Subtitle,
    Other,
}

/// A view of one stream of an open file.
#[derive(Clone, Copy)]
pub struct Stream<'a> {
    raw: *const ffi::AVStream,
    input: &'a Input,
    borrowed: PhantomData<&'a ffi::AVStream>,
}

/// Reads a field of a stream, or with `par` of its codec parameters, by value.
macro_rules! field {
    ($self:ident, $name:ident as $kind:ty) => {
        // SAFETY: `raw` is a live stream as long as the Input is borrowed; an enum of C is read as
        // the integer of the same size that it is.
        unsafe { (&raw const (*$self.raw).$name).cast::<$kind>().read() }
    };
    ($self:ident, par.$name:ident as $kind:ty) => {
        // SAFETY: as above; libav gives every stream its codec parameters.
        unsafe {
            (&raw const (*(*$self.raw).codecpar).$name)
                .cast::<$kind>()
                .read()
        }
    };
}

impl Input {
    /// The stream at `index`.
    pub fn stream_view(&self, index: usize) -> Option<Stream<'_>> {
        Some(Stream {
            raw: self.stream(index)?,
            input: self,
            borrowed: PhantomData,
        })
    }

    /// All streams known so far.
    pub fn streams(&self) -> impl Iterator<Item = Stream<'_>> {
        (0..self.stream_count()).filter_map(|index| self.stream_view(index))
    }
}

impl<'a> Stream<'a> {
    /// libav's own structure, which lives as long as the Input is borrowed.
    pub(super) fn as_ptr(&self) -> *const ffi::AVStream {
        self.raw
    }

    pub fn index(&self) -> usize {
        usize::try_from(field!(self, index as c_int)).unwrap_or(0)
    }

    pub fn kind(&self) -> Kind {
        use ffi::AVMediaType as Type;
        match field!(self, par.codec_type as c_int) {
            kind if kind == Type::AVMEDIA_TYPE_VIDEO as c_int => Kind::Video,
            kind if kind == Type::AVMEDIA_TYPE_AUDIO as c_int => Kind::Audio,
            kind if kind == Type::AVMEDIA_TYPE_SUBTITLE as c_int => Kind::Subtitle,
            _ => Kind::Other,
        }
    }

    /// libav's number of the codec; compare with `AVCodecID::… as u32`.
    pub fn codec_id(&self) -> u32 {
        field!(self, par.codec_id as u32)
    }

    /// The container's four letters for the codec.
    pub fn codec_tag(&self) -> [u8; 4] {
        field!(self, par.codec_tag as u32).to_le_bytes()
    }

    /// Codec headers from the container.
    pub fn extradata(&self) -> &'a [u8] {
        let data = field!(self, par.extradata as *const u8);
        let length = usize::try_from(field!(self, par.extradata_size as c_int)).unwrap_or(0);
        if data.is_null() || length == 0 {
            return &[];
        }
        // SAFETY: libav allocates `extradata_size` bytes there and changes them only while it
        // reads packets, which needs the Input mutably.
        unsafe { std::slice::from_raw_parts(data, length) }
    }

    /// Width and height in pixels; zero when unknown.
    pub fn size(&self) -> (u32, u32) {
        let side = |value: c_int| u32::try_from(value).unwrap_or(0);
        (
            side(field!(self, par.width as c_int)),
            side(field!(self, par.height as c_int)),
        )
    }

    pub fn sample_aspect(&self) -> Rational {
        let of_codec = rational(field!(self, par.sample_aspect_ratio as ffi::AVRational));
        let of_stream = rational(field!(self, sample_aspect_ratio as ffi::AVRational));
        // The container's word counts more, as in av_guess_sample_aspect_ratio.
        [of_stream, of_codec]
            .into_iter()
            .find(|ratio| ratio.is_valid())
            .unwrap_or(Rational::new(1, 1))
    }

    /// Frames per second, as far as the headers give a plausible one.
    pub fn frame_rate(&self) -> Option<Rational> {
        let mean = rational(field!(self, avg_frame_rate as ffi::AVRational));
        let base = rational(field!(self, r_frame_rate as ffi::AVRational));
        [mean, base]
            .into_iter()
            .find(|rate| rate.is_valid() && (0.5..=300.0).contains(&rate.as_f64()))
    }

    pub fn time_base(&self) -> Rational {
        rational(field!(self, time_base as ffi::AVRational))
    }

    /// Presentation timestamp of the first frame, in ticks.
    pub fn start_pts(&self) -> Option<i64> {
        Some(field!(self, start_time as i64)).filter(|&pts| pts != ffi::AV_NOPTS_VALUE)
    }

    /// Length in ticks.
    pub fn duration(&self) -> Option<i64> {
        Some(field!(self, duration as i64)).filter(|&ticks| ticks > 0)
    }

    /// Number of frames, where the container counts them.
    pub fn frames(&self) -> Option<i64> {
        Some(field!(self, nb_frames as i64)).filter(|&frames| frames > 0)
    }

    /// Bits of libav's AV_DISPOSITION_*.
    pub fn has_disposition(&self, bit: c_int) -> bool {
        field!(self, disposition as c_int) & bit != 0
    }

    /// True for cover art that the demuxer presents as a stream of one frame.
    pub fn is_cover(&self) -> bool {
        self.has_disposition(ffi::AV_DISPOSITION_ATTACHED_PIC)
    }

    /// The bytes of the cover art.
    pub fn cover(&self) -> Option<&'a [u8]> {
        if !self.is_cover() {
            return None;
        }
        // SAFETY: libav fills attached_pic of such a stream while it opens the file and keeps it
        // until the context is closed; data and size belong together.
        unsafe {
            let packet = &raw const (*self.raw).attached_pic;
            let length = usize::try_from((*packet).size).ok()?;
            (!(*packet).data.is_null() && length > 0)
                .then(|| std::slice::from_raw_parts((*packet).data, length))
        }
    }

    pub fn tags(&self) -> Vec<(String, String)> {
        let dictionary = field!(self, metadata as *const ffi::AVDictionary);
        // SAFETY: null or a dictionary that lives as long as the stream.
        unsafe { tags::read(dictionary) }
    }

    pub fn profile(&self) -> Option<u32> {
        u32::try_from(field!(self, par.profile as c_int)).ok()
    }

    pub fn bit_rate(&self) -> Option<i64> {
        Some(field!(self, par.bit_rate as i64)).filter(|&rate| rate > 0)
    }

    /// Sample format or pixel format; negative when unknown.
    pub fn format(&self) -> c_int {
        field!(self, par.format as c_int)
    }

    /// Number of AVColorTransferCharacteristic; 2 when unknown.
    pub fn transfer(&self) -> u32 {
        field!(self, par.color_trc as u32)
    }

    /// True when the headers say that frames consist of two fields.
    pub fn is_interlaced(&self) -> bool {
        let order = field!(self, par.field_order as u32);
        order > ffi::AVFieldOrder::AV_FIELD_PROGRESSIVE as u32
    }

    pub fn channels(&self) -> u16 {
        // SAFETY: as in `field`; only the number is read, not the enum beside it.
        let channels = unsafe { (&raw const (*(*self.raw).codecpar).ch_layout.nb_channels).read() };
        u16::try_from(channels).unwrap_or(0)
    }

    pub fn sample_rate_hz(&self) -> u32 {
        u32::try_from(field!(self, par.sample_rate as c_int)).unwrap_or(0)
    }

    /// Bits of a colour component, from the pixel format; `None` when that is unknown.
    pub fn pixel_bit_depth(&self) -> Option<u8> {
        let format = self.format();
        let formats = ffi::AVPixelFormat::AV_PIX_FMT_NB as c_int;
        if self.kind() != Kind::Video || !(0..formats).contains(&format) {
            return None;
        }
        // SAFETY: the number is one of the enum's, whose values count up from -1 without a gap;
        // the descriptors are static.
        unsafe {
            let format = std::mem::transmute::<c_int, ffi::AVPixelFormat>(format);
            let descriptor = ffi::av_pix_fmt_desc_get(format);
            if descriptor.is_null() {
                return None;
            }
            u8::try_from((*descriptor).comp[0].depth).ok()
        }
    }

    /// How the picture is to be turned for display, as the container has it.
    pub fn display_matrix(&self) -> Option<Vec<u8>> {
        self.side_data(ffi::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX)
    }

    /// A copy of the stream's side data of this kind (`AVPacketSideDataType::… as u32`).
    pub fn side_data(&self, kind: ffi::AVPacketSideDataType) -> Option<Vec<u8>> {
        let stream = self.input.context().stream(self.index())?;
        // SAFETY: libav keeps the entries and what they point to while the Input is borrowed; kinds are
        // read as the integers they are, data and size belong together.
        unsafe {
            let (entries, count) = side_data_entries(stream.as_ptr());
            (0..usize::try_from(count).unwrap_or(0))
                .map(|n| entries.add(n))
                .find(|&entry| {
                    (&raw const (*entry).type_).cast::<u32>().read() == kind as u32
                        && !(*entry).data.is_null()
                })
                .map(|entry| std::slice::from_raw_parts((*entry).data, (*entry).size).to_vec())
        }
    }
}

fn rational(raw: ffi::AVRational) -> Rational {
    Rational::new(raw.num, raw.den)
}

/// The stream's side data, and how many entries there are. Since FFmpeg 6.1 they belong to the codec's
/// parameters, and the stream has a copy only after `avformat_find_stream_info`.
///
/// # Safety
/// `stream` is a stream of an open input.
unsafe fn side_data_entries(stream: *const ffi::AVStream) -> (*const ffi::AVPacketSideData, i32) {
    // SAFETY: the caller's stream is live, and always has parameters.
    unsafe {
        #[cfg(coded_side_data)]
        {
            let parameters = (*stream).codecpar;
            (
                (*parameters).coded_side_data,
                (*parameters).nb_coded_side_data,
            )
        }
        #[cfg(not(coded_side_data))]
        {
            ((*stream).side_data, (*stream).nb_side_data)
        }
    }
}
