//! Answers for people: lists, items, home, what comes next, how far they are.
//!
//! Never: a change but to a person's own history.

use std::sync::Arc;

use super::inner::Inner;
use super::naming::words::normalise;
use super::{
    Home, HomeShelf, ItemDetail, ItemId, ItemQuery, ItemSummary, LibraryError, LibraryEvent,
    Original, Page, ProblemRow, Progress, Source, SourceFile, SubtitleRef, UserId,
};
use crate::db::files::{self, PlayableFile};
use crate::db::side_subtitles::{self, SideSubtitleRow};
use crate::db::{Connection, DbError, item_query, libraries, watch};
use crate::media::grid::SegmentGrid;
use crate::media::info::MediaInfo;

/// Tiles in a row of the home page.
const SHELF: u32 = 20;
/// Problems on a page.
const PROBLEMS: u32 = 100;
/// Past this part of its length an item counts as seen: credits run.
const SEEN_PERCENT: u64 = 92;
/// Shorter beginnings are not worth resuming.
const BEGUN_MS: u64 = 15_000;

impl Inner {
    pub(super) async fn list(
        &self,
        user: UserId,
        query: &ItemQuery,
    ) -> Result<Page<ItemSummary>, LibraryError> {
        let text = query
            .query
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let words: Option<Vec<String>> = text.map(|text| {
            normalise(text)
                .split(' ')
                .filter(|w| !w.is_empty())
                .take(12)
                .map(str::to_owned)
                .collect()
        });
        if words.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        let query = query.clone();
        let page = self
            .db
            .read(move |conn| item_query::list(conn, user, &query, words.as_deref()))
            .await?;
        page.ok_or(LibraryError::BadCursor)
    }

    pub(super) async fn summary(
        &self,
        user: UserId,
        item: ItemId,
    ) -> Result<ItemSummary, LibraryError> {
        let found = self
            .db
            .read(move |conn| item_query::by_ids(conn, user, &[item]))
            .await?;
        found.into_iter().next().ok_or(LibraryError::NotFound)
    }

    pub(super) async fn item(
        &self,
        user: UserId,
        item: ItemId,
    ) -> Result<ItemDetail, LibraryError> {
        let found = self
            .db
            .read(move |conn| read_item(conn, user, item))
            .await?;
        found.ok_or(LibraryError::NotFound)
    }

    pub(super) async fn home(&self, user: UserId) -> Result<Home, LibraryError> {
        let home = self.db.read(move |conn| read_home(conn, user)).await?;
        Ok(home)
    }

