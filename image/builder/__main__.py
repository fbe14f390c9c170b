"""The image builder's commands, as image/lib/image.sh calls them.

Outside the tool root: `lock`, `fetch BOARD`. Inside: `image BOARD`, `check BOARD`, `compare BOARD`.

Never: a file outside the cache folder and target/, apart from the lock file.
"""

import argparse
import json
import pathlib
import sys

import assemble
import broken
import check
import compare
import lock
import mirror
import packages
import say

IMAGE = pathlib.Path(__file__).resolve().parent.parent
LOCK = IMAGE / "packages.lock"


def board_of(cache: pathlib.Path, name: str) -> dict:
    """What the one reader of board files made of the board's."""
    return json.loads((cache / "boards" / f"{name}.json").read_text())


def open_mirror(arguments: argparse.Namespace) -> mirror.Mirror:
    sources, settings = arguments.sources.read_text(), arguments.settings.read_text()
    return mirror.Mirror(arguments.cache / "apt", sources, settings)


def command_lock(arguments: argparse.Namespace) -> None:
    """Asks the mirror anew and writes the lock file."""
    asked = open_mirror(arguments)
    asked.update()
    sets = {packages.ROOT: packages.root_packages(asked, IMAGE)}
    for name in arguments.boards:
        sets[name] = packages.board_packages(asked, board_of(arguments.cache, name))
    old = lock.read(LOCK) if LOCK.exists() else {}
    lock.write(LOCK, sets)
    for line in lock.differences(old, sets):
        print(f"   {line}")


def command_fetch(arguments: argparse.Namespace) -> None:
    """Brings the packages of the root and of the boards."""
    sets = lock.read(LOCK)
    wanted = {package.sha256: package for name in (packages.ROOT, *arguments.boards) for package in of_set(sets, name)}
    try:
        open_mirror(arguments).fetch(list(wanted.values()), arguments.cache / "packages")
    except mirror.Gone as gone:
        sys.exit(
            f"The mirror does not have a package of image/packages.lock: {gone}\n"
            "Mirrors drop a version when a newer one is out. Take the versions of today with --refresh-lock."
        )


def of_set(sets: dict[str, list[lock.Package]], name: str) -> list[lock.Package]:
    if name not in sets:
        sys.exit(f"image/packages.lock has no packages for '{name}'; make it anew with image/dev lock")
    return sets[name]


def command_image(arguments: argparse.Namespace) -> None:
    """Makes image and bundle of a board."""
    assemble.image(build_of(arguments))


def command_check(arguments: argparse.Namespace) -> None:
    """Opens the finished image of a board; with --broken, breaks it in many ways too."""
    try:
        with check.opened(build_of(arguments)) as image:
            for words in check.check(image):
                say.note(f"right: {words}")
            if arguments.broken:
                missed = broken.judge(image)
                if missed:
                    sys.exit("the check does not find:\n" + "\n".join(missed))
                say.note(f"found: {len(broken.breakages(image))} breakages of {len(broken.breakages(image))}")
    except check.Wrong as wrong:
        sys.exit(f"the image of {arguments.board} is not right: {wrong}")


def command_compare(arguments: argparse.Namespace) -> None:
    """Ends with a difference between two builds."""
    compare.report(build_of(arguments), arguments.other)


def build_of(arguments: argparse.Namespace) -> assemble.Build:
    sets = lock.read(LOCK)
    return assemble.Build(
        clone=arguments.clone,
        cache=arguments.cache,
        out=arguments.out,
        board=board_of(arguments.cache, arguments.board),
        version=arguments.version,
        epoch_s=arguments.epoch,
        lay=arguments.lay,
        changes=arguments.changes,
        bundle_only=arguments.bundle_only,
        root_packages=of_set(sets, packages.ROOT),
        board_packages=of_set(sets, arguments.board),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="builder")
    commands = parser.add_subparsers(required=True)
    for name, run in (("lock", command_lock), ("fetch", command_fetch)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--cache", type=pathlib.Path, required=True)
        command.add_argument("--sources", type=pathlib.Path, required=True)
        command.add_argument("--settings", type=pathlib.Path, required=True)
        command.add_argument("boards", nargs="*")
    for name, run in (("image", command_image), ("check", command_check), ("compare", command_compare)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--cache", type=pathlib.Path, required=True)
        command.add_argument("--clone", type=pathlib.Path, required=True)
        command.add_argument("--out", type=pathlib.Path, required=True)
        command.add_argument("--version", required=True)
        command.add_argument("--epoch", type=int, required=True)
        command.add_argument("--lay", type=pathlib.Path)
        command.add_argument("--changes", default="")
        command.add_argument("--bundle-only", action="store_true")
        command.add_argument("--other", type=pathlib.Path)
        command.add_argument("--broken", action="store_true")
        command.add_argument("board")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
