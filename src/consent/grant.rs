//! The only key to whatever may leave the box: one category, one registry, a minute at most.
//!
//! Never: made anywhere but in this room; kept, copied, or used for another category.

use std::marker::PhantomData;
use std::sync::Arc;

use super::handle::Shared;
use super::record::Kind;

mod sealed {
    pub trait Sealed {}
}

/// A category that has a switch of its own. Nobody else can add one.
pub trait Category: sealed::Sealed {
    const KIND: Kind;
}

/// Reports about playbacks and the box.
#[derive(Debug)]
pub enum PlaybackStatistics {}

/// Reports about crashes.
#[derive(Debug)]
pub enum CrashReports {}

/// Fetching the feed of release news.
#[derive(Debug)]
pub enum ReleaseNews {}

macro_rules! categories {
    ($($category:ident),*) => {$(
        impl sealed::Sealed for $category {}
        impl Category for $category {
            const KIND: Kind = Kind::$category;
        }
    )*};
}

categories!(PlaybackStatistics, CrashReports, ReleaseNews);

/// How long a grant is good for.
pub const GRANT_MS: i64 = 60_000;

/// Why a grant is no longer good; what it was for ends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Revoked {
    #[error("the answer has changed")]
    Changed,
    #[error("the permission has expired")]
    Expired,
}

/// The owner's yes to one category, as it stood a moment ago. Ask [`Grant::check`] before every step.
///
/// It comes from [`super::Consent::grant`] alone:
///
/// ```no_run
/// use alcove::consent::{Consent, Grant, PlaybackStatistics};
/// fn upload(grant: &Grant<PlaybackStatistics>) -> u32 { grant.registry_version() }
/// fn weekly(consent: &Consent) -> Option<u32> {
///     let grant = consent.grant::<PlaybackStatistics>().ok()?;
///     Some(upload(&grant))
/// }
/// ```
///
/// One for another category does not fit:
///
/// ```compile_fail,E0308
/// use alcove::consent::{Consent, CrashReports, Grant, PlaybackStatistics};
/// fn upload(grant: &Grant<PlaybackStatistics>) -> u32 { grant.registry_version() }
/// fn weekly(consent: &Consent) -> Option<u32> {
///     let grant = consent.grant::<CrashReports>().ok()?;
///     Some(upload(&grant))
/// }
/// ```
///
/// It cannot be kept while it is handed on:
///
/// ```no_run
/// use alcove::consent::{Grant, PlaybackStatistics};
/// fn once(grant: Grant<PlaybackStatistics>) -> u32 { grant.registry_version() }
/// fn twice(grant: Grant<PlaybackStatistics>) -> u32 { once(grant) }
/// ```
///
/// ```compile_fail,E0382
/// use alcove::consent::{Grant, PlaybackStatistics};
/// fn once(grant: Grant<PlaybackStatistics>) -> u32 { grant.registry_version() }
/// fn twice(grant: Grant<PlaybackStatistics>) -> u32 { once(grant) + once(grant) }
/// ```
///
/// ```compile_fail,E0277
/// use alcove::consent::{Grant, PlaybackStatistics};
/// fn twice(grant: Grant<PlaybackStatistics>) -> Grant<PlaybackStatistics> { Grant::clone(&grant) }
/// ```
///
/// It cannot be put together, nor made from nothing:
///
/// ```compile_fail,E0451
/// use alcove::consent::{Grant, PlaybackStatistics};
/// fn forge(other: Grant<PlaybackStatistics>) -> Grant<PlaybackStatistics> {
///     Grant { deadline_ms: i64::MAX, ..other }
/// }
/// ```
///
/// ```compile_fail,E0277
/// use alcove::consent::{Grant, PlaybackStatistics};
/// fn forge() -> Grant<PlaybackStatistics> { made_from_nothing() }
/// fn made_from_nothing<T: Default>() -> T { T::default() }
/// ```
///
/// And nobody can add a category that no switch stands for:
///
/// ```compile_fail,E0277
/// use alcove::consent::{Category, Consent, Grant, Kind};
/// enum Everything {}
/// impl Category for Everything { const KIND: Kind = Kind::CrashReports; }
/// ```
#[must_use = "a permission that nobody looks at permits nothing"]
pub struct Grant<C: Category> {
    shared: Arc<Shared>,
    generation: u64,
    deadline_ms: i64,
    registry_version: u32,
    category: PhantomData<fn() -> C>,
}

impl<C: Category> std::fmt::Debug for Grant<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grant<{:?}>", C::KIND)
    }
}

impl<C: Category> Grant<C> {
    pub(super) fn new(shared: Arc<Shared>, generation: u64, registry_version: u32) -> Self {
        Self {
            deadline_ms: shared.steady_ms().saturating_add(GRANT_MS),
            shared,
            generation,
            registry_version,
            category: PhantomData,
        }
    }

    /// Whether it still stands. Cheap, and never waits for the flash.
    ///
    /// # Errors
    /// [`Revoked`], from the moment a change begins or a minute is over.
    pub fn check(&self) -> Result<(), Revoked> {
        if self.shared.generation() != self.generation {
            return Err(Revoked::Changed);
        }
        if self.shared.steady_ms() >= self.deadline_ms {
            return Err(Revoked::Expired);
        }
        Ok(())
    }

    /// The registry that the owner said yes to.
    pub fn registry_version(&self) -> u32 {
        self.registry_version
    }

    /// True when this came from the same [`super::Consent`].
    pub(super) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.shared, shared)
    }
}
