//! What a board file must be, tried on the files of this tree and on ones that are wrong.
//!
//! Never: a board that is no file of the tree.

use super::file::{BoardFile, FileError};
use std::fs;
use std::path::{Path, PathBuf};

fn boards() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("board");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_board_of_the_tree_is_read_and_written_alike() {
    let names: Vec<String> = boards()
        .iter()
        .map(|path| {
            let file = BoardFile::read_source(path).unwrap_or_else(|error| panic!("{error}"));
            let again = toml::to_string(&file).unwrap();
            assert_eq!(toml::from_str::<BoardFile>(&again).unwrap(), file);
            assert!(
                !file.tested.is_empty() && !file.sources.is_empty(),
                "{}",
                file.id
            );
            file.id
        })
        .collect();
    assert_eq!(
        names,
        ["qemu-virt", "rock64", "rockpro64", "rpi3", "rpi4", "rpi5"]
    );
}

/// A board file in which `from` stands as `to` is refused with `error`, at the line where that is.
fn check(from: &str, to: &str, error: &str) {
    let folder = tempfile::tempdir().unwrap();
    let source = boards()
        .into_iter()
        .find(|path| path.ends_with("rpi4.toml"))
        .unwrap();
    let text = fs::read_to_string(&source).unwrap();
    assert!(text.contains(from), "{from}");
    fs::copy(
        source.with_file_name("rpi4.config.txt"),
        folder.path().join("rpi4.config.txt"),
    )
    .unwrap();
    let path = folder.path().join("rpi4.toml");
    let text = text.replacen(from, to, 1);
    fs::write(&path, &text).unwrap();
    let found = BoardFile::read_source(&path).unwrap_err();
    let FileError::Content { line, .. } = &found else {
        panic!("{found}");
    };
    let text: Vec<&str> = text.lines().collect();
    assert!(
        text[line - 1].contains(to.lines().last().unwrap()),
        "{found}"
    );
    let found = found.to_string();
    let found = found
        .strip_prefix(&format!("{}, line {line}, ", path.display()))
        .unwrap();
    assert!(found.starts_with(error), "{found}");
}

#[test]
fn what_is_wrong_in_a_board_file_is_named_with_its_line() {
    check("soc = ", "socket = ", "socket: unknown field `socket`");
    check(
        "segment_cache_mib = 256",
        "segment_cache_mib = \"256\"",
        "segment_cache_mib: invalid type: string",
    );
    check(
        "segment_cache_mib = 256",
        "segment_cache_mib = 7",
        "segment_cache_mib: 7, but must be 8 to 4096",
    );
    check(
        "id = \"rpi4\"",
        "id = \"rpi5\"",
        "id: \"rpi5\", but the file is named otherwise",
    );
    check(
        "module = \"bcm2835_wdt\"",
        "module = \"bcm2835-wdt\"",
        "module: \"bcm2835-wdt\", but must be the name of a module",
    );
    check(
        "file = \"broadcom/",
        "file = \"../broadcom/",
        "file: \"../broadcom/",
    );
    check(
        "kernel_address = 0x08000000",
        "kernel_address = 0x08080000",
        "kernel_address: 134742016, but must be a multiple of 2 MiB",
    );
    check(
        "place = { file = { to = \"u-boot.bin\" } }",
        "place = { raw = { offset_bytes = 100 } }",
        "place: 100, but must be a multiple of 512",
    );
    check(
        "suite = \"trixie\"",
        "suite = \"sid\"",
        "suite: unknown variant `sid`",
    );
    check(
        "beside = \"rpi4.config.txt\"",
        "beside = \"absent.txt\"",
        "{ to: there is no file ",
    );
}

#[test]
fn a_board_file_that_is_not_there_is_named() {
    let error = BoardFile::read_source(Path::new("/nowhere/rpi9.toml")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("/nowhere/rpi9.toml cannot be read: "),
        "{error}"
    );
}

#[test]
fn the_table_for_people_says_what_the_files_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("README.md")).unwrap();
    for path in boards() {
        let file = BoardFile::read(&path).unwrap();
        let name = format!("`{}`", file.id);
        let row = table
            .lines()
            .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
            .find(|row| row.get(2) == Some(&name.as_str()))
            .expect("a row of the table");
        let transcodes = if file.hardware_transcode() {
            "yes"
        } else {
            "no"
        };
        assert_eq!(row[6], transcodes, "{}", file.id);
        let is_shown = file
            .tested
            .iter()
            .any(|tested| !tested.on.starts_with("no"));
        assert_eq!(!row[7].starts_with("no"), is_shown, "{}", file.id);
    }
}
