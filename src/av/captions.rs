//! Decodes text subtitles to ASS events.
//!
//! Never: pictures of subtitles; they come out as nothing.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr;

use alcove::base::rational::{MILLISECONDS, rescale};
use ffmpeg_next::packet::Mut as _;
use ffmpeg_next::{Packet, ffi};

use super::error::{AvError, check};
use super::input::Input;

/// Fields before the text in libav's ASS lines: ReadOrder, Layer, Style, Name, three margins, Effect.
const FIELDS_BEFORE_TEXT: usize = 8;

/// One line that a decoder made; times in milliseconds of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub start_ms: i64,
    /// `None` when neither the packet nor the decoder says.
    pub end_ms: Option<i64>,
    /// ASS text with override tags.
    pub ass: String,
}

/// An open subtitle decoder.
pub struct CaptionDecoder {
    context: *mut ffi::AVCodecContext,
    time_base: alcove::base::rational::Rational,
}

impl CaptionDecoder {
    /// Opens the decoder of a text subtitle stream.
    ///
    /// # Errors
    /// [`AvError::Unsupported`] without a decoder for it, else libav's answer.
    pub fn open(input: &Input, stream: usize) -> Result<Self, AvError> {
        let view = input.stream_view(stream).ok_or(AvError::NotFound)?;
        let raw = input.stream(stream).ok_or(AvError::NotFound)?;
        let time_base = view.time_base();
        if !time_base.is_valid() {
            return Err(AvError::Damaged("the subtitle has no time base".into()));
        }
        // SAFETY: codecpar of a live stream is valid; the context is owned by the returned value
        // from its allocation on, so every error path frees it.
        unsafe {
            let codec = ffi::avcodec_find_decoder((*raw.codecpar).codec_id);
            if codec.is_null() {
                return Err(AvError::Unsupported("no decoder for this subtitle".into()));
            }
            let context = ffi::avcodec_alloc_context3(codec);
            if context.is_null() {
                return Err(AvError::OutOfMemory);
            }
            let decoder = Self { context, time_base };
            check(
                "setting up a subtitle decoder",
                ffi::avcodec_parameters_to_context(context, raw.codecpar),
            )?;
            (*context).pkt_timebase = raw.time_base;
            check(
                "opening a subtitle decoder",
                ffi::avcodec_open2(context, codec, ptr::null_mut()),
            )?;
            Ok(decoder)
        }
    }

    /// The events of one packet; a damaged packet has none.
    pub fn decode(&mut self, packet: &mut Packet) -> Vec<Event> {
        let Some(pts) = packet.pts().or(packet.dts()) else {
            return Vec::new();
        };
        let ms = |ticks| rescale(ticks, self.time_base, MILLISECONDS);
        let length_ms = Some(ms(packet.duration())).filter(|ms| *ms > 0);
        let mut subtitle = MaybeUninit::<ffi::AVSubtitle>::zeroed();
        let mut got = 0;
        // SAFETY: the context is open; libav fills the structure when it sets `got`, and only then
        // it has to be freed. All-zero is how libav itself begins.
        let subtitle = unsafe {
            let code = ffi::avcodec_decode_subtitle2(
                self.context,
                subtitle.as_mut_ptr(),
                &raw mut got,
                packet.as_mut_ptr(),
            );
            if code < 0 || got == 0 {
                return Vec::new();
            }
            Decoded(subtitle.assume_init())
        };
        let (from, to) = (subtitle.0.start_display_time, subtitle.0.end_display_time);
        let start_ms = ms(pts) + i64::from(from);
        let shown_ms = Some(i64::from(to) - i64::from(from))
            .filter(|length| *length > 0 && to != u32::MAX)
            .or(length_ms);
        subtitle
            .lines()
            .into_iter()
            .map(|ass| Event {
                start_ms,
                end_ms: shown_ms.map(|length| start_ms + length),
                ass,
            })
            .collect()
    }
}

impl Drop for CaptionDecoder {
    fn drop(&mut self) {
        // SAFETY: owned, freed once.
        unsafe { ffi::avcodec_free_context(&raw mut self.context) };
    }
}

struct Decoded(ffi::AVSubtitle);

impl Decoded {
    /// The text fields of all rectangles.
    fn lines(&self) -> Vec<String> {
        if self.0.rects.is_null() {
            return Vec::new();
        }
        (0..self.0.num_rects as usize)
            .filter_map(|number| {
                // SAFETY: libav allocates num_rects pointers; a rectangle's `ass` is null or ends
                // in NUL. Its type is not read: pictures have no `ass`.
                let line = unsafe {
                    let rect = *self.0.rects.add(number);
                    if rect.is_null() || (*rect).ass.is_null() {
                        return None;
                    }
                    CStr::from_ptr((*rect).ass)
                };
                let line = String::from_utf8_lossy(line.to_bytes()).into_owned();
                let text = line
                    .splitn(FIELDS_BEFORE_TEXT + 1, ',')
                    .nth(FIELDS_BEFORE_TEXT)?;
                Some(text.to_owned())
            })
            .collect()
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        // SAFETY: filled by libav, freed once.
        unsafe { ffi::avsubtitle_free(&raw mut self.0) };
    }
}
