//! What lies in a library's folder, read folder by folder.
//!
//! A folder is visited once however many links lead to it, real folders before links, so that loops
//! end. Links out of all libraries are not followed. Names are bytes.
//!
//! Never: opening a file; an error that ends the walk.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::formats::{self, FileRole, Media};
use super::naming::NamePath;
use super::naming::extras::{is_extra, is_system_folder};
use super::source::mtime_ns;
use super::{LibraryKind, Problem, problem};

/// Deeper trees are loops that the kernel hides, or mistakes.
const MOST_DEPTH: usize = 40;

/// What is looked at.
#[derive(Clone, Debug)]
pub(super) struct WalkOrder {
    pub(super) root: PathBuf,
    pub(super) kind: LibraryKind,
    /// Folders of other libraries and folders the owner declined.
    pub(super) left_out: Vec<PathBuf>,
    /// Resolved folders that links may lead into.
    pub(super) roots: Vec<PathBuf>,
}

/// A media file or something beside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: Vec<u8>,
    pub(super) size_bytes: u64,
    pub(super) mtime_ns: i64,
    pub(super) role: FileRole,
}

/// A folder with something in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    /// Below the library's folder; empty for that folder itself.
    pub(super) path: Vec<u8>,
    pub(super) media: Vec<(Found, Media)>,
    /// Pictures, texts and subtitles, by name.
    pub(super) beside: Vec<Found>,
    /// Hash of `beside`.
    pub(super) stamp: u64,
}

/// All folders of a library.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    pub(super) folders: Vec<Folder>,
    by_path: HashMap<Vec<u8>, usize>,
    /// Folders that could not be read: what was known below them stays, unavailable.
    pub(super) closed: Vec<Vec<u8>>,
    /// Folders where another file system is mounted.
    pub(super) mounts: Vec<Vec<u8>>,
    pub(super) problems: Vec<(Vec<u8>, Problem)>,
    /// False when the library's folder is missing, unreadable or has not a single entry.
    pub(super) has_entries: bool,
    pub(super) root_error: Option<io::ErrorKind>,
}

impl Walk {
    /// Folders in their order, ready to be asked for by path.
    #[cfg(test)]
    pub(super) fn of(folders: Vec<Folder>) -> Self {
        let mut walk = Self {
            folders,
            ..Self::default()
        };
        walk.sort();
        walk
    }

    fn sort(&mut self) {
        self.folders.sort_by(|a, b| a.path.cmp(&b.path));
        self.by_path = self
            .folders
            .iter()
            .enumerate()
            .map(|(at, f)| (f.path.clone(), at))
            .collect();
    }

    /// The folder at a path below the library's folder.
    pub(super) fn folder(&self, path: &[u8]) -> Option<&Folder> {
        self.by_path.get(path).map(|&at| &self.folders[at])
    }
}

struct Waiting {
    path: Vec<u8>,
    depth: usize,
    device: u64,
}

struct Walker<'a> {
    order: &'a WalkOrder,
    walk: Walk,
    seen: HashSet<(u64, u64)>,
    /// Links to folders wait until all real folders have been seen.
    links: Vec<Waiting>,
    stop: &'a dyn Fn() -> bool,
}

/// Lists everything below a library's folder. `stop` is asked once a folder.
pub(super) fn walk(order: &WalkOrder, stop: &dyn Fn() -> bool) -> Walk {
    let mut walker = Walker {
        order,
        walk: Walk::default(),
        seen: HashSet::new(),
        links: Vec::new(),
        stop,
    };
    match fs::metadata(&order.root) {
        Ok(meta) if meta.is_dir() => {
            walker.seen.insert((meta.dev(), meta.ino()));
            walker.run(Waiting {
                path: Vec::new(),
                depth: 0,
                device: meta.dev(),
            });
        }
        Ok(_) => walker.walk.root_error = Some(io::ErrorKind::NotADirectory),
        Err(error) => walker.walk.root_error = Some(error.kind()),
    }
    let mut walk = walker.walk;
    walk.sort();
    walk
}

