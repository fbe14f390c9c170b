//! Tells systemd that the server answers, and goes on telling it while it does.
//!
//! Source: sd_notify(3).
//!
//! Never: an error that ends the server; without systemd nobody is told.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Where systemd listens, and how often it wants to hear something.
#[derive(Debug)]
pub(super) struct Notify {
    socket: Option<OsString>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
        let own = u64::from(std::process::id());
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == own);
        let every = number("WATCHDOG_USEC").filter(|every| is_ours && *every > 0);
        Self {
            socket: std::env::var_os("NOTIFY_SOCKET"),
            watchdog: every.map(Duration::from_micros),
        }
    }

    /// The server answers.
    pub(super) fn ready(&self) {
        self.say("READY=1");
    }

    /// Says twice in the time that systemd waits that this program still runs, until `end`.
    pub(super) async fn live(self, end: CancellationToken) {
        let Some(every) = self.watchdog else { return };
        let mut tick = tokio::time::interval(every / 2);
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                _ = tick.tick() => self.say("WATCHDOG=1"),
            }
        }
    }

    fn say(&self, word: &str) {
        let Some(name) = &self.socket else { return };
        let told = || -> io::Result<usize> {
            let address = match name.as_bytes().strip_prefix(b"@") {
                Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
                None => SocketAddr::from_pathname(name)?,
            };
            UnixDatagram::unbound()?.send_to_addr(word.as_bytes(), &address)
        };
        if let Err(error) = told() {
            log::warn!("systemd could not be told that the server runs: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn systemd_hears_that_the_server_answers_and_lives() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        listener
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let systemd = Notify {
            socket: Some(path.into()),
            watchdog: Some(Duration::from_millis(2)),
        };
        systemd.ready();
        let end = CancellationToken::new();
        let mut heard = Vec::new();
        let hearing = std::thread::spawn(move || {
            for _ in 0..3 {
                let mut word = [0; 32];
                let length = listener.recv(&mut word).unwrap();
                heard.push(String::from_utf8_lossy(&word[..length]).into_owned());
            }
            heard
        });
        let living = tokio::spawn(systemd.live(end.clone()));
        let heard = tokio::task::spawn_blocking(move || hearing.join().unwrap())
            .await
            .unwrap();
        end.cancel();
        living.await.unwrap();
        assert_eq!(heard, ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    }
}
