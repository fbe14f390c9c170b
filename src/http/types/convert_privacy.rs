//! What consent and telemetry say, as the API's values.
//!
//! Never: a decision.

use super::privacy::{
    ChangedMetric, Consent, ConsentChoice, ConsentInForce, ConsentMode, ConsentReason,
    ConsentSwitch, ConsentSwitches, DestinationId, KeptColumn, KeptLeaves, KeptTable, KeptValue,
    Ledger, Metric, MetricClass, MetricCount, MetricKind, NextReport, PreparedReport, Receipt,
    Registry, RegistryChange, ReportSending,
};
use crate::consent::{Budget, Choice, Kind, Mode, Reason, State, WEEK_LIMIT, YEAR_LIMIT};
use crate::telemetry::destinations;
use crate::telemetry::held::MetricCounts;
use crate::telemetry::history::{self, Change};
use crate::telemetry::journal::{Next, Sending, Sent, Trouble};
use crate::telemetry::registry::{
    self, ClassText, ColumnText, Holds, Leaves, MetricText, REGISTRY, TableText,
};
use crate::telemetry::report::Report;

impl From<Mode> for ConsentMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Undecided => Self::Undecided,
            Mode::Off => Self::Off,
            Mode::Local => Self::Local,
            Mode::Share => Self::Share,
        }
    }
}

impl From<ConsentChoice> for Choice {
    fn from(choice: ConsentChoice) -> Self {
        match choice {
            ConsentChoice::Off => Self::Off,
            ConsentChoice::Local => Self::Local,
            ConsentChoice::Share => Self::Share,
        }
    }
}

impl From<Kind> for ConsentSwitch {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::PlaybackStatistics => Self::PlaybackStatistics,
            Kind::CrashReports => Self::CrashReports,
            Kind::ReleaseNews => Self::ReleaseNews,
        }
    }
}

impl From<crate::consent::Switches> for ConsentSwitches {
    fn from(switches: crate::consent::Switches) -> Self {
        Self {
            playback_statistics: switches.playback_statistics,
            crash_reports: switches.crash_reports,
            release_news: switches.release_news,
        }
    }
}

impl From<ConsentSwitches> for crate::consent::Switches {
    fn from(switches: ConsentSwitches) -> Self {
        Self {
            playback_statistics: switches.playback_statistics,
            crash_reports: switches.crash_reports,
            release_news: switches.release_news,
        }
    }
}

impl From<Reason> for ConsentReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Missing => Self::FlashMissing,
            Reason::Unopened => Self::FlashUnopened,
            Reason::InUse => Self::FlashInUse,
            Reason::WrongSize => Self::FlashWrongSize,
            Reason::ReadOnly => Self::FlashReadOnly,
            Reason::Noise => Self::FlashNoise,
            Reason::Damaged => Self::FlashDamaged,
            Reason::NewerLayout => Self::FlashNewer,
            Reason::TwoAnswers => Self::TwoAnswers,
            Reason::NotSaved => Self::NotSaved,
            Reason::DoNotTrack => Self::DoNotTrack,
            Reason::RegistryChanged => Self::RegistryChanged,
            Reason::RegistryWentBack => Self::RegistryWentBack,
        }
    }
}

impl From<Trouble> for ConsentReason {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::ClockNotSet => Self::ClockNotSet,
            Trouble::ClockWentBack => Self::ClockWentBack,
            Trouble::Newer => Self::JournalNewer,
        }
    }
}

impl Consent {
    /// What `state` and the journal's `trouble` come to.
    pub fn new(state: &State, do_not_track: bool, trouble: Option<Trouble>) -> Self {
        let mut in_force = ConsentInForce {
            mode: state.effective.mode().into(),
            switches: state.effective.switches().into(),
        };
        if trouble.is_some() {
            in_force.switches.playback_statistics = false;
        }
        let reasons = state.reason.map(ConsentReason::from);
        let troubles = trouble.map(ConsentReason::from);
        Self {
            mode: state.stored.mode().into(),
            switches: state.stored.switches().into(),
            in_force,
            reasons: reasons.into_iter().chain(troubles).collect(),
            do_not_track,
            writable: state.writable,
            answered_week: state.answered_week.map(|week| week.to_string()),
            registry_version: REGISTRY.version,
            answered_registry_version: Some(state.answered_registry).filter(|version| *version > 0),
            asks_again: state.asks(),
            // This build can neither send nor fetch, whatever is configured.
            collector: false,
            news: false,
        }
    }
}

impl Registry {
    /// The registry of this program.
    pub fn current() -> Self {
        Self {
            version: REGISTRY.version,
            sha256: REGISTRY.sha256,
            epsilon_a_report_milli: REGISTRY.epsilon_a_report_milli,
            reports_a_week: REGISTRY.reports_a_week,
            weeks_a_year: REGISTRY.weeks_a_year,
            metrics: REGISTRY.metrics.iter().map(Metric::from).collect(),
            tables: REGISTRY.tables.iter().map(KeptTable::from).collect(),
            changes: history::changes()
                .into_iter()
                .map(RegistryChange::from)
                .collect(),
        }
    }
}

