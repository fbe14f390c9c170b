//! P8: what is not declared in the registry cannot be said: the line that would say it does not compile.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use syn::spanned::Spanned;
use syn::{Item, ItemImpl};

use crate::build::cells::cells_of;
use crate::build::generate;
use crate::build::registry::Registry;
use crate::house::METRICS;

/// The program's own declarations of an answer, without how it is written down.
const CLASS: &str = include_str!("../../src/telemetry/class.rs");

/// `class.rs` with the classes of `metrics`, as a module of a program of its own.
fn module(metrics: &str) -> String {
    let registry = Registry::parse(metrics).expect("well formed");
    let cells = registry.metrics.iter().map(|metric| {
        let cells = cells_of(&registry, metric).expect("can be multiplied out");
        (metric, cells)
    });
    let cells: Vec<_> = cells.collect();
    let wholes: Vec<_> = cells
        .iter()
        .map(|(metric, cells)| (*metric, cells))
        .collect();
    let file = syn::parse_file(CLASS).expect("Rust");
    let lines: Vec<&str> = CLASS.lines().collect();
    let mut own = String::new();
    for item in &file.items {
        let is_own = match item {
            Item::Struct(_) => true,
            Item::Impl(ItemImpl { trait_, .. }) => trait_.is_none(),
            _ => false,
        };
        if is_own {
            let (start, end) = (item.span().start().line, item.span().end().line);
            let text = lines[start - 1..end].join("\n");
            writeln!(own, "{text}").expect("writing to a string");
        }
    }
    let classes = generate::classes(&wholes);
    format!("#![allow(dead_code)]\nmod class {{\n{own}\n{classes}\n}}\nuse class::*;\n")
}

/// What the compiler says to `module` followed by `line`; empty when it compiles.
fn compiler_says(folder: &Path, module: &str, line: &str) -> String {
    let source = folder.join("said.rs");
    std::fs::write(&source, format!("{module}{line}\n")).expect("written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "lib"])
        .args(["--emit", "metadata", "--error-format", "short", "--out-dir"])
        .arg(folder)
        .arg(&source)
        .output()
        .expect("the compiler that built this test");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{line}: {said}");
    said
}

#[test]
fn what_is_not_declared_does_not_compile() {
    let folder = tempfile::tempdir().expect("scratch folder");
    let now = module(METRICS);
    let mut refused = 0;
    let mut check = |module: &str, line: &str, error: &str| {
        let said = compiler_says(folder.path(), module, line);
        if error.is_empty() {
            assert_eq!(said, "", "{line}");
            return;
        }
        refused += 1;
        println!("P8: `{line}` is refused with {error}");
        let errors = said.lines().filter(|text| text.contains("error[")).count();
        assert!(
            said.contains(&format!("error[{error}]")) && errors == 1,
            "{line}: {said}"
        );
    };
    for declared in [
        "fn say() -> Sample { VideoCodec::Hevc.into() }",
        "fn say() -> Metric { Metric::Outcome }",
        "fn say(playback: &Playback, facts: &Facts) -> Vec<Sample> { playback.samples(facts) }",
        "fn say() -> Option<H264OnBoard> { H264OnBoard::of(VideoCodec::H264, BoardFamily::Rpi4, Outcome::Remux) }",
    ] {
        check(&now, declared, "");
    }
    for (undeclared, error) in [
        // A class, a metric, and a metric's class that nobody declared.
        ("fn say() -> Sample { VideoCodec::Theora.into() }", "E0599"),
        ("fn say() -> Metric { Metric::DeviceId }", "E0599"),
        ("fn say() -> Sample { DeviceId::Below7.into() }", "E0433"),
        // What is kept here for the owner alone is no metric.
        (
            "fn say() -> Metric { Metric::TelemetryPerformance }",
            "E0599",
        ),
        (
            "fn say() -> Sample { (VideoCodec::Hevc, Backend::Vaapi, RealTimeFactor::Below500).into() }",
            "E0277",
        ),
        // A raw value in place of a class.
        ("fn say() -> Sample { 7_u8.into() }", "E0277"),
        (
            "fn say() -> Sample { \"video_codec.hevc\".into() }",
            "E0277",
        ),
        // An answer that is put together by hand.
        (
            "fn say() -> Sample { Sample { metric: Metric::Outcome, index: 3 } }",
            "E0451",
        ),
        (
            "fn say() -> Sample { Sample::measured(Metric::Outcome, 3) }",
            "E0624",
        ),
        // A fact beside those that a playback has, and a composite of other metrics.
        (
            "fn say(playback: &mut Playback) { playback.title = 3; }",
            "E0609",
        ),
        (
            "fn say(facts: &mut Facts) { facts.memory = 4096; }",
            "E0308",
        ),
        (
            "fn say() -> Option<H264OnBoard> { H264OnBoard::of(VideoCodec::H264, BoardFamily::Rpi4, Backend::Software) }",
            "E0308",
        ),
    ] {
        check(&now, undeclared, error);
    }
    // What is said today cannot be said once its declaration is gone.
    let plain = "fn say() -> Sample { Feature::Plain.into() }";
    assert_eq!(METRICS.matches("name = \"plain\"").count(), 1);
    check(&now, plain, "");
    let without = module(&METRICS.replace("name = \"plain\"", "name = \"bare\""));
    check(&without, plain, "E0599");
    println!("P8: {refused} lines refused");
}
