//! U-Boot itself, in QEMU, with the compiled boot script on a disk whose kernels say their slot and switch off.
//!
//! Never: a network; a display.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alcove::update::bootstate::{BLOCK_BYTES, Slot};

use super::board::{COPIES_AT, Copies};

/// Of Debian's package u-boot-qemu.
const U_BOOT: &str = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
const SECTOR_BYTES: u64 = 512;
const FAT_SECTORS: u64 = 64 * 2048;
const LONGEST_START_S: &str = "100";

/// A disk as the image builder lays it out, as far as the script looks.
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Makes the disk in `folder`.
    ///
    /// # Panics
    /// Where a program for it is missing.
    pub fn new(folder: &Path, script: &Path) -> Self {
        assert!(
            Path::new(U_BOOT).exists(),
            "{U_BOOT} is missing: install u-boot-qemu"
        );
        let file = |name: &str| folder.join(name);
        run(Command::new("mkimage")
            .args(["-A", "arm64", "-T", "script", "-d"])
            .args([script, &file("boot.scr")]));
        fs::write(
            file("board.env"),
            "board_args=console=ttyAMA0\nkernel_addr_r=0x42000000\n",
        )
        .expect("a file");
        fs::write(file("initrd"), vec![7; 5000]).expect("a file");
        let disk = Self { path: file("disk") };
        disk.partition();
        for (first_sector, letter) in [(0x8000, None), (0x28800, Some(b'A')), (0x48800, Some(b'B'))]
        {
            let fat = file("fat");
            let _ = fs::remove_file(&fat);
            File::create(&fat)
                .and_then(|made| made.set_len(FAT_SECTORS * SECTOR_BYTES))
                .expect("a file of zeros");
            run(Command::new("/usr/sbin/mkfs.vfat")
                .args(["-F", "32"])
                .arg(&fat));
            let mut files = vec![file("boot.scr"), file("board.env")];
            if let Some(letter) = letter {
                fs::write(file("vmlinuz"), kernel(letter)).expect("a file");
                files = vec![file("vmlinuz"), file("initrd")];
            }
            run(Command::new("mcopy")
                .arg("-i")
                .arg(&fat)
                .args(&files)
                .arg("::"));
            disk.put(first_sector, &fs::read(&fat).expect("the file system"));
        }
        disk
    }

    fn partition(&self) {
        File::create(&self.path)
            .and_then(|made| made.set_len(320 * 1024 * 1024))
            .expect("a file of zeros");
        let table = "label: gpt\nstart=32768,size=131072\nstart=163840,size=2048\n\
             start=165888,size=131072\nstart=296960,size=131072\n";
        let mut child = Command::new("/usr/sbin/sfdisk")
            .args(["--quiet", "--no-reread"])
            .arg(&self.path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sfdisk starts");
        let mut input = child.stdin.take().expect("it was asked for");
        std::io::Write::write_all(&mut input, table.as_bytes()).expect("a pipe");
        drop(input);
        assert!(child.wait().expect("sfdisk ends").success());
    }

    fn put(&self, sector: u64, bytes: &[u8]) {
        let disk = OpenOptions::new()
            .write(true)
            .open(&self.path)
            .expect("the disk");
        disk.write_all_at(bytes, sector * SECTOR_BYTES)
            .expect("space");
    }

    pub fn write(&self, copies: &Copies) {
        for (at, copy) in COPIES_AT.into_iter().zip(copies) {
            self.put(at, copy);
        }
    }

    pub fn read(&self) -> Copies {
        let disk = File::open(&self.path).expect("the disk");
        let mut copies = [[0; BLOCK_BYTES]; 2];
        for (at, copy) in COPIES_AT.into_iter().zip(&mut copies) {
            disk.read_exact_at(copy, at * SECTOR_BYTES)
                .expect("a whole disk");
        }
        copies
    }

    /// Power on, until the board switches itself off; what came over the serial line.
    pub fn start(&self) -> String {
        let drive = format!("if=none,id=disk,format=raw,file={}", self.path.display());
        let output = Command::new("timeout")
            .args([LONGEST_START_S, "qemu-system-aarch64"])
            .args([
                "-M",
                "virt",
                "-cpu",
                "cortex-a53",
                "-m",
                "256",
                "-nographic",
                "-no-reboot",
            ])
            .args(["-net", "none", "-bios", U_BOOT, "-drive", &drive])
            .args(["-device", "virtio-blk-pci,drive=disk"])
            .stdin(Stdio::null())
            .output()
            .expect("qemu-system-aarch64 starts");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{printed}\n{said}");
        printed
    }
}

/// The slot whose kernel has spoken.
pub fn started(printed: &str) -> Option<Slot> {
    let mut lines = printed.lines().rev().map(str::trim);
    match lines.find(|line| !line.is_empty())? {
        "A" => Some(Slot::A),
        "B" => Some(Slot::B),
        _ => None,
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A kernel (Documentation/arch/arm64/booting.rst) that prints one letter on the board's serial port and switches off
/// through PSCI.
fn kernel(letter: u8) -> Vec<u8> {
    const IMAGE_BYTES: usize = 4096;
    let header = [
        0x1400_0010, // b #64
        0,
        0,
        0, // load offset 0
        4096,
        0, // image size
        0xa,
        0, // little-endian, 4 KiB pages, anywhere
        0,
        0,
        0,
        0,
        0,
        0,
        u32::from_le_bytes(*b"ARM\x64"),
        0,
    ];
    let program = [
        0xd2a1_2001,                          // mov x1, #0x9000000
        0xd280_0000 | u32::from(letter) << 5, // mov x0, letter
        0x3900_0020,                          // strb w0, [x1]
        0xd280_0140,                          // mov x0, '\n'
        0x3900_0020,                          // strb w0, [x1]
        0xd280_0100,                          // mov x0, #8
        0xf2b0_8000,                          // movk x0, #0x8400, lsl 16: SYSTEM_OFF
        0xd400_0002,                          // hvc #0
        0x1400_0000,                          // b .
    ];
    let words = header.into_iter().chain(program);
    let mut image: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    image.resize(IMAGE_BYTES, 0);
    image
}
