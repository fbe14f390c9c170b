//! The two copies of the boot state on their partition.
//!
//! Never: a change of the newer copy; a change that was not read back from the medium.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use thiserror::Error;

use super::block::{BLOCK_BYTES, SECOND_COPY_AT_BYTES, Sequence, encode, newest};
use super::state::State;

const COPIES_AT_BYTES: [u64; 2] = [0, SECOND_COPY_AT_BYTES];

/// What can be wrong with the partition.
#[derive(Debug, Error)]
pub enum DeviceError {
    #[error("the boot state could not be opened: {0}")]
    Open(#[source] io::Error),
    #[error("the boot state could not be read: {0}")]
    Read(#[source] io::Error),
    #[error("the boot state could not be written: {0}")]
    Write(#[source] io::Error),
    #[error("the boot state was written, and the medium holds something else")]
    NotKept,
}

/// Aligned as O_DIRECT wants it.
#[repr(C, align(4096))]
struct Aligned([u8; BLOCK_BYTES]);

/// The partition, open and locked against other programs that change it.
#[derive(Debug)]
pub struct Device {
    file: File,
}

impl Device {
    /// Opens the partition, or a file that stands for it. Waits while another program has it open.
    ///
    /// # Errors
    /// [`DeviceError::Open`].
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        Self::open_and_lock(path).map_err(DeviceError::Open)
    }

    fn open_and_lock(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if path.metadata()?.file_type().is_block_device() {
            // Past the page cache: what is read back comes from the medium.
            options.custom_flags(OFlag::O_DIRECT.bits());
        }
        let file = options.open(path)?;
        file.lock()?;
        Ok(Self { file })
    }

    /// The state that counts.
    ///
    /// # Errors
    /// [`DeviceError::Read`].
    pub fn read(&self) -> Result<State, DeviceError> {
        Ok(self.newest()?.0)
    }

    /// Changes the state, and returns when the new one survives a power cut. Nothing is written where nothing changes.
    ///
    /// # Errors
    /// [`DeviceError`]; the state from before is whole then.
    pub fn change(&self, change: impl FnOnce(&mut State)) -> Result<State, DeviceError> {
        let (before, older, sequence) = self.newest()?;
        let mut state = before;
        change(&mut state);
        if state != before {
            let block = Aligned(encode(&state, sequence));
            let at = COPIES_AT_BYTES[older];
            self.file
                .write_all_at(&block.0, at)
                .and_then(|()| self.file.sync_data())
                .map_err(DeviceError::Write)?;
            if self.copy(at)?.0 != block.0 {
                return Err(DeviceError::NotKept);
            }
        }
        Ok(state)
    }

    fn newest(&self) -> Result<(State, usize, Sequence), DeviceError> {
        let [first, second] = COPIES_AT_BYTES;
        Ok(newest(&self.copy(first)?.0, &self.copy(second)?.0))
    }

    fn copy(&self, at: u64) -> Result<Aligned, DeviceError> {
        let mut block = Aligned([0; BLOCK_BYTES]);
        self.file
            .read_exact_at(&mut block.0, at)
            .map_err(DeviceError::Read)?;
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reason, Slot};
    use super::*;

    const PARTITION_BYTES: u64 = 1024 * 1024;

    #[test]
    fn changes_alternate_between_the_copies_and_a_lost_copy_is_the_change_before() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(PARTITION_BYTES).unwrap();
        let device = Device::open(file.path()).unwrap();
        assert_eq!(device.read().unwrap(), State::FACTORY);
        let mut states = vec![State::FACTORY];
        for round in 0..7 {
            let reason = [Reason::Load, Reason::Mount][round % 2];
            states.push(device.change(|state| state.note(Slot::B, reason)).unwrap());
            let newest_at = COPIES_AT_BYTES[round % 2];
            let kept = device.copy(newest_at).unwrap();
            file.as_file().write_all_at(b"x", newest_at).unwrap();
            assert_eq!(device.read().unwrap(), states[round], "round {round}");
            file.as_file().write_all_at(&kept.0, newest_at).unwrap();
            assert_eq!(device.read().unwrap(), states[round + 1], "round {round}");
        }
    }

    #[test]
    fn nothing_is_written_where_nothing_changes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(PARTITION_BYTES).unwrap();
        let device = Device::open(file.path()).unwrap();
        device.change(|_| ()).unwrap();
        assert!(device.copy(0).unwrap().0.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_partition_that_is_too_short_or_missing_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4096).unwrap();
        let short = Device::open(file.path()).unwrap().read();
        assert!(matches!(short, Err(DeviceError::Read(_))), "{short:?}");
        let missing = Device::open(Path::new("/nowhere/bootstate"));
        assert!(matches!(missing, Err(DeviceError::Open(_))), "{missing:?}");
    }
}