impl From<&'static MetricText> for Metric {
    fn from(text: &'static MetricText) -> Self {
        Self {
            name: text.name,
            question: text.question,
            category: text.category,
            kind: text.kind.into(),
            unit: text.unit,
            example: text.example,
            since: text.since,
            expires: text.expires,
            note: text.note,
            classes: text.classes.iter().map(MetricClass::from).collect(),
        }
    }
}

impl From<registry::Kind> for MetricKind {
    fn from(kind: registry::Kind) -> Self {
        match kind {
            registry::Kind::File => Self::File,
            registry::Kind::Client => Self::Client,
            registry::Kind::Box => Self::Box,
            registry::Kind::Outcome => Self::Outcome,
            registry::Kind::Composite => Self::Composite,
        }
    }
}

impl From<&'static ClassText> for MetricClass {
    fn from(text: &'static ClassText) -> Self {
        Self {
            index: text.index,
            name: text.name,
            label: text.label,
            key: text.key,
            below: text.below,
            above: text.above,
            folds: text.folds.to_vec(),
            rest: text.rest,
        }
    }
}

impl From<&'static TableText> for KeptTable {
    fn from(text: &'static TableText) -> Self {
        Self {
            name: text.name,
            question: text.question,
            leaves: text.leaves.into(),
            since: text.since,
            expires: text.expires,
            note: text.note,
            columns: text.columns.iter().map(KeptColumn::from).collect(),
        }
    }
}

impl From<&'static ColumnText> for KeptColumn {
    fn from(text: &'static ColumnText) -> Self {
        Self {
            name: text.name,
            label: text.label,
            holds: text.holds.into(),
            metric: text.metric,
        }
    }
}

impl From<Leaves> for KeptLeaves {
    fn from(leaves: Leaves) -> Self {
        match leaves {
            Leaves::Never => Self::Never,
            Leaves::AsReports => Self::AsReports,
            Leaves::HasLeft => Self::HasLeft,
        }
    }
}

impl From<Holds> for KeptValue {
    fn from(holds: Holds) -> Self {
        match holds {
            Holds::Answer => Self::Answer,
            Holds::Count => Self::Count,
            Holds::Day => Self::Day,
            Holds::Mark => Self::Mark,
            Holds::Metric => Self::Metric,
            Holds::Order => Self::Order,
            Holds::Report => Self::Report,
            Holds::Version => Self::Version,
            Holds::Week => Self::Week,
            Holds::Weeks => Self::Weeks,
        }
    }
}

impl From<Change> for RegistryChange {
    fn from(change: Change) -> Self {
        let changed = change.changed.into_iter().map(|one| ChangedMetric {
            name: one.name,
            what: one.what,
        });
        Self {
            from: change.from,
            to: change.to,
            added: change.added,
            removed: change.removed,
            changed: changed.collect(),
        }
    }
}

impl From<MetricCounts> for MetricCount {
    fn from(counts: MetricCounts) -> Self {
        Self {
            metric: counts.metric.name(),
            day: counts.today,
            week: counts.this_week,
        }
    }
}

impl From<Next> for NextReport {
    fn from(next: Next) -> Self {
        let prepared =
            |reports: Vec<Report>| reports.into_iter().map(PreparedReport::from).collect();
        Self {
            week: next.week.to_string(),
            reports: prepared(next.reports),
            complete: next.complete,
            growing: prepared(next.growing),
            sending: match next.sending {
                Sending::NoCollector => ReportSending::NoCollector,
                Sending::Off => ReportSending::Off,
                Sending::NotAReportWeek => ReportSending::NotAReportWeek,
            },
            first_possible: next.first_possible.map(|week| week.to_string()),
        }
    }
}

impl From<Report> for PreparedReport {
    fn from(report: Report) -> Self {
        let bytes = report.bytes();
        Self {
            metric: report.metric().name(),
            length_bytes: bytes.len(),
            bytes: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl From<Sent> for Receipt {
    fn from(sent: Sent) -> Self {
        Self {
            week: sent.week,
            metric: sent.metric,
            bytes: sent.bytes,
            sent_week: sent.sent_week,
            arrived: sent.arrived,
        }
    }
}

impl From<destinations::Destination> for DestinationId {
    fn from(destination: destinations::Destination) -> Self {
        match destination {
            destinations::Destination::Collector => Self::Collector,
            destinations::Destination::News => Self::News,
            destinations::Destination::Crashes => Self::Crashes,
        }
    }
}

impl From<Budget> for Ledger {
    fn from(budget: Budget) -> Self {
        Self {
            epsilon_week_milli: budget.spent_this_week.0,
            limit_week_milli: WEEK_LIMIT.0,
            epsilon_year_milli: budget.spent_this_year.0,
            limit_year_milli: YEAR_LIMIT.0,
            blocked_until: budget.blocked_until.map(|week| week.to_string()),
            lost: budget.lost,
            achieved: false,
        }
    }
}
