"""The kernel of a board: its image, its device trees, and those of its modules that are asked for.

Never: a module without what it depends on; a compressed module, which the first program could not load.
"""

import gzip
import hashlib
import lzma
import pathlib
import shutil
import struct
import sys
import zlib

import say
import tree
from lock import Package
from mirror import place
from packages import KERNEL_PARTS

# Of an EFI program that unpacks the kernel behind it (linux/drivers/firmware/efi/libstub/zboot-header.S).
ZBOOT = b"zimg"
# Of a kernel that booti starts (linux/Documentation/arch/arm64/booting.rst).
IMAGE_MAGIC, IMAGE_MAGIC_AT = b"ARM\x64", 0x38


class Kernel:
    """An unpacked kernel in the cache, with the tables that depmod makes."""

    def __init__(self, cache: pathlib.Path, board: dict, packages: list[Package]):
        self.board = board["kernel"]
        parts = [p for p in packages if p.name.startswith(KERNEL_PARTS)]
        key = hashlib.sha256("".join(p.sha256 for p in parts).encode()).hexdigest()[:32]
        self.folder = cache / "kernels" / key
        if not self.folder.is_dir():
            self._unpack([place(cache / "packages", p) for p in parts])
        releases = sorted(path.name for path in (self.folder / "usr/lib/modules").iterdir())
        if len(releases) != 1:
            sys.exit(f"the package {self.board['package']} has {len(releases)} kernels: {', '.join(releases)}")
        self.release = releases[0]
        self.modules = self.folder / "usr/lib/modules" / self.release
        self.depends = self._table("modules.dep", ":")
        self.paths = {module_name(path): path for path in self.depends}
        self.built_in = {module_name(line) for line in (self.modules / "modules.builtin").read_text().split()}
        self.soft = self._soft_dependencies()

    def _unpack(self, debs: list[pathlib.Path]) -> None:
        part = self.folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        # Kernels of some sources lie in /lib, which is a link everywhere else.
        (part / "usr/lib").mkdir(parents=True)
        (part / "lib").symlink_to("usr/lib")
        with say.step(f"unpacking the kernel {self.board['package']}"):
            for deb in debs:
                tree.unpack(deb, part)
            release = next((part / "usr/lib/modules").iterdir()).name
            say.run("depmod", "-b", part, release)
        part.rename(self.folder)

    def _table(self, name: str, mark: str) -> dict[str, list[str]]:
        rows = {}
        for line in (self.modules / name).read_text().splitlines():
            key, _, rest = line.partition(mark)
            rows[key] = rest.split()
        return rows

    def _soft_dependencies(self) -> dict[str, list[str]]:
        """What a module asks to be loaded before it."""
        found: dict[str, list[str]] = {}
        for line in (self.modules / "modules.softdep").read_text().splitlines():
            words = line.split()
            if len(words) < 4 or words[0] != "softdep":
                continue
            before = False
            for word in words[2:]:
                if word in ("pre:", "post:"):
                    before = word == "pre:"
                elif before:
                    found.setdefault(words[1].replace("-", "_"), []).append(word.replace("-", "_"))
        return found

    def in_order(self, names: list[str]) -> list[str]:
        """Paths of these modules and all they depend on, each after what it needs. What is built in is left out."""
        order: list[str] = []
        for name in names:
            if name in self.built_in:
                continue
            if name not in self.paths:
                sys.exit(f"kernel {self.release} has no module {name}")
            self._add(self.paths[name], order)
        return order

    def _add(self, path: str, order: list[str]) -> None:
        if path in order:
            return
        for name in self.soft.get(module_name(path), []):
            if name in self.paths:
                self._add(self.paths[name], order)
        for needed in reversed(self.depends[path]):
            self._add(needed, order)
        if path not in order:
            order.append(path)

    def module(self, path: str) -> bytes:
        """The bytes of a module, unpacked."""
        packed = (self.modules / path).read_bytes()
        return lzma.decompress(packed) if path.endswith(".xz") else packed

    def install(self, names: list[str], root: pathlib.Path) -> int:
        """Lays modules with all they need into a root, with the tables by which they are found; how many."""
        target = root / "usr/lib/modules" / self.release
        paths = self.in_order(names)
        for path in paths:
            to = target / path.removesuffix(".xz")
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(self.module(path))
        for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            if (self.modules / name).exists():
                shutil.copy(self.modules / name, target / name)
        say.run("depmod", "-b", root, self.release)
        return len(paths)

    def image(self) -> bytes:
        """The kernel as booti wants it."""
        image = bootable((self.folder / self.board["image"].format(release=self.release)).read_bytes())
        if image[IMAGE_MAGIC_AT : IMAGE_MAGIC_AT + 4] != IMAGE_MAGIC:
            sys.exit(f"the kernel of {self.board['package']} is none that booti starts")
        return image

    def device_tree(self, name: str) -> pathlib.Path:
        path = self.folder / self.board["device_trees"].format(release=self.release) / name
        if not path.is_file():
            sys.exit(f"kernel {self.release} has no device tree {name}")
        return path


def module_name(path: str) -> str:
    """As lsmod names it."""
    return pathlib.PurePath(path).name.split(".ko")[0].replace("-", "_")


def bootable(image: bytes) -> bytes:
    """Unpacks a kernel that comes as a gzip file or as an EFI program."""
    if image[:2] == b"\x1f\x8b":
        return gzip.decompress(image)
    if image[:2] == b"MZ" and image[4:8] == ZBOOT:
        start, length = struct.unpack_from("<II", image, 8)
        method = image[24:32].rstrip(b"\0").decode()
        packed = image[start : start + length]
        if method == "gzip":
            return zlib.decompress(packed, wbits=31)
        return say.run(method, "-dc", input=packed).stdout
    return image
