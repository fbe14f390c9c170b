//! One decoded picture or stretch of sound.
//!
//! Never: slices from raw line sizes, which lie for some formats.

use std::ptr;
use std::slice;

use ffmpeg_next::ffi;
use libc::c_int;

use super::error::{AvError, check};

/// Reads a field of a frame that is an enum of C as the integer of the same size that it is.
macro_rules! number {
    ($frame:expr, $name:ident) => {{
        let frame: *const ffi::AVFrame = $frame;
        // SAFETY: the frame is live, and any bits make an integer.
        unsafe { (&raw const (*frame).$name).cast::<u32>().read() }
    }};
}
pub(super) use number;

/// An owned AVFrame; its data is reference-counted.
pub struct Frame(*mut ffi::AVFrame);

impl Frame {
    /// A frame without data.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`].
    pub fn new() -> Result<Self, AvError> {
        // SAFETY: takes no argument; the result is owned here.
        let frame = unsafe { ffi::av_frame_alloc() };
        if frame.is_null() {
            return Err(AvError::OutOfMemory);
        }
        Ok(Self(frame))
    }

    /// A black picture in 8-bit 4:2:0.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`], or libav's answer to an impossible size.
    pub fn black(width: u32, height: u32) -> Result<Self, AvError> {
        let frame = Self::new()?;
        // SAFETY: the frame is owned; after av_frame_get_buffer three planes of positive line
        // size exist, and each row of a plane is as long as its line size says.
        unsafe {
            let raw = &mut *frame.0;
            raw.width = c_int::try_from(width).map_err(|_| AvError::OutOfMemory)?;
            raw.height = c_int::try_from(height).map_err(|_| AvError::OutOfMemory)?;
            raw.format = ffi::AVPixelFormat::AV_PIX_FMT_YUV420P as c_int;
            check("making a picture", ffi::av_frame_get_buffer(frame.0, 0))?;
            let half = (raw.height + 1) / 2;
            for (plane, (rows, level)) in [(raw.height, 16u8), (half, 128), (half, 128)]
                .into_iter()
                .enumerate()
            {
                let bytes = raw.linesize[plane].unsigned_abs() as usize;
                ptr::write_bytes(raw.data[plane], level, bytes * rows.unsigned_abs() as usize);
            }
        }
        Ok(frame)
    }

    /// Sound as 32-bit floats, one plane a channel; all planes are equally long.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`], or libav's answer to an impossible number of channels.
    pub fn sound(planes: &[&[f32]], sample_rate_hz: u32) -> Result<Self, AvError> {
        let frame = Self::new()?;
        let samples = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        // SAFETY: the frame is owned; av_frame_get_buffer gives one plane a channel with room for
        // nb_samples floats, and no given plane is shorter than that.
        unsafe {
            let raw = &mut *frame.0;
            raw.nb_samples = c_int::try_from(samples).map_err(|_| AvError::OutOfMemory)?;
            raw.format = ffi::AVSampleFormat::AV_SAMPLE_FMT_FLTP as c_int;
            raw.sample_rate = c_int::try_from(sample_rate_hz).map_err(|_| AvError::OutOfMemory)?;
            let channels = c_int::try_from(planes.len()).map_err(|_| AvError::OutOfMemory)?;
            ffi::av_channel_layout_default(&raw mut raw.ch_layout, channels);
            check("making sound", ffi::av_frame_get_buffer(frame.0, 0))?;
            for (index, plane) in planes.iter().enumerate() {
                let to = (*raw.extended_data.add(index)).cast::<f32>();
                ptr::copy_nonoverlapping(plane.as_ptr(), to, samples);
            }
        }
        Ok(frame)
    }

