//! `alcove registry`, `alcove report` and `alcove consent`: the Privacy page on the command line.
//!
//! Never: a change beside a server that runs; a number that the page does not show.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};

use super::config::Config;
use super::privacy::{self, Nobody};
use crate::base::clock::{SharedClock, SystemClock};
use crate::consent::{Access, Choice, Consent, Reason, SetError, Switches};
use crate::db::{Db, DbError};
use crate::http::types::privacy as shown;
use crate::telemetry::history;
use crate::telemetry::journal::{AnswerError, Next, Sending, Sent};

const BESIDE: &str = "As the server has last written it, which it does once an hour; while it runs, its Privacy page shows what it holds now.";
const ELSEWHERE: &str =
    "(a server that was started with DO_NOT_TRACK holds everything off, whatever stands here)";

/// What to show of reports.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct ReportChoice {
    /// The exact bytes of the next reports.
    #[arg(long)]
    next: bool,
    /// The exact bytes of everything that was sent.
    #[arg(long)]
    receipts: bool,
    /// What changed between two versions of the registry.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    diff: Option<Vec<u32>>,
}

/// What to do with the owner's answer.
#[derive(Debug, Subcommand)]
pub(super) enum ConsentCommand {
    /// Shows what is stored and what holds.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Stores an answer; switches that are not named are off.
    Set {
        mode: ModeWord,
        #[arg(long)]
        playback_statistics: bool,
        #[arg(long)]
        crash_reports: bool,
        #[arg(long)]
        release_news: bool,
    },
}

/// What can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeWord {
    /// Nothing is collected.
    Off,
    /// Collected for you alone; nothing leaves this box.
    Local,
    /// Collected, and may leave.
    Share,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    #[error("nothing was changed: the server is running on {}; answer on its Privacy page, or stop it first (systemctl stop alcove)", .0.display())]
    Running(PathBuf),
    #[error(
        "nothing was changed: the server is running; answer on its Privacy page, or stop it first (systemctl stop alcove)"
    )]
    FlashInUse,
    #[error(transparent)]
    Db(DbError),
    #[error(transparent)]
    Answer(AnswerError),
    #[error("there is no version {wanted} of the registry; this Alcove knows {known}")]
    NoVersion { wanted: u32, known: String },
    #[error("standard output failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the answer cannot be shown as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<DbError> for ReportError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::InUse(path) => Self::Running(path),
            other => Self::Db(other),
        }
    }
}

impl From<AnswerError> for ReportError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Set(SetError::Refused(Reason::InUse)) => Self::FlashInUse,
            other => Self::Answer(other),
        }
    }
}

/// Prints every metric that could be collected.
pub(super) fn registry(json: bool) -> Result<(), ReportError> {
    let registry = shown::Registry::current();
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&registry)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "Registry version {}, SHA-256 {}",
        registry.version, registry.sha256
    )?;
    for metric in &registry.metrics {
        writeln!(out, "\n{}: {}", metric.name, metric.question)?;
        writeln!(out, "  example: {}", metric.example)?;
        writeln!(
            out,
            "  switch: {}; since version {}; until {}",
            metric.category, metric.since, metric.expires
        )?;
        writeln!(out, "  {}", metric.note)?;
        for class in &metric.classes {
            writeln!(
                out,
                "  {:>3}  {:<36} {}",
                class.index, class.name, class.label
            )?;
        }
    }
    for table in &registry.tables {
        write_table(&mut out, table)?;
    }
    for change in &registry.changes {
        write_change(&mut out, change)?;
    }
    Ok(())
}

fn write_table(out: &mut impl Write, table: &shown::KeptTable) -> Result<(), ReportError> {
    let leaves = match table.leaves {
        shown::KeptLeaves::Never => "kept here, never sent",
        shown::KeptLeaves::AsReports => "the reports of a week are made of it",
        shown::KeptLeaves::HasLeft => "what has left, as it left",
    };
    let until = table.expires.unwrap_or("its metrics expire");
    writeln!(out, "\n{}: {}", table.name, table.question)?;
    writeln!(
        out,
        "  {leaves}; since version {}; until {until}",
        table.since
    )?;
    writeln!(out, "  {}", table.note)?;
    for column in &table.columns {
        let label = column.label;
        match column.metric {
            Some(metric) => writeln!(out, "       {:<36} {label} ({metric})", column.name)?,
            None => writeln!(out, "       {:<36} {label}", column.name)?,
        }
    }
    Ok(())
}

/// Prints reports, receipts, or what changed.
pub(super) fn report(choice: &ReportChoice, config: &Config) -> Result<(), ReportError> {
    if let Some([old, new]) = choice.diff.as_deref() {
        return diff(*old, *new);
    }
    // Asked first: a server that ends meanwhile takes its log with it.
    let is_perhaps_older = Db::has_log(&config.state);
    let Some(db) = Db::look(&config.state)? else {
        writeln!(
            std::io::stdout(),
            "No Alcove has run in {}: there is nothing to show.",
            config.state.display()
        )?;
        return Ok(());
    };
    with_db(db, async |db| {
        let look = privacy::look(config, &db, Arc::new(SystemClock)).await?;
        if is_perhaps_older {
            writeln!(std::io::stdout(), "{BESIDE}")?;
        }
        if choice.receipts {
            receipts(look.receipts)
        } else {
            next(look.next)
        }
    })
}

