//! The registry is read strictly, and what is wrong in it is called by its name.

use crate::build::bars::check;
use crate::build::cells::cells_of;
use crate::build::registry::{Fault, Registry};
use crate::house::{MARGINALS, METRICS};

/// What the build says to the registry with `from` replaced by `to` once.
fn fault_of(from: &str, to: &str) -> Fault {
    assert!(METRICS.contains(from), "not in the registry: {from}");
    let text = METRICS.replacen(from, to, 1);
    let whole = |registry: Registry| {
        registry
            .metrics
            .iter()
            .try_for_each(|metric| cells_of(&registry, metric).map(drop))
    };
    Registry::parse(&text).and_then(whole).expect_err(to)
}

#[test]
fn a_registry_that_is_not_clear_is_refused_by_the_metrics_name() {
    let check = |from: &str, to: &str, metric: &str, what: &str| {
        let fault = fault_of(from, to);
        assert_eq!(fault.metric, metric, "{to}: {fault}");
        assert!(fault.what.contains(what), "{to}: {fault}");
    };
    let board = "name = \"board_family\"";
    check(
        board,
        "name = \"board_family\"\ncolour = 3",
        "board_family",
        "unknown field",
    );
    check(board, "name = \"memory\"", "memory", "declared twice");
    check(board, "name = \"Board\"", "Board", "lower-case");
    check(
        board,
        "nome = \"board_family\"",
        "number 1",
        "unknown field",
    );
    check("version = 1\n", "", "", "version");
    check(
        "version = 1\n",
        "version = 1\nsecret = 2\n",
        "",
        "unknown field",
    );
    check("since = 1", "since = 2", "board_family", "since");
    check(
        "expires = \"2028-W48\"",
        "expires = \"2028-12-01\"",
        "board_family",
        "2026-W47",
    );
    check(
        "expires = \"2028-W48\"",
        "expires = \"2027-W53\"",
        "board_family",
        "2026-W47",
    );
    check("expires = \"2028-W48\"\n", "", "board_family", "expires");
    check(
        "category = \"playback_statistics\"",
        "category = \"advertising\"",
        "board_family",
        "advertising",
    );
    check(
        "kind = \"box\"",
        "kind = \"file\"",
        "board_family",
        "nothing",
    );
    check(
        "folds = [\"brcm,bcm2711\"]",
        "folds = [\"brcm,bcm2837\"]",
        "board_family",
        "folded twice",
    );
    check(
        "label = \"another board\", rest = true",
        "label = \"another board\", below = 3",
        "board_family",
        "rest",
    );
    check("below = 3072", "below = 1000", "memory", "ascend");
    check("above = 6144", "above = 6145", "memory", "above");
    check("unit = \"MiB\"\n", "", "memory", "unit");
    check(
        "name = \"usb_disk\"",
        "name = \"memory_card\"",
        "storage",
        "name of its own",
    );
    check(
        "classes = [\"h264\"]",
        "classes = [\"theora\"]",
        "h264_on_board",
        "no class `theora`",
    );
    check(
        "{ metric = \"board_family\" }",
        "{ metric = \"board\" }",
        "h264_on_board",
        "`board`",
    );
    check(
        "from = [\"rpi5/hardware_keeps_up\"",
        "from = [\"rpi6/hardware_keeps_up\"",
        "h264_on_board",
        "rpi6",
    );
    check(
        "into = \"rpi5/keeps_up\"",
        "into = \"rpi4/too_slow\"",
        "h264_on_board",
        "there already",
    );
}

