//! A box that is a folder: the firmware's files, a bus with RAUC on it, the root helper, and slots that are files.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alcove::update::bootstate::{Device, Slot, State};
use serde_json::{Value, json};

use super::house::client::{Answer, Client};
use super::server::{Launch, Server, owner};

pub const BOARD: &str = "qemu-virt";
pub const RUNNING: &str = "1.0.0";
pub const SLOT_BYTES: usize = 256 * 1024;
const LIMIT: Duration = Duration::from_secs(30);
const ALCOVE: &str = env!("CARGO_BIN_EXE_alcove");

/// The box.
pub struct Box {
    pub folder: tempfile::TempDir,
    tools: PathBuf,
    bus: Option<Child>,
    rauc: Option<Child>,
}

/// What a bundle is made of.
#[derive(Clone, Copy)]
pub struct Recipe<'a> {
    pub version: &'a str,
    pub board: &'a str,
    /// Whose key signs it, as in [`Box::key`].
    pub key: &'a str,
    pub format: &'a str,
    pub changes: Option<&'a str>,
}

impl Default for Recipe<'_> {
    fn default() -> Self {
        Self {
            version: "1.1.0",
            board: BOARD,
            key: "Alcove development key",
            format: "verity",
            changes: Some("Films start sooner · A fault is gone"),
        }
    }
}

impl Box {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("scratch folder");
        let tools = folder.path().join("tools");
        lay_tools(&tools);
        let new = Self {
            folder,
            tools,
            bus: None,
            rauc: None,
        };
        new.lay();
        new
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `systemctl` was told.
    pub fn told(&self) -> String {
        fs::read_to_string(self.path("systemctl.log")).unwrap_or_default()
    }

    pub fn boot_state(&self) -> State {
        self.device().read().expect("a boot state")
    }

    pub fn change_boot_state(&self, change: impl FnOnce(&mut State)) {
        self.device().change(change).expect("a boot state");
    }

    fn device(&self) -> Device {
        let path = self.root().join("dev/disk/by-partlabel/bootstate");
        Device::open(&path).expect("the boot state")
    }

    /// From now on this slot runs, in a start of its own.
    pub fn boot(&mut self, slot: Slot, version: &str, boot_id: &str) {
        self.write(
            "root/proc/cmdline",
            &format!("quiet alcove.slot={slot} ro\n"),
        );
        self.write("root/proc/sys/kernel/random/boot_id", boot_id);
        self.write("root/usr/share/alcove/version", version);
        self.start_rauc(slot);
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn program(&self, name: &str, text: &str) {
        self.write(name, text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(name), mode).expect("a program");
    }

    fn lay(&self) {
        let here = self.folder.path().display();
        self.write(
            "root/usr/share/alcove/board.toml",
            &format!("id = \"{BOARD}\"\n"),
        );
        self.write("root/settings/alcove.toml", "log = \"info\"\n");
        fs::create_dir_all(self.path("root/settings/alcove")).expect("a folder");
        self.write("root/dev/disk/by-partlabel/bootstate", "");
        let boot_state = File::options()
            .write(true)
            .open(self.path("root/dev/disk/by-partlabel/bootstate"));
        boot_state
            .expect("a file")
            .set_len(1024 * 1024)
            .expect("a length");
        self.change_boot_state(|state| {
            state.mark_good(Slot::A);
        });
        self.write(
            "root/dev/mapper/root",
            &"a root file system ".repeat(100_000),
        );
        self.program(
            "root/usr/bin/systemctl",
            &format!("#!/bin/sh\necho \"$@\" >> {here}/systemctl.log\n"),
        );
        self.program("root/usr/libexec/alcove/outside", "#!/bin/sh\n");
        self.key("Alcove development key");
        fs::create_dir_all(self.path("root/etc/rauc")).expect("a folder");
        let trusted = self.path("Alcove development key.pem");
        fs::copy(trusted, self.path("root/etc/rauc/keyring.pem")).expect("a keyring");
        for slot in ["root-a", "root-b", "boot-a", "boot-b"] {
            fs::write(self.path(slot), vec![0xee; SLOT_BYTES]).expect("a slot");
        }
        fs::create_dir_all(self.path("root/run")).expect("a folder");
        let listener = UnixListener::bind(self.root().join("run/alcove-system.sock"));
        let config = self.config_file();
        let listener = listener.expect("a socket");
        std::thread::spawn(move || help(&listener, &config));
    }

    /// The configuration of the daemon and of the helper.
    pub fn config(&self) -> String {
        format!("[firmware]\nroot = {:?}\n", self.root())
    }

    fn config_file(&self) -> PathBuf {
        self.write("alcove.toml", &self.config());
        self.path("alcove.toml")
    }

    pub fn bus_address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    fn start_bus(&mut self) {
        let address = self.bus_address();
        let config = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig><type>system</type>\
             <listen>{address}</listen><policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>"
        );
        self.write("bus.conf", &config);
        let mut command = Command::new("dbus-daemon");
        command
            .arg("--nofork")
            .arg("--config-file")
            .arg(self.path("bus.conf"));
        let log = File::create(self.path("bus.log")).expect("a log");
        let bus = command
            .stderr(log)
            .spawn()
            .expect("dbus-daemon: install the package dbus-daemon");
        self.bus = Some(bus);
        let socket = self.path("bus");
        wait("the bus", || socket.exists().then_some(()));
    }

