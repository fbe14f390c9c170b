//! Registries that must not be: each goes through the same bars, and the bar made for it fails.

use crate::build::bars::{check, check_budget};
use crate::build::cells::cells_of;
use crate::build::chances::{Features, tables};
use crate::build::lens::Lens;
use crate::build::make;
use crate::build::registry::{Fault, Registry};
use crate::build::world::World;
use crate::guessing::{MOST_TOP_1, exact_guesses};
use crate::house::{LENS, MARGINALS, METRICS, WORLD};
use crate::linkage::{MOST_LINKED, Uploads};

/// A metric of the registry's own form.
fn metric(name: &str, kind: &str, rest: &str) -> String {
    let nothing = if kind == "box" {
        ""
    } else {
        "nothing = \"nothing\"\n"
    };
    format!(
        "\n[[metric]]\nname = \"{name}\"\nquestion = \"?\"\ncategory = \"playback_statistics\"\nkind = \"{kind}\"\n\
         {nothing}example = \"-\"\nsince = 1\nexpires = \"2028-W48\"\nnote = \"must not be\"\n{rest}\n"
    )
}

/// Classes of every whole number below `count`, in steps of `step`.
fn numbered(count: u32, step: u32, more: &str) -> String {
    let below = (1..count).map(|at| {
        let bound = at * step;
        format!("{{ name = \"below_{bound}\", label = \"-\", below = {bound} }}, ")
    });
    let last = (count - 1) * step;
    format!(
        "unit = \"-\"\nclasses = [{}{{ name = \"above_{last}\", label = \"-\", above = {last} }}{more}]",
        below.collect::<String>()
    )
}

fn with(more: &str) -> Registry {
    Registry::parse(&format!("{METRICS}{more}")).expect("well formed")
}

fn minutes() -> Registry {
    let start = METRICS
        .find("[[metric]]\nname = \"length\"")
        .expect("is there");
    let end = start
        + METRICS[start + 1..]
            .find("[[metric]]")
            .expect("is not the last")
        + 1;
    let no_length = ", { name = \"no_length\", label = \"-\" }";
    let classes = numbered(181, 60, no_length);
    let length = metric("length", "file", &classes);
    let text = format!("{}{length}{}", &METRICS[..start], &METRICS[end..]);
    Registry::parse(&text).expect("well formed")
}

fn grid() -> Registry {
    let axes = ["video_codec", "resolution", "bit_rate", "length"];
    let axes = axes
        .map(|axis| format!("{{ metric = \"{axis}\" }}"))
        .join(", ");
    with(&metric("grid", "composite", &format!("axes = [{axes}]")))
}

fn with_hours() -> Registry {
    let hours = metric("hour_of_week", "outcome", &numbered(168, 1, ""));
    let axes = "axes = [{ metric = \"length\" }, { metric = \"hour_of_week\" }]";
    with(&(hours + &metric("length_at_hour", "composite", axes)))
}

/// The worst guess of P2 at the metric's answers.
fn worst_guess(registry: &Registry, name: &str) -> f64 {
    let lens = Lens::new(registry).expect("can be multiplied out");
    let world = World {
        marginals: &MARGINALS,
        lens: &lens,
    };
    let files = MARGINALS.files(&MARGINALS.catalogue[0]);
    let tables = tables(&world, &files, Features::AsPeopleDo).expect("a class for everything");
    let at = lens
        .views
        .iter()
        .position(|view| view.name == name)
        .expect("is there");
    let possible = exact_guesses(&tables[at]).into_iter();
    possible
        .filter(|exact| exact.is_finite())
        .fold(0.0, f64::max)
}

/// How often P4's adversary links two rows of the metric.
fn linked(registry: &Registry, name: &str) -> f64 {
    let lens = Lens::new(registry).expect("can be multiplied out");
    let files = MARGINALS.files(&MARGINALS.catalogue[0]);
    let at = lens
        .views
        .iter()
        .position(|view| view.name == name)
        .expect("is there");
    Uploads::of_fleet(&lens, &files, 7, &[at]).linked(at)
}

