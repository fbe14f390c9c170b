//! Where the answer is kept: 8 MiB in blocks of 4 KiB, on a raw block device or in a file of the same layout.
//!
//! Never: knowing what a block means; allocating while it writes or flushes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, IoSliceMut, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};
use nix::sys::uio::preadv;

use super::Reason;

/// Smallest unit that is read or written.
pub const BLOCK_BYTES: usize = 4096;
/// Blocks of the whole flash, both halves together.
pub const BLOCKS: u32 = 2048;
const FLASH_BYTES: u64 = BLOCKS as u64 * BLOCK_BYTES as u64;

/// One block, aligned as O_DIRECT wants it.
#[derive(Clone, PartialEq, Eq)]
#[repr(C, align(4096))]
pub struct Block(pub [u8; BLOCK_BYTES]);

impl Block {
    pub const ZERO: Self = Self([0; BLOCK_BYTES]);
}

/// Blocks that can be read, written and flushed.
///
/// A write counts as lost, or done in part, until a flush after it has returned without an error. A block
/// that is written keeps its neighbours whole.
pub trait Flash: Send {
    /// How many blocks there are: an even number.
    fn blocks(&self) -> u32;

    /// False where every write would fail.
    fn is_writable(&self) -> bool;

    /// Reads `blocks.len()` blocks from block `first` on.
    ///
    /// # Errors
    /// The medium's own; what `blocks` holds then is of no use.
    fn read(&mut self, first: u32, blocks: &mut [Block]) -> io::Result<()>;

    /// Writes block `at`.
    ///
    /// # Errors
    /// The medium's own; what the block holds then is unknown.
    fn write(&mut self, at: u32, block: &Block) -> io::Result<()>;

    /// Returns when everything written before survives a power cut.
    ///
    /// # Errors
    /// The medium's own; which of the writes are kept is unknown then.
    fn flush(&mut self) -> io::Result<()>;
}

/// Where a flash is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A block device of exactly 8 MiB that holds nothing else. It is never made.
    Device(PathBuf),
    /// A file of 8 MiB, made at full size when it is not there.
    File(PathBuf),
}

impl Place {
    /// What a configured path means: below `/dev` a device, whether it is there or not, else a file.
    pub fn at(path: &Path) -> Self {
        if path.starts_with("/dev") {
            Self::Device(path.to_owned())
        } else {
            Self::File(path.to_owned())
        }
    }
}

/// What the answer is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading and changing; nobody else can open it so at the same time.
    Change,
    /// Reading alone, also while another program has it open for changing. Nothing is written or made.
    Look,
}

/// A device or a file that is open.
///
/// A device is opened with O_DIRECT: through the page cache, a kernel with pages of 16 KiB would write four blocks for
/// each one that changes.
#[derive(Debug)]
pub struct OpenFlash {
    file: File,
    writable: bool,
}

impl OpenFlash {
    /// Opens `place`; a file that is not there is made when `access` is [`Access::Change`].
    ///
    /// # Errors
    /// [`Reason::Missing`], [`Reason::Unopened`], [`Reason::InUse`] or [`Reason::WrongSize`].
    pub fn open(place: &Place, access: Access) -> Result<Self, Reason> {
        let opened = match place {
            Place::Device(path) => open_device(path),
            Place::File(path) => open_file(path, access),
        };
        let flash = opened.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Reason::Missing,
            _ => {
                log::warn!("the flash of the privacy answer could not be opened: {error}");
                Reason::Unopened
            }
        })?;
        flash.check_shape(place)?;
        if access == Access::Change && flash.writable {
            match flash.file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Reason::InUse),
                Err(TryLockError::Error(_)) => return Err(Reason::Unopened),
            }
        }
        Ok(flash)
    }

    fn check_shape(&self, place: &Place) -> Result<(), Reason> {
        let facts = self.file.metadata().map_err(|_| Reason::Unopened)?;
        let right_kind = match place {
            Place::Device(_) => facts.file_type().is_block_device(),
            Place::File(_) => facts.is_file(),
        };
        let size = (&self.file)
            .seek(SeekFrom::End(0))
            .map_err(|_| Reason::Unopened)?;
        if right_kind && size == FLASH_BYTES {
            Ok(())
        } else {
            Err(Reason::WrongSize)
        }
    }
}

impl Flash for OpenFlash {
    fn blocks(&self) -> u32 {
        BLOCKS
    }

    fn is_writable(&self) -> bool {
        self.writable
    }

    fn read(&mut self, first: u32, blocks: &mut [Block]) -> io::Result<()> {
        let wanted = blocks.len() * BLOCK_BYTES;
        let mut slices: Vec<IoSliceMut<'_>> = blocks
            .iter_mut()
            .map(|block| IoSliceMut::new(&mut block.0))
            .collect();
        let offset = i64::try_from(offset_of(first)).expect("8 MiB fit");
        if preadv(&self.file, &mut slices, offset)? == wanted {
            Ok(())
        } else {
            Err(ErrorKind::UnexpectedEof.into())
        }
    }

    fn write(&mut self, at: u32, block: &Block) -> io::Result<()> {
        self.file.write_all_at(&block.0, offset_of(at))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn offset_of(block: u32) -> u64 {
    u64::from(block) * BLOCK_BYTES as u64
}

fn open_device(path: &Path) -> io::Result<OpenFlash> {
    let flash = open_either_way(path, OFlag::O_DIRECT)?;
    let read_only = flash.file.metadata().is_ok_and(|facts| {
        let number = std::os::unix::fs::MetadataExt::rdev(&facts);
        let (major, minor) = (nix::sys::stat::major(number), nix::sys::stat::minor(number));
        // A device may be made read-only after it was opened for writing, or be opened so all the same.
        fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/ro"))
            .is_ok_and(|text| text.trim() != "0")
    });
    Ok(OpenFlash {
        writable: flash.writable && !read_only,
        ..flash
    })
}

fn open_file(path: &Path, access: Access) -> io::Result<OpenFlash> {
    let missing =
        || matches!(fs::symlink_metadata(path), Err(e) if e.kind() == ErrorKind::NotFound);
    if access == Access::Change && missing() {
        make(path)?;
    }
    let flash = open_either_way(path, OFlag::empty())?;
    if access == Access::Change && flash.writable {
        // An earlier run may have ended between the file's name and this.
        sync_folder_of(path)?;
    }
    Ok(flash)
}

/// For writing where that is allowed, else for reading.
fn open_either_way(path: &Path, flags: OFlag) -> io::Result<OpenFlash> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits());
    match options.clone().write(true).open(path) {
        Ok(file) => Ok(OpenFlash {
            file,
            writable: true,
        }),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(OpenFlash {
                file: options.open(path)?,
                writable: false,
            })
        }
        Err(error) => Err(error),
    }
}

/// Makes a blank flash of full size: under another name, every byte written, flushed, renamed, folder flushed.
///
/// A file with holes would have its blocks allotted by a later change, which is more than that change's two writes.
fn make(path: &Path) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    for _ in 0..BLOCKS {
        file.write_all(&Block::ZERO.0)?;
    }
    file.sync_all()?;
    renameat2(
        AT_FDCWD,
        &aside,
        AT_FDCWD,
        path,
        RenameFlags::RENAME_NOREPLACE,
    )?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
