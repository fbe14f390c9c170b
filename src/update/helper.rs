//! The daemon's end of the line to `alcove system`.
//!
//! Never: waiting for ever; an address but the socket's path.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::bootstate::Reset;
use super::outside::{Outside, Switch};
use super::system::{BootFacts, Request, RootRead};

/// No answer is longer.
const MOST_ANSWER_BYTES: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);
/// A card that reads 2 MB/s takes this long for the largest image.
const READING_PATIENCE: Duration = Duration::from_secs(240);

/// Why the helper did not do it.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    #[error("the system's helper does not answer: {0}")]
    Away(std::io::Error),
    #[error("the system's helper took too long")]
    Late,
    #[error("the system's helper said: {0}")]
    Refused(String),
    #[error("the system's helper made no sense")]
    Nonsense,
}

/// Where it listens.
#[derive(Clone, Debug)]
pub struct Helper {
    socket: PathBuf,
}

impl Helper {
    pub fn at(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// # Errors
    /// [`HelperError`].
    pub async fn boot(&self) -> Result<BootFacts, HelperError> {
        self.ask(Request::Boot, PATIENCE).await
    }

    /// Restarts the machine.
    ///
    /// # Errors
    /// [`HelperError`].
    pub async fn restart(&self) -> Result<(), HelperError> {
        self.done(Request::Restart).await
    }

    /// Restarts the machine, and empties it on the way.
    ///
    /// # Errors
    /// [`HelperError`].
    pub async fn reset(&self, reset: Reset) -> Result<(), HelperError> {
        self.done(Request::Reset(reset)).await
    }

    /// The running version is not to start again.
    ///
    /// # Errors
    /// [`HelperError`]; also where there is no other version that has proved itself.
    pub async fn fail(&self) -> Result<(), HelperError> {
        self.done(Request::Fail).await
    }

    /// Has the root image read in full.
    ///
    /// # Errors
    /// [`HelperError`].
    pub async fn read_root(&self) -> Result<RootRead, HelperError> {
        self.ask(Request::ReadRoot, READING_PATIENCE).await
    }

    /// # Errors
    /// [`HelperError`].
    pub async fn outside(&self) -> Result<Outside, HelperError> {
        self.ask(Request::Outside, PATIENCE).await
    }

    /// # Errors
    /// [`HelperError`].
    pub async fn set_outside(&self, switch: Switch, on: bool) -> Result<Outside, HelperError> {
        self.ask(Request::SetOutside(switch, on), PATIENCE).await
    }

    async fn done(&self, request: Request) -> Result<(), HelperError> {
        self.ask::<serde_json::Value>(request, PATIENCE)
            .await
            .map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: Request,
        patience: Duration,
    ) -> Result<T, HelperError> {
        let exchange = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            stream
                .write_all(format!("{}\n", request.line()).as_bytes())
                .await?;
            let mut text = Vec::new();
            stream
                .take(MOST_ANSWER_BYTES)
                .read_to_end(&mut text)
                .await?;
            Ok(text)
        };
        let answered = tokio::time::timeout(patience, exchange).await;
        let text = answered
            .map_err(|_| HelperError::Late)?
            .map_err(HelperError::Away)?;
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|_| HelperError::Nonsense)?;
        if let Some(error) = value.get("error").and_then(|error| error.as_str()) {
            return Err(HelperError::Refused(error.to_owned()));
        }
        serde_json::from_value(value).map_err(|_| HelperError::Nonsense)
    }
}