    /// Silence in the format of `like`.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`], or libav's answer to an impossible format.
    pub fn silence(like: &Self, samples: usize) -> Result<Self, AvError> {
        let frame = Self::new()?;
        // SAFETY: both frames are live; after av_frame_get_buffer there are nb_samples of room in
        // each plane.
        unsafe {
            let (raw, model) = (&mut *frame.0, like.raw());
            raw.nb_samples = c_int::try_from(samples).map_err(|_| AvError::OutOfMemory)?;
            raw.format = model.format;
            raw.sample_rate = model.sample_rate;
            let (to, from) = (&raw mut raw.ch_layout, &raw const model.ch_layout);
            check("making sound", ffi::av_channel_layout_copy(to, from))?;
            let format = sample_format(model.format)?;
            check("making sound", ffi::av_frame_get_buffer(frame.0, 0))?;
            ffi::av_samples_set_silence(
                raw.extended_data,
                0,
                raw.nb_samples,
                raw.ch_layout.nb_channels,
                format,
            );
        }
        Ok(frame)
    }

    /// Another handle to the same data, with timestamps of its own.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`].
    pub fn share(&self) -> Result<Self, AvError> {
        // SAFETY: the source is a live frame; the clone is owned here.
        let frame = unsafe { ffi::av_frame_clone(self.0) };
        if frame.is_null() {
            return Err(AvError::OutOfMemory);
        }
        Ok(Self(frame))
    }

    /// Width and height in pixels; zero in a stretch of sound.
    pub fn size(&self) -> (u32, u32) {
        let side = |length: c_int| u32::try_from(length).unwrap_or(0);
        (side(self.raw().width), side(self.raw().height))
    }

    pub fn as_ptr(&self) -> *const ffi::AVFrame {
        self.0
    }

    pub fn as_mut_ptr(&mut self) -> *mut ffi::AVFrame {
        self.0
    }

    pub(super) fn raw(&self) -> &ffi::AVFrame {
        // SAFETY: owned and never null.
        unsafe { &*self.0 }
    }

    pub(super) fn raw_mut(&mut self) -> &mut ffi::AVFrame {
        // SAFETY: owned and never null.
        unsafe { &mut *self.0 }
    }

    /// The decoder's best guess of the presentation time, in ticks of its packets.
    pub fn best_pts(&self) -> Option<i64> {
        known(self.raw().best_effort_timestamp).or_else(|| known(self.raw().pts))
    }

    pub fn pts(&self) -> Option<i64> {
        known(self.raw().pts)
    }

    pub fn set_pts(&mut self, pts: i64) {
        self.raw_mut().pts = pts;
    }

    /// Asks the encoder for a keyframe here, or leaves the choice to it.
    pub fn ask_keyframe(&mut self, ask: Keyframe) {
        self.raw_mut().pict_type = match ask {
            Keyframe::Forced => ffi::AVPictureType::AV_PICTURE_TYPE_I,
            Keyframe::EncodersChoice => ffi::AVPictureType::AV_PICTURE_TYPE_NONE,
        };
    }

    /// Samples of each channel; 0 in a picture.
    pub fn samples(&self) -> usize {
        usize::try_from(self.raw().nb_samples).unwrap_or(0)
    }

    /// Samples a second; 0 in a picture.
    pub fn sample_rate_hz(&self) -> u32 {
        u32::try_from(self.raw().sample_rate).unwrap_or(0)
    }

    /// How the picture must be turned clockwise for display, when it says so itself.
    pub fn rotation_degrees(&self) -> Option<u16> {
        // SAFETY: the frame is live; the side data belongs to it and has the size it says.
        let matrix = unsafe {
            let kind = ffi::AVFrameSideDataType::AV_FRAME_DATA_DISPLAYMATRIX;
            let side = ffi::av_frame_get_side_data(self.0, kind);
            if side.is_null() || (*side).data.is_null() {
                return None;
            }
            slice::from_raw_parts((*side).data, (*side).size)
        };
        quarter_turn(matrix)
    }

    /// The colours of the picture, for the encoder's headers.
    pub fn colour(&self) -> Colour {
        let raw = self.raw();
        Colour {
            primaries: number!(raw, color_primaries),
            transfer: number!(raw, color_trc),
            space: number!(raw, colorspace),
            height: raw.height,
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::av_frame_free(&raw mut self.0) };
    }
}

