//! The configuration: a TOML file, and flags that override it.
//!
//! Never: a key that is not known; a value that only fails later.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::http::ServerConfig;

/// Why a configuration is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration {} cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}, line {line}: {message}", path.display())]
    Content {
        path: PathBuf,
        line: usize,
        message: String,
    },
    #[error("{key} is {value}, but must be {range}")]
    Range {
        key: &'static str,
        value: u64,
        range: &'static str,
    },
    #[error(
        "http.hosts holds {0:?}, but must hold names such as media.example.org, without a port"
    )]
    Host(String),
    #[error("{key} is {value:?}, but must begin with https://")]
    Address { key: &'static str, value: String },
    #[error("privacy.flash is an empty list, but must name a place")]
    NoFlash,
}

/// Everything that can be set. All keys may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port to listen on. Default `127.0.0.1:8480`; `0.0.0.0:8480` lets the network in.
    pub listen: SocketAddr,
    /// Folder of the database, keys and made pictures. Default `/var/lib/alcove`.
    pub state: PathBuf,
    /// Folder of the media; its sub-folders become libraries once. None by default.
    pub media: Option<PathBuf>,
    /// The program `alcove-worker`. Default: beside the program `alcove`.
    pub worker: Option<PathBuf>,
    /// `error`, `warn`, `info` or `debug`. Default `info`; `debug` shows titles and paths.
    pub log: LogLevel,
    pub http: HttpSection,
    pub transcode: TranscodeSection,
    pub library: LibrarySection,
    pub privacy: PrivacySection,
    pub firmware: FirmwareSection,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// Open connections, 1 to 10000. Default 512; others wait.
    pub max_connections: usize,
    /// Seconds for a request's head, and for the next request on an open connection, 1 to 3600. Default 30.
    pub head_timeout_s: u64,
    /// Seconds after which a client that takes nothing is given up, 1 to 3600. Default 120.
    pub stall_timeout_s: u64,
    /// Further names under which the server answers, such as `media.example.org`. None by default;
    /// addresses, `localhost`, names that end in `.local` and names without a dot need no mention.
    pub hosts: Vec<String>,
}

/// `[transcode]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TranscodeSection {
    /// Memory for finished segments in MiB, 8 to 4096. Default: a sixteenth of the memory, 32 to 256.
    pub cache_mib: Option<u64>,
    /// Segments made at once, 1 to 64. Default: one a core.
    pub jobs: Option<usize>,
    /// Most address space a worker may map in MiB, 256 to 65536. Default 2048.
    pub worker_mib: Option<u64>,
}

/// `[library]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibrarySection {
    /// Folder below which attached drives appear; the choice of a library's folder begins there. None by default.
    pub drives: Option<PathBuf>,
    /// Files looked into at once, 1 to 16. Default 2.
    pub scan_workers: usize,
    /// Disk for made pictures in MiB, 16 to 1048576. Default 1024.
    pub art_cache_mib: u64,
    /// Disk for subtitles kept as texts in MiB, 16 to 1048576. Default 512.
    pub text_cache_mib: u64,
    /// Seconds after which a disk of media that does not answer counts as hung, 1 to 600. Default 30: one
    /// that sleeps needs about 15.
    pub disk_timeout_s: u64,
}

/// `[privacy]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacySection {
    /// Where the owner's answer is kept: a block device of 8 MiB that holds nothing else, or a file; or a list of them.
    /// Default: the file `consent.flash` in the folder of the state.
    pub flash: Option<Flashes>,
    /// Address to which reports go when they are shared. None by default, and none is built in.
    pub collector: String,
    /// Address of the feed of release news. None by default, and none is built in.
    pub news: String,
}

/// `[firmware]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FirmwareSection {
    /// The folder below which the firmware's own files, devices and programs lie. Default `/`.
    pub root: PathBuf,
}

impl Default for FirmwareSection {
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
        }
    }
}

/// One place, or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Flashes {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
}

impl From<LogLevel> for log::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            state: PathBuf::from("/var/lib/alcove"),
            media: None,
            worker: None,
            log: LogLevel::default(),
            http: HttpSection::default(),
            transcode: TranscodeSection::default(),
            library: LibrarySection::default(),
            privacy: PrivacySection::default(),
            firmware: FirmwareSection::default(),
        }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            max_connections: 512,
            head_timeout_s: 30,
            stall_timeout_s: 120,
            hosts: Vec::new(),
        }
    }
}

