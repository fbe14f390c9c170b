//! The boot script, read from its file: against a thousand damaged boot states in a small shell, and against U-Boot
//! itself in QEMU, which must choose the same.
//!
//! Never: a second script that does what the first one should.

#[path = "boot_script/board.rs"]
mod board;
#[path = "boot_script/damage.rs"]
mod damage;
#[path = "boot_script/qemu.rs"]
mod qemu;
#[path = "boot_script/shell.rs"]
mod shell;

use alcove::update::bootstate::{MOST_TRIES, Reason, Slot, State, newest};
use board::{Board, Copies, End, Faults};
use damage::Dice;
use shell::Script;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/image/boot/boot.cmd");

fn script() -> Script {
    Script::read(&std::fs::read_to_string(SCRIPT).expect("the boot script"))
}

fn state_of(copies: &Copies) -> State {
    newest(&copies[0], &copies[1]).0
}

/// The state that one start leaves, by the description of `update::bootstate`; and the slot that starts.
fn after_a_start(before: State) -> (State, Slot) {
    let mut state = before;
    let primary = state.primary;
    if state.of(primary).tries == 0 && state.of(primary).reason == Reason::None {
        state.note(primary, Reason::Tries);
    }
    if state.a.tries == 0 && state.b.tries == 0 {
        state.a.tries = MOST_TRIES;
        state.b.tries = MOST_TRIES;
    }
    let slot = state.next();
    match slot {
        Slot::A => state.a.tries -= 1,
        Slot::B => state.b.tries -= 1,
    }
    (state, slot)
}

fn command_line(slot: Slot) -> String {
    format!("console=ttyAMA0 quiet=no alcove.slot={slot} panic=5 gpt ro quiet")
}

#[test]
fn a_thousand_damaged_boot_states_all_start_and_no_slot_is_tried_for_ever() {
    let script = script();
    let mut dice = Dice::new(20_261_122);
    for round in 0..1000 {
        let (copies, kind) = damage::damaged(&mut dice);
        let mut board = Board::new(copies, Faults::default());
        let mut before = state_of(&board.copies);
        let mut seen = [0, 0];
        // Three tries each, whatever was left of them, and the first of the next round.
        for start in 0..8 {
            let place = format!("round {round} ({kind}), start {start}, {before:?}");
            let (after, slot) = after_a_start(before);
            let started = End::Started {
                slot,
                command_line: command_line(slot),
            };
            assert_eq!(board.start(&script), started, "{place}");
            assert_eq!(state_of(&board.copies), after, "{place}");
            seen[usize::from(slot == Slot::B)] += 1;
            before = after;
        }
        assert!(seen[0] >= 2 && seen[1] >= 2, "round {round}: {seen:?}");
    }
}

#[test]
fn a_disk_that_cannot_be_read_or_written_still_starts_a_slot() {
    let script = script();
    let mut dice = Dice::new(7);
    for round in 0..100 {
        let (copies, kind) = damage::damaged(&mut dice);
        let faults = Faults {
            unreadable: [None, Some(0), Some(1)][round % 3],
            unwritable: round % 2 == 0,
            ..Faults::default()
        };
        let mut board = Board::new(copies, faults);
        let mut seen = copies;
        if let Some(copy) = faults.unreadable {
            seen[copy].fill(0);
        }
        let (_, slot) = after_a_start(state_of(&seen));
        let end = board.start(&script);
        assert!(
            matches!(end, End::Started { slot: started, .. } if started == slot),
            "round {round} ({kind}): {end:?}"
        );
        assert!(!faults.unwritable || board.copies == copies);
    }
}

#[test]
fn a_slot_without_a_kernel_is_left_after_two_restarts_at_most_and_says_why() {
    let script = script();
    let mut dice = Dice::new(11);
    for round in 0..100 {
        let (copies, kind) = damage::damaged(&mut dice);
        for missing in [Slot::A, Slot::B] {
            let place = format!("round {round} ({kind}), without {missing}");
            let faults = Faults {
                no_kernel: [missing == Slot::A, missing == Slot::B],
                ..Faults::default()
            };
            let mut board = Board::new(copies, faults);
            let (_, first) = after_a_start(state_of(&copies));
            let mut end = board.start(&script);
            assert_eq!(end == End::Restarted, first == missing, "{place}");
            for _ in 0..2 {
                if end == End::Restarted {
                    let left = state_of(&board.copies).of(missing);
                    let expected = (0, false, Reason::Load);
                    assert_eq!((left.tries, left.good, left.reason), expected, "{place}");
                    end = board.start(&script);
                }
            }
            assert!(
                matches!(end, End::Started { slot, .. } if slot == missing.other()),
                "{place}: {end:?}"
            );
        }
        let nothing = Faults {
            no_kernel: [true, true],
            ..Faults::default()
        };
        let mut board = Board::new(copies, nothing);
        for _ in 0..4 {
            assert_eq!(board.start(&script), End::Restarted);
        }
    }
}

/// How many starts in QEMU: few where everything is tested, more by command.
fn starts_in_qemu() -> usize {
    let asked = std::env::var("ALCOVE_BOOT_SCRIPT_STARTS").ok();
    asked.map_or(2, |text| text.parse().expect("a number of starts"))
}

#[test]
fn u_boot_chooses_and_writes_as_the_shell_does() {
    let script = script();
    let scratch = tempfile::tempdir().unwrap();
    let disk = qemu::Disk::new(scratch.path(), std::path::Path::new(SCRIPT));
    let mut dice = Dice::new(20);
    for round in 0..starts_in_qemu() {
        let (copies, kind) = damage::damaged(&mut dice);
        let mut board = Board::new(copies, Faults::default());
        let end = board.start(&script);
        disk.write(&copies);
        let printed = disk.start();
        let started = match end {
            End::Started { slot, .. } => slot,
            _ => panic!("round {round} ({kind}): {end:?}"),
        };
        assert_eq!(
            qemu::started(&printed),
            Some(started),
            "round {round} ({kind}):\n{printed}"
        );
        assert!(
            disk.read() == board.copies,
            "round {round} ({kind}):\n{printed}"
        );
    }
}
