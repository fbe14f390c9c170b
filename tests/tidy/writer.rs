//! Fails where the one writer of the database would wait for a disk of media: a piece of work that
//! is handed to it and looks at files, itself or through a function of the same source file.
//!
//! Never: running the program.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use syn::visit::{self, Visit};

use super::{Findings, sources};

/// Methods that ask the file system.
const ASKING: &[&str] = &[
    "canonicalize",
    "exists",
    "is_dir",
    "is_file",
    "metadata",
    "read_dir",
];

/// What a piece of code calls.
#[derive(Default)]
struct Uses {
    functions: HashSet<String>,
    asks_disk: bool,
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        let (last, before) = names.split_last().expect("a path has a name");
        self.asks_disk |= before.iter().any(|name| name == "fs" || name == "File");
        if before.is_empty() || before == ["Self"] {
            self.functions.insert(last.clone());
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        self.asks_disk |= ASKING.contains(&name.as_str());
        self.functions.insert(name);
        visit::visit_expr_method_call(self, call);
    }
}

/// The functions of a file, and the work that it hands to the writer.
#[derive(Default)]
struct File {
    functions: HashMap<String, Uses>,
    handed: Vec<(usize, Uses)>,
}

impl<'ast> Visit<'ast> for File {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let uses = self.functions.entry(item.sig.ident.to_string());
        uses.or_default().visit_block(&item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let uses = self.functions.entry(item.sig.ident.to_string());
        uses.or_default().visit_block(&item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "write" && is_db(&call.receiver) {
            let mut uses = Uses::default();
            call.args.iter().for_each(|work| uses.visit_expr(work));
            self.handed.push((call.method.span().start().line, uses));
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn is_db(receiver: &syn::Expr) -> bool {
    match receiver {
        syn::Expr::Field(field) => {
            matches!(&field.member, syn::Member::Named(name) if name == "db")
        }
        syn::Expr::Path(path) => path.path.is_ident("db"),
        _ => false,
    }
}

/// Checks a file; answers how many pieces of work it hands to the writer.
fn check(path: &Path, text: &str, findings: &mut Findings) -> usize {
    let mut file = File::default();
    file.visit_file(&syn::parse_file(text).expect("Rust parses"));
    let mut asking: HashSet<&str> = HashSet::new();
    let asks = |uses: &Uses, asking: &HashSet<&str>| {
        uses.asks_disk || uses.functions.iter().any(|name| asking.contains(&name[..]))
    };
    loop {
        let known = asking.len();
        for (name, uses) in &file.functions {
            if asks(uses, &asking) {
                asking.insert(name);
            }
        }
        if asking.len() == known {
            break;
        }
    }
    for (line, uses) in &file.handed {
        if asks(uses, &asking) {
            findings.add(path, *line, "the database's writer would wait for files");
        }
    }
    file.handed.len()
}

#[test]
fn the_writer_of_the_database_waits_for_no_disk_of_media() {
    let mut findings = Findings::default();
    let handed: usize = sources(&["src"], &[".rs"])
        .iter()
        .map(|(path, text)| check(path, text, &mut findings))
        .sum();
    assert!(handed > 20, "{handed}");
    findings.assert_none();
}

#[test]
fn work_for_the_writer_that_looks_at_files_is_found() {
    for (bad, found) in [
        ("fn f() { self.db.write(move |c| { fs::read_dir(p); }) }", 1),
        ("fn f() { db.write(|c| Ok(path.exists())) }", 1),
        (
            "fn f() { self.inner.db.write(move |c| g(c, &p)) } fn g(p: &P) { h(p) } fn h(p: &P) { std::fs::metadata(p); }",
            1,
        ),
        (
            "fn f() { self.db.write(move |c| Self::g(c)) } impl S { fn g(p: &P) { File::open(p); } }",
            1,
        ),
        (
            "fn f() { self.db.write(move |c| s.g(c)) } impl S { fn g(&self) { File::open(p); } }",
            1,
        ),
        (
            "fn f() { let l = fs::read_dir(p); self.db.write(move |c| g(c, &l)) } fn g() {}",
            0,
        ),
        ("fn f() { roots.write(fs::canonicalize(p)) }", 0),
    ] {
        let mut findings = Findings::default();
        check(Path::new("src/library/bad.rs"), bad, &mut findings);
        assert_eq!(findings.0.len(), found, "{bad}");
    }
}
