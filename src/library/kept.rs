//! What was made once and is kept in the state folder: read, written whole, and thrown away when
//! nothing uses it any more.
//!
//! Never: making it; removing anything outside the state folder.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use super::LibraryError;
use super::inner::{Inner, Turns};
use crate::db::{Connection, DbError, art, files, side_subtitles};

/// A place in the line for a path; given back also when who waits goes away.
pub(super) struct Turn<'a> {
    all: &'a Turns,
    path: &'a Path,
    pub(super) lock: Arc<tokio::sync::Mutex<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        // The list's and this one.
        if Arc::strong_count(&self.lock) == 2 {
            all.remove(self.path);
        }
    }
}

/// Tells of each name in a folder whether what it was made from is still in the list.
type Used = fn(&Connection, &[String]) -> Result<Vec<bool>, DbError>;

impl Inner {
    /// One at a time for each path.
    pub(super) fn turn<'a>(&'a self, path: &'a Path) -> Turn<'a> {
        let mut all = self
            .in_making
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Turn {
            all: &self.in_making,
            path,
            lock: Arc::clone(all.entry(path.to_owned()).or_default()),
        }
    }

    /// Forgets pictures and texts of nothing, then the oldest beyond the limits.
    pub(super) async fn prune(&self) -> Result<(), LibraryError> {
        let config = &self.config;
        let (pictures, texts) = (config.art_cache_bytes, config.text_cache_bytes);
        self.prune_folder("art", pictures, used_pictures).await?;
        self.prune_folder("subtitles", texts, used_texts).await
    }

    async fn prune_folder(
        &self,
        folder: &str,
        most_bytes: u64,
        used: Used,
    ) -> Result<(), LibraryError> {
        let folder = self.config.state_dir.join(folder);
        let list = move || list(&folder);
        let mut kept = tokio::task::spawn_blocking(list).await.unwrap_or_default();
        let names: Vec<String> = kept.iter().map(|file| file.name.clone()).collect();
        let used = self.db.read(move |conn| used(conn, &names)).await?;
        for (file, is_used) in kept.iter_mut().zip(used) {
            file.is_used = is_used;
        }
        mark_parts(&mut kept, &self.in_making);
        let remove = move || {
            for path in doomed(kept, most_bytes) {
                // One that cannot be removed is met again.
                let _ = fs::remove_file(path);
            }
        };
        // The thread cannot fail: it ignores what it cannot remove.
        let _ = tokio::task::spawn_blocking(remove).await;
        Ok(())
    }
}

/// Names begin with the picture's key.
fn used_pictures(conn: &Connection, names: &[String]) -> Result<Vec<bool>, DbError> {
    let is_used = |name: &String| match number(name, 0) {
        Some(key) => art::is_used(conn, key),
        None => Ok(false),
    };
    names.iter().map(is_used).collect()
}

/// Names of texts inside films begin with the film's fingerprint; those of files beside films have
/// an x, their path's key and their stamp.
fn used_texts(conn: &Connection, names: &[String]) -> Result<Vec<bool>, DbError> {
    let stamps: HashSet<u64> = match names.iter().any(|name| name.starts_with('x')) {
        true => side_subtitles::stamps(conn)?,
        false => HashSet::new(),
    };
    let is_used = |name: &String| match name.strip_prefix('x') {
        Some(rest) => Ok(number(rest, 17).is_some_and(|stamp| stamps.contains(&stamp))),
        None => match number(name, 0) {
            Some(fingerprint) => files::has_content(conn, fingerprint),
            None => Ok(false),
        },
    };
    names.iter().map(is_used).collect()
}

/// The 64-bit number at `at` in a name.
fn number(name: &str, at: usize) -> Option<u64> {
    u64::from_str_radix(name.get(at..at + 16)?, 16).ok()
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    name: String,
    bytes: u64,
    made_at: SystemTime,
    is_used: bool,
}

/// All files of a folder and of those in it.
fn list(folder: &Path) -> Vec<Kept> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(meta), Ok(name)) = (entry.metadata(), entry.file_name().into_string()) else {
            continue;
        };
        if meta.is_dir() {
            kept.extend(list(&entry.path()));
        } else {
            kept.push(Kept {
                path: entry.path(),
                name,
                bytes: meta.len(),
                made_at: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                is_used: false,
            });
        }
    }
    kept
}

