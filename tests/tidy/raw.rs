//! No function of `telemetry` takes a raw number, a text or a path: what others can call takes class
//! types alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{FnArg, ImplItem, Item, TraitItem, Visibility};

use super::{Findings, sources};

/// Types of other rooms and libraries that hold nothing which was measured on a playback. Whoever
/// adds one answers for that.
const HARMLESS: &[&str] = &[
    "Self",
    "Week",
    "Clock",
    "SharedClock",
    "CancellationToken",
    // The owner's answer and what it permits.
    "Consent",
    "Choice",
    "Ahead",
    "Switches",
    "Grant",
    "PlaybackStatistics",
    "CrashReports",
    // The database, and rows that hold classes, counts and weeks alone.
    "Db",
    "StoredJournal",
    "AnswerRow",
    // Which receipt, as its own room counts them.
    "ReceiptId",
    // Frames of code, each part of a closed form; the folder that their reports are in.
    "Crash",
    // When it may have happened, to be held against the moment of an answer.
    "Since",
    "Folder",
    // Containers, judged by what is in them.
    "Option",
    "Vec",
    "Box",
    "Arc",
    // serde and fmt call these.
    "fmt::Formatter",
    "Formatter",
    "Serializer",
    "Deserializer",
];

const RAW: &[&str] = &[
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "char",
    "str",
    "String",
    "OsStr",
    "OsString",
    "Path",
    "PathBuf",
    "Duration",
    "Instant",
    "SystemTime",
    "Bytes",
    "Value",
];

/// The names in a type: paths without their arguments, which count for themselves.
#[derive(Default)]
struct Names {
    found: Vec<String>,
    fields: bool,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        // What lives as long as the program is written in its source. Only a field is trusted with
        // that: a parameter could be given what was leaked.
        let lasts = reference
            .lifetime
            .as_ref()
            .is_some_and(|own| own.ident == "static");
        if !(lasts && self.fields) {
            visit::visit_type_reference(self, reference);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.found.push(segments.collect::<Vec<_>>().join("::"));
        visit::visit_path(self, path);
    }
}

fn names_of(visit: impl FnOnce(&mut Names)) -> Vec<String> {
    let mut names = Names::default();
    visit(&mut names);
    names.found
}

fn last(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// Types that telemetry declares and nobody else can fill with a raw value.
fn closed_types(files: &[(PathBuf, syn::File)]) -> BTreeSet<String> {
    let is_raw = |field: &syn::Field| {
        let mut names = Names {
            fields: true,
            ..Names::default()
        };
        names.visit_type(&field.ty);
        names.found.iter().any(|name| RAW.contains(&last(name)))
    };
    let is_open = |field: &syn::Field| !matches!(field.vis, Visibility::Inherited) && is_raw(field);
    let closed = files
        .iter()
        .flat_map(|(_, file)| &file.items)
        .filter_map(|item| match item {
            Item::Struct(own) => (!own.fields.iter().any(is_open)).then(|| own.ident.to_string()),
            Item::Enum(own) => {
                let mut fields = own.variants.iter().flat_map(|variant| &variant.fields);
                (!fields.any(is_raw)).then(|| own.ident.to_string())
            }
            Item::Trait(own) => Some(own.ident.to_string()),
            _ => None,
        });
    closed.collect()
}

struct Signatures<'a> {
    file: &'a Path,
    closed: &'a BTreeSet<String>,
    findings: &'a mut Findings,
}

impl Signatures<'_> {
    fn check(&mut self, signature: &syn::Signature, outer: &syn::Generics) {
        let parameters = signature.generics.type_params().chain(outer.type_params());
        let generic: Vec<String> = parameters.map(|own| own.ident.to_string()).collect();
        let names = names_of(|names| {
            for input in &signature.inputs {
                if let FnArg::Typed(typed) = input {
                    names.visit_type(&typed.ty);
                }
            }
            names.visit_generics(&signature.generics);
        });
        for name in names {
            let known = HARMLESS.contains(&name.as_str())
                || HARMLESS.contains(&last(&name))
                || self.closed.contains(last(&name))
                || generic
                    .iter()
                    .any(|own| name.split("::").next() == Some(own));
            if !known {
                let line = signature.ident.span().start().line;
                let what = format!("`{}` takes `{name}`", signature.ident);
                self.findings.add(self.file, line, what);
            }
        }
    }

    fn items(&mut self, items: &[Item]) {
        let none = syn::Generics::default();
        for item in items {
            match item {
                Item::Fn(own) if is_seen(&own.vis) => self.check(&own.sig, &none),
                Item::Impl(own) => self.implementation(own),
                Item::Trait(own) => {
                    for item in &own.items {
                        if let TraitItem::Fn(function) = item {
                            self.check(&function.sig, &own.generics);
                        }
                    }
                }
                Item::Mod(own) if !is_test(&own.attrs) => {
                    if let Some((_, items)) = &own.content {
                        self.items(items);
                    }
                }
                Item::Macro(own) if !own.mac.path.is_ident("include") => {
                    self.findings
                        .add(self.file, 1, "a macro hides what its functions take");
                }
                _ => {}
            }
        }
    }

    fn implementation(&mut self, own: &syn::ItemImpl) {
        for item in &own.items {
            if let ImplItem::Fn(function) = item
                && (own.trait_.is_some() || is_seen(&function.vis))
            {
                self.check(&function.sig, &own.generics);
            }
        }
        if let Some((_, path, _)) = &own.trait_ {
            // `From<u64>` takes one, whatever its function calls it.
            let arguments = names_of(|names| names.visit_path(path));
            for name in arguments.iter().filter(|name| RAW.contains(&last(name))) {
                let line = own.impl_token.span.start().line;
                self.findings
                    .add(self.file, line, format!("implements a trait of `{name}`"));
            }
        }
    }
}

