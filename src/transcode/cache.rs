//! Segments in memory, shared by all viewers: the ones used longest ago go first.
//!
//! Never: disk, and never a segment larger than the whole cache.

use bytes::Bytes;
use lru::LruCache;

use super::part::PartKey;

/// A cache with a cap on its bytes.
pub(crate) struct SegmentCache {
    parts: LruCache<PartKey, Bytes>,
    held_bytes: usize,
    cap_bytes: usize,
}

impl SegmentCache {
    pub(crate) fn new(cap_bytes: usize) -> Self {
        Self {
            parts: LruCache::unbounded(),
            held_bytes: 0,
            cap_bytes,
        }
    }

    /// The part, which counts as used now.
    pub(crate) fn get(&mut self, key: &PartKey) -> Option<Bytes> {
        self.parts.get(key).cloned()
    }

    pub(crate) fn contains(&self, key: &PartKey) -> bool {
        self.parts.contains(key)
    }

    pub(crate) fn clear(&mut self) {
        self.parts.clear();
        self.held_bytes = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Keeps `bytes`, unless the part is here already: what came first stays, so that all viewers
    /// of a part see the same bytes.
    pub(crate) fn insert(&mut self, key: PartKey, bytes: Bytes) {
        if bytes.len() > self.cap_bytes || self.parts.contains(&key) {
            return;
        }
        self.held_bytes += bytes.len();
        self.parts.put(key, bytes);
        while self.held_bytes > self.cap_bytes {
            let Some((_, oldest)) = self.parts.pop_lru() else {
                break;
            };
            self.held_bytes -= oldest.len();
        }
    }
}
