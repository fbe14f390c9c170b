//! The folders of the library.
//!
//! Never: changing what lies in them.

use std::path::Path;

use axum::Json as Answer;
use axum::extract::State;
use http::StatusCode;

use crate::auth::Role;
use crate::http::app::Shared;
use crate::http::extract::{ItemPath, Json, Query};
use crate::http::guard::{Owner, Someone};
use crate::http::problem::Problem;
use crate::http::types::Id;
use crate::http::types::library::{Folders, FoldersParams, Library, LibraryRequest};
use crate::library::{LibraryError, LibraryId};

/// Longest path that Linux takes.
const MAX_PATH_BYTES: usize = 4096;
const NO_PATH: &str = "That is no path of a folder.";

/// All libraries.
#[utoipa::path(get, path = "/api/v1/libraries",
    tag = "libraries",
    operation_id = "libraries_list",
    responses(
        (status = 200, body = [Library], description = "In the order they were made."),
    ),
)]
pub async fn list(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Result<Answer<Vec<Library>>, Problem> {
    let with_path = session.role == Role::Owner;
    let libraries = app.rooms.library.libraries().await?;
    Ok(Answer(
        libraries
            .into_iter()
            .map(|one| Library::from_info(one, with_path))
            .collect(),
    ))
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
pub async fn create(
    State(app): State<Shared>,
    _: Owner,
    Json(request): Json<LibraryRequest>,
) -> Result<(StatusCode, Answer<Library>), Problem> {
    let path = in_body(&request.path)?;
    let made = app
        .rooms
        .library
        .add_library(&request.name, request.kind.into(), path)
        .await?;
    Ok((StatusCode::CREATED, Answer(Library::from_info(made, true))))
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
pub async fn change(
    State(app): State<Shared>,
    _: Owner,
    ItemPath(id): ItemPath,
    Json(request): Json<LibraryRequest>,
) -> Result<Answer<Library>, Problem> {
    let path = in_body(&request.path)?;
    let library = &app.rooms.library;
    let changed = library
        .change_library(LibraryId(id.0), &request.name, request.kind.into(), path)
        .await?;
    Ok(Answer(Library::from_info(changed, true)))
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
pub async fn remove(
    State(app): State<Shared>,
    _: Owner,
    ItemPath(id): ItemPath,
) -> Result<StatusCode, Problem> {
    app.rooms.library.remove_library(LibraryId(id.0)).await?;
    Ok(StatusCode::NO_CONTENT)
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
pub async fn folders(
    State(app): State<Shared>,
    _: Owner,
    Query(params): Query<FoldersParams>,
) -> Result<Answer<Folders>, Problem> {
    let path = match params.path.as_deref() {
        Some(path) => Some(
            checked(path)
                .ok_or_else(|| Problem::bad_request("invalid_path", NO_PATH))?
                .to_owned(),
        ),
        None => None,
    };
    match app.rooms.library.browse_folders(path).await {
        Ok(folders) => Ok(Answer(folders.into())),
        Err(LibraryError::NoFolder | LibraryError::FolderUnreadable) => Err(Problem::not_found()),
        Err(LibraryError::NotAbsolute) => Err(Problem::bad_request(
            "path_not_absolute",
            "The path must begin with a slash.",
        )),
        Err(other) => Err(other.into()),
    }
}

/// A path that the kernel can be asked about at all.
fn checked(path: &str) -> Option<&Path> {
    let fits = !path.is_empty() && path.len() <= MAX_PATH_BYTES && !path.contains('\0');
    fits.then(|| Path::new(path))
}

fn in_body(path: &str) -> Result<&Path, Problem> {
    checked(path).ok_or_else(|| Problem::invalid("invalid_path", NO_PATH))
}
