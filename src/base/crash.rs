//! What a crash may tell: the program, the cause, the place in the sources, and frames of code.
//!
//! Never: a message, a title, a path, what stood in memory, an address that is not relative to its module.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::crash_record::Record;

/// Which program crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    #[serde(rename = "alcove")]
    Daemon,
    #[serde(rename = "alcove-worker")]
    Worker,
}

impl Program {
    /// Its file name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Daemon => "alcove",
            Self::Worker => "alcove-worker",
        }
    }
}

/// What ended the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    Panic,
    SigAbrt,
    SigBus,
    SigFpe,
    SigIll,
    SigSegv,
    /// A trap that a compiler puts where code cannot go on; on ARM, instead of SIGILL.
    SigTrap,
}

impl Cause {
    /// All of them, in the order of their numbers in a record.
    pub const ALL: [Self; 7] = [
        Self::Panic,
        Self::SigAbrt,
        Self::SigBus,
        Self::SigFpe,
        Self::SigIll,
        Self::SigSegv,
        Self::SigTrap,
    ];

    /// The signal of this cause; none for a panic.
    pub fn signal(self) -> Option<i32> {
        Some(match self {
            Self::Panic => return None,
            Self::SigAbrt => libc::SIGABRT,
            Self::SigBus => libc::SIGBUS,
            Self::SigFpe => libc::SIGFPE,
            Self::SigIll => libc::SIGILL,
            Self::SigSegv => libc::SIGSEGV,
            Self::SigTrap => libc::SIGTRAP,
        })
    }

    /// The cause of a death by `signal`; `None` for one that is no crash of code.
    pub fn of_signal(signal: i32) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|cause| cause.signal() == Some(signal))
    }
}

/// A text that does not have the form of its type.
#[derive(Debug, thiserror::Error)]
#[error("not the form of this part of a crash report")]
pub struct NotClosed;

