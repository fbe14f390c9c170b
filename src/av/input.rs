//! A media file opened for reading through a descriptor that someone else opened.
//!
//! Never: a path; swallowing a read error.

use std::ffi::CStr;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::ptr;

use alcove::base::rational::{MICROSECONDS, rescale};
use ffmpeg_next::packet::Mut as _;
use ffmpeg_next::{Packet, ffi, format};
use libc::{c_int, c_void};

use super::error::{AvError, check};
use super::file;
use super::tags;

/// How much work opening may cost.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// Bytes read at once.
    pub buffer_bytes: usize,
    /// Most bytes looked at to tell the format and the streams.
    pub probe_bytes: i64,
    /// Most time of the film looked at to complete stream parameters.
    pub analyze_us: i64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            buffer_bytes: 64 << 10,
            probe_bytes: 2 << 20,
            analyze_us: 2_000_000,
        }
    }
}

/// The demuxers that hold films, music or pictures. Playlists, which make libav open other
/// addresses, text that libav would draw, and game formats are not among them.
const DEMUXERS: &CStr = c"mov,matroska,mpegts,mpeg,avi,asf,asf_o,flv,ogg,mp3,flac,wav,w64,aiff,aac,ac3,eac3,dts,dtshd,truehd,mlp,ape,wv,tta,tak,mpc,mpc8,dsf,amr,caf,au,rm,h264,hevc,m4v,mpegvideo,obu,ivf,dv,mxf,nut,wtv,gif,apng,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,srt,ass,webvtt";

/// One place that a container's index names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Decoding or presentation time, as the container has it, in ticks of the stream.
    pub ticks: i64,
    pub offset: i64,
    pub is_key: bool,
}

/// Whether packets hold the file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    Read,
    Skipped,
}

/// An open media file. Reads at its own position, so the descriptor may be shared.
pub struct Input {
    // Dropped by hand, before `io`: closing the context may still read.
    context: ManuallyDrop<format::context::Input>,
    io: FileIo,
    has_stream_info: bool,
}

impl Input {
    /// Opens the container and reads its headers; stream parameters may still be incomplete.
    ///
    /// # Errors
    /// [`AvError::Read`] when the descriptor is no readable regular file, [`AvError::Empty`] at
    /// length zero, otherwise what libav says of the headers.
    pub fn open(file: OwnedFd, options: OpenOptions) -> Result<Self, AvError> {
        Self::open_as(file, options, None)
    }

