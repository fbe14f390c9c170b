"""How the disk is divided, and the disk image put together from its parts.

Never: a mount; a number that differs from build to build.
"""

import dataclasses
import pathlib
import struct
import uuid

import say

MIB = 1 << 20
SECTOR_BYTES = 512
# Where the first partition begins; the board's loader has the room before it.
FIRST_AT_BYTES = 16 * MIB
NAMESPACE = uuid.UUID("6f1a1e0c-5c0f-5a3c-9e58-6d2b8a4f7d10")
LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
FAT = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
FIRST_LBA = 34
MBR_RECORDS_AT, MBR_FAT, MBR_GPT = 446, 0x0C, 0xEE


@dataclasses.dataclass(frozen=True)
class Partition:
    """A part of the disk. Offsets and sizes are multiples of 1 MiB."""

    name: str
    size_bytes: int
    kind: uuid.UUID
    at_bytes: int = 0


def layout() -> list[Partition]:
    """The partitions in order, with their places. The last one grows at the first start."""
    sizes = [
        ("boot", 64, FAT), ("bootstate", 1, LINUX), ("boot-a", 128, FAT), ("boot-b", 128, FAT), ("root-a", 512, LINUX),
        ("root-b", 512, LINUX), ("consent", 8, LINUX), ("settings", 32, LINUX), ("data", 64, LINUX),
    ]
    at_bytes, parts = FIRST_AT_BYTES, []
    for name, size_mib, kind in sizes:
        parts.append(Partition(name, size_mib * MIB, kind, at_bytes))
        at_bytes += size_mib * MIB
    return parts


def partition(name: str) -> Partition:
    return next(part for part in layout() if part.name == name)


def disk_bytes() -> int:
    """All partitions, and 1 MiB for the second copy of the table."""
    last = layout()[-1]
    return last.at_bytes + last.size_bytes + MIB


def identity(board: str, what: str) -> uuid.UUID:
    """The same for every build of a board."""
    return uuid.uuid5(NAMESPACE, f"{board}/{what}")


def assemble(path: pathlib.Path, board: dict, parts: dict[str, pathlib.Path]) -> None:
    """Writes the disk image: the table, the partitions that have content, and the loader where it lies raw ("loader")."""
    path.unlink(missing_ok=True)
    with path.open("wb") as image:
        image.truncate(disk_bytes())
    write_table(path, board)
    with path.open("r+b") as image:
        raw = board["loader"]["place"].get("raw")
        if raw:
            loader = parts["loader"].read_bytes()
            if raw["offset_bytes"] + len(loader) > FIRST_AT_BYTES:
                raise SystemExit("the loader does not fit before the first partition")
            image.seek(raw["offset_bytes"])
            image.write(loader)
        for part in layout():
            if part.name in parts:
                write_part(image, part, parts[part.name])


def write_part(image, part: Partition, source: pathlib.Path) -> None:
    """Copies what is not zero, so that the file keeps its holes."""
    if source.stat().st_size > part.size_bytes:
        raise SystemExit(f"{source.name} does not fit into the partition {part.name}")
    with source.open("rb") as content:
        at_bytes = part.at_bytes
        while block := content.read(64 * 1024):
            if any(block):
                image.seek(at_bytes)
                image.write(block)
            at_bytes += len(block)


def write_table(path: pathlib.Path, board: dict) -> None:
    """A GPT with its copy; hybrid, its MBR also shows the partition `boot`, to a ROM that knows no GPT."""
    lines = ["label: gpt", f"label-id: {identity(board['id'], 'disk')}", f"first-lba: {FIRST_LBA}"]
    for part in layout():
        start, sectors = part.at_bytes // SECTOR_BYTES, part.size_bytes // SECTOR_BYTES
        own = identity(board["id"], part.name)
        lines.append(f"start={start}, size={sectors}, type={part.kind}, uuid={own}, name={part.name}")
    say.run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", path, input="\n".join(lines).encode())
    if board["loader"]["partition_table"] == "hybrid":
        boot = layout()[0]
        first, sectors = boot.at_bytes // SECTOR_BYTES, boot.size_bytes // SECTOR_BYTES
        records = mbr_record(MBR_FAT, first, sectors) + mbr_record(MBR_GPT, 1, first - 1)
        with path.open("r+b") as image:
            image.seek(MBR_RECORDS_AT)
            image.write(records.ljust(64, b"\0"))


def mbr_record(kind: int, first: int, sectors: int) -> bytes:
    """A partition by its sectors; the older way to say it is out of range."""
    beyond = b"\xfe\xff\xff"
    return b"\0" + beyond + bytes([kind]) + beyond + struct.pack("<II", first, sectors)
