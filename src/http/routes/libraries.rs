//! The folders of the library.
//!
//! Never: changing what lies in them.

use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::library::{Folders, FoldersParams, Library, LibraryRequest};

/// All libraries.
#[utoipa::path(get, path = "/api/v1/libraries",
    tag = "libraries",
    operation_id = "libraries_list",
    responses(
        (status = 200, body = [Library], description = "In the order they were made."),
    ),
)]
pub async fn list() -> Problem {
    Problem::not_found()
}

/// Makes a library; its scan begins.
#[utoipa::path(post, path = "/api/v1/libraries",
    tag = "libraries",
    operation_id = "libraries_create",
    request_body = LibraryRequest,
    responses(
        (status = 201, body = Library, description = "Made."),
        (status = 409, description = "The folder already belongs to a library."),
    ),
)]
pub async fn create() -> Problem {
    Problem::not_found()
}

/// Changes a library.
#[utoipa::path(put, path = "/api/v1/libraries/{id}",
    tag = "libraries",
    operation_id = "libraries_change",
    params(("id" = inline(Id), Path)),
    request_body = LibraryRequest,
    responses(
        (status = 200, body = Library, description = "As it is now."),
        (status = 409, description = "The folder already belongs to a library."),
    ),
)]
pub async fn change() -> Problem {
    Problem::not_found()
}

/// Forgets a library and its items; the files stay.
#[utoipa::path(delete, path = "/api/v1/libraries/{id}",
    tag = "libraries",
    operation_id = "libraries_remove",
    params(("id" = inline(Id), Path)),
    responses(
        (status = 204, description = "Forgotten."),
    ),
)]
pub async fn remove() -> Problem {
    Problem::not_found()
}

/// Folders of the server to choose from.
#[utoipa::path(get, path = "/api/v1/folders",
    tag = "libraries",
    operation_id = "libraries_folders",
    params(FoldersParams),
    responses(
        (status = 200, body = Folders, description = "The folder."),
        (status = 403, description = "Only the owner may."),
        (status = 404, description = "There is no such folder, or it may not be read."),
    ),
)]
pub async fn folders() -> Problem {
    Problem::not_found()
}
