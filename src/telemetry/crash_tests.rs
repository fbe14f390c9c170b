//! Reports of crashes: their form, how many are kept and for how long, and what the answer does to them.
//!
//! Never: a real clock.

use std::fs;
use std::path::Path;

use super::*;
use crate::base::clock::{Clock, ManualClock};
use crate::base::crash::Cause;
use crate::base::crash_record::{Record, Spot};
use crate::consent::{Access, Choice, Place, Settings, Switches};
use crate::telemetry::registry::REGISTRY;

const DAY_MS: i64 = 86_400_000;
/// 2026-11-18, a Wednesday of week 47.
const NOW_MS: i64 = 1_794_960_000_000;

struct Bench {
    reports: Reports,
    consent: Consent,
    clock: Arc<ManualClock>,
    scratch: tempfile::TempDir,
}

impl Bench {
    fn at(unix_ms: i64) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at_unix_ms(unix_ms));
        let consent = Consent::open(
            &[Place::File(scratch.path().join("consent.flash"))],
            Settings {
                registry_version: 1,
                do_not_track: false,
                access: Access::Change,
                clock: clock.clone(),
            },
        );
        let folder = Folder::new(scratch.path().join("crashes"));
        let reports = Reports::new(folder, consent.clone(), BoardFamily::Rpi4, clock.clone());
        Self {
            reports,
            consent,
            clock,
            scratch,
        }
    }

    fn answering(choice: Choice) -> Self {
        let bench = Self::at(NOW_MS);
        bench.answer(choice);
        bench
    }

    fn answer(&self, choice: Choice) {
        let switches = Switches {
            crash_reports: true,
            ..Switches::default()
        };
        self.consent.set(choice, switches).unwrap();
        self.reports.obey().unwrap();
    }

    fn folder(&self) -> std::path::PathBuf {
        self.scratch.path().join("crashes")
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder()).map_or(0, Iterator::count)
    }

    fn offsets(&self) -> Vec<String> {
        let reports = self.reports.list().unwrap();
        let offset = |report: &Report| {
            let told: serde_json::Value = serde_json::from_str(report.bytes()).unwrap();
            told["frames"][0]["offset"].as_str().unwrap().to_owned()
        };
        reports.iter().map(offset).collect()
    }
}

/// A crash of its own for every number.
fn crash(number: u64) -> Crash {
    let mut record = Record::new(Cause::SigSegv);
    record.push(Spot {
        module: b"libavcodec.so.59",
        build_id: &[7; 20],
        offset: number,
    });
    Crash::read(Program::Worker, record.as_bytes()).unwrap()
}

/// What the owner agrees to with a yes to crash reports: everything in a report, and what its closed parts can be.
/// Another form needs another version of the registry, which asks again.
const FORM: (u32, &str) = (
    1,
    "week version board program cause place frames / module build_id offset symbol / \
     alcove alcove-worker / panic sigabrt sigbus sigfpe sigill sigsegv sigtrap",
);

