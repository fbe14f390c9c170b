//! The sensors on trees of files as boards have them.
//!
//! Never: the machine that runs the tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::heat::{Heat, Signs};
use super::{Board, Look, Sensors, device};
use crate::telemetry::class::{
    BoardFamily, BootTime, Channel, Facts, Memory, MemoryPressure, Storage, Throttling,
};

/// A tree of small files.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A block device at that place, with a link to it as /sys/dev/block has them.
    fn block(&self, number: &str, place: &str) {
        let place = self.root().join("sys/devices").join(place);
        fs::create_dir_all(&place).unwrap();
        for list in ["sys/dev/block", "sys/class/block"] {
            fs::create_dir_all(self.root().join(list)).unwrap();
        }
        let name = self
            .root()
            .join("sys/class/block")
            .join(place.file_name().unwrap());
        symlink(&place, name).unwrap();
        symlink(&place, self.root().join("sys/dev/block").join(number)).unwrap();
    }

    fn sensors(&self) -> Sensors {
        Sensors::new(Board::new(self.root().to_owned()))
    }

    fn facts(&self) -> Facts {
        let sensors = self.sensors();
        sensors.ready();
        sensors.look(0, 0);
        sensors.look(0, 60_000);
        sensors.facts(None)
    }
}

const PI_FIRMWARE: &str = "sys/devices/platform/soc/soc:firmware/get_throttled";
const TRIP: &str = "sys/class/thermal/thermal_zone0/trip_point_0_";
const POLICY: &str = "sys/devices/system/cpu/cpufreq/policy0/";

fn rpi4() -> Tree {
    Tree::new(&[
        (
            "proc/device-tree/compatible",
            "raspberrypi,4-model-b\0brcm,bcm2711\0",
        ),
        ("proc/meminfo", "MemTotal:        3884392 kB\n"),
        (
            "proc/pressure/memory",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
        ),
        ("proc/uptime", "19.99 60.12\n"),
        ("etc/alcove/channel", "stable\n"),
        ("sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"),
        ("sys/class/thermal/thermal_zone0/temp", "51123\n"),
        (PI_FIRMWARE, "0\n"),
    ])
}

fn rk3399() -> Tree {
    Tree::new(&[
        (
            "proc/device-tree/compatible",
            "pine64,rockpro64-v2.1\0pine64,rockpro64\0rockchip,rk3399\0",
        ),
        ("proc/meminfo", "MemTotal:        1900000 kB\n"),
        ("proc/uptime", "20.00 60.12\n"),
        ("sys/class/thermal/thermal_zone0/type", "cpu\n"),
        ("sys/class/thermal/thermal_zone0/temp", "69999\n"),
        (&format!("{TRIP}type"), "passive\n"),
        (&format!("{TRIP}temp"), "70000\n"),
        (
            "sys/class/thermal/thermal_zone0/trip_point_1_type",
            "critical\n",
        ),
        (
            "sys/class/thermal/thermal_zone0/trip_point_1_temp",
            "95000\n",
        ),
        (&format!("{POLICY}scaling_max_freq"), "1416000\n"),
        (&format!("{POLICY}cpuinfo_max_freq"), "1416000\n"),
        (
            "sys/devices/system/cpu/cpufreq/policy4/scaling_max_freq",
            "1800000\n",
        ),
        (
            "sys/devices/system/cpu/cpufreq/policy4/cpuinfo_max_freq",
            "1800000\n",
        ),
    ])
}

fn x86() -> Tree {
    Tree::new(&[
        (
            "proc/cpuinfo",
            "processor\t: 0\nvendor_id\t: GenuineIntel\n",
        ),
        ("proc/meminfo", "MemTotal:       16300000 kB\n"),
        ("proc/uptime", "100000.00 60.12\n"),
        ("etc/alcove/channel", "nightly\n"),
        ("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n"),
        ("sys/class/thermal/thermal_zone0/temp", "40000\n"),
        (&format!("{TRIP}type"), "passive\n"),
        (&format!("{TRIP}temp"), "0\n"),
        (
            "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
            "5\n",
        ),
        (
            "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count",
            "7\n",
        ),
        (
            "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count",
            "1\n",
        ),
    ])
}

#[test]
fn boards_are_told_by_their_own_files() {
    let pi = Facts {
        board_family: BoardFamily::Rpi4,
        memory: Memory::FourGib,
        storage: Storage::Other,
        throttling: Throttling::Never,
        memory_pressure: MemoryPressure::Below10,
        channel: Channel::Stable,
        boot_time: BootTime::Below20,
    };
    assert_eq!(rpi4().facts(), pi);
    let rock = Facts {
        board_family: BoardFamily::Rk33xx,
        memory: Memory::TwoGib,
        memory_pressure: MemoryPressure::Unknown,
        channel: Channel::Development,
        boot_time: BootTime::Below40,
        ..pi
    };
    assert_eq!(rk3399().facts(), rock);
    let pc = Facts {
        board_family: BoardFamily::X86,
        memory: Memory::EightGib,
        boot_time: BootTime::Above80,
        ..rock
    };
    assert_eq!(x86().facts(), pc);
}

