//! Which folders are libraries: those of the media folder, and the owner's edits.
//!
//! A sub-folder is offered once. What the owner changes or removes stays changed or removed.
//!
//! Never: creating, changing or removing a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inner::Inner;
use super::naming::extras::is_system_folder;
use super::naming::words::normalise;
use super::{
    BrowsedFolder, Folders, LibraryError, LibraryEvent, LibraryId, LibraryInfo, LibraryKind,
    ScanRequest,
};
use crate::db::libraries::{self, LibraryRow};
use crate::db::{Connection, DbError, files, watch};

/// The kind that a folder's name stands for.
pub(super) fn kind_of_name(name: &str) -> Option<LibraryKind> {
    let kind = match normalise(name).as_str() {
        "films" | "film" | "movies" | "movie" | "filme" | "speelfilms" | "spielfilme"
        | "cinema" => LibraryKind::Films,
        "series" | "serie" | "serien" | "tv" | "tv shows" | "tvshows" | "shows" | "tv series"
        | "television" | "tv programmes" => LibraryKind::Series,
        "music" | "muziek" | "musik" | "audio" | "songs" | "albums" => LibraryKind::Music,
        "photos" | "photo" | "pictures" | "fotos" | "foto s" | "foto" | "images" | "bilder"
        | "camera" | "dcim" => LibraryKind::Photos,
        "home videos" | "home video" | "homevideos" | "home movies" | "eigen videos"
        | "privatvideos" | "familievideos" | "family videos" => LibraryKind::HomeVideos,
        _ => return None,
    };
    Some(kind)
}

/// Whether it is a folder, links followed. What is mounted on it is not asked, for it may hang.
fn is_folder(entry: &fs::DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir()),
        Ok(kind) => kind.is_dir(),
        Err(_) => false,
    }
}

/// A folder to offer as a library: its path, name and kind.
type Offered = (PathBuf, String, LibraryKind);

/// The sub-folders of the media folder, and the folder itself for the rest. Blocks.
fn list_offered(root: &Path) -> Vec<Offered> {
    let mut named: Vec<Offered> = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = is_folder(&entry);
        if let Some(kind) = kind_of_name(&name).filter(|_| is_folder) {
            named.push((entry.path(), name, kind));
        }
    }
    named.sort();
    let rest = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let rest = rest.unwrap_or_else(|| "Media".to_owned());
    named.push((root.to_owned(), rest, LibraryKind::Mixed));
    named
}

fn offer(conn: &mut Connection, named: &[Offered], now_ms: i64) -> Result<(), DbError> {
    let tx = conn.transaction()?;
    let known = libraries::all(&tx)?;
    for (path, name, kind) in named {
        if libraries::offer(&tx, path)? || known.iter().any(|library| library.path == *path) {
            continue;
        }
        libraries::insert(&tx, name, *kind, path, now_ms)?;
    }
    tx.commit()?;
    Ok(())
}

impl Inner {
    /// Offers the media folder's sub-folders, new ones too.
    pub(super) async fn offer_media_root(&self) -> Result<(), LibraryError> {
        let Some(root) = self.config.media_root.clone() else {
            return Ok(());
        };
        let now_ms = self.clock.unix_ms();
        // The writer never waits for a disk of media.
        let listed = self.disks.of(&root).run(move || list_offered(&root)).await;
        // A media folder that hangs offers nothing new.
        let Ok(named) = listed else { return Ok(()) };
        self.db
            .write(move |conn| offer(conn, &named, now_ms))
            .await?;
        Ok(())
    }

    pub(super) async fn libraries(&self) -> Result<Vec<LibraryInfo>, LibraryError> {
        let (all, counts) = self
            .db
            .read(|conn| Ok((libraries::all(conn)?, libraries::item_counts(conn)?)))
            .await?;
        let count = |id| {
            counts
                .iter()
                .find(|(other, _)| *other == id)
                .map_or(0, |(_, n)| *n)
        };
        Ok(all.into_iter().map(|row| info(row, count)).collect())
    }

    async fn library(&self, id: LibraryId) -> Result<LibraryInfo, LibraryError> {
        let all = self.libraries().await?;
        all.into_iter()
            .find(|library| library.id == id)
            .ok_or(LibraryError::NotFound)
    }

    pub(super) async fn add_library(
        &self,
        name: &str,
        kind: LibraryKind,
        path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        let (name, path) = (checked_name(name)?, self.checked_folder(path).await?);
        let now_ms = self.clock.unix_ms();
        let id = self
            .db
            .write(move |conn| {
                let tx = conn.transaction()?;
                let id = libraries::insert(&tx, &name, kind, &path, now_ms)?;
                libraries::decline(&tx, &path, false)?;
                tx.commit()?;
                Ok(id)
            })
            .await
            .map_err(taken)?;
        self.folders_have_changed(id);
        self.library(id).await
    }

