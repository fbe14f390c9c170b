"""The lock file: which packages, byte by byte, images are made of.

Never: a package that is not named with its version and its hash.
"""

import dataclasses
import pathlib

HEAD = """\
# The packages that images are made of. Made by `image/dev lock`; not to be edited.
# set | package | version | bytes | SHA-256 | archive | path
"""


@dataclasses.dataclass(frozen=True, order=True)
class Package:
    """One package file. `archive` is main or security, `path` its place below that archive's address."""

    name: str
    version: str
    size_bytes: int
    sha256: str
    archive: str
    path: str


def read(path: pathlib.Path) -> dict[str, list[Package]]:
    """The sets of the lock file: "root", and one for each board."""
    sets: dict[str, list[Package]] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        fields = line.split(" ")
        if len(fields) != 7:
            raise SystemExit(f"{path}, line {number}: seven fields are wanted")
        name, *rest = fields
        sets.setdefault(name, []).append(Package(rest[0], rest[1], int(rest[2]), rest[3], rest[4], rest[5]))
    return sets


def write(path: pathlib.Path, sets: dict[str, list[Package]]) -> None:
    """Writes all sets, sorted."""
    lines = [HEAD]
    for name, packages in sorted(sets.items()):
        for package in sorted(packages):
            fields = (name, *map(str, dataclasses.astuple(package)))
            lines.append(" ".join(fields) + "\n")
    part = path.with_suffix(".part")
    part.write_text("".join(lines))
    part.replace(path)


def differences(old: dict[str, list[Package]], new: dict[str, list[Package]]) -> list[str]:
    """What changed, in words: one line for each package."""
    lines = set()
    for name in sorted(old.keys() | new.keys()):
        before = {package.name: package.version for package in old.get(name, [])}
        after = {package.name: package.version for package in new.get(name, [])}
        for package in before.keys() | after.keys():
            was, now = before.get(package), after.get(package)
            if was != now:
                lines.add(f"{package}: {was or 'not there'} -> {now or 'gone'}")
    return sorted(lines)
