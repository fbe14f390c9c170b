"""The initial RAM file system: alcove-init, the modules that it loads, and what it trusts.

Never: a shell.
"""

import pathlib
import subprocess

import say

# newc, as linux/Documentation/driver-api/early-userspace/buffer-format.rst has it.
MAGIC, END = b"070701", "TRAILER!!!"
FOLDER, FILE, DEVICE = 0o040000, 0o100000, 0o020000


class Archive:
    """A cpio archive without times, owners and numbers of its own."""

    def __init__(self):
        self.bytes = bytearray()
        self.folders: set[str] = set()
        self.count = 0

    def folder(self, path: str) -> None:
        for parent in reversed(pathlib.PurePosixPath(path).parents):
            if str(parent) not in (".", "/"):
                self._folder(str(parent))
        self._folder(path)

    def _folder(self, path: str) -> None:
        if path not in self.folders:
            self.folders.add(path)
            self._entry(path, FOLDER | 0o755, b"")

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        parent = str(pathlib.PurePosixPath(path).parent)
        if parent != ".":
            self.folder(parent)
        self._entry(path, FILE | mode, data)

    def device(self, path: str, major: int, minor: int) -> None:
        self.folder(str(pathlib.PurePosixPath(path).parent))
        self._entry(path, DEVICE | 0o600, b"", (major, minor))

    def end(self) -> bytes:
        self._entry(END, 0, b"")
        return bytes(self.bytes)

    def _entry(self, path: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self.count += 1
        name = path.encode() + b"\0"
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        self.bytes += MAGIC + b"".join(b"%08x" % field for field in fields) + name
        self._pad()
        self.bytes += data
        self._pad()

    def _pad(self) -> None:
        self.bytes += bytes(-len(self.bytes) % 4)


def make(init: pathlib.Path, slot: str, modules: list[tuple[str, bytes]]) -> bytes:
    """The archive, packed. `modules` are loaded in the order of their names: "00-jbd2.ko"."""
    archive = Archive()
    for folder in ("dev", "proc", "sys", "run", "sysroot", "modules"):
        archive.folder(folder)
    # The kernel opens it before anything is mounted.
    archive.device("dev/console", 5, 1)
    archive.file("init", init.read_bytes(), 0o755)
    archive.file("etc/alcove/slot.toml", slot.encode())
    for number, (name, data) in enumerate(modules):
        archive.file(f"modules/{number:02}-{name}.ko", data)
    return say.run("zstd", "-q", "-19", "-T1", "-c", input=archive.end()).stdout


def unpack(packed: bytes) -> dict[str, bytes]:
    """The files of an archive. Raises ValueError for what is none."""
    archive = subprocess.run(["zstd", "-q", "-d", "-c"], input=packed, capture_output=True, check=True).stdout
    files, at = {}, 0
    while True:
        if archive[at : at + 6] != MAGIC:
            raise ValueError("no archive")
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + name_size - 1].decode()
        at = at + 110 + name_size
        at += -at % 4
        if name == END:
            return files
        if mode & 0o170000 == FILE:
            files[name] = archive[at : at + size]
        at += size
        at += -at % 4
