//! The few bytes that a dying program writes about itself, for another one or its own hook to read.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `ALCRASH1` |
//! | 8 | 1 | the cause, by its place in `Cause::ALL` |
//! | 9 | 1 | number of frames |
//! | 10 | 1 | length of the source file's name |
//! | 12 | 4 | line, little-endian |
//! | 16 | 176 | source file |
//! | 192 | 78 a frame | offset (8 bytes, little-endian), length of the build id, build id (20), length of the name, name (48) |
//!
//! Never: allocating while it is filled; trusted when it is read.

use super::crash::{BuildId, Cause, Crash, Frame, Module, Offset, Place, Program};

/// Most frames of a record.
pub const MOST_FRAMES: usize = 48;
/// One write to a pipe up to PIPE_BUF (4096) is all there or not at all (pipe(7)).
pub const RECORD_BYTES: usize = FRAMES_AT + MOST_FRAMES * FRAME_BYTES;

const MAGIC: [u8; 8] = *b"ALCRASH1";
const CAUSE_AT: usize = 8;
const COUNT_AT: usize = 9;
const FILE_LENGTH_AT: usize = 10;
const LINE_AT: usize = 12;
const FILE_AT: usize = 16;
const FILE_BYTES: usize = 176;
const FRAMES_AT: usize = FILE_AT + FILE_BYTES;

const BUILD_ID_AT: usize = 8;
const BUILD_ID_BYTES: usize = 20;
const NAME_AT: usize = BUILD_ID_AT + 1 + BUILD_ID_BYTES;
const NAME_BYTES: usize = 48;
const FRAME_BYTES: usize = NAME_AT + 1 + NAME_BYTES;

const _: () = assert!(RECORD_BYTES <= 4096);

/// Where a frame lies, as the process itself knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot<'a> {
    /// Base name; empty for code that belongs to no module.
    pub module: &'a [u8],
    /// May be empty.
    pub build_id: &'a [u8],
    pub offset: u64,
}

/// A record that is being filled. No function of it allocates or panics: a signal handler calls them.
#[derive(Debug)]
pub struct Record([u8; RECORD_BYTES]);

impl Record {
    pub fn new(cause: Cause) -> Self {
        let mut bytes = [0; RECORD_BYTES];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, CAUSE_AT, &[cause as u8]);
        Self(bytes)
    }

    /// Names the place in the sources; of a long file name the end counts.
    pub fn set_place(&mut self, file: &str, line: u32) {
        let file = file.as_bytes();
        let cut = file.len().saturating_sub(FILE_BYTES);
        let file = file.get(cut..).unwrap_or_default();
        put(&mut self.0, LINE_AT, &line.to_le_bytes());
        put_counted(&mut self.0, FILE_LENGTH_AT, FILE_AT, file);
    }

    /// Adds the next frame outwards; one that finds no room is left out.
    pub fn push(&mut self, spot: Spot<'_>) {
        let count = self.0[COUNT_AT];
        if usize::from(count) >= MOST_FRAMES {
            return;
        }
        let at = FRAMES_AT + usize::from(count) * FRAME_BYTES;
        put(&mut self.0, at, &spot.offset.to_le_bytes());
        let build_id = spot.build_id.get(..BUILD_ID_BYTES).unwrap_or(spot.build_id);
        put_counted(
            &mut self.0,
            at + BUILD_ID_AT,
            at + BUILD_ID_AT + 1,
            build_id,
        );
        let name = spot.module.get(..NAME_BYTES).unwrap_or(spot.module);
        put_counted(&mut self.0, at + NAME_AT, at + NAME_AT + 1, name);
        self.0[COUNT_AT] = count + 1;
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Every whole record in `written`.
    pub(super) fn all_in(written: &[u8], program: Program) -> Vec<Crash> {
        let records = written.chunks_exact(RECORD_BYTES);
        records.filter_map(|one| read(one, program)).collect()
    }
}

fn put(bytes: &mut [u8], at: usize, source: &[u8]) {
    for (to, from) in bytes.iter_mut().skip(at).zip(source) {
        *to = *from;
    }
}

fn put_counted(bytes: &mut [u8], length_at: usize, at: usize, source: &[u8]) {
    put(bytes, at, source);
    put(bytes, length_at, &[u8::try_from(source.len()).unwrap_or(0)]);
}

