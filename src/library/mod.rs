//! What is in the folders: scan, watch, names, items, pictures.
//!
//! Never: writing to media; SQL; libav; the network.

mod api;
mod arrange;
mod artwork;
mod background;
mod beside;
mod diff;
mod disk;
mod error;
mod fingerprint;
mod folders;
mod follow;
mod formats;
mod grids;
mod inner;
mod kept;
mod naming;
mod nfo;
mod prepare;
mod problem;
mod read;
mod scan;
mod source;
mod status;
mod store;
mod subtitles;
mod tags;
mod tasks;
mod types;
mod unsettled;
mod walk;
mod watcher;

pub use crate::db::items::{
    ArtKind, ArtRef, Aspect, Details, FileId, ItemId, ItemKind, ItemQuery, ItemSummary, Letter,
    LibraryId, LibraryKind, Page, ParentRef, Person, Problem, Progress, Sort, UserId,
};
pub use api::Library;
pub use disk::{Disk, DiskError, Disks};
pub use error::LibraryError;
pub use types::{
    ArtSize, Artwork, BrowsedFolder, Folders, Home, HomeShelf, ItemDetail, LibraryConfig,
    LibraryEvent, LibraryInfo, LibraryTasks, LongTask, Original, ProblemRow, ScanPhase,
    ScanRequest, ScanState, ScanStatus, Source, SourceFile, SubtitleRef,
};
