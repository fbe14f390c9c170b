//! A board as the boot script sees it: variables, memory, a disk, and the commands that the script uses, as
//! U-Boot's sources have them (cmd/nvedit.c, cmd/itest.c, lib/hashtable.c).
//!
//! Never: knowing what the script should do with them.

use std::collections::BTreeMap;

use alcove::base::crc32::crc32;
use alcove::update::bootstate::{BLOCK_BYTES, Slot};

use super::shell::{Machine, Script, Step};

pub type Copies = [[u8; BLOCK_BYTES]; 2];

/// The first sector of each copy on the disk.
pub const COPIES_AT: [u64; 2] = [0x28000, 0x28400];

const BOARD_ENV: &[u8] = b"board_args=console=ttyAMA0 quiet=no\nkernel_addr_r=0x42000000\n";

/// What the script came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Started {
        slot: Slot,
        command_line: String,
    },
    Restarted,
    /// The script ran out: a board that stands still.
    Nothing,
}

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Reading this copy fails.
    pub unreadable: Option<usize>,
    pub unwritable: bool,
    /// The kernel of these slots is not there: a, b.
    pub no_kernel: [bool; 2],
}

pub struct Board {
    pub copies: Copies,
    pub faults: Faults,
    variables: BTreeMap<String, String>,
    memory: BTreeMap<u64, Vec<u8>>,
    end: End,
}

impl Board {
    pub fn new(copies: Copies, faults: Faults) -> Self {
        Self {
            copies,
            faults,
            variables: BTreeMap::new(),
            memory: BTreeMap::new(),
            end: End::Nothing,
        }
    }

    /// Power on, up to the end of the script.
    pub fn start(&mut self, script: &Script) -> End {
        let fresh = [
            ("devtype", "virtio"),
            ("devnum", "0"),
            ("kernel_addr_r", "40400000"),
            ("ramdisk_addr_r", "44000000"),
            ("fdtcontroladdr", "5e000000"),
        ];
        self.variables = fresh.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        self.memory.clear();
        self.end = End::Nothing;
        script.run(self);
        self.end.clone()
    }

    fn address(text: &str) -> u64 {
        u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hexadecimal number")
    }

    fn copy_at(sector: &str) -> usize {
        let sector = Self::address(sector);
        let found = COPIES_AT.iter().position(|at| *at == sector);
        found.expect("the script reads and writes the two copies and nothing else")
    }

    fn disk(&mut self, words: &[&str]) -> Step {
        match words {
            ["dev", "0"] => Step::Done,
            ["read", to, sector, "8"] => {
                let copy = Self::copy_at(sector);
                if self.faults.unreadable == Some(copy) {
                    return Step::Failed;
                }
                self.memory
                    .insert(Self::address(to), self.copies[copy].to_vec());
                Step::Done
            }
            ["write", from, sector, "8"] => {
                let block = &self.memory[&Self::address(from)];
                if self.faults.unwritable {
                    return Step::Failed;
                }
                self.copies[Self::copy_at(sector)].copy_from_slice(block);
                Step::Done
            }
            _ => panic!("a disk command that is not known: {words:?}"),
        }
    }

    fn import(&mut self, bytes: &[u8], separator: u8, names: &[&str]) {
        let mut found = BTreeMap::new();
        for pair in bytes.split(|byte| *byte == separator) {
            if pair.is_empty() {
                break;
            }
            let text = String::from_utf8_lossy(pair).into_owned();
            if let Some((name, value)) = text.split_once('=') {
                found.insert(name.to_owned(), value.to_owned());
            }
        }
        // A name that was asked for and is not in the block stays as it was: only `-d` deletes.
        for name in names {
            if let Some(value) = found.get(*name) {
                self.set(name, value);
            }
        }
    }

    fn environment(&mut self, words: &[&str]) -> Step {
        match words {
            ["import", "-c", from, "0x1000", names @ ..] => {
                let block = self.memory[&Self::address(from)].clone();
                let (crc, body) = block.split_first_chunk().expect("a block");
                if u32::from_le_bytes(*crc) != crc32(body) {
                    return Step::Failed;
                }
                self.import(body, 0, names);
            }
            ["import", "-t", from, _, names @ ..] => {
                let text = self.memory[&Self::address(from)].clone();
                self.import(&text, b'\n', names);
            }
            ["export", "-c", "-s", "0x1000", to, names @ ..] => {
                let mut names = names.to_vec();
                names.sort_unstable();
                let mut body = Vec::new();
                for name in names.iter().filter(|name| !self.value(name).is_empty()) {
                    body.extend(format!("{name}={}\0", self.value(name)).bytes());
                }
                body.resize(BLOCK_BYTES - 4, 0);
                let block = [&crc32(&body).to_le_bytes()[..], &body].concat();
                self.memory.insert(Self::address(to), block);
            }
            _ => panic!("an environment command that is not known: {words:?}"),
        }
        Step::Done
    }

    fn load(&mut self, place: &str, to: &str, name: &str) -> Step {
        let slot = match place {
            "0:1" => None,
            "0:3" => Some(0),
            "0:4" => Some(1),
            _ => panic!("a partition that is not known: {place}"),
        };
        let bytes = match (slot, name) {
            (None, "board.env") => BOARD_ENV.to_vec(),
            (Some(slot), "vmlinuz") if !self.faults.no_kernel[slot] => vec![b"AB"[slot]; 8],
            (Some(slot), "initrd") => vec![b"ab"[slot]; 64],
            _ => return Step::Failed,
        };
        self.set("filesize", &format!("{:x}", bytes.len()));
        self.memory.insert(Self::address(to), bytes);
        Step::Done
    }

    fn start_kernel(&mut self, kernel: &str, initrd: &str, tree: &str) -> Step {
        assert_eq!(Self::address(kernel), 0x4200_0000, "the board's address");
        let (initrd, bytes) = initrd.split_once(':').expect("the size of the initrd");
        assert_eq!((bytes, tree), ("40", "5e000000"));
        let kernel = self.memory[&Self::address(kernel)][0];
        let initrd = self.memory[&Self::address(initrd)][0];
        assert_eq!(kernel.to_ascii_lowercase(), initrd);
        let slot = [Slot::A, Slot::B][usize::from(kernel == b'B')];
        let command_line = self.value("bootargs");
        self.end = End::Started { slot, command_line };
        Step::Gone
    }
}

impl Machine for Board {
    fn value(&self, name: &str) -> String {
        self.variables.get(name).cloned().unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            self.variables.remove(name);
        } else {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
    }

    fn run(&mut self, words: &[String]) -> Step {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is = |yes: bool| if yes { Step::Done } else { Step::Failed };
        match words.as_slice() {
            ["setenv", name, values @ ..] => {
                self.set(name, &values.join(" "));
                Step::Done
            }
            ["itest.s", left, "==", right] => is(left == right),
            ["itest.s", left, "!=", right] => is(left != right),
            ["virtio", rest @ ..] => self.disk(rest),
            ["env", rest @ ..] => self.environment(rest),
            ["load", "virtio", place, to, name] => self.load(place, to, name),
            ["booti", kernel, initrd, tree] => self.start_kernel(kernel, initrd, tree),
            ["echo", ..] => Step::Done,
            ["reset"] => {
                self.end = End::Restarted;
                Step::Gone
            }
            _ => panic!("a command that not every board has: {words:?}"),
        }
    }
}