/// Only what has the closed form of its type is taken over: a worker in the hands of a hostile file could
/// have written anything.
fn read(bytes: &[u8], program: Program) -> Option<Crash> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let cause = *Cause::ALL.get(usize::from(*bytes.get(CAUSE_AT)?))?;
    let line = u32::from_le_bytes(*bytes.get(LINE_AT..)?.first_chunk()?);
    let file = counted(bytes, FILE_LENGTH_AT, FILE_AT, FILE_BYTES)?;
    let place = std::str::from_utf8(file).ok();
    let count = usize::from(*bytes.get(COUNT_AT)?).min(MOST_FRAMES);
    let frames = bytes.get(FRAMES_AT..)?.chunks_exact(FRAME_BYTES);
    Some(Crash {
        program,
        cause,
        place: place.and_then(|file| Place::of(file, line)),
        frames: frames.take(count).map(frame).collect(),
    })
}

fn frame(bytes: &[u8]) -> Frame {
    let told = || {
        let name = counted(bytes, NAME_AT, NAME_AT + 1, NAME_BYTES)?;
        let module = Module::new(String::from_utf8_lossy(name).to_ascii_lowercase())?;
        let offset = u64::from_le_bytes(*bytes.first_chunk()?);
        let id = counted(bytes, BUILD_ID_AT, BUILD_ID_AT + 1, BUILD_ID_BYTES)?;
        Some(Frame {
            module: Some(module),
            build_id: BuildId::of(id),
            offset: Some(Offset::of(offset)?),
            symbol: None,
        })
    };
    told().unwrap_or_default()
}

fn counted(bytes: &[u8], length_at: usize, at: usize, most: usize) -> Option<&[u8]> {
    let length = usize::from(*bytes.get(length_at)?).min(most);
    bytes.get(at..at + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(cause: Cause) -> Record {
        let mut record = Record::new(cause);
        record.push(Spot {
            module: b"libX264.so.164",
            build_id: &[0xab; 20],
            offset: 0x1234,
        });
        record.push(Spot::default());
        record
    }

    fn text(written: &[u8]) -> Option<String> {
        let crash = Crash::read(Program::Worker, written)?;
        Some(serde_json::to_string(&crash).unwrap())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut record = filled(Cause::Panic);
        record.set_place("src/bin/../worker/serve.rs", 71);
        assert_eq!(record.as_bytes().len(), RECORD_BYTES);
        let id = "ab".repeat(20);
        let expected = format!(
            "{{\"program\":\"alcove-worker\",\"cause\":\"panic\",\"place\":\"src/worker/serve.rs:71\",\"frames\":[\
             {{\"module\":\"libx264.so.164\",\"build_id\":\"{id}\",\"offset\":\"0x1234\",\"symbol\":null}},\
             {{\"module\":null,\"build_id\":null,\"offset\":null,\"symbol\":null}}]}}"
        );
        assert_eq!(text(record.as_bytes()), Some(expected));
    }

    #[test]
    fn of_several_records_the_one_that_says_most_is_read() {
        let cause = |records: &[&Record]| {
            let written: Vec<u8> = records
                .iter()
                .flat_map(|one| one.as_bytes())
                .copied()
                .collect();
            Crash::read(Program::Worker, &written).map(|crash| (crash.cause, crash.frames.len()))
        };
        let (bare, full) = (Record::new(Cause::SigSegv), filled(Cause::SigSegv));
        let panicked = filled(Cause::Panic);
        assert_eq!(cause(&[&bare]), Some((Cause::SigSegv, 0)));
        assert_eq!(cause(&[&bare, &full]), Some((Cause::SigSegv, 2)));
        assert_eq!(cause(&[&panicked, &bare, &bare]), Some((Cause::Panic, 2)));
        assert_eq!(cause(&[]), None);
        assert_eq!(text(&full.as_bytes()[..RECORD_BYTES - 1]), None, "torn");
    }

    #[test]
    fn frames_without_room_are_left_out() {
        let mut record = Record::new(Cause::SigBus);
        for _ in 0..MOST_FRAMES + 9 {
            record.push(Spot {
                module: &[b'a'; 300],
                build_id: &[1; 300],
                offset: u64::MAX,
            });
        }
        record.set_place(&"x/".repeat(300), u32::MAX);
        let crash = Crash::read(Program::Worker, record.as_bytes()).unwrap();
        assert_eq!(crash.frames.len(), MOST_FRAMES);
        assert!(crash.frames.iter().all(|frame| *frame == Frame::default()));
        assert_eq!(crash.place, None);
    }

    proptest! {
        #[test]
        fn whatever_a_hostile_worker_writes_has_no_room_for_words(
            written in proptest::collection::vec(any::<u8>(), RECORD_BYTES - MAGIC.len()),
            cause in 0_u8..7,
        ) {
            let mut whole = MAGIC.to_vec();
            whole.extend(written);
            whole[CAUSE_AT] = cause;
            let told = text(&whole).unwrap();
            prop_assert!(told.is_ascii());
            prop_assert!(!told.contains(' ') && !told.contains('\\'));
        }
    }
}
