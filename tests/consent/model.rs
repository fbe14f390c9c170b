//! Every sequence of up to six changes against every power cut, tear, loss and single rotted bit.

use std::sync::Arc;
use std::time::Instant;

use alcove::consent::{
    BLOCK_BYTES, Block, Choice, Consent, Flash, MilliEpsilon, Mode, PlaybackStatistics, Reason,
    Switches,
};

use super::mock::{ALL, Image, Mock, open, rot, settings};
use super::worse;

/// Four blocks a half: six changes go round.
const BLOCKS: usize = 8;
const DRAW: MilliEpsilon = MilliEpsilon(200);
/// Bits of a record's header and of its payload in these tests.
const RECORD_BITS: usize = 8 * 56;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Off,
    Local,
    Share,
    Book,
}

const CHANGES: [Change; 4] = [Change::Off, Change::Local, Change::Share, Change::Book];
const CRASHES_ONLY: Switches = Switches {
    playback_statistics: false,
    crash_reports: true,
    release_news: false,
};

/// What a person can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    mode: Mode,
    switches: Switches,
    spent: MilliEpsilon,
    reason: Option<Reason>,
}

impl Seen {
    fn of(consent: &Consent) -> Self {
        let state = consent.state();
        Self {
            mode: state.effective.mode(),
            switches: state.effective.switches(),
            spent: consent.budget().spent_this_week,
            reason: state.reason,
        }
    }

    /// What is seen after `change`; `None` where it is not possible.
    fn after(self, change: Change) -> Option<Self> {
        let (mode, switches) = match change {
            Change::Off => (Mode::Off, Switches::default()),
            Change::Local => (Mode::Local, CRASHES_ONLY),
            Change::Share => (Mode::Share, ALL),
            Change::Book if self.mode == Mode::Share && self.spent.0 <= 800 => {
                let spent = MilliEpsilon(self.spent.0 + DRAW.0);
                return Some(Self { spent, ..self });
            }
            Change::Book => return None,
        };
        Some(Self {
            mode,
            switches,
            ..self
        })
    }

    fn is_off_in_doubt(self) -> bool {
        self.reason.is_some() && self.mode == Mode::Off
    }
}

/// Puts a program's way of using a flash on top of a mock.
pub type Wrap = fn(&Mock) -> Box<dyn Flash>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Allowed,
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Starts {
    Whole,
    /// Each is also cut at every place.
    Cut,
}

struct Model {
    wrap: Wrap,
    starts: Starts,
    /// Whether one fault alone may end in doubt.
    one_fault: Doubt,
    cases: u64,
    doubts: u64,
    /// The first case that went wrong; nothing is tried after it.
    failure: Option<String>,
    next_bit: usize,
}

struct Start {
    image: Image,
    seen: Seen,
}

impl Model {
    fn new(wrap: Wrap, one_fault: Doubt) -> Self {
        Self {
            wrap,
            starts: Starts::Whole,
            one_fault,
            cases: 0,
            doubts: 0,
            failure: None,
            next_bit: 0,
        }
    }

    fn open(&self, mock: &Mock) -> Consent {
        open(vec![Ok((self.wrap)(mock))], settings())
    }

    fn apply(consent: &Consent, change: Change) -> bool {
        match change {
            Change::Off => consent.set(Choice::Off, ALL).is_ok(),
            Change::Local => consent.set(Choice::Local, CRASHES_ONLY).is_ok(),
            Change::Share => consent.set(Choice::Share, ALL).is_ok(),
            Change::Book => consent
                .grant::<PlaybackStatistics>()
                .is_ok_and(|grant| consent.book(&grant, DRAW).is_ok()),
        }
    }

    /// A flash after `changes` changes: the ring begins at every place, and has gone round.
    fn start(&self, changes: usize) -> Start {
        let mock = Mock::blank(BLOCKS);
        let consent = self.open(&mock);
        for n in 0..changes {
            assert!(Self::apply(&consent, CHANGES[(n + 2) % 3]));
        }
        let seen = Seen::of(&consent);
        let image = mock.lose_power().whole();
        Start { image, seen }
    }

    /// Every sequence of up to `depth` more changes, each cut in its last one; earlier cuts are those of shorter ones.
    fn walk(&mut self, start: &Start, path: &mut Vec<Change>, seen: Seen, depth: usize) {
        for change in CHANGES {
            let Some(after) = seen.after(change) else {
                continue;
            };
            path.push(change);
            self.cut_everywhere(start, path, [seen, after]);
            if path.len() < depth && self.failure.is_none() {
                self.walk(start, path, after, depth);
            }
            path.pop();
        }
    }

