//! Why an update does not go on, with a stable word for each.
//!
//! Never: branching by a text.

use super::bundle::BundleError;
use super::helper::HelperError;
use super::intake::IntakeError;
use super::rauc::RaucError;

/// Why an update does not go on.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    #[error("this machine does not run Alcove's firmware, so it is updated as it was installed")]
    NotFirmware,
    #[error("another upload is under way")]
    Busy,
    #[error("that is not possible while an update is {0}")]
    NotNow(&'static str),
    #[error("no update was uploaded")]
    Nothing,
    #[error("no update waits for a restart")]
    NothingWaits,
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("the update is not signed by anybody this box trusts")]
    Untrusted,
    #[error("the update is for the board {bundle}, and this is {board}")]
    WrongBoard { bundle: String, board: String },
    #[error("the update holds {bundle}, which is older than {running}")]
    Older { bundle: String, running: String },
    #[error("the installer does not know the slots of this box")]
    NoSlot,
    #[error("the settings could not be copied aside: {0}")]
    Aside(std::io::Error),
    #[error("what is tried could not be written down: {0}")]
    Record(std::io::Error),
    #[error(transparent)]
    Rauc(RaucError),
    #[error(transparent)]
    Helper(#[from] HelperError),
}

impl UpdateError {
    /// The stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFirmware => "not_firmware",
            Self::Busy => "update_busy",
            Self::NotNow(_) => "update_not_now",
            Self::Nothing => "nothing_uploaded",
            Self::NothingWaits => "nothing_waits",
            Self::Intake(IntakeError::TooLong) => "bundle_too_long",
            Self::Intake(IntakeError::NoRoom { .. }) => "no_room_for_bundle",
            Self::Intake(IntakeError::CutShort) => "body_cut_short",
            Self::Intake(IntakeError::Write(_)) => "bundle_not_kept",
            Self::Bundle(BundleError::NotABundle) => "not_a_bundle",
            Self::Bundle(BundleError::Cut) => "bundle_damaged",
            Self::Bundle(BundleError::Read(_)) => "bundle_not_kept",
            Self::Untrusted => "bundle_not_trusted",
            Self::WrongBoard { .. } => "wrong_board",
            Self::Older { .. } => "older_version",
            Self::Aside(_) => "settings_not_copied",
            Self::Record(_) => "attempt_not_kept",
            Self::Rauc(RaucError::Away(_) | RaucError::Late) => "installer_away",
            Self::Rauc(_) | Self::NoSlot => "install_failed",
            Self::Helper(_) => "helper_away",
        }
    }
}
