//! Libraries and the folders they are made of.
//!
//! Never: items.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Id;
use super::item::ItemProblem;

/// What the files of a library are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LibraryKind {
    Films,
    Series,
    Music,
    Photos,
    HomeVideos,
    /// Sorted by what each file is.
    Mixed,
}

/// A library's name.
#[derive(Debug, Serialize, ToSchema)]
pub struct LibraryRef {
    pub id: Id,
    pub name: String,
    pub kind: LibraryKind,
}

/// A folder of media.
#[derive(Debug, Serialize, ToSchema)]
pub struct Library {
    pub id: Id,
    pub name: String,
    pub kind: LibraryKind,
    /// Null for people who may not change it.
    pub path: Option<String>,
    /// False while the folder is away; its items wait.
    pub available: bool,
    /// Items that lie at the top of it.
    pub item_count: u64,
    pub problem: Option<ItemProblem>,
}

/// A library to make, or what it shall become.
#[derive(Debug, Deserialize, ToSchema)]
pub struct LibraryRequest {
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    pub kind: LibraryKind,
    /// Absolute path of a folder on the server.
    #[schema(min_length = 1, max_length = 4096)]
    pub path: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FoldersParams {
    /// Absolute path; the places where media usually is when absent.
    #[param(max_length = 4096)]
    pub path: Option<String>,
}

/// A folder of the server and the folders in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Folders {
    pub path: String,
    /// Null at the top.
    pub parent: Option<String>,
    /// True where the folders are the attached drives.
    pub drives: bool,
    pub folders: Vec<Folder>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Folder {
    pub name: String,
    pub path: String,
}