/// A path below `root` as the file system wants it.
pub(super) fn absolute(root: &Path, path: &[u8]) -> PathBuf {
    if path.is_empty() {
        root.to_owned()
    } else {
        root.join(OsStr::from_bytes(path))
    }
}

/// A name below a folder.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return name.to_vec();
    }
    [folder, b"/", name].concat()
}

impl Walker<'_> {
    fn run(&mut self, root: Waiting) {
        let mut waiting = vec![root];
        loop {
            while let Some(next) = waiting.pop() {
                if (self.stop)() {
                    return;
                }
                self.visit(&next, &mut waiting);
            }
            let Some(link) = self.links.pop() else {
                return;
            };
            let target = fs::metadata(absolute(&self.order.root, &link.path));
            match target {
                Ok(meta) if self.seen.insert((meta.dev(), meta.ino())) => waiting.push(link),
                Ok(_) => {}
                Err(error) => self.unseen(link.path, &error, problem::folder),
            }
        }
    }

    fn visit(&mut self, at: &Waiting, waiting: &mut Vec<Waiting>) {
        let absolute = absolute(&self.order.root, &at.path);
        let entries = match fs::read_dir(&absolute) {
            Ok(entries) => entries,
            Err(error) => return self.close(at, &error),
        };
        let mut folder = Folder {
            path: at.path.clone(),
            ..Folder::default()
        };
        let mut hidden = false;
        for entry in entries {
            if (self.stop)() {
                return;
            }
            match entry {
                Ok(entry) => {
                    self.walk.has_entries |= at.path.is_empty();
                    hidden |= matches!(entry.file_name().as_bytes(), b".nomedia" | b".ignore");
                    self.entry(at, &entry, &mut folder, waiting);
                }
                // A folder that fails in the middle is not one whose rest was deleted.
                Err(error) => {
                    self.close(at, &error);
                    break;
                }
            }
        }
        if hidden && !at.path.is_empty() {
            let below = |path: &[u8]| is_below(path, &at.path);
            waiting.retain(|next| !below(&next.path));
            self.links.retain(|next| !below(&next.path));
            return;
        }
        finish(&mut folder, self.order.kind);
        if !folder.media.is_empty() || !folder.beside.is_empty() {
            self.walk.folders.push(folder);
        }
    }

    fn close(&mut self, at: &Waiting, error: &io::Error) {
        if at.path.is_empty() {
            self.walk.root_error = Some(error.kind());
            return;
        }
        self.walk.closed.push(at.path.clone());
        if error.kind() != io::ErrorKind::NotFound {
            self.walk
                .problems
                .push((at.path.clone(), problem::folder(error)));
        }
    }

    /// Something whose name was read, but no more: what is known of it stays, unless it is gone.
    fn unseen(&mut self, path: Vec<u8>, error: &io::Error, say: fn(&io::Error) -> Problem) {
        if !is_absent(error) {
            self.walk.problems.push((path.clone(), say(error)));
            self.walk.closed.push(path);
        }
    }

    fn entry(
        &mut self,
        at: &Waiting,
        entry: &DirEntry,
        folder: &mut Folder,
        waiting: &mut Vec<Waiting>,
    ) {
        let name = entry.file_name().into_vec();
        if name.starts_with(b".") {
            return;
        }
        let path = join(&at.path, &name);
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.unseen(path, &error, problem::file),
        };
        if kind.is_symlink() {
            return self.link(at, entry, path, name, folder);
        }
        if kind.is_file() {
            let Some(role) = formats::role(self.order.kind, &name) else {
                return;
            };
            match entry.metadata() {
                Ok(meta) => add(folder, name, role, &meta),
                Err(error) => self.unseen(path, &error, problem::file),
            }
            return;
        }
        if !kind.is_dir() || self.is_left_out(&name, &path) {
            return;
        }
        let meta = match entry.metadata() {
            Ok(meta) => meta,
            Err(error) => return self.unseen(path, &error, problem::folder),
        };
        if self.seen.insert((meta.dev(), meta.ino())) {
            if meta.dev() != at.device {
                self.walk.mounts.push(path.clone());
            }
            self.descend(waiting_at(path, at.depth + 1, meta.dev()), waiting);
        }
    }

    fn descend(&mut self, next: Waiting, waiting: &mut Vec<Waiting>) {
        if next.depth > MOST_DEPTH {
            self.walk.problems.push((next.path, problem::too_deep()));
        } else {
            waiting.push(next);
        }
    }

    fn link(
        &mut self,
        at: &Waiting,
        entry: &DirEntry,
        path: Vec<u8>,
        name: Vec<u8>,
        folder: &mut Folder,
    ) {
        let is_named = formats::role(self.order.kind, &name);
        let target =
            fs::canonicalize(entry.path()).and_then(|real| Ok((fs::metadata(&real)?, real)));
        let (meta, real) = match target {
            Ok(found) => found,
            Err(error) => {
                if !is_absent(&error) {
                    self.walk.closed.push(path.clone());
                }
                if matches!(is_named, Some(FileRole::Media(_))) {
                    self.walk.problems.push((path, problem::link(&error)));
                }
                return;
            }
        };
        let inside = self.order.roots.iter().any(|root| real.starts_with(root));
        if !inside {
            if meta.is_dir() || matches!(is_named, Some(FileRole::Media(_))) {
                self.walk.problems.push((path, problem::link_outside()));
            }
            return;
        }
        if meta.is_file() {
            if let Some(role) = is_named {
                add(folder, name, role, &meta);
            }
        } else if meta.is_dir() && !self.is_left_out(&name, &path) {
            // Whether it was seen is known once all real folders have been.
            let next = waiting_at(path, at.depth + 1, meta.dev());
            if at.depth < MOST_DEPTH && !self.seen.contains(&(meta.dev(), meta.ino())) {
                self.links.push(next);
            }
        }
    }

    fn is_left_out(&self, name: &[u8], path: &[u8]) -> bool {
        let absolute = absolute(&self.order.root, path);
        is_system_folder(&String::from_utf8_lossy(name)) || self.order.left_out.contains(&absolute)
    }
}

