//! Reads the boxes of init and media segments, independently of the code that writes them.
//!
//! Never: libav.

/// One sample as its fragment describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub dts: i64,
    pub pts: i64,
    pub duration: i64,
    pub bytes: usize,
    pub key: bool,
}

/// What is in one media segment.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub samples: Vec<Sample>,
    /// Number of samples in each chunk.
    pub chunks: Vec<usize>,
    pub sequences: Vec<u32>,
}

impl Segment {
    pub fn start(&self) -> i64 {
        self.samples.first().map_or(0, |sample| sample.dts)
    }

    pub fn end(&self) -> i64 {
        self.samples
            .last()
            .map_or(0, |sample| sample.dts + sample.duration)
    }
}

/// The boxes of `bytes`: kind and content.
fn boxes(bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = number(rest, 0) as usize;
        assert!(
            (8..=rest.len()).contains(&length),
            "a box of {length} bytes"
        );
        let kind = std::str::from_utf8(&rest[4..8]).expect("kinds are letters");
        found.push((kind, &rest[8..length]));
        rest = &rest[length..];
    }
    found
}

fn child<'a>(bytes: &'a [u8], kind: &str) -> &'a [u8] {
    let found = boxes(bytes).into_iter().find(|(own, _)| *own == kind);
    found.unwrap_or_else(|| panic!("no {kind}")).1
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Ticks a second of the one track of an init segment.
pub fn timescale(init: &[u8]) -> u32 {
    let kinds: Vec<&str> = boxes(init).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["ftyp", "moov"]);
    let moov = child(init, "moov");
    let tracks = boxes(moov)
        .iter()
        .filter(|(kind, _)| *kind == "trak")
        .count();
    assert_eq!(tracks, 1);
    let trak = child(moov, "trak");
    assert!(
        boxes(trak).iter().all(|(kind, _)| *kind != "edts"),
        "an edit list would shift the track"
    );
    let mdhd = child(child(trak, "mdia"), "mdhd");
    number(mdhd, if mdhd[0] == 1 { 20 } else { 12 })
}

/// Takes a media segment apart and checks its form.
pub fn segment(bytes: &[u8]) -> Segment {
    let all = boxes(bytes);
    assert_eq!(all[0].0, "styp");
    let mut segment = Segment::default();
    for pair in all[1..].chunks(2) {
        let [("moof", moof), ("mdat", mdat)] = pair else {
            panic!("chunks are moof and mdat");
        };
        segment.sequences.push(number(child(moof, "mfhd"), 4));
        let traf = child(moof, "traf");
        assert_eq!(number(child(traf, "tfhd"), 0), 0x02_0000);
        let tfdt = child(traf, "tfdt");
        let time = (u64::from(number(tfdt, 4)) << 32) | u64::from(number(tfdt, 8));
        let before = segment.samples.len();
        let mut dts = i64::try_from(time).expect("times are small");
        let trun = child(traf, "trun");
        assert_eq!(number(trun, 8) as usize, moof.len() + 16, "data offset");
        for sample in trun[12..].chunks_exact(16) {
            let duration = i64::from(number(sample, 0));
            let offset = i64::from(number(sample, 12).cast_signed());
            segment.samples.push(Sample {
                dts,
                pts: dts + offset,
                duration,
                bytes: number(sample, 4) as usize,
                key: number(sample, 8) & 0x1_0000 == 0,
            });
            dts += duration;
        }
        let own = &segment.samples[before..];
        assert_eq!(own.len(), number(trun, 4) as usize);
        let total: usize = own.iter().map(|sample| sample.bytes).sum();
        assert_eq!(total, mdat.len());
        segment.chunks.push(own.len());
    }
    segment
}
