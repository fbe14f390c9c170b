"""Opens a finished image and holds it against the board's file: what would keep a board from starting is found here.

It reads the image alone, and compares with the packages and the board's file: not with what the builder meant to write.

Never: a change in the image.
"""

import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import tomllib

import assemble
import disk
import elf
import fat
import initrd
import say
import verity
from kernel import IMAGE_MAGIC, IMAGE_MAGIC_AT, Kernel, module_name

DEVICE_TREE_MAGIC = b"\xd0\x0d\xfe\xed"


class Wrong(Exception):
    """What is not right with the image, in words."""


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Wrong(words)


@dataclasses.dataclass
class Image:
    """A disk image that was unpacked, and what it should be."""

    path: pathlib.Path
    build: assemble.Build
    kernel: Kernel
    scratch: pathlib.Path

    def bytes(self, at_bytes: int, count: int) -> bytes:
        with self.path.open("rb") as image:
            image.seek(at_bytes)
            return image.read(count)

    def part(self, name: str) -> disk.Partition:
        return disk.partition(name)

    def file(self, part: str, name: str) -> bytes:
        at_bytes = self.part(part).at_bytes
        expect(name.lower() in {n.lower() for n in fat.names(self.path, at_bytes)}, f"{part} has no file {name}")
        return fat.read(self.path, name, at_bytes)

    def slot(self) -> dict:
        return tomllib.loads(self.file("boot-a", "slot.toml").decode())


def check(image: Image) -> list[str]:
    """All checks, the quick ones first; what was looked at. Raises Wrong for the first that fails."""
    checks = (
        ("the partition table", partition_table),
        ("the loader", loader),
        ("the boot partition", boot_partition),
        ("the kernel command line", command_line),
        ("the kernel", kernel_image),
        ("the device tree", device_tree),
        ("the initial RAM file system", initial_files),
        ("empty partitions", empty_partitions),
        ("the root image, block by block", root_image),
        ("programs, libraries and modules", root_files),
    )
    for _, run in checks:
        run(image)
    return [words for words, _ in checks]