    fn start_rauc(&mut self, slot: Slot) {
        if self.bus.is_none() {
            self.start_bus();
        }
        end(&mut self.rauc);
        wait("the end of RAUC", || (!self.has_rauc()).then_some(()));
        let here = self.folder.path().display();
        let boot_state = self.root().join("dev/disk/by-partlabel/bootstate");
        let backend = format!(
            "#!/bin/sh\nexec {ALCOVE} bootctl --device {} --command-line {}/root/proc/cmdline \"$@\"\n",
            boot_state.display(),
            here
        );
        self.program("bootctl", &backend);
        let mut config = format!(
            "[system]\ncompatible=alcove-{BOARD}\nbootloader=custom\nstatusfile={here}/root/settings/rauc.status\n\
             mountprefix={here}/mnt\nbundle-formats=plain verity\n[keyring]\npath={here}/root/etc/rauc/keyring.pem\n\
             [handlers]\nbootloader-custom-backend={here}/bootctl\n"
        );
        for (number, letter) in [(0, "a"), (1, "b")] {
            config += &format!(
                "[slot.root.{number}]\ndevice={here}/root-{letter}\ntype=raw\nbootname={letter}\n\
                 [slot.boot.{number}]\ndevice={here}/boot-{letter}\ntype=raw\nparent=root.{number}\n"
            );
        }
        self.write("system.conf", &config);
        let log = File::create(self.path("rauc.log")).expect("a log");
        let mut command = self.tool("rauc");
        command.arg("--conf").arg(self.path("system.conf"));
        command
            .arg(format!("--override-boot-slot={slot}"))
            .arg("service");
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.bus_address());
        let second = log.try_clone().expect("a log");
        self.rauc = Some(command.stdout(log).stderr(second).spawn().expect("rauc"));
        wait("RAUC", || self.has_rauc().then_some(()));
    }

    /// Whether RAUC is on the bus.
    fn has_rauc(&self) -> bool {
        let mut command = Command::new("dbus-send");
        command.arg(format!("--bus={}", self.bus_address()));
        command.args(["--print-reply=literal", "--dest=org.freedesktop.DBus", "/"]);
        command.args([
            "org.freedesktop.DBus.NameHasOwner",
            "string:de.pengutronix.rauc",
        ]);
        let output = command
            .output()
            .expect("dbus-send: install the package dbus-bin");
        String::from_utf8_lossy(&output.stdout).contains("true")
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.tools.join(name));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.tools.display()));
        command.stdin(Stdio::null());
        command
    }

    /// Makes a key and its certificate with that name, unless it is there.
    pub fn key(&self, name: &str) {
        if self.path(&format!("{name}.pem")).exists() {
            return;
        }
        let mut command = Command::new("openssl");
        command.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
        ]);
        command.arg("-subj").arg(format!("/O=Alcove/CN={name}"));
        command
            .arg("-keyout")
            .arg(self.path(&format!("{name}.key")));
        command.arg("-out").arg(self.path(&format!("{name}.pem")));
        run(&mut command);
    }

    /// Makes a bundle.
    pub fn bundle(&self, recipe: Recipe<'_>) -> Vec<u8> {
        self.key(recipe.key);
        let content = self.path("content");
        let _ = fs::remove_dir_all(&content);
        let mut manifest = format!(
            "[update]\ncompatible=alcove-{}\nversion={}\n[bundle]\nformat={}\n[image.root]\nfilename=root.img\n\
             [image.boot]\nfilename=boot.vfat\n",
            recipe.board, recipe.version, recipe.format
        );
        if let Some(changes) = recipe.changes {
            manifest += &format!("[meta.alcove]\nchanges={changes}\n");
        }
        self.write("content/manifest.raucm", &manifest);
        for (name, bytes) in images(recipe.version) {
            fs::write(content.join(name), bytes).expect("an image");
        }
        let made = self.path("made.raucb");
        let _ = fs::remove_file(&made);
        let mut command = self.tool("rauc");
        command.arg("bundle");
        command
            .arg("--cert")
            .arg(self.path(&format!("{}.pem", recipe.key)));
        command
            .arg("--key")
            .arg(self.path(&format!("{}.key", recipe.key)));
        run(command.arg(&content).arg(&made));
        fs::read(made).expect("a bundle")
    }

    /// How a daemon of this box starts.
    pub fn launch(&self) -> Launch {
        fs::create_dir_all(self.state()).expect("a folder");
        Launch {
            config: self.config(),
            bus: Some(self.bus_address()),
            ..Launch::new(&self.state())
        }
    }

    /// Starts a daemon and logs its owner in.
    pub fn serve(&self) -> (Server, Client) {
        let (server, address) = self.launch().run();
        (server, owner(address))
    }

    /// The command line's way.
    pub fn command(&self, words: &[&str]) -> (bool, String) {
        let output = Command::new(ALCOVE)
            .args(words)
            .arg("--config")
            .arg(self.config_file())
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.bus_address())
            .output()
            .expect("alcove runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8(text).expect("text"),
        )
    }
}