#[test]
fn a_table_that_is_not_clear_or_could_tell_more_is_refused_by_its_name() {
    let check = |from: &str, to: &str, table: &str, what: &str| {
        let fault = fault_of(from, to);
        assert_eq!(fault.metric, table, "{to}: {fault}");
        assert!(fault.what.contains(what), "{to}: {fault}");
    };
    let speed = "telemetry_performance";
    let named = "name = \"telemetry_performance\"";
    check(named, "name = \"speeds\"", "speeds", "telemetry_");
    check(
        named,
        "name = \"telemetry_counts\"",
        "telemetry_counts",
        "declared twice",
    );
    check(
        named,
        "name = \"telemetry_performance\"\nsender = 1",
        speed,
        "unknown field",
    );
    // What joins metrics can neither leave nor outlive them, and says until when it is kept.
    let never = "leaves = \"never\"";
    check(never, "leaves = \"as_reports\"", speed, "never leave");
    check(never, "leaves = \"has_left\"", speed, "never leave");
    check(never, "leaves = \"sometimes\"", speed, "sometimes");
    let since = "leaves = \"never\"\nsince = 1\n";
    let later = format!("{since}expires = \"2028-W49\"\n");
    check(
        &format!("{since}expires = \"2028-W48\"\n"),
        &later,
        speed,
        "longer than `video_codec`",
    );
    check(
        &format!("{since}expires = \"2028-W48\"\n"),
        since,
        speed,
        "go together",
    );
    check(
        &format!("{since}note = \"The counts"),
        &format!("{since}expires = \"2028-W48\"\nnote = \"The counts"),
        "telemetry_counts",
        "go together",
    );
    check(
        &format!("{since}note = \"The counts"),
        "note = \"The counts",
        "telemetry_counts",
        "leaves",
    );
    check(since, "leaves = \"never\"\nsince = 2\n", speed, "since");
    let answer = "holds = \"answer\", metric = \"backend\"";
    check(
        answer,
        "holds = \"answer\", metric = \"board\"",
        speed,
        "`board` is no metric",
    );
    check(
        answer,
        "holds = \"answer\", metric = \"h264_on_board\"",
        speed,
        "no metric",
    );
    check(
        answer,
        "holds = \"count\", metric = \"backend\"",
        speed,
        "holds no answer",
    );
    check(answer, "holds = \"title\"", speed, "title");
    let factor = "name = \"factor\", label = \"how fast that went\"";
    check(
        factor,
        "name = \"factor\", label = \" \"",
        speed,
        "`factor` needs a label",
    );
    check(
        factor,
        "name = \"week\", label = \"-\"",
        speed,
        "name of its own",
    );
    let note = "note = \"For the plots that the owner sees, of the last 12 weeks.";
    check(note, "nota = \"For the plots", speed, "unknown field");
}

#[test]
fn a_metric_without_a_note_is_refused() {
    let start = METRICS.find("note = \"Families").expect("the first note");
    let end = start + METRICS[start..].find('\n').expect("is not the last line");
    let check = |note: &str, what: &str| {
        let text = format!("{}{note}{}", &METRICS[..start], &METRICS[end..]);
        let fault = Registry::parse(&text).expect_err(note);
        assert_eq!(fault.metric, "board_family");
        assert!(fault.what.contains(what), "{fault}");
    };
    check("", "missing field `note`");
    check("note = \" \"", "`note` is empty");
}

#[test]
fn an_answer_with_too_little_behind_it_is_named() {
    let named = |from: &str, to: &str| {
        assert!(METRICS.contains(from), "not in the registry: {from}");
        let registry = Registry::parse(&METRICS.replacen(from, to, 1)).expect("well formed");
        check(&registry, &MARGINALS).expect_err(to)
    };
    let codec = named(
        "{ name = \"hevc\", label = \"HEVC (H.265)\", folds = [\"hevc\"] }",
        "{ name = \"hevc\", label = \"HEVC (H.265)\", folds = [\"hevc\"] }, { name = \"vc1\", label = \"VC-1\", folds = [\"vc1\"] }",
    );
    println!("bad: a codec of its own: {codec}");
    assert_eq!(codec.metric, "video_codec");
    assert!(codec.what.starts_with("cell `vc1` stands for"), "{codec}");
    let board = named(
        "{ name = \"other\", label = \"another board\", rest = true }",
        "{ name = \"odroid\", label = \"Odroid\", folds = [\"amlogic,s922x\"] }, { name = \"other\", label = \"another board\", rest = true }",
    );
    println!("bad: a board of its own: {board}");
    assert!(
        board
            .what
            .starts_with("cell `odroid` stands for 0.00% of the fleet"),
        "{board}"
    );
    let unfolded =
        "fold = [\n    { from = [\"rpi5/hardware_keeps_up\", \"rpi5/software_keeps_up\"]";
    let composite = named(
        unfolded,
        "fold = [\n    { from = [\"rpi5/software_keeps_up\"]",
    );
    println!("bad: what no box can do: {composite}");
    assert!(
        composite
            .what
            .starts_with("cell `rpi5/hardware_keeps_up` stands for 0.00%"),
        "{composite}"
    );
}

#[test]
fn every_figure_of_the_made_up_world_says_where_it_is_from() {
    let world = &MARGINALS;
    let catalogues = world.catalogue.iter().flat_map(|own| {
        let kinds = own.kind.iter().map(|kind| &kind.source);
        kinds.chain([&own.source, &own.zipf_source])
    });
    let boxes = world.board.iter().map(|own| &own.source);
    let facts = world.fact.iter().map(|own| &own.source);
    let clients = world.client.iter().map(|own| &own.source);
    let others = [
        &world.rates.source,
        &world.storage.source,
        &world.playing.source,
    ];
    let all = catalogues
        .chain(boxes)
        .chain(facts)
        .chain(clients)
        .chain(others);
    for source in all {
        let is_marked = source.contains("assumption") || source.contains("specification");
        assert!(is_marked, "neither a source nor an assumption: {source}");
    }
}
