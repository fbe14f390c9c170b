//! The units of the image: whether systemd understands them, and how closed the server's is.
//!
//! Never: starting one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::{overlay, works};

/// Most that systemd-analyze(1) may find exposed of the server.
const MOST_EXPOSED: f64 = 2.0;

fn analyze(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new("systemd-analyze")
        .args(arguments)
        .current_dir(folder)
        .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.display()))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{text}");
    text
}

/// The units of the overlay, with programs of the overlay itself and `true` for those of packages.
fn units() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let overlay = overlay();
    let own = overlay.join("usr/libexec/alcove/");
    for entry in fs::read_dir(overlay.join("etc/systemd/system")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() || path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text
            .replace("/usr/libexec/alcove/", own.to_str().unwrap())
            .replace("/usr/bin/alcove ", "/bin/true ");
        fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    folder
}

#[test]
fn systemd_understands_every_unit() {
    if !works("systemd-analyze", &["--version"]) {
        return;
    }
    let folder = units();
    // Of packages that this machine may lack.
    fs::write(
        folder.path().join("nftables.service"),
        "[Service]\nExecStart=/bin/true\n",
    )
    .unwrap();
    let units = fs::read_dir(folder.path()).unwrap();
    let units = units.map(|unit| {
        unit.unwrap()
            .file_name()
            .into_string()
            .unwrap()
            .replace("@.", "@sda1.")
    });
    let mut paths: Vec<String> = units.map(|unit| format!("./{unit}")).collect();
    paths.sort();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let said = analyze(
        &[&["verify", "--man=no"], &paths[..]].concat(),
        folder.path(),
    );
    let own: Vec<&str> = said
        .lines()
        .filter(|line| line.contains(folder.path().to_str().unwrap()))
        .collect();
    assert!(own.is_empty(), "{own:#?}");
}

#[test]
fn the_server_can_do_little_else_than_serve() {
    if !works("systemd-analyze", &["security", "--help"]) {
        return;
    }
    let folder = units();
    let said = analyze(
        &[
            "security",
            "--offline=true",
            "--no-pager",
            "./alcove.service",
        ],
        folder.path(),
    );
    let last = said
        .lines()
        .find(|line| line.contains("Overall exposure level"))
        .expect("a verdict");
    let level = last
        .split(": ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    let level: f64 = level.unwrap().parse().unwrap();
    assert!(level <= MOST_EXPOSED, "{said}");
}

#[test]
fn no_unit_offers_a_login() {
    let folder = overlay().join("etc/systemd/system");
    for unit in [
        "getty.target",
        "getty@.service",
        "serial-getty@.service",
        "console-getty.service",
        "debug-shell.service",
    ] {
        let target = fs::read_link(folder.join(unit)).unwrap();
        assert_eq!(target, Path::new("/dev/null"), "{unit}");
    }
    for unit in ["emergency.service", "rescue.service"] {
        let text = fs::read_to_string(folder.join(unit)).unwrap();
        assert!(
            text.contains("systemctl --force reboot") && !text.contains("sulogin"),
            "{unit}"
        );
    }
}

#[test]
fn what_the_units_start_is_a_program() {
    for entry in fs::read_dir(overlay().join("usr/libexec/alcove")).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{}", path.display());
        let read = Command::new("sh").arg("-n").arg(&path).status().unwrap();
        assert!(read.success(), "{}", path.display());
    }
}
