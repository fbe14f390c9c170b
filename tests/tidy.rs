//! Reads the sources and fails where they leave the plan of ARCHITECTURE.md: an arrow that points
//! the wrong way, a library outside its room, a file or a function past the ceiling.
//!
//! Never: running the program.

#[path = "tidy/writer.rs"]
mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

#[path = "tidy/raw.rs"]
mod raw;

const FILE_CEILING_LINES: usize = 700;
const FUNCTION_CEILING_LINES: usize = 100;

/// What each room may import; `main` and the worker's program are rooms of one file.
const ARROWS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("media", &["base"]),
    ("av", &["base", "media"]),
    ("worker", &["base", "media", "av"]),
    ("pool", &["base", "media"]),
    ("db", &["base", "media"]),
    ("board", &["base", "media"]),
    ("consent", &["base"]),
    ("auth", &["base", "db"]),
    ("library", &["base", "media", "db", "pool"]),
    ("transcode", &["base", "media", "pool", "board"]),
    ("telemetry", &["base", "consent", "db"]),
    ("update", &["base", "board", "consent"]),
    (
        "http",
        &[
            "base",
            "media",
            "pool",
            "board",
            "consent",
            "auth",
            "library",
            "transcode",
            "telemetry",
            "update",
        ],
    ),
    (
        "daemon",
        &[
            "base",
            "media",
            "pool",
            "db",
            "board",
            "consent",
            "auth",
            "library",
            "transcode",
            "telemetry",
            "update",
            "http",
        ],
    ),
    ("init", &["base"]),
    ("build", &["base"]),
    ("main", &["base", "daemon"]),
    ("alcove-worker", &["worker"]),
    ("alcove-init", &["init"]),
];

/// Rooms in which raw values arise: they may name the metric classes that these become, and nothing
/// else of `telemetry`.
const CLASSIFIERS: &[&str] = &["board", "transcode"];

/// Libraries that only the named rooms may touch.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("ffmpeg_next", &["av"]),
    ("ffmpeg_sys_next", &["av"]),
    ("rusqlite", &["db"]),
    ("rusqlite_migration", &["db"]),
    ("axum", &["http"]),
    ("hyper", &["http", "daemon"]),
    ("utoipa", &["http"]),
    ("seccompiler", &["worker"]),
    ("landlock", &["worker"]),
    ("crc32c", &["consent"]),
    ("notify", &["library"]),
    ("zbus", &["update"]),
    ("quick_xml", &["library"]),
    ("clap", &["daemon", "main"]),
];

/// Paths that only the named rooms may name.
const PATHS: &[(&str, &[&str])] = &[
    ("tokio::spawn", &["daemon"]),
    (".spawn", &["daemon"]),
    ("task::spawn", &["daemon"]),
    ("task::spawn_local", &["daemon"]),
    ("JoinSet", &["daemon"]),
    ("TaskTracker", &["daemon"]),
    ("tokio::runtime", &["daemon"]),
    ("TcpStream::connect", &[]),
    ("UdpSocket", &[]),
];

/// Files outside `av` in which `unsafe` may stand, each block with its reason.
const UNSAFE_FILES: &[&str] = &[
    "src/base/fd_channel.rs",
    "src/base/trace.rs",
    "src/daemon/heap.rs",
    "src/init/ioctls.rs",
    "src/worker/crash.rs",
    "src/worker/escape.rs",
    "src/worker/syscalls.rs",
];

#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, path: &Path, line: usize, what: impl AsRef<str>) {
        self.0
            .push(format!("{}:{line}: {}", path.display(), what.as_ref()));
    }

    fn assert_none(self) {
        assert!(self.0.is_empty(), "\n{}", self.0.join("\n"));
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.map(|entry| entry.expect("directory entry")) {
        let path = entry.path();
        let name = entry.file_name();
        if name == "node_modules" || name == "target" {
            continue;
        }
        if path.is_dir() {
            files_below(&path, endings, found);
        } else if endings
            .iter()
            .any(|ending| path.to_string_lossy().ends_with(ending))
        {
            found.push(path);
        }
    }
}

fn sources(folders: &[&str], endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in folders {
        files_below(&root().join(folder), endings, &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let relative = path
                .strip_prefix(root())
                .expect("below the root")
                .to_owned();
            (relative, text)
        })
        .collect()
}

