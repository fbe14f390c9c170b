//! The root image behind dm-verity: every block is checked against the signed hash when it is read
//! (<https://docs.kernel.org/admin-guide/device-mapper/verity.html>).
//!
//! Never: a root that was not checked.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::ioctls::{DM_HEADER_BYTES, DmCommand, device_mapper};
use super::partitions::Partition;
use super::slot::{BLOCK_BYTES, SlotFacts};
use super::watchdog::Watchdog;

const CONTROL: &str = "/dev/mapper/control";
const SECTOR_BYTES: u64 = 512;
const READ_BYTES: usize = 1024 * 1024;
/// A block that is not the signed one restarts the board: what runs from it would fail in a thousand other ways.
const RESTART: &str = " 1 restart_on_corruption";

/// Why the root cannot be used.
#[derive(Debug, Error)]
pub enum VerityError {
    #[error("device-mapper could not {attempted}: {source}")]
    Mapper {
        attempted: &'static str,
        source: io::Error,
    },
    #[error("the root image is longer than its partition")]
    TooLong,
    #[error("the root image is not the signed one at byte {at_bytes}: {source}")]
    Corrupt { at_bytes: u64, source: io::Error },
}

/// Maps the root and returns its device; `/dev/mapper/root` leads there too.
///
/// # Errors
/// [`VerityError`].
pub fn map_root(partition: &Partition, facts: &SlotFacts) -> Result<PathBuf, VerityError> {
    let device = Mapper::open()?.map("root", partition, facts, RESTART)?;
    let link = Path::new("/dev/mapper/root");
    // udev makes the same link later, where it has device-mapper's rules.
    if let (Some(name), false) = (device.file_name(), link.exists()) {
        let _ = symlink(Path::new("..").join(name), link);
    }
    Ok(device)
}

/// Reads every block of the root.
///
/// # Errors
/// [`VerityError::Corrupt`] with the place where reading failed.
pub fn read_in_full(
    partition: &Partition,
    facts: &SlotFacts,
    watchdog: &mut Watchdog,
) -> Result<(), VerityError> {
    let mapper = Mapper::open()?;
    let device = mapper.map("root-check", partition, facts, "")?;
    let read = read_all(&device, watchdog);
    mapper.remove("root-check")?;
    read
}

fn read_all(device: &Path, watchdog: &mut Watchdog) -> Result<(), VerityError> {
    let mut at_bytes = 0;
    let corrupt = |at_bytes, source| VerityError::Corrupt { at_bytes, source };
    let mut file = File::open(device).map_err(|error| corrupt(at_bytes, error))?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => at_bytes += count as u64,
            Err(error) => return Err(corrupt(at_bytes, error)),
        }
        watchdog.keep();
    }
}

/// The parameters of the kernel's target. The hash tree follows the image at once: nothing stands before it that could
/// say otherwise than the slot's description.
fn parameters(partition: &Partition, facts: &SlotFacts, options: &str) -> String {
    let data_blocks = facts.root_bytes / BLOCK_BYTES;
    let salt = if facts.salt.is_empty() {
        "-"
    } else {
        &facts.salt
    };
    format!(
        "1 {device} {device} {BLOCK_BYTES} {BLOCK_BYTES} {data_blocks} {hash_block} sha256 {root_hash} {salt}{options}",
        device = partition.device_number,
        hash_block = data_blocks,
        root_hash = facts.root_hash,
    )
}

struct Mapper(File);

impl Mapper {
    fn open() -> Result<Self, VerityError> {
        let opened = OpenOptions::new().read(true).write(true).open(CONTROL);
        opened.map(Self).map_err(attempting("be opened"))
    }

    fn map(
        &self,
        name: &str,
        partition: &Partition,
        facts: &SlotFacts,
        options: &str,
    ) -> Result<PathBuf, VerityError> {
        if facts.root_bytes >= partition.length_sectors * SECTOR_BYTES {
            return Err(VerityError::TooLong);
        }
        let mut answer = header(name);
        device_mapper(&self.0, DmCommand::Create, &mut answer)
            .map_err(attempting("make a device"))?;
        let parameters = parameters(partition, facts, options);
        let length_sectors = facts.root_bytes / SECTOR_BYTES;
        device_mapper(
            &self.0,
            DmCommand::LoadTable,
            &mut table(name, length_sectors, &parameters),
        )
        .map_err(attempting("load the table"))?;
        device_mapper(&self.0, DmCommand::Resume, &mut header(name))
            .map_err(attempting("start the device"))?;
        Ok(Path::new("/dev").join(format!("dm-{}", minor_of(&answer))))
    }