def partition_table(image: Image) -> None:
    """Every partition where it belongs, in both copies of the table."""
    try:
        told = json.loads(subprocess.run(["sfdisk", "--json", image.path], capture_output=True, check=True).stdout)
    except subprocess.CalledProcessError:
        raise Wrong("there is no partition table") from None
    table = told["partitiontable"]
    expect(table["label"] == "gpt", "the partition table is no GPT")
    found = [(p.get("name"), p["start"], p["size"]) for p in table["partitions"]]
    wanted = [(p.name, p.at_bytes // 512, p.size_bytes // 512) for p in disk.layout()]
    expect(found == wanted, f"the partitions are {found}, and should be {wanted}")
    told = subprocess.run(["sgdisk", "-v", image.path], capture_output=True, text=True, check=False)
    judged = told.stdout + told.stderr
    # It mends in memory what it warns of, and finds no problem afterwards.
    agree = "No problems found" in judged and "Caution" not in judged
    expect(agree, f"the copies of the partition table do not agree: {judged.strip()}")
    if image.build.board["loader"]["partition_table"] == "hybrid":
        kind, first = struct.unpack_from("<4xB3xI", image.bytes(disk.MBR_RECORDS_AT, 16))
        boot = disk.partition("boot")
        expect((kind, first) == (disk.MBR_FAT, boot.at_bytes // 512), "the MBR does not show the partition boot")


def loader(image: Image) -> None:
    """U-Boot as it lies in its package."""
    wanted = image.build.board["loader"]
    content = assemble.packaged(image.build, wanted["package"], wanted["file"])
    raw = wanted["place"].get("raw")
    if raw:
        found = image.bytes(raw["offset_bytes"], len(content))
        expect(found == content, f"the loader does not lie at byte {raw['offset_bytes']}")
    if "file" in wanted["place"]:
        name = wanted["place"]["file"]["to"]
        expect(image.file("boot", name) == content, f"{name} is not the loader of {wanted['package']}")


def boot_partition(image: Image) -> None:
    """Firmware, and a script that U-Boot takes."""
    for listed in image.build.board["loader"]["files"]:
        origin = assemble.loader_file(image.build, image.kernel, listed["from"])
        content = origin if isinstance(origin, bytes) else origin.read_bytes()
        expect(image.file("boot", listed["to"]) == content, f"{listed['to']} in boot is not the file that it should be")
    script = image.scratch / "boot.scr"
    script.write_bytes(image.file("boot", "boot.scr"))
    told = subprocess.run(["mkimage", "-l", script], capture_output=True, text=True, check=False)
    expect(told.returncode == 0 and "Script" in told.stdout, "boot.scr is no script of U-Boot")
    own = (image.build.clone / "image/boot/boot.cmd").read_bytes()
    expect(own in script.read_bytes(), "boot.scr is not made of image/boot/boot.cmd")


def command_line(image: Image) -> None:
    """What the board's file asks the kernel for."""
    facts = image.build.board["boot"]
    lines = image.file("boot", "board.env").decode().splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    for word in (f"console={facts['console']}", *facts["arguments"]):
        expect(word in found.get("board_args", "").split(), f"the kernel command line lacks {word}")
    address = f"{facts['kernel_address']:#x}"
    expect(found.get("kernel_addr_r") == address, f"the kernel is not loaded to {address}")


def kernel_image(image: Image) -> None:
    """A kernel that booti starts, of the release whose modules are there, and room for it in memory."""
    content = image.file("boot-a", "vmlinuz")
    expect(content[IMAGE_MAGIC_AT : IMAGE_MAGIC_AT + 4] == IMAGE_MAGIC, "vmlinuz is no kernel that booti starts")
    expect(f"Linux version {image.kernel.release} ".encode() in content, f"vmlinuz is not release {image.kernel.release}")
    # Beside the file, what the kernel takes once it runs.
    (takes,) = struct.unpack_from("<Q", content, 16)
    facts = image.build.board["boot"]
    start = facts["kernel_address"]
    for what in ("initrd_address", "device_tree_address"):
        other = facts.get(what)
        expect(other is None or not start <= other < start + takes, f"the kernel runs over {what}")


def device_tree(image: Image) -> None:
    """The board's device trees, as the kernel's packages have them."""
    trees = image.build.board.get("device_tree")
    if not trees:
        return
    for name, source in [("board.dtb", trees["file"]), *((name, name) for name in trees["variants"])]:
        content = image.file("boot-a", name)
        expect(content[:4] == DEVICE_TREE_MAGIC, f"{name} is no device tree")
        expect(content == image.kernel.device_tree(source).read_bytes(), f"{name} is not the kernel's {source}")


def initial_files(image: Image) -> None:
    """The first program, what it trusts, and modules in an order in which each finds what it needs."""
    packed = image.file("boot-a", "initrd")
    try:
        files = initrd.unpack(packed)
    except (ValueError, subprocess.CalledProcessError):
        raise Wrong("initrd is no archive that the kernel unpacks") from None
    init = elf.read(files.get("init", b""))
    expect(init is not None and init.machine == elf.AARCH64, "initrd has no first program for ARM")
    expect(not init.needed and not init.interpreter, "the first program of initrd wants libraries")
    expect(files.get("etc/alcove/slot.toml") == image.file("boot-a", "slot.toml"), "initrd and boot-a name different roots")
    there = set(image.kernel.built_in)
    for name in sorted(path for path in files if path.startswith("modules/")):
        facts = module_facts(files[name])
        check_module(image, name, facts, there)
        there.add(facts["name"][0])
    for name in image.build.board["kernel"]["initrd_modules"]:
        expect(name in there, f"initrd lacks the module {name}")


def empty_partitions(image: Image) -> None:
    """A boot state that is the factory's, an answer that nobody gave."""
    for name in ("bootstate", "consent"):
        part = disk.partition(name)
        expect(not any(image.bytes(part.at_bytes, part.size_bytes)), f"{name} is not empty")
    for name in ("settings", "data"):
        magic = image.bytes(disk.partition(name).at_bytes + 1024 + 56, 2)
        expect(magic == b"\x53\xef", f"{name} is no ext4 file system")


def root_image(image: Image) -> None:
    """The root that boot-a names, whole."""
    slot, part = image.slot(), disk.partition("root-a")
    expect(slot["board"] == image.build.board["id"], f"the slot is for the board {slot['board']}")
    copy = image.scratch / "root.img"
    with copy.open("wb") as out:
        out.write(image.bytes(part.at_bytes, part.size_bytes))
    root = verity.Root(copy, slot["root_bytes"], slot["root_hash"], slot["salt"])
    expect(verity.is_whole(root), "the root image is not what boot-a promises")


def root_files(image: Image) -> None:
    """Programs that find their libraries, and modules that find what they need."""
    root = image.scratch / "root"
    shutil.rmtree(root, ignore_errors=True)
    say.run("unsquashfs", "-q", "-n", "-d", root, image.scratch / "root.img")
    for name in ("usr/bin/alcove", "usr/libexec/alcove/alcove-worker", "usr/lib/systemd/systemd", "usr/bin/rauc"):
        expect((root / name).is_file(), f"the root has no program {name}")
        for missing in elf.missing_libraries(root, root / name):
            raise Wrong(f"{name} wants {missing}, and the root does not have it")
    modules = root / "usr/lib/modules" / image.kernel.release
    there = set(image.kernel.built_in)
    facts = [module_facts(path.read_bytes()) for path in sorted(modules.rglob("*.ko"))]
    there.update(fact["name"][0] for fact in facts)
    for fact in facts:
        check_module(image, fact["name"][0], fact, there)
    wanted = image.build.board["kernel"]
    for name in (*wanted["initrd_modules"], *wanted["root_modules"]):
        expect(name in there, f"the root lacks the module {name}")
    expect(f'VERSION_ID={image.build.version}\n' in (root / "usr/lib/os-release").read_text(), "os-release tells another version")


def module_facts(content: bytes) -> dict[str, list[str]]:
    """The words of a module's .modinfo section: "depends", "vermagic", "name"."""
    found: dict[str, list[str]] = {}
    for word in elf.section(content, ".modinfo").split(b"\0"):
        key, mark, value = word.partition(b"=")
        if mark:
            found.setdefault(key.decode(), []).append(value.decode(errors="replace"))
    return found


def check_module(image: Image, name: str, facts: dict[str, list[str]], there: set[str]) -> None:
    expect("name" in facts, f"{name} is no kernel module")
    expect(facts["vermagic"][0].split()[0] == image.kernel.release, f"{name} is a module of another kernel")
    for needed in re.split(",", facts.get("depends", [""])[0]):
        expect(not needed or module_name(needed) in there, f"the module {name} lacks {needed}")


@contextlib.contextmanager
def opened(build: assemble.Build):
    """The finished image of a board, unpacked from what is handed out."""
    packed = build.out / f"{build.stem}.img.zst"
    expect(packed.is_file(), f"there is no {packed.name}: make it first")
    with tempfile.TemporaryDirectory(dir=build.cache) as scratch:
        path = pathlib.Path(scratch) / "disk.img"
        say.run("zstd", "-q", "-d", "--sparse", packed, "-o", path)
        yield Image(path, build, Kernel(build.cache, build.board, build.board_packages), pathlib.Path(scratch))
