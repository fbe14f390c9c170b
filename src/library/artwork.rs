//! The pictures of items, made once by a worker and kept in the state folder.
//!
//! Never: decoding a picture here; a picture of a file that the scan has not seen.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::inner::{Inner, Work};
use super::kept::{keep, read};
use super::problem::is_lasting;
use super::source::{Opener, open_regular};
use super::walk::absolute;
use super::{ArtKind, ArtSize, Artwork, FileId, ItemId, ItemKind, LibraryError, UserId};
use crate::db::art::{self, ArtSource, StoredArt};
use crate::db::files;
use crate::media::job::{Job, Output, PictureBounds, PictureInfo};
use crate::pool::{Lane, PoolError};

/// Nobody: pictures do not depend on who looks.
const NOBODY: UserId = UserId(0);

/// A picture's size as it is named in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Small,
    Large,
    Screen,
}

impl Made {
    fn bounds(self) -> PictureBounds {
        let (max_width, max_height) = match self {
            Self::Small => (640, 600),
            Self::Large => (1280, 1280),
            Self::Screen => (2560, 2560),
        };
        PictureBounds {
            max_width,
            max_height,
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Small => 's',
            Self::Large => 'l',
            Self::Screen => 'x',
        }
    }
}

impl From<ArtSize> for Made {
    fn from(size: ArtSize) -> Self {
        match size {
            ArtSize::Small => Self::Small,
            ArtSize::Large => Self::Large,
        }
    }
}

impl Inner {
    pub(super) async fn artwork(
        &self,
        item: ItemId,
        kind: ArtKind,
        size: ArtSize,
    ) -> Result<Artwork, LibraryError> {
        let found = self
            .db
            .read(move |conn| art::of_item(conn, item, kind))
            .await?;
        let Some(stored) = found else {
            self.summary(NOBODY, item).await?;
            return Err(LibraryError::NoPicture);
        };
        self.picture(&stored, size.into(), Lane::Viewer).await
    }

    pub(super) async fn photo(&self, item: ItemId) -> Result<Artwork, LibraryError> {
        if self.summary(NOBODY, item).await?.kind != ItemKind::Photo {
            return Err(LibraryError::NoPicture);
        }
        let found = self
            .db
            .read(move |conn| art::of_item(conn, item, ArtKind::Poster))
            .await?;
        let stored = found.filter(|stored| stored.art.source == ArtSource::Photo);
        self.picture(
            &stored.ok_or(LibraryError::NoPicture)?,
            Made::Screen,
            Lane::Viewer,
        )
        .await
    }

    /// Makes the small picture ahead of its first viewer; answers false when the worker program or
    /// the server is at its end.
    pub(super) async fn make_ahead(&self, stored: &StoredArt) -> bool {
        match self.picture(stored, Made::Small, Lane::Idle).await {
            Ok(_) | Err(LibraryError::NoPicture | LibraryError::NotAvailable) => true,
            Err(error) => {
                log::debug!("a picture was not made: {error}");
                !matches!(error, LibraryError::Db(_) | LibraryError::Worker(_))
            }
        }
    }

    async fn picture(
        &self,
        stored: &StoredArt,
        size: Made,
        lane: Lane,
    ) -> Result<Artwork, LibraryError> {
        let key = stored.art.key;
        let etag = format!("{key:016x}{}", size.letter());
        let path = self.art_path(key, size);
        if let Some(bytes) = read(&path).await {
            if stored.state == 0 {
                // Made before the list was written anew; the colour is not known without making it.
                return self.make(stored, size, lane, &path, etag).await;
            }
            return Ok(Artwork {
                bytes,
                etag,
                mime: "image/jpeg",
            });
        }
        if stored.state == 2 {
            return Err(LibraryError::NoPicture);
        }
        self.make(stored, size, lane, &path, etag).await
    }