#[test]
fn the_form_of_a_report_belongs_to_a_version_of_the_registry() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(0x123)).unwrap();
    let report = bench.reports.list().unwrap().remove(0);
    // What stands before a colon is a name: no value of this report has both quotes and a colon behind them.
    let names = |json: &str| {
        let parts: Vec<&str> = json.split("\":").collect();
        let (_, before) = parts.split_last().unwrap();
        let names = before.iter().map(|part| part.rsplit('"').next().unwrap());
        names.collect::<Vec<_>>().join(" ")
    };
    let (whole, frame) = report.bytes().split_once('[').unwrap();
    let words = |values: Vec<serde_json::Value>| {
        let words = values.iter().map(|value| value.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    let programs = [Program::Daemon, Program::Worker].map(|program| match program {
        // A third one must be listed here too.
        Program::Daemon | Program::Worker => serde_json::to_value(program).unwrap(),
    });
    let causes = Cause::ALL.map(|cause| serde_json::to_value(cause).unwrap());
    let form = format!(
        "{} / {} / {} / {}",
        names(whole),
        names(frame),
        words(programs.into()),
        words(causes.into())
    );
    assert_eq!(
        (REGISTRY.version, form.as_str()),
        FORM,
        "a crash report has another form: give the registry its next version"
    );
}

#[test]
fn a_report_says_what_crashed_and_nothing_else() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(0x123)).unwrap();
    let reports = bench.reports.list().unwrap();
    let id = "07".repeat(20);
    let expected = format!(
        "{{\"week\":\"2026-W47\",\"version\":\"{}\",\"board\":\"board_family.rpi4\",\
         \"program\":\"alcove-worker\",\"cause\":\"sigsegv\",\"place\":null,\"frames\":[\
         {{\"module\":\"libavcodec.so.59\",\"build_id\":\"{id}\",\"offset\":\"0x123\",\"symbol\":null}}]}}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].bytes(), expected);
    assert_eq!(reports[0].week().to_string(), "2026-W47");
    assert_eq!(reports[0].program(), Program::Worker);
}

#[test]
fn without_a_yes_nothing_is_on_disk() {
    let refused = |bench: &Bench| {
        let kept = bench.reports.keep(Since::now(), crash(1));
        assert!(matches!(kept, Err(NotKept::NotCollected)), "{kept:?}");
        assert_eq!(bench.files(), 0);
    };
    refused(&Bench::at(NOW_MS));
    refused(&Bench::answering(Choice::Off));
    let bench = Bench::answering(Choice::Share);
    bench
        .consent
        .set(Choice::Share, Switches::default())
        .unwrap();
    refused(&bench);
}

#[test]
fn a_no_deletes_everything_that_was_kept() {
    for choice in [Choice::Local, Choice::Share] {
        let bench = Bench::answering(choice);
        bench.reports.keep(Since::now(), crash(1)).unwrap();
        fs::write(bench.folder().join("2.new"), "torn by a power cut").unwrap();
        bench.answer(Choice::Off);
        assert_eq!(bench.files(), 0);
        bench.answer(choice);
        assert_eq!(bench.reports.list().unwrap(), []);
    }
}

#[test]
fn the_twenty_newest_are_kept() {
    let bench = Bench::answering(Choice::Local);
    for number in 1..=25 {
        bench.reports.keep(Since::now(), crash(number)).unwrap();
        assert!(bench.files() <= MOST_REPORTS);
    }
    let expected: Vec<String> = (6..=25)
        .rev()
        .map(|number| format!("{number:#x}"))
        .collect();
    assert_eq!(bench.offsets(), expected);
}

#[test]
fn the_same_crash_is_told_once_a_week() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    assert!(matches!(
        bench.reports.keep(Since::now(), crash(1)),
        Err(NotKept::Known)
    ));
    bench.clock.advance_ms(7 * DAY_MS);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    assert_eq!(bench.offsets(), ["0x1", "0x1"]);
}

#[test]
fn a_deleted_report_is_gone_and_its_number_is_not_used_again() {
    let bench = Bench::answering(Choice::Local);
    for number in 1..=3 {
        bench.reports.keep(Since::now(), crash(number)).unwrap();
    }
    let newest = bench.reports.list().unwrap().remove(0);
    bench.reports.delete(&newest).unwrap();
    bench.reports.delete(&newest).unwrap();
    assert_eq!(bench.offsets(), ["0x2", "0x1"]);
    bench.reports.keep(Since::now(), crash(4)).unwrap();
    assert!(bench.reports.list().unwrap()[0].id() > newest.id());
}

#[test]
fn nothing_is_kept_for_more_than_thirty_days() {
    // From whatever day of a week, the last day on which a report is there.
    for first_day in 0..7 {
        let bench = Bench::at(NOW_MS + first_day * DAY_MS);
        bench.answer(Choice::Local);
        bench.reports.keep(Since::now(), crash(1)).unwrap();
        let mut days = 0;
        while bench.files() > 0 {
            bench.clock.advance_ms(DAY_MS);
            bench.reports.expire().unwrap();
            days += 1;
        }
        assert!((21..=30).contains(&days), "{days}");
    }
}

