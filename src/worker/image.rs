//! Pictures for the screen: a moment of a film, an embedded cover, a photo the right way up.
//!
//! Never: enlarging; decoding a picture so large that it must be a trap.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use alcove::base::rational::{MILLISECONDS, Rational, rescale};
use alcove::media::job::{JobError, Output, PictureBounds, PictureInfo};
use imagesize::ImageType;

use super::{Reply, photo};
use crate::av::Packet;
use crate::av::decode::{Decoder, Step};
use crate::av::error::AvError;
use crate::av::file;
use crate::av::frame::{Frame, quarter_turn};
use crate::av::input::{Input, OpenOptions};
use crate::av::probe;
use crate::av::still::{self, Coding, Halvings, Jpeg};
use crate::av::stream::{Kind, Stream};

/// The largest picture decoded, in pixels: the largest cameras of telephones make 200 million.
const MAX_PIXELS: u64 = 210_000_000;
/// Decoders other than JPEG's need several times the memory for a pixel.
const MAX_PIXELS_OF_OTHERS: u32 = 100_000_000;
/// A larger picture file is not read.
const MAX_FILE_BYTES: u64 = 128 << 20;
/// Packets given to a decoder until a picture must have come out.
const MAX_PACKETS: usize = 400;
/// Places of a film tried for a picture that shows something, as parts of a hundred.
const PLACES: [i64; 5] = [10, 20, 35, 50, 70];
/// No place this near to the end is looked for.
const TAIL_MS: i64 = 1_000;
/// A picture below these is a fade, a title on black, or a wall.
const MIN_BRIGHTNESS: f64 = 32.0;
const MIN_CONTRAST: f64 = 20.0;

/// A picture of the film near `at_ms`, or of the first place that shows something.
///
/// # Errors
/// [`JobError::NotFound`] without a picture track, else what reading and decoding say.
pub fn thumbnail(
    file: OwnedFd,
    at_ms: Option<u64>,
    bounds: PictureBounds,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let mut input = Input::open(file, OpenOptions::default())?;
    if probe::needs_packets(&input) {
        input.find_stream_info()?;
    }
    let film = Film::of(&input).ok_or(JobError::NotFound)?;
    input.keep_only(&[film.stream]);
    let wanted: Vec<i64> = match (at_ms, film.length_ms) {
        (Some(ms), _) => vec![i64::try_from(ms).unwrap_or(i64::MAX)],
        (None, Some(length)) => PLACES.iter().map(|part| length / 100 * part).collect(),
        (None, None) => vec![0],
    };
    let mut best: Option<Jpeg> = None;
    let mut last_error = None;
    for (tried, ms) in (0u64..).zip(wanted.into_iter().chain([0])) {
        if at_ms.is_some() && best.is_some() {
            break;
        }
        match film.picture_at(&mut input, ms, bounds) {
            Ok(jpeg) => {
                let tells =
                    jpeg.look.brightness >= MIN_BRIGHTNESS && jpeg.look.contrast >= MIN_CONTRAST;
                let better = best
                    .as_ref()
                    .is_none_or(|best| jpeg.look.contrast > best.look.contrast);
                if better {
                    best = Some(jpeg);
                }
                if tells {
                    break;
                }
            }
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error.into()),
            Err(error) => last_error = Some(error),
        }
        reply.progress(tried + 1, PLACES.len() as u64 + 1);
    }
    match (best, last_error) {
        (Some(jpeg), _) => Ok(send(&jpeg, reply)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(JobError::NotFound),
    }
}

/// The embedded cover.
///
/// # Errors
/// [`JobError::NotFound`] when there is none.
pub fn cover(
    file: OwnedFd,
    bounds: PictureBounds,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let input = Input::open(file, OpenOptions::default())?;
    let bytes = input
        .streams()
        .find_map(|stream| stream.cover())
        .ok_or(JobError::NotFound)?;
    Ok(send(&from_bytes(bytes, 1, bounds)?, reply))
}

/// A photo or a poster file, upright.
///
/// # Errors
/// [`JobError::Unsupported`] for kinds of pictures that libav does not decode.
pub fn photo(
    file: OwnedFd,
    bounds: PictureBounds,
    reply: &mut dyn Reply,
) -> Result<Output, JobError> {
    let size = file::size_bytes(&file)?;
    if size > MAX_FILE_BYTES {
        return Err(JobError::Unsupported(
            "the picture file is too large".into(),
        ));
    }
    let file = File::from(file);
    let mut head = [0; 64];
    let filled = file
        .read_at(&mut head, 0)
        .map_err(|error| JobError::Read(error.to_string()))?;
    let jpeg = match imagesize::image_type(&head[..filled]) {
        Ok(ImageType::Gif | ImageType::Heif(_)) => from_container(file)
            .and_then(|(frame, turn)| Ok(fit(&frame, turn, Rational::new(1, 1), bounds)?))?,
        Ok(_) => {
            let bytes = read_all(&file, size)?;
            let orientation = photo::read_exif(&file).map_or(1, |exif| photo::orientation(&exif));
            from_bytes(&bytes, orientation, bounds)?
        }
        Err(_) => {
            return Err(JobError::UnknownFormat("not a picture".into()));
        }
    };
    Ok(send(&jpeg, reply))
}

