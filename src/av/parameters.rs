//! What a stream's headers say about its packets.
//!
//! Never: a packet.

use std::slice;

use ffmpeg_next::ffi;

use super::error::{AvError, check};
use super::stream::Stream;

/// An owned copy of a stream's codec parameters.
pub struct Parameters(*mut ffi::AVCodecParameters);

impl Parameters {
    fn new() -> Result<Self, AvError> {
        // SAFETY: takes no argument; the result is owned here.
        let parameters = unsafe { ffi::avcodec_parameters_alloc() };
        if parameters.is_null() {
            return Err(AvError::OutOfMemory);
        }
        Ok(Self(parameters))
    }

    /// The parameters of a stream of a file.
    ///
    /// # Errors
    /// [`AvError::OutOfMemory`].
    pub fn of_stream(stream: &Stream<'_>) -> Result<Self, AvError> {
        // SAFETY: a live stream has parameters.
        unsafe { Self::copy_of((*stream.as_ptr()).codecpar) }
    }

    /// A copy of `from`.
    ///
    /// # Safety
    /// `from` points to live parameters.
    pub(super) unsafe fn copy_of(from: *const ffi::AVCodecParameters) -> Result<Self, AvError> {
        let own = Self::new()?;
        // SAFETY: the caller vouches for `from`.
        let code = unsafe { ffi::avcodec_parameters_copy(own.0, from) };
        check("copying parameters", code).map(|_| own)
    }

    /// The parameters of what an open encoder makes.
    ///
    /// # Safety
    /// `context` points to an open encoder.
    pub(super) unsafe fn of_encoder(context: *const ffi::AVCodecContext) -> Result<Self, AvError> {
        let own = Self::new()?;
        // SAFETY: the caller vouches for `context`.
        let code = unsafe { ffi::avcodec_parameters_from_context(own.0, context) };
        check("copying parameters", code).map(|_| own)
    }

    pub fn as_ptr(&self) -> *const ffi::AVCodecParameters {
        self.0
    }

    fn raw(&self) -> &ffi::AVCodecParameters {
        // SAFETY: owned and never null.
        unsafe { &*self.0 }
    }

    /// The codec's own header, in whatever form the container had it; may be empty.
    pub fn extradata(&self) -> &[u8] {
        let raw = self.raw();
        match usize::try_from(raw.extradata_size) {
            // SAFETY: libav keeps extradata_size bytes there.
            Ok(length @ 1..) if !raw.extradata.is_null() => unsafe {
                slice::from_raw_parts(raw.extradata, length)
            },
            _ => &[],
        }
    }

    /// Samples a second; 0 for pictures or when unknown.
    pub fn sample_rate_hz(&self) -> u32 {
        u32::try_from(self.raw().sample_rate).unwrap_or(0)
    }

    /// Samples of one packet of sound; 0 when unknown or varying.
    pub fn frame_samples(&self) -> u32 {
        u32::try_from(self.raw().frame_size).unwrap_or(0)
    }

    /// True when the layout of the pixels is known.
    pub fn has_pixel_format(&self) -> bool {
        self.raw().format >= 0
    }

    /// Says which four-letter name the stream gets in the file to be written; zeros leave it to libav.
    pub fn set_tag(&mut self, tag: [u8; 4]) {
        // SAFETY: owned and never null.
        unsafe { (*self.0).codec_tag = u32::from_le_bytes(tag) };
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::avcodec_parameters_free(&raw mut self.0) };
    }
}
