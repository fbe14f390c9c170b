//! Brings the list up to date with the folders.
//!
//! ```text
//!  walk ──► diff ──► prepare (open, fingerprint, texts) ──► probe (workers) ──► store (batches)
//!                └─► gone, back, missing ─────────────────────────────────────► settle
//! ```
//! The middle is a pipeline of bounded width: files are prepared a few ahead of the probes, and a
//! batch is written while the next files are probed.
//!
//! Never: an error of one file that ends the scan.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio_util::sync::CancellationToken;

use super::arrange::{Known, arrange};
use super::beside::{Place, inner_art};
use super::diff::{DiffOptions, FORMAT, Plan, Task, diff};
use super::disk::DiskError;
use super::formats::Media;
use super::inner::{Inner, ScanOrder};
use super::prepare::{Ground, Prepared, prepare};
use super::problem::{self, is_passing};
use super::store::{self, Failed, Looked, Ready, Rest};
use super::unsettled::{Seen, Unsettled};
use super::walk::{Walk, absolute, walk};
use super::{FileId, ItemKind, LibraryError, LibraryEvent, LibraryId, ScanPhase, ScanState};
use crate::db::art::ArtSource;
use crate::db::files::{self, FileRow, KnownFile, SameContent};
use crate::db::libraries::{self, LibraryRow};
use crate::media::info::MediaInfo;
use crate::media::job::{Job, Output};
use crate::pool::{Lane, PoolError};

/// Files opened together on one blocking thread.
const CHUNK: usize = 16;
/// Most files of one transaction.
const BATCH: usize = 128;
/// A batch is written when it has waited this long, so that people see something early.
const BATCH_AGE: Duration = Duration::from_millis(300);
/// Files removed or changed in one transaction.
const REST: usize = 500;

/// A library that has been listed and compared.
pub(super) struct Listed {
    pub(super) library: LibraryRow,
    walk: Arc<Walk>,
    pub(super) plan: Plan,
}

