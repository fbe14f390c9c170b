//! What the handlers share.
//!
//! Never: logic.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::file_body::FileReader;
use crate::auth::Accounts;
use crate::base::clock::SharedClock;
use crate::board::{Board, Sensors};
use crate::library::Library;
use crate::pool::Pool;
use crate::telemetry::journal::Journal;
use crate::transcode::playbacks::Playbacks;
use crate::transcode::session::Sessions;
use crate::update::Updates;

/// Listeners to events at once.
const MAX_LISTENERS: usize = 64;

/// The rooms that the web side speaks to.
pub struct Rooms {
    pub accounts: Accounts,
    pub library: Library,
    pub sessions: Sessions,
    pub playbacks: Playbacks,
    pub pool: Pool,
    pub board: Board,
    pub journal: Journal,
    pub addresses: Addresses,
    pub sensors: Sensors,
    pub updates: Updates,
    pub clock: SharedClock,
    /// The folder of the state, for what is left on its disk.
    pub state_dir: PathBuf,
    /// Further names under which the server answers, in lower case.
    pub hosts: Vec<String>,
    /// Cancelled when the server ends: streams of events end with it.
    pub shutdown: CancellationToken,
}

/// What lies outside the home network, and what the owner configured about it.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Takes reports; none by default.
    pub collector: Option<String>,
    /// Has the release news; none by default.
    pub news: Option<String>,
    /// The variable DO_NOT_TRACK is set.
    pub do_not_track: bool,
}

/// The rooms and what only the web side needs.
pub struct App {
    pub rooms: Rooms,
    pub files: FileReader,
    pub listeners: Arc<Semaphore>,
}

/// How handlers get at it.
pub type Shared = Arc<App>;

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    pub fn new(rooms: Rooms) -> Shared {
        Arc::new(Self {
            rooms,
            files: FileReader::default(),
            listeners: Arc::new(Semaphore::new(MAX_LISTENERS)),
        })
    }
}