    /// Makes a picture; who asks for the same one meanwhile waits for it.
    async fn make(
        &self,
        stored: &StoredArt,
        size: Made,
        lane: Lane,
        path: &Path,
        etag: String,
    ) -> Result<Artwork, LibraryError> {
        let turn = self.turn(path);
        let _held = turn.lock.lock().await;
        let result = self.make_alone(stored, size, lane, path).await;
        result.map(|bytes| Artwork {
            bytes,
            etag,
            mime: "image/jpeg",
        })
    }

    async fn make_alone(
        &self,
        stored: &StoredArt,
        size: Made,
        lane: Lane,
        path: &Path,
    ) -> Result<Bytes, LibraryError> {
        let key = stored.art.key;
        // Who had the turn before may have made it.
        if let Some(bytes) = read(path).await
            && self.db.read(move |conn| art::is_made(conn, key)).await?
        {
            return Ok(bytes);
        }
        if !self.may_try(Work::Picture(key)) {
            return Err(LibraryError::NotAvailable);
        }
        let _permit = match lane {
            Lane::Viewer => Some(
                self.making
                    .acquire()
                    .await
                    .map_err(|_| LibraryError::Busy)?,
            ),
            _ => None,
        };
        let file = self.open_source(stored).await?;
        let bounds = size.bounds();
        let job = match stored.art.source {
            ArtSource::File | ArtSource::Photo => Job::Photo { bounds },
            ArtSource::Cover => Job::Cover { bounds },
            ArtSource::Frame => Job::Thumbnail {
                at_ms: None,
                bounds,
            },
        };
        match self.pool.collect(lane, job, vec![file.into()]).await {
            Ok((Output::Picture(PictureInfo { main_colour, .. }), bytes)) if !bytes.is_empty() => {
                keep(path, bytes.clone()).await;
                self.prune_wanted.store(true, Ordering::Relaxed);
                self.db
                    .write(move |conn| art::set_made(conn, key, Some(main_colour)))
                    .await?;
                Ok(bytes)
            }
            Err(PoolError::Closed) => Err(LibraryError::Busy),
            Err(PoolError::Start(error)) => Err(LibraryError::Worker(error.to_string())),
            Err(error) if is_lasting(&error) => self.give_up(key).await,
            Ok(_) | Err(_) => {
                self.note_failure(Work::Picture(key));
                Err(LibraryError::NotAvailable)
            }
        }
    }

    async fn give_up(&self, key: u64) -> Result<Bytes, LibraryError> {
        // One that was made in another size stays made; this one is not tried for ever.
        self.note_failure(Work::Picture(key));
        self.db
            .write(move |conn| art::set_made(conn, key, None))
            .await?;
        Err(LibraryError::NoPicture)
    }

    async fn open_source(&self, stored: &StoredArt) -> Result<fs::File, LibraryError> {
        if let Some(path) = &stored.art.path {
            let (path, roots) = (absolute(&stored.root, path), self.roots());
            let open = move || open_regular(&path, &roots).map(|(file, ..)| file);
            let opened = self.disks.of(&stored.root).run(open).await?;
            return opened.map_err(|_| LibraryError::NotAvailable);
        }
        let opener = self
            .file_opener(stored.art.file.ok_or(LibraryError::NoPicture)?)
            .await?;
        opener.open().await
    }

    pub(super) async fn file_opener(&self, file: FileId) -> Result<Opener, LibraryError> {
        let found = self
            .db
            .read(move |conn| files::playable(conn, file))
            .await?;
        let file = found.ok_or(LibraryError::NotFound)?;
        if !file.available {
            return Err(LibraryError::NotAvailable);
        }
        Ok(self.opener(&file))
    }

    fn art_path(&self, key: u64, size: Made) -> PathBuf {
        let name = format!("{key:016x}-{}.jpg", size.letter());
        self.config
            .state_dir
            .join("art")
            .join(&name[..2])
            .join(name)
    }
}