impl Drop for Box {
    fn drop(&mut self) {
        end(&mut self.rauc);
        end(&mut self.bus);
    }
}

/// What a bundle of that version writes to the slots.
pub fn images(version: &str) -> [(&'static str, Vec<u8>); 2] {
    let image = |name: &str, length: usize| {
        // What does not compress: a bundle has to be larger than a block.
        let seed = format!("{name} of {version}")
            .bytes()
            .fold(1, |seed: u64, byte| {
                seed.wrapping_mul(131).wrapping_add(u64::from(byte))
            });
        let mut state = seed;
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            bytes.push((state >> 56) as u8);
        }
        bytes
    };
    [
        ("root.img", image("root", 200_000)),
        ("boot.vfat", image("boot", 90_000)),
    ]
}

pub fn upload(client: &mut Client, bytes: &[u8]) -> Answer {
    let mime = [("Content-Type", "application/octet-stream")];
    client
        .request("POST", "/api/v1/update/bundle", &mime, Some(bytes))
        .expect("an answer")
}

pub fn update(client: &mut Client) -> Value {
    client.get("/api/v1/update").json()
}

pub fn install(client: &mut Client, force_older: bool) -> Answer {
    client.post(
        "/api/v1/update/install",
        &json!({"force_older": force_older}),
    )
}

/// Asks until `state` is one of these.
pub fn until(client: &mut Client, states: &[&str]) -> Value {
    wait(&format!("{states:?}"), || {
        let now = update(client);
        let state = now["state"].as_str().expect("a state").to_owned();
        states.contains(&state.as_str()).then_some(now)
    })
}

/// Asks until there is an answer.
pub fn wait<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Installing means mounting.
pub fn may_install(test: &str) -> bool {
    let may = nix::unistd::geteuid().is_root();
    if !may {
        eprintln!("{test}: not run, RAUC mounts bundles only as root");
    }
    may
}

fn end(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
}

/// What systemd does for each connection.
fn help(listener: &UnixListener, config: &Path) {
    for stream in listener.incoming().flatten() {
        let asked = OwnedFd::from(stream.try_clone().expect("a descriptor"));
        let mut command = Command::new(ALCOVE);
        command.arg("system").arg("--config").arg(config);
        command
            .stdin(asked)
            .stdout(OwnedFd::from(stream))
            .stderr(Stdio::null());
        let _ = command.status();
    }
}

/// Lays programs that run those of the tool root with its own libraries, or finds the machine's.
fn lay_tools(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let cache = std::env::var("XDG_CACHE_HOME")
        .unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").unwrap_or_default()));
    let named =
        std::env::var("ALCOVE_TOOL_ROOT").unwrap_or_else(|_| format!("{cache}/alcove/debian"));
    let root = PathBuf::from(named);
    for name in ["rauc", "mksquashfs"] {
        let inside = root.join("usr/bin").join(name);
        let line = if inside.exists() {
            let root = root.display();
            format!(
                "{root}/usr/lib64/ld-linux-x86-64.so.2 --library-path {root}/usr/lib/x86_64-linux-gnu {root}/usr/bin/{name}"
            )
        } else {
            format!("/usr/bin/{name}")
        };
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\nexec {line} \"$@\"\n")).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    let output = Command::new(folder.join("rauc"))
        .arg("--version")
        .output()
        .expect("rauc");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let minor = said
        .trim()
        .strip_prefix("rauc 1.")
        .and_then(|minor| minor.split('.').next()?.parse::<u32>().ok());
    assert!(
        minor.is_some_and(|minor| minor >= 13),
        "RAUC 1.13 or newer is needed, and this is {said:?}: make the tool root with `image/dev cross`, or name one in ALCOVE_TOOL_ROOT"
    );
}