/// The room of a file below `src`; `None` for the crate root.
fn room_of(path: &Path) -> Option<String> {
    let mut parts = path.strip_prefix("src").ok()?.components();
    let first = parts.next()?.as_os_str().to_str()?;
    match first {
        "lib.rs" => None,
        "main.rs" => Some("main".into()),
        "bin" => path.file_stem()?.to_str().map(str::to_owned),
        room => Some(room.to_owned()),
    }
}

/// Methods that start a task, wherever the thing that has them came from.
const STARTERS: &[&str] = &["spawn", "spawn_on", "spawn_local", "spawn_local_on"];

/// The modules that a file below `src` lies in, from the root of its crate.
fn modules_of(path: &Path) -> Vec<String> {
    let inner = path.strip_prefix("src").unwrap_or(path).with_extension("");
    let names = inner.iter().map(|name| name.to_string_lossy().into_owned());
    let mut modules: Vec<String> = names.collect();
    let last = modules.last().map(String::as_str);
    if matches!(last, Some("mod" | "lib" | "main")) {
        modules.pop();
    }
    modules
}

/// Every path of a file with its line, `use` trees spread out and leading `super`s followed; and the
/// calls that start a task, as `.spawn`.
#[derive(Default)]
struct Paths {
    found: Vec<(usize, String)>,
    /// The modules around the place that is looked at.
    modules: Vec<String>,
}

impl Paths {
    fn add(&mut self, line: usize, path: String) {
        let mut names = path.split("::").peekable();
        let mut around = self.modules.as_slice();
        let mut is_relative = false;
        while names.next_if_eq(&"super").is_some() {
            around = &around[..around.len().saturating_sub(1)];
            is_relative = true;
        }
        let path = match is_relative {
            true => {
                let around = around.iter().map(String::as_str);
                let whole: Vec<&str> = ["crate"].into_iter().chain(around).chain(names).collect();
                whole.join("::")
            }
            false => path,
        };
        self.found.push((line, path));
    }

