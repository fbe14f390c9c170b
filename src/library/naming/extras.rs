//! What lies beside films without being one: samples, trailers, bonus, and folders of the system.
//!
//! Never: a decision about music or photos, which have no extras.

use super::NamePath;
use super::words::normalise;

const EXTRA_FOLDERS: &[&str] = &[
    "extras",
    "extra",
    "featurettes",
    "featurette",
    "trailers",
    "trailer",
    "sample",
    "samples",
    "behind the scenes",
    "deleted scenes",
    "interviews",
    "bonus",
    "bonus features",
    "backdrops",
    "theme music",
];

/// Also categories that people use at the top of a library.
const INNER_EXTRA_FOLDERS: &[&str] = &["shorts", "other", "others", "scenes", "clips"];

const EXTRA_ENDINGS: &[&str] = &[
    "-trailer",
    "-sample",
    "-featurette",
    "-deleted",
    "-deletedscene",
    "-behindthescenes",
    "-interview",
    "-scene",
    "-short",
    "-other",
    "-extra",
    ".trailer",
    ".sample",
    "_trailer",
    "_sample",
    " trailer",
    " sample",
];

/// True for a video that belongs to another one.
pub(in crate::library) fn is_extra(path: &NamePath) -> bool {
    let inside = path.folders.iter().enumerate().any(|(depth, folder)| {
        let words = normalise(folder);
        EXTRA_FOLDERS.contains(&words.as_str())
            || (depth > 0 && INNER_EXTRA_FOLDERS.contains(&words.as_str()))
    });
    let stem = path.stem.to_lowercase();
    inside
        || matches!(stem.as_str(), "sample" | "trailer" | "theme")
        || stem.starts_with("sample-")
        || stem.starts_with("trailer-")
        || EXTRA_ENDINGS.iter().any(|ending| stem.ends_with(ending))
}

/// True for folders that no library shows: hidden ones and those of systems and NAS boxes.
pub(in crate::library) fn is_system_folder(name: &str) -> bool {
    name.starts_with('.')
        || name.starts_with("@eaDir")
        || matches!(
            name.to_ascii_lowercase().as_str(),
            "#recycle"
                | "#snapshot"
                | "$recycle.bin"
                | "lost+found"
                | "system volume information"
                | "__macosx"
                | "@tmp"
        )
}