    fn remove(&self, name: &str) -> Result<(), VerityError> {
        device_mapper(&self.0, DmCommand::Remove, &mut header(name))
            .map_err(attempting("remove a device"))
    }
}

fn attempting(attempted: &'static str) -> impl Fn(io::Error) -> VerityError {
    move |source| VerityError::Mapper { attempted, source }
}

/// Where the fields of `struct dm_ioctl` lie.
const DATA_START_AT: usize = 16;
const TARGET_COUNT_AT: usize = 20;
const FLAGS_AT: usize = 28;
const DEV_AT: usize = 40;
const NAME_AT: usize = 48;
const READ_ONLY: u32 = 1;

fn put(message: &mut [u8], at: usize, value: u32) {
    message[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

/// A `struct dm_ioctl` for the device `name`, interface version 4.
fn header(name: &str) -> Vec<u8> {
    const DATA_START: u32 = 312;
    let mut message = vec![0; DM_HEADER_BYTES];
    put(&mut message, 0, 4);
    put(&mut message, DATA_START_AT, DATA_START);
    message[NAME_AT..NAME_AT + name.len()].copy_from_slice(name.as_bytes());
    message
}

/// The header with one `struct dm_target_spec` and its parameters, which end with a zero and fill whole 8 bytes.
fn table(name: &str, length_sectors: u64, parameters: &str) -> Vec<u8> {
    let mut message = header(name);
    put(&mut message, TARGET_COUNT_AT, 1);
    put(&mut message, FLAGS_AT, READ_ONLY);
    message.extend(0u64.to_ne_bytes());
    message.extend(length_sectors.to_ne_bytes());
    message.extend([0; 8]);
    message.extend(*b"verity\0\0\0\0\0\0\0\0\0\0");
    message.extend(parameters.bytes());
    message.push(0);
    message.resize(message.len().next_multiple_of(8), 0);
    message
}

/// The minor number of the device that was made: `huge_encode_dev` of the kernel puts its lowest 8 bits first and the
/// others from bit 20 on.
fn minor_of(answer: &[u8]) -> u64 {
    let field = answer[DEV_AT..DEV_AT + 8].try_into();
    let device = u64::from_ne_bytes(field.expect("8 bytes were taken"));
    (device & 0xff) | ((device >> 12) & 0xf_ff00)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> Partition {
        Partition {
            name: "vda5".into(),
            device_number: "254:5".into(),
            number: 5,
            start_sectors: 0,
            length_sectors: 1024 * 1024,
        }
    }

    fn facts(salt: &str) -> SlotFacts {
        SlotFacts {
            version: "1".into(),
            board: "qemu-virt".into(),
            root_hash: "ab".repeat(32),
            root_bytes: 40960,
            salt: salt.into(),
        }
    }

    #[test]
    fn the_table_is_in_the_kernels_words() {
        let hash = "ab".repeat(32);
        for (salt, options, end) in [("0f", RESTART, "0f 1 restart_on_corruption"), ("", "", "-")] {
            let expected = format!("1 254:5 254:5 4096 4096 10 10 sha256 {hash} {end}");
            assert_eq!(parameters(&partition(), &facts(salt), options), expected);
        }
    }

    #[test]
    fn a_message_has_its_fields_where_the_kernel_looks() {
        let message = table("root", 80, "1 2 3");
        assert_eq!(message.len(), 312 + 40 + 8);
        assert_eq!(message[..4], 4u32.to_ne_bytes());
        assert_eq!(
            message[16..24],
            [312u32.to_ne_bytes(), 1u32.to_ne_bytes()].concat()
        );
        assert_eq!(message[48..53], *b"root\0");
        assert_eq!(message[320..328], 80u64.to_ne_bytes());
        assert_eq!(message[336..343], *b"verity\0");
        assert_eq!(message[352..], *b"1 2 3\0\0\0");
        let mut answer = header("root");
        answer[40..48].copy_from_slice(&0x1001_fd07u64.to_ne_bytes());
        assert_eq!(minor_of(&answer), 0x1_0007);
    }
}
