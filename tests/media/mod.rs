//! Media for tests: asks `make.sh` for a file by name and keeps what it made under `target/test-media`.
//! Never: a download, or a file that is kept after its recipe changed.
//!
//! Use it with `#[path = "media/mod.rs"] mod media;` from a file in `tests/`.
#![allow(dead_code)] // each test program uses a part

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

const SCRIPT: &str = concat!(include_str!("make.sh"), include_str!("exif.sh"));

/// The file that recipe `name` makes, for reading only; made on first use and shared by all tests.
///
/// Two tests may make the same file at once: each writes its own copy and renames it into place, so nobody sees half.
pub fn file(name: &str) -> PathBuf {
    let folder = kept_folder();
    let path = folder.join(name);
    if path.exists() {
        return path;
    }
    std::fs::create_dir_all(&folder).expect("the folder of test media can be made");
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let own = format!(
        "{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    // The number goes in front: ffmpeg chooses the container by the end of the name.
    let part = folder.join(format!(".{own}-{name}"));
    make(name, &part);
    std::fs::rename(&part, &path).expect("a file just made can be renamed");
    path
}

/// Copies recipe `name` to `to`, making the folders on the way; for tests that change or move the file.
pub fn copy(name: &str, to: &Path) {
    let from = file(name);
    let parent = to.parent().expect("a file lies in a folder");
    std::fs::create_dir_all(parent).expect("folders of a test library can be made");
    std::fs::copy(&from, to).expect("test media can be copied");
    lay(to);
}

/// Dates a file an hour back: one that changed a moment ago counts as still being written, and a scan comes back later.
pub fn lay(path: &Path) {
    let file = std::fs::File::options()
        .write(true)
        .open(path)
        .expect("a file just made can be opened");
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    file.set_modified(earlier)
        .expect("a file's date can be set");
}

/// Every recipe's name.
pub fn names() -> Vec<String> {
    let output = Command::new(script())
        .arg("--list")
        .output()
        .expect("make.sh runs");
    assert!(output.status.success(), "make.sh --list failed");
    String::from_utf8(output.stdout)
        .expect("names are ASCII")
        .lines()
        .map(str::to_owned)
        .collect()
}

fn make(name: &str, to: &Path) {
    let output = Command::new(script())
        .arg(name)
        .arg(to)
        .output()
        .expect("make.sh runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make.sh {name} failed: {words}");
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media/make.sh")
}

/// One folder for each version of the script, so that a changed recipe is made again.
fn kept_folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    SCRIPT.hash(&mut hasher);
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("target/test-media/{:016x}", hasher.finish()))
}