    /// As [`Input::open`], with the demuxer chosen instead of guessed.
    ///
    /// # Errors
    /// As [`Input::open`], and [`AvError::Unsupported`] when libav has no such demuxer.
    pub fn open_as(
        file: OwnedFd,
        options: OpenOptions,
        demuxer: Option<&CStr>,
    ) -> Result<Self, AvError> {
        let io = FileIo::new(file, options.buffer_bytes)?;
        let format = match demuxer {
            None => ptr::null(),
            Some(name) => {
                // SAFETY: the name ends in NUL; libav's list of demuxers is static.
                let found = unsafe { ffi::av_find_input_format(name.as_ptr()) };
                if found.is_null() {
                    return Err(AvError::Unsupported("no reader for this format".into()));
                }
                found
            }
        };
        // SAFETY: a fresh context is filled in before use. avformat_open_input takes it over and
        // frees it on failure; with `pb` set beforehand it never frees `pb`, which `io` owns.
        let context = unsafe {
            let mut context = ffi::avformat_alloc_context();
            if context.is_null() {
                return Err(AvError::OutOfMemory);
            }
            (*context).pb = io.context;
            (*context).probesize = options.probe_bytes;
            (*context).max_analyze_duration = options.analyze_us;
            (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
            // Freed with the context's other options.
            (*context).format_whitelist = ffi::av_strdup(DEMUXERS.as_ptr());
            let code = ffi::avformat_open_input(
                &raw mut context,
                c"".as_ptr(),
                format.cast_mut().cast(),
                ptr::null_mut(),
            );
            io.error()
                .or_else(|error| if code < 0 { Err(error) } else { Ok(()) })?;
            check("not a media file", code)?;
            format::context::Input::wrap(context)
        };
        Ok(Self {
            context: ManuallyDrop::new(context),
            io,
            has_stream_info: false,
        })
    }

    /// libav's context, for its streams.
    pub fn context(&self) -> &format::context::Input {
        &self.context
    }

    pub fn as_mut_ptr(&mut self) -> *mut ffi::AVFormatContext {
        // SAFETY: only hands out the pointer; the context lives as long as `self`.
        unsafe { self.context.as_mut_ptr() }
    }

    pub fn as_ptr(&self) -> *const ffi::AVFormatContext {
        // SAFETY: only hands out the pointer; the context lives as long as `self`.
        unsafe { self.context.as_ptr() }
    }

    /// Reads packets until the parameters of all streams are known, within the limits of opening.
    ///
    /// Does nothing the second time: libav 5.1 crashes then.
    ///
    /// # Errors
    /// What reading or libav says.
    pub fn find_stream_info(&mut self) -> Result<(), AvError> {
        if std::mem::replace(&mut self.has_stream_info, true) {
            return Ok(());
        }
        // SAFETY: the context is open; no options are passed.
        let code = unsafe { ffi::avformat_find_stream_info(self.as_mut_ptr(), ptr::null_mut()) };
        self.io.error()?;
        check("reading the streams", code).map(drop)
    }

    /// Reads the next packet of any stream that is not discarded; false at the end of the file.
    ///
    /// # Errors
    /// What reading or libav says; an error of the disk is never taken for the end.
    pub fn read(&mut self, packet: &mut Packet) -> Result<bool, AvError> {
        // SAFETY: the packet is a valid owned one; unref before reuse frees what it held.
        let code = unsafe {
            ffi::av_packet_unref(packet.as_mut_ptr());
            ffi::av_read_frame(self.as_mut_ptr(), packet.as_mut_ptr())
        };
        self.io.error()?;
        if code == ffi::AVERROR_EOF {
            return Ok(false);
        }
        check("reading a packet", code).map(|_| true)
    }

    /// Drops packets of every stream but `keep` while reading.
    pub fn keep_only(&mut self, keep: &[usize]) {
        for index in 0..self.stream_count() {
            let discard = if keep.contains(&index) {
                ffi::AVDiscard::AVDISCARD_DEFAULT
            } else {
                ffi::AVDiscard::AVDISCARD_ALL
            };
            // SAFETY: the index is below nb_streams, so the pointer is to a live stream.
            unsafe { (**(*self.as_mut_ptr()).streams.add(index)).discard = discard };
        }
    }

    /// Number of streams found so far.
    pub fn stream_count(&self) -> usize {
        // SAFETY: the context is live.
        unsafe { (*self.as_ptr()).nb_streams as usize }
    }

    /// The raw stream at `index`; `None` past the end. Valid as long as `self` is not read from.
    pub fn stream(&self, index: usize) -> Option<&ffi::AVStream> {
        (index < self.stream_count())
            // SAFETY: libav keeps nb_streams valid pointers there until the context is closed.
            .then(|| unsafe { &**(*self.as_ptr()).streams.add(index) })
    }

    /// Moves to the last keyframe of `stream` at or before `ticks` of its time base.
    ///
    /// # Errors
    /// What reading or libav says; the position is then undefined.
    pub fn seek_back_to(&mut self, stream: usize, ticks: i64) -> Result<(), AvError> {
        self.seek_within(stream, i64::MIN, ticks, ticks)
    }

    /// Moves to a place of `stream` between `min` and `max` ticks, as near to `ticks` as there is one.
    ///
    /// # Errors
    /// As [`Input::seek_back_to`].
    pub fn seek_within(
        &mut self,
        stream: usize,
        min: i64,
        ticks: i64,
        max: i64,
    ) -> Result<(), AvError> {
        let index = c_int::try_from(stream).map_err(|_| AvError::NotFound)?;
        // SAFETY: the context is open; libav checks the stream's index itself.
        let code = unsafe { ffi::avformat_seek_file(self.as_mut_ptr(), index, min, ticks, max, 0) };
        self.io.error()?;
        check("seeking", code).map(drop)
    }

    /// The demuxer's names, comma-separated, such as `mov,mp4,m4a,3gp,3g2,mj2`.
    pub fn format_name(&self) -> &'static str {
        // SAFETY: an open context has a demuxer; its name is static and ASCII.
        let name = unsafe { CStr::from_ptr((*(*self.as_ptr()).iformat).name) };
        name.to_str().unwrap_or("")
    }

