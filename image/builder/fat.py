"""FAT partitions as files: made and filled without mounting.

Never: a time or a number that differs from build to build.
"""

import os
import pathlib
import tempfile

import say

# A file system of this size or more is FAT32, which every boot ROM reads.
FAT32_FROM_BYTES = 64 << 20


def make(path: pathlib.Path, size_bytes: int, label: str, files: dict[str, pathlib.Path | bytes], epoch_s: int) -> None:
    """A file system with these files. Names may have folders: "overlays/disable-bt.dtbo"."""
    path.unlink(missing_ok=True)
    with path.open("wb") as image:
        image.truncate(size_bytes)
    kind = "32" if size_bytes >= FAT32_FROM_BYTES else "16"
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch_s), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    say.run("mkfs.fat", "-F", kind, "-n", label, "--invariant", path, env=environment)
    folders = set()
    with tempfile.TemporaryDirectory() as scratch:
        for name in sorted(files):
            for parent in reversed(pathlib.PurePosixPath(name).parents):
                if str(parent) != "." and parent not in folders:
                    folders.add(parent)
                    say.run("mmd", "-i", path, f"::{parent}", env=environment)
            content = files[name]
            source = pathlib.Path(scratch) / "file"
            source.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
            os.utime(source, (epoch_s, epoch_s))
            say.run("mcopy", "-m", "-i", path, source, f"::{name}", env=environment)


def names(path: pathlib.Path, offset_bytes: int = 0) -> set[str]:
    """All files of a file system that lies at an offset of a file."""
    told = say.run("mdir", "-/", "-b", "-i", f"{path}@@{offset_bytes}", "::").stdout.decode()
    return {line.removeprefix("::/") for line in told.splitlines() if line and not line.endswith("/")}


def read(path: pathlib.Path, name: str, offset_bytes: int = 0) -> bytes:
    """One file of a file system."""
    return say.run("mcopy", "-i", f"{path}@@{offset_bytes}", f"::{name}", "-").stdout