/// One scan over some libraries.
pub(super) struct Scan<'a> {
    pub(super) inner: &'a Arc<Inner>,
    pub(super) stop: CancellationToken,
    /// Rows taken over by renamed files in this scan.
    claimed: Mutex<HashSet<FileId>>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(inner: &'a Arc<Inner>) -> Self {
        Self {
            inner,
            stop: inner.shutdown.clone(),
            claimed: Mutex::default(),
        }
    }

    /// Scans; files that are still being written are answered, to be looked at again soon.
    pub(super) async fn run(
        &self,
        order: ScanOrder,
        before: &Unsettled,
    ) -> Result<HashMap<LibraryId, Vec<Seen>>, LibraryError> {
        let progress = &self.inner.progress;
        progress.begin_scan(self.inner.clock.unix_ms());
        self.inner.refresh_roots().await?;
        let mut unsettled = HashMap::new();
        let mut listed = Vec::new();
        for library in self.inner.db.read(libraries::all).await? {
            if order.library.is_some_and(|only| only != library.id) {
                continue;
            }
            listed.extend(self.list(library, order, before).await?);
            if self.stop.is_cancelled() {
                return Ok(unsettled);
            }
        }
        let followed = self.follow(&listed).await?;
        for found in &mut listed {
            if followed.have_moved {
                let (known, mounts) = self.known(found.library.id).await?;
                found.plan = self.compare(known, &mounts, found, order, before);
            }
            followed.hold_back(&mut found.plan);
            unsettled.insert(found.library.id, found.plan.unsettled.clone());
        }
        let total: usize = listed.iter().map(|found| found.plan.tasks.len()).sum();
        progress.begin(ScanState::Scanning, ScanPhase::Probing, total as u64);
        for mut found in std::mem::take(&mut listed) {
            if self.work(&mut found).await? {
                listed.push(found);
            }
        }
        // Only now: a file that vanished here may have been found elsewhere.
        for found in listed {
            if self.stop.is_cancelled() {
                return Ok(unsettled);
            }
            self.finish(found).await?;
        }
        let problems = self.inner.db.read(files::problem_count).await?;
        let now_ms = self.inner.clock.unix_ms();
        progress.change(|status| {
            status.problems = problems;
            status.finished_at_ms = Some(now_ms);
        });
        Ok(unsettled)
    }

    /// Walks and compares one library; `None` when its folder is not there.
    async fn list(
        &self,
        library: LibraryRow,
        order: ScanOrder,
        before: &Unsettled,
    ) -> Result<Option<Listed>, LibraryError> {
        let ground = self.inner.walk_order(&library).await?;
        let stop = self.stop.clone();
        let disk = self.inner.disks.of(&library.path);
        let walk = disk.run_surely(move |turn| {
            walk(&ground, &|| {
                turn.is_alive();
                stop.is_cancelled()
            })
        });
        let walk = walk.await;
        if self.stop.is_cancelled() {
            return Ok(None);
        }
        let id = library.id;
        let (known, mounts) = self.known(id).await?;
        let Some(walk) = there(walk, known.is_empty()) else {
            // It is as it was, for all that is known.
            return Ok(None);
        };
        let Some(walk) = walk else {
            let changed = self
                .inner
                .db
                .write(move |conn| store::lose(conn, id))
                .await?;
            if changed > 0 || library.available {
                self.inner.progress.tell(LibraryEvent::Items {
                    library: id,
                    changed,
                });
            }
            return Ok(None);
        };
        let mut found = Listed {
            library,
            walk: Arc::new(walk),
            plan: Plan::default(),
        };
        found.plan = self.compare(known, &mounts, &found, order, before);
        Ok(Some(found))
    }

    /// What is known of a library's files, and the mount points seen before.
    async fn known(&self, id: LibraryId) -> Result<(Vec<KnownFile>, Vec<Vec<u8>>), LibraryError> {
        let read = move |conn: &_| Ok((files::known(conn, id)?, libraries::mounts(conn, id)?));
        Ok(self.inner.db.read(read).await?)
    }

    fn compare(
        &self,
        known: Vec<KnownFile>,
        mounts: &[Vec<u8>],
        found: &Listed,
        order: ScanOrder,
        before: &Unsettled,
    ) -> Plan {
        let options = DiffOptions {
            depth: order.depth,
            now_ns: self.inner.clock.unix_ms().saturating_mul(1_000_000),
            before: before.of(found.library.id),
            mounts,
        };
        diff(known, &found.walk, &options)
    }

    /// Probes and stores what is new or changed; false when the library was removed or changed
    /// meanwhile.
    async fn work(&self, found: &mut Listed) -> Result<bool, LibraryError> {
        let tasks = std::mem::take(&mut found.plan.tasks);
        if tasks.is_empty() {
            return Ok(true);
        }
        let found = &*found;
        let width = self.inner.config.scan_workers.max(1) * 2;
        let chunks: Vec<Vec<Task>> = chunked(tasks);
        let ready = stream::iter(chunks)
            .map(|chunk| self.prepare(found, chunk))
            .buffered(2)
            .flat_map(stream::iter)
            .map(|(prepared, same)| self.probe(found, prepared, same))
            .buffer_unordered(width)
            .take_until(self.stop.cancelled());
        let mut ready = std::pin::pin!(ready.fuse());
        let mut batch: Vec<Looked> = Vec::new();
        let mut writing = None;
        let mut due = tokio::time::Instant::now() + BATCH_AGE;
        let mut ended = false;
        while !ended || !batch.is_empty() || writing.is_some() {
            if writing.is_none()
                && !batch.is_empty()
                && (ended || batch.len() >= BATCH / 2 || due.elapsed() > Duration::ZERO)
            {
                let rows = std::mem::take(&mut batch);
                writing = Some(Box::pin(self.write(found, rows)));
                due = tokio::time::Instant::now() + BATCH_AGE;
            }
            tokio::select! {
                written = async { writing.as_mut().expect("checked by the branch's condition").await }, if writing.is_some() => {
                    writing = None;
                    if !written? {
                        // The library is not what was listed any more; its next scan is wanted already.
                        return Ok(false);
                    }
                }
                next = ready.next(), if !ended && batch.len() < BATCH => match next {
                    Some(Ok(row)) => {
                        self.inner.progress.step(1);
                        batch.extend(row);
                    }
                    Some(Err(error)) => return Err(error),
                    None => ended = true,
                },
                () = tokio::time::sleep_until(due), if !batch.is_empty() && writing.is_none() => {}
            }
        }
        Ok(true)
    }

    async fn write(&self, found: &Listed, rows: Vec<Looked>) -> Result<bool, LibraryError> {
        let changed = rows.len() as u64;
        let listed = found.library.clone();
        let is_stored = self
            .inner
            .db
            .write(move |conn| store::store(conn, &listed, &rows))
            .await?;
        if is_stored {
            self.tell_changed(found.library.id, changed);
        }
        Ok(is_stored)
    }

    fn tell_changed(&self, library: LibraryId, changed: u64) {
        self.inner.prune_wanted.store(true, Ordering::Relaxed);
        self.inner
            .progress
            .tell(LibraryEvent::Items { library, changed });
    }

    /// Opens a chunk of files and looks for rows of the same content.
    async fn prepare(&self, found: &Listed, chunk: Vec<Task>) -> Vec<(Prepared, Vec<SameContent>)> {
        let (library, root) = (found.library.id, found.library.path.clone());
        let (walk, roots) = (Arc::clone(&found.walk), self.inner.roots());
        let all = chunk.len();
        let prepared = self
            .inner
            .disks
            .of(&found.library.path)
            .run_long(move |turn| {
                let ground = Ground {
                    library,
                    root: &root,
                    roots: &roots,
                    walk: &walk,
                };
                prepare(&ground, chunk, &|| turn.is_alive())
            })
            .await
            .unwrap_or_default();
        self.inner.progress.step((all - prepared.len()) as u64);
        let wanted: Vec<(u64, u64)> = prepared
            .iter()
            .map(|p| (p.fingerprint, p.size_bytes))
            .collect();
        let same = self
            .inner
            .db
            .read(move |conn| {
                let find = |&(fingerprint, size): &(u64, u64)| match fingerprint {
                    0 => Ok(Vec::new()),
                    _ => files::same_content(conn, fingerprint, size),
                };
                wanted.iter().map(find).collect::<Result<Vec<_>, _>>()
            })
            .await
            .unwrap_or_else(|_| vec![Vec::new(); prepared.len()]);
        prepared.into_iter().zip(same).collect()
    }

    /// Reads a file's content through a worker, or takes over what is known of the same content.
    async fn probe(
        &self,
        found: &Listed,
        mut prepared: Prepared,
        same: Vec<SameContent>,
    ) -> Result<Option<Looked>, LibraryError> {
        if prepared.fingerprint == 0
            && let Some(file) = prepared.task.known
            && let Some(problem) = prepared.problem.take()
        {
            let path = prepared.task.path;
            return Ok(Some(Looked::Failed(Failed {
                file,
                path,
                problem,
            })));
        }
        let own = same
            .iter()
            .find(|other| Some(other.id) == prepared.task.known)
            .and_then(|row| row.info.clone());
        let mut existing = prepared.task.known;
        let mut stored = own.clone().filter(|_| !prepared.task.probe);
        if existing.is_none()
            && let Some(moved) = self.moved_from(same).await
        {
            existing = Some(moved.id);
            stored = moved.info;
        }
        let parse = |json: String| serde_json::from_str(&json).ok();
        let mut info: Option<MediaInfo> = stored.and_then(parse);
        if info.is_none()
            && let Some(file) = prepared.file.take()
        {
            let kind = prepared.task.media.probe_kind();
            match self
                .inner
                .pool
                .run(Lane::Scan, Job::Probe { kind }, vec![file.into()], |_| {})
                .await
            {
                Ok(Output::Info(found)) => info = Some(*found),
                Ok(_) => prepared.problem = problem::probe(&PoolError::Crashed(String::new())),
                Err(PoolError::Closed) => return Ok(None),
                Err(PoolError::Start(error)) => {
                    return Err(LibraryError::Worker(error.to_string()));
                }
                Err(error) => {
                    let problem = problem::probe(&error);
                    if problem.as_ref().is_some_and(|p| is_passing(&p.code)) {
                        prepared.tries = prepared.task.tries + 1;
                        // What the reader found before is still true of the same content.
                        info = own.and_then(parse);
                    }
                    prepared.problem = problem.map(|p| problem::after(p, prepared.tries));
                }
            }
        }
        let ready = self.ready(found, prepared, existing, info.as_ref());
        Ok(Some(Looked::Ready(Box::new(ready))))
    }

    /// The row of a file of this content whose place is empty now, each at most once.
    async fn moved_from(&self, same: Vec<SameContent>) -> Option<SameContent> {
        let mut by_root: HashMap<std::path::PathBuf, Vec<SameContent>> = HashMap::new();
        for other in same.into_iter().filter(|other| other.root_available) {
            by_root.entry(other.root.clone()).or_default().push(other);
        }
        for (root, mut same) in by_root {
            let look = move || {
                same.retain(|other| {
                    let error = std::fs::symlink_metadata(absolute(&other.root, &other.path)).err();
                    error.is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
                });
                same
            };
            let lost = self.inner.disks.of(&root).run(look).await;
            let mut lost = lost.unwrap_or_default().into_iter();
            if let Some(other) = lost.find(|other| self.claim(other.id)) {
                return Some(other);
            }
        }
        None
    }

    /// False when the row was taken over in this scan already.
    fn claim(&self, row: FileId) -> bool {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(row)
    }

    fn ready(
        &self,
        found: &Listed,
        prepared: Prepared,
        existing: Option<FileId>,
        info: Option<&MediaInfo>,
    ) -> Ready {
        let library = &found.library;
        let task = &prepared.task;
        let mtime_ms = prepared.mtime_ns / 1_000_000;
        let now_ms = self.inner.clock.unix_ms();
        let arranged = arrange(&Known {
            kind: library.kind,
            path: &prepared.name,
            media: task.media,
            info,
            nfo: prepared.nfo.as_ref(),
            group_nfo: prepared.group_nfo.as_ref(),
            mtime_ms,
        });
        let place = Place {
            walk: &found.walk,
            library: library.id,
            path: &task.path,
            name: &prepared.name,
        };
        let inner_source = inner_source(task.media, info);
        let inner_picture =
            inner_source.map(|source| inner_art(source, library.id, prepared.fingerprint));
        let (mut art, group_art) =
            art_of(&place, task.media, &arranged.item.kind, &arranged.groups);
        if !art.iter().any(|row| row.kind == super::ArtKind::Poster) {
            art.extend(inner_picture);
        }
        let subtitles = match task.media {
            Media::Video => place.subtitles(),
            _ => Vec::new(),
        };
        Ready {
            file: FileRow {
                library: library.id,
                path: task.path.clone(),
                size_bytes: prepared.size_bytes,
                mtime_ns: prepared.mtime_ns,
                fingerprint: prepared.fingerprint,
                sidecars: task.sidecars,
                format: FORMAT,
                media: task.media.as_str(),
                info: info.and_then(|info| serde_json::to_string(info).ok()),
                duration_ms: info.and_then(|info| info.duration_ms),
            },
            existing,
            problem: prepared.problem,
            tries: prepared.tries,
            tried_at_ms: now_ms,
            arranged,
            art,
            group_art,
            subtitles,
            // What was there before Alcove is as new as its file.
            added_at_ms: match library.scanned_at_ms {
                None => mtime_ms.clamp(0, now_ms.max(0)),
                Some(_) => now_ms,
            },
        }
    }

    /// Removes what is gone and notes the rest of what the walk found.
    async fn finish(&self, found: Listed) -> Result<(), LibraryError> {
        let id = found.library.id;
        let plan = found.plan;
        let changed = (plan.gone.len() + plan.back.len() + plan.missing.len()) as u64;
        let listed = Arc::new(found.library);
        for rest in parts(&plan) {
            let listed = Arc::clone(&listed);
            let is_settled = self
                .inner
                .db
                .write(move |conn| store::settle(conn, &listed, &rest))
                .await?;
            if !is_settled {
                return Ok(());
            }
        }
        let now_ms = self.inner.clock.unix_ms();
        let (problems, mounts) = (found.walk.problems.clone(), found.walk.mounts.clone());
        let is_first = listed.scanned_at_ms.is_none();
        let was_away = !listed.available;
        let known = self
            .inner
            .db
            .read(move |conn| libraries::mounts(conn, id))
            .await?;
        self.inner
            .db
            .write(move |conn| {
                let tx = conn.transaction()?;
                if !libraries::is_still(&tx, &listed)? {
                    return Ok(());
                }
                files::set_folder_problems(&tx, id, &problems)?;
                if known != mounts {
                    libraries::set_mounts(&tx, id, &mounts)?;
                }
                if was_away {
                    libraries::set_available(&tx, id, true)?;
                }
                if is_first {
                    libraries::set_scanned(&tx, id, now_ms)?;
                }
                tx.commit()?;
                Ok(())
            })
            .await?;
        if changed > 0 {
            self.tell_changed(id, changed);
        }
        Ok(())
    }
}