/// A part that nobody is writing was left by a crash, whatever it was to become.
fn mark_parts(kept: &mut [Kept], making: &Turns) {
    let making = making.lock().unwrap_or_else(PoisonError::into_inner);
    for file in kept {
        if file.path.extension().is_some_and(|end| end == PART) {
            file.is_used = making.contains_key(&file.path.with_extension(""));
        }
    }
}

/// What is used by nothing, and of the rest the oldest past the limit.
fn doomed(mut kept: Vec<Kept>, most_bytes: u64) -> Vec<PathBuf> {
    let mut total: u64 = kept.iter().map(|file| file.bytes).sum();
    kept.sort_by_key(|file| (file.is_used, file.made_at));
    kept.into_iter()
        .take_while(|file| {
            let goes = !file.is_used || total > most_bytes;
            total -= file.bytes;
            goes
        })
        .map(|file| file.path)
        .collect()
}

/// How a file is called while it is being written.
const PART: &str = "part";

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PART);
    name.into()
}

pub(super) async fn read(path: &Path) -> Option<Bytes> {
    let path = path.to_owned();
    let read = move || fs::read(path).ok().filter(|bytes| !bytes.is_empty());
    tokio::task::spawn_blocking(read)
        .await
        .ok()
        .flatten()
        .map(Bytes::from)
}

/// Keeps made bytes whole or not at all. A full disk costs the copy, not the answer.
pub(super) async fn keep(path: &Path, bytes: Bytes) {
    let path = path.to_owned();
    let write = move || write_whole(&path, &bytes);
    if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
        log::debug!("something made was not kept: {error}");
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = part_of(path);
    let written = fs::File::create(&part).and_then(|mut file| file.write_all(bytes));
    if let Err(error) = written {
        // What was written of it is of no use.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_is_dropped_while_it_waits_leaves_nothing_behind() {
        let all = Turns::default();
        let path = Path::new("a.jpg");
        let take = || Turn {
            all: &all,
            path,
            lock: Arc::clone(all.lock().unwrap().entry(path.to_owned()).or_default()),
        };
        let (first, second) = (take(), take());
        assert!(Arc::ptr_eq(&first.lock, &second.lock));
        drop(second);
        assert_eq!(all.lock().unwrap().len(), 1, "the first is still at it");
        drop(first);
        assert!(all.lock().unwrap().is_empty());
    }

    #[test]
    fn what_nothing_uses_goes_first_then_the_oldest_past_the_limit() {
        let kept = |name: &str, age_s: u64, is_used: bool| Kept {
            path: name.into(),
            name: name.to_owned(),
            bytes: 10,
            made_at: SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(100 - age_s),
            is_used,
        };
        for (most_bytes, goes) in [
            (u64::MAX, vec!["unused"]),
            (30, vec!["unused"]),
            (29, vec!["unused", "oldest"]),
            (10, vec!["unused", "oldest", "old"]),
            (0, vec!["unused", "oldest", "old", "new"]),
        ] {
            let all = vec![
                kept("new", 1, true),
                kept("unused", 0, false),
                kept("oldest", 9, true),
                kept("old", 5, true),
            ];
            let goes: Vec<_> = goes.into_iter().map(PathBuf::from).collect();
            assert_eq!(doomed(all, most_bytes), goes, "{most_bytes}");
        }
    }

    #[test]
    fn a_part_is_kept_only_while_somebody_writes_it() {
        let all = Turns::default();
        let path = Path::new("a.jpg");
        let kept = |name: PathBuf, is_used| Kept {
            name: name.display().to_string(),
            path: name,
            bytes: 1,
            made_at: SystemTime::UNIX_EPOCH,
            is_used,
        };
        let goes = |all: &Turns| {
            let part = part_of(path);
            let mut files = vec![
                kept(part, true),
                kept("b.part".into(), true),
                kept("c.jpg".into(), true),
            ];
            mark_parts(&mut files, all);
            doomed(files, u64::MAX)
        };
        assert_eq!(goes(&all), [part_of(path), "b.part".into()]);
        all.lock().unwrap().insert(path.to_owned(), Arc::default());
        assert_eq!(goes(&all), [PathBuf::from("b.part")]);
    }
}
