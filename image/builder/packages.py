"""Which packages an image is made of: those of the root file system, and those of the board.

Never: a package of a board in the root's set; a kernel's installer.
"""

import pathlib
import tomllib

from lock import Package
from mirror import Mirror

ROOT = "root"
# A kernel is one package or several; what else they need installs it, and is not wanted.
KERNEL_PARTS = ("linux-image-", "linux-binary-", "linux-modules-", "linux-base-")


def root_list(image: pathlib.Path) -> tuple[list[str], set[str]]:
    """What packages.toml asks for, and what of that closure is left out."""
    listed = tomllib.loads((image / "packages.toml").read_text())
    return listed["packages"], set(listed["left_out"])


def root_packages(mirror: Mirror, image: pathlib.Path) -> list[Package]:
    """The closure of packages.toml without what is left out."""
    wanted, left_out = root_list(image)
    closure = mirror.closure(wanted)
    unknown = left_out - {package.name for package in closure}
    if unknown:
        print(f"   packages.toml leaves out what nothing asks for: {', '.join(sorted(unknown))}")
    return [package for package in closure if package.name not in left_out]


def board_packages(mirror: Mirror, board: dict) -> list[Package]:
    """Kernel, loader and firmware of a board; not what those need."""
    kernel, loader = board["kernel"], board["loader"]
    found = {package.name: package for package in kernel_packages(mirror, kernel["package"], kernel["suite"])}
    others = {(loader["package"], loader["suite"])}
    for listed in loader["files"]:
        origin = listed["from"].get("package")
        if origin:
            others.add((origin["package"], origin["suite"]))
    for name, suite in sorted(others):
        found[name] = mirror.alone(name, suite)
    return list(found.values())


def kernel_packages(mirror: Mirror, package: str, suite: str) -> list[Package]:
    """The packages that hold the kernel, its modules and its device trees."""
    closure = mirror.closure([package], suite)
    found = [p for p in closure if p.name.startswith(KERNEL_PARTS)]
    if not found:
        raise SystemExit(f"the package {package} brings no kernel")
    return found
