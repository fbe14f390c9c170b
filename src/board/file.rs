//! What a file of `board/` says of a board: the facts that the image builder, the command line and a
//! running machine go by.
//!
//! Never: a default for a fact; a key that is not known.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, de};

/// Where the image keeps the file of the board that it was built for.
pub const IN_IMAGE: &str = "usr/share/alcove/board.toml";

/// Why a board file is not used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{}, line {line}, {key}: {message}", path.display())]
    Content {
        path: PathBuf,
        line: usize,
        key: String,
        message: String,
    },
}

/// One board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardFile {
    /// The name of the file without `.toml`; an update bundle fits boards of this name.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// The name that people know it by.
    pub name: String,
    /// As `uname -m` says.
    pub arch: Arch,
    /// Family of the processor.
    pub soc: String,
    /// How the names begin that the device trees of such boards give as their model.
    pub models: Vec<String>,
    /// Where these facts come from.
    pub sources: Vec<String>,
    pub memory: Memory,
    pub kernel: Kernel,
    /// None where the loader hands over a device tree of its own.
    pub device_tree: Option<DeviceTree>,
    pub loader: Loader,
    pub boot: Boot,
    pub watchdog: Watchdog,
    /// Blocks of the processor that decode or encode video.
    #[serde(default)]
    pub codec: Vec<Codec>,
    /// What was tried, and on what.
    pub tested: Vec<Tested>,
}

/// Processors that an image can be built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    Aarch64,
}

/// `[memory]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Sizes that the board is sold with, in MiB.
    pub sizes_mib: Vec<u32>,
    /// Most memory for finished segments, in MiB, 8 to 4096.
    #[serde(deserialize_with = "cache_mib")]
    pub segment_cache_mib: u64,
}

/// `[kernel]`: a package of Debian, and what of it goes into the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    pub suite: Suite,
    /// Of this package and what it depends on, one is the kernel of this release.
    pub package: String,
    /// Path of the kernel in the unpacked packages; `{release}` stands for its release.
    #[serde(deserialize_with = "inside")]
    pub image: String,
    /// Folder of the device trees, likewise.
    #[serde(deserialize_with = "inside")]
    pub device_trees: String,
    /// Modules loaded before the root file system is there, as lsmod(8) names them; what they depend on comes along.
    #[serde(deserialize_with = "modules")]
    pub initrd_modules: Vec<String>,
    /// Further modules of the root file system.
    #[serde(deserialize_with = "modules")]
    pub root_modules: Vec<String>,
}

/// Releases of Debian that packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    Trixie,
    TrixieBackports,
}

/// `[device_tree]`: files below the kernel's folder of device trees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTree {
    /// The one used where the loader does not know better; `board.dtb` of a slot.
    #[serde(deserialize_with = "inside")]
    pub file: String,
    /// Others, under their own paths in a slot, for loaders that set `fdtfile`.
    #[serde(default, deserialize_with = "all_inside")]
    pub variants: Vec<String>,
}

/// `[loader]`: what runs before the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loader {
    pub partition_table: PartitionTable,
    pub suite: Suite,
    /// Package of U-Boot.
    pub package: String,
    /// Path of U-Boot in the package.
    #[serde(deserialize_with = "inside")]
    pub file: String,
    pub place: Place,
    /// Further files of the partition `boot`.
    #[serde(default)]
    pub files: Vec<LoaderFile>,
}

/// How the disk is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartitionTable {
    Gpt,
    /// GPT, and an MBR that shows the partition `boot` to a ROM that reads nothing else.
    Hybrid,
}

/// Where U-Boot lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "lowercase",
    rename_all_fields = "snake_case"
)]
pub enum Place {
    /// Beside the partitions.
    Raw {
        #[serde(deserialize_with = "sector")]
        offset_bytes: u64,
    },
    /// A file of the partition `boot`.
    File {
        #[serde(deserialize_with = "inside")]
        to: String,
    },
    /// Not on the disk: whoever starts the machine brings it.
    Outside {},
}

/// `[[loader.files]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoaderFile {
    pub from: Origin,
    /// Path in the partition.
    #[serde(deserialize_with = "inside")]
    pub to: String,
}

/// Where a file of the partition `boot` is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Origin {
    Package {
        suite: Suite,
        package: String,
        #[serde(deserialize_with = "inside")]
        file: String,
    },
    /// A path below the kernel's folder of device trees.
    DeviceTree(#[serde(deserialize_with = "inside")] String),
    /// A file beside the board file.
    Beside(#[serde(deserialize_with = "inside")] String),
}

/// `[boot]`: what the boot script needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// `console=` of the kernel.
    pub console: String,
    /// Further arguments of the kernel.
    pub arguments: Vec<String>,
    /// Where the kernel is loaded to: far enough from the others for the memory that it takes once it runs.
    #[serde(deserialize_with = "kernel_address")]
    pub kernel_address: u64,
    pub initrd_address: u64,
    /// None where the loader says it itself, as `fdt_addr`.
    pub device_tree_address: Option<u64>,
}

