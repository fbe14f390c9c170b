//! A boot state that is damaged starts a slot all the same.
//!
//! Never: damage that another run could not make again.

use super::disk::Disk;
use super::machine::Machine;
use super::{prepared, table};

const COPY_BYTES: usize = 4096;
const SECOND_COPY_AT_BYTES: u64 = 512 * 1024;

/// Whether a copy of the boot state holds this pair now.
pub fn says(machine: &Machine, pair: &str) -> bool {
    let part = machine.partition("bootstate");
    [0, SECOND_COPY_AT_BYTES].into_iter().any(|at| {
        let copy = machine.look(part.at_bytes + at, COPY_BYTES);
        copy[4..]
            .split(|byte| *byte == 0)
            .any(|one| one == pair.as_bytes())
    })
}

/// A row of numbers that looks like chance (Marsaglia 2003, xorshift64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Damages one copy or both, by a few bytes or all.
fn damaged(seed: u64) -> Disk {
    let mut disk = prepared::settled();
    let mut noise = Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let part = table::partition(&disk, "bootstate");
    for (copy, at) in [0, SECOND_COPY_AT_BYTES].into_iter().enumerate() {
        if seed % 3 == copy as u64 + 1 {
            continue;
        }
        let mut block = vec![0; COPY_BYTES];
        disk.read(part.at_bytes + at, &mut block).expect("the disk");
        let count = if seed.is_multiple_of(2) {
            COPY_BYTES
        } else {
            3
        };
        for _ in 0..count {
            let place = noise.next() as usize % COPY_BYTES;
            block[place] ^= (noise.next() % 255 + 1) as u8;
        }
        disk.write(part.at_bytes + at, &block, true)
            .expect("the disk");
    }
    disk
}

fn check_starts(seed: u64) {
    let machine = Machine::start(&format!("boot_state_{seed}"), damaged(seed));
    machine.wait_for_page();
    let started = machine.serial.with("Alcove: slot ");
    assert_eq!(started.len(), 1, "seed {seed}: {started:?}");
}

#[test]
fn a_damaged_boot_state_starts_a_slot() {
    // Both copies all noise; the first one with three wrong bytes.
    for seed in [0, 5] {
        check_starts(seed);
    }
}

mod long {
    use super::*;

    #[test]
    fn twenty_damaged_boot_states_start_a_slot() {
        for seed in 0..20 {
            check_starts(seed);
        }
    }
}
