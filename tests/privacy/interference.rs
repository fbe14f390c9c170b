//! P3: what is not in a class cannot show, not in an answer, not in its bytes, not in their number.

use std::collections::HashMap;

use alcove::base::rational::Rational;
use alcove::base::week::Week;
use alcove::media::codec::{Container, VideoCodec};
use alcove::media::info::{Hdr, MediaInfo, PhotoInfo, VideoTrack};
use alcove::telemetry::class::{self, Facts, Metric, Playback, Sample};
use alcove::telemetry::draw::{Random, Reservoir, metrics_of_week};
use alcove::telemetry::report;
use alcove::transcode::classes::{self, Used};

use crate::build::catalogue::{File, Media};
use crate::build::chance::Seeded;
use crate::build::lens::Play;
use crate::build::world::World;
use crate::house::{LENS, MARGINALS};

const PAIRS: usize = 20_000;

impl Random for Seeded {
    fn next(&mut self) -> u64 {
        Seeded::next(self)
    }
}

pub fn week() -> Week {
    "2026-W47".parse().expect("a week")
}

/// What a probe would have found in a made-up file.
fn info(file: &File) -> MediaInfo {
    let video = VideoTrack {
        stream: 0,
        codec: VideoCodec::parse(&file.codec).unwrap_or(VideoCodec::Other),
        codec_string: None,
        width: file.width,
        height: file.width * 9 / 16,
        sample_aspect: Rational::new(1, 1),
        rotation_degrees: 0,
        frame_rate: Some(Rational::new(25, 1)),
        time_base: Rational::new(1, 1000),
        start_pts: Some(0),
        bit_depth: 8,
        interlaced: false,
        hdr: Hdr::Sdr,
        bit_rate_kbps: None,
        language: None,
        title: None,
        is_default: true,
    };
    let photo = PhotoInfo {
        width: 4000,
        height: 3000,
        orientation: 1,
        taken_at: None,
        camera: None,
    };
    MediaInfo {
        container: Container::Matroska,
        duration_ms: (file.media != Media::Photo).then_some(u64::from(file.length_s) * 1000),
        bit_rate_kbps: Some(file.kbps),
        video: if file.media == Media::Video {
            vec![video]
        } else {
            Vec::new()
        },
        audio: Vec::new(),
        subtitles: Vec::new(),
        chapters: Vec::new(),
        tags: vec![(
            "title".to_owned(),
            format!("a film of {} seconds", file.length_s),
        )],
        has_cover: false,
        photo: (file.media == Media::Photo).then_some(photo),
    }
}

fn any<T: Copy>(random: &mut Seeded, all: &[T]) -> T {
    all[random.below(all.len())]
}

pub fn any_facts(random: &mut Seeded) -> Facts {
    Facts {
        board_family: any(random, class::BoardFamily::ALL),
        memory: any(random, class::Memory::ALL),
        storage: any(random, class::Storage::ALL),
        throttling: any(random, class::Throttling::ALL),
        memory_pressure: any(random, class::MemoryPressure::ALL),
        channel: any(random, class::Channel::ALL),
        boot_time: any(random, class::BootTime::ALL),
    }
}

/// The playback of `file` as the daemon would tell it, with an outcome that depends on `random` alone.
pub fn playback(file: &File, random: &mut Seeded) -> Playback {
    let info = info(file);
    let used = Used {
        subtitles: file.has_subtitles,
        audio_tracks: file.has_audio_tracks,
    };
    Playback {
        media_kind: classes::media_kind(&info),
        video_codec: classes::video_codec(&info),
        resolution: classes::resolution(&info),
        bit_rate: classes::bit_rate(&info),
        length: classes::length(&info),
        feature: classes::feature(&info, used),
        client: any(random, class::Client::ALL),
        outcome: any(random, class::Outcome::ALL),
        backend: any(random, class::Backend::ALL),
        fallback: any(random, class::Fallback::ALL),
        real_time_factor: any(random, class::RealTimeFactor::ALL),
        first_segment: any(random, class::FirstSegment::ALL),
        stalls: any(random, class::Stalls::ALL),
    }
}

