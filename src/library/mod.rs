//! What is in the folders: scan, watch, names, items, pictures.
//!
//! Never: writing to media; SQL; libav; the network.

mod api;
mod error;
mod source;
mod types;

pub use crate::db::items::{
    ArtKind, ArtRef, Aspect, Details, FileId, ItemId, ItemKind, ItemQuery, ItemSummary, Letter,
    LibraryId, LibraryKind, Page, ParentRef, Person, Problem, Progress, Sort, UserId,
};
pub use api::Library;
pub use error::LibraryError;
pub use types::{
    ArtSize, Artwork, BrowsedFolder, Folders, Home, HomeShelf, ItemDetail, LibraryConfig,
    LibraryEvent, LibraryInfo, LibraryTasks, LongTask, ProblemRow, ScanPhase, ScanRequest,
    ScanState, ScanStatus, Source, SourceFile, SubtitleRef,
};