fn read_all(file: &File, size: u64) -> Result<Vec<u8>, JobError> {
    let mut bytes = vec![0; usize::try_from(size).map_err(|_| JobError::OutOfMemory)?];
    file.read_exact_at(&mut bytes, 0)
        .map_err(|error| JobError::Read(error.to_string()))?;
    Ok(bytes)
}

/// Decodes a still and fits it into the bounds.
fn from_bytes(bytes: &[u8], orientation: u8, bounds: PictureBounds) -> Result<Jpeg, JobError> {
    let coding = match imagesize::image_type(bytes) {
        Ok(ImageType::Jpeg) => Coding::Jpeg,
        Ok(ImageType::Png) => Coding::Png,
        Ok(ImageType::Webp) => Coding::WebP,
        Ok(ImageType::Bmp) => Coding::Bmp,
        Ok(ImageType::Tiff) => Coding::Tiff,
        _ => return Err(JobError::Unsupported("this kind of picture".into())),
    };
    let size = imagesize::blob_size(bytes)
        .map_err(|_| JobError::Damaged("its headers break off".into()))?;
    let pixels = (size.width as u64).saturating_mul(size.height as u64);
    let most = if coding == Coding::Jpeg {
        MAX_PIXELS
    } else {
        u64::from(MAX_PIXELS_OF_OTHERS)
    };
    if pixels == 0 || pixels > most {
        return Err(JobError::Unsupported(format!(
            "a picture of {} by {} pixels",
            size.width, size.height
        )));
    }
    let sides = (size.width as u64, size.height as u64);
    let halvings = halvings(sides, orientation, bounds);
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let frame = still::decode(coding, bytes, halvings, limit)?;
    Ok(fit(
        &frame,
        Turn::of_exif(orientation),
        Rational::new(1, 1),
        bounds,
    )?)
}

/// How often a JPEG may be halved and still fill the bounds.
fn halvings((width, height): (u64, u64), orientation: u8, bounds: PictureBounds) -> Halvings {
    let (width, height) = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    (0..=3)
        .rev()
        .find(|&halvings| {
            // The picture is fitted, so the side that is cut more decides.
            width >> halvings >= u64::from(bounds.max_width)
                || height >> halvings >= u64::from(bounds.max_height)
        })
        .unwrap_or(0)
}

/// The first picture of a file whose stills lie in a container (GIF, HEIF).
fn from_container(file: File) -> Result<(Frame, Turn), JobError> {
    let unsupported = |error: AvError| match error {
        AvError::Libav { .. } => JobError::Unsupported("this kind of picture".into()),
        other => other.into(),
    };
    let mut input = Input::open(file.into(), OpenOptions::default()).map_err(unsupported)?;
    let pictures: Vec<usize> = input
        .streams()
        .filter(|stream| stream.kind() == Kind::Video)
        .map(|stream| stream.index())
        .collect();
    // Several are the tiles of one picture, which this libav does not put together.
    let [only] = pictures[..] else {
        return Err(JobError::Unsupported("a picture made of tiles".into()));
    };
    let stream = input.stream_view(only).ok_or(JobError::NotFound)?;
    refuse_giants(&stream)?;
    let turn = Turn::of_stream(&stream);
    Ok((first_picture(&mut input, only)?, turn))
}

fn refuse_giants(stream: &Stream<'_>) -> Result<(), AvError> {
    let (width, height) = stream.size();
    if u64::from(width) * u64::from(height) > u64::from(MAX_PIXELS_OF_OTHERS) {
        return Err(AvError::Unsupported(format!(
            "a picture of {width} by {height} pixels"
        )));
    }
    Ok(())
}

/// Decodes from here until a picture comes out.
fn first_picture(input: &mut Input, stream: usize) -> Result<Frame, AvError> {
    let view = input.stream_view(stream).ok_or(AvError::NotFound)?;
    let mut decoder = Decoder::open_within(&view, MAX_PIXELS_OF_OTHERS)?;
    let mut packet = Packet::empty();
    let mut frame = Frame::new()?;
    let mut damage = None;
    for _ in 0..MAX_PACKETS {
        let more = input.read(&mut packet)?;
        if more && packet.stream() != stream {
            continue;
        }
        // A damaged packet is left out; the next keyframe may be whole.
        if let Err(error) = decoder.send(more.then_some(&packet)) {
            damage = Some(error);
        }
        match decoder.receive(&mut frame) {
            Ok(Step::Ready) => return Ok(frame),
            Ok(Step::Hungry | Step::End) => {}
            Err(error) => damage = Some(error),
        }
        if !more {
            break;
        }
    }
    Err(damage.unwrap_or_else(|| AvError::Damaged("no picture came out".into())))
}

/// What a thumbnail needs to know of a film.
struct Film {
    stream: usize,
    time_base: Rational,
    start: i64,
    length_ms: Option<i64>,
    aspect: Rational,
    turn: Turn,
}

