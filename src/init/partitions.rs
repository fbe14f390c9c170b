//! Finds Alcove's disk: the first one whose partitions have all the names of the layout.
//!
//! Never: a device by its kernel name, which changes with the port it is plugged into.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use alcove::update::bootstate::Slot;

use super::say;

/// A card reader or a USB disk may take its time.
const LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Below `/dev`.
    pub name: String,
    /// `major:minor`, as device-mapper names it.
    pub device_number: String,
    /// In the partition table, from 1.
    pub number: i32,
    /// In sectors of 512 bytes.
    pub start_sectors: u64,
    /// In sectors of 512 bytes.
    pub length_sectors: u64,
}

impl Partition {
    pub fn device(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }
}

/// The disk and what the firmware uses of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Below `/dev`.
    pub name: String,
    /// In sectors of 512 bytes.
    pub length_sectors: u64,
    pub boot: Partition,
    pub bootstate: Partition,
    root_a: Partition,
    root_b: Partition,
    pub consent: Partition,
    pub settings: Partition,
    pub data: Partition,
}

impl Disk {
    /// Looks until the disk is there, half a minute at most.
    pub fn wait_for(sys: &Path) -> Option<Self> {
        (0..LOOKS).find_map(|look| {
            if look > 0 {
                thread::sleep(BETWEEN_LOOKS);
            }
            Self::find(sys)
        })
    }

    fn find(sys: &Path) -> Option<Self> {
        let mut disks: BTreeMap<PathBuf, BTreeMap<String, Partition>> = BTreeMap::new();
        for entry in fs::read_dir(sys.join("class/block")).ok()?.flatten() {
            if let Ok(folder) = entry.path().canonicalize()
                && let Some((label, partition)) = partition_of(&folder)
                && let Some(disk) = folder.parent()
            {
                let labels = disks.entry(disk.to_owned()).or_default();
                labels.entry(label).or_insert(partition);
            }
        }
        disks
            .into_iter()
            .find_map(|(folder, labels)| Self::of(&folder, labels))
    }

    fn of(folder: &Path, mut labels: BTreeMap<String, Partition>) -> Option<Self> {
        Some(Self {
            name: folder.file_name()?.to_str()?.to_owned(),
            length_sectors: number_in(&folder.join("size"))?,
            boot: labels.remove("boot")?,
            bootstate: labels.remove("bootstate")?,
            root_a: labels.remove("root-a")?,
            root_b: labels.remove("root-b")?,
            consent: labels.remove("consent")?,
            settings: labels.remove("settings")?,
            data: labels.remove("data")?,
        })
    }

    pub fn device(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }

    /// Leaves the disk's name for udev, whose rules keep the labels of a second card of Alcove apart from this one's.
    pub fn tell_udev(&self, folder: &Path) {
        let text = format!("ALCOVE_DISK={}\n", self.name);
        let written =
            fs::create_dir_all(folder).and_then(|()| fs::write(folder.join("disk.env"), text));
        if let Err(error) = written {
            say::error(&format!("udev is not told of the disk: {error}"));
        }
    }

    pub fn root(&self, slot: Slot) -> &Partition {
        match slot {
            Slot::A => &self.root_a,
            Slot::B => &self.root_b,
        }
    }
}

/// The name in the partition table, and the partition, of a folder of sysfs.
fn partition_of(folder: &Path) -> Option<(String, Partition)> {
    let text = fs::read_to_string(folder.join("uevent")).ok()?;
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    let partition = Partition {
        name: value("DEVNAME")?.to_owned(),
        device_number: format!("{}:{}", value("MAJOR")?, value("MINOR")?),
        number: value("PARTN")?.parse().ok()?,
        start_sectors: number_in(&folder.join("start"))?,
        length_sectors: number_in(&folder.join("size"))?,
    };
    Some((value("PARTNAME")?.to_owned(), partition))
}

fn number_in(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const LABELS: [&str; 9] = [
        "boot",
        "bootstate",
        "boot-a",
        "boot-b",
        "root-a",
        "root-b",
        "consent",
        "settings",
        "data",
    ];

    fn add_disk(sys: &Path, name: &str, labels: &[&str]) {
        let folder = sys.join("devices").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(sys.join("class/block")).unwrap();
        fs::write(folder.join("size"), "4194304\n").unwrap();
        fs::write(
            folder.join("uevent"),
            format!("MAJOR=254\nMINOR=0\nDEVNAME={name}\nDEVTYPE=disk\n"),
        )
        .unwrap();
        symlink(&folder, sys.join("class/block").join(name)).unwrap();
        for (i, label) in labels.iter().enumerate() {
            let part = format!("{name}p{}", i + 1);
            let inner = folder.join(&part);
            fs::create_dir(&inner).unwrap();
            fs::write(inner.join("start"), format!("{}\n", 2048 * (i + 1))).unwrap();
            fs::write(inner.join("size"), "2048\n").unwrap();
            let uevent = format!(
                "MAJOR=254\nMINOR={0}\nDEVNAME={part}\nDEVTYPE=partition\nPARTN={0}\nPARTNAME={label}\n",
                i + 1
            );
            fs::write(inner.join("uevent"), uevent).unwrap();
            symlink(&inner, sys.join("class/block").join(&part)).unwrap();
        }
    }

    #[test]
    fn the_disk_with_all_names_is_found_among_others() {
        let sys = tempfile::tempdir().unwrap();
        add_disk(sys.path(), "aaa", &["boot", "root-a", "data"]);
        add_disk(sys.path(), "bbb", &[]);
        assert_eq!(Disk::find(sys.path()), None);
        add_disk(sys.path(), "ccc", &LABELS);
        let disk = Disk::find(sys.path()).unwrap();
        assert_eq!(
            (disk.name.as_str(), disk.length_sectors),
            ("ccc", 4_194_304)
        );
        let root = disk.root(Slot::B);
        assert_eq!(root.device(), Path::new("/dev/cccp6"));
        assert_eq!((root.device_number.as_str(), root.number), ("254:6", 6));
        disk.tell_udev(&sys.path().join("run"));
        let told = fs::read_to_string(sys.path().join("run/disk.env")).unwrap();
        assert_eq!(told, "ALCOVE_DISK=ccc\n");
        assert_eq!(
            (disk.data.start_sectors, disk.data.length_sectors),
            (18432, 2048)
        );
    }

    #[test]
    fn without_a_disk_there_is_none() {
        let sys = tempfile::tempdir().unwrap();
        assert_eq!(Disk::find(sys.path()), None);
    }
}
