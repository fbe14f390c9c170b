//! Where an attached drive is mounted and how, as the image's script asks mount(8) for it.
//!
//! Never: a real mount; the tests that boot do that.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::overlay;

/// A machine with drives, on which programs only write down what they were asked.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Self { folder };
        for name in ["bin", "media", "drives.udev"] {
            fs::create_dir(machine.at(name)).unwrap();
        }
        let here = machine.folder.path().display();
        // Nothing else of what this machine has: the image has no grep and no sed.
        for name in ["cat", "mkdir", "mv", "rm", "rmdir", "tail", "touch", "tr"] {
            let found = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
            let found = found.iter().find(|path| path.exists()).unwrap();
            symlink(found, machine.at("bin").join(name)).unwrap();
        }
        machine.program("udevadm", &format!("cat {here}/drives.udev/${{3##*/}}"));
        machine.program("mount", &format!("echo mount \"$@\" >> {here}/asked; for last; do :; done; echo \"$last\" >> {here}/mounted"));
        machine.program("umount", &format!("echo umount \"$@\" >> {here}/asked; PATH=/usr/bin:/bin; grep -vxF \"$2\" {here}/mounted > {here}/left; mv {here}/left {here}/mounted"));
        machine.program(
            "mountpoint",
            &format!("PATH=/usr/bin:/bin; grep -qxF \"$2\" {here}/mounted 2> /dev/null"),
        );
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.at("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn drive(&self, word: &str, device: &str) -> bool {
        let status = Command::new(overlay().join("usr/libexec/alcove/drive"))
            .args([word, device])
            .env("PATH", self.at("bin"))
            .env("ALCOVE_MEDIA", self.at("media"))
            .env("ALCOVE_DRIVES", self.at("known"))
            .env("ALCOVE_RUN", self.at("run"))
            .stderr(std::process::Stdio::null())
            .status();
        status.unwrap().success()
    }

    /// Plugs in a drive and says the folder that it got.
    fn attach(&self, device: &str, kind: &str, label: &str, uuid: &str) -> Option<String> {
        let text = format!(
            "ID_FS_UUID={uuid}\nID_FS_TYPE={kind}\nID_FS_LABEL={label}\nID_FS_LABEL_ENC=other\n"
        );
        fs::write(self.at("drives.udev").join(device), text).unwrap();
        let attached = self.drive("attach", device);
        let name = fs::read_to_string(self.at("run").join(device)).ok();
        assert_eq!(attached, name.is_some());
        name.map(|name| name.trim_end().to_owned())
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("asked")).unwrap_or_default()
    }
}

#[test]
fn a_drive_is_mounted_to_be_read_only_without_a_write_to_its_journal() {
    for (kind, expected) in [
        ("ext4", "-t ext4 -o ro,nosuid,nodev,noexec,noload "),
        (
            "btrfs",
            "-t btrfs -o ro,nosuid,nodev,noexec,rescue=nologreplay ",
        ),
        ("exfat", "-t exfat -o ro,nosuid,nodev,noexec,umask=0022 "),
        (
            "ntfs",
            "-t ntfs3,ntfs -o ro,nosuid,nodev,noexec,umask=0022 ",
        ),
    ] {
        let machine = Machine::new();
        assert_eq!(
            machine.attach("sda1", kind, "Films", "1").as_deref(),
            Some("Films")
        );
        let asked = machine.asked();
        assert!(asked.contains(expected), "{asked}");
        assert!(asked.contains(" /dev/sda1 ") && machine.at("media/Films").is_dir());
    }
    let machine = Machine::new();
    assert_eq!(machine.attach("sda1", "swap", "Films", "1"), None);
    assert_eq!(machine.asked(), "");
}

#[test]
fn a_drive_keeps_its_name_and_no_two_share_one() {
    let machine = Machine::new();
    let attach = |device, label, uuid| machine.attach(device, "ext4", label, uuid).unwrap();
    assert_eq!(attach("sda1", "Films", "1111"), "Films");
    assert_eq!(attach("sdb1", "Films", "2222"), "Films-2");
    assert_eq!(attach("sdc1", "", "3333"), "Drive");
    assert_eq!(attach("sdd1", "..", "4444"), "Drive-2");
    assert_eq!(attach("sde1", "a/b", "5555"), "a_b");
    assert_eq!(attach("sdf1", "-rf", ""), "-rf");
    for device in ["sda1", "sdb1"] {
        assert!(machine.drive("detach", device));
    }
    // In the other order.
    assert_eq!(attach("sda1", "Films", "2222"), "Films-2");
    // The name of one that is away is not given to another.
    assert_eq!(attach("sdg1", "Films", "6666"), "Films-3");
    assert_eq!(attach("sdb1", "Films", "1111"), "Films");
}

#[test]
fn a_drive_that_is_pulled_out_leaves_no_folder() {
    let machine = Machine::new();
    machine.attach("sda1", "exfat", "Photos", "1").unwrap();
    assert!(machine.drive("detach", "sda1"));
    assert!(machine.asked().contains("umount -l"), "{}", machine.asked());
    assert!(!machine.at("media/Photos").exists() && !machine.at("run/sda1").exists());
    assert!(machine.drive("detach", "sda1"));
}
