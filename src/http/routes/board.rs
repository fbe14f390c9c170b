//! The machine.
//!
//! Never: policy.

use axum::Json;
use axum::extract::State;
use futures_util::future::join_all;

use crate::auth::Role;
use crate::http::app::Shared;
use crate::http::guard::Someone;
use crate::http::problem::Problem;
use crate::http::types::board::{Board, CodecDevice, Image, Sandbox, Storage};

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
    let looked = tokio::task::spawn_blocking(move || {
        let file = board.file().inspect_err(|error| log::warn!("{error}"));
        (board.look(), board.codec_devices(), file.ok().flatten())
    });
    let (now, codecs, file) = looked.await.map_err(|error| Problem::internal(&error))?;
    let mut storage = Vec::new();
    if session.role == Role::Owner {
        let libraries = rooms.library.libraries().await?.into_iter();
        let folders = libraries.map(|library| library.path);
        let folders = std::iter::once(rooms.state_dir.clone()).chain(folders);
        // One that hangs is left out.
        let found = folders.map(|folder| {
            let disk = rooms.library.disk(&folder);
            async move { disk.run(move || crate::board::disk_of(&folder)).await }
        });
        let found = join_all(found).await;
        storage = crate::board::each_once(found.into_iter().flatten().flatten());
    }
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
        image: file.map(|file| Image {
            hardware_transcode: file.hardware_transcode(),
            board: file.id,
            name: file.name,
        }),
        codec_devices: codecs
            .into_iter()
            .map(|found| CodecDevice {
                device: found.device,
                name: found.name,
            })
            .collect(),
        sessions: u32::try_from(rooms.sessions.list().len()).unwrap_or(u32::MAX),
    }))
}
