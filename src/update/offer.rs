//! A bundle that this box trusts: what it is, whether it may be installed, and its way into the other slot.
//!
//! Never: a word about a bundle whose signature RAUC has not accepted.

use std::path::Path;

use super::aside;
use super::bundle;
use super::error::UpdateError;
use super::firmware::{Facts, Firmware};
use super::rauc::{Contents, Rauc, RaucError};
use super::record::{Attempt, Record};
use super::version;

/// What every bundle's compatible string begins with; the board follows.
const MAKER: &str = "alcove-";

/// A bundle whose signature this box trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub version: String,
    /// As in `board/*.toml`.
    pub board: String,
    pub signed_by: Option<String>,
    /// Everybody who builds Alcove could have signed it.
    pub development_key: bool,
    /// A sentence each.
    pub changes: Vec<String>,
    /// It is older than what runs.
    pub older: bool,
    /// It is for this board.
    pub fits: bool,
}

impl Bundle {
    /// Whether it may be installed.
    ///
    /// # Errors
    /// [`UpdateError::WrongBoard`], and [`UpdateError::Older`] unless that is forced.
    pub fn admit(&self, facts: &Facts, force_older: bool) -> Result<(), UpdateError> {
        if !self.fits {
            return Err(UpdateError::WrongBoard {
                bundle: self.board.clone(),
                board: facts.board.clone(),
            });
        }
        if self.older && !force_older {
            return Err(UpdateError::Older {
                bundle: self.version.clone(),
                running: facts.version.clone(),
            });
        }
        Ok(())
    }

    fn of(contents: Contents, signed_by: Option<String>, facts: &Facts) -> Self {
        let board = contents
            .compatible
            .strip_prefix(MAKER)
            .unwrap_or(&contents.compatible);
        let changes = contents.changes.as_deref().unwrap_or_default().split(" · ");
        Self {
            older: version::compare(&contents.version, &facts.version).is_lt(),
            fits: contents.compatible == format!("{MAKER}{}", facts.board),
            board: board.to_owned(),
            development_key: signed_by.as_deref().is_some_and(bundle::is_development),
            signed_by,
            changes: changes
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            version: contents.version,
        }
    }
}

/// What the bundle at `path` is, its signature being one that this box trusts.
///
/// # Errors
/// [`UpdateError::Bundle`], [`UpdateError::Untrusted`], [`UpdateError::Rauc`].
pub async fn look(path: &Path, facts: &Facts) -> Result<Bundle, UpdateError> {
    let signature = bundle::signature(path)?;
    let rauc = Rauc::connect().await.map_err(UpdateError::Rauc)?;
    let contents = rauc.inspect(path).await.map_err(|error| match error {
        RaucError::Refused(said) => {
            log::warn!("a bundle was refused: {said}");
            UpdateError::Untrusted
        }
        other => UpdateError::Rauc(other),
    })?;
    Ok(Bundle::of(contents, bundle::signer(&signature), facts))
}

/// Copies the settings to `aside`, writes down what is tried, and writes the bundle at `path` to the other slot. What
/// was written down is what was before when that fails.
///
/// # Errors
/// [`UpdateError`].
pub async fn install(
    firmware: &Firmware,
    path: &Path,
    bundle: &Bundle,
    aside: &Path,
    on_progress: impl FnMut(u8),
) -> Result<(), UpdateError> {
    let facts = firmware.facts().ok_or(UpdateError::NotFirmware)?;
    let (settings, aside) = (firmware.settings(), aside.to_owned());
    let copied = tokio::task::spawn_blocking(move || aside::copy(&settings, &aside)).await;
    copied
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(UpdateError::Aside)?;
    let rauc = Rauc::connect().await.map_err(UpdateError::Rauc)?;
    let slots = rauc.slots().await.map_err(UpdateError::Rauc)?;
    let named = |is_booted| {
        let found = slots.iter().find(|slot| slot.is_booted == is_booted);
        found
            .map(|slot| slot.bootname.clone())
            .ok_or(UpdateError::NoSlot)
    };
    let attempt = Attempt {
        from: facts.version,
        to: bundle.version.clone(),
        slot: named(false)?,
        from_slot: named(true)?,
        boot_id: firmware.boot_id(),
    };
    let before = Record::read(&firmware.kept());
    let tried = Record {
        attempt: Some(attempt),
        failed: None,
        last: before.last.clone(),
    };
    tried.write(&firmware.kept()).map_err(UpdateError::Record)?;
    let written = rauc.install(path, on_progress).await;
    if written.is_err() {
        before
            .write(&firmware.kept())
            .map_err(UpdateError::Record)?;
    }
    written.map_err(UpdateError::Rauc)
}
