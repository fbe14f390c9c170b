//! `alcove update FILE` and `alcove system`: updates from the command line, and what root does for the daemon.
//!
//! Never: an installation of what the page would refuse.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::config::Config;
use crate::update::offer::{self, look};
use crate::update::{Firmware, UpdateError, system};

#[derive(Debug, Args)]
pub(super) struct UpdateArguments {
    /// The bundle.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Installs a version that is older than the running one too.
    #[arg(long)]
    pub(super) force_older: bool,
    /// A TOML file, for the place of the firmware.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Why an update from the command line did not happen.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpdatingError {
    #[error(transparent)]
    Update(#[from] UpdateError),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}; --force-older installs it nevertheless")]
    Older(UpdateError),
}

/// Shows what the bundle is, and installs it.
pub(super) fn update(arguments: &UpdateArguments, config: &Config) -> Result<(), UpdatingError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(install(&arguments.file, arguments.force_older, config))
}

async fn install(file: &Path, force_older: bool, config: &Config) -> Result<(), UpdatingError> {
    let firmware = Firmware::at(config.firmware.root.clone());
    let facts = firmware.facts().ok_or(UpdateError::NotFirmware)?;
    let path = std::fs::canonicalize(file).map_err(|source| UpdatingError::File {
        path: file.to_owned(),
        source,
    })?;
    let bundle = look(&path, &facts).await?;
    let mut out = io::stdout();
    writeln!(
        out,
        "version    {} (running: {})",
        bundle.version, facts.version
    )?;
    writeln!(out, "board      {} (this: {})", bundle.board, facts.board)?;
    let key = if bundle.development_key {
        ", a development key"
    } else {
        ""
    };
    writeln!(
        out,
        "signed by  {}{key}",
        bundle
            .signed_by
            .as_deref()
            .unwrap_or("a key without a name")
    )?;
    for change in &bundle.changes {
        writeln!(out, "  {change}")?;
    }
    bundle
        .admit(&facts, force_older)
        .map_err(|error| match error {
            UpdateError::Older { .. } => UpdatingError::Older(error),
            other => other.into(),
        })?;
    let mut shown = None;
    let progress = |percent| {
        if shown != Some(percent) {
            shown = Some(percent);
            let _ = writeln!(io::stdout(), "installing {percent} %");
        }
    };
    let aside = config.state.join("settings-before-update");
    offer::install(&firmware, &path, &bundle, &aside, progress).await?;
    writeln!(out, "installed; it is tried at the next restart")?;
    Ok(())
}

/// Answers one request on standard input.
pub(super) fn answer(config: &Config) -> io::Result<()> {
    let firmware = Firmware::at(config.firmware.root.clone());
    system::answer(&firmware, io::stdin().lock(), io::stdout().lock())
}
