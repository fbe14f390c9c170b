//! What a walk changes in what is known: pure, so that it can be tested against any tree.
//!
//! Never: the file system, the database.

use std::collections::HashMap;

use super::FileId;
use super::formats::Media;
use super::inner::Depth;
use super::problem::{self, has_rested, is_passing};
use super::unsettled::Seen;
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
    /// How often in a row reading this content has failed for a reason that may pass.
    pub(super) tries: u32,
}

/// What is to be done for a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Task>,
    /// Not there any more, although their folder could be read.
    pub(super) gone: Vec<KnownFile>,
    /// Of another size or time than what is there now.
    pub(super) replaced: Vec<KnownFile>,
    /// Unchanged files that could not be opened for a while.
    pub(super) back: Vec<FileId>,
    /// Files in folders that cannot be read now.
    pub(super) missing: Vec<FileId>,
    /// Files that are still being written; look again soon.
    pub(super) unsettled: Vec<Seen>,
}

/// What the comparison takes into account besides the walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct DiffOptions<'a> {
    pub(super) depth: Depth,
    /// Nanoseconds since 1970 UTC.
    pub(super) now_ns: i64,
    /// What was unsettled in the look before.
    pub(super) before: &'a [Seen],
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
                tries: 0,
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
            plan.gone.push(file);
        }
    }
    plan.gone.sort_by_key(|file| file.id);
    plan.missing.sort();
    plan
}

fn compare(mut task: Task, old: Option<KnownFile>, options: &DiffOptions<'_>, plan: &mut Plan) {
    let Some(old) = old else {
        return settle(task, options, plan);
    };
    let same = old.size_bytes == task.size_bytes && old.mtime_ns == task.mtime_ns;
    if !same {
        plan.replaced.push(old);
        return settle(task, options, plan);
    }
    if options.depth != Depth::Full {
        task.tries = old.tries;
    }
    if is_tried(&old, options) || old.format != FORMAT {
        plan.tasks.push(task);
    } else if old.sidecars != task.sidecars {
        plan.tasks.push(Task {
            probe: false,
            ..task
        });
    } else if !old.available && old.problem.as_deref() != Some(problem::UNREADABLE) {
        plan.back.push(old.id);
    }
}

