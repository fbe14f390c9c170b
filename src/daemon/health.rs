//! Tries the parts that a version must have before it may stay: the page, the database, a worker that encodes.
//!
//! `sample.mp4` is one second of FFmpeg's own `testsrc2` in MPEG-4, five pictures of 64 x 48.
//!
//! Never: a number that says how fast; anything left behind but the version's name in the database.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, memfd_create};

use crate::db::{Db, DbError, settings};
use crate::http::Page;
use crate::media::grid::SegmentGrid;
use crate::media::job::{IndexEffort, Job, Output, VideoSpec};
use crate::media::target::{H264Target, Preset, VideoTarget};
use crate::pool::{Lane, Pool};
use crate::update::health::{Judging, Parts};

const SAMPLE: &[u8] = include_bytes!("sample.mp4");
/// Under this name the database remembers which version was able to write it.
const WRITTEN: &str = "checked_version";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Stands at the beginning of every chunk of pictures (ISO/IEC 14496-12).
const CHUNK: &[u8] = b"moof";

/// The parts of this daemon.
pub(super) struct Trial {
    pub(super) page: Page,
    pub(super) db: Db,
    pub(super) pool: Pool,
}

impl Parts for Trial {
    fn page(&self) -> Judging<'_> {
        Box::pin(self.page.answers())
    }

    fn database(&self) -> Judging<'_> {
        Box::pin(async {
            let kept = async {
                self.db
                    .write(|conn| settings::set(conn, WRITTEN, VERSION))
                    .await?;
                self.db.read(|conn| settings::get(conn, WRITTEN)).await
            };
            match kept.await.map_err(|error: DbError| error.to_string())? {
                Some(kept) if kept == VERSION => Ok(()),
                _ => Err("it does not keep what is written".into()),
            }
        })
    }

    fn encode(&self) -> Judging<'_> {
        Box::pin(async { encode(&self.pool).await.map_err(|error| error.to_string()) })
    }
}

/// Has a worker look into the sample and make a segment of it, as for a viewer.
async fn encode(pool: &Pool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let index = Job::Index {
        stream: 0,
        effort: IndexEffort::Walk,
    };
    let (output, _) = pool.collect(Lane::Viewer, index, vec![sample()?]).await?;
    let Output::Keyframes(keyframes) = output else {
        return Err("no keyframes were found".into());
    };
    let spec = VideoSpec {
        stream: 0,
        grid: SegmentGrid::from_keyframes(&keyframes)?,
        target: VideoTarget::H264(H264Target {
            width: 64,
            height: 48,
            crf: 30,
            max_rate_kbps: 200,
            preset: Preset::Ultrafast,
            frame_rate: None,
            deinterlace: false,
            level: 30,
        }),
    };
    let job = Job::VideoSegment { spec, index: 0 };
    let (_, segment) = pool.collect(Lane::Viewer, job, vec![sample()?]).await?;
    if segment.windows(CHUNK.len()).any(|window| window == CHUNK) {
        Ok(())
    } else {
        Err("the segment holds no pictures".into())
    }
}

fn sample() -> io::Result<OwnedFd> {
    let descriptor = memfd_create("sample", MemfdFlags::CLOEXEC)?;
    let mut file = File::from(descriptor);
    file.write_all(SAMPLE)?;
    Ok(file.into())
}
