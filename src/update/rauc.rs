//! RAUC on the system bus: it judges bundles, writes them, and knows the slots.
//!
//! Source: RAUC's reference, "D-Bus API".
//!
//! Never: a word about a bundle whose signature RAUC has not accepted.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, OwnedVariant, Proxy, Variant};

const NAME: &str = "de.pengutronix.rauc";
const INTERFACE: &str = "de.pengutronix.rauc.Installer";
/// How often an installation is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// Looking at a bundle reads its end, which a slow disk may take a while for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why RAUC did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RaucError {
    #[error("the installer does not answer: {0}")]
    Away(zbus::Error),
    #[error("the installer took too long")]
    Late,
    /// In RAUC's words: what is wrong with the bundle or its signature.
    #[error("{0}")]
    Refused(String),
    #[error("the bundle says nothing about {0}")]
    Silent(&'static str),
    /// In RAUC's words.
    #[error("{0}")]
    Failed(String),
}

impl From<zbus::Error> for RaucError {
    fn from(error: zbus::Error) -> Self {
        match error {
            zbus::Error::MethodError(name, Some(text), _) if !is_of_the_bus(&name) => {
                Self::Refused(text)
            }
            other => Self::Away(other),
        }
    }
}

fn is_of_the_bus(name: &str) -> bool {
    name.starts_with("org.freedesktop.DBus.")
}

/// What a bundle says of itself, its signature being one that this box trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    pub version: String,
    /// `alcove-` and the board.
    pub compatible: String,
    pub changes: Option<String>,
}

/// One of the two places for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// `a` or `b`.
    pub bootname: String,
    pub is_booted: bool,
    /// The version that an update put there; `None` where that was no update.
    pub version: Option<String>,
}

/// RAUC's service.
#[derive(Clone, Debug)]
pub struct Rauc {
    proxy: Proxy<'static>,
}

type Dict = HashMap<String, OwnedVariant>;

impl Rauc {
    /// Finds the service on the system bus.
    ///
    /// # Errors
    /// [`RaucError::Away`] where there is no bus.
    pub async fn connect() -> Result<Self, RaucError> {
        let bus = Connection::system().await.map_err(RaucError::Away)?;
        let proxy = Builder::<Proxy<'static>>::new(&bus)
            .destination(NAME)
            .path("/")
            .interface(INTERFACE)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .map_err(RaucError::Away)?;
        Ok(Self { proxy })
    }

    /// Has the signature of the bundle at `path` checked, and reads what it signs.
    ///
    /// # Errors
    /// [`RaucError::Refused`] for a signature or a file that RAUC does not accept.
    pub async fn inspect(&self, path: &Path) -> Result<Contents, RaucError> {
        let path = path.to_string_lossy();
        let asked = (&*path, HashMap::<&str, Variant<'_>>::new());
        let answer = self.proxy.call::<_, _, Dict>("InspectBundle", &asked);
        let info = tokio::time::timeout(PATIENCE, answer)
            .await
            .map_err(|_| RaucError::Late)??;
        let update = dict(&info, "update");
        let text = |key: &'static str| {
            let found = update.get(key).and_then(text);
            found.ok_or(RaucError::Silent(key))
        };
        let meta = dict(&info, "meta");
        let changes = meta.get("alcove").and_then(|value| {
            let words = HashMap::<String, String>::try_from(plain(value)?).ok()?;
            words.get("changes").cloned()
        });
        Ok(Contents {
            version: text("version")?,
            compatible: text("compatible")?,
            changes,
        })
    }

    /// The slots that can be started.
    ///
    /// # Errors
    /// [`RaucError`].
    pub async fn slots(&self) -> Result<Vec<SlotFacts>, RaucError> {
        let listed = self
            .proxy
            .call::<_, _, Vec<(String, Dict)>>("GetSlotStatus", &());
        let slots = tokio::time::timeout(PATIENCE, listed)
            .await
            .map_err(|_| RaucError::Late)??;
        let one = |(_, facts): (String, Dict)| {
            let word = |key: &str| facts.get(key).and_then(text);
            Some(SlotFacts {
                bootname: word("bootname")?,
                is_booted: word("state").as_deref() == Some("booted"),
                version: word("bundle.version"),
            })
        };
        Ok(slots.into_iter().filter_map(one).collect())
    }

    /// The running slot has proved itself.
    ///
    /// # Errors
    /// [`RaucError`].
    pub async fn mark_good(&self) -> Result<(), RaucError> {
        let marked = self
            .proxy
            .call::<_, _, (String, String)>("Mark", &("good", "booted"));
        tokio::time::timeout(PATIENCE, marked)
            .await
            .map_err(|_| RaucError::Late)??;
        Ok(())
    }

    /// Writes the bundle to the other slot and makes that the next to start; tells `on_progress` the
    /// hundredths that are done. Dropping the future does not stop RAUC.
    ///
    /// # Errors
    /// [`RaucError::Failed`] with RAUC's words.
    pub async fn install(
        &self,
        path: &Path,
        mut on_progress: impl FnMut(u8),
    ) -> Result<(), RaucError> {
        let mut completed = self.proxy.receive_signal("Completed").await?;
        let path = path.to_string_lossy();
        let plainly = HashMap::<&str, Variant<'_>>::new();
        let asked = (&*path, plainly);
        let begun = self.proxy.call::<_, _, ()>("InstallBundle", &asked);
        tokio::time::timeout(PATIENCE, begun)
            .await
            .map_err(|_| RaucError::Late)??;
        let mut idle_before = false;
        loop {
            let asked = tokio::time::timeout(ASK_EVERY, completed.next()).await;
            match asked {
                Ok(Some(signal)) => return self.outcome(signal.body().deserialize::<i32>()?).await,
                Ok(None) => return Err(RaucError::Failed("the bus has gone".into())),
                Err(_) => {}
            }
            let operation: String = self.proxy.get_property("Operation").await?;
            // One that was started anew meanwhile knows of no installation, and signals no end.
            let is_idle = operation == "idle";
            if is_idle && idle_before {
                return Err(RaucError::Failed(
                    "the installer ended before its work did".into(),
                ));
            }
            idle_before = is_idle;
            let (done, _, _): (i32, String, i32) = self.proxy.get_property("Progress").await?;
            on_progress(u8::try_from(done.clamp(0, 100)).unwrap_or(100));
        }
    }

    async fn outcome(&self, code: i32) -> Result<(), RaucError> {
        if code == 0 {
            return Ok(());
        }
        let said: String = self.proxy.get_property("LastError").await?;
        Err(RaucError::Failed(said))
    }
}

/// What lies in a value that RAUC wraps once more.
fn plain(value: &OwnedVariant) -> Option<OwnedVariant> {
    let mut value = Variant::from(value.try_clone().ok()?);
    while let Variant::Variant(inner) = value {
        value = *inner;
    }
    OwnedVariant::try_from(value).ok()
}

fn text(value: &OwnedVariant) -> Option<String> {
    String::try_from(plain(value)?).ok()
}

fn dict(within: &Dict, key: &str) -> Dict {
    let found = within.get(key).and_then(plain);
    found
        .and_then(|value| Dict::try_from(value).ok())
        .unwrap_or_default()
}