fn is_tried(old: &KnownFile, options: &DiffOptions<'_>) -> bool {
    let asked = options.depth != Depth::Look;
    match old.problem.as_deref() {
        _ if options.depth == Depth::Full => true,
        Some(problem::UNREADABLE) => asked,
        Some(code) if is_passing(code) => {
            let ago_ms = (options.now_ns / 1_000_000).saturating_sub(old.tried_at_ms);
            has_rested(old.tries, ago_ms)
        }
        _ => false,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::library::formats::FileRole;
    use crate::library::walk::Found;

    /// A tree as people edit it: path to (size, time).
    type Tree = BTreeMap<Vec<u8>, (u64, i64)>;

    const OLD_NS: i64 = 1_000_000_000_000;
    const NOW_NS: i64 = OLD_NS * 10;

    fn found(path: &[u8], (size_bytes, mtime_ns): (u64, i64)) -> (Vec<u8>, Found) {
        let cut = path.iter().rposition(|&b| b == b'/');
        let folder = path[..cut.unwrap_or(0)].to_vec();
        let name = path[cut.map_or(0, |at| at + 1)..].to_vec();
        let role = match name.ends_with(b".mkv") {
            true => FileRole::Media(Media::Video),
            false => FileRole::Nfo,
        };
        (
            folder,
            Found {
                name,
                size_bytes,
                mtime_ns,
                role,
            },
        )
    }

    fn walk_of(tree: &Tree) -> Walk {
        let mut folders: BTreeMap<Vec<u8>, Folder> = BTreeMap::new();
        for (path, state) in tree {
            let (folder, found) = found(path, *state);
            let at = folders.entry(folder.clone()).or_insert_with(|| Folder {
                path: folder,
                ..Folder::default()
            });
            match found.role {
                FileRole::Media(media) => at.media.push((found, media)),
                _ => {
                    at.stamp = mix(at.stamp, found.size_bytes ^ (found.mtime_ns as u64) | 1);
                    at.beside.push(found);
                }
            }
        }
        Walk::of(folders.into_values().collect())
    }

    const OPTIONS: DiffOptions<'static> = DiffOptions {
        depth: Depth::Look,
        now_ns: NOW_NS,
        before: &[],
        mounts: &[],
    };

    /// What the database would hold after a plan was carried out.
    fn carry_out(known: Vec<KnownFile>, plan: &Plan, next_id: &mut i64) -> Vec<KnownFile> {
        let mut rows: BTreeMap<FileId, KnownFile> =
            known.into_iter().map(|file| (file.id, file)).collect();
        for task in &plan.tasks {
            let id = task.known.unwrap_or_else(|| {
                *next_id += 1;
                FileId(*next_id)
            });
            let row = KnownFile {
                id,
                path: task.path.clone(),
                size_bytes: task.size_bytes,
                mtime_ns: task.mtime_ns,
                fingerprint: 1,
                sidecars: task.sidecars,
                format: FORMAT,
                available: true,
                problem: None,
                tries: 0,
                tried_at_ms: 0,
            };
            rows.insert(id, row);
        }
        for file in &plan.gone {
            rows.remove(&file.id);
        }
        for (ids, available) in [(&plan.back, true), (&plan.missing, false)] {
            for id in ids {
                rows.get_mut(id)
                    .expect("a plan names known files")
                    .available = available;
            }
        }
        rows.into_values().collect()
    }

    fn facts(rows: &[KnownFile]) -> Vec<(Vec<u8>, u64, i64, u64)> {
        let mut facts: Vec<_> = rows
            .iter()
            .map(|r| (r.path.clone(), r.size_bytes, r.mtime_ns, r.sidecars))
            .collect();
        facts.sort();
        facts
    }

    #[derive(Clone, Debug)]
    enum Edit {
        Write(Vec<u8>, u64, i64),
        Remove(usize),
        Rename(usize, Vec<u8>),
        Scan,
    }

    fn path() -> impl Strategy<Value = Vec<u8>> {
        "([ab]/){0,3}[xyz]\\.(mkv|nfo)".prop_map(String::into_bytes)
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            4 => (path(), 0u64..4, 0i64..4).prop_map(|(path, size, time)| Edit::Write(path, size, OLD_NS + time)),
            2 => (0usize..50).prop_map(Edit::Remove),
            2 => ((0usize..50), path()).prop_map(|(at, path)| Edit::Rename(at, path)),
            2 => Just(Edit::Scan),
        ]
    }

    proptest! {
        #[test]
        fn scans_between_edits_end_where_one_scan_of_the_last_tree_does(edits in prop::collection::vec(edit(), 1..60)) {
            let mut tree = Tree::new();
            let mut known = Vec::new();
            let mut next_id = 0;
            for edit in edits.into_iter().chain([Edit::Scan]) {
                let nth = |tree: &Tree, at: usize| tree.keys().nth(at % tree.len().max(1)).cloned();
                match edit {
                    Edit::Write(path, size, time) => { tree.insert(path, (size, time)); }
                    Edit::Remove(at) => if let Some(path) = nth(&tree, at) { tree.remove(&path); },
                    Edit::Rename(at, to) => if let Some(state) = nth(&tree, at).and_then(|path| tree.remove(&path)) {
                        tree.insert(to, state);
                    },
                    Edit::Scan => {
                        let plan = diff(known.clone(), &walk_of(&tree), &OPTIONS);
                        known = carry_out(known, &plan, &mut next_id);
                    }
                }
            }
            let plan = diff(Vec::new(), &walk_of(&tree), &OPTIONS);
            let afresh = carry_out(Vec::new(), &plan, &mut 0);
            prop_assert_eq!(facts(&known), facts(&afresh));
            prop_assert_eq!(diff(known, &walk_of(&tree), &OPTIONS), Plan::default());
        }
    }

    fn tree(paths: &[&str]) -> Tree {
        paths
            .iter()
            .map(|path| (path.as_bytes().to_vec(), (1, OLD_NS)))
            .collect()
    }

    fn scanned(tree: &Tree) -> Vec<KnownFile> {
        carry_out(
            Vec::new(),
            &diff(Vec::new(), &walk_of(tree), &OPTIONS),
            &mut 0,
        )
    }

    #[test]
    fn files_below_closed_folders_and_lost_mounts_are_missing_not_gone() {
        let known = scanned(&tree(&["a/x.mkv", "b/x.mkv", "c.mkv"]));
        let mut walk = walk_of(&tree(&["c.mkv"]));
        walk.closed = vec![b"a".to_vec()];
        let mounts = [b"b".to_vec()];
        let plan = diff(
            known.clone(),
            &walk,
            &DiffOptions {
                mounts: &mounts,
                ..OPTIONS
            },
        );
        assert_eq!((plan.missing.len(), plan.gone.len()), (2, 0));
        let plan = diff(known, &walk, &OPTIONS);
        assert_eq!(
            (plan.missing.len(), plan.gone.len()),
            (1, 1),
            "b was no mount"
        );
    }

    #[test]
    fn what_failed_for_now_is_tried_again_when_it_has_rested() {
        use Depth::{Full, Look, Retry};
        let tree = tree(&["x.mkv"]);
        for (code, available, tries, depth, tried, comes_back) in [
            ("unreadable", true, 0, Look, false, false),
            ("unreadable", false, 0, Look, false, false),
            ("unreadable", false, 0, Retry, true, false),
            ("not_this_time", true, 1, Look, true, false),
            ("not_this_time", true, 2, Retry, false, false),
            ("not_this_time", true, 2, Full, true, false),
            ("crashed", true, 1, Retry, true, false),
            ("crashed", false, 2, Look, false, true),
            ("given_up", true, 5, Retry, false, false),
            ("given_up", true, 5, Full, true, false),
            ("damaged", true, 0, Retry, false, false),
            ("damaged", true, 0, Full, true, false),
            ("damaged", false, 0, Retry, false, true),
        ] {
            let mut known = scanned(&tree);
            known[0].problem = Some(code.to_owned());
            known[0].available = available;
            known[0].tries = tries;
            known[0].tried_at_ms = NOW_NS / 1_000_000 - 60_000;
            let plan = diff(known, &walk_of(&tree), &DiffOptions { depth, ..OPTIONS });
            let got = (!plan.tasks.is_empty(), !plan.back.is_empty());
            assert_eq!(got, (tried, comes_back), "{code} {available} {depth:?}");
            let want = if depth == Full { 0 } else { tries };
            assert!(plan.tasks.iter().all(|task| task.tries == want), "{code}");
        }
    }

    #[test]
    fn a_fresh_file_waits_for_a_second_look_whatever_the_clock_says() {
        for (age_ns, waits) in [
            (0, true),
            (SETTLE_NS - 1, true),
            (SETTLE_NS, false),
            (-SETTLE_NS, true),
            // A board without a clock sees files from the future.
            (-SETTLE_NS - 1, false),
        ] {
            let tree: Tree = [(b"x.mkv".to_vec(), (1, NOW_NS - age_ns))].into();
            let first = diff(Vec::new(), &walk_of(&tree), &OPTIONS);
            assert_eq!(first.tasks.is_empty(), waits, "{age_ns}");
            let again = diff(
                Vec::new(),
                &walk_of(&tree),
                &DiffOptions {
                    before: &first.unsettled,
                    ..OPTIONS
                },
            );
            assert_eq!(again.tasks.len(), 1, "{age_ns}");
        }
    }

    #[test]
    fn a_changed_text_beside_a_film_is_taken_in_without_reading_the_film() {
        let mut tree = tree(&["a/b/x.mkv", "a/b/x.nfo", "c/x.mkv"]);
        let known = scanned(&tree);
        tree.insert(b"a/b/x.nfo".to_vec(), (2, OLD_NS));
        let plan = diff(known.clone(), &walk_of(&tree), &OPTIONS);
        let probes: Vec<_> = plan
            .tasks
            .iter()
            .map(|task| (task.path.as_slice(), task.probe))
            .collect();
        assert_eq!(probes, [(&b"a/b/x.mkv"[..], false)]);
        let full = diff(
            known,
            &walk_of(&tree),
            &DiffOptions {
                depth: Depth::Full,
                ..OPTIONS
            },
        );
        assert!(full.tasks.len() == 2 && full.tasks.iter().all(|task| task.probe));
    }
}
