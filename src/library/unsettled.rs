//! Files that were still being written when they were seen, and when to look at them again.
//!
//! Never: a clock of its own; scanning.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::LibraryId;

/// A file as it was seen: path below the library's folder, size, time of change.
pub(super) type Seen = (Vec<u8>, u64, i64);

/// After this long a file that was being written is looked at again …
const FIRST_LOOK: Duration = Duration::from_millis(3200);
/// … and while it keeps growing, twice as long after each look, up to this.
const LAST_LOOK: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Waiting {
    files: Vec<Seen>,
    pause: Duration,
    due: Instant,
}

/// What waits, by library.
#[derive(Debug, Default)]
pub(super) struct Unsettled(HashMap<LibraryId, Waiting>);

impl Unsettled {
    /// What was unsettled in a library's last scan.
    pub(super) fn of(&self, library: LibraryId) -> &[Seen] {
        self.0.get(&library).map_or(&[], |waiting| &waiting.files)
    }

    /// How many files wait.
    pub(super) fn count(&self) -> u64 {
        self.0
            .values()
            .map(|waiting| waiting.files.len() as u64)
            .sum()
    }

    /// Takes in what a scan left. `only` is the library it was for; libraries that it did not find
    /// wait for nothing any more.
    pub(super) fn take_in(
        &mut self,
        only: Option<LibraryId>,
        mut found: HashMap<LibraryId, Vec<Seen>>,
        now: Instant,
    ) {
        found.retain(|_, files| !files.is_empty());
        let was_looked_at = |id: &LibraryId| only.is_none_or(|only| only == *id);
        let mut old = HashMap::new();
        self.0.retain(|id, waiting| {
            let stays = !was_looked_at(id);
            if !stays {
                old.insert(*id, (std::mem::take(&mut waiting.files), waiting.pause));
            }
            stays
        });
        for (id, files) in found {
            let known = |path: &[u8], old: &[Seen]| old.iter().any(|(other, ..)| other == path);
            let pause = match old.get(&id) {
                Some((before, pause)) if files.iter().all(|(path, ..)| known(path, before)) => {
                    (*pause * 2).min(LAST_LOOK)
                }
                _ => FIRST_LOOK,
            };
            let due = now + pause;
            self.0.insert(id, Waiting { files, pause, due });
        }
    }

    /// When the next library is to be looked at.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.0.values().map(|waiting| waiting.due).min()
    }

    /// The libraries to look at now.
    pub(super) fn due(&self, now: Instant) -> Vec<LibraryId> {
        self.0
            .iter()
            .filter(|(_, waiting)| waiting.due <= now)
            .map(|(id, _)| *id)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: LibraryId = LibraryId(1);
    const TWO: LibraryId = LibraryId(2);

    fn left(id: LibraryId, paths: &[&str], size: u64) -> HashMap<LibraryId, Vec<Seen>> {
        let files = paths.iter().map(|path| (path.as_bytes().to_vec(), size, 0));
        [(id, files.collect())].into()
    }

    #[test]
    fn a_file_that_keeps_growing_is_looked_at_ever_less_often() {
        let (mut unsettled, mut now) = (Unsettled::default(), Instant::now());
        let mut pauses_s = Vec::new();
        for size in 0..7 {
            unsettled.take_in(None, left(ONE, &["a"], size), now);
            let due = unsettled.next_due().unwrap();
            assert!(unsettled.due(due - Duration::from_millis(1)).is_empty());
            assert_eq!(unsettled.due(due), [ONE]);
            pauses_s.push((due - now).as_secs());
            now = due;
        }
        assert_eq!(pauses_s, [3, 6, 12, 25, 51, 60, 60]);
        unsettled.take_in(None, left(ONE, &["a", "new"], 9), now);
        assert_eq!(unsettled.next_due(), Some(now + FIRST_LOOK), "another file");
    }

    #[test]
    fn a_library_that_was_not_found_waits_for_nothing() {
        for (only, stays) in [(None, false), (Some(ONE), false), (Some(TWO), true)] {
            let (mut unsettled, now) = (Unsettled::default(), Instant::now());
            unsettled.take_in(None, left(ONE, &["a"], 1), now);
            assert_eq!(unsettled.of(ONE).len(), 1);
            unsettled.take_in(only, HashMap::new(), now);
            assert_eq!(unsettled.next_due().is_some(), stays, "{only:?}");
            assert_eq!(unsettled.of(ONE).is_empty(), !stays, "{only:?}");
        }
    }
}