#[test]
fn a_length_to_the_minute_fails_the_cells_and_the_guess() {
    let registry = minutes();
    let fault = check(&registry, &MARGINALS).expect_err("cells are too small");
    let worst = worst_guess(&registry, "length");
    println!(
        "bad: length to the minute: {fault}; guessed {:.2}%",
        worst * 100.0
    );
    assert_eq!(fault.metric, "length");
    assert!(fault.what.starts_with("cell `"), "{fault}");
    assert!(worst > MOST_TOP_1, "{worst}");
}

#[test]
fn a_joint_grid_fails_the_cells_and_the_guess() {
    let registry = grid();
    let fault = check(&registry, &MARGINALS).expect_err("cells are too small");
    let worst = worst_guess(&registry, "grid");
    println!("bad: joint grid: {fault}; guessed {:.2}%", worst * 100.0);
    assert_eq!(fault.metric, "grid");
    assert!(worst > MOST_TOP_1, "{worst}");
}

#[test]
fn a_device_id_fails_the_fleet_and_the_linkage() {
    let registry = with(&metric("device_id", "box", &numbered(20_000, 1, "")));
    let fault = check(&registry, &MARGINALS).expect_err("one box a class");
    let linked = linked(&registry, "device_id");
    println!("bad: device id: {fault}; linked {:.1}%", linked * 100.0);
    assert_eq!(fault.metric, "device_id");
    assert!(linked > MOST_LINKED, "{linked}");
}

#[test]
fn a_class_with_its_hour_fails_the_linkage() {
    let registry = with_hours();
    let metric = registry.metric("length_at_hour").expect("is there");
    let fault = cells_of(&registry, metric).expect_err("hundreds of classes");
    assert!(
        fault.what.starts_with("673 classes, the most is"),
        "{fault}"
    );
    let linked = linked(&registry, "length_at_hour");
    println!("bad: class plus hour: linked {:.3}%", linked * 100.0);
    assert!(linked > MOST_LINKED, "{linked}");
}

/// What the build says to the registry's own metrics with one line of its head changed.
fn budget_fault(from: &str, to: &str) -> Fault {
    assert!(METRICS.contains(from), "not in the registry: {from}");
    let registry = Registry::parse(&METRICS.replacen(from, to, 1)).expect("well formed");
    let fault = check_budget(&registry).expect_err(to);
    let built = make(&METRICS.replacen(from, to, 1), WORLD);
    let built = built.err().expect("the build stops").to_string();
    assert_eq!(built, fault.to_string());
    assert_eq!(
        LENS.views.len(),
        registry.metrics.len(),
        "nothing else differs"
    );
    fault
}

#[test]
fn a_doubled_epsilon_fails_the_budget() {
    let fault = budget_fault("epsilon_a_report = 0.2", "epsilon_a_report = 0.4");
    println!("bad: epsilon doubled: {fault}");
}

#[test]
fn a_budget_that_only_looks_small_fails_too() {
    let check = |from: &str, to: &str, what: &str| {
        let fault = budget_fault(from, to);
        println!("bad: {to}: {fault}");
        assert!(fault.what.contains(what), "{to}: {fault}");
    };
    for epsilon in ["0.0004", "-1.0", "0.0", "0.2004", "0.19", "nan", "inf"] {
        let to = format!("epsilon_a_report = {epsilon}");
        check("epsilon_a_report = 0.2", &to, "a report");
    }
    for reports in ["50", "6", "0", "4294967295"] {
        let to = format!("reports_a_week = {reports}");
        check("reports_a_week = 5", &to, "reports a week");
    }
    for weeks in ["52", "27", "0"] {
        let to = format!("weeks_a_year = {weeks}");
        check("weeks_a_year = 26", &to, "weeks a year");
    }
}
