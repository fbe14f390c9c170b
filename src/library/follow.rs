//! Rows follow their content where names were passed on or swapped between two scans: the second
//! episode became the third, and the first the second.
//!
//! A known content under a path that nothing was known of is the scan's own to find; here are the
//! paths that hold what another path held.
//!
//! Where one of them cannot be read now, what it may hold is not given up: all rows and files that
//! hang on it stay as they are until the next scan.
//!
//! Never: a row for a content that no file has any more; the database's tables.

use std::collections::{HashMap, HashSet, VecDeque};

use super::diff::{Plan, Task};
use super::disk::Turn;
use super::fingerprint::fingerprint;
use super::scan::{Listed, Scan};
use super::source::open_regular;
use super::walk::absolute;
use super::{FileId, LibraryError, LibraryId, store};
use crate::db::libraries::LibraryRow;

/// A library and a path below its folder.
pub(super) type Place = (LibraryId, Vec<u8>);

/// A row whose place is empty, or holds what may be another content.
#[derive(Clone, Debug)]
struct Lost {
    id: FileId,
    place: Place,
    size_bytes: u64,
    fingerprint: u64,
    is_replaced: bool,
}

/// A file that is new, or has changed since the last scan.
#[derive(Clone, Debug)]
struct Found {
    place: Place,
    size_bytes: u64,
    /// 0 until it was read, and when it cannot be.
    fingerprint: u64,
}

/// What came of following.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// Rows had to move, so that what was listed must be compared anew.
    pub(super) have_moved: bool,
    /// Sizes of files of which nobody can tell now where their content went.
    doubtful: HashSet<u64>,
}

impl Followed {
    /// Takes out of a plan what would bind a row to another content while its own may be in a file
    /// that could not be read: the next scan finds it as this one did.
    pub(super) fn hold_back(&self, plan: &mut Plan) {
        let replaced: HashSet<FileId> = plan.replaced.iter().map(|file| file.id).collect();
        plan.tasks
            .retain(|task| !is_other(task, &replaced) || !self.doubtful.contains(&task.size_bytes));
        let gone = std::mem::take(&mut plan.gone).into_iter();
        let (held, gone): (Vec<_>, _) =
            gone.partition(|file| self.doubtful.contains(&file.size_bytes));
        plan.gone = gone;
        let held = held.into_iter().filter(|file| file.available);
        plan.missing.extend(held.map(|file| file.id));
    }
}

impl Scan<'_> {
    /// Puts rows where their content is now.
    pub(super) async fn follow(&self, listed: &[Listed]) -> Result<Followed, LibraryError> {
        if listed.iter().all(|found| found.plan.replaced.is_empty()) {
            return Ok(Followed::default());
        }
        let (mut lost, mut found) = (all_lost(listed), all_found(listed));
        let handed_on = handed_on(listed, &found);
        retain_telling(&lost, &mut found);
        let mut read = Vec::new();
        for library in listed.iter().map(|found| &found.library) {
            let (own, others) = found.into_iter().partition(|f| f.place.0 == library.id);
            read.extend(self.read(library, own).await);
            found = others;
        }
        let doubtful = doubtful(&read, &handed_on);
        if !doubtful.is_empty() {
            log::warn!("changed files that could not be read wait for the next scan");
        }
        lost.retain(|row| !doubtful.contains(&row.size_bytes));
        read.retain(|file| !doubtful.contains(&file.size_bytes));
        let moves = moves(&lost, &read);
        let mut have_moved = false;
        if !moves.is_empty() && !self.stop.is_cancelled() {
            let libraries: Vec<_> = listed.iter().map(|found| found.library.clone()).collect();
            have_moved = self
                .inner
                .db
                .write(move |conn| store::follow(conn, &libraries, &moves))
                .await?;
        }
        Ok(Followed {
            have_moved,
            doubtful,
        })
    }

    /// Reads the fingerprints of files of one library.
    async fn read(&self, library: &LibraryRow, files: Vec<Found>) -> Vec<Found> {
        if files.is_empty() {
            return files;
        }
        let (root, roots, stop) = (library.path.clone(), self.inner.roots(), self.stop.clone());
        let mut fingerprints = files.clone();
        let read = move |turn: &Turn| {
            let mut buffer = Vec::new();
            for file in fingerprints.iter_mut().take_while(|_| !stop.is_cancelled()) {
                turn.is_alive();
                let path = absolute(&root, &file.place.1);
                if let Ok((open, size_bytes, _)) = open_regular(&path, &roots)
                    && size_bytes == file.size_bytes
                {
                    file.fingerprint = fingerprint(&open, size_bytes, &mut buffer).unwrap_or(0);
                }
            }
            fingerprints
        };
        let disk = self.inner.disks.of(&library.path);
        disk.run_long(read).await.unwrap_or(files)
    }
}

