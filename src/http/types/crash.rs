//! Reports of crashes.
//!
//! Never: anything that is not in the report itself.

use serde::Serialize;
use utoipa::ToSchema;

use super::Id;
use crate::base::crash::Program;
use crate::telemetry::crash::Report;

/// The reports that are kept, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Crashes {
    pub crashes: Vec<CrashReport>,
}

/// One report.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrashReport {
    pub id: Id,
    /// "2026-W47".
    pub week: String,
    pub program: CrashedProgram,
    /// The exact text that a report to the makers would consist of.
    pub bytes: String,
    /// Whether it could leave the box: it happened after the owner allowed that.
    pub may_leave: bool,
}

/// Which program crashed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub enum CrashedProgram {
    #[serde(rename = "alcove")]
    Daemon,
    #[serde(rename = "alcove-worker")]
    Worker,
}

impl From<Report> for CrashReport {
    fn from(report: Report) -> Self {
        Self {
            id: Id(i64::try_from(report.id()).unwrap_or(i64::MAX)),
            week: report.week().to_string(),
            program: match report.program() {
                Program::Daemon => CrashedProgram::Daemon,
                Program::Worker => CrashedProgram::Worker,
            },
            bytes: report.bytes().to_owned(),
            may_leave: report.may_leave(),
        }
    }
}