/// `[watchdog]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watchdog {
    /// The module that drives it.
    #[serde(deserialize_with = "module")]
    pub module: String,
    /// Whether it counts from before the kernel on, so that a kernel that hangs at its first step is ended too.
    pub armed_by_loader: bool,
}

/// `[[codec]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codec {
    pub does: Does,
    /// "h264".
    pub format: String,
    /// The driver, as its module is named.
    #[serde(deserialize_with = "module")]
    pub driver: String,
    pub interface: Interface,
    /// Kernels that have the driver.
    pub kernel: CodecKernel,
    /// Whether this version of Alcove uses it in this image.
    pub used: bool,
}

/// What a codec block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    Decode,
    Encode,
}

/// How a program talks to a codec block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interface {
    /// The device parses the stream: FFmpeg's `*_v4l2m2m`.
    V4l2Stateful,
    /// The program parses the stream; Debian's FFmpeg does not.
    V4l2Stateless,
}

/// Whose kernel drives a codec block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodecKernel {
    Debian,
    RaspberryPi,
}

/// `[[tested]]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tested {
    /// "QEMU 10.0".
    pub on: String,
    pub what: String,
}

impl BoardFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`FileError`], naming the file, and the line and key where there is one.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        Self::parse(path, &text(path)?)
    }

    /// Reads a file of the sources: its name must be the board's, and what it names beside it must be there.
    ///
    /// # Errors
    /// As [`BoardFile::read`].
    pub fn read_source(path: &Path) -> Result<Self, FileError> {
        let text = text(path)?;
        let file = Self::parse(path, &text)?;
        let wrong =
            |value: &str, message: String| content(path, &text, value_at(&text, value), message);
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(&file.id) {
            let message = format!("{:?}, but the file is named otherwise", file.id);
            return Err(wrong(&file.id, message));
        }
        for listed in &file.loader.files {
            if let Origin::Beside(name) = &listed.from
                && let beside = path.with_file_name(name)
                && !beside.is_file()
            {
                let message = format!("there is no file {}", beside.display());
                return Err(wrong(name, message));
            }
        }
        Ok(file)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            content(path, text, start, error.message().replace('\n', " "))
        })
    }

    /// Whether this image transcodes video without the processor's cores: it must use an encoder.
    pub fn hardware_transcode(&self) -> bool {
        let is_used = |codec: &Codec| codec.does == Does::Encode && codec.used;
        self.codec.iter().any(is_used)
    }
}

fn text(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::Read {
        path: path.to_owned(),
        source,
    })
}

/// An error at the byte `start` of the text.
fn content(path: &Path, text: &str, start: usize, message: String) -> FileError {
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count();
    let head = text.lines().nth(line).unwrap_or_default();
    let key = head.split('=').next().unwrap_or_default().trim();
    FileError::Content {
        path: path.to_owned(),
        line: line + 1,
        key: key.to_owned(),
        message,
    }
}

/// Where `value` stands as a string.
fn value_at(text: &str, value: &str) -> usize {
    text.find(&format!("\"{value}\"")).unwrap_or(0)
}

/// Takes a value that `is` right, else says what it must be.
fn checked<'de, D, T>(from: D, is: fn(&T) -> bool, must: &str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + fmt::Debug,
{
    let value = T::deserialize(from)?;
    if is(&value) {
        Ok(value)
    } else {
        Err(de::Error::custom(format!("{value:?}, but must be {must}")))
    }
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let is = |id: &String| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !id.is_empty() && id.len() <= 32 && id.bytes().all(plain)
    };
    checked(from, is, "small letters, digits and hyphens")
}

fn is_module(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

fn module<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let is = |name: &String| is_module(name);
    checked(from, is, "the name of a module, with underscores")
}

fn modules<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let is = |names: &Vec<String>| {
        let mut once = std::collections::BTreeSet::new();
        names
            .iter()
            .all(|name| is_module(name) && once.insert(name))
    };
    checked(from, is, "names of modules, with underscores, each once")
}

fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    let plain = |part| matches!(part, std::path::Component::Normal(_));
    !path.is_empty() && parts.all(plain)
}

fn inside<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(
        from,
        |path: &String| is_inside(path),
        "a path that does not leave its folder",
    )
}

fn all_inside<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let is = |paths: &Vec<String>| paths.iter().all(|path| is_inside(path));
    checked(from, is, "paths that do not leave their folder")
}

fn cache_mib<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    checked(from, |mib| (8..=4096).contains(mib), "8 to 4096")
}

/// The first partition begins at 16 MiB, the partition table ends at 17 KiB.
fn sector<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let is = |offset: &u64| offset.is_multiple_of(512) && (17_408..16 << 20).contains(offset);
    checked(from, is, "a multiple of 512 between 17408 and 16 MiB")
}

/// Linux moves itself where it is not aligned, over whatever lies there (Documentation/arch/arm64/booting.rst).
fn kernel_address<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    checked(
        from,
        |address: &u64| address.is_multiple_of(2 << 20),
        "a multiple of 2 MiB",
    )
}