#[test]
fn a_clock_that_jumps_keeps_nothing_for_ever() {
    let check = |jump_ms: i64, is_kept: bool| {
        let bench = Bench::answering(Choice::Local);
        bench.reports.keep(Since::now(), crash(1)).unwrap();
        bench.clock.advance_ms(jump_ms);
        bench.reports.expire().unwrap();
        assert_eq!(bench.files() == 1, is_kept, "{jump_ms}");
    };
    check(0, true);
    check(7 * DAY_MS, true);
    check(-7 * DAY_MS, false);
    check(-365 * DAY_MS, false);
    check(365 * DAY_MS, false);
    check(-NOW_MS, false);
}

#[test]
fn a_clock_that_was_not_set_makes_no_report_and_a_start_under_it_costs_none() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    bench.clock.advance_ms(-bench.clock.unix_ms());
    assert!(matches!(
        bench.reports.keep(Since::now(), crash(2)),
        Err(NotKept::NoWeek)
    ));
    bench.reports.obey().unwrap();
    assert_eq!(bench.files(), 1);
    bench.clock.advance_ms(NOW_MS + 60 * DAY_MS);
    bench.reports.obey().unwrap();
    assert_eq!(bench.files(), 0);
}

#[test]
fn only_reports_since_the_yes_can_be_read_to_be_sent() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    assert!(bench.consent.grant::<CrashReports>().is_err());
    bench.answer(Choice::Share);
    bench.reports.keep(Since::now(), crash(2)).unwrap();
    let grant = bench.consent.grant::<CrashReports>().unwrap();
    let sent = bench.reports.for_upload(&grant).unwrap();
    let shown = bench.reports.list().unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(sent, [shown[0].clone()]);
    assert_eq!(bench.reports.for_upload(&grant).unwrap(), sent);
    bench.answer(Choice::Local);
    assert_eq!(bench.reports.for_upload(&grant), Err(Revoked::Changed));
    bench.answer(Choice::Share);
    let grant = bench.consent.grant::<CrashReports>().unwrap();
    assert_eq!(bench.reports.for_upload(&grant).unwrap(), []);
    assert_eq!(bench.reports.list().unwrap().len(), 2);
}

#[test]
fn a_file_that_this_program_would_not_write_is_no_report() {
    let bench = Bench::answering(Choice::Local);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    let file = bench.folder().join("1.report");
    let whole = fs::read_to_string(&file).unwrap();
    let check = |file: &Path, text: &str| {
        fs::write(file, text).unwrap();
        assert_eq!(bench.reports.list().unwrap(), [], "{text}");
    };
    check(&file, &whole[..whole.len() - 1]);
    check(
        &file,
        &whole.replace("\"cause\"", "\"title\":\"A Film\",\"cause\""),
    );
    check(
        &file,
        &whole.replace("libavcodec.so.59", "/home/anna/A Film.mkv"),
    );
    check(
        &file,
        &whole.replace("board_family.rpi4", "video_codec.hevc"),
    );
    check(&file, &whole.replace("2026-W47", "2026-11-18"));
    check(&file, &whole.replace("stays", "\u{0}"));
    check(&file, &" ".repeat(MOST_BYTES + 1));
    check(&file, "");
    bench.reports.expire().unwrap();
    assert_eq!(bench.files(), 0);
}

#[test]
fn a_panic_that_holds_the_folder_does_not_wait_for_itself() {
    let bench = Bench::answering(Choice::Local);
    let held = bench.reports.held();
    assert!(matches!(
        bench.reports.keep_at_once(Since::now(), crash(1)),
        Err(NotKept::Busy)
    ));
    drop(held);
    bench.reports.keep_at_once(Since::now(), crash(1)).unwrap();
}

