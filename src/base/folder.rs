//! A folder of numbered files, each written whole or not at all.
//!
//! Never: a panic, whatever lies in the folder: the hook of a panic writes here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const ENDING: &str = "report";
/// The ending of a file that is not whole yet.
const UNFINISHED: &str = "new";

/// Files `1.report`, `2.report` and so on, which only their owner may read.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at `path`; it is made with the first file.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The numbers of its files, ascending.
    ///
    /// # Errors
    /// The operating system's own; a folder that is not there is empty.
    pub fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers: Vec<u64> = self
            .files()?
            .iter()
            .filter_map(|file| number(file))
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// The operating system's own; `InvalidData` for more than `most_bytes`.
    pub fn read(&self, number: u64, most_bytes: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = most_bytes as u64;
        let file = File::open(self.path(number, ENDING))?;
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() > most_bytes {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(bytes)
    }

    /// Writes a file; after a power cut it is there with all its bytes, or not there.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn write(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        let unfinished = self.path(number, UNFINISHED);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(number, ENDING))?;
        self.sync()
    }

    /// Removes a file; one that is not there already is fine.
    ///
    /// # Errors
    /// The operating system's own.
    pub fn remove(&self, number: u64) -> io::Result<()> {
        remove(&self.path(number, ENDING))?;
        self.sync()
    }

    /// Removes everything, unfinished files and those of others too.
    ///
    /// # Errors
    /// The operating system's own, after all that can go is gone.
    pub fn clear(&self) -> io::Result<()> {
        let files = self.files()?;
        if files.is_empty() {
            return Ok(());
        }
        let removed = files.iter().map(|file| remove(file));
        removed.fold(Ok(()), io::Result::and)?;
        self.sync()
    }

    fn path(&self, number: u64, ending: &str) -> PathBuf {
        self.0.join(format!("{number}.{ending}"))
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(&self.0) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn sync(&self) -> io::Result<()> {
        match File::open(&self.0) {
            Ok(folder) => folder.sync_all(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The number of a file in its one spelling.
fn number(file: &Path) -> Option<u64> {
    let number: u64 = file.file_stem()?.to_str()?.parse().ok()?;
    let name = format!("{number}.{ENDING}");
    (file.file_name()?.to_str()? == name).then_some(number)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_kept_by_number_for_their_owner_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("below/kept");
        let folder = Folder::new(path.clone());
        assert_eq!(folder.numbers().unwrap(), Vec::<u64>::new());
        folder.clear().unwrap();
        folder.remove(3).unwrap();
        for number in [10, 9, 2] {
            folder.write(number, b"12345").unwrap();
        }
        folder.write(9, b"6").unwrap();
        assert_eq!(folder.numbers().unwrap(), [2, 9, 10]);
        assert_eq!(folder.read(9, 5).unwrap(), b"6");
        assert_eq!(folder.read(10, 5).unwrap(), b"12345");
        assert!(folder.read(10, 4).is_err());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("2.report"))), (0o700, 0o600));
        folder.remove(9).unwrap();
        assert_eq!(folder.numbers().unwrap(), [2, 10]);
    }

    #[test]
    fn what_is_unfinished_or_strange_does_not_count_and_goes_with_the_rest() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::new(scratch.path().to_owned());
        for strange in [
            "7.new",
            "07.report",
            "+8.report",
            "a.report",
            "9.report.bak",
        ] {
            fs::write(scratch.path().join(strange), b"x").unwrap();
        }
        assert_eq!(folder.numbers().unwrap(), Vec::<u64>::new());
        folder.write(1, b"y").unwrap();
        folder.clear().unwrap();
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    }
}
