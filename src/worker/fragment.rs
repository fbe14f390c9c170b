//! CMAF chunks: `styp`, then `moof` and `mdat` again and again (ISO 14496-12, ISO 23000-19).
//!
//! They are written here, not by libav, so that `tfdt` and durations are what the grid says in
//! every version of it.
//!
//! Never: reading a packet, choosing a time.

use alcove::media::job::JobError;

use super::Reply;

/// The first chunk is this short, so that something can be shown soon.
const FIRST_CHUNK_SAMPLES: usize = 4;
/// Numbers of chunks that a segment may use up.
const CHUNKS_A_SEGMENT: u32 = 1 << 12;

/// No segment is larger: ten seconds at 200 Mbit/s.
const MAX_SEGMENT_BYTES: usize = 256 << 20;

const SYNC_SAMPLE: u32 = 0x0200_0000;
const NON_SYNC_SAMPLE: u32 = 0x0101_0000;

/// One sample of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub data: Vec<u8>,
    /// Ticks until the next sample.
    pub duration: u32,
    /// Presentation time minus decode time.
    pub offset: i32,
    /// Decoding can start here.
    pub key: bool,
}

/// Writes the chunks of one segment as their samples come.
pub struct Fragments<'a> {
    reply: &'a mut dyn Reply,
    timescale: u32,
    sequence: u32,
    /// Decode time of the first pending sample.
    start: i64,
    pending: Vec<Sample>,
    pending_ticks: u64,
    written: usize,
    /// Bytes of all samples so far.
    bytes: usize,
}

/// Stops a segment that has grown to more `bytes` than anyone plays.
///
/// # Errors
/// [`JobError::Unsupported`].
pub fn bounded(bytes: usize) -> Result<(), JobError> {
    if bytes > MAX_SEGMENT_BYTES {
        return Err(JobError::Unsupported("a segment of that size".into()));
    }
    Ok(())
}

impl<'a> Fragments<'a> {
    /// Segment `index` of a track of `timescale` ticks a second, which starts at `start`.
    pub fn new(reply: &'a mut dyn Reply, timescale: u32, index: u32, start: i64) -> Self {
        Self {
            reply,
            timescale,
            sequence: index.wrapping_mul(CHUNKS_A_SEGMENT).wrapping_add(1),
            start,
            pending: Vec::new(),
            pending_ticks: 0,
            written: 0,
            bytes: 0,
        }
    }

    /// Appends the sample with decode time `dts`, where the sample before ends.
    ///
    /// # Errors
    /// As [`bounded`].
    pub fn push(&mut self, dts: i64, sample: Sample) -> Result<(), JobError> {
        self.bytes = self.bytes.saturating_add(sample.data.len());
        bounded(self.bytes)?;
        if self.pending.is_empty() {
            self.start = dts;
        }
        self.pending_ticks += u64::from(sample.duration);
        self.pending.push(sample);
        let full = if self.written == 0 {
            self.pending.len() >= FIRST_CHUNK_SAMPLES
        } else {
            self.pending_ticks >= u64::from(self.timescale)
        };
        if full {
            self.flush();
        }
        Ok(())
    }

    /// Writes what is left; a segment without samples is one empty fragment.
    pub fn finish(mut self) {
        if !self.pending.is_empty() || self.written == 0 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let mut bytes = if self.written == 0 {
            segment_type()
        } else {
            Vec::new()
        };
        write_chunk(&mut bytes, self.sequence, self.start, &self.pending);
        self.sequence = self.sequence.wrapping_add(1);
        self.written += 1;
        self.pending.clear();
        self.pending_ticks = 0;
        self.reply.data(&bytes);
        self.reply.chunk_end();
    }
}

fn segment_type() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24);
    boxed(&mut bytes, b"styp", |bytes| {
        bytes.extend_from_slice(b"msdh\0\0\0\0msdhcmfs");
    });
    bytes
}

/// Appends one `moof` and its `mdat`.
fn write_chunk(bytes: &mut Vec<u8>, sequence: u32, start: i64, samples: &[Sample]) {
    let moof = bytes.len();
    let mut offset_at = 0;
    boxed(bytes, b"moof", |bytes| {
        boxed(bytes, b"mfhd", |bytes| numbers(bytes, &[0, sequence]));
        boxed(bytes, b"traf", |bytes| {
            // Data offsets count from the moof; track 1.
            boxed(bytes, b"tfhd", |bytes| numbers(bytes, &[0x02_0000, 1]));
            boxed(bytes, b"tfdt", |bytes| {
                numbers(bytes, &[0x0100_0000]);
                let start = u64::try_from(start).unwrap_or(0);
                bytes.extend_from_slice(&start.to_be_bytes());
            });
            boxed(bytes, b"trun", |bytes| {
                // Version 1; data offset, and of each sample: duration, size, flags, offset.
                let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
                numbers(bytes, &[0x0100_0f01, count]);
                offset_at = bytes.len();
                numbers(bytes, &[0]);
                for sample in samples {
                    let size = u32::try_from(sample.data.len()).unwrap_or(u32::MAX);
                    let flags = if sample.key {
                        SYNC_SAMPLE
                    } else {
                        NON_SYNC_SAMPLE
                    };
                    let offset = sample.offset.cast_unsigned();
                    numbers(bytes, &[sample.duration, size, flags, offset]);
                }
            });
        });
    });
    let data_offset = u32::try_from(bytes.len() - moof + 8).unwrap_or(u32::MAX);
    bytes[offset_at..offset_at + 4].copy_from_slice(&data_offset.to_be_bytes());
    boxed(bytes, b"mdat", |bytes| {
        bytes.reserve(samples.iter().map(|sample| sample.data.len()).sum());
        for sample in samples {
            bytes.extend_from_slice(&sample.data);
        }
    });
}

/// Appends a box of the given kind with what `fill` writes in it.
fn boxed(bytes: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(kind);
    fill(bytes);
    // No segment comes near 4 GiB: a job's memory is limited far below.
    let length = u32::try_from(bytes.len() - start).unwrap_or(u32::MAX);
    bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

fn numbers(bytes: &mut Vec<u8>, values: &[u32]) {
    for value in values {
        bytes.extend_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts what it is given.
    #[derive(Default)]
    struct Scale(usize);

    impl Reply for Scale {
        fn data(&mut self, bytes: &[u8]) {
            self.0 += bytes.len();
        }
        fn chunk_end(&mut self) {}
        fn progress(&mut self, _: u64, _: u64) {}
    }

    #[test]
    fn a_segment_without_end_is_stopped() {
        let mut scale = Scale::default();
        let mut fragments = Fragments::new(&mut scale, 25, 0, 0);
        let mut got = Ok(());
        for dts in 0..80 {
            let data = vec![0; 4 << 20];
            let (duration, offset, key) = (25, 0, true);
            let sample = Sample {
                data,
                duration,
                offset,
                key,
            };
            got = got.and_then(|()| fragments.push(dts * 25, sample));
        }
        assert!(matches!(got, Err(JobError::Unsupported(_))), "{got:?}");
        assert!(scale.0 > MAX_SEGMENT_BYTES - (8 << 20), "{}", scale.0);
        assert!(scale.0 < MAX_SEGMENT_BYTES + (8 << 20), "{}", scale.0);
    }
}
