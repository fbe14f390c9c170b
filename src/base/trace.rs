//! Where this process's code runs: the modules that are loaded, and the calls on the stack.
//!
//! Never: what stands on the stack besides return addresses.

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;

use super::crash::{Cause, Program};
use super::crash_record::{MOST_FRAMES, Record, Spot};

/// A note of the linker with the build id (elf.h).
const NT_GNU_BUILD_ID: u32 = 3;

#[cfg(target_pointer_width = "64")]
type Header = libc::Elf64_Phdr;
#[cfg(target_pointer_width = "32")]
type Header = libc::Elf32_Phdr;

/// Code of one program or library.
#[derive(Debug)]
struct Loaded {
    /// Base name.
    name: Vec<u8>,
    build_id: Vec<u8>,
    /// What addresses in the file are shifted by.
    bias: usize,
    code: Range<usize>,
}

/// The code that a process has loaded.
#[derive(Debug)]
pub struct Modules(Vec<Loaded>);

impl Modules {
    /// What is loaded now; libraries that are loaded later are not in it.
    pub fn loaded(program: Program) -> Self {
        let mut found: Vec<Loaded> = Vec::new();
        let data: *mut Vec<Loaded> = &raw mut found;
        // SAFETY: the loader calls `note` on this thread, before the call returns, with `data`, which
        // points to a vector that nobody else uses meanwhile.
        unsafe { libc::dl_iterate_phdr(Some(note), data.cast()) };
        for own in &mut found {
            // The program itself has no name there, and its file could have been given any.
            if own.name.is_empty() {
                own.name = program.name().into();
            }
        }
        Self(found)
    }

    /// Where `address` lies. Allocates nothing.
    pub fn spot(&self, address: usize) -> Spot<'_> {
        let own = self.0.iter().find(|one| one.code.contains(&address));
        own.map_or(Spot::default(), |own| Spot {
            module: &own.name,
            build_id: &own.build_id,
            offset: address.wrapping_sub(own.bias) as u64,
        })
    }

    /// Adds the frame of the instruction before `address`, to which a call returns.
    pub fn push_caller(&self, record: &mut Record, address: usize) {
        record.push(self.spot(address.wrapping_sub(1)));
    }
}

/// The record of a panic, made by the hook on the thread that panics.
pub fn panicked(modules: &Modules, place: Option<&std::panic::Location<'_>>) -> Record {
    let mut record = Record::new(Cause::Panic);
    if let Some(place) = place {
        record.set_place(place.file(), place.line());
    }
    let mut calls = [0; MOST_FRAMES];
    for address in calls_on_stack(&mut calls) {
        modules.push_caller(&mut record, *address);
    }
    record
}

/// Return addresses of the calls that lead here, the innermost first, as far as `calls` has room.
///
/// The first call loads the unwinder; later ones allocate nothing (backtrace(3)).
#[cfg(target_env = "gnu")]
pub fn calls_on_stack(calls: &mut [usize]) -> &[usize] {
    let room = c_int::try_from(calls.len()).unwrap_or(c_int::MAX);
    // SAFETY: `calls` has room for that many addresses, and one is as large as a pointer.
    let count = unsafe { libc::backtrace(calls.as_mut_ptr().cast(), room) };
    calls
        .get(..usize::try_from(count).unwrap_or(0))
        .unwrap_or(&[])
}

/// Other C libraries have no such call; a record then has the place alone.
#[cfg(not(target_env = "gnu"))]
pub fn calls_on_stack(_: &mut [usize]) -> &[usize] {
    &[]
}

