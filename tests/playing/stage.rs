//! Makes a whole playback in a folder, the way a player would fetch it.
//!
//! Never: a shortcut past the sessions.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alcove::media::client::ClientProfile;
use alcove::media::grid::SegmentGrid;
use alcove::media::info::MediaInfo;
use alcove::media::job::{IndexEffort, Job, Output, ProbeKind};
use alcove::pool::{Lane, Pool, PoolConfig};
use alcove::transcode::backend::Software;
use alcove::transcode::capacity::{Capacity, CoreKind};
use alcove::transcode::decide::{Limits, Question, Verdict, decide};
use alcove::transcode::playbacks::Playbacks;
use alcove::transcode::playlist;
use alcove::transcode::session::{Part, Rendition, SessionKey, Sessions, SessionsConfig};
use alcove::transcode::source::{Source, regular_grid};
use tokio_util::sync::CancellationToken;

const KEY: SessionKey<'_> = SessionKey {
    owner: 1,
    playback: "test",
};

/// A playback that lies in a folder, complete.
pub struct Played {
    pub folder: tempfile::TempDir,
    pub info: Arc<MediaInfo>,
    pub verdict: Verdict,
    grid: Arc<SegmentGrid>,
}

/// Fetches every playlist and every part of `film` for `client`.
pub async fn played(film: &Path, client: &ClientProfile) -> Played {
    let config = SessionsConfig {
        cache_bytes: 64 << 20,
        parallel_jobs: 2,
        capacity: Capacity::guess(8, CoreKind::Large),
    };
    let pool = Pool::new(PoolConfig {
        program: PathBuf::from(env!("CARGO_BIN_EXE_alcove-worker")),
        size: config.most_workers(),
        address_space_bytes: 2 << 30,
    });
    let info = Arc::new(probe(&pool, film).await);
    let stored = index(&pool, film, &info).await;
    let verdict = decide(&Question {
        info: &info,
        client,
        limits: &Limits::default(),
        capacity: &config.capacity,
        grid: stored.as_ref(),
        audio_stream: None,
    })
    .expect("a playable film");
    let grid = stored.unwrap_or_else(|| regular_grid(&info).expect("a length"));
    let path = film.to_owned();
    let source = Source::new(
        Arc::new(move || Box::pin(std::future::ready(File::open(&path)))),
        1,
        1,
        Arc::clone(&info),
        Arc::new(grid.clone()),
    );
    let (playbacks, _) = Playbacks::new();
    let backend = Arc::new(Software::new(pool.clone()));
    let sessions = Sessions::new(backend, config, playbacks);
    let end = CancellationToken::new();
    let folder = tempfile::tempdir().expect("a scratch folder");
    let fetching = async {
        fetch_all(&sessions, &source, &verdict, folder.path()).await;
        end.cancel();
    };
    tokio::join!(sessions.run(end.clone()), fetching);
    pool.close().await;
    Played {
        folder,
        info,
        verdict,
        grid: Arc::new(grid),
    }
}

async fn fetch_all(sessions: &Sessions, source: &Source, verdict: &Verdict, folder: &Path) {
    let plan = &verdict.plan;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a part is written");
    };
    let main = playlist::multivariant(plan, &source.info, &[]);
    write("main.m3u8", main.as_bytes());
    let pictures = plan
        .video
        .iter()
        .map(|_| (Rendition::Video(0), "v/0".to_owned()));
    let sounds = plan.audio.iter();
    let sounds = sounds.map(|a| (Rendition::Audio(a.stream), format!("a/{}", a.stream)));
    for (rendition, name) in pictures.chain(sounds) {
        write(
            &format!("{name}/index.m3u8"),
            playlist::media(source.grid()).as_bytes(),
        );
        let count = u32::try_from(source.grid().len()).expect("a short film");
        let segments = (0..count).map(|k| (Part::Segment(k), format!("{k}.m4s")));
        for (part, file) in std::iter::once((Part::Init, "init.mp4".to_owned())).chain(segments) {
            let bytes = sessions.part(KEY, source, plan, rendition, part).await;
            let bytes = bytes.unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
            write(&format!("{name}/{file}"), &bytes);
        }
    }
}

async fn probe(pool: &Pool, film: &Path) -> MediaInfo {
    let job = Job::Probe {
        kind: ProbeKind::Video,
    };
    match pool.collect(Lane::Scan, job, open(film)).await {
        Ok((Output::Info(info), _)) => *info,
        other => panic!("{}: {other:?}", film.display()),
    }
}

/// The grid that the library would keep; `None` where the container has no index.
async fn index(pool: &Pool, film: &Path, info: &MediaInfo) -> Option<SegmentGrid> {
    let job = Job::Index {
        stream: info.video.first()?.stream,
        effort: IndexEffort::ContainerOnly,
    };
    match pool.collect(Lane::Scan, job, open(film)).await {
        Ok((Output::Keyframes(index), _)) => SegmentGrid::from_keyframes(&index).ok(),
        _ => None,
    }
}

fn open(film: &Path) -> Vec<OwnedFd> {
    vec![OwnedFd::from(File::open(film).expect("the film opens"))]
}

/// The source's time that is the player's zero, in seconds.
pub fn source_start(played: &Played) -> f64 {
    played.grid.origin() as f64 * played.grid.time_base.as_f64()
}
