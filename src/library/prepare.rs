//! What a scan reads of a file before it is probed: its fingerprint and the texts beside it.
//!
//! Runs on a blocking thread, a handful of files at a time.
//!
//! Never: parsing media; that is a worker's.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::beside::Place;
use super::diff::Task;
use super::fingerprint::fingerprint;
use super::formats::Media;
use super::naming::NamePath;
use super::nfo::{self, Nfo};
use super::source::open_regular;
use super::walk::{Walk, absolute};
use super::{LibraryId, Problem, problem};

/// A file that has been opened, or why it could not be.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) task: Task,
    pub(super) name: NamePath,
    /// As found on the open file, which may be newer than the walk.
    pub(super) size_bytes: u64,
    pub(super) mtime_ns: i64,
    /// 0 when it could not be read.
    pub(super) fingerprint: u64,
    /// To be probed; `None` when there is no need or no use.
    pub(super) file: Option<File>,
    pub(super) problem: Option<Problem>,
    /// How often in a row reading it has failed for a reason that may pass.
    pub(super) tries: u32,
    pub(super) nfo: Option<Nfo>,
    pub(super) group_nfo: Option<Nfo>,
}

/// Where to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) library: LibraryId,
    pub(super) root: &'a PathBuf,
    pub(super) roots: &'a [PathBuf],
    pub(super) walk: &'a Walk,
}

/// Opens and reads each file; those that have vanished are left out. Calls `next` before each.
pub(super) fn prepare(ground: &Ground<'_>, tasks: Vec<Task>, next: &dyn Fn()) -> Vec<Prepared> {
    let mut buffer = Vec::new();
    tasks
        .into_iter()
        .inspect(|_| next())
        .filter_map(|task| one(ground, task, &mut buffer))
        .collect()
}

fn one(ground: &Ground<'_>, task: Task, buffer: &mut Vec<u8>) -> Option<Prepared> {
    let name = NamePath::new(&task.path);
    let place = Place {
        walk: ground.walk,
        library: ground.library,
        path: &task.path,
        name: &name,
    };
    let (nfo, group_nfo) = match task.media {
        Media::Video => (
            read_nfo(ground, place.nfo()),
            read_nfo(ground, place.group_nfo("tvshow")),
        ),
        Media::Audio => (None, read_nfo(ground, place.group_nfo("album"))),
        Media::Photo => (None, None),
    };
    let mut prepared = Prepared {
        size_bytes: task.size_bytes,
        mtime_ns: task.mtime_ns,
        fingerprint: 0,
        file: None,
        problem: None,
        tries: 0,
        nfo,
        group_nfo,
        name,
        task,
    };
    match open_regular(&absolute(ground.root, &prepared.task.path), ground.roots) {
        Ok((file, size_bytes, mtime_ns)) => {
            prepared.size_bytes = size_bytes;
            prepared.mtime_ns = mtime_ns;
            match fingerprint(&file, size_bytes, buffer) {
                Ok(hash) => prepared.fingerprint = hash,
                Err(error) => prepared.problem = Some(problem::file(&error)),
            }
            if size_bytes == 0 {
                prepared.problem = Some(problem::empty());
            }
            prepared.file = Some(file).filter(|_| prepared.problem.is_none());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => prepared.problem = Some(problem::file(&error)),
    }
    Some(prepared)
}

fn read_nfo(ground: &Ground<'_>, path: Option<Vec<u8>>) -> Option<Nfo> {
    let (file, size_bytes, _) = open_regular(&absolute(ground.root, &path?), ground.roots).ok()?;
    if size_bytes > nfo::MOST_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(nfo::MOST_BYTES).read_to_end(&mut bytes).ok()?;
    nfo::parse(&bytes)
}
