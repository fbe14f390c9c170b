//! The machine the server runs on.
//!
//! Never: a serial number or an address of the machine.

use serde::Serialize;
use utoipa::ToSchema;

/// What machine this is and how it does. What cannot be read is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct Board {
    /// "Raspberry Pi 4 Model B Rev 1.4".
    pub model: Option<String>,
    /// "aarch64".
    pub arch: String,
    pub kernel: Option<String>,
    pub memory_bytes: Option<u64>,
    pub memory_available_bytes: Option<u64>,
    /// Processor cores that may be used.
    pub cores: u32,
    /// Mean number of runnable tasks over 1, 5 and 15 minutes.
    #[schema(min_items = 3, max_items = 3)]
    pub load: Option<Vec<f64>>,
    pub temperature_c: Option<f64>,
    /// Version of Alcove.
    pub version: String,
    /// Version of FFmpeg's libraries in the worker; null until a worker has run.
    pub ffmpeg: Option<String>,
    /// Layers of the worker's sandbox; null until a worker has run.
    pub sandbox: Option<Sandbox>,
    /// Seconds since the server started.
    pub uptime_s: u64,
    /// Empty for people who may not change libraries.
    pub storage: Vec<Storage>,
    /// What the image says of the board that it was made for; null where no image runs.
    pub image: Option<Image>,
    /// Blocks of the processor that decode or encode video, as the kernel shows them.
    pub codec_devices: Vec<CodecDevice>,
    /// Conversions that run now.
    pub sessions: u32,
}

/// The board that the image was made for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Image {
    /// "rpi4".
    pub board: String,
    /// "Raspberry Pi 4 Model B".
    pub name: String,
    /// Whether this image transcodes video without the processor's cores.
    pub hardware_transcode: bool,
}

/// A video device of a codec block.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodecDevice {
    /// "/dev/video10".
    pub device: String,
    /// What its driver calls it: "bcm2835-codec-decode".
    pub name: String,
}

/// Which layers of the sandbox this kernel gives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sandbox {
    pub no_new_privs: bool,
    pub seccomp: bool,
    pub landlock: bool,
}

/// A file system that Alcove uses.
#[derive(Debug, Serialize, ToSchema)]
pub struct Storage {
    pub path: String,
    pub total_bytes: u64,
    /// What is left for an ordinary user.
    pub free_bytes: u64,
}
