//! What a session needs of a file, whoever keeps the files.
//!
//! Never: a path, a title, a look into the library.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use crate::base::rational::{MILLISECONDS, rescale};
use crate::media::grid::{GridError, SegmentGrid};
use crate::media::info::MediaInfo;

/// A file that is being opened; a sleeping disk takes its time.
pub type Opening = Pin<Box<dyn Future<Output = io::Result<File>> + Send>>;
/// Opens the file anew; each job gets a descriptor of its own.
pub type Opener = Arc<dyn Fn() -> Opening + Send + Sync>;

/// One file that can be cut into segments. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    pub opener: Opener,
    /// The library's number of the file.
    pub file_id: i64,
    /// Changes whenever the content does.
    pub fingerprint: u64,
    pub info: Arc<MediaInfo>,
    grid: Arc<SegmentGrid>,
    grid_hash: u64,
}

impl Source {
    /// A file together with the grid that its playback lies on.
    pub fn new(
        opener: Opener,
        file_id: i64,
        fingerprint: u64,
        info: Arc<MediaInfo>,
        grid: Arc<SegmentGrid>,
    ) -> Self {
        let mut hasher = DefaultHasher::new();
        grid.hash(&mut hasher);
        Self {
            opener,
            file_id,
            fingerprint,
            info,
            grid,
            grid_hash: hasher.finish(),
        }
    }

    pub fn grid(&self) -> &SegmentGrid {
        &self.grid
    }

    /// Tells apart the segments of different contents and different cuts.
    pub fn key(&self) -> SourceKey {
        SourceKey {
            file_id: self.file_id,
            fingerprint: self.fingerprint,
            grid_hash: self.grid_hash,
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("file_id", &self.file_id)
            .field("segments", &self.grid.len())
            .finish_non_exhaustive()
    }
}

/// Content and cuts, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceKey {
    file_id: i64,
    fingerprint: u64,
    grid_hash: u64,
}

/// The grid of a file of which only the headers are known.
///
/// Starts at the first frame of the picture, or of the sound where there is none, and has the
/// length that the container states. The same headers always give the same grid.
///
/// # Errors
/// [`GridError::NoLength`] when the container states no length or there is no track.
pub fn regular_grid(info: &MediaInfo) -> Result<SegmentGrid, GridError> {
    let duration_ms = info.duration_ms.filter(|&ms| ms > 0);
    let duration_ms = i64::try_from(duration_ms.ok_or(GridError::NoLength)?);
    let duration_ms = duration_ms.map_err(|_| GridError::NoLength)?;
    let video = info.video.first().map(|t| (t.time_base, t.start_pts));
    let audio = info.audio.first().map(|t| (t.time_base, t.start_pts));
    let (time_base, start) = video.or(audio).ok_or(GridError::NoLength)?;
    if !time_base.is_valid() {
        return Err(GridError::BadTimeBase);
    }
    let start = start.unwrap_or(0);
    let length = rescale(duration_ms, MILLISECONDS, time_base);
    let end = start.checked_add(length).ok_or(GridError::NoLength)?;
    SegmentGrid::regular(time_base, start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rational::Rational;
    use crate::media::codec::Container;
    use crate::transcode::test_media::{audio, info, video};

    #[test]
    fn headers_alone_give_a_grid_from_the_first_frame_on() {
        let mut film = info(
            Container::MpegTs,
            vec![video("mpeg2video")],
            vec![audio(1, "ac3")],
        );
        film.video[0].start_pts = Some(126_000);
        film.video[0].time_base = Rational::new(1, 90_000);
        film.duration_ms = Some(12_500);
        let grid = regular_grid(&film).expect("grid");
        assert_eq!(grid.boundaries, [126_000, 576_000, 1_251_000]);
        assert!(!grid.remuxable);
        assert_eq!(grid.total_us(), 12_500_000);
    }

    #[test]
    fn no_length_and_no_track_give_no_grid() {
        let mut film = info(Container::Mp4, vec![video("h264")], vec![]);
        for duration in [None, Some(0), Some(u64::MAX)] {
            film.duration_ms = duration;
            assert!(regular_grid(&film).is_err(), "{duration:?}");
        }
        let empty = info(Container::Mp4, vec![], vec![]);
        assert_eq!(regular_grid(&empty), Err(GridError::NoLength));
    }
}