/// What a walk found in a library's folder: the inner `None` when the folder is not there, the outer
/// one when nobody knows.
///
/// An empty folder where files were is a mount point without its disk; one that hangs is no better.
fn there(walk: Result<Walk, DiskError>, was_empty: bool) -> Option<Option<Walk>> {
    match walk {
        Ok(walk) if walk.root_error.is_none() && (walk.has_entries || was_empty) => {
            Some(Some(walk))
        }
        Ok(_) | Err(DiskError::NotAnswering) => Some(None),
        Err(DiskError::NoTurn) => None,
    }
}

/// What is to be settled, in parts of one transaction each.
fn parts(plan: &Plan) -> Vec<Rest> {
    let gone = plan.gone.chunks(REST).map(|part| Rest {
        gone: part
            .iter()
            .map(|file| (file.id, file.path.clone()))
            .collect(),
        ..Rest::default()
    });
    let back = plan.back.chunks(REST).map(|part| Rest {
        back: part.to_vec(),
        ..Rest::default()
    });
    let missing = plan.missing.chunks(REST).map(|part| Rest {
        missing: part.to_vec(),
        ..Rest::default()
    });
    gone.chain(back).chain(missing).collect()
}

fn chunked(tasks: Vec<Task>) -> Vec<Vec<Task>> {
    let mut chunks = Vec::with_capacity(tasks.len() / CHUNK + 1);
    let mut tasks = tasks.into_iter().peekable();
    while tasks.peek().is_some() {
        chunks.push(tasks.by_ref().take(CHUNK).collect());
    }
    chunks
}