/// Whether an error says that nothing is there, rather than that it could not be looked at.
fn is_absent(error: &io::Error) -> bool {
    let is_loop = error.raw_os_error() == Some(nix::libc::ELOOP);
    is_loop
        || matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
}

fn waiting_at(path: Vec<u8>, depth: usize, device: u64) -> Waiting {
    Waiting {
        path,
        depth,
        device,
    }
}

/// True when `path` is `folder` or lies below it.
pub(super) fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.is_empty() || rest[0] == b'/')
}

fn add(folder: &mut Folder, name: Vec<u8>, role: FileRole, meta: &Metadata) {
    let found = Found {
        name,
        size_bytes: meta.len(),
        mtime_ns: mtime_ns(meta),
        role,
    };
    match role {
        FileRole::Media(media) => folder.media.push((found, media)),
        _ => folder.beside.push(found),
    }
}

/// Looks at a folder as a whole: pictures that belong to films or albums, discs, the stamp.
fn finish(folder: &mut Folder, kind: LibraryKind) {
    if kind == LibraryKind::Mixed || kind == LibraryKind::HomeVideos {
        move_covers(folder);
    }
    drop_extras(folder, kind);
    keep_main_disc_file(folder);
    folder.media.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    folder.beside.sort_by(|a, b| a.name.cmp(&b.name));
    let mut text = Vec::new();
    for found in &folder.beside {
        text.extend_from_slice(&found.name);
        text.push(0);
        text.extend_from_slice(&found.size_bytes.to_le_bytes());
        text.extend_from_slice(&found.mtime_ns.to_le_bytes());
    }
    folder.stamp = if text.is_empty() {
        0
    } else {
        xxhash_rust::xxh3::xxh3_64(&text)
    };
}

