//! `image/dev bench`: measures the built programs, each figure beside a peer in the same run, as a table and as JSON.
//! Never: a figure without its target, or a peer that ran under other conditions.
#![allow(clippy::print_stdout)] // a command line that prints a table
#![allow(clippy::unwrap_used)] // a measurement that cannot go on says where

#[path = "../hostile/mod.rs"]
mod hostile;
#[path = "../house/mod.rs"]
mod house;
#[path = "../media/mod.rs"]
mod media;

mod broken;
mod direct;
mod idle;
mod items;
mod minidlna;
mod nginx;
mod report;
mod scan;
mod start;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

/// A measurement: its name on the command line, what it is, and the function.
type Measurement = (&'static str, &'static str, fn(&mut Report));

const MEASUREMENTS: &[Measurement] = &[
    (
        "scan",
        "files a second over 10,000 files, and memory meanwhile, beside MiniDLNA",
        scan::run,
    ),
    (
        "idle",
        "memory at rest with 10,000 items, beside MiniDLNA",
        idle::run,
    ),
    (
        "start",
        "start to the first answer with 10,000 items, beside MiniDLNA",
        start::run,
    ),
    (
        "items",
        "answers of `items` while a scan runs, beside MiniDLNA's",
        items::run,
    ),
    (
        "direct",
        "direct play of 64 clients, beside nginx",
        direct::run,
    ),
    ("hostile", "10,000 broken files", broken::run),
];

fn main() -> ExitCode {
    // cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let chosen: Vec<&Measurement> = MEASUREMENTS
        .iter()
        .filter(|(name, ..)| wanted.is_empty() || wanted.iter().any(|word| word == name))
        .collect();
    if chosen.is_empty() {
        for (name, what, _) in MEASUREMENTS {
            println!("{name:8} {what}");
        }
        return if wanted.iter().any(|word| word == "list") {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        };
    }
    let mut met = true;
    for (name, what, run) in chosen {
        println!("\n== {name}: {what}");
        let mut report = Report::new(name);
        run(&mut report);
        met &= report.finish();
    }
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Where trees, states and results are kept: `target/bench` of this clone.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("target/bench can be made");
    folder
}