    /// Length of the presentation in microseconds, where the container or its streams say.
    pub fn duration_us(&self) -> Option<i64> {
        // SAFETY: the context is live.
        let whole = unsafe { (*self.as_ptr()).duration };
        if whole > 0 {
            return Some(whole);
        }
        self.streams()
            .filter(|stream| !stream.is_cover() && stream.time_base().is_valid())
            .filter_map(|stream| {
                Some(rescale(
                    stream.duration()?,
                    stream.time_base(),
                    MICROSECONDS,
                ))
            })
            .max()
    }

    /// The container's own tags.
    pub fn tags(&self) -> Vec<(String, String)> {
        // SAFETY: null or a dictionary that lives as long as the context.
        unsafe { tags::read((*self.as_ptr()).metadata) }
    }

    /// Bytes `offset..` of the file, as many as fit and there are; libav's position stays.
    ///
    /// # Errors
    /// [`AvError::Read`].
    pub fn peek(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, AvError> {
        self.io
            .source()
            .file
            .read_at(buffer, offset)
            .map_err(|error| AvError::Read(error.to_string()))
    }

    /// Bytes of the file.
    pub fn size_bytes(&self) -> u64 {
        self.io.source().size
    }

    /// With [`Contents::Skipped`] packets keep their times, sizes and flags but hold no bytes of
    /// the file: nothing is read from the disk. For demuxers that have read their whole index already.
    pub fn set_contents(&mut self, contents: Contents) {
        // SAFETY: both are live; libav is not running while `self` is borrowed mutably.
        unsafe {
            (*self.io.source).contents = contents;
            let flags = &mut (*self.as_mut_ptr()).flags;
            match contents {
                // A parser would take the zeros for the codec's own words.
                Contents::Skipped => *flags |= ffi::AVFMT_FLAG_NOPARSE,
                Contents::Read => *flags &= !ffi::AVFMT_FLAG_NOPARSE,
            }
        }
    }

    /// The index that the container brought along, entries in the order of the file.
    pub fn index_entries(&self, stream: usize) -> Vec<IndexEntry> {
        let Some(raw) = self.stream(stream) else {
            return Vec::new();
        };
        let raw = (&raw const *raw).cast_mut();
        // SAFETY: the stream is live and each number is below the count; libav's entry stays
        // valid until the next call that reads, and is copied out at once.
        unsafe {
            (0..ffi::avformat_index_get_entries_count(raw))
                .filter_map(|number| ffi::avformat_index_get_entry(raw, number).as_ref())
                .map(|entry| IndexEntry {
                    ticks: entry.timestamp,
                    offset: entry.pos,
                    is_key: entry.flags() & ffi::AVINDEX_KEYFRAME != 0,
                })
                .collect()
        }
    }

    /// Where in the file reading has come to, in bytes.
    pub fn position_bytes(&self) -> u64 {
        self.io.source().position
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // SAFETY: dropped exactly once, here; `io`, which it reads through, is dropped after.
        unsafe { ManuallyDrop::drop(&mut self.context) };
    }
}

/// The file behind libav's reads.
struct Source {
    file: File,
    position: u64,
    size: u64,
    /// The first error of the operating system; libav itself forgets it.
    error: Option<String>,
    contents: Contents,
}

/// An AVIOContext and the file it reads from.
struct FileIo {
    context: *mut ffi::AVIOContext,
    // Raw, because libav's callbacks reach it through their own pointer; owned by this struct.
    source: *mut Source,
}

impl FileIo {
    fn new(file: OwnedFd, buffer_bytes: usize) -> Result<Self, AvError> {
        let size = file::size_bytes(&file)?;
        let file = File::from(file);
        let length = c_int::try_from(buffer_bytes).map_err(|_| AvError::OutOfMemory)?;
        let source = Box::into_raw(Box::new(Source {
            file,
            position: 0,
            size,
            error: None,
            contents: Contents::Read,
        }));
        // SAFETY: the buffer comes from av_malloc as avio_alloc_context demands; on failure both
        // are freed here, otherwise in Drop. `source` outlives the AVIOContext (see Drop).
        unsafe {
            let buffer = ffi::av_malloc(buffer_bytes).cast::<u8>();
            let context = if buffer.is_null() {
                ptr::null_mut()
            } else {
                ffi::avio_alloc_context(
                    buffer,
                    length,
                    0,
                    source.cast::<c_void>(),
                    Some(read_packet),
                    None,
                    Some(seek),
                )
            };
            if context.is_null() {
                ffi::av_free(buffer.cast());
                drop(Box::from_raw(source));
                return Err(AvError::OutOfMemory);
            }
            Ok(Self { context, source })
        }
    }

