//! Safe, owned wrappers over libav; everything unsafe about it stays in here.
//!
//! Never: opening a path, async, deciding what a file becomes.

pub mod audio_header;
pub mod bits;
pub mod bitstream;
pub mod captions;
pub mod chapters;
pub mod codecs;
pub mod decode;
pub mod encode;
pub mod error;
pub mod file;
pub mod filter;
pub mod frame;
pub mod gop;
pub mod index;
pub mod input;
pub mod mpeg_audio;
pub mod mux;
pub mod parameters;
pub mod probe;
pub mod resample;
pub mod still;
pub mod stream;
pub mod tags;
pub mod video_header;

pub use ffmpeg_next::Packet;
#[cfg(test)]
pub use ffmpeg_next::packet::Flags;

/// Version of the libraries that run now, such as `7.1.1-1`.
pub fn version() -> String {
    // SAFETY: av_version_info returns a constant text with a zero at its end; it lives as long as
    // the library is loaded, and it is copied here.
    let text = unsafe { std::ffi::CStr::from_ptr(ffmpeg_next::ffi::av_version_info()) };
    text.to_string_lossy().into_owned()
}