    fn spread(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: String| {
            if prefix.is_empty() {
                name
            } else {
                format!("{prefix}::{name}")
            }
        };
        match tree {
            syn::UseTree::Path(path) => self.spread(&join(path.ident.to_string()), &path.tree),
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.spread(prefix, item);
                }
            }
            syn::UseTree::Name(name) => {
                self.add(name.span().start().line, join(name.ident.to_string()));
            }
            syn::UseTree::Rename(name) => {
                self.add(name.span().start().line, join(name.ident.to_string()));
            }
            syn::UseTree::Glob(glob) => self.add(glob.span().start().line, join("*".into())),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.spread("", &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(path.span().start().line, names.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.modules.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.modules.pop();
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        // A `Command` takes no argument.
        let has_task = !call.args.is_empty();
        if STARTERS.contains(&name.as_str()) && has_task && !is_thread(&call.receiver) {
            self.add(call.method.span().start().line, ".spawn".to_owned());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// True for `thread::Builder::new()` and what is said to it.
fn is_thread(made: &syn::Expr) -> bool {
    match made {
        syn::Expr::MethodCall(call) => is_thread(&call.receiver),
        syn::Expr::Call(call) => match &*call.func {
            syn::Expr::Path(path) => {
                let names = path.path.segments.iter().map(|s| s.ident.to_string());
                names.collect::<Vec<_>>().ends_with(&[
                    "thread".into(),
                    "Builder".into(),
                    "new".into(),
                ])
            }
            _ => false,
        },
        _ => false,
    }
}

fn paths_of(text: &str, file: &Path) -> Vec<(usize, String)> {
    let tree = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut paths = Paths {
        modules: modules_of(file),
        ..Paths::default()
    };
    paths.visit_file(&tree);
    paths.found
}

/// The rooms a path leads to, whether from inside the library or from the worker's program.
fn room_named_by(path: &str) -> Option<&str> {
    let mut parts = path.split("::");
    match parts.next()? {
        "crate" | "alcove" => parts.next(),
        _ => None,
    }
}

fn check_arrows(file: &Path, text: &str, findings: &mut Findings) {
    let Some(room) = room_of(file) else { return };
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let Some(allowed) = arrows.get(room.as_str()) else {
        return findings.add(file, 1, format!("room `{room}` is not in the plan"));
    };
    for (line, path) in paths_of(text, file) {
        let names_class = path.starts_with("crate::telemetry::class::");
        if names_class && CLASSIFIERS.contains(&room.as_str()) {
            continue;
        }
        if room == "init" && path.starts_with("alcove::update::bootstate::") {
            continue;
        }
        if let Some(target) = room_named_by(&path)
            && arrows.contains_key(target)
            && target != room
            && !allowed.contains(&target)
        {
            findings.add(file, line, format!("`{room}` must not import `{target}`"));
        }
    }
}

fn check_libraries(file: &Path, text: &str, findings: &mut Findings) {
    let room = room_of(file).unwrap_or_default();
    for (line, path) in paths_of(text, file) {
        let first = path.split("::").next().unwrap_or_default();
        for (library, rooms) in LIBRARIES {
            if first == *library && !rooms.contains(&room.as_str()) {
                findings.add(
                    file,
                    line,
                    format!("`{library}` does not belong in `{room}`"),
                );
            }
        }
        for (forbidden, rooms) in PATHS {
            let hit = path == *forbidden
                || path.ends_with(&format!("::{forbidden}"))
                || path.starts_with(&format!("{forbidden}::"));
            if hit && !rooms.contains(&room.as_str()) {
                findings.add(
                    file,
                    line,
                    format!("`{forbidden}` does not belong in `{room}`"),
                );
            }
        }
    }
}

struct Functions<'a> {
    file: &'a Path,
    findings: &'a mut Findings,
}

impl Functions<'_> {
    fn measure(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_CEILING_LINES {
            let what = format!(
                "function `{name}` has {lines} lines, the ceiling is {FUNCTION_CEILING_LINES}"
            );
            self.findings.add(self.file, span.start().line, what);
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig.ident, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig.ident, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

/// Lines in which an `unsafe` block, function or impl begins.
#[derive(Default)]
struct Unsafe(Vec<usize>);

impl<'ast> Visit<'ast> for Unsafe {
    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.0.push(block.span().start().line);
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(word) = &signature.unsafety {
            self.0.push(word.span.start().line);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some(word) = &item.unsafety {
            self.0.push(word.span.start().line);
        }
        visit::visit_item_impl(self, item);
    }
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut findings = Findings::default();
    for (file, text) in sources(&["src"], &[".rs"]) {
        check_arrows(&file, &text, &mut findings);
    }
    findings.assert_none();
}

#[test]
fn each_library_stays_in_its_room() {
    let mut findings = Findings::default();
    for (file, text) in sources(&["src"], &[".rs"]) {
        check_libraries(&file, &text, &mut findings);
    }
    findings.assert_none();
}

#[test]
fn a_wrong_arrow_and_a_strayed_library_are_found() {
    let mut findings = Findings::default();
    let bad =
        "use crate::{base, library::scan};\nfn f() { rusqlite::version(); tokio::spawn(g()); }";
    check_arrows(Path::new("src/transcode/bad.rs"), bad, &mut findings);
    check_libraries(Path::new("src/transcode/bad.rs"), bad, &mut findings);
    assert_eq!(findings.0.len(), 3, "{:?}", findings.0);
}

#[test]
fn a_way_around_the_arrows_and_a_task_started_in_a_room_are_found() {
    let arrows = [
        ("src/transcode/bad.rs", "use super::super::library::scan;"),
        ("src/transcode/mod.rs", "use super::library::scan;"),
        (
            "src/http/routes/bad.rs",
            "type T = super::super::super::db::Db;",
        ),
        (
            "src/auth/bad.rs",
            "mod tests { use super::super::super::http; }",
        ),
        ("src/init/bad.rs", "use alcove::update::Health;"),
    ];
    for (file, bad) in arrows {
        let mut findings = Findings::default();
        check_arrows(Path::new(file), bad, &mut findings);
        assert_eq!(findings.0.len(), 1, "{file}: {:?}", findings.0);
    }
    for bad in [
        "use tokio::task::JoinSet;",
        "use tokio_util::task::TaskTracker as Them;",
        "use tokio::{spawn as begin};",
        "fn f() { task::spawn(g()); }",
        "fn f() { tokio::runtime::Handle::current(); }",
        "fn f(them: &X) { them.spawn(g()); }",
        "fn f(them: &mut X) { them.of_all().spawn_on(g(), h); }",
    ] {
        let mut findings = Findings::default();
        check_libraries(Path::new("src/http/bad.rs"), bad, &mut findings);
        assert_eq!(findings.0.len(), 1, "{bad}: {:?}", findings.0);
    }
    for (file, good) in [
        (
            "src/worker/good.rs",
            "use super::super::worker::cue; use super::cue;",
        ),
        (
            "src/pool/good.rs",
            "fn f() { Command::new(p).arg(a).spawn(); }",
        ),
        (
            "src/db/good.rs",
            "fn f() { thread::Builder::new().name(n).spawn(work); }",
        ),
        ("src/init/good.rs", "use alcove::update::bootstate::Slot;"),
        (
            "src/daemon/good.rs",
            "fn f(them: JoinSet<()>) { them.spawn(g()); }",
        ),
    ] {
        let mut findings = Findings::default();
        check_arrows(Path::new(file), good, &mut findings);
        check_libraries(Path::new(file), good, &mut findings);
        findings.assert_none();
    }
}

#[test]
fn classifiers_name_metric_classes_and_nothing_else_of_telemetry() {
    let check = |room: &str, text: &str, expected: usize| {
        let mut findings = Findings::default();
        let file = format!("src/{room}/made_up.rs");
        check_arrows(Path::new(&file), text, &mut findings);
        assert_eq!(
            findings.0.len(),
            expected,
            "{room}: {text}: {:?}",
            findings.0
        );
    };
    check("transcode", "use crate::telemetry::class::Outcome;", 0);
    check("transcode", "use crate::telemetry::report;", 1);
    check("library", "use crate::telemetry::class::Outcome;", 1);
    check("telemetry", "use crate::media::info::MediaInfo;", 1);
}

#[test]
fn files_and_functions_stay_under_their_ceilings() {
    let mut findings = Findings::default();
    let endings = [
        ".rs", ".ts", ".svelte", ".css", ".sh", ".mjs", ".py", ".sql",
    ];
    for (file, text) in sources(&["src", "tests", "image", "build"], &endings) {
        let lines = text.lines().count();
        let generated = file.ends_with("src/ui/api/schema.d.ts");
        if lines > FILE_CEILING_LINES && !generated {
            findings.add(
                &file,
                1,
                format!("{lines} lines, the ceiling is {FILE_CEILING_LINES}"),
            );
        }
    }
    for (file, text) in sources(&["src", "tests", "build"], &[".rs"]) {
        let tree = syn::parse_file(&text).expect("Rust parses");
        Functions {
            file: &file,
            findings: &mut findings,
        }
        .visit_file(&tree);
    }
    findings.assert_none();
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let mut findings = Findings::default();
    for (file, text) in sources(&["src", "tests", "build"], &[".rs"]) {
        if !text.starts_with("//! ") {
            findings.add(&file, 1, "does not begin with a `//!` sentence of purpose");
        }
        let head: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        if file.starts_with("src")
            && file != Path::new("src/lib.rs")
            && !head.iter().any(|l| l.contains("Never"))
        {
            findings.add(&file, 1, "does not say what it never does");
        }
    }
    findings.assert_none();
}

#[test]
fn unsafe_stands_only_where_the_plan_lists_it() {
    let mut findings = Findings::default();
    for (file, text) in sources(&["src"], &[".rs"]) {
        let listed = UNSAFE_FILES.iter().any(|name| Path::new(name) == file);
        if listed || room_of(&file).as_deref() == Some("av") {
            continue;
        }
        let mut found = Unsafe::default();
        found.visit_file(&syn::parse_file(&text).expect("Rust parses"));
        for line in found.0 {
            findings.add(&file, line, "`unsafe` outside `av` and the listed files");
        }
    }
    findings.assert_none();
}

#[test]
fn folders_below_src_are_at_most_two_deep() {
    for (file, _) in sources(&["src"], &[".rs", ".ts", ".svelte"]) {
        let folders = file.components().count() - 2;
        assert!(folders <= 2, "{} is {folders} folders deep", file.display());
    }
}

#[test]
fn the_daemon_has_no_http_client_to_call_out_with() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("manifest");
    let tree: toml::Table = manifest.parse().expect("manifest is TOML");
    let names = tree["dependencies"].as_table().expect("table").keys();
    for name in names {
        for client in [
            "reqwest",
            "ureq",
            "isahc",
            "curl",
            "attohttpc",
            "minreq",
            "hyper-tls",
        ] {
            assert_ne!(name, client);
        }
    }
    let hyper = format!(
        "{}{}",
        tree["dependencies"]["hyper"], tree["dependencies"]["hyper-util"]
    );
    assert!(!hyper.contains("client"), "{hyper}");
}