/// Which picture is in the file itself.
fn inner_source(media: Media, info: Option<&MediaInfo>) -> Option<ArtSource> {
    let info = info?;
    match media {
        Media::Photo => Some(ArtSource::Photo),
        _ if info.has_cover => Some(ArtSource::Cover),
        Media::Video if !info.video.is_empty() => Some(ArtSource::Frame),
        _ => None,
    }
}

type Rows = Vec<crate::db::art::ArtRow>;

/// Pictures beside the file: of the item, and of each of its groups.
fn art_of(
    place: &Place<'_>,
    media: Media,
    kind: &ItemKind,
    groups: &[crate::db::item_writes::ItemRow],
) -> (Rows, Vec<Option<Rows>>) {
    match (media, kind, groups) {
        (Media::Video, ItemKind::Episode, [_, season]) => {
            let (of_series, of_season) = place.series_art(season.season_number.unwrap_or(0));
            (place.video_art(), vec![Some(of_series), Some(of_season)])
        }
        (Media::Video, ..) => (place.video_art(), Vec::new()),
        (Media::Audio, _, [artist, _album]) => {
            let (of_artist, of_album) = place.music_art(&artist.title);
            (Vec::new(), vec![of_artist, Some(of_album)])
        }
        _ => (Vec::new(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_lost_only_when_its_folder_was_asked_for() {
        let walk = |has_entries| {
            let mut walk = Walk::default();
            walk.has_entries = has_entries;
            walk
        };
        let cases: [(Result<Walk, DiskError>, bool, Option<bool>); 5] = [
            (Ok(walk(true)), false, Some(true)),
            (Ok(walk(false)), false, Some(false)),
            (Ok(walk(false)), true, Some(true)),
            (Err(DiskError::NotAnswering), false, Some(false)),
            (Err(DiskError::NoTurn), false, None),
        ];
        for (walk, was_empty, want) in cases {
            let found = there(walk, was_empty);
            assert_eq!(found.map(|walk| walk.is_some()), want);
        }
    }
}
