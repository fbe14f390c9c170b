//! Symbols of frames, from the table in a program's own file.
//!
//! Source: elf(5). Files for 64-bit little-endian machines are read; for others a frame keeps build id and offset.
//!
//! Never: a symbol from a file of another build; more of the file in memory than a piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::crash::{Crash, Symbol};
use super::trace::build_id_in;

const HEADER_BYTES: usize = 64;
const SECTION_BYTES: usize = 64;
const SYMBOL_BYTES: usize = 24;
/// Symbols looked at together.
const SYMBOLS_AT_ONCE: usize = 4096;
/// Longer names are not told.
const MOST_NAME_BYTES: usize = 256;
const MOST_SECTIONS: usize = 4096;
const MOST_NOTE_BYTES: u64 = 4096;

const SHT_SYMTAB: u32 = 2;
const SHT_NOTE: u32 = 7;
const STT_FUNC: u8 = 2;

/// A section of the file.
struct Section {
    kind: u32,
    link: usize,
    at: u64,
    bytes: u64,
}

/// Where a name lies in the file, and how far behind its beginning the frame is.
#[derive(Clone, Copy)]
struct Found {
    name_at: u64,
    offset: u64,
}

/// Names the frames of `crash` that lie in its own program, whose file is at `path`. What cannot be read stays without.
pub fn name(crash: &mut Crash, path: &Path) {
    // A file that cannot be read leaves build id and offset, which say the same to whoever has it.
    let _ = File::open(path).and_then(|file| name_from(crash, &file));
}

fn name_from(crash: &mut Crash, file: &File) -> io::Result<()> {
    let sections = sections(file)?;
    let Some(build) = build_id(file, &sections)? else {
        return Ok(());
    };
    let own = crash.program().name();
    let mut frames: Vec<_> = crash
        .frames
        .iter_mut()
        .filter(|frame| {
            let module = frame
                .module
                .as_ref()
                .is_some_and(|name| name.as_str() == own);
            let id = frame.build_id.as_ref();
            module && id.is_some_and(|id| super::crash::BuildId::of(&build).as_ref() == Some(id))
        })
        .collect();
    let offsets: Vec<u64> = frames
        .iter()
        .map(|frame| {
            frame
                .offset
                .as_ref()
                .map_or(u64::MAX, |offset| offset.bytes())
        })
        .collect();
    let found = search(file, &sections, &offsets)?;
    for (frame, found) in frames.iter_mut().zip(found) {
        if let Some(found) = found {
            let name = text(file, found.name_at)?;
            frame.symbol = name.and_then(|name| Symbol::of(&name, found.offset));
        }
    }
    Ok(())
}

fn sections(file: &File) -> io::Result<Vec<Section>> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0)?;
    // Magic, 64 bits, little-endian.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let at = number8(&header, 0x28);
    let count = usize::from(number2(&header, 0x3c)).min(MOST_SECTIONS);
    let mut table = vec![0; count * SECTION_BYTES];
    file.read_exact_at(&mut table, at)?;
    let section = |bytes: &[u8]| Section {
        kind: number4(bytes, 4),
        at: number8(bytes, 0x18),
        bytes: number8(bytes, 0x20),
        link: number4(bytes, 0x28) as usize,
    };
    Ok(table.chunks_exact(SECTION_BYTES).map(section).collect())
}

fn build_id(file: &File, sections: &[Section]) -> io::Result<Option<Vec<u8>>> {
    for section in sections.iter().filter(|one| one.kind == SHT_NOTE) {
        let mut notes = vec![0; section.bytes.min(MOST_NOTE_BYTES) as usize];
        file.read_exact_at(&mut notes, section.at)?;
        if let Some(id) = build_id_in(&notes) {
            return Ok(Some(id.to_vec()));
        }
    }
    Ok(None)
}

/// The function around each of `offsets`.
fn search(file: &File, sections: &[Section], offsets: &[u64]) -> io::Result<Vec<Option<Found>>> {
    let mut found = vec![None; offsets.len()];
    let Some(table) = sections.iter().find(|one| one.kind == SHT_SYMTAB) else {
        return Ok(found);
    };
    let names_at = sections.get(table.link).map_or(0, |names| names.at);
    let mut piece = vec![0; SYMBOLS_AT_ONCE * SYMBOL_BYTES];
    let mut done = 0;
    while done < table.bytes {
        let length = (table.bytes - done).min(piece.len() as u64) as usize;
        let piece = piece.get_mut(..length).unwrap_or_default();
        file.read_exact_at(piece, table.at.saturating_add(done))?;
        for symbol in piece.chunks_exact(SYMBOL_BYTES) {
            let is_function = symbol.get(4).is_some_and(|info| info & 0xf == STT_FUNC);
            let (start, bytes) = (number8(symbol, 8), number8(symbol, 16));
            for (offset, found) in offsets.iter().zip(&mut found) {
                if is_function && *offset >= start && *offset - start < bytes {
                    *found = Some(Found {
                        name_at: names_at.saturating_add(u64::from(number4(symbol, 0))),
                        offset: *offset - start,
                    });
                }
            }
        }
        done += length as u64;
    }
    Ok(found)
}

/// The text at `at` up to its zero; `None` when that is far away.
fn text(file: &File, at: u64) -> io::Result<Option<String>> {
    let mut bytes = [0; MOST_NAME_BYTES];
    let length = file.read_at(&mut bytes, at)?;
    let read = bytes.get(..length).unwrap_or_default();
    let mut parts = read.splitn(2, |byte| *byte == 0);
    let name = parts.next().unwrap_or_default();
    let is_whole = parts.next().is_some();
    Ok(is_whole.then(|| String::from_utf8_lossy(name).into_owned()))
}

fn number2(bytes: &[u8], at: usize) -> u16 {
    let read = bytes.get(at..).and_then(|rest| rest.first_chunk());
    read.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn number4(bytes: &[u8], at: usize) -> u32 {
    let read = bytes.get(at..).and_then(|rest| rest.first_chunk());
    read.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn number8(bytes: &[u8], at: usize) -> u64 {
    let read = bytes.get(at..).and_then(|rest| rest.first_chunk());
    read.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crash::Program;
    use crate::base::trace::{Modules, panicked};

    fn here() -> Crash {
        let modules = Modules::loaded(Program::Daemon);
        let record = panicked(&modules, None);
        Crash::read(Program::Daemon, record.as_bytes()).unwrap()
    }

    fn names(crash: &Crash) -> String {
        serde_json::to_string(crash).unwrap()
    }

    #[test]
    fn frames_of_this_program_get_the_names_of_its_functions() {
        let mut crash = here();
        name(&mut crash, &std::env::current_exe().unwrap());
        assert!(names(&crash).contains("here17h") || names(&crash).contains("4here"));
    }

    #[test]
    fn a_file_that_is_another_build_or_no_program_names_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let file = scratch.path().join("program");
        let expected = here();
        let check = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            let mut crash = expected.clone();
            name(&mut crash, &file);
            assert_eq!(crash, expected, "{} bytes", bytes.len());
        };
        check(b"");
        check(b"#!/bin/sh\n");
        check(&own[..4096]);
        let mut noise = own[..64].to_vec();
        noise.extend([0xff; 8192]);
        check(&noise);
        let mut crash = expected.clone();
        name(&mut crash, Path::new("/bin/sh"));
        name(&mut crash, &scratch.path().join("missing"));
        assert_eq!(crash, expected);
    }
}
