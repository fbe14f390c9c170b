//! What the owner allows, what is counted, and what could leave.
//!
//! Never: anything that is not a class, a count or a week.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the owner goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// Nobody has answered yet: nothing is collected.
    Undecided,
    /// Nothing is collected.
    Off,
    /// Collected for the owner's eyes; nothing leaves.
    Local,
    /// Collected, and may leave.
    Share,
}

/// What the owner can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentChoice {
    Off,
    Local,
    Share,
}

/// What each switch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentSwitch {
    PlaybackStatistics,
    CrashReports,
    ReleaseNews,
}

/// The three switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentSwitches {
    pub playback_statistics: bool,
    pub crash_reports: bool,
    /// Marketing communications: the box may fetch a feed of release news.
    pub release_news: bool,
}

/// Why less holds than what is stored, or what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsentReason {
    FlashMissing,
    FlashUnopened,
    FlashInUse,
    FlashWrongSize,
    FlashReadOnly,
    FlashNoise,
    FlashDamaged,
    FlashNewer,
    TwoAnswers,
    NotSaved,
    DoNotTrack,
    RegistryChanged,
    RegistryWentBack,
    /// Nothing is counted until the clock is set.
    ClockNotSet,
    /// Nothing is counted until the clock has caught up with what was counted.
    ClockWentBack,
    /// What was counted is a newer Alcove's, and is neither used nor touched.
    JournalNewer,
}

/// What holds now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentInForce {
    pub mode: ConsentMode,
    pub switches: ConsentSwitches,
}

/// The owner's answer, and what comes of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Consent {
    /// As stored.
    pub mode: ConsentMode,
    /// As stored.
    pub switches: ConsentSwitches,
    pub in_force: ConsentInForce,
    /// Why more is refused than what is stored; empty when both are the same.
    pub reasons: Vec<ConsentReason>,
    /// True when the variable DO_NOT_TRACK keeps everything off.
    pub do_not_track: bool,
    /// False when no answer can be stored.
    pub writable: bool,
    /// Such as `2026-W47`; null before the first answer, or when the clock was not set.
    pub answered_week: Option<String>,
    /// Version of the list of metrics.
    pub registry_version: u32,
    /// The version that the answer was given to; null before the first one.
    pub answered_registry_version: Option<u32>,
    /// True when the question is to be asked.
    pub asks_again: bool,
    /// True when reports could be sent: this build can, and an address is configured.
    pub collector: bool,
    /// True when release news could be fetched: this build can, and an address is configured.
    pub news: bool,
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ConsentRequest {
    pub mode: ConsentChoice,
    pub switches: ConsentSwitches,
}

/// Everything that could be collected.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registry {
    pub version: u32,
    /// Of the file that declares it, in hexadecimal digits.
    pub sha256: &'static str,
    /// Thousandths of epsilon that a report costs.
    pub epsilon_a_report_milli: u32,
    pub reports_a_week: u32,
    /// Most weeks of a year in which a box reports.
    pub weeks_a_year: u32,
    pub metrics: Vec<Metric>,
    /// What the journal is kept in: every table and every column.
    pub tables: Vec<KeptTable>,
    /// What each version changed, the oldest first.
    pub changes: Vec<RegistryChange>,
}

/// What a metric is a function of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    File,
    Client,
    Box,
    Outcome,
    Composite,
}

/// One metric in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct Metric {
    pub name: &'static str,
    pub question: &'static str,
    /// The switch that it belongs to.
    pub category: &'static str,
    pub kind: MetricKind,
    /// Of the bounds.
    pub unit: Option<&'static str>,
    pub example: &'static str,
    /// Version of the registry that added it.
    pub since: u32,
    /// Week from which it is no longer collected.
    pub expires: &'static str,
    pub note: &'static str,
    /// Every answer, by index.
    pub classes: Vec<MetricClass>,
}

/// One class in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetricClass {
    pub index: u8,
    pub name: &'static str,
    pub label: &'static str,
    /// Metric and class as one word; translations go by it.
    pub key: &'static str,
    /// Upper bound, not included, in the metric's unit.
    pub below: Option<u32>,
    /// Lower bound, included, of the class without an upper one.
    pub above: Option<u32>,
    /// Raw values that it stands for.
    pub folds: Vec<&'static str>,
    /// True for the class of all raw values that no other stands for.
    pub rest: bool,
}

