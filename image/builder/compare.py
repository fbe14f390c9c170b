"""Holds two builds of an image side by side.

Never: a difference that is called none.
"""

import hashlib
import pathlib
import tempfile

import assemble
import bundle
import say


def differences(build: assemble.Build, other: pathlib.Path) -> list[str]:
    """Names of what differs between `build.out` and `other`; a bundle by what it holds, its signature aside."""
    found = []
    for suffix in ("img", "img.zst", "bmap"):
        name = f"{build.stem}.{suffix}"
        if digest(build.out / name) != digest(other / name):
            found.append(name)
    name = f"{build.stem}.raucb"
    with tempfile.TemporaryDirectory(dir=build.cache) as scratch:
        first = bundle.content(build, build.out / name, pathlib.Path(scratch) / "first")
        if first != bundle.content(build, other / name, pathlib.Path(scratch) / "second"):
            found.append(name)
    return found


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def report(build: assemble.Build, other: pathlib.Path) -> None:
    found = differences(build, other)
    if found:
        raise SystemExit(f"two builds differ in {', '.join(found)}")
    say.note(f"the same: image {digest(build.out / f'{build.stem}.img')}, and all that the bundle holds")
