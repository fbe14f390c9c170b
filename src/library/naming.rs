//! What people's file and folder names say: titles, years, episodes, tracks, languages.
//!
//! Never: reading a file; a name that is certainly wrong, where no name would do.

pub(super) mod episode;
pub(super) mod extras;
pub(super) mod film;
pub(super) mod home_video;
pub(super) mod language;
pub(super) mod subtitle;
pub(super) mod track;
pub(super) mod words;

#[cfg(test)]
mod tests;

/// A file's place below its library's folder, as text; bytes that are not UTF-8 are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NamePath {
    /// From the library's folder down to the file's.
    pub(super) folders: Vec<String>,
    /// File name without its extension.
    pub(super) stem: String,
}

impl NamePath {
    /// Takes apart a path below the library's folder.
    pub(super) fn new(path: &[u8]) -> Self {
        let text = String::from_utf8_lossy(path);
        let mut folders: Vec<String> = text.split('/').map(str::to_owned).collect();
        let name = folders.pop().unwrap_or_default();
        let stem = match name.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
            _ => name,
        };
        Self { folders, stem }
    }

    /// The folder the file lies in; `None` directly in the library's folder.
    pub(super) fn folder(&self) -> Option<&str> {
        self.folders.last().map(String::as_str)
    }
}
