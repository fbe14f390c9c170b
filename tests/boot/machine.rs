//! One virtual board: QEMU with U-Boot, a disk, a network of two, a watchdog, and ports for drives.
//!
//! Never: an end of QEMU other than by the test that started it.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use super::disk::Disk;
use super::house::client::Client;
use super::house::free_address;
use super::nbd;
use super::packets::{self, Packet};
use super::qmp::Qmp;
use super::serial::Serial;
use super::table::{self, Partition};

/// A board that is silent for longer hangs. QEMU emulates each instruction, and the machine may be busy with other work.
pub const HANG: Duration = Duration::from_secs(600);
/// How long a look at the page takes at most.
const LOOK: Duration = Duration::from_secs(3);
const MOST_SHOWN_LINES: usize = 60;
const LOADER: &str = "usr/lib/u-boot/qemu_arm64/u-boot.bin";

/// A board that runs. Dropping it cuts its power.
pub struct Machine {
    pub serial: Serial,
    /// Where its page answers.
    pub address: SocketAddr,
    pub started: Instant,
    qmp: Qmp,
    child: Child,
    disk: Arc<Mutex<Disk>>,
    capture: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Machine {
    /// Power on. `name` names the files that are left in target/boot: what came over the serial line and the network.
    pub fn start(name: &str, disk: Disk) -> Self {
        let scratch = tempfile::tempdir().expect("a scratch folder can be made");
        let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/boot");
        fs::create_dir_all(&logs).expect("the folder of logs can be made");
        let disk = Arc::new(Mutex::new(disk));
        let [disk_socket, control] = ["disk", "control"].map(|name| scratch.path().join(name));
        nbd::serve(Arc::clone(&disk), &disk_socket).expect("the disk can be served");
        let address = free_address();
        let capture = logs.join(format!("{name}.pcap"));
        let started = Instant::now();
        let mut child = qemu()
            .args(board(address, &disk_socket, &capture))
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", control.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(logs.join(format!("{name}.qemu"))).expect("a log can be made"))
            .spawn()
            .expect("QEMU starts");
        let output = child.stdout.take().expect("it was asked for");
        let serial = Serial::read(output, &logs.join(format!("{name}.serial")), started);
        let qmp = Qmp::connect(&control);
        Self {
            serial,
            address,
            started,
            qmp,
            child,
            disk,
            capture,
            _scratch: scratch,
        }
    }

    /// A client that is not logged in.
    pub fn visitor(&self) -> Client {
        Client::new(self.address)
    }

    /// Waits until the page answers, and returns how long after power-on that was.
    pub fn wait_for_page(&self) -> Duration {
        self.wait_for("the page answers", || {
            answers(self.address).unwrap_or(false)
        });
        self.started.elapsed()
    }

    /// Looks until it is true.
    pub fn wait_for(&self, what: &str, mut is_true: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_true() {
            assert!(start.elapsed() < HANG, "not within {HANG:?}: {what}");
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Takes the power away and returns the disk as it is then.
    pub fn cut(mut self) -> Disk {
        self.end();
        self.disk
            .lock()
            .expect("nobody panics with the disk")
            .fork()
            .expect("a scratch file")
    }

    /// How much the log of the disk holds.
    pub fn events(&self) -> usize {
        self.disk
            .lock()
            .expect("nobody panics with the disk")
            .events()
            .len()
    }

    /// As [`Machine::cut`], and the disk with its log.
    pub fn cut_with_log(mut self) -> Arc<Mutex<Disk>> {
        self.end();
        Arc::clone(&self.disk)
    }

    /// Whether the watchdog has bitten, or does in time.
    pub fn watchdog_bites(&mut self) -> bool {
        self.qmp.event("WATCHDOG", HANG)
    }

    /// Bytes of the disk as they are now; what the board has not written yet is not there.
    pub fn look(&self, at_bytes: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let disk = self.disk.lock().expect("nobody panics with the disk");
        disk.read(at_bytes, &mut bytes).expect("whole sectors");
        bytes
    }

    /// A partition of the disk.
    pub fn partition(&self, name: &str) -> Partition {
        table::partition(
            &self.disk.lock().expect("nobody panics with the disk"),
            name,
        )
    }

    /// Plugs in a USB drive that has the content of `image` and can only be read.
    pub fn plug(&mut self, image: &Path) {
        let file = json!({"driver": "file", "filename": image, "read-only": true});
        let node = json!({"driver": "raw", "node-name": "drive", "read-only": true, "file": file});
        self.qmp.run("blockdev-add", &node);
        let device =
            json!({"driver": "usb-storage", "id": "drive", "drive": "drive", "bus": "usb.0"});
        self.qmp.run("device_add", &device);
    }

    /// Pulls that drive out.
    pub fn unplug(&mut self) {
        self.qmp.run("device_del", &json!({"id": "drive"}));
        assert!(self.qmp.event("DEVICE_DELETED", HANG), "the drive stays");
    }

    /// All packets since power-on.
    pub fn packets(&self) -> Vec<Packet> {
        let capture = fs::read(&self.capture).expect("the capture can be read");
        packets::read(&capture).expect("QEMU writes captures")
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let said = self.serial.tail(MOST_SHOWN_LINES);
            eprintln!(
                "-- the board's serial line, after {:?}:\n{said}\n--",
                self.started.elapsed()
            );
        }
        self.end();
    }
}

/// Whether the page answers now. QEMU takes connections for a board that does not listen yet.
fn answers(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, LOOK)?;
    stream.set_read_timeout(Some(LOOK))?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: alcove.local\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// QEMU of the tool root, without going into that root: its own loader finds its libraries.
fn qemu() -> Command {
    let tools = tools();
    let libraries = tools.join("usr/lib/x86_64-linux-gnu");
    // A test that is killed takes its board with it.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .arg(tools.join("usr/lib64/ld-linux-x86-64.so.2"))
        .arg("--library-path")
        .arg(libraries)
        .arg(tools.join("usr/bin/qemu-system-aarch64"))
        .arg("-L")
        .arg(tools.join("usr/share/qemu"));
    command
}

/// The root of Debian 13 that image/lib/tools.sh makes.
pub fn tools() -> PathBuf {
    let set = std::env::var_os("ALCOVE_TOOLS");
    set.map(PathBuf::from)
        .expect("ALCOVE_TOOLS is the tool root: run image/dev boot qemu-virt --test")
}

fn board(page: SocketAddr, disk_socket: &Path, capture: &Path) -> Vec<String> {
    let loader = tools().join(LOADER);
    let words = [
        "-nodefaults -no-user-config -display none -serial stdio".to_owned(),
        "-machine virt -cpu cortex-a72 -smp 2 -m 1024 -accel tcg,thread=multi".to_owned(),
        format!("-bios {}", loader.display()),
        format!(
            "-blockdev driver=nbd,node-name=card,server.type=unix,server.path={}",
            disk_socket.display()
        ),
        "-device virtio-blk-pci,drive=card".to_owned(),
        format!("-netdev user,id=home,hostfwd=tcp:{page}-:80"),
        "-device virtio-net-pci,netdev=home,romfile=".to_owned(),
        format!(
            "-object filter-dump,id=capture,netdev=home,file={}",
            capture.display()
        ),
        "-device virtio-rng-pci -device i6300esb -action watchdog=reset".to_owned(),
        "-device qemu-xhci,id=usb".to_owned(),
    ];
    words
        .iter()
        .flat_map(|line| line.split(' '))
        .map(str::to_owned)
        .collect()
}
