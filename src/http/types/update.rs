//! Updates of the firmware, the way back to the factory, and the ways out of the home network.
//!
//! Never: a word about a bundle whose signature this box does not trust.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::update::offer::Bundle as Offered;
use crate::update::outside::{Count, Outside as Ways, Passage};
use crate::update::phase::Phase;
use crate::update::record::{Last, Outcome};
use crate::update::updates::{Status, Trouble};

/// What runs, and how far an update is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Update {
    /// False where this machine does not run Alcove's firmware: then it is updated as it was installed.
    pub supported: bool,
    /// The version that runs.
    pub version: String,
    /// As in `board/*.toml`.
    pub board: Option<String>,
    /// The slot that runs.
    pub slot: Option<String>,
    /// The slot that does not run.
    pub other: Option<OtherSlot>,
    /// The last update that ended.
    pub last: Option<LastUpdate>,
    /// The box trusts a key that everybody who builds Alcove has.
    pub development_key: bool,
    pub state: UpdateState,
    /// Hundredths that are done, while an update is installed.
    pub progress: Option<u8>,
    /// What was uploaded and waits to be installed.
    pub bundle: Option<Bundle>,
    pub error: Option<UpdateTrouble>,
}

/// How far an update is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    Idle,
    Uploaded,
    Installing,
    WaitingForRestart,
    /// The version that runs has not passed its check yet.
    Trying,
    /// The version that runs came by an update and has passed its check.
    Good,
}

/// The slot that does not run.
#[derive(Debug, Serialize, ToSchema)]
pub struct OtherSlot {
    /// What an update put there.
    pub version: Option<String>,
    pub state: OtherState,
}

/// Whether the other slot could take over.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherState {
    Good,
    Bad,
}

/// How the last update ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastUpdate {
    pub from: String,
    pub to: String,
    pub outcome: UpdateOutcome,
    /// Why the version was left: `tries`, `load`, `verity`, `mount`, `crash`, `watchdog` or `health`.
    pub reason: Option<String>,
    /// The part that failed its check: `page`, `database`, `storage`, `encode`, `root_image` or `time`.
    pub failed: Option<String>,
    /// "2026-W47".
    pub at_week: Option<String>,
}

/// Whether the last update stayed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOutcome {
    Good,
    RolledBack,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdateTrouble {
    pub code: String,
    /// For people who know the trade.
    pub text: String,
}

/// A bundle whose signature this box trusts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bundle {
    pub version: String,
    pub board: String,
    pub signed_by: Option<String>,
    /// Everybody who builds Alcove could have signed it.
    pub development_key: bool,
    /// What is new, a sentence each.
    pub changes: Vec<String>,
    /// It is older than what runs.
    pub older: bool,
    /// It is for this board.
    pub fits: bool,
}

/// How a bundle is installed.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstallRequest {
    /// Installs a version that is older than the running one too.
    pub force_older: bool,
}

/// The way back to the factory.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// Keeps the answer about privacy.
    pub keep_answer: bool,
    /// That of the owner who asks for it.
    pub password: String,
}

/// The ways out of the home network that the owner can open, beside those of the privacy answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outside {
    /// False where this machine does not run Alcove's firmware: then its own system decides.
    pub supported: bool,
    pub time_sync: Option<Way>,
    pub update_check: Option<Way>,
    /// What wanted to leave and was not let, since the start.
    pub dropped: Option<Packets>,
}

/// A way out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Way {
    pub on: bool,
    /// What left by it since the start; `null` where nothing is counted.
    pub sent: Option<Packets>,
}

/// Counted by the kernel's firewall.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Packets {
    pub packets: u64,
    pub bytes: u64,
}

/// Opens or closes ways; what is left out stays.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutsideRequest {
    pub time_sync: Option<bool>,
    pub update_check: Option<bool>,
}

impl From<Status> for Update {
    fn from(status: Status) -> Self {
        let (state, progress) = match status.phase {
            Phase::Idle => (UpdateState::Idle, None),
            Phase::Uploaded => (UpdateState::Uploaded, None),
            Phase::Installing { percent } => (UpdateState::Installing, Some(percent)),
            Phase::WaitingForRestart => (UpdateState::WaitingForRestart, None),
            Phase::Trying => (UpdateState::Trying, None),
            Phase::Good => (UpdateState::Good, None),
        };
        let facts = status.facts;
        let version = facts.as_ref().map(|facts| facts.version.clone());
        Self {
            supported: facts.is_some(),
            version: version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            board: facts.map(|facts| facts.board),
            slot: status.slot,
            other: status.other.map(|other| OtherSlot {
                version: other.version,
                state: if other.is_good {
                    OtherState::Good
                } else {
                    OtherState::Bad
                },
            }),
            last: status.last.map(LastUpdate::from),
            development_key: status.development_key,
            state,
            progress,
            bundle: status.bundle.map(Bundle::from),
            error: status.trouble.map(UpdateTrouble::from),
        }
    }
}

impl From<Last> for LastUpdate {
    fn from(last: Last) -> Self {
        Self {
            from: last.from,
            to: last.to,
            outcome: match last.outcome {
                Outcome::Good => UpdateOutcome::Good,
                Outcome::RolledBack => UpdateOutcome::RolledBack,
            },
            reason: last.reason,
            failed: last.failed,
            at_week: last.at_week,
        }
    }
}

impl From<Trouble> for UpdateTrouble {
    fn from(trouble: Trouble) -> Self {
        Self {
            code: trouble.code.to_owned(),
            text: trouble.text,
        }
    }
}

impl From<Offered> for Bundle {
    fn from(bundle: Offered) -> Self {
        Self {
            version: bundle.version,
            board: bundle.board,
            signed_by: bundle.signed_by,
            development_key: bundle.development_key,
            changes: bundle.changes,
            older: bundle.older,
            fits: bundle.fits,
        }
    }
}

impl Outside {
    /// Where the machine is not the firmware.
    pub fn none() -> Self {
        Self {
            supported: false,
            time_sync: None,
            update_check: None,
            dropped: None,
        }
    }
}

impl From<Ways> for Outside {
    fn from(ways: Ways) -> Self {
        Self {
            supported: true,
            time_sync: Some(ways.time_sync.into()),
            update_check: Some(ways.update_check.into()),
            dropped: ways.dropped.map(Packets::from),
        }
    }
}

impl From<Passage> for Way {
    fn from(passage: Passage) -> Self {
        Self {
            on: passage.on,
            sent: passage.sent.map(Packets::from),
        }
    }
}

impl From<Count> for Packets {
    fn from(count: Count) -> Self {
        Self {
            packets: count.packets,
            bytes: count.bytes,
        }
    }
}
