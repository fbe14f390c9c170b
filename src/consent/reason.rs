//! Why less is collected than the answer on flash would allow, or why an answer was not stored.
//!
//! Never: a sentence for the page; it has the reason's code in three languages.

use std::io;

/// What makes the answer in force more private than the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the flash that holds the answer is not there")]
    Missing,
    #[error("the flash that holds the answer cannot be opened")]
    Unopened,
    #[error("another program is using the flash that holds the answer")]
    InUse,
    #[error("the flash that holds the answer has not the size or the kind it should have")]
    WrongSize,
    #[error("the flash is read-only, so that a no could not be stored")]
    ReadOnly,
    #[error("the flash holds something else than an answer")]
    Noise,
    #[error("the answer on flash is damaged")]
    Damaged,
    #[error("the answer on flash was written by a newer Alcove")]
    NewerLayout,
    #[error("two devices hold different answers")]
    TwoAnswers,
    #[error("the last change could not be stored")]
    NotSaved,
    #[error("DO_NOT_TRACK is set")]
    DoNotTrack,
    #[error("what would be collected has changed since the answer")]
    RegistryChanged,
    #[error("this Alcove would collect by an older list than one it has known since the answer")]
    RegistryWentBack,
}

impl Reason {
    /// The stable word that the page translates.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "flash_missing",
            Self::Unopened => "flash_unopened",
            Self::InUse => "flash_in_use",
            Self::WrongSize => "flash_wrong_size",
            Self::ReadOnly => "flash_read_only",
            Self::Noise => "flash_noise",
            Self::Damaged => "flash_damaged",
            Self::NewerLayout => "flash_newer",
            Self::TwoAnswers => "two_answers",
            Self::NotSaved => "not_saved",
            Self::DoNotTrack => "do_not_track",
            Self::RegistryChanged => "registry_changed",
            Self::RegistryWentBack => "registry_went_back",
        }
    }

    /// True where bookings may have been lost together with the answer.
    pub(super) fn loses_ledger(self) -> bool {
        matches!(self, Self::Noise | Self::Damaged | Self::NewerLayout)
    }
}

/// Why a change of the answer was not acknowledged. What holds afterwards is never less private.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// Nothing was written.
    #[error("{0}")]
    Refused(Reason),
    /// Nothing was written: it was opened with [`super::Access::Look`].
    #[error("the answer was opened for looking only")]
    LookOnly,
    /// Nothing was written.
    #[error("a later answer was stored meanwhile")]
    Overtaken,
    /// Off holds until a change is stored; after a restart, the answer before or this one.
    #[error("the change could not be stored: {0}")]
    NotSaved(io::Error),
}
