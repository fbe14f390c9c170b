//! Notices changes in the folders: through inotify, by looking whether mounts come and go, and
//! where inotify does not reach, by scanning now and then.
//!
//! Never: deciding what changed; a scan does.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::inner::Inner;
use super::{LibraryId, ScanRequest};
use crate::db::libraries;

/// A change is acted on when the folder has been quiet for this long …
const QUIET: Duration = Duration::from_millis(1000);
/// … or after this long of steady change.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the libraries' folders are looked at for mounts that come or go.
const LOOK: Duration = Duration::from_secs(5);
/// Between scans where every change is seen by inotify: network mounts and links are not.
const RESCAN_WATCHED: Duration = Duration::from_secs(3600);
/// Between scans where the kernel's limit of watches is reached.
const RESCAN_UNWATCHED: Duration = Duration::from_secs(300);

/// A library's folder as last seen: device, inode, whether anything is in it.
type Face = Option<(u64, u64, bool)>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Watched {
    id: LibraryId,
    path: PathBuf,
    face: Face,
}

/// What inotify reported since it was last acted on.
#[derive(Debug, Default)]
struct Dirty {
    libraries: Mutex<HashSet<LibraryId>>,
    changed: Notify,
}

/// Watches until shutdown.
pub(super) async fn watch_loop(inner: Arc<Inner>) {
    let dirty = Arc::new(Dirty::default());
    let mut watched: Vec<Watched> = Vec::new();
    let mut watcher: Option<RecommendedWatcher> = None;
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut rescan_at = Instant::now() + RESCAN_WATCHED;
    loop {
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = dirty.changed.notified() => {
                settle(&inner, &dirty).await;
                for id in take(&dirty) {
                    inner.look(id);
                }
                continue;
            }
            () = sleep_until(rescan_at) => {
                rescan_at = Instant::now() + rescan_after(&inner);
                inner.want(&ScanRequest::default());
                continue;
            }
            () = inner.folders_changed.notified() => {}
            _ = look.tick() => {}
        }
        let Ok(all) = inner.db.read(libraries::all).await else {
            return;
        };
        let now = all.into_iter().map(|row| see(&inner, row.id, row.path));
        let now = futures_util::future::join_all(now).await;
        if now == watched {
            continue;
        }
        for changed in now.iter().filter(|new| has_come_or_gone(new, &watched)) {
            inner.want(&ScanRequest {
                library: Some(changed.id),
                full: false,
            });
        }
        // Watches of a folder that was mounted over see the folder below it.
        drop(watcher.take());
        let (list, told) = (now.clone(), Arc::clone(&dirty));
        let Ok((new, is_whole)) = tokio::task::spawn_blocking(move || watch(list, told)).await
        else {
            continue;
        };
        watcher = new;
        watched = now;
        inner.progress.change(|status| status.watching = is_whole);
        rescan_at = Instant::now() + rescan_after(&inner);
    }
}

fn rescan_after(inner: &Inner) -> Duration {
    if inner.progress.status().watching {
        RESCAN_WATCHED
    } else {
        RESCAN_UNWATCHED
    }
}

/// What a library's folder looks like; nothing while its disk hangs.
async fn see(inner: &Inner, id: LibraryId, path: PathBuf) -> Watched {
    let folder = path.clone();
    let look = move || {
        let has_entry = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        let meta = fs::metadata(&folder).ok()?;
        Some((meta.dev(), meta.ino(), has_entry))
    };
    let face = inner.disks.of(&path).run(look).await.ok().flatten();
    Watched { id, path, face }
}

/// New libraries are scanned by who adds them; here only mounts count.
fn has_come_or_gone(new: &Watched, before: &[Watched]) -> bool {
    before
        .iter()
        .any(|old| old.id == new.id && old.path == new.path && old.face != new.face)
}

/// Waits until the folders are quiet, but not for ever.
async fn settle(inner: &Inner, dirty: &Dirty) {
    let end = Instant::now() + PATIENCE;
    loop {
        let quiet = (Instant::now() + QUIET).min(end);
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = dirty.changed.notified() => if Instant::now() >= end { return },
            () = sleep_until(quiet) => return,
        }
    }
}

fn take(dirty: &Dirty) -> HashSet<LibraryId> {
    std::mem::take(
        &mut *dirty
            .libraries
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    )
}

/// Watches all folders with all below them; false when some could not be.
fn watch(list: Vec<Watched>, dirty: Arc<Dirty>) -> (Option<RecommendedWatcher>, bool) {
    let roots = list.clone();
    let handler = move |event: notify::Result<Event>| note(&event, &roots, &dirty);
    let config = Config::default().with_follow_symlinks(false);
    let mut watcher = match RecommendedWatcher::new(handler, config) {
        Ok(watcher) => watcher,
        Err(error) => {
            log::warn!(
                "folders cannot be watched; they are scanned regularly instead: {}",
                error_kind(&error)
            );
            return (None, false);
        }
    };
    let mut is_whole = true;
    for library in list.iter().filter(|library| library.face.is_some()) {
        if let Err(error) = watcher.watch(&library.path, RecursiveMode::Recursive) {
            log::warn!(
                "library {} cannot be watched whole; it is scanned regularly instead: {}",
                library.id,
                error_kind(&error)
            );
            is_whole = false;
        }
    }
    (Some(watcher), is_whole)
}

/// An error without the paths that it names.
fn error_kind(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "the kernel's limit of watches is reached".to_owned(),
        notify::ErrorKind::Io(error) => error.kind().to_string(),
        notify::ErrorKind::PathNotFound => "the folder is gone".to_owned(),
        _ => "the watch failed".to_owned(),
    }
}

fn note(event: &notify::Result<Event>, roots: &[Watched], dirty: &Dirty) {
    let mut libraries = dirty
        .libraries
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    match event {
        Ok(event) if !event.need_rescan() => {
            let is_reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
            if is_reading {
                return;
            }
            for path in &event.paths {
                let inside = roots.iter().filter(|root| path.starts_with(&root.path));
                // The innermost: libraries may lie in each other.
                let library = inside.max_by_key(|root| root.path.as_os_str().len());
                libraries.extend(library.map(|root| root.id));
            }
        }
        // The kernel's queue ran over, or a watch failed: anything may have changed.
        Ok(_) | Err(_) => libraries.extend(roots.iter().map(|root| root.id)),
    }
    if !libraries.is_empty() {
        dirty.changed.notify_one();
    }
}
