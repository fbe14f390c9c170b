//! The machine.
//!
//! Never: policy.

use axum::Json;
use axum::extract::State;

use crate::auth::Role;
use crate::http::app::Shared;
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::board::{Board, Sandbox, Storage};

/// What machine this is and how it does.
#[utoipa::path(get, path = "/api/v1/board",
    tag = "board",
    responses(
        (status = 200, body = Board, description = "The machine."),
    ),
)]
pub async fn board(
    State(app): State<Shared>,
    Someone(session): Someone,
) -> Result<Json<Board>, Problem> {
    let rooms = &app.rooms;
    let board = rooms.board.clone();
    let mut folders = Vec::new();
    if session.role == Role::Owner {
        let libraries = rooms.library.libraries().await?.into_iter();
        folders.push(rooms.state_dir.clone());
        folders.extend(libraries.map(|library| library.path));
    }
    // A disk that is gone may keep a question waiting.
    let (now, storage) =
        tokio::task::spawn_blocking(move || (board.look(), crate::board::storage(&folders)))
            .await
            .map_err(|error| Problem::internal(&error))?;
    let layers = rooms.pool.sandbox();
    Ok(Json(Board {
        model: now.model,
        arch: std::env::consts::ARCH.to_owned(),
        kernel: now.kernel,
        memory_bytes: now.memory_bytes,
        memory_available_bytes: now.memory_available_bytes,
        cores: now.cores,
        load: now.load.map(Vec::from),
        temperature_c: now.temperature_c,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ffmpeg: rooms.pool.ffmpeg(),
        sandbox: layers.map(|layers| Sandbox {
            no_new_privs: layers.no_new_privs,
            seccomp: layers.seccomp,
            landlock: layers.landlock,
        }),
        uptime_s: now.uptime_s,
        storage: storage
            .into_iter()
            .map(|disk| Storage {
                path: disk.path.to_string_lossy().into_owned(),
                total_bytes: disk.total_bytes,
                free_bytes: disk.free_bytes,
            })
            .collect(),
        sessions: u32::try_from(rooms.sessions.list().len()).unwrap_or(u32::MAX),
    }))
}
