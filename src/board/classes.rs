//! What the machine is, as metric classes: here raw values end.
//!
//! Never: a bound of its own; the registry has them. Keeping or passing on a raw value.

use std::time::Duration;

use crate::base::steps::{class_below, class_of_word};
use crate::telemetry::class::{
    BoardFamily, BootTime, Channel, Memory, MemoryPressure, Storage, Throttling,
};

/// Of the device tree's `compatible`, which lists names from board to processor with a zero byte after
/// each; machines without a device tree go by the architecture.
pub fn board_family(compatible: &str, architecture: &str) -> BoardFamily {
    let names = compatible.split('\0').chain([architecture]);
    let folded = names.map(|name| class_of_word(name, BoardFamily::FOLDS, BoardFamily::REST));
    folded
        .into_iter()
        .find(|family| *family != BoardFamily::REST)
        .unwrap_or(BoardFamily::REST)
}

pub fn memory(bytes: u64) -> Memory {
    let mib = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    class_below(mib, Memory::BELOW, Memory::ABOVE)
}

/// Of the path below `/sys/devices` that `/sys/dev/block/MAJOR:MINOR` leads to; `None` for file
/// systems without a block device.
pub fn storage(device: Option<&str>) -> Storage {
    let Some(device) = device else {
        return Storage::Other;
    };
    let is_at = |bus: &str| device.split('/').any(|part| part.starts_with(bus));
    if is_at("mmc") {
        Storage::MemoryCard
    } else if is_at("usb") {
        Storage::UsbDisk
    } else if is_at("ata") || is_at("nvme") {
        Storage::InternalDisk
    } else {
        Storage::Other
    }
}

/// Of the thousandths of a week in which heat slowed the processor; `None` where nothing tells.
pub fn throttling(thousandths: Option<u32>) -> Throttling {
    thousandths.map_or(Throttling::Unknown, |share| {
        class_below(share, Throttling::BELOW, Throttling::ABOVE)
    })
}

/// Of the thousandths of a week in which some program waited for memory; `None` where the kernel has
/// no pressure figures.
pub fn memory_pressure(thousandths: Option<u32>) -> MemoryPressure {
    thousandths.map_or(MemoryPressure::Unknown, |share| {
        class_below(share, MemoryPressure::BELOW, MemoryPressure::ABOVE)
    })
}

pub fn boot_time(since_power_on: Duration) -> BootTime {
    let seconds = u32::try_from(since_power_on.as_secs()).unwrap_or(u32::MAX);
    class_below(seconds, BootTime::BELOW, BootTime::ABOVE)
}

/// Of the word for the channel that a build belongs to.
pub fn channel(word: &str) -> Channel {
    class_of_word(word, Channel::FOLDS, Channel::REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_told_by_their_processor() {
        let check = |compatible: &str, architecture, expected| {
            assert_eq!(
                board_family(compatible, architecture),
                expected,
                "{compatible}"
            );
        };
        check(
            "raspberrypi,4-model-b\0brcm,bcm2711\0",
            "aarch64",
            BoardFamily::Rpi4,
        );
        check(
            "pine64,rockpro64\0rockchip,rk3399\0",
            "aarch64",
            BoardFamily::Rk33xx,
        );
        check(
            "radxa,rock-5b\0rockchip,rk3588\0",
            "aarch64",
            BoardFamily::Rk35xx,
        );
        check(
            "hardkernel,odroid-n2\0amlogic,s922x\0amlogic,g12b\0",
            "aarch64",
            BoardFamily::Other,
        );
        check("", "x86_64", BoardFamily::X86);
        check("", "riscv64", BoardFamily::Other);
    }

    #[test]
    fn disks_are_told_by_the_way_they_are_connected() {
        let check = |device, expected| assert_eq!(storage(device), expected, "{device:?}");
        let card = "/sys/devices/platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0/mmcblk0p2";
        check(Some(card), Storage::MemoryCard);
        let usb = "/sys/devices/platform/scb/pci0000:00/0000:01:00.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1";
        check(Some(usb), Storage::UsbDisk);
        check(
            Some("/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"),
            Storage::InternalDisk,
        );
        check(
            Some("/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1"),
            Storage::InternalDisk,
        );
        check(Some("/sys/devices/virtual/block/dm-0"), Storage::Other);
        check(None, Storage::Other);
    }

    #[test]
    fn figures_become_classes() {
        let gib = |count: u64| count << 30;
        assert_eq!(
            (memory(gib(1)), memory(gib(2))),
            (Memory::OneGib, Memory::TwoGib)
        );
        assert_eq!(
            (memory(gib(4)), memory(u64::MAX)),
            (Memory::FourGib, Memory::EightGib)
        );
        assert_eq!(
            (throttling(Some(0)), throttling(Some(1))),
            (Throttling::Never, Throttling::Rarely)
        );
        assert_eq!(
            (throttling(Some(50)), throttling(None)),
            (Throttling::Often, Throttling::Unknown)
        );
        assert_eq!(memory_pressure(Some(10)), MemoryPressure::Below100);
        assert_eq!(memory_pressure(None), MemoryPressure::Unknown);
        assert_eq!(boot_time(Duration::from_secs(20)), BootTime::Below40);
        assert_eq!(
            (channel("stable"), channel("someone's own")),
            (Channel::Stable, Channel::Development)
        );
    }
}
