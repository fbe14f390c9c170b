//! Ten thousand broken files in one library: the daemon goes on, and so do its limits.
//! Never: a peer; nothing else reads the same files under the same conditions.

use std::time::{Duration, Instant};

use crate::hostile::{self, Watch};
use crate::house::House;
use crate::media;
use crate::report::{Report, Target};

const FILES: u32 = 10_000;
const LIMIT: Duration = Duration::from_secs(4 * 3600);

pub fn run(report: &mut Report) {
    let folder = crate::folder().join("broken");
    let _ = std::fs::remove_dir_all(&folder);
    media::copy(
        "h264_aac.mp4",
        &folder.join("Films/Whole (2020)/Whole (2020).mp4"),
    );
    hostile::write(&folder.join("Films/Broken"), 0..FILES);
    let mut house = House::over(&folder);
    let watch = Watch::over(house.pid(), &folder);
    let mut owner = house.owner();
    let start = Instant::now();
    let scan = house.wait_for_scan(&mut owner, LIMIT);
    let seconds = start.elapsed().as_secs_f64();
    let seen = watch.end();
    let whole = owner.get("/api/v1/items?query=whole&limit=5").json();
    let served = whole["items"][0]["title"] == "Whole";

    report.figure("broken files", "", &[f64::from(FILES)]);
    report.figure("scan, pictures and walks", "s", &[seconds]);
    report.figure(
        "files with a problem",
        "",
        &[scan["problems"].as_f64().unwrap_or_default()],
    );
    report.figure("worker processes used", "", &[seen.workers as f64]);
    report.target(
        "daemon ended",
        "times",
        &[f64::from(u8::from(!house.is_alive()))],
        Target::AtMost(0.0),
    );
    report.target(
        "longest time on one file",
        "s",
        &[seen.longest.as_secs_f64()],
        Target::AtMost(hostile::JOB_LIMIT.as_secs_f64()),
    );
    report.target(
        "the whole film is served",
        "",
        &[f64::from(u8::from(served))],
        Target::AtLeast(1.0),
    );
    let _ = std::fs::remove_dir_all(&folder);
}
