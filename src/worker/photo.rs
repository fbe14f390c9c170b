//! The facts of a photo, from its headers alone.
//!
//! Never: decoding the picture.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use alcove::media::codec::Container;
use alcove::media::info::{MediaInfo, PhotoInfo};
use alcove::media::job::JobError;
use exif::{Exif, In, Tag, Value};
use imagesize::ImageType;

use crate::av::file;

/// Bytes read at once; the headers of most photos fit in one read.
const BUFFER_BYTES: usize = 32 << 10;
/// Headers further in than this are not looked for.
const MAX_HEADER_BYTES: u64 = 16 << 20;

/// What the photo says about itself; `None` when the file is no picture that Alcove shows.
///
/// # Errors
/// [`JobError::Empty`], [`JobError::Read`]; damage past the size is survived.
pub fn probe(file: &File) -> Result<Option<MediaInfo>, JobError> {
    let length = file::size_bytes(file)?;
    let mut reader = Headers::new(file, length);
    let mut head = [0; 64];
    let filled = reader.read(&mut head).map_err(read_error)?;
    let Ok(kind) = imagesize::image_type(&head[..filled]) else {
        return Ok(None);
    };
    if !is_photo(kind) {
        return Ok(None);
    }
    reader.rewind().map_err(read_error)?;
    let size = match imagesize::reader_size(&mut reader) {
        Ok(size) => size,
        Err(imagesize::ImageError::IoError(error)) if error.raw_os_error().is_some() => {
            return Err(read_error(error));
        }
        Err(_) => return Err(JobError::Damaged("its headers break off".into())),
    };
    let (Ok(width), Ok(height)) = (u32::try_from(size.width), u32::try_from(size.height)) else {
        return Err(JobError::Damaged("its size makes no sense".into()));
    };
    if width == 0 || height == 0 {
        return Err(JobError::Damaged("its size makes no sense".into()));
    }
    reader.rewind().map_err(read_error)?;
    let exif = exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut reader)
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok();
    Ok(Some(describe(width, height, kind, exif.as_ref())))
}

/// The picture formats that people keep photos in.
fn is_photo(kind: ImageType) -> bool {
    matches!(
        kind,
        ImageType::Jpeg
            | ImageType::Png
            | ImageType::Webp
            | ImageType::Gif
            | ImageType::Bmp
            | ImageType::Tiff
            | ImageType::Heif(_)
    )
}

fn describe(width: u32, height: u32, kind: ImageType, exif: Option<&Exif>) -> MediaInfo {
    // A HEIF file turns its picture itself; its EXIF orientation repeats what has been done.
    let turned = !matches!(kind, ImageType::Heif(_));
    MediaInfo {
        container: Container::Image,
        duration_ms: None,
        bit_rate_kbps: None,
        video: Vec::new(),
        audio: Vec::new(),
        subtitles: Vec::new(),
        chapters: Vec::new(),
        tags: Vec::new(),
        has_cover: false,
        photo: Some(PhotoInfo {
            width,
            height,
            orientation: exif.filter(|_| turned).map_or(1, orientation),
            taken_at: exif.and_then(taken_at),
            camera: exif.and_then(camera),
        }),
    }
}

/// EXIF orientation 1-8; 1 when absent or wrong.
pub fn orientation(exif: &Exif) -> u8 {
    exif.get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

/// The EXIF block of a picture, if it has a readable one.
pub fn read_exif(file: &File) -> Option<Exif> {
    let length = file::size_bytes(file).ok()?;
    exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Headers::new(file, length))
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Value::Ascii(lines) = &exif.get_field(tag, In::PRIMARY)?.value else {
        return None;
    };
    let text = crate::av::tags::clean(lines.first()?);
    (!text.is_empty()).then_some(text)
}

fn taken_at(exif: &Exif) -> Option<String> {
    [Tag::DateTimeOriginal, Tag::DateTimeDigitized]
        .into_iter()
        .find_map(|tag| date(&text(exif, tag)?))
}

/// EXIF's `YYYY:MM:DD HH:MM:SS` with dashes and a T; `None` for the zeros of an unset clock.
fn date(text: &str) -> Option<String> {
    let parsed = exif::DateTime::from_ascii(text.as_bytes()).ok()?;
    let valid = parsed.year >= 1826
        && (1..=12).contains(&parsed.month)
        && (1..=31).contains(&parsed.day)
        && parsed.hour < 24
        && parsed.minute < 60
        && parsed.second < 61;
    valid.then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            parsed.year, parsed.month, parsed.day, parsed.hour, parsed.minute, parsed.second
        )
    })
}

fn camera(exif: &Exif) -> Option<String> {
    match (text(exif, Tag::Make), text(exif, Tag::Model)) {
        // Most makers begin the model with their name.
        (Some(make), Some(model)) if !model.to_lowercase().starts_with(&make.to_lowercase()) => {
            Some(format!("{make} {model}"))
        }
        (make, model) => model.or(make),
    }
}

fn read_error(error: io::Error) -> JobError {
    JobError::Read(error.to_string())
}

/// The beginning of a file, as far as headers may reach; the descriptor's position is not used.
struct Headers<'a>(BufReader<Window<'a>>);

struct Window<'a> {
    file: &'a File,
    position: u64,
    end: u64,
}

impl<'a> Headers<'a> {
    fn new(file: &'a File, length: u64) -> Self {
        Self(BufReader::with_capacity(
            BUFFER_BYTES,
            Window {
                file,
                position: 0,
                end: length.min(MAX_HEADER_BYTES),
            },
        ))
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt;
        let left = self.end.saturating_sub(self.position);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = self.file.read_at(&mut buffer[..most], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Headers<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl Seek for Headers<'_> {
    /// Keeps the buffer where the target lies in it: parsers hop about in small steps.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(target) = to {
            let here = self.0.stream_position()?;
            if let Ok(step) = i64::try_from(i128::from(target) - i128::from(here)) {
                self.0.seek_relative(step)?;
                return Ok(target);
            }
        }
        self.0.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_iso_and_unset_clocks_are_none() {
        for (text, want) in [
            ("2019:07:04 12:30:11", Some("2019-07-04T12:30:11")),
            ("0000:00:00 00:00:00", None),
            ("2019:13:04 12:30:11", None),
            ("    :  :     :  :  ", None),
            ("yesterday", None),
        ] {
            assert_eq!(date(text).as_deref(), want, "{text}");
        }
    }
}
