//! Subtitles as WebVTT, from a film's text stream or from a file of its own.
//!
//! Never: a subtitle made of pictures.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use alcove::base::rational::{MICROSECONDS, MILLISECONDS, rescale};
use alcove::media::job::{JobError, Output, SubtitleFileFormat};

use super::Reply;
use super::cue::{Cue, Document};
use super::{markup, subtitle_text};
use crate::av::Packet;
use crate::av::captions::CaptionDecoder;
use crate::av::error::AvError;
use crate::av::input::{Input, OpenOptions};
use crate::av::stream::Kind;
use crate::av::{codecs, file};

/// A longer subtitle file is none.
const MAX_FILE_BYTES: u64 = 16 << 20;
/// The job reports after each of these.
const PROGRESS_BYTES: u64 = 4 << 20;

/// Sends the text stream `stream` with times relative to `origin_us`.
///
/// # Errors
/// [`JobError::NotFound`] when there is no such subtitle, [`JobError::Unsupported`] for pictures.
pub fn stream(
    file: OwnedFd,
    stream: u32,
    origin_us: i64,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let stream = usize::try_from(stream).map_err(|_| JobError::NotFound)?;
    let mut input = Input::open(file, OpenOptions::default())?;
    if input.stream_count() <= stream {
        input.find_stream_info()?;
    }
    let view = input
        .stream_view(stream)
        .filter(|view| view.kind() == Kind::Subtitle)
        .ok_or(JobError::NotFound)?;
    if !codecs::subtitle(&view).is_text() {
        return Err(JobError::Unsupported(
            "this subtitle consists of pictures".into(),
        ));
    }
    let origin_ms = rescale(origin_us, MICROSECONDS, MILLISECONDS);
    let mut decoder = CaptionDecoder::open(&input, stream)?;
    input.keep_only(&[stream]);
    let mut document = Document::default();
    let mut packet = Packet::empty();
    let mut reported = 0;
    while !document.is_full() {
        match input.read(&mut packet) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error.into()),
            // A film that breaks off keeps the subtitles of its beginning.
            Err(_) => break,
        }
        if packet.stream() == stream {
            for event in decoder.decode(&mut packet) {
                document.push(&Cue {
                    start_ms: event.start_ms - origin_ms,
                    end_ms: event.end_ms.map(|end| end - origin_ms),
                    text: markup::ass(&event.ass),
                });
            }
        }
        let position = input.position_bytes();
        if position >= reported + PROGRESS_BYTES {
            reported = position;
            reply.progress(position, input.size_bytes());
        }
    }
    reply.data(document.write().as_bytes());
    Ok(Output::Finished)
}

/// Sends a whole subtitle file.
///
/// # Errors
/// [`JobError::UnknownFormat`] when no cue is in it.
pub fn file(
    file: OwnedFd,
    format: SubtitleFileFormat,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let size = file::size_bytes(&file)?;
    if size > MAX_FILE_BYTES {
        return Err(JobError::UnknownFormat("too long for a subtitle".into()));
    }
    let file = File::from(file);
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| JobError::OutOfMemory)?];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(JobError::Read(error.to_string())),
        }
    }
    let document = subtitle_text::read(&subtitle_text::decode(&bytes[..filled]), format);
    if document.is_empty() {
        return Err(JobError::UnknownFormat("no subtitle is in it".into()));
    }
    reply.data(document.write().as_bytes());
    Ok(Output::Finished)
}