    pub(super) async fn change_library(
        &self,
        id: LibraryId,
        name: &str,
        kind: LibraryKind,
        path: &Path,
    ) -> Result<LibraryInfo, LibraryError> {
        let name = checked_name(name)?;
        let old = self.library(id).await?;
        // A folder that is away at the moment may stay.
        let path = if path == old.path {
            old.path.clone()
        } else {
            self.checked_folder(path).await?
        };
        let moved = path != old.path;
        let other_kind = kind != old.kind;
        self.db
            .write(move |conn| {
                let tx = conn.transaction()?;
                libraries::update(&tx, id, &name, kind, &path)?;
                if moved {
                    libraries::decline(&tx, &old.path, true)?;
                    libraries::decline(&tx, &path, false)?;
                }
                if moved || other_kind {
                    files::forget_readings(&tx, id)?;
                }
                tx.commit()?;
                Ok(())
            })
            .await
            .map_err(taken)?;
        self.folders_have_changed(id);
        self.library(id).await
    }

    pub(super) async fn remove_library(&self, id: LibraryId) -> Result<(), LibraryError> {
        let old = self.library(id).await?;
        self.db
            .write(move |conn| {
                let tx = conn.transaction()?;
                watch::keep_for_library(&tx, id)?;
                libraries::remove(&tx, id)?;
                libraries::decline(&tx, &old.path, true)?;
                tx.commit()?;
                Ok(())
            })
            .await?;
        self.progress.tell(LibraryEvent::Items {
            library: id,
            changed: old.item_count,
        });
        self.folders_changed.notify_one();
        self.want(&ScanRequest::default());
        Ok(())
    }

    /// Another library may have to give up or take over files: all are looked at.
    fn folders_have_changed(&self, id: LibraryId) {
        self.progress.tell(LibraryEvent::Items {
            library: id,
            changed: 0,
        });
        self.folders_changed.notify_one();
        self.want(&ScanRequest::default());
    }
}

fn taken(error: DbError) -> LibraryError {
    if error.is_constraint() {
        LibraryError::FolderTaken
    } else {
        error.into()
    }
}

fn info(row: LibraryRow, count: impl Fn(LibraryId) -> u64) -> LibraryInfo {
    let problem = (!row.available).then(|| {
        "The folder is missing or empty; its disk may not be connected. Nothing was removed."
            .to_owned()
    });
    LibraryInfo {
        item_count: count(row.id),
        id: row.id,
        name: row.name,
        kind: row.kind,
        path: row.path,
        available: row.available,
        problem,
    }
}

fn checked_name(name: &str) -> Result<String, LibraryError> {
    let name = name.trim();
    let length = name.chars().count();
    let is_plain = !name.chars().any(char::is_control);
    ((1..=100).contains(&length) && is_plain)
        .then(|| name.to_owned())
        .ok_or(LibraryError::BadName)
}

impl Inner {
    /// An absolute folder that can be read, without `.` and `..`.
    async fn checked_folder(&self, path: &Path) -> Result<PathBuf, LibraryError> {
        if !path.is_absolute() || path.as_os_str().len() > 4096 {
            return Err(LibraryError::NotAbsolute);
        }
        let dotted = path
            .components()
            .any(|part| matches!(part, std::path::Component::ParentDir));
        if dotted || path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(LibraryError::NoFolder);
        }
        let path: PathBuf = path.components().collect();
        let check = move || match fs::read_dir(&path) {
            Ok(_) => Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(LibraryError::FolderUnreadable)
            }
            Err(_) => Err(LibraryError::NoFolder),
        };
        self.disks.of(Path::new(ANY_FOLDER)).run(check).await?
    }
}

/// Folders that are no library's, whatever disk they are on, share its few threads.
const ANY_FOLDER: &str = "/";
/// Most sub-folders shown.
const MOST_FOLDERS: usize = 2000;

/// The sub-folders of a folder, sorted, hidden ones and those of the system left out.
pub(super) async fn browse(
    inner: &Arc<Inner>,
    path: Option<PathBuf>,
) -> Result<Folders, LibraryError> {
    let config = &inner.config;
    let usual = || config.drives.clone().or_else(|| config.media_root.clone());
    let start = path.or_else(usual).unwrap_or_else(|| PathBuf::from("/"));
    let path = inner.checked_folder(&start).await?;
    let drives = config.drives.as_ref() == Some(&path);
    let list = move || {
        let mut folders: Vec<BrowsedFolder> = fs::read_dir(&path)
            .map_err(|_| LibraryError::FolderUnreadable)?
            .flatten()
            .filter(is_folder)
            .map(|entry| BrowsedFolder {
                name: entry.file_name().to_string_lossy().into_owned(),
                path: entry.path(),
            })
            .filter(|folder| !is_system_folder(&folder.name))
            // The API speaks UTF-8; other names cannot be chosen by it.
            .filter(|folder| folder.path.to_str().is_some())
            .take(MOST_FOLDERS)
            .collect();
        folders.sort_by_key(|folder| normalise(&folder.name));
        // Above the drives lies only what the box itself is made of.
        let parent = path.parent().filter(|_| !drives).map(Path::to_owned);
        Ok(Folders {
            path,
            parent,
            drives,
            folders,
        })
    };
    inner.disks.of(Path::new(ANY_FOLDER)).run(list).await?
}