impl Default for LibrarySection {
    fn default() -> Self {
        Self {
            drives: None,
            scan_workers: 2,
            art_cache_mib: 1024,
            text_cache_mib: 512,
            disk_timeout_s: 30,
        }
    }
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            ConfigError::Content {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                message: error.message().replace('\n', " "),
            }
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        let http = &self.http;
        let transcode = &self.transcode;
        let is_name = |name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !name.is_empty() && name.chars().all(plain)
        };
        if let Some(wrong) = http.hosts.iter().find(|name| !is_name(name)) {
            return Err(ConfigError::Host(wrong.clone()));
        }
        self.check_privacy()?;
        let checks = [
            (
                "http.max_connections",
                Some(number(http.max_connections)),
                1..=10_000,
                "1 to 10000",
            ),
            (
                "http.head_timeout_s",
                Some(http.head_timeout_s),
                1..=3600,
                "1 to 3600",
            ),
            (
                "http.stall_timeout_s",
                Some(http.stall_timeout_s),
                1..=3600,
                "1 to 3600",
            ),
            (
                "transcode.cache_mib",
                transcode.cache_mib,
                8..=4096,
                "8 to 4096",
            ),
            (
                "transcode.jobs",
                transcode.jobs.map(number),
                1..=64,
                "1 to 64",
            ),
            (
                "transcode.worker_mib",
                transcode.worker_mib,
                256..=65_536,
                "256 to 65536",
            ),
            (
                "library.scan_workers",
                Some(number(self.library.scan_workers)),
                1..=16,
                "1 to 16",
            ),
            (
                "library.disk_timeout_s",
                Some(self.library.disk_timeout_s),
                1..=600,
                "1 to 600",
            ),
            (
                "library.art_cache_mib",
                Some(self.library.art_cache_mib),
                16..=1_048_576,
                "16 to 1048576",
            ),
            (
                "library.text_cache_mib",
                Some(self.library.text_cache_mib),
                16..=1_048_576,
                "16 to 1048576",
            ),
        ];
        for (key, value, allowed, range) in checks {
            if let Some(value) = value
                && !allowed.contains(&value)
            {
                return Err(ConfigError::Range { key, value, range });
            }
        }
        Ok(())
    }

    fn check_privacy(&self) -> Result<(), ConfigError> {
        let privacy = &self.privacy;
        let addresses = [
            ("privacy.collector", &privacy.collector),
            ("privacy.news", &privacy.news),
        ];
        for (key, value) in addresses {
            if !value.is_empty() && !value.starts_with("https://") {
                return Err(ConfigError::Address {
                    key,
                    value: value.clone(),
                });
            }
        }
        match &privacy.flash {
            Some(Flashes::Several(paths)) if paths.is_empty() => Err(ConfigError::NoFlash),
            _ => Ok(()),
        }
    }

    /// Where the owner's answer is kept.
    pub fn flashes(&self) -> Vec<PathBuf> {
        match &self.privacy.flash {
            None => vec![self.state.join("consent.flash")],
            Some(Flashes::One(path)) => vec![path.clone()],
            Some(Flashes::Several(paths)) => paths.clone(),
        }
    }

    /// The names of `http.hosts` as they are compared.
    pub fn hosts(&self) -> Vec<String> {
        let names = self.http.hosts.iter();
        names
            .map(|name| name.trim_end_matches('.').to_ascii_lowercase())
            .collect()
    }

    /// The limits of the listener.
    pub fn server(&self) -> ServerConfig {
        ServerConfig {
            max_connections: self.http.max_connections,
            head_time: Duration::from_secs(self.http.head_timeout_s),
            stall_time: Duration::from_secs(self.http.stall_timeout_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(Path::new("a.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_empty_file_gives_the_documented_defaults() {
        let config = Config::parse(Path::new("a.toml"), "").unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.listen.to_string(), "127.0.0.1:8480");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        for (text, wanted) in [
            (
                "listen = \"0.0.0.0:80\"\nlisten_on = 1\n",
                ["a.toml, line 2", "`listen_on`"],
            ),
            ("[http]\n\nstall = 1\n", ["a.toml, line 3", "`stall`"]),
            ("[htpp]\n", ["a.toml, line 1", "`htpp`"]),
            ("state = 5\n", ["a.toml, line 1", "string"]),
            (
                "state = \"x\"\nlisten = \"here\"\n",
                ["a.toml, line 2", "socket address"],
            ),
            ("state = \"x\n", ["a.toml, line 1", "string"]),
            (
                "[http]\nhead_timeout_s = 0\n",
                ["http.head_timeout_s is 0", "1 to 3600"],
            ),
            (
                "[http]\nhosts = [\"media.example.org:80\"]\n",
                ["http.hosts", "without a port"],
            ),
            (
                "[transcode]\njobs = 65\n",
                ["transcode.jobs is 65", "1 to 64"],
            ),
            (
                "[privacy]\nnews = \"http://example.org\"\n",
                ["privacy.news is", "https://"],
            ),
            ("[privacy]\nflash = []\n", ["privacy.flash", "place"]),
        ] {
            let message = error(text);
            for part in wanted {
                assert!(message.contains(part), "{text:?}: {message}");
            }
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