fn is_seen(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let mut conditions = attributes.iter().filter(|a| a.path().is_ident("cfg"));
    conditions.any(|condition| {
        condition
            .parse_args::<syn::Ident>()
            .is_ok_and(|word| word == "test")
    })
}

fn check(files: &[(PathBuf, String)]) -> Findings {
    let parse = |(path, text): &(PathBuf, String)| {
        let tree = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path.clone(), tree)
    };
    let files: Vec<_> = files.iter().map(parse).collect();
    let closed = closed_types(&files);
    let mut findings = Findings::default();
    for (file, tree) in &files {
        let findings = &mut findings;
        Signatures {
            file,
            closed: &closed,
            findings,
        }
        .items(&tree.items);
    }
    findings
}

fn telemetry() -> Vec<(PathBuf, String)> {
    let generated = Path::new(env!("OUT_DIR")).join("metric_classes.rs");
    let text = fs::read_to_string(&generated).expect("made by the build");
    let mut files = sources(&["src/telemetry"], &[".rs"]);
    files.push((generated, text));
    files
}

#[test]
fn functions_of_telemetry_take_classes_alone() {
    let files = telemetry();
    assert!(files.len() > 4, "the room is there");
    check(&files).assert_none();
}

#[test]
fn class_types_import_base_alone() {
    let mut findings = Findings::default();
    for (file, text) in sources(&["src/telemetry"], &["class.rs"]) {
        for (line, path) in super::paths_of(&text, &file) {
            let inside =
                !path.starts_with("crate::base") && !path.starts_with("crate::telemetry::class");
            if inside && (path.starts_with("crate::") || path.starts_with("super::super::")) {
                findings.add(&file, line, format!("`class` must not import `{path}`"));
            }
        }
    }
    findings.assert_none();
}

#[test]
fn a_way_in_for_a_raw_value_is_found() {
    let ways = [
        "pub fn note(length: u64) {}",
        "pub(crate) fn note(title: &str) {}",
        "pub fn note(lengths: &[Option<f64>]) {}",
        "pub fn note(title: impl Into<String>) {}",
        "pub fn note<T: AsRef<std::path::Path>>(path: T) {}",
        "pub fn note<T>(path: T) where T: ToString {}",
        "pub fn note(info: &crate::media::info::MediaInfo) {}",
        "type Seconds = f64; pub fn note(length: Seconds) {}",
        "pub struct Length { pub seconds: f64 } pub fn note(length: Length) {}",
        "pub enum Length { Seconds(f64) } pub fn note(length: Length) {}",
        "pub struct Length(f64); impl From<f64> for Length { fn from(s: f64) -> Self { Self(s) } }",
        "impl Kept { pub fn note(&self, at: std::time::Duration) {} }",
        "pub trait Note { fn note(&self, length: u32); }",
        "mod inner { pub fn note(length: u64) {} }",
        "macro_rules! note { () => { pub fn note(length: u64) {} } }",
    ];
    for way in ways {
        let findings = check(&[(PathBuf::from("made_up.rs"), way.to_owned())]);
        assert!(!findings.0.is_empty(), "not found: {way}");
    }
    let fine = "pub struct Kept { seen: u64 } pub enum Class { A, B }
        impl Kept { pub fn note(&mut self, class: Option<Class>) { hidden(3) } }
        fn hidden(count: u64) {}
        #[cfg(test)] mod tests { pub fn check(length: u64) {} }";
    check(&[(PathBuf::from("made_up.rs"), fine.to_owned())]).assert_none();
}
