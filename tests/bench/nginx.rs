//! The peer of direct play: Debian's nginx, in the foreground, on loopback, with a configuration of its own.
//! Never: its system service or the system's configuration.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::house::client::Client;
use crate::house::{free_address, process};

/// A running nginx; dropping it ends it.
pub struct Nginx {
    pub address: SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Serves the files below `root`; with `sendfile` or by reading and writing, all else as the package has it.
    pub fn start(root: &Path, sendfile: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let place = folder.path().display();
        let text = format!(
            "daemon off; worker_processes auto; pid {place}/pid; error_log {place}/error.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; sendfile {}; tcp_nopush on; types_hash_max_size 2048; keepalive_requests 100000;
                client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
                uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
                server {{ listen {address}; root \"{}\"; }}
            }}",
            if sendfile { "on" } else { "off" },
            root.display(),
        );
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, text).unwrap();
        // Workers drop root's rights and must still be able to look into the folder.
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let child = Command::new("nginx")
            .args(["-g", &format!("user {};", user())])
            .arg("-c")
            .arg(config)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let nginx = Self {
            address,
            child,
            _folder: folder,
        };
        nginx.wait_for_answer();
        nginx
    }

    /// Processor time of master and workers.
    pub fn cpu_ms(&self) -> u64 {
        let mut pids = process::descendants(self.child.id());
        pids.push(self.child.id());
        pids.into_iter().filter_map(process::cpu_ms).sum()
    }

    fn wait_for_answer(&self) {
        for _ in 0..2_000 {
            if Client::new(self.address).try_get("/").is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("nginx did not answer");
    }
}

/// nginx's workers run as whoever runs the measurement, as Alcove does.
fn user() -> String {
    nix::unistd::User::from_uid(nix::unistd::getuid())
        .ok()
        .flatten()
        .map_or_else(|| "root".to_owned(), |user| user.name)
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.child.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.child.wait();
    }
}