    fn cut_everywhere(&mut self, start: &Start, path: &[Change], [before, after]: [Seen; 2]) {
        for cut in 0.. {
            if self.failure.is_some() {
                return;
            }
            let mock = Mock::of(&start.image);
            let consent = self.open(&mock);
            let (last, earlier) = path.split_last().expect("one change at least");
            for change in earlier {
                assert!(Self::apply(&consent, *change), "{path:?}");
            }
            let ops = mock.ops();
            mock.cut_after(cut);
            let acknowledged = Self::apply(&consent, *last);
            let told = Seen::of(&consent);
            let as_told = if acknowledged {
                told == after
            } else {
                told.is_off_in_doubt()
            };
            self.expect(as_told, || format!("{path:?} cut at {cut}: says {told:?}"));
            let allowed: &[Seen] = if acknowledged {
                &[after]
            } else {
                &[before, after]
            };
            let left = mock.lose_power();
            let what = |image: usize| format!("{path:?} cut at {cut}, state {image}");
            for (n, image) in left.images().iter().enumerate() {
                self.judge(image, allowed, left.last_written, &|| what(n));
            }
            if mock.ops() - ops <= cut {
                return;
            }
        }
    }

    /// Two changes that fail one after the other, each at every place; what the first one wrote is lost, or still comes.
    fn fail_twice_everywhere(&mut self, start: &Start) {
        const CUTS: std::ops::Range<u32> = 0..4;
        let answers = [Change::Off, Change::Local, Change::Share];
        for (first, second) in answers.iter().flat_map(|a| answers.map(|b| (*a, b))) {
            for (cut, again) in CUTS.flat_map(|a| CUTS.map(move |b| (a, b))) {
                for is_lost in [true, false] {
                    let mock = Mock::of(&start.image);
                    let consent = self.open(&mock);
                    mock.cut_after(cut);
                    assert!(!Self::apply(&consent, first));
                    if is_lost {
                        mock.lose_power();
                    }
                    mock.power_back();
                    mock.cut_after(again);
                    assert!(!Self::apply(&consent, second));
                    let told = Seen::of(&consent);
                    let what = || format!("{first:?} cut at {cut}, {second:?} cut at {again}");
                    self.expect(told.is_off_in_doubt(), || format!("{}: {told:?}", what()));
                    let after = [first, second].map(|change| start.seen.after(change));
                    let allowed: Vec<Seen> = [Some(start.seen), after[0], after[1]]
                        .into_iter()
                        .flatten()
                        // Nobody may be told that a yes was not stored and find it in force, unless its last write came.
                        .filter(|seen| cut.max(again) >= 2 || seen.mode <= start.seen.mode)
                        .collect();
                    for image in mock.lose_power().images() {
                        let (seen, _) = self.look(&image);
                        self.check(seen, &allowed, Doubt::Refused, &what);
                    }
                }
            }
        }
    }

    /// Cuts the power at every write and flush of the start itself: the next start shows the same.
    fn cut_opening(&mut self, image: &[Arc<Block>], shown: Seen, what: &dyn Fn() -> String) {
        for cut in 0.. {
            let mock = Mock::of(image);
            mock.cut_after(cut);
            let told = Seen::of(&self.open(&mock));
            if mock.ops() <= cut {
                return;
            }
            let what = || format!("{}, start cut at {cut}", what());
            self.expect(told.is_off_in_doubt(), || {
                format!("{}: says {told:?}", what())
            });
            for left in mock.lose_power().images() {
                let (seen, _) = self.look(&left);
                self.check(seen, &[shown], Doubt::Refused, &what);
            }
        }
    }

    /// Looks at one state of the medium: as it is, with a bit rotted before it is opened, and with one rotted after.
    fn judge(
        &mut self,
        image: &[Arc<Block>],
        allowed: &[Seen],
        blocks: [u32; 2],
        what: &dyn Fn() -> String,
    ) {
        let (shown, mended) = self.look(image);
        self.check(shown, allowed, self.one_fault, &|| what());
        if self.starts == Starts::Cut {
            self.cut_opening(image, shown, what);
        }
        for block in blocks {
            let bit = self.some_bit();
            let mut rotted = mended.clone();
            rot(&mut rotted, block, bit);
            let (again, _) = self.look(&rotted);
            self.check(again, &[shown], Doubt::Allowed, &|| {
                format!("{}, shown, then block {block} bit {bit} rotted", what())
            });
            let mut rotted = image.to_vec();
            rot(&mut rotted, block, bit);
            let (seen, _) = self.look(&rotted);
            let doubt = if allowed.len() == 1 {
                self.one_fault
            } else {
                Doubt::Allowed
            };
            self.check(seen, allowed, doubt, &|| {
                format!("{}, block {block} bit {bit} rotted", what())
            });
        }
    }

