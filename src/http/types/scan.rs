//! How the scan does and what it could not read.
//!
//! Never: absolute paths.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Id;

/// Whether files are being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    Idle,
    Scanning,
    /// Everything is in the list; pictures and indexes are being made.
    Finishing,
}

/// How the latest scan does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scan {
    pub state: ScanState,
    /// What is being done: `listing`, `probing`, `indexing`, `pictures`, `subtitles`; null when idle.
    pub phase: Option<String>,
    pub done: u64,
    /// What is known to be there; grows while folders are listed.
    pub total: u64,
    pub rate_per_s: f64,
    /// Files that could not be read.
    pub problems: u64,
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// Seconds that are left, as far as can be told.
    pub eta_s: Option<u64>,
    /// False when the kernel cannot watch all folders: changes are then found by looking regularly.
    pub watching: bool,
    /// Files that were still being written and are looked at again in a moment, whatever the state.
    pub settling: u64,
}

/// What to scan; everything, incrementally, when nothing is said.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ScanRequest {
    #[serde(default)]
    pub library: Option<Id>,
    /// True to look into files again that have not changed.
    #[serde(default)]
    pub full: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProblemsParams {
    /// `next` of the page before.
    #[param(max_length = 1000)]
    pub cursor: Option<String>,
}

/// One page of files that could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemPage {
    pub items: Vec<FileProblem>,
    pub next: Option<String>,
}

/// A file that could not be read, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileProblem {
    /// Below the library's folder.
    pub path: String,
    pub library_id: Id,
    pub code: String,
    pub text: String,
    pub item_id: Option<Id>,
}