impl Film {
    fn of(input: &Input) -> Option<Self> {
        let stream = input
            .streams()
            .find(|stream| stream.kind() == Kind::Video && !stream.is_cover())?;
        refuse_giants(&stream).ok()?;
        Some(Self {
            stream: stream.index(),
            time_base: Some(stream.time_base()).filter(|base| base.is_valid())?,
            start: stream.start_pts().unwrap_or(0),
            length_ms: input.duration_us().map(|us| us / 1000),
            aspect: stream.sample_aspect(),
            turn: Turn::of_stream(&stream),
        })
    }

    fn picture_at(
        &self,
        input: &mut Input,
        ms: i64,
        bounds: PictureBounds,
    ) -> Result<Jpeg, AvError> {
        // Past the end there is nothing to land on.
        let last = self.length_ms.map_or(i64::MAX, |length| length - TAIL_MS);
        let ms = ms.min(last).max(0);
        let ticks = self
            .start
            .saturating_add(rescale(ms, MILLISECONDS, self.time_base));
        match input.seek_back_to(self.stream, ticks) {
            Ok(()) => {}
            Err(error @ (AvError::Read(_) | AvError::OutOfMemory)) => return Err(error),
            // A file without an index may not be sought in; where reading stands is a place too.
            Err(_) => {}
        }
        let frame = first_picture(input, self.stream)?;
        fit(&frame, self.turn, self.aspect, bounds)
    }
}

/// How a picture must be turned to stand upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    /// libavfilter's words, each with a comma before it.
    chain: &'static str,
    swaps_sides: bool,
}

impl Turn {
    /// From EXIF orientation 1-8 (Exif 2.3, 4.6.4).
    fn of_exif(orientation: u8) -> Self {
        let (chain, swaps_sides) = match orientation {
            2 => (",hflip", false),
            3 => (",hflip,vflip", false),
            4 => (",vflip", false),
            5 => (",transpose=cclock_flip", true),
            6 => (",transpose=clock", true),
            7 => (",transpose=clock_flip", true),
            8 => (",transpose=cclock", true),
            _ => ("", false),
        };
        Self { chain, swaps_sides }
    }

    fn of_stream(stream: &Stream<'_>) -> Self {
        let degrees = stream
            .display_matrix()
            .and_then(|matrix| quarter_turn(&matrix));
        Self::of_exif(match degrees {
            Some(90) => 6,
            Some(180) => 3,
            Some(270) => 8,
            _ => 1,
        })
    }
}

/// Turns and scales `frame` into the bounds, with square pixels, never larger than it is.
fn fit(
    frame: &Frame,
    turn: Turn,
    aspect: Rational,
    bounds: PictureBounds,
) -> Result<Jpeg, AvError> {
    let (stored_width, stored_height) = frame.size();
    let (width, height) = fitted(
        (
            f64::from(stored_width) * aspect.as_f64(),
            stored_height.into(),
        ),
        turn,
        bounds,
    );
    let chain = format!(
        "scale={width}:{height}:flags=area:out_range=full{},setsar=1",
        turn.chain
    );
    still::to_jpeg(frame, &chain)
}

/// The size to scale to before turning; whole, even, and at least two.
fn fitted((width, height): (f64, f64), turn: Turn, bounds: PictureBounds) -> (u32, u32) {
    let (most_width, most_height) = if turn.swaps_sides {
        (bounds.max_height, bounds.max_width)
    } else {
        (bounds.max_width, bounds.max_height)
    };
    let scale = (f64::from(most_width) / width)
        .min(f64::from(most_height) / height)
        .min(1.0);
    let even = |side: f64| ((side * scale / 2.0).round() as u32 * 2).max(2);
    (even(width), even(height))
}

fn send(jpeg: &Jpeg, reply: &mut dyn Reply) -> Output {
    reply.data(&jpeg.bytes);
    Output::Picture(PictureInfo {
        width: jpeg.width,
        height: jpeg.height,
        main_colour: jpeg.look.mean_colour,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_fitted_and_never_enlarged() {
        let bounds = PictureBounds {
            max_width: 320,
            max_height: 480,
        };
        for (size, orientation, want) in [
            ((1920.0, 1080.0), 1, (320, 180)),
            ((1080.0, 1920.0), 1, (270, 480)),
            ((1920.0, 1080.0), 6, (480, 270)),
            ((100.0, 50.0), 1, (100, 50)),
            ((4000.0, 1.0), 1, (320, 2)),
        ] {
            let turn = Turn::of_exif(orientation);
            assert_eq!(fitted(size, turn, bounds), want, "{size:?}");
        }
    }

    #[test]
    fn a_jpeg_is_halved_only_while_it_still_fills_the_bounds() {
        let bounds = PictureBounds {
            max_width: 400,
            max_height: 400,
        };
        for (size, want) in [
            ((4000, 3000), 3),
            ((1600, 1200), 2),
            ((700, 500), 0),
            ((90, 90), 0),
        ] {
            assert_eq!(halvings(size, 1, bounds), want, "{size:?}");
        }
    }
}