#[test]
fn a_machine_that_tells_nothing_is_unknown_and_no_error() {
    let facts = Tree::new(&[]).facts();
    let unknown = Facts {
        board_family: BoardFamily::Other,
        memory: Memory::OneGib,
        storage: Storage::Other,
        throttling: Throttling::Unknown,
        memory_pressure: MemoryPressure::Unknown,
        channel: Channel::Development,
        boot_time: BootTime::Above80,
    };
    assert_eq!(facts, unknown);
    let noise = Tree::new(&[
        ("proc/device-tree/compatible", "\u{fffd},x\0"),
        ("proc/pressure/memory", "some total=many\n"),
        ("proc/uptime", "-\n"),
        (PI_FIRMWARE, "zz\n"),
        (&format!("{POLICY}scaling_max_freq"), "fast\n"),
        ("sys/class/thermal/thermal_zone0/temp", "hot\n"),
    ]);
    assert_eq!(noise.facts(), unknown);
}

#[test]
fn the_firmware_of_a_pi_tells_heat_from_low_voltage() {
    let tree = rpi4();
    for (text, want) in [
        ("0", false),
        ("0x0", false),
        ("8", true),
        ("2", true),
        ("4", true),
        ("5", false),
        ("7", false),
        ("d", true),
        ("0xf0000", false),
    ] {
        tree.write(PI_FIRMWARE, text);
        let slow = Heat::default().slows_down(Signs::read(tree.root()));
        assert_eq!(slow, Some(want), "{text}");
    }
}

#[test]
fn a_trip_point_slows_down_only_where_the_clock_is_lower() {
    let tree = rk3399();
    let check = |temperature: &str, clock: &str, want| {
        tree.write("sys/class/thermal/thermal_zone0/temp", temperature);
        tree.write(&format!("{POLICY}scaling_max_freq"), clock);
        let slow = Heat::default().slows_down(Signs::read(tree.root()));
        assert_eq!(slow, Some(want), "{temperature} {clock}");
    };
    check("69999", "1416000", false);
    check("70000", "1416000", false);
    check("70000", "1200000", true);
    // Its owner chose a lower clock.
    check("50000", "1200000", false);
    // No clock is told: the trip point is all there is to go by.
    tree.write(
        "sys/devices/system/cpu/cpufreq/policy4/scaling_max_freq",
        "",
    );
    check("70000", "", true);
    fs::remove_file(tree.root().join(format!("{TRIP}type"))).unwrap();
    assert_eq!(Heat::default().slows_down(Signs::read(tree.root())), None);
}

#[test]
fn a_counter_of_x86_tells_when_it_goes_up() {
    let (tree, mut heat) = (x86(), Heat::default());
    let counter = "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
    assert_eq!(heat.slows_down(Signs::read(tree.root())), Some(false));
    tree.write(counter, "2");
    assert_eq!(heat.slows_down(Signs::read(tree.root())), Some(true));
    assert_eq!(heat.slows_down(Signs::read(tree.root())), Some(false));
    tree.write(counter, "0");
    assert_eq!(heat.slows_down(Signs::read(tree.root())), Some(false));
}

#[test]
fn a_week_of_heat_is_one_word_and_the_week_before_is_forgotten() {
    let tree = rpi4();
    let sensors = tree.sensors();
    let look = |sensors: &Sensors, text: &str, times: usize| {
        tree.write(PI_FIRMWARE, text);
        for _ in 0..times {
            sensors.look(0, 0);
        }
        sensors.facts(None).throttling
    };
    assert_eq!(sensors.facts(None).throttling, Throttling::Unknown);
    assert_eq!(look(&sensors, "0", 949), Throttling::Never);
    assert_eq!(look(&sensors, "8", 1), Throttling::Rarely);
    assert_eq!(look(&sensors, "8", 48), Throttling::Rarely);
    assert_eq!(look(&sensors, "8", 2), Throttling::Often);
    // 168 whole hours later.
    assert_eq!(look(&sensors, "0", 10_140), Throttling::Never);
}

