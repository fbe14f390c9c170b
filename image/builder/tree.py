"""The root file system that all boards share, unpacked: packages, users, and the links that installing them would make.

No maintainer script runs: what the scripts of these packages would do here is little, and written down below.

Never: a file that depends on the time or the place of the build.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import say
from lock import Package
from mirror import place

# Read by people who log in, or while packages are installed. The copyright notices stay.
LEFT_IN_THE_PACKAGE = (
    "./usr/share/man", "./usr/share/info", "./usr/share/locale", "./usr/share/lintian", "./usr/share/bug",
    "./usr/share/bash-completion", "./usr/share/zsh", "./usr/share/fish", "./usr/share/doc-base", "./usr/share/menu",
    "./usr/share/pixmaps", "./usr/share/apport", "./usr/share/gdb", "./usr/share/initramfs-tools", "./usr/share/debconf",
    "./usr/lib/udev/hwdb.d", "./usr/lib/valgrind", "./etc/init.d", "./etc/cron.daily", "./etc/cron.d", "./etc/logrotate.d",
    "./etc/apt", "./var",
)
# What `update-alternatives` would link.
ALTERNATIVES = {
    "usr/lib/aarch64-linux-gnu/libblas.so.3": "blas/libblas.so.3",
    "usr/lib/aarch64-linux-gnu/liblapack.so.3": "lapack/liblapack.so.3",
}
# Places that something is mounted over.
MOUNT_POINTS = ("boot", "data", "dev", "media", "mnt", "proc", "run", "settings", "sys", "tmp", "var")


def base(cache: pathlib.Path, packages: list[Package]) -> pathlib.Path:
    """The shared tree, from the cache where these packages were unpacked before."""
    key = hashlib.sha256(pathlib.Path(__file__).read_bytes())
    for package in packages:
        key.update(package.sha256.encode())
    kept = cache / "trees" / key.hexdigest()[:32]
    if kept.is_dir():
        return kept
    shutil.rmtree(cache / "trees", ignore_errors=True)
    part = kept.with_suffix(".part")
    part.mkdir(parents=True)
    with say.step(f"unpacking {len(packages)} packages"):
        # The first package has the links from /lib and /bin to where things are today.
        for package in sorted(packages, key=lambda p: (p.name != "base-files", p.name)):
            unpack(place(cache / "packages", package), part)
        configure(part)
    part.rename(kept)
    return kept


def unpack(deb: pathlib.Path, tree: pathlib.Path, *only: str) -> None:
    """Unpacks a package, or only some paths of it. All files are root's."""
    packed = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    left = [] if only else [f"--exclude={path}" for path in LEFT_IN_THE_PACKAGE]
    done = subprocess.run(
        ["tar", "-x", "--no-same-owner", "--same-permissions", "--keep-directory-symlink", *left, "-C", str(tree), *only],
        stdin=packed.stdout, stderr=subprocess.PIPE, text=True, check=False,
    )
    packed.stdout.close()
    if packed.wait() != 0 or done.returncode != 0:
        sys.exit(f"{deb} could not be unpacked: {done.stderr}")


def configure(tree: pathlib.Path) -> None:
    """What the maintainer scripts would have done."""
    for folder in (tree / "usr/share/doc").iterdir():
        keep_copyright(folder)
    for name in ("passwd", "group"):
        shutil.copy(tree / f"usr/share/base-passwd/{name}.master", tree / f"etc/{name}")
    for link, target in ALTERNATIVES.items():
        path = tree / link
        if not (path.parent / target).exists():
            sys.exit(f"nothing to link {link} to: {target}")
        path.symlink_to(target)
    for name in MOUNT_POINTS:
        (tree / name).mkdir(exist_ok=True)
    # alcove-init mounts this device's own over it.
    (tree / "etc/machine-id").touch()
    replace_link(tree / "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    replace_link(tree / "etc/mtab", "../proc/self/mounts")
    replace_link(tree / "etc/localtime", "/usr/share/zoneinfo/Etc/UTC")


def keep_copyright(folder: pathlib.Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name != "copyright":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def replace_link(path: pathlib.Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def users(tree: pathlib.Path) -> None:
    """Makes the users that packages and the overlay declare. The overlay pins their numbers."""
    say.run("systemd-sysusers", f"--root={tree}")
    for name in ("passwd-", "group-", "shadow-", "gshadow-", ".pwd.lock"):
        (tree / "etc" / name).unlink(missing_ok=True)


def units(tree: pathlib.Path) -> None:
    """Switches units on and off as the presets say."""
    say.run("systemctl", f"--root={tree}", "preset-all")


def libraries(tree: pathlib.Path) -> None:
    """The loader's cache of libraries; made by the tree's own program."""
    say.run("qemu-aarch64", tree / "usr/sbin/ldconfig", "-r", tree, "-X")
    shutil.rmtree(tree / "var/cache", ignore_errors=True)


def overlay(source: pathlib.Path, tree: pathlib.Path) -> None:
    """Lays files of the sources over the tree; programs stay programs, everything else is readable."""
    for path in sorted(source.rglob("*")):
        to = tree / path.relative_to(source)
        if path.is_dir() and not path.is_symlink():
            to.mkdir(parents=True, exist_ok=True)
            continue
        to.unlink(missing_ok=True)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to, follow_symlinks=False)
        if not to.is_symlink():
            to.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def size_bytes(tree: pathlib.Path) -> int:
    """Bytes of all files; one with several names counts once."""
    seen = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            seen[status.st_dev, status.st_ino] = status.st_size
    return sum(seen.values())
