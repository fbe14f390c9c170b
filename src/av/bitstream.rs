//! Packets rewritten from one container's customs to another's.
//!
//! Never: decoding.

use std::ffi::CStr;
use std::ptr;

use ffmpeg_next::packet::Mut as _;
use ffmpeg_next::{Packet, ffi};

use super::decode::{Step, step};
use super::error::{AvError, check};
use super::stream::Stream;

/// An open bitstream filter that answers every packet with at most one.
pub struct Bitstream(*mut ffi::AVBSFContext);

impl Bitstream {
    /// Opens the filter with libav's `name` for packets of `stream`.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] when libav lacks it, otherwise libav's answer.
    pub fn open(name: &CStr, stream: &Stream<'_>) -> Result<Self, AvError> {
        // SAFETY: the name ends in NUL; the context is owned by the returned value from its
        // allocation on; parameters of a live stream are valid.
        unsafe {
            let stream = stream.as_ptr();
            let filter = ffi::av_bsf_get_by_name(name.as_ptr());
            if filter.is_null() {
                return Err(AvError::Unsupported("libavcodec lacks a filter".into()));
            }
            let mut context = ptr::null_mut();
            check(
                "setting up a bitstream filter",
                ffi::av_bsf_alloc(filter, &raw mut context),
            )?;
            let own = Self(context);
            check(
                "copying parameters",
                ffi::avcodec_parameters_copy((*context).par_in, (*stream).codecpar),
            )?;
            (*context).time_base_in = (*stream).time_base;
            check("opening a bitstream filter", ffi::av_bsf_init(context))?;
            Ok(own)
        }
    }

    /// Rewrites `packet` in place; false when it holds nothing to pass on.
    ///
    /// # Errors
    /// libav's answer to a damaged packet.
    pub fn rewrite(&mut self, packet: &mut Packet) -> Result<bool, AvError> {
        // SAFETY: the context is open; it takes over the packet's data and gives new data back.
        unsafe {
            check(
                "rewriting a packet",
                ffi::av_bsf_send_packet(self.0, packet.as_mut_ptr()),
            )?;
            let code = ffi::av_bsf_receive_packet(self.0, packet.as_mut_ptr());
            Ok(step("rewriting a packet", code)? == Step::Ready)
        }
    }
}

impl Drop for Bitstream {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::av_bsf_free(&raw mut self.0) };
    }
}
