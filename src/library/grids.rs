//! Where films are cut: found once for a content, stored, never changed.
//!
//! Never: a grid of its own making; that is `media::grid`'s.

use std::sync::Arc;

use super::inner::{Inner, Work};
use super::problem::is_lasting;
use super::read::{parse_grid, parse_info};
use super::{FileId, ItemId, LibraryError, Source};
use crate::db::files;
use crate::media::grid::SegmentGrid;
use crate::media::job::{IndexEffort, Job, JobError, Output};
use crate::pool::{Lane, PoolError};

/// Nothing in the container's index; the packets must be walked.
const STATE_WALK: u8 = 1;
/// No grid from keyframes is possible.
const STATE_NONE: u8 = 3;

impl Inner {
    pub(super) async fn source_with_grid(&self, item: ItemId) -> Result<Source, LibraryError> {
        let mut source = self.source(item).await?;
        if source.grid.is_none() {
            source.grid = self
                .find_grid(source.file_id, IndexEffort::ContainerOnly, Lane::Viewer)
                .await?;
        }
        Ok(source)
    }

    /// Looks for a film's keyframes and stores the grid. `None` when there is none this way.
    pub(super) async fn find_grid(
        &self,
        file: FileId,
        effort: IndexEffort,
        lane: Lane,
    ) -> Result<Option<Arc<SegmentGrid>>, LibraryError> {
        let found = self
            .db
            .read(move |conn| files::playable(conn, file))
            .await?;
        let Some(row) = found.filter(|row| row.available) else {
            return Ok(None);
        };
        if let Some(grid) = row.grid.as_deref().and_then(parse_grid) {
            return Ok(Some(Arc::new(grid)));
        }
        let is_tried = row.grid_state == STATE_NONE
            || (row.grid_state == STATE_WALK && effort == IndexEffort::ContainerOnly);
        let track = parse_info(&row).and_then(|info| info.video.first().map(|track| track.stream));
        let work = Work::Grid(file);
        if !self.may_try(work) {
            return Ok(None);
        }
        let Some(stream) = track.filter(|_| !is_tried) else {
            if !is_tried {
                self.note_grid(file, STATE_NONE).await?;
            }
            return Ok(None);
        };
        let opener = self.opener(&row);
        let media = match opener.open().await {
            Ok(media) => media,
            Err(error @ (LibraryError::NotAnswering | LibraryError::Busy))
                if lane == Lane::Viewer =>
            {
                return Err(error);
            }
            // Nobody waits for this one: on to the next.
            Err(LibraryError::NotAnswering) => {
                self.note_failure(work);
                return Ok(None);
            }
            Err(_) => return Ok(None),
        };
        let job = Job::Index { stream, effort };
        match self.pool.run(lane, job, vec![media.into()], |_| {}).await {
            Ok(Output::Keyframes(index)) => match SegmentGrid::from_keyframes(&index) {
                Ok(grid) => self.keep_grid(file, row.fingerprint, &grid).await,
                Err(_) => self.note_grid(file, STATE_NONE).await,
            },
            Err(PoolError::Job(JobError::NotFound)) if effort == IndexEffort::ContainerOnly => {
                self.note_grid(file, STATE_WALK).await
            }
            Err(PoolError::Closed) => Ok(None),
            Err(PoolError::Start(error)) => Err(LibraryError::Worker(error.to_string())),
            Err(error) if is_lasting(&error) => self.note_grid(file, STATE_NONE).await,
            Ok(_) | Err(_) => {
                self.note_failure(work);
                Ok(None)
            }
        }
    }

    async fn note_grid(
        &self,
        file: FileId,
        state: u8,
    ) -> Result<Option<Arc<SegmentGrid>>, LibraryError> {
        self.db
            .write(move |conn| files::set_grid_state(conn, file, state))
            .await?;
        Ok(None)
    }

    /// Stores a grid unless one is stored; answers the stored one. `None` when the file has changed
    /// or was forgotten since its keyframes were looked for.
    async fn keep_grid(
        &self,
        file: FileId,
        fingerprint: u64,
        grid: &SegmentGrid,
    ) -> Result<Option<Arc<SegmentGrid>>, LibraryError> {
        let bytes =
            postcard::to_stdvec(grid).map_err(|error| LibraryError::Worker(error.to_string()))?;
        let stored = self
            .db
            .write(move |conn| files::put_grid(conn, file, fingerprint, &bytes))
            .await?;
        Ok(stored.as_deref().and_then(parse_grid).map(Arc::new))
    }
}