macro_rules! closed_texts {
    ($($(#[$doc:meta])* $name:ident by $valid:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// `None` unless the text has this type's form.
            pub fn new(text: impl Into<String>) -> Option<Self> {
                let text = text.into();
                $valid(&text).then_some(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotClosed;

            fn try_from(text: String) -> Result<Self, NotClosed> {
                Self::new(text).ok_or(NotClosed)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

closed_texts! {
    /// A version of Alcove, such as `0.1.0`.
    Version by is_version;
    /// The base name of a program or a library, such as `libavcodec.so.59`, in lower case.
    Module by is_module;
    /// The build id of a module, in hexadecimal digits.
    BuildId by is_build_id;
    /// A place in a module's code, `0x` and hexadecimal digits, as `addr2line` takes it.
    Offset by is_offset;
    /// A mangled name and the offset in it, such as `main+0x1f`.
    Symbol by is_symbol;
    /// A place in the sources, such as `src/pool/mod.rs:71`: from the repository's root, from
    /// `library/` of Rust's own, or from a crate's name and version.
    Place by is_place;
}

const MOST_SYMBOL_BYTES: usize = 200;
const MOST_PLACE_BYTES: usize = 110;

fn all(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_hex(text: &str, most: usize) -> bool {
    text.len() <= most && all(text, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_version(text: &str) -> bool {
    text.len() <= 32
        && all(text, |b| {
            is_lower_or_digit(b) || matches!(b, b'.' | b'-' | b'+')
        })
}

fn is_module(text: &str) -> bool {
    let fits = |b| is_lower_or_digit(b) || matches!(b, b'.' | b'_' | b'+' | b'-');
    text.len() <= 64 && all(text, fits)
}

/// Linkers make ids of 8 to 20 bytes.
fn is_build_id(text: &str) -> bool {
    text.len() >= 16 && text.len().is_multiple_of(2) && is_hex(text, 40)
}

fn is_offset(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| is_hex(digits, 8))
}

fn is_symbol(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b'@');
    text.split_once('+').is_some_and(|(name, offset)| {
        name.len() <= MOST_SYMBOL_BYTES && all(name, fits) && is_offset(offset)
    })
}

fn is_place(text: &str) -> bool {
    let Some((file, line)) = text.rsplit_once(':') else {
        return false;
    };
    let is_line = line.len() <= 6 && all(line, |byte| byte.is_ascii_digit());
    let is_name = |name: &str| {
        !matches!(name, "." | "..")
            && all(name, |b| {
                is_lower_or_digit(b) || matches!(b, b'.' | b'_' | b'-')
            })
    };
    let first = file.split('/').next().unwrap_or_default();
    let is_known = matches!(first, "src" | "library") || is_crate(first);
    let is_file = file.contains('/') && file.ends_with(".rs") && file.split('/').all(is_name);
    text.len() <= MOST_PLACE_BYTES && is_line && is_known && is_file
}

/// A name and a version, such as `tokio-1.54.1`.
fn is_crate(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, version)| {
        version.split('.').count() >= 3 && version.starts_with(|first: char| first.is_ascii_digit())
    })
}

impl Version {
    /// The version of this program.
    pub fn own() -> Self {
        Self(env!("CARGO_PKG_VERSION").to_owned())
    }
}

impl Place {
    /// The place `line` of `file`, a path that the compiler wrote; `None` when the file belongs to nothing known.
    pub fn of(file: &str, line: u32) -> Option<Self> {
        let own = if file.starts_with('/') {
            let of_crate = file.split_once("/registry/src/");
            let of_crate = of_crate.and_then(|(_, below)| below.split_once('/'));
            let of_rust = || file.strip_prefix("/rustc/")?.split_once('/');
            of_crate.or_else(of_rust)?.1
        } else {
            file
        };
        Self::new(format!("{}:{line}", flat(own)))
    }
}

/// `src/bin/../pool/mod.rs` without its detour.
fn flat(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        if name == ".." && names.pop().is_some() {
            continue;
        }
        names.push(name);
    }
    names.join("/")
}

impl Offset {
    /// `None` for more than any module has.
    pub fn of(bytes: u64) -> Option<Self> {
        Self::new(format!("{bytes:#x}"))
    }

    /// In bytes.
    pub fn bytes(&self) -> u64 {
        let digits = self.0.trim_start_matches("0x");
        u64::from_str_radix(digits, 16).unwrap_or(u64::MAX)
    }
}

impl BuildId {
    /// From the bytes of the note.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::new(digits)
    }
}

impl Symbol {
    /// `offset` bytes behind the beginning of `name`, which is mangled as the linker knows it.
    pub fn of(name: &str, offset: u64) -> Option<Self> {
        Self::new(format!("{name}+{offset:#x}"))
    }
}

/// One call, the innermost first. Code that belongs to no module has nothing but `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    pub(super) module: Option<Module>,
    pub(super) build_id: Option<BuildId>,
    /// In the module.
    pub(super) offset: Option<Offset>,
    /// Where the module's file has not been stripped of it.
    pub(super) symbol: Option<Symbol>,
}

/// A crash happened no earlier than this. It is held against the moment of an answer, and never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since(Instant);

impl Since {
    pub fn now() -> Self {
        Self(Instant::now())
    }
}

/// A crash, as far as it may be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    pub(super) program: Program,
    pub(super) cause: Cause,
    pub(super) place: Option<Place>,
    pub(super) frames: Vec<Frame>,
}

impl Crash {
    /// What a program of kind `program` wrote when it died; `None` when it wrote no whole record.
    ///
    /// A panic in code that cannot unwind ends in SIGABRT and writes two records: the first says more. A
    /// signal writes one before it looks at the stack and one after: the second says more.
    pub fn read(program: Program, written: &[u8]) -> Option<Self> {
        let mut records = Record::all_in(written, program);
        let panicked = records.iter().position(|one| one.cause == Cause::Panic);
        match panicked {
            Some(index) => Some(records.swap_remove(index)),
            None => records.pop(),
        }
    }

    pub fn program(&self) -> Program {
        self.program
    }

    pub fn cause(&self) -> Cause {
        self.cause
    }

    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_from_a_root_that_says_nothing_about_the_builder() {
        let check = |file: &str, expected: Option<&str>| {
            let place = Place::of(file, 7);
            assert_eq!(place.as_ref().map(Place::as_str), expected, "{file}");
        };
        check("src/pool/mod.rs", Some("src/pool/mod.rs:7"));
        check("src/bin/../av/probe.rs", Some("src/av/probe.rs:7"));
        check(
            "/home/anna/.cargo/registry/src/index.example-1949cf8c/tokio-1.54.1/src/task.rs",
            Some("tokio-1.54.1/src/task.rs:7"),
        );
        check(
            "/rustc/0123456789abcdef/library/core/src/option.rs",
            Some("library/core/src/option.rs:7"),
        );
        check("/home/anna/alcove/src/main.rs", None);
        check("home/anna/main.rs", None);
        check("src/../../home/anna/main.rs", None);
        check("src/A Film (1999).rs", None);
        check("src/a.mkv", None);
        check("", None);
    }

    #[test]
    fn parts_of_a_report_have_no_room_for_a_title_or_a_path() {
        let ok = |valid: bool, text: &str| assert!(valid, "{text}");
        for text in ["libavcodec.so.59", "alcove-worker", "libstdc++.so.6"] {
            ok(Module::new(text).is_some(), text);
        }
        for text in ["/usr/lib/libavcodec.so.59", "A Film", "", "a:b", "é"] {
            ok(Module::new(text).is_none(), text);
        }
        for text in ["_ZN6alcove4main17h0123456789abcdefE+0x1f", "main+0x0"] {
            ok(Symbol::new(text).is_some(), text);
        }
        for text in ["main", "a film+0x1", "main+0x1/x", "/main+0x1", "main+31"] {
            ok(Symbol::new(text).is_none(), text);
        }
        for text in ["0x0", "0xffffffff"] {
            ok(Offset::new(text).is_some(), text);
        }
        for text in ["0x", "0x7fff12345678", "12", "0xG"] {
            ok(Offset::new(text).is_none(), text);
        }
        for text in ["1999", "zz", "0123456789abcdef0"] {
            ok(BuildId::new(text).is_none(), text);
        }
        ok(BuildId::of(&[0xab; 20]).is_some(), "20 bytes");
        ok(Version::new(Version::own().as_str()).is_some(), "its own");
        ok(Version::new("0.1.0-rc.1").is_some(), "0.1.0-rc.1");
        ok(Version::new("0.1.0 of Anna").is_none(), "0.1.0 of Anna");
    }

    #[test]
    fn signals_that_others_send_are_no_crash() {
        for signal in [libc::SIGKILL, libc::SIGTERM, libc::SIGINT, libc::SIGXCPU, 0] {
            assert_eq!(Cause::of_signal(signal), None, "{signal}");
        }
        assert_eq!(Cause::of_signal(libc::SIGSEGV), Some(Cause::SigSegv));
        let text = serde_json::to_string(&Cause::SigSegv).unwrap();
        assert_eq!(text, "\"sigsegv\"");
    }
}