fn is_other(task: &Task, replaced: &HashSet<FileId>) -> bool {
    task.known.is_none_or(|id| replaced.contains(&id))
}

fn all_lost(listed: &[Listed]) -> Vec<Lost> {
    let mut lost = Vec::new();
    for found in listed {
        let plan = &found.plan;
        for (files, is_replaced) in [(&plan.replaced, true), (&plan.gone, false)] {
            lost.extend(files.iter().map(|file| Lost {
                id: file.id,
                place: (found.library.id, file.path.clone()),
                size_bytes: file.size_bytes,
                fingerprint: file.fingerprint,
                is_replaced,
            }));
        }
    }
    lost.retain(|row| row.fingerprint != 0);
    lost.sort_by_key(|row| row.id);
    lost
}

fn all_found(listed: &[Listed]) -> Vec<Found> {
    let mut files = Vec::new();
    for found in listed {
        let plan = &found.plan;
        let replaced: HashSet<FileId> = plan.replaced.iter().map(|file| file.id).collect();
        let tasks = plan.tasks.iter().filter(|task| is_other(task, &replaced));
        let tasks = tasks.map(|task| (&task.path, task.size_bytes));
        let fresh = plan.unsettled.iter().map(|(path, size, _)| (path, *size));
        files.extend(tasks.chain(fresh).map(|(path, size_bytes)| Found {
            place: (found.library.id, path.clone()),
            size_bytes,
            fingerprint: 0,
        }));
    }
    files
}

/// Keeps the files whose content may be that of a row of another place. The size is part of what
/// content is known by, so hardly any file need be read for this.
fn retain_telling(lost: &[Lost], found: &mut Vec<Found>) {
    let mut sizes: HashMap<u64, (Vec<&Lost>, Vec<&Found>)> = HashMap::new();
    for row in lost {
        sizes.entry(row.size_bytes).or_default().0.push(row);
    }
    for file in found.iter() {
        if let Some((_, files)) = sizes.get_mut(&file.size_bytes) {
            files.push(file);
        }
    }
    let replaced: HashSet<&Place> = lost
        .iter()
        .filter(|row| row.is_replaced)
        .map(|row| &row.place)
        .collect();
    sizes.retain(|_, (rows, files)| {
        let is_passed_on =
            |row: &&Lost| row.is_replaced && files.iter().any(|f| f.place != row.place);
        let is_taken_over =
            |f: &&Found| replaced.contains(&f.place) && rows.iter().any(|row| f.place != row.place);
        rows.iter().any(is_passed_on) || files.iter().any(is_taken_over)
    });
    let telling: HashSet<u64> = sizes.into_keys().collect();
    found.retain(|file| telling.contains(&file.size_bytes));
}

/// The sizes before and now of each place whose file was replaced.
fn handed_on(listed: &[Listed], found: &[Found]) -> Vec<(u64, u64)> {
    let now: HashMap<(LibraryId, &[u8]), u64> = found
        .iter()
        .map(|file| ((file.place.0, &file.place.1[..]), file.size_bytes))
        .collect();
    let sizes = listed.iter().flat_map(|of| {
        let replaced = of.plan.replaced.iter();
        replaced.filter_map(|file| {
            let size_bytes = now.get(&(of.library.id, &file.path[..]))?;
            Some((file.size_bytes, *size_bytes))
        })
    });
    sizes.collect()
}

/// The sizes of the files that could not be read, and all that hang on them: a row whose content may
/// be in one of those keeps its place, so the row that belongs there has nowhere to go.
fn doubtful(found: &[Found], handed_on: &[(u64, u64)]) -> HashSet<u64> {
    let unread = found.iter().filter(|file| file.fingerprint == 0);
    let mut doubtful: HashSet<u64> = unread.map(|file| file.size_bytes).collect();
    loop {
        let known = doubtful.len();
        for (before, now) in handed_on {
            if doubtful.contains(before) || doubtful.contains(now) {
                doubtful.extend([before, now]);
            }
        }
        if doubtful.len() == known {
            return doubtful;
        }
    }
}