/// Notes one module; the loader calls it for each (dl_iterate_phdr(3)).
unsafe extern "C" fn note(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    data: *mut c_void,
) -> c_int {
    // SAFETY: the loader hands over a structure that is whole while this runs, and `data` as
    // `Modules::loaded` gave it.
    let (info, found) = unsafe { (&*info, &mut *data.cast::<Vec<Loaded>>()) };
    if info.dlpi_phdr.is_null() || info.dlpi_name.is_null() {
        return 0;
    }
    let bias = info.dlpi_addr as usize;
    // SAFETY: the loader keeps so many headers at that place, and a name that ends with a zero.
    let (headers, name) = unsafe {
        let count = usize::from(info.dlpi_phnum);
        let headers = std::slice::from_raw_parts(info.dlpi_phdr, count);
        (headers, CStr::from_ptr(info.dlpi_name).to_bytes())
    };
    let range = |header: &Header| {
        let start = bias.wrapping_add(header.p_vaddr as usize);
        start..start.wrapping_add(header.p_memsz as usize)
    };
    let is_loaded = |part: &Range<usize>| {
        let mut segments = headers.iter().filter(|one| one.p_type == libc::PT_LOAD);
        segments.any(|one| {
            let whole = range(one);
            whole.start <= part.start && part.end <= whole.end
        })
    };
    let notes = headers.iter().filter(|one| one.p_type == libc::PT_NOTE);
    let build_id = notes.map(range).filter(is_loaded).find_map(|part| {
        // SAFETY: the part lies in a segment that the loader has mapped to be read, and that stays while
        // the loader holds its lock for this call.
        let bytes = unsafe { std::slice::from_raw_parts(part.start as *const u8, part.len()) };
        build_id_in(bytes).map(<[u8]>::to_vec)
    });
    let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_code =
        |one: &&Header| one.p_type == libc::PT_LOAD && one.p_flags & libc::PF_X == libc::PF_X;
    found.extend(headers.iter().filter(is_code).map(|one| Loaded {
        name: name.to_vec(),
        build_id: build_id.clone().unwrap_or_default(),
        bias,
        code: range(one),
    }));
    0
}

/// The build id among ELF notes (elf(5)): lengths of name and content, type, name, content, each padded to 4 bytes.
pub(super) fn build_id_in(mut notes: &[u8]) -> Option<&[u8]> {
    let number = |bytes: &[u8], at: usize| {
        let four: &[u8; 4] = bytes.get(at..)?.first_chunk()?;
        Some(u32::from_ne_bytes(*four))
    };
    let padded = |length: u32| Some(usize::try_from(length).ok()?.checked_add(3)? & !3);
    loop {
        let (name, content) = (number(notes, 0)?, number(notes, 4)?);
        let kind = number(notes, 8)?;
        let content_at = padded(name)?.checked_add(12)?;
        let end = content_at.checked_add(usize::try_from(content).ok()?)?;
        if kind == NT_GNU_BUILD_ID && notes.get(12..16) == Some(b"GNU\0") {
            return notes.get(content_at..end);
        }
        notes = notes.get(content_at.checked_add(padded(content)?)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crash::Crash;

    #[test]
    fn a_panic_is_told_by_the_calls_of_this_program() {
        let modules = Modules::loaded(Program::Daemon);
        let place = std::panic::Location::caller();
        let crash = Crash::read(Program::Daemon, panicked(&modules, Some(place)).as_bytes());
        let crash = crash.unwrap();
        assert!(
            crash
                .place()
                .unwrap()
                .as_str()
                .starts_with("src/base/trace.rs:")
        );
        let first = crash.frames.first().unwrap();
        assert_eq!(first.module.as_ref().unwrap().as_str(), "alcove");
        assert!(first.build_id.is_some() && first.offset.is_some());
        assert!(crash.frames.len() > 3);
    }

    #[test]
    fn damaged_notes_have_no_build_id() {
        let note = |name: &[u8], kind: u32, content: &[u8]| {
            let mut note = Vec::new();
            for number in [name.len() as u32, content.len() as u32, kind] {
                note.extend(number.to_ne_bytes());
            }
            for part in [name, content] {
                note.extend(part);
                note.resize(note.len().next_multiple_of(4), 0);
            }
            note
        };
        let other = note(b"GNU\0", 1, b"12345");
        let wanted = note(b"GNU\0", 3, b"12345678");
        let both = [other.clone(), wanted].concat();
        assert_eq!(build_id_in(&both), Some(&b"12345678"[..]));
        assert_eq!(build_id_in(&other), None);
        for end in 0..both.len() {
            assert_eq!(build_id_in(&both[..end]), None, "{end}");
        }
        assert_eq!(build_id_in(&[0xff; 64]), None);
    }
}
