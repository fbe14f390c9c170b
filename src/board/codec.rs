//! Which blocks of the processor that decode or encode video this machine shows.
//!
//! Never: opening one.

use std::fs;
use std::path::Path;

use super::{entries, trimmed};

/// Drivers of codec blocks in Linux, as their modules are named; a camera has another.
const DRIVERS: &[&str] = &[
    "bcm2835_codec",
    "cedrus",
    "hantro_vpu",
    "meson_vdec",
    "rkvdec",
    "rpi_hevc_dec",
    "venus",
];

/// One video device of a codec block.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CodecDevice {
    /// "/dev/video10".
    pub device: String,
    /// What the driver calls it: "bcm2835-codec-decode".
    pub name: String,
    pub driver: String,
}

/// The codec devices that /sys lists below `root`, in the order of their names.
pub(super) fn devices(root: &Path) -> Vec<CodecDevice> {
    let listed = entries(&root.join("sys/class/video4linux"), "video");
    let device = |folder: &std::path::PathBuf| {
        let driver = fs::read_link(folder.join("device/driver")).ok()?;
        let driver = driver.file_name()?.to_str()?.replace('-', "_");
        DRIVERS.contains(&driver.as_str()).then_some(())?;
        Some(CodecDevice {
            device: format!("/dev/{}", folder.file_name()?.to_str()?),
            name: trimmed(&folder.join("name")).unwrap_or_default(),
            driver,
        })
    };
    listed.iter().filter_map(device).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_codec_block_is_listed_and_a_camera_is_not() {
        let root = tempfile::tempdir().unwrap();
        let class = root.path().join("sys/class/video4linux");
        let listed = [
            ("video0", "uvcvideo", "HD Webcam"),
            ("video10", "bcm2835-codec", "bcm2835-codec-decode"),
            ("video2", "rkvdec", "rkvdec"),
        ];
        for (entry, driver, name) in listed {
            let folder = class.join(entry);
            fs::create_dir_all(folder.join("device")).unwrap();
            fs::write(folder.join("name"), format!("{name}\n")).unwrap();
            symlink(
                format!("../../../bus/platform/drivers/{driver}"),
                folder.join("device/driver"),
            )
            .unwrap();
        }
        let found = devices(root.path());
        let found: Vec<_> = found
            .iter()
            .map(|found| (&*found.device, &*found.driver))
            .collect();
        assert_eq!(
            found,
            [("/dev/video10", "bcm2835_codec"), ("/dev/video2", "rkvdec")]
        );
    }
}
