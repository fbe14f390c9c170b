"""Breaks a finished image in many ways, one at a time, and says which of them the check lets pass.

Never: a breakage that stays in the image.
"""

import contextlib
import pathlib
import shutil

import check
import disk
import fat
import say


def judge(image: check.Image) -> list[str]:
    """What the check did not find, in words; empty is good."""
    missed = []
    whole = image.path
    for words, expected, breaks in breakages(image):
        image.path = image.scratch / "broken.img"
        say.run("cp", "--sparse=always", whole, image.path)
        breaks(image)
        try:
            check.check(image)
            missed.append(f"{words}: not found")
        except check.Wrong as wrong:
            if expected not in str(wrong):
                missed.append(f"{words}: found as {wrong}")
        except SystemExit as ended:
            missed.append(f"{words}: the check ended with {ended}")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(image.scratch / "root")
    image.path = whole
    return missed


def breakages(image: check.Image) -> list:
    """Words, what the check has to say, and the breakage."""
    board = image.build.board
    found = [
        ("a second copy of the table that rotted", "copies of the partition table", flip(disk.disk_bytes() - 512 + 20)),
        ("no boot script", "boot has no file boot.scr", without("boot", "boot.scr")),
        ("a boot script with a flipped bit", "boot.scr", flip_in_file("boot", "boot.scr")),
        ("another console", "lacks console=", put("boot", "board.env", b"board_args=console=none\n")),
        ("no kernel", "boot-a has no file vmlinuz", without("boot-a", "vmlinuz")),
        ("a kernel that is none", "vmlinuz is no kernel", put("boot-a", "vmlinuz", bytes(1 << 20))),
        ("half an initrd", "initrd is no archive", halve("boot-a", "initrd")),
        ("slot.toml of another root", "name different roots", put("boot-a", "slot.toml", other_slot(image))),
        ("a boot state from somewhere", "bootstate is not empty", flip(disk.partition("bootstate").at_bytes)),
        ("a flipped bit in the root", "not what boot-a promises", flip(disk.partition("root-a").at_bytes + (20 << 20))),
        ("settings that are no file system", "settings is no ext4", flip(disk.partition("settings").at_bytes + 1024 + 56)),
    ]
    if board.get("device_tree"):
        found.append(("no device tree", "boot-a has no file board.dtb", without("boot-a", "board.dtb")))
    for listed in board["loader"]["files"][:2]:
        found.append((f"no {listed['to']}", f"boot has no file {listed['to']}", without("boot", listed["to"])))
    place = board["loader"]["place"]
    if "raw" in place:
        found.append(("a loader with a flipped bit", "the loader does not lie", flip(place["raw"]["offset_bytes"] + 100)))
    if "file" in place:
        found.append(("no loader", f"boot has no file {place['file']['to']}", without("boot", place["file"]["to"])))
    if board["loader"]["partition_table"] == "hybrid":
        found.append(("an MBR that shows nothing", "MBR", flip(disk.MBR_RECORDS_AT + 4)))
    return found


def other_slot(image: check.Image) -> bytes:
    return image.file("boot-a", "slot.toml").replace(b'root_hash = "', b'root_hash = "f', 1)


def flip(at_bytes: int):
    def breaks(image: check.Image) -> None:
        with image.path.open("r+b") as out:
            out.seek(at_bytes)
            byte = out.read(1)[0]
            out.seek(at_bytes)
            out.write(bytes([byte ^ 1]))

    return breaks


def without(part: str, name: str):
    return lambda image: say.run("mdel", "-i", place(image, part), f"::{name}") and None


def put(part: str, name: str, content: bytes):
    def breaks(image: check.Image) -> None:
        source: pathlib.Path = image.scratch / "put"
        source.write_bytes(content)
        say.run("mcopy", "-o", "-i", place(image, part), source, f"::{name}")

    return breaks


def flip_in_file(part: str, name: str):
    def breaks(image: check.Image) -> None:
        content = bytearray(fat.read(image.path, name, disk.partition(part).at_bytes))
        content[len(content) // 2] ^= 1
        put(part, name, bytes(content))(image)

    return breaks


def halve(part: str, name: str):
    def breaks(image: check.Image) -> None:
        content = fat.read(image.path, name, disk.partition(part).at_bytes)
        put(part, name, content[: len(content) // 2])(image)

    return breaks


def place(image: check.Image, part: str) -> str:
    return f"{image.path}@@{disk.partition(part).at_bytes}"