/// Who decides whether a picture becomes a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyframe {
    Forced,
    EncodersChoice,
}

/// What the numbers of a picture mean (ITU-T H.273), as integers: a newer library may know more of
/// them than the Rust enums do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub primaries: u32,
    pub transfer: u32,
    pub space: u32,
    /// Height of the source, by which players guess what is not said.
    pub height: c_int,
}

impl Colour {
    /// Nothing is said.
    pub const UNKNOWN: Self = Self {
        primaries: ffi::AVColorPrimaries::AVCOL_PRI_UNSPECIFIED as u32,
        transfer: ffi::AVColorTransferCharacteristic::AVCOL_TRC_UNSPECIFIED as u32,
        space: ffi::AVColorSpace::AVCOL_SPC_UNSPECIFIED as u32,
        height: 0,
    };

    /// The same colours, with what players would guess from the source's size spelled out, since
    /// a smaller rendition would make them guess otherwise.
    pub fn spelled_out(self) -> Self {
        const UNSPECIFIED: u32 = ffi::AVColorSpace::AVCOL_SPC_UNSPECIFIED as u32;
        const RGB: u32 = ffi::AVColorSpace::AVCOL_SPC_RGB as u32;
        let space = match self.space {
            UNSPECIFIED if self.height >= 720 => ffi::AVColorSpace::AVCOL_SPC_BT709 as u32,
            UNSPECIFIED | RGB => ffi::AVColorSpace::AVCOL_SPC_SMPTE170M as u32,
            said => said,
        };
        Self { space, ..self }
    }
}

/// The clockwise quarter turn that a display matrix asks for: 0, 90, 180 or 270 degrees.
pub fn quarter_turn(matrix: &[u8]) -> Option<u16> {
    let mut numbers = [0; 9];
    for (number, bytes) in numbers.iter_mut().zip(matrix.chunks_exact(4)) {
        *number = i32::from_ne_bytes(bytes.try_into().ok()?);
    }
    // SAFETY: a display matrix is nine 32-bit numbers.
    let degrees = unsafe { -ffi::av_display_rotation_get(numbers.as_ptr()) };
    if !degrees.is_finite() {
        return None;
    }
    Some(match ((degrees / 90.0).round() as i32).rem_euclid(4) {
        1 => 90,
        2 => 180,
        3 => 270,
        _ => 0,
    })
}

/// libav's sample format of that number.
///
/// # Errors
/// [`AvError::Unsupported`] for numbers that the headers do not have.
pub(super) fn sample_format(number: c_int) -> Result<ffi::AVSampleFormat, AvError> {
    let end = ffi::AVSampleFormat::AV_SAMPLE_FMT_NB as c_int;
    if !(0..end).contains(&number) {
        return Err(AvError::Unsupported("sound of an unknown format".into()));
    }
    // SAFETY: the enum's values count up from -1 to its end without a gap.
    Ok(unsafe { std::mem::transmute::<c_int, ffi::AVSampleFormat>(number) })
}

fn known(pts: i64) -> Option<i64> {
    (pts != ffi::AV_NOPTS_VALUE).then_some(pts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_the_headers_do_not_have_are_kept_or_refused() {
        let mut frame = Frame::new().expect("a frame");
        // SAFETY: the field is as large as the integer, and is only read as one below.
        unsafe {
            (&raw mut (*frame.as_mut_ptr()).colorspace)
                .cast::<u32>()
                .write(200);
        }
        assert_eq!(frame.colour().space, 200);
        assert_eq!(frame.colour().spelled_out().space, 200);
        for number in [-1, ffi::AVSampleFormat::AV_SAMPLE_FMT_NB as c_int, 1000] {
            assert!(sample_format(number).is_err(), "{number}");
        }
        let fltp = ffi::AVSampleFormat::AV_SAMPLE_FMT_FLTP;
        assert_eq!(sample_format(fltp as c_int), Ok(fltp));
    }
}