/// A table that the journal is kept in.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptTable {
    pub name: &'static str,
    pub question: &'static str,
    pub leaves: KeptLeaves,
    /// Version of the registry that added it.
    pub since: u32,
    /// Week from which a table that joins metrics is no longer kept; null where each row goes by its metric.
    pub expires: Option<&'static str>,
    pub note: &'static str,
    /// All there are.
    pub columns: Vec<KeptColumn>,
}

/// What becomes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptLeaves {
    /// It stays on this box.
    Never,
    /// The reports of a week are made of it.
    AsReports,
    /// It tells what left.
    HasLeft,
}

/// A column of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptColumn {
    pub name: &'static str,
    pub label: &'static str,
    pub holds: KeptValue,
    /// The metric whose answers it holds; null where they can be of any.
    pub metric: Option<&'static str>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptValue {
    /// Metric and class, with a dot between them.
    Answer,
    Count,
    /// Of the week: 0 is Monday.
    Day,
    /// 0 or 1.
    Mark,
    Metric,
    Order,
    /// The exact text of a report.
    Report,
    Version,
    Week,
    /// A year, and the weeks of it as bits.
    Weeks,
}

/// What changed from one version to the next.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistryChange {
    pub from: u32,
    pub to: u32,
    /// Names of metrics and tables.
    pub added: Vec<String>,
    /// Names of metrics and tables.
    pub removed: Vec<String>,
    pub changed: Vec<ChangedMetric>,
}

/// A part of a metric that changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedMetric {
    pub name: String,
    /// Which part, such as `classes` or `question`.
    pub what: String,
}

/// What was counted; it stays on this box.
#[derive(Debug, Serialize, ToSchema)]
pub struct Journal {
    /// True while playbacks are counted.
    pub collecting: bool,
    /// The running week.
    pub week: String,
    pub counts: Vec<MetricCount>,
}

/// How often each class of a metric was seen, by index.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetricCount {
    pub metric: &'static str,
    pub day: Vec<u32>,
    pub week: Vec<u32>,
}

/// What becomes of the next reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportSending {
    /// This build has no collector: nothing can be sent.
    NoCollector,
    /// Nothing is shared.
    Off,
    /// Chance has drawn other weeks of this year.
    NotAReportWeek,
}

/// The next reports, byte by byte.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextReport {
    /// The week that they are about.
    pub week: String,
    pub reports: Vec<PreparedReport>,
    /// False while the week runs: then they are what they were if it ended now.
    pub complete: bool,
    /// Those of the running week, where complete ones still wait.
    pub growing: Vec<PreparedReport>,
    pub sending: ReportSending,
    /// The first week in which they could leave, were there somewhere to send them; null where that is not known.
    pub first_possible: Option<String>,
}

/// One report.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreparedReport {
    pub metric: &'static str,
    /// The exact text.
    pub bytes: String,
    /// The same for every class of the metric.
    pub length_bytes: usize,
}

/// Everything that was sent, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipts {
    pub receipts: Vec<Receipt>,
}

/// A report that was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The week that it is about.
    pub week: String,
    pub metric: String,
    /// The exact text.
    pub bytes: String,
    pub sent_week: String,
    /// False where it may have left, and nobody knows whether it has arrived.
    pub arrived: bool,
}

/// Every place outside the home network that Alcove can ever contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Destinations {
    /// True when something counts packets.
    pub counted: bool,
    pub destinations: Vec<Destination>,
}

/// Which place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationId {
    Collector,
    News,
    Crashes,
}

/// One place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Destination {
    pub id: DestinationId,
    /// True where an address is configured.
    pub configured: bool,
    /// Null where none is configured, and to everybody but the owner.
    pub address: Option<String>,
    /// Without which it is never contacted.
    pub switch: ConsentSwitch,
    /// True when the answer in force allows it.
    pub allowed: bool,
    /// Null where nothing counts them.
    pub packets: Option<u64>,
}

/// What is booked of the privacy budget.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ledger {
    pub epsilon_week_milli: u32,
    pub limit_week_milli: u32,
    pub epsilon_year_milli: u32,
    pub limit_year_milli: u32,
    /// Nothing can be booked before this week.
    pub blocked_until: Option<String>,
    /// True when bookings may have been lost: the year then counts as spent.
    pub lost: bool,
    /// False: noise is added by the collector, and there is none yet.
    pub achieved: bool,
}
