//! P3 whole: through the journal itself, from two files in the same cells to what is stored and sent of them over weeks.

use alcove::base::clock::ManualClock;
use alcove::db::telemetry::StoredJournal;
use alcove::telemetry::held::Held;
use alcove::telemetry::moment::Moment;

use crate::build::catalogue::File;
use crate::build::chance::Seeded;
use crate::interference::{any_facts, any_of, by_cells, playback, week};

const PAIRS: usize = 600;
const WEEKS: usize = 6;
const WEEK_MS: i64 = 7 * 86_400_000;

/// Everything that a box keeps and would send, week by week, when `file` is played twice in each.
#[derive(Debug, PartialEq)]
struct Trace {
    sent: Vec<Vec<u8>>,
    stored: Vec<StoredJournal>,
}

fn trace(file: &File, seed: u64) -> Trace {
    let mut random = Seeded::new(seed);
    let facts = any_facts(&mut random);
    let clock = ManualClock::at_unix_ms(week().start_unix_ms());
    let now = || Moment::now(&clock).expect("the clock is set");
    let mut held = Held::new(now());
    held.begin_sharing(&mut random, Some(&facts));
    let mut trace = Trace {
        sent: Vec::new(),
        stored: Vec::new(),
    };
    for _ in 0..WEEKS {
        for _ in 0..2 {
            let played = playback(file, &mut random);
            held.note(&mut random, &played, &facts);
        }
        trace.stored.push(held.store());
        clock.advance_ms(WEEK_MS);
        let turned = held.turn(&mut random, now(), Some(&facts));
        turned.expect("the clock goes on");
        let complete = held.complete().into_iter();
        trace.sent.extend(complete.map(|report| report.bytes()));
    }
    trace
}

#[test]
fn two_files_in_the_same_cells_leave_the_same_journal_and_the_same_reports() {
    let cells = by_cells();
    let mut shared: Vec<&Vec<File>> = cells.values().filter(|files| files.len() > 1).collect();
    shared.sort_by_key(|files| (std::cmp::Reverse(files.len()), format!("{:?}", files[0])));
    let mut random = Seeded::new(10);
    let (mut differ, mut sent) = (0, 0);
    for pair in 0..PAIRS {
        let files = shared[pair % shared.len()];
        let (one, other) = (any_of(&mut random, files), any_of(&mut random, files));
        differ += usize::from(one != other);
        let seed = random.next();
        let (own, others) = (trace(one, seed), trace(other, seed));
        assert_eq!(own, others, "{one:?} and {other:?}");
        sent += own.sent.len();
    }
    println!(
        "P3 whole: {PAIRS} pairs, {differ} of files that differ, {WEEKS} weeks each, {sent} reports: all journals and reports equal"
    );
    assert!(
        differ > PAIRS / 2 && sent > PAIRS,
        "equal or empty traces prove nothing"
    );
}

#[test]
fn two_files_in_other_cells_leave_another_journal() {
    let cells = by_cells();
    let mut files: Vec<&File> = cells.values().map(|files| &files[0]).collect();
    files.sort_by_key(|file| format!("{file:?}"));
    let (one, other) = (trace(files[0], 3), trace(files[1], 3));
    assert_ne!(one.stored, other.stored);
}
