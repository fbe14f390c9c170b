//! What a walk changes in what is known: pure, so that it can be tested against any tree.
//!
//! Never: the file system, the database.

use std::collections::HashMap;

use super::FileId;
use super::formats::Media;
use super::walk::{Folder, Walk, is_below, join};
use crate::db::files::KnownFile;

/// Raised when the program reads more out of files than before; older rows are read again.
pub(super) const FORMAT: u32 = 1;

/// A file whose time of change is nearer than this may still be being written.
const SETTLE_NS: i64 = 3_000_000_000;

/// One file to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    /// Below the library's folder.
    pub(super) path: Vec<u8>,
    pub(super) media: Media,
    pub(super) size_bytes: u64,
    pub(super) mtime_ns: i64,
    pub(super) sidecars: u64,
    /// The same path's row, if it is known.
    pub(super) known: Option<FileId>,
    /// False when only the pictures and texts around it have changed.
    pub(super) probe: bool,
}

/// What is to be done for a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Task>,
    /// Not there any more, although their folder could be read.
    pub(super) gone: Vec<(FileId, Vec<u8>)>,
    /// Unchanged files that could not be opened for a while.
    pub(super) back: Vec<FileId>,
    /// Files in folders that cannot be read now.
    pub(super) missing: Vec<FileId>,
    /// Files that are still being written; look again soon.
    pub(super) unsettled: Vec<(Vec<u8>, u64, i64)>,
}

/// What the comparison takes into account besides the walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct DiffOptions<'a> {
    /// Read every file again.
    pub(super) full: bool,
    /// Nanoseconds since 1970 UTC.
    pub(super) now_ns: i64,
    /// What was unsettled in the look before.
    pub(super) before: &'a [(Vec<u8>, u64, i64)],
    /// Mount points that were seen before.
    pub(super) mounts: &'a [Vec<u8>],
}

/// Compares what is known with what was found.
pub(super) fn diff(known: Vec<KnownFile>, walk: &Walk, options: &DiffOptions<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut known: HashMap<Vec<u8>, KnownFile> = known
        .into_iter()
        .map(|file| (file.path.clone(), file))
        .collect();
    for folder in &walk.folders {
        let sidecars = stamp(walk, folder);
        for (found, media) in &folder.media {
            let path = join(&folder.path, &found.name);
            let old = known.remove(&path);
            let task = Task {
                path,
                media: *media,
                size_bytes: found.size_bytes,
                mtime_ns: found.mtime_ns,
                sidecars,
                known: old.as_ref().map(|file| file.id),
                probe: true,
            };
            compare(task, old, options, &mut plan);
        }
    }
    let unmounted: Vec<&Vec<u8>> = options
        .mounts
        .iter()
        .filter(|path| !walk.mounts.contains(path))
        .collect();
    for (path, file) in known {
        let hidden = walk.closed.iter().any(|folder| is_below(&path, folder))
            || unmounted
                .iter()
                .any(|folder| is_below(&path, folder) && is_empty_in(walk, folder));
        if hidden {
            if file.available {
                plan.missing.push(file.id);
            }
        } else {
            plan.gone.push((file.id, path));
        }
    }
    plan.gone.sort();
    plan.missing.sort();
    plan
}

fn compare(task: Task, old: Option<KnownFile>, options: &DiffOptions<'_>, plan: &mut Plan) {
    let Some(old) = old else {
        return settle(task, options, plan);
    };
    let same = old.size_bytes == task.size_bytes && old.mtime_ns == task.mtime_ns;
    if !same {
        return settle(task, options, plan);
    }
    if options.full || old.format != FORMAT {
        plan.tasks.push(task);
    } else if old.sidecars != task.sidecars {
        plan.tasks.push(Task {
            probe: false,
            ..task
        });
    } else if !old.available {
        plan.back.push(old.id);
    }
}

/// A new or changed file waits until it has kept its size and time for a moment.
fn settle(task: Task, options: &DiffOptions<'_>, plan: &mut Plan) {
    let age = options.now_ns.saturating_sub(task.mtime_ns);
    let fresh = (-SETTLE_NS..SETTLE_NS).contains(&age);
    let state = (task.path.clone(), task.size_bytes, task.mtime_ns);
    if fresh && !options.before.contains(&state) {
        plan.unsettled.push(state);
    } else {
        plan.tasks.push(task);
    }
}

fn is_empty_in(walk: &Walk, folder: &[u8]) -> bool {
    !walk
        .folders
        .iter()
        .any(|other| is_below(&other.path, folder))
}

/// Hash over what may describe the files of a folder: beside them, in folders of subtitles and
/// pictures below, and up to three folders above.
fn stamp(walk: &Walk, folder: &Folder) -> u64 {
    let mut sum = folder.stamp;
    for below in BESIDE_FOLDERS {
        let stamp = walk
            .folder(&join(&folder.path, below))
            .map_or(0, |f| f.stamp);
        sum = mix(sum, stamp);
    }
    for above in above(&folder.path).take(3) {
        sum = mix(sum, walk.folder(above).map_or(0, |f| f.stamp));
    }
    // SQLite's integers are signed; 63 bits are enough of a hash.
    sum >> 1
}

fn mix(sum: u64, stamp: u64) -> u64 {
    (sum.rotate_left(7) ^ stamp).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Folders whose subtitles belong to the film above.
pub(super) const BESIDE_FOLDERS: &[&[u8]] = &[b"Subs", b"subs", b"Subtitles", b"subtitles"];

/// The folders above a path, nearest first, down to the library's own.
pub(super) fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!path.is_empty()).then_some(path);
    std::iter::from_fn(move || {
        let at = rest?;
        let cut = at.iter().rposition(|&b| b == b'/');
        let up = &at[..cut.unwrap_or(0)];
        rest = cut.map(|_| up);
        Some(up)
    })
}
