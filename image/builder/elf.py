"""What a 64-bit little-endian ELF file says of itself, as elf(5) has it.

Never: a program run to find out.
"""

import dataclasses
import pathlib
import struct

AARCH64 = 183
DYNAMIC, INTERPRETER, LOAD = 2, 3, 1
NEEDED, STRINGS, RPATH, RUNPATH = 1, 5, 15, 29
LIBRARY_FOLDERS = ("usr/lib/aarch64-linux-gnu", "usr/lib")


@dataclasses.dataclass(frozen=True)
class Elf:
    """A program or library; `needed` are names of libraries, `paths` where it looks for them beside the usual places."""

    machine: int
    needed: list[str]
    paths: list[str]
    interpreter: bool


def read(content: bytes) -> Elf | None:
    """None for what is no such file."""
    if content[:6] != b"\x7fELF\x02\x01":
        return None
    machine, table, size, count = *struct.unpack_from("<18xH12xQ", content), *struct.unpack_from("<54xHH", content)
    rows = [struct.unpack_from("<II6Q", content, table + number * size) for number in range(count)]
    loads = [(row[3], row[2], row[5]) for row in rows if row[0] == LOAD]
    tags: list[tuple[int, int]] = []
    for row in rows:
        if row[0] == DYNAMIC:
            tags = list(struct.iter_unpack("<qQ", content[row[2] : row[2] + row[5] // 16 * 16]))
    strings = next((value for tag, value in tags if tag == STRINGS), 0)
    base = next((offset + strings - address for address, offset, length in loads if address <= strings < address + length), 0)

    def text(at: int) -> str:
        return content[base + at : content.index(b"\0", base + at)].decode()

    paths = [part for tag, value in tags if tag in (RPATH, RUNPATH) for part in text(value).split(":")]
    needed = [text(value) for tag, value in tags if tag == NEEDED]
    return Elf(machine, needed, paths, any(row[0] == INTERPRETER for row in rows))


def section(content: bytes, wanted: str) -> bytes:
    """A section by its name; empty where there is none."""
    if content[:6] != b"\x7fELF\x02\x01":
        return b""
    (table,) = struct.unpack_from("<40xQ", content)
    size, count, names = struct.unpack_from("<58xHHH", content)
    rows = [struct.unpack_from("<IIQQQQ", content, table + number * size) for number in range(count)]
    for row in rows:
        at = rows[names][4] + row[0]
        if content[at : content.index(b"\0", at)] == wanted.encode():
            return content[row[4] : row[4] + row[5]]
    return b""


def missing_libraries(root: pathlib.Path, program: pathlib.Path) -> list[str]:
    """Names of libraries that the program, or one that it needs, would not find in the root."""
    missing, seen, waiting = [], set(), [program]
    while waiting:
        path = waiting.pop()
        found = read(path.read_bytes())
        if found is None:
            missing.append(path.name)
            continue
        for name in found.needed:
            if name in seen:
                continue
            seen.add(name)
            folders = [*(part.lstrip("/") for part in found.paths), *LIBRARY_FOLDERS]
            place = next((root / folder / name for folder in folders if (root / folder / name).exists()), None)
            if place is None:
                missing.append(name)
            else:
                waiting.append(place)
    return missing
