//! Sound of any format in, 32-bit floats of one rate and layout out.
//!
//! Never: compensation of drift: the caller knows where each sample belongs.

use std::ptr;

use ffmpeg_next::ffi;
use libc::c_int;

use super::decode::set_option;
use super::error::{AvError, check};
use super::frame::{Frame, sample_format};

/// Sound as one list of samples a channel, all equally long.
pub type Planes = Vec<Vec<f32>>;

/// What must stay the same while a resampler lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundShape {
    pub sample_rate_hz: u32,
    pub channels: i32,
    format: i32,
    /// Which speakers, one bit each; 0 when the order is not a usual one.
    mask: u64,
}

impl SoundShape {
    pub fn of(frame: &Frame) -> Self {
        let layout = &raw const frame.raw().ch_layout;
        // SAFETY: the frame is live; an enum of C is read as the integer of the same size, and the
        // mask is the active member of the union in the native order.
        let (channels, mask) = unsafe {
            let order = (&raw const (*layout).order).cast::<u32>().read();
            let native = order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE as u32;
            let mask = if native { (*layout).u.mask } else { 0 };
            ((*layout).nb_channels, mask)
        };
        Self {
            sample_rate_hz: frame.sample_rate_hz(),
            channels,
            format: frame.raw().format,
            mask,
        }
    }
}

/// An open resampler. The first sample out is at the time of the first sample in.
pub struct Resampler {
    context: *mut ffi::SwrContext,
    channels: usize,
}

impl Resampler {
    /// Opens a resampler from `shape` to `channels` speakers at `sample_rate_hz`.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] for sound without channels or rate, otherwise libav's answer.
    pub fn open(shape: SoundShape, sample_rate_hz: u32, channels: u16) -> Result<Self, AvError> {
        let rate = |hz: u32| c_int::try_from(hz).map_err(|_| AvError::OutOfMemory);
        if shape.channels <= 0 || shape.sample_rate_hz == 0 {
            return Err(AvError::Unsupported("sound without channels".into()));
        }
        // SAFETY: the layouts are plain values of the native order, which own nothing; the context
        // is owned by the returned value from its allocation on. The number is a sample format that
        // libav itself has written into a frame.
        unsafe {
            let format = sample_format(shape.format)?;
            let mut from: ffi::AVChannelLayout = std::mem::zeroed();
            let mut to: ffi::AVChannelLayout = std::mem::zeroed();
            if shape.mask == 0 || ffi::av_channel_layout_from_mask(&raw mut from, shape.mask) < 0 {
                ffi::av_channel_layout_default(&raw mut from, shape.channels);
            }
            ffi::av_channel_layout_default(&raw mut to, c_int::from(channels));
            let mut context = ptr::null_mut();
            let code = ffi::swr_alloc_set_opts2(
                &raw mut context,
                &raw mut to,
                ffi::AVSampleFormat::AV_SAMPLE_FMT_FLTP,
                rate(sample_rate_hz)?,
                &raw mut from,
                format,
                rate(shape.sample_rate_hz)?,
                0,
                ptr::null_mut(),
            );
            let own = Self {
                context,
                channels: usize::from(channels),
            };
            check("setting up a resampler", code)?;
            // Speech sits in the middle: it keeps the level of the front speakers, and the sum is
            // held down less than the worst case asks for, which would make films too quiet.
            for (name, value) in [
                (c"center_mix_level", c"1.0"),
                (c"surround_mix_level", c"0.5"),
                (c"lfe_mix_level", c"0.0"),
                (c"rematrix_maxval", c"1.414"),
            ] {
                set_option(context.cast(), name, value)?;
            }
            check("opening a resampler", ffi::swr_init(context))?;
            Ok(own)
        }
    }

    /// Converts the samples of `frame` from number `skip` on and appends them to `planes`.
    ///
    /// # Errors
    /// libav's answer.
    pub fn convert(
        &mut self,
        frame: &Frame,
        skip: usize,
        planes: &mut Planes,
    ) -> Result<(), AvError> {
        let raw = frame.raw();
        let count = frame.samples().saturating_sub(skip);
        if count == 0 {
            return Ok(());
        }
        // SAFETY: the number is a sample format that libav itself has written into the frame.
        // The pointers are to the frame's planes (one in all when interleaved), each moved on by
        // `skip` samples, which is below nb_samples.
        unsafe {
            let format = sample_format(raw.format)?;
            let sample = ffi::av_get_bytes_per_sample(format).unsigned_abs() as usize;
            let channels = raw.ch_layout.nb_channels.unsigned_abs() as usize;
            let (count_planes, stride) = if ffi::av_sample_fmt_is_planar(format) != 0 {
                (channels, sample)
            } else {
                (1, sample * channels)
            };
            let mut pointers: Vec<*const u8> = (0..count_planes)
                .map(|plane| {
                    (*raw.extended_data.add(plane))
                        .cast_const()
                        .add(skip * stride)
                })
                .collect();
            self.push(pointers.as_mut_ptr(), count, planes)
        }
    }

    /// Takes out what is still inside.
    ///
    /// # Errors
    /// libav's answer.
    pub fn drain(&mut self, planes: &mut Planes) -> Result<(), AvError> {
        // SAFETY: no input, which means the end.
        unsafe { self.push(ptr::null_mut(), 0, planes) }
    }

    /// # Safety
    /// `input` is null or one pointer to `count` samples for each plane of the input format.
    unsafe fn push(
        &mut self,
        input: *mut *const u8,
        count: usize,
        planes: &mut Planes,
    ) -> Result<(), AvError> {
        let count = c_int::try_from(count).map_err(|_| AvError::OutOfMemory)?;
        // SAFETY: the context is open.
        let room = unsafe { ffi::swr_get_out_samples(self.context, count) };
        let room = check("resampling", room)?;
        planes.resize_with(self.channels, Vec::new);
        let before = planes.first().map_or(0, Vec::len);
        let mut pointers: Vec<*mut u8> = planes
            .iter_mut()
            .map(|plane| {
                plane.resize(before + room.unsigned_abs() as usize, 0.0);
                plane[before..].as_mut_ptr().cast()
            })
            .collect();
        // SAFETY: each output plane has room for `room` floats; the caller vouches for the input.
        let made =
            unsafe { ffi::swr_convert(self.context, pointers.as_mut_ptr(), room, input, count) };
        let made = check("resampling", made).unwrap_or(0).unsigned_abs() as usize;
        for plane in planes.iter_mut() {
            plane.truncate(before + made);
        }
        Ok(())
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::swr_free(&raw mut self.context) };
    }
}