/// Pictures beside music, or with a film's name, are no photos.
fn move_covers(folder: &mut Folder) {
    let has_audio = folder.media.iter().any(|(_, media)| *media == Media::Audio);
    let films: HashSet<Vec<u8>> = folder
        .media
        .iter()
        .filter(|(_, media)| *media == Media::Video)
        .map(|(found, _)| stem(&found.name).to_vec())
        .collect();
    let (photos, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut folder.media)
            .into_iter()
            .partition(|(found, media)| {
                *media == Media::Photo && (has_audio || films.contains(stem(&found.name)))
            });
    folder.media = rest;
    folder
        .beside
        .extend(photos.into_iter().map(|(found, _)| Found {
            role: FileRole::Picture,
            ..found
        }));
}

/// Samples, trailers and bonus belong to films; people's own videos have none.
fn drop_extras(folder: &mut Folder, kind: LibraryKind) {
    if matches!(
        kind,
        LibraryKind::Films | LibraryKind::Series | LibraryKind::Mixed
    ) {
        let path = &folder.path;
        folder.media.retain(|(found, media)| {
            *media != Media::Video || !is_extra(&NamePath::new(&join(path, &found.name)))
        });
    }
}

fn stem(name: &[u8]) -> &[u8] {
    formats::split_name(name).map_or(name, |(stem, _)| stem)
}

/// Of a copied disc only the largest file is the film; menus and warnings are not.
fn keep_main_disc_file(folder: &mut Folder) {
    let path = folder.path.to_ascii_uppercase();
    if path.ends_with(b"VIDEO_TS") || path.ends_with(b"BDMV/STREAM") {
        let largest = folder.media.iter().map(|(found, _)| found.size_bytes).max();
        let main = folder
            .media
            .iter()
            .position(|(found, _)| Some(found.size_bytes) == largest);
        folder.media = main
            .map(|at| folder.media.swap_remove(at))
            .into_iter()
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_is_not_taken_for_deleted() {
        for (number, stays) in [
            (nix::libc::EIO, true),
            (nix::libc::ESTALE, true),
            (nix::libc::EACCES, true),
            (nix::libc::ETIMEDOUT, true),
            (nix::libc::ENOENT, false),
            (nix::libc::ENOTDIR, false),
        ] {
            let order = WalkOrder {
                root: PathBuf::from("/nowhere"),
                kind: LibraryKind::Films,
                left_out: Vec::new(),
                roots: Vec::new(),
            };
            let mut walker = Walker {
                order: &order,
                walk: Walk::default(),
                seen: HashSet::new(),
                links: Vec::new(),
                stop: &|| false,
            };
            let error = io::Error::from_raw_os_error(number);
            walker.unseen(b"a/Film.mkv".to_vec(), &error, problem::file);
            let Walk {
                closed, problems, ..
            } = walker.walk;
            assert_eq!(!closed.is_empty(), stays, "{error}");
            assert_eq!(!problems.is_empty(), stays, "{error}");
        }
    }

    #[test]
    fn a_link_that_cannot_be_followed_for_now_keeps_what_is_known_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        // A name longer than the kernel resolves is an error that is none of absence.
        let long = "x".repeat(300);
        std::os::unix::fs::symlink(root.join(long), root.join("Long.mkv")).unwrap();
        std::os::unix::fs::symlink(root.join("gone"), root.join("Gone.mkv")).unwrap();
        let order = WalkOrder {
            roots: vec![root.clone()],
            root,
            kind: LibraryKind::Films,
            left_out: Vec::new(),
        };
        let walk = walk(&order, &|| false);
        assert_eq!(walk.closed, [b"Long.mkv".to_vec()]);
        assert_eq!(walk.problems.len(), 2);
    }
}