#[test]
fn a_crash_is_kept_when_somebody_is_looking_at_the_reports() {
    let bench = Bench::answering(Choice::Local);
    let held = bench.reports.held();
    let (begins, has_begun) = std::sync::mpsc::channel();
    let reports = bench.reports.clone();
    let keeping = std::thread::spawn(move || {
        begins.send(()).unwrap();
        reports.keep(Since::now(), crash(1))
    });
    has_begun.recv().unwrap();
    drop(held);
    keeping.join().unwrap().unwrap();
    assert_eq!(bench.files(), 1);
}

#[test]
fn what_happened_under_another_answer_is_not_kept_under_this_one() {
    let bench = Bench::answering(Choice::Local);
    let refused = |since| {
        let kept = bench.reports.keep(since, crash(1));
        assert!(matches!(kept, Err(NotKept::OtherAnswer)), "{kept:?}");
        assert_eq!(bench.files(), 0);
    };
    let before = Since::now();
    bench.reports.hold();
    bench.answer(Choice::Share);
    refused(before);
    refused(Since::now());
    bench.reports.go_on();
    refused(before);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    assert!(bench.reports.list().unwrap()[0].may_leave);
}

#[test]
fn what_could_not_be_deleted_is_deleted_later() {
    let stuck = |bench: &Bench| {
        bench.reports.keep(Since::now(), crash(1)).unwrap();
        let stuck = bench.folder().join("0.report");
        fs::create_dir(&stuck).unwrap();
        stuck
    };
    let bench = Bench::answering(Choice::Local);
    let folder = stuck(&bench);
    assert!(bench.reports.clear().is_err());
    fs::remove_dir(folder).unwrap();
    fs::write(bench.folder().join("1.report"), "stays").unwrap();
    bench.reports.tend().unwrap();
    assert_eq!(bench.files(), 0);
    bench.reports.keep(Since::now(), crash(2)).unwrap();
    bench.reports.tend().unwrap();
    assert_eq!(bench.files(), 1, "once");

    let bench = Bench::answering(Choice::Local);
    let folder = stuck(&bench);
    bench.consent.set(Choice::Off, Switches::default()).unwrap();
    assert!(bench.reports.obey().is_err());
    fs::remove_dir(folder).unwrap();
    fs::write(bench.folder().join("1.new"), "torn").unwrap();
    bench.reports.tend().unwrap();
    assert_eq!(bench.files(), 0);
}

#[test]
fn a_yes_does_not_bring_back_what_a_no_could_not_delete() {
    let bench = Bench::answering(Choice::Share);
    bench.reports.keep(Since::now(), crash(1)).unwrap();
    let file = bench.folder().join("1.report");
    let kept = fs::read(&file).unwrap();
    let stuck = bench.folder().join("0.report");
    fs::create_dir(&stuck).unwrap();
    bench.consent.set(Choice::Off, Switches::default()).unwrap();
    bench.reports.obey().unwrap_err();
    fs::write(&file, kept).unwrap();
    let switches = Switches {
        crash_reports: true,
        ..Switches::default()
    };
    bench.consent.set(Choice::Share, switches).unwrap();
    let grant = bench.consent.grant::<CrashReports>().unwrap();
    assert_eq!(bench.reports.for_upload(&grant).unwrap(), [], "it must go");
    fs::remove_dir(stuck).unwrap();
    bench.reports.obey().unwrap();
    assert_eq!(bench.files(), 0);
}

#[test]
fn a_report_that_cannot_be_kept_from_leaving_is_not_kept() {
    let bench = Bench::answering(Choice::Share);
    for number in 1..=2 {
        bench.reports.keep(Since::now(), crash(number)).unwrap();
    }
    // There is room for no new file of the first.
    fs::create_dir(bench.folder().join("1.new")).unwrap();
    bench.answer(Choice::Local);
    assert_eq!(bench.offsets(), ["0x2"]);
    bench.answer(Choice::Share);
    let grant = bench.consent.grant::<CrashReports>().unwrap();
    assert_eq!(bench.reports.for_upload(&grant).unwrap(), []);
}
