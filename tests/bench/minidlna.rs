//! The peer of scans and lists: Debian's MiniDLNA, in the foreground, on loopback, with a configuration of its own.
//! Never: its system service or the system's configuration.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::house::client::Client;
use crate::house::{free_address, process};

/// A running MiniDLNA; dropping it ends it.
pub struct MiniDlna {
    pub address: SocketAddr,
    pub started: Instant,
    child: Child,
}

impl MiniDlna {
    /// Starts over `media` with the database in `state`; an empty `state` makes it scan.
    pub fn start(media: &Path, state: &Path) -> Self {
        std::fs::create_dir_all(state).unwrap();
        let address = free_address();
        let config = Self::configuration(media, state, address);
        let started = Instant::now();
        let child = Command::new("minidlnad")
            .args(["-S", "-f"])
            .arg(config)
            .arg("-P")
            .arg(state.join("pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("minidlnad starts");
        Self {
            address,
            started,
            child,
        }
    }

    /// inotify stays on: both servers watch the tree.
    fn configuration(media: &Path, state: &Path, address: SocketAddr) -> PathBuf {
        let config = state.join("minidlna.conf");
        let text = format!(
            "port={}\nnetwork_interface=lo\nmedia_dir={}\ndb_dir={}\nlog_dir={}\nlog_level=general,inotify,scanner=info\nfriendly_name=peer\ninotify=yes\nnotify_interval=3600\n",
            address.port(),
            media.display(),
            state.display(),
            state.display()
        );
        std::fs::write(&config, text).unwrap();
        config
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the log has the line that ends its scan.
    pub fn has_scanned(&self, state: &Path) -> bool {
        std::fs::File::open(state.join("minidlna.log")).is_ok_and(|file| {
            BufReader::new(file)
                .lines()
                .map_while(Result::ok)
                .any(|line| line.contains("finished ("))
        })
    }

    /// Waits for the end of its scan; the time since the start.
    pub fn wait_for_scan(&self, state: &Path, limit: Duration) -> Duration {
        while self.started.elapsed() < limit {
            if self.has_scanned(state) {
                return self.started.elapsed();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(state.join("minidlna.log")).unwrap_or_default();
        panic!("MiniDLNA's scan took longer than {limit:?}: {log}");
    }

    /// Waits for the first answer over HTTP; the time since the start.
    pub fn wait_for_answer(&self) -> Duration {
        loop {
            if Client::new(self.address)
                .try_get("/rootDesc.xml")
                .is_ok_and(|answer| answer.status == 200)
            {
                return self.started.elapsed();
            }
            assert!(
                self.started.elapsed() < Duration::from_secs(30),
                "MiniDLNA did not answer"
            );
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// One page of a folder of its own, and how long it took.
    pub fn browse(
        &self,
        client: &mut Client,
        object: &str,
        start: u32,
        count: u32,
    ) -> (Duration, String) {
        let body = format!(
            "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:Browse xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\"><ObjectID>{object}</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag><Filter>*</Filter><StartingIndex>{start}</StartingIndex><RequestedCount>{count}</RequestedCount><SortCriteria></SortCriteria></u:Browse></s:Body></s:Envelope>"
        );
        let headers = [
            ("Content-Type", "text/xml; charset=\"utf-8\""),
            (
                "SOAPAction",
                "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"",
            ),
        ];
        let begin = Instant::now();
        let answer = client
            .request("POST", "/ctl/ContentDir", &headers, Some(body.as_bytes()))
            .expect("MiniDLNA answers");
        assert_eq!(answer.status, 200, "{}", answer.text());
        (begin.elapsed(), answer.text())
    }

    pub fn memory(&self) -> process::Memory {
        process::memory(self.pid()).unwrap_or_default()
    }
}

impl Drop for MiniDlna {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.child.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        );
        for _ in 0..500 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
