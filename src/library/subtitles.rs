//! Text subtitles as WebVTT, made by a worker once and kept in the state folder.
//!
//! Never: pictures as subtitles.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::inner::Inner;
use super::kept::{keep, read};
use super::source::open_regular;
use super::walk::absolute;
use super::{FileId, ItemId, LibraryError, Source};
use crate::base::rational::{MICROSECONDS, rescale};
use crate::db::{files, side_subtitles};
use crate::media::codec::SubtitleCodec;
use crate::media::job::{Job, SubtitleFileFormat};
use crate::pool::{Lane, PoolError};

/// A larger subtitle file is none.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

impl Inner {
    pub(super) async fn subtitle(&self, item: ItemId, id: &str) -> Result<Bytes, LibraryError> {
        let source = self.source_with_grid(item).await?;
        if !source.subtitles.iter().any(|known| known.id == id) {
            return Err(LibraryError::NotFound);
        }
        let number = |prefix: char| {
            id.strip_prefix(prefix)
                .and_then(|text| text.parse::<i64>().ok())
        };
        if let Some(stream) = number('e').and_then(|n| u32::try_from(n).ok()) {
            return self.embedded(&source, stream, Lane::Viewer).await;
        }
        self.beside(&source, number('x').ok_or(LibraryError::NotFound)?)
            .await
    }

    /// Extracts all embedded text subtitles of a film ahead of its first viewer; answers false when
    /// the worker program or the server is at its end.
    pub(super) async fn extract_ahead(
        &self,
        file: FileId,
        item: ItemId,
    ) -> Result<bool, LibraryError> {
        let source = match self.source(item).await {
            Ok(source) => source,
            Err(LibraryError::Db(error)) => return Err(error.into()),
            Err(_) => return Ok(true),
        };
        let streams = source
            .info
            .subtitles
            .iter()
            .filter(|track| track.codec.is_text());
        for stream in streams.map(|track| track.stream) {
            match self.embedded(&source, stream, Lane::Idle).await {
                Err(LibraryError::Worker(_) | LibraryError::Busy) => return Ok(false),
                Err(LibraryError::Db(error)) => return Err(error.into()),
                // Its disk is away: another time.
                Err(LibraryError::NotAnswering | LibraryError::NotAvailable) => return Ok(true),
                Ok(_) | Err(_) => {}
            }
        }
        self.db
            .write(move |conn| files::set_texts_done(conn, file))
            .await?;
        Ok(true)
    }

    async fn embedded(
        &self,
        source: &Source,
        stream: u32,
        lane: Lane,
    ) -> Result<Bytes, LibraryError> {
        let origin_us = origin_us(source);
        let path = self.text_path(&format!("{:016x}-{stream}-{origin_us}", source.fingerprint));
        let open = source.opener.clone().open();
        let job = Job::Subtitle { stream, origin_us };
        self.text(path, job, lane, open).await
    }

    async fn beside(&self, source: &Source, id: i64) -> Result<Bytes, LibraryError> {
        let file = source.file_id;
        let (rows, row) = self
            .db
            .read(move |conn| {
                Ok((
                    side_subtitles::of_file(conn, file)?,
                    files::playable(conn, file)?,
                ))
            })
            .await?;
        let row = row.ok_or(LibraryError::NotFound)?;
        let subtitle = rows
            .into_iter()
            .find(|row| row.id == id)
            .ok_or(LibraryError::NotFound)?;
        let format = match subtitle.codec {
            SubtitleCodec::Srt => SubtitleFileFormat::Srt,
            SubtitleCodec::Ass => SubtitleFileFormat::Ass,
            SubtitleCodec::WebVtt => SubtitleFileFormat::WebVtt,
            _ => return Err(LibraryError::NotFound),
        };
        let key = super::beside::key(
            &[&subtitle.path[..], row.root.as_os_str().as_encoded_bytes()].concat(),
        );
        let path = self.text_path(&format!("x{key:016x}-{:016x}", subtitle.stamp));
        let (absolute, roots) = (absolute(&row.root, &subtitle.path), self.roots());
        let disk = self.disks.of(&row.root);
        let open = move || {
            let (file, size_bytes, _) =
                open_regular(&absolute, &roots).map_err(|_| LibraryError::NotAvailable)?;
            if size_bytes > MOST_BYTES {
                Err(LibraryError::Unreadable)
            } else {
                Ok(file)
            }
        };
        let opened = async move { disk.run(open).await? };
        let job = Job::SubtitleFile { format };
        self.text(path, job, Lane::Viewer, opened).await
    }

    async fn text(
        &self,
        path: PathBuf,
        job: Job,
        lane: Lane,
        open: impl Future<Output = Result<std::fs::File, LibraryError>>,
    ) -> Result<Bytes, LibraryError> {
        if let Some(bytes) = read(&path).await {
            return Ok(bytes);
        }
        let turn = self.turn(&path);
        let _held = turn.lock.lock().await;
        match read(&path).await {
            Some(bytes) => Ok(bytes),
            None => self.text_alone(&path, job, lane, open).await,
        }
    }

    async fn text_alone(
        &self,
        path: &std::path::Path,
        job: Job,
        lane: Lane,
        open: impl Future<Output = Result<std::fs::File, LibraryError>>,
    ) -> Result<Bytes, LibraryError> {
        let file = open.await?;
        match self.pool.collect(lane, job, vec![file.into()]).await {
            Ok((_, bytes)) => {
                keep(path, bytes.clone()).await;
                self.prune_wanted.store(true, Ordering::Relaxed);
                Ok(bytes)
            }
            Err(PoolError::Closed) => Err(LibraryError::Busy),
            Err(PoolError::Start(error)) => Err(LibraryError::Worker(error.to_string())),
            Err(_) => Err(LibraryError::Unreadable),
        }
    }

    fn text_path(&self, name: &str) -> PathBuf {
        self.config
            .state_dir
            .join("subtitles")
            .join(format!("{name}.vtt"))
    }
}

/// The player's time zero in the source's time: the grid's, or the first track's where there is
/// none yet.
fn origin_us(source: &Source) -> i64 {
    if let Some(grid) = &source.grid {
        return rescale(grid.origin(), grid.time_base, MICROSECONDS);
    }
    let video = source
        .info
        .video
        .first()
        .map(|track| (track.start_pts, track.time_base));
    let audio = source
        .info
        .audio
        .first()
        .map(|track| (track.start_pts, track.time_base));
    match video.or(audio) {
        Some((Some(start), base)) if base.is_valid() => rescale(start, base, MICROSECONDS),
        _ => 0,
    }
}