/// Everything that a box would send after playing `file` twice in a week, in order.
fn plaintext(file: &File, seed: u64) -> Vec<Vec<u8>> {
    let mut random = Seeded::new(seed);
    let facts = any_facts(&mut random);
    let mut kept: HashMap<Metric, Reservoir> = HashMap::new();
    for _ in 0..2 {
        let playback = playback(file, &mut random);
        for sample in playback.samples(&facts) {
            kept.entry(sample.metric())
                .and_modify(|own| own.offer(&mut random, sample))
                .or_insert_with(|| Reservoir::new(sample));
        }
    }
    let facts: HashMap<Metric, Sample> = facts
        .samples()
        .into_iter()
        .map(|sample| (sample.metric(), sample))
        .collect();
    let metrics = metrics_of_week(&mut random, week());
    let sample = |metric: Metric| {
        let played = kept.get(&metric).map(Reservoir::kept);
        let told = played.or(facts.get(&metric).copied()).or(metric.nothing());
        told.expect("a box has all its facts")
    };
    metrics
        .into_iter()
        .map(|metric| report::bytes(week(), sample(metric)))
        .collect()
}

/// The files of the first catalogue by everything that their classes say.
pub fn by_cells() -> HashMap<Play, Vec<File>> {
    let world = World {
        marginals: &MARGINALS,
        lens: &LENS,
    };
    let mut cells: HashMap<Play, Vec<File>> = HashMap::new();
    for file in MARGINALS.files(&MARGINALS.catalogue[0]) {
        let play = world.file(&file).expect("a class for everything");
        cells.entry(play).or_default().push(file);
    }
    cells
}

#[test]
fn two_files_in_the_same_cells_leave_the_same_bytes() {
    let cells = by_cells();
    let mut shared: Vec<&Vec<File>> = cells.values().filter(|files| files.len() > 1).collect();
    shared.sort_by_key(|files| std::cmp::Reverse(files.len()));
    let mut random = Seeded::new(8);
    let mut differ = 0;
    for pair in 0..PAIRS {
        let files = shared[pair % shared.len()];
        let (one, other) = (any_of(&mut random, files), any_of(&mut random, files));
        differ += usize::from(one != other);
        let seed = random.next();
        assert_eq!(
            plaintext(one, seed),
            plaintext(other, seed),
            "{one:?} and {other:?}"
        );
    }
    println!(
        "P3: {PAIRS} pairs in {} cells, {differ} of files that differ: all plaintext equal",
        shared.len()
    );
    assert!(differ > PAIRS / 2, "equal files prove nothing");
}

pub fn any_of<'a>(random: &mut Seeded, files: &'a [File]) -> &'a File {
    &files[random.below(files.len())]
}

#[test]
fn two_files_in_other_cells_can_leave_other_bytes() {
    let cells = by_cells();
    let files: Vec<&File> = cells.values().map(|files| &files[0]).collect();
    let seeds = 0..200;
    let told = seeds.filter(|seed| plaintext(files[0], *seed) != plaintext(files[1], *seed));
    assert!(
        told.count() > 0,
        "a comparison that sees nothing proves nothing"
    );
}

#[test]
fn the_programs_classes_are_those_that_the_bars_judge() {
    let world = World {
        marginals: &MARGINALS,
        lens: &LENS,
    };
    let names = [
        "media_kind",
        "video_codec",
        "resolution",
        "bit_rate",
        "length",
        "feature",
    ];
    let mut judged = 0;
    for catalogue in &MARGINALS.catalogue {
        for file in MARGINALS.files(catalogue) {
            let play = world.file(&file).expect("a class for everything");
            let own = playback(&file, &mut Seeded::new(9));
            let own: [Sample; 6] = [
                own.media_kind.into(),
                own.video_codec.into(),
                own.resolution.into(),
                own.bit_rate.into(),
                own.length.into(),
                own.feature.into(),
            ];
            for (name, sample) in names.into_iter().zip(own) {
                let class = play
                    .class(LENS.slot(name).expect("a metric"))
                    .map(|class| class + 1);
                assert_eq!(
                    class,
                    Some(usize::from(sample.index())),
                    "{name} of {file:?}"
                );
            }
            judged += 1;
        }
    }
    println!("P3: {judged} files fall into the same classes here and in the program");
}

#[test]
fn the_length_of_an_upload_tells_the_metric_alone() {
    for metric in Metric::ALL {
        let mut lengths: Vec<usize> = metric
            .samples()
            .map(|sample| report::bytes(week(), sample).len())
            .collect();
        lengths.dedup();
        println!(
            "P3: {:22} {} bytes, whatever the answer",
            metric.name(),
            lengths[0]
        );
        assert_eq!(lengths.len(), 1, "{metric:?}");
    }
}