/// Which row belongs to which other place, each row and each place at most once.
fn moves(lost: &[Lost], found: &[Found]) -> Vec<(FileId, Place)> {
    let here: HashMap<&Place, &Found> = found.iter().map(|file| (&file.place, file)).collect();
    let stays = |row: &Lost| {
        here.get(&row.place).is_some_and(|file| {
            (file.size_bytes, file.fingerprint) == (row.size_bytes, row.fingerprint)
        })
    };
    let staying: HashSet<&Place> = lost
        .iter()
        .filter(|row| stays(row))
        .map(|row| &row.place)
        .collect();
    let mut places: HashMap<(u64, u64), VecDeque<&Place>> = HashMap::new();
    for file in found.iter().filter(|file| !staying.contains(&file.place)) {
        let content = (file.size_bytes, file.fingerprint);
        places.entry(content).or_default().push_back(&file.place);
    }
    let mut moves = Vec::new();
    for row in lost.iter().filter(|row| !staying.contains(&row.place)) {
        let content = (row.size_bytes, row.fingerprint);
        let place = places.get_mut(&content).and_then(VecDeque::pop_front);
        moves.extend(place.map(|place| (row.id, place.clone())));
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content as (size, fingerprint).
    type Content = (u64, u64);

    fn lost(id: i64, name: &str, (size_bytes, fingerprint): Content, is_replaced: bool) -> Lost {
        Lost {
            id: FileId(id),
            place: (LibraryId(1), name.into()),
            size_bytes,
            fingerprint,
            is_replaced,
        }
    }

    #[test]
    fn rows_go_where_their_content_went_and_only_what_may_tell_is_read() {
        const ONE: Content = (10, 1);
        const TWO: Content = (10, 2);
        const THREE: Content = (30, 3);
        const EDITED: Content = (30, 9);
        type Case<'a> = (
            &'a str,
            Vec<Lost>,
            &'a [(&'a str, Content)],
            &'a [&'a str],
            &'a [(i64, &'a str)],
        );
        let cases: Vec<Case<'_>> = vec![
            (
                "swapped",
                vec![lost(1, "a", ONE, true), lost(2, "b", TWO, true)],
                &[("a", TWO), ("b", ONE)],
                &["a", "b"],
                &[(1, "b"), (2, "a")],
            ),
            (
                "passed on, and the first place has something new",
                vec![lost(1, "a", ONE, true), lost(2, "b", TWO, true)],
                &[("a", THREE), ("b", ONE), ("c", TWO)],
                &["b", "c"],
                &[(1, "b"), (2, "c")],
            ),
            (
                "one over the other",
                vec![lost(1, "a", ONE, false), lost(2, "b", THREE, true)],
                &[("b", ONE)],
                &["b"],
                &[(1, "b")],
            ),
            (
                "touched, while a copy was made",
                vec![lost(1, "a", ONE, true)],
                &[("a", ONE), ("c", ONE)],
                &["a", "c"],
                &[],
            ),
            (
                "edited in place",
                vec![lost(1, "a", ONE, true), lost(2, "b", THREE, true)],
                &[("a", TWO), ("b", EDITED)],
                &[],
                &[],
            ),
            (
                "renamed, while another was edited",
                vec![lost(1, "a", ONE, false), lost(2, "b", THREE, true)],
                &[("b", EDITED), ("c", ONE)],
                &[],
                &[],
            ),
        ];
        for (name, lost, now, read, want) in cases {
            let found = |&(name, (size_bytes, fingerprint)): &(&str, Content)| Found {
                place: (LibraryId(1), name.into()),
                size_bytes,
                fingerprint,
            };
            let mut found: Vec<Found> = now.iter().map(found).collect();
            retain_telling(&lost, &mut found);
            let told: Vec<_> = found.iter().map(|file| &file.place.1[..]).collect();
            let read: Vec<_> = read.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(told, read, "{name}");
            let want: Vec<_> = want
                .iter()
                .map(|(id, name)| (FileId(*id), (LibraryId(1), name.as_bytes().to_vec())))
                .collect();
            assert_eq!(moves(&lost, &found), want, "{name}");
        }
    }

    #[test]
    fn doubt_about_one_file_reaches_all_that_hang_on_it_and_nothing_else() {
        let read = |size_bytes, fingerprint| Found {
            place: (LibraryId(1), Vec::new()),
            size_bytes,
            fingerprint,
        };
        let handed_on = [(10, 20), (30, 20), (40, 50), (60, 60)];
        for (unread, want) in [
            (&[][..], &[][..]),
            (&[10], &[10, 20, 30]),
            (&[30], &[10, 20, 30]),
            (&[60, 50], &[40, 50, 60]),
            (&[7], &[7]),
        ] {
            let mut found: Vec<Found> = unread.iter().map(|&size| read(size, 0)).collect();
            found.extend([read(20, 1), read(40, 2)]);
            let mut got: Vec<u64> = doubtful(&found, &handed_on).into_iter().collect();
            got.sort_unstable();
            assert_eq!(got, want, "{unread:?}");
        }
    }
}