#[test]
fn pressure_is_a_share_of_the_time_that_was_looked_at() {
    let check = |stalled_us: u64, want| {
        let tree = rpi4();
        let sensors = tree.sensors();
        sensors.look(0, 500_000);
        assert_eq!(sensors.facts(None).memory_pressure, MemoryPressure::Unknown);
        let text = format!("some avg10=0.00 total={}\n", 1000 + stalled_us);
        tree.write("proc/pressure/memory", &text);
        sensors.look(0, 501_000);
        assert_eq!(sensors.facts(None).memory_pressure, want, "{stalled_us}");
    };
    check(0, MemoryPressure::Below10);
    check(9_999, MemoryPressure::Below10);
    check(10_000, MemoryPressure::Below100);
    check(99_999, MemoryPressure::Below100);
    check(100_000, MemoryPressure::Above100);
}

#[test]
fn boots_and_memory_fall_into_classes_at_their_bounds() {
    for (uptime, want) in [
        ("0.5 1", BootTime::Below20),
        ("19.99 1", BootTime::Below20),
        ("20.00 1", BootTime::Below40),
        ("40.00 1", BootTime::Below80),
        ("80.00 1", BootTime::Above80),
        ("900000.99 1", BootTime::Above80),
    ] {
        let facts = Tree::new(&[("proc/uptime", uptime)]).facts();
        assert_eq!(facts.boot_time, want, "{uptime}");
    }
    for (mib, want) in [
        (1535, Memory::OneGib),
        (1536, Memory::TwoGib),
        (3071, Memory::TwoGib),
        (3072, Memory::FourGib),
        (6144, Memory::EightGib),
    ] {
        let text = format!("MemTotal: {} kB\n", mib * 1024);
        let facts = Tree::new(&[("proc/meminfo", &text)]).facts();
        assert_eq!(facts.memory, want, "{mib}");
    }
}

#[test]
fn a_disk_is_known_by_the_bus_it_hangs_on() {
    for (place, want) in [
        (
            "platform/emmc2bus/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0/mmcblk0p2",
            Storage::MemoryCard,
        ),
        (
            "platform/scb/fd500000.pcie/pci0000:00/usb2/2-2/2-2:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1",
            Storage::UsbDisk,
        ),
        (
            "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1",
            Storage::InternalDisk,
        ),
        (
            "pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1",
            Storage::InternalDisk,
        ),
        ("pci0000:00/0000:00:04.0/virtio1/block/vda", Storage::Other),
        ("virtual/block/loop0", Storage::Other),
    ] {
        let tree = Tree::new(&[]);
        tree.block("8:1", place);
        assert_eq!(device::connection(tree.root(), 8, 1), want, "{place}");
        assert_eq!(device::connection(tree.root(), 8, 2), Storage::Other);
    }
}

#[test]
fn a_disk_below_others_and_one_that_is_only_mounted_are_found() {
    let tree = Tree::new(&[(
        "proc/self/mountinfo",
        "22 1 0:20 / /proc rw - proc proc rw\n36 1 0:45 /@ /media rw,noatime shared:1 - btrfs /dev/sda1 rw\n\
         37 1 0:46 / /net rw - nfs4 box:/films rw\n",
    )]);
    tree.block("8:1", "pci0000:00/usb1/1-1/host0/block/sda/sda1");
    tree.block("254:0", "virtual/block/dm-0");
    let slaves = tree.root().join("sys/devices/virtual/block/dm-0/slaves");
    fs::create_dir_all(&slaves).unwrap();
    let disk = fs::canonicalize(tree.root().join("sys/dev/block/8:1")).unwrap();
    symlink(disk, slaves.join("sda1")).unwrap();
    for (major, minor, want) in [
        (254, 0, Storage::UsbDisk),
        (0, 45, Storage::UsbDisk),
        (0, 46, Storage::Other),
        (0, 20, Storage::Other),
    ] {
        let got = device::connection(tree.root(), major, minor);
        assert_eq!(got, want, "{major}:{minor}");
    }
}

#[test]
fn the_owner_sees_the_last_hours_until_they_are_forgotten() {
    let tree = rpi4();
    let kept = tree.sensors();
    for minute in 0..400 {
        kept.look(minute * 60_000, minute * 60_000);
    }
    let shown = kept.shown();
    assert_eq!(shown.len(), 360);
    let last = Look {
        at_ms: 399 * 60_000,
        temperature_c: Some(51.123),
        throttled: Some(false),
    };
    assert_eq!(shown.last(), Some(&last));
    assert_eq!(shown[0].at_ms, 40 * 60_000);
    kept.ready();
    kept.forget();
    assert_eq!(kept.shown(), []);
    let facts = kept.facts(None);
    assert_eq!(facts.throttling, Throttling::Unknown);
    assert_eq!(facts.boot_time, BootTime::Below20);
}