/// Shows or stores the owner's answer.
pub(super) fn consent(command: &ConsentCommand, config: &Config) -> Result<(), ReportError> {
    match command {
        ConsentCommand::Show { json } => {
            let consent = privacy::consent(config, Access::Look, Arc::new(SystemClock));
            show(&consent, *json)
        }
        ConsentCommand::Set {
            mode,
            playback_statistics,
            crash_reports,
            release_news,
        } => {
            let switches = Switches {
                playback_statistics: *playback_statistics,
                crash_reports: *crash_reports,
                release_news: *release_news,
            };
            let choice = match mode {
                ModeWord::Off => Choice::Off,
                ModeWord::Local => Choice::Local,
                ModeWord::Share => Choice::Share,
            };
            with_db(Db::open(&config.state)?, async |db| {
                let clock: SharedClock = Arc::new(SystemClock);
                let journal = privacy::open(config, &db, &clock, Arc::new(Nobody)).await?;
                journal.answer(choice, switches).await?;
                show(journal.consent(), false)
            })
        }
    }
}

/// Runs `work` on the database, and closes it.
fn with_db(
    db: Db,
    work: impl AsyncFnOnce(Db) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let outcome = work(db.clone()).await;
        db.close().await;
        outcome
    })
}

fn show(consent: &Consent, json: bool) -> Result<(), ReportError> {
    let state = consent.state();
    let shown = shown::Consent::new(&state, privacy::do_not_track(), None);
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&shown)?)?;
        return Ok(());
    }
    let on_or_off = |on: bool| if on { "on" } else { "off" };
    let word = |mode: shown::ConsentMode| format!("{mode:?}").to_lowercase();
    writeln!(out, "{:<20} {:<10} now", "", "stored")?;
    let line = |name: &str, stored: &str, now: &str| format!("{name:<20} {stored:<10} {now}");
    let (stored, now) = (&shown.switches, &shown.in_force.switches);
    let mode = (word(shown.mode), word(shown.in_force.mode));
    writeln!(out, "{}", line("mode", &mode.0, &mode.1))?;
    for (name, stored, now) in [
        (
            "playback statistics",
            stored.playback_statistics,
            now.playback_statistics,
        ),
        ("crash reports", stored.crash_reports, now.crash_reports),
        ("release news", stored.release_news, now.release_news),
    ] {
        writeln!(out, "{}", line(name, on_or_off(stored), on_or_off(now)))?;
    }
    if let Some(week) = &shown.answered_week {
        writeln!(
            out,
            "answered in {week}, to version {} of the registry",
            state.answered_registry
        )?;
    }
    if let Some(reason) = state.reason {
        writeln!(out, "why: {reason}")?;
    }
    if state.effective.is_yes() {
        writeln!(out, "{ELSEWHERE}")?;
    }
    Ok(())
}

fn next(next: Next) -> Result<(), ReportError> {
    let mut out = std::io::stdout().lock();
    let sentence = match next.sending {
        Sending::NoCollector => "This build has no collector: nothing can be sent.",
        Sending::Off => "Nothing is shared, so there is no report.",
        Sending::NotAReportWeek => "Chance has drawn other weeks of this year for reports.",
    };
    writeln!(out, "{sentence}")?;
    if !next.reports.is_empty() {
        let state = if next.complete {
            "complete"
        } else {
            "as if the week ended now"
        };
        writeln!(out, "Reports of {}, {state}:", next.week)?;
    }
    for report in next.reports {
        writeln!(out, "{}", String::from_utf8_lossy(&report.bytes()))?;
    }
    Ok(())
}

fn receipts(sent: Vec<Sent>) -> Result<(), ReportError> {
    let mut out = std::io::stdout().lock();
    if sent.is_empty() {
        writeln!(out, "No receipts on this disk.")?;
    }
    for one in sent {
        let unsure = if one.arrived {
            ""
        } else {
            "  (about to be sent; whether it left is not known)"
        };
        writeln!(out, "{}  {}{unsure}", one.sent_week, one.bytes)?;
    }
    Ok(())
}

fn diff(old: u32, new: u32) -> Result<(), ReportError> {
    let versions = history::versions();
    let find = |wanted: u32| {
        let found = versions.iter().find(|version| version.number() == wanted);
        found.ok_or_else(|| ReportError::NoVersion {
            wanted,
            known: versions
                .iter()
                .map(|version| version.number().to_string())
                .collect::<Vec<_>>()
                .join(", "),
        })
    };
    let change = find(old)?.to(find(new)?);
    write_change(&mut std::io::stdout().lock(), &change.into())
}

fn write_change(out: &mut impl Write, change: &shown::RegistryChange) -> Result<(), ReportError> {
    writeln!(
        out,
        "\nFrom version {} to version {}",
        change.from, change.to
    )?;
    if change.added.is_empty() && change.removed.is_empty() && change.changed.is_empty() {
        writeln!(out, "  nothing changed")?;
    }
    for name in &change.added {
        writeln!(out, "  + {name}")?;
    }
    for name in &change.removed {
        writeln!(out, "  - {name}")?;
    }
    for changed in &change.changed {
        writeln!(out, "  ~ {}: {}", changed.name, changed.what)?;
    }
    Ok(())
}
