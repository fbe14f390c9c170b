//! Notices changes in the folders: through inotify, by looking whether mounts come and go, and
//! where inotify does not reach, by scanning now and then.
//!
//! Never: deciding what changed; a scan does.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::disk::DiskError;
use super::inner::Inner;
use super::{LibraryId, ScanRequest};
use crate::db::{DbError, libraries};

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
struct Root {
    id: LibraryId,
    path: PathBuf,
}

/// A library's folder under watch.
#[derive(Debug)]
struct Watched {
    root: Root,
    /// `None` until it was looked at.
    face: Option<Face>,
    /// Shared with the thread that looks at the folder, until it ends.
    looking: Arc<()>,
    /// What the watches were made for, and with the thread that makes them, the watches.
    made_for: Option<Face>,
    watch: Arc<Mutex<Watch>>,
}

/// The watches of one library. Each has its own, so that one that hangs holds up no other.
#[derive(Debug, Default)]
struct Watch {
    /// Kept for as long as it is to watch.
    _watcher: Option<RecommendedWatcher>,
    is_whole: bool,
}

/// What inotify reported since it was last acted on.
#[derive(Debug, Default)]
struct Dirty {
    libraries: Mutex<HashSet<LibraryId>>,
    changed: Notify,
}

/// Something that was begun for a library and has ended, or is not waited for any longer.
type Doing = Pin<Box<dyn Future<Output = Done> + Send>>;

enum Done {
    Looked(Root, Face),
    Other,
}

/// Watches until shutdown.
pub(super) async fn watch_loop(inner: Arc<Inner>) {
    let dirty = Arc::new(Dirty::default());
    let mut watched: Vec<Watched> = Vec::new();
    let mut doing: FuturesUnordered<Doing> = FuturesUnordered::new();
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
            }
            () = sleep_until(rescan_at) => {
                rescan_at = Instant::now() + rescan_after(&inner);
                inner.want(&ScanRequest::default());
            }
            () = time_to_look(&inner, &mut look) => {
                if renew(&inner, &mut watched).await.is_err() {
                    return;
                }
                doing.extend(watched.iter().filter_map(|one| see(&inner, one)));
            }
            Some(done) = doing.next() => {
                if let Done::Looked(root, face) = done {
                    note_face(&inner, &mut watched, &root, face);
                }
            }
        }
        let roots: Arc<[Root]> = watched.iter().map(|one| one.root.clone()).collect();
        let begun = watched
            .iter_mut()
            .filter_map(|one| watch_anew(&inner, one, &roots, &dirty));
        doing.extend(begun);
        let is_whole = watched.iter().all(is_whole);
        if is_whole != inner.progress.status().watching {
            inner.progress.change(|status| status.watching = is_whole);
            rescan_at = Instant::now() + rescan_after(&inner);
        }
    }
}

fn rescan_after(inner: &Inner) -> Duration {
    if inner.progress.status().watching {
        RESCAN_WATCHED
    } else {
        RESCAN_UNWATCHED
    }
}

async fn time_to_look(inner: &Inner, look: &mut Interval) {
    tokio::select! {
        () = inner.folders_changed.notified() => {}
        _ = look.tick() => {}
    }
}

/// Brings the libraries under watch up to date with the list of libraries.
async fn renew(inner: &Inner, watched: &mut Vec<Watched>) -> Result<(), DbError> {
    let all = inner.db.read(libraries::all).await?;
    let roots = all.into_iter().map(|row| Root {
        id: row.id,
        path: row.path,
    });
    let mut before = std::mem::take(watched);
    *watched = roots
        .map(
            |root| match before.iter().position(|old| old.root == root) {
                Some(index) => before.swap_remove(index),
                None => Watched {
                    root,
                    face: None,
                    looking: Arc::default(),
                    made_for: None,
                    watch: Arc::default(),
                },
            },
        )
        .collect();
    Ok(())
}

/// Looks what a library's folder is like; nothing while the look before this one is held by a disk.
fn see(inner: &Arc<Inner>, one: &Watched) -> Option<Doing> {
    if Arc::strong_count(&one.looking) > 1 {
        return None;
    }
    let (folder, looking) = (one.root.path.clone(), Arc::clone(&one.looking));
    let look = move || {
        let has_entry = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        let meta = fs::metadata(&folder).ok();
        drop(looking);
        meta.map(|meta| (meta.dev(), meta.ino(), has_entry))
    };
    let (disk, root) = (inner.disks.of(&one.root.path), one.root.clone());
    Some(Box::pin(async move {
        match disk.run(look).await {
            Ok(face) => Done::Looked(root, face),
            Err(DiskError::NotAnswering) => Done::Looked(root, None),
            Err(DiskError::NoTurn) => Done::Other,
        }
    }))
}

/// Notes a look. New libraries are scanned by who adds them; here only mounts count that come or go.
fn note_face(inner: &Inner, watched: &mut [Watched], root: &Root, face: Face) {
    let Some(one) = watched.iter_mut().find(|one| one.root == *root) else {
        return;
    };
    let before = one.face.replace(face);
    if before.is_some_and(|before| before != face) {
        inner.want(&ScanRequest {
            library: Some(root.id),
            full: false,
        });
    }
}

/// Watches a library's folder when it is not the one that is watched; nothing while its disk holds
/// who makes the watches.
fn watch_anew(
    inner: &Arc<Inner>,
    one: &mut Watched,
    roots: &Arc<[Root]>,
    dirty: &Arc<Dirty>,
) -> Option<Doing> {
    let face = one.face.filter(|face| one.made_for != Some(*face))?;
    if Arc::strong_count(&one.watch) > 1 {
        return None;
    }
    one.made_for = Some(face);
    // Watches of a folder that was mounted over see the folder below it.
    one.watch = Arc::default();
    face?;
    let (root, roots, dirty) = (one.root.clone(), Arc::clone(roots), Arc::clone(dirty));
    let made = Arc::clone(&one.watch);
    let disk = inner.disks.of(&one.root.path);
    Some(Box::pin(async move {
        let make = move || {
            let watch = watch(&root, roots, dirty);
            *made.lock().unwrap_or_else(PoisonError::into_inner) = watch;
        };
        // One that takes long is not waited for, but counts once it is made.
        let _ = disk.run(make).await;
        Done::Other
    }))
}

/// True when every change in a library's folder is seen, or there is no folder.
fn is_whole(one: &Watched) -> bool {
    one.face == Some(None)
        || one
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_whole
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

/// Watches a library's folder with all below it.
fn watch(root: &Root, roots: Arc<[Root]>, dirty: Arc<Dirty>) -> Watch {
    let handler = move |event: notify::Result<Event>| note(&event, &roots, &dirty);
    let config = Config::default().with_follow_symlinks(false);
    let made = RecommendedWatcher::new(handler, config).map(|mut watcher| {
        let watched = watcher.watch(&root.path, RecursiveMode::Recursive);
        (watcher, watched)
    });
    let (watcher, watched) = match made {
        Ok((watcher, watched)) => (Some(watcher), watched),
        Err(error) => (None, Err(error)),
    };
    if let Err(error) = &watched {
        log::warn!(
            "library {} cannot be watched whole; it is scanned regularly instead: {}",
            root.id,
            error_kind(error)
        );
    }
    Watch {
        _watcher: watcher,
        is_whole: watched.is_ok(),
    }
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

fn note(event: &notify::Result<Event>, roots: &[Root], dirty: &Dirty) {
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
