//! The daemon survives files made to break it, and still serves the good ones.
//! Never: all ten thousand; `image/dev bench hostile` runs those.

#[path = "hostile/mod.rs"]
mod hostile;
#[path = "house/mod.rs"]
mod house;
#[path = "media/mod.rs"]
mod media;

use std::time::Duration;

use house::House;

/// Each seed with every kind of damage, about twice.
const SLICE: u32 = 400;

#[test]
fn a_folder_of_broken_files_costs_no_restart_and_no_worker_outlives_its_limit() {
    let folder = tempfile::tempdir().expect("a scratch folder can be made");
    media::copy(
        "h264_aac.mp4",
        &folder.path().join("Films/Whole (2020)/Whole (2020).mp4"),
    );
    hostile::write(&folder.path().join("Films/Broken"), 0..SLICE);
    let mut house = House::over(folder.path());
    let watch = hostile::Watch::over(house.pid(), folder.path());
    let mut owner = house.owner();
    let scan = house.wait_for_scan(&mut owner, Duration::from_secs(240));
    let seen = watch.end();
    assert!(house.is_alive(), "the daemon ended:\n{}", house.log());
    assert!(
        seen.longest < hostile::JOB_LIMIT,
        "{} was open for {:?}",
        seen.longest_file,
        seen.longest
    );
    assert!(
        scan["problems"].as_u64() > Some(0),
        "some of the files cannot be read: {scan}"
    );
    let found = owner.get("/api/v1/items?query=whole&limit=5").json();
    assert_eq!(found["items"][0]["title"], "Whole", "{found}");
}

#[test]
fn damage_depends_on_the_number_alone_and_changes_the_bytes() {
    let bytes: Vec<u8> = (0..4000_u32).map(|n| n.to_le_bytes()[0]).collect();
    for number in 0..200 {
        assert_eq!(
            hostile::broken(&bytes, number),
            hostile::broken(&bytes, number)
        );
    }
    let changed = (0..200)
        .filter(|&number| hostile::broken(&bytes, number) != bytes)
        .count();
    assert!(changed > 180, "{changed} of 200 differ");
}