    pub(super) async fn next_of(
        &self,
        user: UserId,
        item: ItemId,
    ) -> Result<Option<ItemSummary>, LibraryError> {
        let found = self
            .db
            .read(move |conn| {
                let (_, next) = item_query::neighbours(conn, item)?;
                let next: Vec<ItemId> = next.into_iter().collect();
                item_query::by_ids(conn, user, &next)
            })
            .await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn source(&self, item: ItemId) -> Result<Source, LibraryError> {
        let (beside, file) = self.file_row(item).await?;
        let info = parse_info(&file).ok_or(LibraryError::Unreadable)?;
        Ok(Source {
            item,
            file_id: file.id,
            fingerprint: file.fingerprint,
            size_bytes: file.size_bytes,
            mtime_ns: file.mtime_ns,
            file_name: file_name(&file.path),
            subtitles: subtitle_refs(Some(&info), &beside),
            info: Arc::new(info),
            grid: file.grid.as_deref().and_then(parse_grid).map(Arc::new),
            opener: self.opener(&file),
        })
    }

    pub(super) async fn original(&self, item: ItemId) -> Result<Original, LibraryError> {
        let (_, file) = self.file_row(item).await?;
        Ok(Original {
            fingerprint: file.fingerprint,
            size_bytes: file.size_bytes,
            mtime_ns: file.mtime_ns,
            file_name: file_name(&file.path),
            info: parse_info(&file).map(Arc::new),
            opener: self.opener(&file),
        })
    }

    /// The row of an item's file, which must be there, and of the subtitles beside it.
    async fn file_row(
        &self,
        item: ItemId,
    ) -> Result<(Vec<SideSubtitleRow>, PlayableFile), LibraryError> {
        let found = self
            .db
            .read(move |conn| {
                let Some(file) = item_query::file_of(conn, item)? else {
                    return Ok(Err(LibraryError::NotFound));
                };
                let Some(file) = file else {
                    return Ok(Err(LibraryError::NoFile));
                };
                let playable = files::playable(conn, file)?;
                Ok(match playable {
                    Some(file) => Ok((side_subtitles::of_file(conn, file.id)?, file)),
                    None => Err(LibraryError::NotFound),
                })
            })
            .await?;
        let (beside, file) = found?;
        match file.available {
            true => Ok((beside, file)),
            false => Err(LibraryError::NotAvailable),
        }
    }

    pub(super) fn opener(&self, file: &PlayableFile) -> super::source::Opener {
        super::source::Opener {
            path: super::walk::absolute(&file.root, &file.path),
            roots: self.roots(),
            size_bytes: file.size_bytes,
            mtime_ns: file.mtime_ns,
            disk: self.disks.of(&file.root),
        }
    }

    pub(super) async fn set_progress(
        &self,
        user: UserId,
        item: ItemId,
        position_ms: u64,
    ) -> Result<(), LibraryError> {
        let now_ms = self.clock.unix_ms();
        self.change_history(item, move |conn| {
            let Some(duration_ms) = item_query::duration_of(conn, item)? else {
                return Ok(false);
            };
            let position_ms = position_ms
                .min(duration_ms.unwrap_or(u64::MAX))
                .min(i64::MAX as u64);
            let is_seen = duration_ms.is_some_and(|all| {
                all > 0
                    && u128::from(position_ms) * 100 >= u128::from(all) * u128::from(SEEN_PERCENT)
            });
            let before = watch::is_watched(conn, user, item)?;
            let resume_ms =
                if is_seen || position_ms < BEGUN_MS.min(duration_ms.unwrap_or(u64::MAX) / 20) {
                    0
                } else {
                    position_ms
                };
            // Who looks at it again has not forgotten the first time, but continues there.
            let watched = is_seen || (before && resume_ms == 0);
            watch::set(
                conn,
                user,
                item,
                &Progress {
                    position_ms: resume_ms,
                    watched,
                    played_at_ms: now_ms,
                },
            )?;
            Ok(true)
        })
        .await
    }

    pub(super) async fn mark_watched(
        &self,
        user: UserId,
        item: ItemId,
        position_ms: u64,
        watched: bool,
    ) -> Result<(), LibraryError> {
        let now_ms = self.clock.unix_ms();
        self.change_history(item, move |conn| {
            let leaves = watch::leaves(conn, item)?;
            for leaf in &leaves {
                // A place is one of the item itself, not of all that lies below it.
                let position_ms = match item_query::duration_of(conn, *leaf)? {
                    Some(duration_ms) if *leaf == item && !watched => {
                        position_ms.min(duration_ms.unwrap_or(i64::MAX as u64))
                    }
                    _ => 0,
                };
                if watched || position_ms > 0 {
                    let marked = Progress {
                        position_ms,
                        watched,
                        played_at_ms: now_ms,
                    };
                    watch::set(conn, user, *leaf, &marked)?;
                } else {
                    watch::clear(conn, user, *leaf)?;
                }
            }
            Ok(!leaves.is_empty())
        })
        .await
    }

    pub(super) async fn clear_progress(
        &self,
        user: UserId,
        item: ItemId,
    ) -> Result<(), LibraryError> {
        self.mark_watched(user, item, 0, false).await
    }

    /// Changes history in one transaction; `false` means that there is no such item.
    async fn change_history<F>(&self, item: ItemId, change: F) -> Result<(), LibraryError>
    where
        F: FnOnce(&Connection) -> Result<bool, DbError> + Send + 'static,
    {
        let found = self
            .db
            .write(move |conn| {
                let tx = conn.transaction()?;
                let found = change(&tx)?;
                tx.commit()?;
                Ok(found)
            })
            .await?;
        if !found {
            return Err(LibraryError::NotFound);
        }
        self.progress.tell(LibraryEvent::Item(item));
        Ok(())
    }

    pub(super) async fn problems(
        &self,
        cursor: Option<&str>,
    ) -> Result<Page<ProblemRow>, LibraryError> {
        let after: i64 = match cursor {
            Some(text) => text.parse().map_err(|_| LibraryError::BadCursor)?,
            None => 0,
        };
        let page = self
            .db
            .read(move |conn| files::problems(conn, after, PROBLEMS))
            .await?;
        let items = page
            .items
            .into_iter()
            .map(|row| ProblemRow {
                path: String::from_utf8_lossy(&row.path).into_owned(),
                library_id: row.library,
                code: row.problem.code,
                text: row.problem.text,
                item_id: row.item,
            })
            .collect();
        Ok(Page {
            items,
            next: page.next,
        })
    }
}

fn read_item(conn: &Connection, user: UserId, item: ItemId) -> Result<Option<ItemDetail>, DbError> {
    let Some(summary) = item_query::by_ids(conn, user, &[item])?.into_iter().next() else {
        return Ok(None);
    };
    let file = match item_query::file_of(conn, item)?.flatten() {
        Some(id) => files::playable(conn, id)?,
        None => None,
    };
    let beside = match &file {
        Some(file) => side_subtitles::of_file(conn, file.id)?,
        None => Vec::new(),
    };
    let info = file.as_ref().and_then(parse_info);
    let (previous, next) = item_query::neighbours(conn, item)?;
    Ok(Some(ItemDetail {
        details: item_query::details(conn, item)?,
        parents: item_query::parents(conn, item)?,
        subtitles: subtitle_refs(info.as_ref(), &beside),
        info: info.map(Arc::new),
        file: file.map(|file| SourceFile {
            name: file_name(&file.path),
            size_bytes: file.size_bytes,
            modified_at_ms: file.mtime_ns / 1_000_000,
        }),
        previous,
        next,
        summary,
    }))
}

fn read_home(conn: &Connection, user: UserId) -> Result<Home, DbError> {
    let begun = watch::begun(conn, user, SHELF)?;
    let next = watch::next_up(conn, user, SHELF)?;
    let mut added = Vec::new();
    for library in libraries::all(conn)? {
        let newest = watch::newest(conn, library.id, SHELF)?;
        if !newest.is_empty() {
            added.push(HomeShelf {
                library_id: library.id,
                library_name: library.name,
                library_kind: library.kind,
                items: item_query::by_ids(conn, user, &newest)?,
            });
        }
    }
    Ok(Home {
        continue_watching: item_query::by_ids(conn, user, &begun)?,
        next_up: item_query::by_ids(conn, user, &next)?,
        added,
    })
}

pub(super) fn parse_info(file: &PlayableFile) -> Option<MediaInfo> {
    serde_json::from_str(file.info.as_deref()?).ok()
}

pub(super) fn parse_grid(bytes: &[u8]) -> Option<SegmentGrid> {
    let grid: SegmentGrid = postcard::from_bytes(bytes).ok()?;
    (grid.boundaries.len() >= 2 && grid.time_base.is_valid()).then_some(grid)
}

fn file_name(path: &[u8]) -> String {
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or(path);
    String::from_utf8_lossy(name).into_owned()
}

/// The text subtitles of a film, those beside it first: people put them there on purpose.
fn subtitle_refs(info: Option<&MediaInfo>, beside: &[SideSubtitleRow]) -> Vec<SubtitleRef> {
    let side = beside.iter().map(|row| SubtitleRef {
        id: format!("x{}", row.id),
        language: row.language.clone(),
        title: row.title.clone(),
        forced: row.forced,
        hearing_impaired: row.impaired,
        default: false,
        codec: row.codec,
    });
    let inside = info.into_iter().flat_map(|info| &info.subtitles);
    let inside = inside
        .filter(|track| track.codec.is_text())
        .map(|track| SubtitleRef {
            id: format!("e{}", track.stream),
            language: track.language.clone(),
            title: track.title.clone(),
            forced: track.is_forced,
            hearing_impaired: track.is_hearing_impaired,
            default: track.is_default,
            codec: track.codec,
        });
    side.chain(inside).collect()
}