    /// What the program shows that starts on `image`, and what it leaves on the medium for sure.
    fn look(&self, image: &[Arc<Block>]) -> (Seen, Image) {
        let mock = Mock::of(image);
        let seen = Seen::of(&self.open(&mock));
        (seen, mock.image())
    }

    fn check(&mut self, seen: Seen, allowed: &[Seen], doubt: Doubt, what: &dyn Fn() -> String) {
        self.cases += 1;
        let in_doubt = seen.is_off_in_doubt();
        self.doubts += u64::from(in_doubt);
        let fine = allowed.contains(&seen) || (doubt == Doubt::Allowed && in_doubt);
        self.expect(fine, || format!("{}: {seen:?}, not of {allowed:?}", what()));
    }

    fn expect(&mut self, fine: bool, what: impl FnOnce() -> String) {
        if !fine && self.failure.is_none() {
            self.failure = Some(what());
        }
    }

    /// Goes through the bits of the record, and now and then one of the rest of the block.
    fn some_bit(&mut self) -> usize {
        self.next_bit += 1;
        if self.next_bit.is_multiple_of(8) {
            (self.next_bit * 7919) % (8 * BLOCK_BYTES)
        } else {
            self.next_bit % RECORD_BITS
        }
    }

    /// Each bit of both newest blocks, after three changes.
    fn rot_every_bit(&mut self) {
        let mock = Mock::blank(BLOCKS);
        let consent = self.open(&mock);
        for change in [Change::Off, Change::Share, Change::Book] {
            assert!(Self::apply(&consent, change));
        }
        let seen = Seen::of(&consent);
        let left = mock.lose_power();
        let (image, blocks) = (left.whole(), left.last_written);
        for block in blocks {
            for bit in 0..8 * BLOCK_BYTES {
                if self.failure.is_some() {
                    return;
                }
                let mut rotted = image.clone();
                rot(&mut rotted, block, bit);
                let (again, _) = self.look(&rotted);
                self.check(again, &[seen], self.one_fault, &|| {
                    format!("block {block} bit {bit}")
                });
            }
        }
    }
}

fn real(mock: &Mock) -> Box<dyn Flash> {
    mock.boxed()
}

/// All sequences of up to `depth` changes from a blank flash, and those of up to three from every place of the ring.
fn run(wrap: Wrap, depth: usize, one_fault: Doubt) -> Model {
    let mut model = Model::new(wrap, one_fault);
    for changes in 0..=BLOCKS {
        let start = model.start(changes);
        let depth = if changes == 0 { depth } else { depth.min(3) };
        model.walk(&start, &mut Vec::new(), start.seen, depth);
    }
    model.rot_every_bit();
    model
}

#[test]
fn after_any_cut_tear_loss_or_rotted_bit_the_answer_is_the_last_one_or_the_one_in_flight() {
    let began = Instant::now();
    let model = run(real, 6, Doubt::Refused);
    assert_eq!(model.failure, None);
    println!(
        "consent model: {} cases, {} of them off in doubt, {} ms",
        model.cases,
        model.doubts,
        began.elapsed().as_millis()
    );
    assert!(model.cases >= 100_000, "{}", model.cases);
}

#[test]
fn a_cut_while_starting_changes_nothing_that_the_next_start_shows() {
    let mut model = Model::new(real, Doubt::Refused);
    model.starts = Starts::Cut;
    for changes in 0..=BLOCKS / 2 {
        let start = model.start(changes);
        model.walk(&start, &mut Vec::new(), start.seen, 2);
    }
    assert_eq!(model.failure, None);
    println!(
        "consent model: {} cases with cuts while starting",
        model.cases
    );
    assert!(model.cases >= 10_000, "{}", model.cases);
}

#[test]
fn after_two_failed_changes_no_yes_is_in_force_that_was_not_stored() {
    let mut model = Model::new(real, Doubt::Refused);
    for changes in 0..=BLOCKS {
        let start = model.start(changes);
        model.fail_twice_everywhere(&start);
    }
    assert_eq!(model.failure, None);
    println!("consent model: {} cases of two failed changes", model.cases);
    assert!(model.cases >= 10_000, "{}", model.cases);
}

#[test]
fn worse_ways_of_writing_fail_the_same_model() {
    for (name, wrap) in worse::WAYS {
        let model = run(*wrap, 3, Doubt::Allowed);
        let failure = model
            .failure
            .unwrap_or_else(|| panic!("{name}: {} cases passed", model.cases));
        println!("{name}: fails in case {}: {failure}", model.cases);
    }
}