    fn source(&self) -> &Source {
        // SAFETY: owned, and libav only touches it during calls that borrow the Input mutably.
        unsafe { &*self.source }
    }

    fn error(&self) -> Result<(), AvError> {
        match &self.source().error {
            None => Ok(()),
            Some(text) => Err(AvError::Read(text.clone())),
        }
    }
}

impl Drop for FileIo {
    fn drop(&mut self) {
        // SAFETY: the format context that used this one is closed, so nothing reads any more.
        // libav may have replaced the buffer, so the one it holds now is freed.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&raw mut self.context);
            drop(Box::from_raw(self.source));
        }
    }
}

unsafe extern "C" fn read_packet(opaque: *mut c_void, buffer: *mut u8, length: c_int) -> c_int {
    // SAFETY: `opaque` is the Source of the FileIo whose context calls here, and libav calls
    // from one thread at a time.
    let source = unsafe { &mut *opaque.cast::<Source>() };
    let (Ok(wanted), Ok(position)) = (usize::try_from(length), source.position.try_into()) else {
        return ffi::AVERROR(libc::EINVAL);
    };
    if source.contents == Contents::Skipped {
        let left = source.size.saturating_sub(source.position);
        let count = usize::try_from(left).map_or(wanted, |left| left.min(wanted));
        if count == 0 {
            return ffi::AVERROR_EOF;
        }
        // SAFETY: `count` is at most `length`, which libav allows to be written.
        unsafe { ptr::write_bytes(buffer, 0, count) };
        source.position += count as u64;
        return c_int::try_from(count).unwrap_or(length);
    }
    loop {
        // SAFETY: libav allows `length` bytes of `buffer` to be written.
        let count =
            unsafe { libc::pread64(source.file.as_raw_fd(), buffer.cast(), wanted, position) };
        match count {
            0 => return ffi::AVERROR_EOF,
            1.. => {
                source.position += count.cast_unsigned() as u64;
                // No more than `length` came.
                return c_int::try_from(count).unwrap_or(length);
            }
            _ => {
                let error = std::io::Error::last_os_error();
                if error.kind() == std::io::ErrorKind::Interrupted {
                    continue;
                }
                source.error.get_or_insert_with(|| error.to_string());
                return ffi::AVERROR(error.raw_os_error().unwrap_or(libc::EIO));
            }
        }
    }
}

unsafe extern "C" fn seek(opaque: *mut c_void, offset: i64, whence: c_int) -> i64 {
    // SAFETY: as in read_packet.
    let source = unsafe { &mut *opaque.cast::<Source>() };
    let size = i64::try_from(source.size).unwrap_or(i64::MAX);
    let position = i64::try_from(source.position).unwrap_or(i64::MAX);
    let target = match whence & !ffi::AVSEEK_FORCE {
        ffi::AVSEEK_SIZE => return size,
        libc::SEEK_SET => Some(offset),
        libc::SEEK_CUR => position.checked_add(offset),
        libc::SEEK_END => size.checked_add(offset),
        _ => None,
    };
    match target.and_then(|target| u64::try_from(target).ok()) {
        Some(target) => {
            source.position = target;
            target.cast_signed()
        }
        None => i64::from(ffi::AVERROR(libc::EINVAL)),
    }
}
