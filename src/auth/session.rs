//! A live session and the table of them.
//!
//! Never: a token.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::db::accounts::{SessionKey, SessionRow};

/// Sessions that are remembered; the others are read again when they are used.
const MAX_REMEMBERED: usize = 1024;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Owner,
    Member,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }

    /// A word that nobody wrote gives the least rights.
    pub(super) fn parse(text: &str) -> Self {
        if text == "owner" {
            Self::Owner
        } else {
            Self::Member
        }
    }
}

/// Someone who is logged in.
#[derive(Debug)]
pub struct Session {
    pub id: i64,
    pub user_id: i64,
    pub username: String,
    pub role: Role,
    expires_at_ms: AtomicI64,
    ended: CancellationToken,
}

impl Session {
    fn new(row: SessionRow) -> Self {
        Self {
            id: row.id,
            user_id: row.user.id,
            username: row.user.name,
            role: Role::parse(&row.user.role),
            expires_at_ms: AtomicI64::new(row.expires_at_ms),
            ended: CancellationToken::new(),
        }
    }

    /// Cancelled when the person logs out or the password changes.
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    pub(super) fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms.load(Ordering::Relaxed)
    }

    pub(super) fn extend(&self, expires_at_ms: i64) {
        self.expires_at_ms.store(expires_at_ms, Ordering::Relaxed);
    }

    pub(super) fn lives(&self, now_ms: i64) -> bool {
        !self.ended.is_cancelled() && self.expires_at_ms() > now_ms
    }
}

/// Sessions by number and by the hash of their token.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_id: HashMap<i64, Arc<Session>>,
    by_hash: HashMap<Vec<u8>, i64>,
    /// Numbers of sessions that have ended, and whether that is stored. Numbers are never used
    /// again, and each one has cost a login.
    ended: BTreeMap<i64, bool>,
}

impl Table {
    pub(super) fn find(&self, key: &SessionKey) -> Option<Arc<Session>> {
        let inner = self.lock();
        let id = match key {
            SessionKey::Token(hash) => *inner.by_hash.get(hash)?,
            SessionKey::Id(id) => *id,
        };
        inner.by_id.get(&id).cloned()
    }

    /// Remembers a session that was read; the one that is remembered already wins, so that there
    /// is one value for each and ending it reaches everyone who holds it. `None` for one that has
    /// ended since it was read.
    pub(super) fn remember(&self, key: SessionKey, row: SessionRow) -> Option<Arc<Session>> {
        let mut inner = self.lock();
        if inner.ended.contains_key(&row.id) {
            return None;
        }
        if inner.by_id.len() >= MAX_REMEMBERED {
            inner
                .by_id
                .retain(|_, session| Arc::strong_count(session) > 1);
            let Inner { by_id, by_hash, .. } = &mut *inner;
            by_hash.retain(|_, id| by_id.contains_key(id));
        }
        if let SessionKey::Token(hash) = key {
            inner.by_hash.insert(hash, row.id);
        }
        let known = inner.by_id.entry(row.id);
        Some(Arc::clone(
            known.or_insert_with(|| Arc::new(Session::new(row))),
        ))
    }

    /// Ends the session for everyone who holds it and for whoever reads it from now on.
    pub(super) fn end(&self, id: i64) {
        let mut inner = self.lock();
        inner.ended.entry(id).or_insert(false);
        if let Some(session) = inner.by_id.remove(&id) {
            session.ended.cancel();
        }
        inner.by_hash.retain(|_, known| *known != id);
    }

    /// Sessions that have ended in memory but are still stored.
    pub(super) fn not_deleted(&self) -> Vec<i64> {
        let inner = self.lock();
        let kept = inner.ended.iter().filter(|(_, deleted)| !**deleted);
        kept.map(|(id, _)| *id).collect()
    }

    /// Notes that they are not stored any more.
    pub(super) fn deleted(&self, ids: &[i64]) {
        let mut inner = self.lock();
        inner.ended.extend(ids.iter().map(|id| (*id, true)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
