"""From packages, programs and a board's file to what is flashed and what updates: the steps in their order.

Never: a step that needs root, a mount or a network.
"""

import dataclasses
import hashlib
import pathlib
import shutil
import subprocess

import bmap
import bundle
import disk
import ext4
import fat
import initrd
import say
import tree
import verity
from kernel import Kernel, module_name
from lock import Package
from mirror import place

# What an image is held to.
MOST_IMAGE_MIB, MOST_ROOT_MIB = 220, 350
# Room in a slot's boot file system beside its files.
BOOT_SLACK_BYTES = 4 << 20


@dataclasses.dataclass(frozen=True)
class Build:
    """Where things are, and what is being built. Files of `lay` come last into the root; `changes` go into the bundle."""

    clone: pathlib.Path
    cache: pathlib.Path
    out: pathlib.Path
    board: dict
    version: str
    epoch_s: int
    lay: pathlib.Path | None
    changes: str
    bundle_only: bool
    root_packages: list[Package]
    board_packages: list[Package]

    @property
    def programs(self) -> pathlib.Path:
        return self.clone / "target/aarch64"

    @property
    def stem(self) -> str:
        return f"alcove-{self.board['id']}-{self.version}"


def image(build: Build) -> None:
    """Makes the image, its map, the bundle and the checksums in `build.out`."""
    work = build.cache / "work" / build.board["id"]
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    kernel = Kernel(build.cache, build.board, build.board_packages)
    root = make_root(build, kernel, work)
    with say.step("making the boot file system"):
        slot = boot_slot(build, kernel, slot_facts(build, root), work)
    for old in build.out.glob(f"{build.stem}.*"):
        old.unlink()
    if not build.bundle_only:
        disk_image(build, kernel, {"root-a": root.path, "boot-a": slot}, work)
    with say.step("making the update bundle"):
        bundle.make(build, {"boot": slot, "root": root.path}, work)
    checksums(build)
    shutil.rmtree(work)


def disk_image(build: Build, kernel: Kernel, parts: dict[str, pathlib.Path], work: pathlib.Path) -> None:
    """What is flashed: slot a, the loader, and file systems that are empty."""
    with say.step("putting the disk image together"):
        parts["boot"] = boot(build, kernel, work)
        parts["loader"] = work / "loader"
        parts["loader"].write_bytes(packaged(build, build.board["loader"]["package"], build.board["loader"]["file"]))
        for name in ("settings", "data"):
            parts[name] = work / f"{name}.img"
            identity = disk.identity(build.board["id"], f"{name}-files")
            ext4.make(parts[name], disk.partition(name).size_bytes, f"alcove-{name}", identity, build.epoch_s)
        path = build.out / f"{build.stem}.img"
        disk.assemble(path, build.board, parts)
        (build.out / f"{build.stem}.bmap").write_text(bmap.make(path))
    with say.step("packing it"):
        say.run("zstd", "-q", "-f", "-T0", "-12", path, "-o", f"{path}.zst")
    say.limit("the image, packed", pathlib.Path(f"{path}.zst").stat().st_size, MOST_IMAGE_MIB)


def make_root(build: Build, kernel: Kernel, work: pathlib.Path) -> verity.Root:
    """The root image with its hash tree."""
    shared = tree.base(build.cache, build.root_packages)
    root = work / "root"
    with say.step("filling the root file system"):
        shutil.copytree(shared, root, symlinks=True)
        count = kernel.install(build.board["kernel"]["initrd_modules"] + build.board["kernel"]["root_modules"], root)
        say.note(f"{count} modules of kernel {kernel.release}")
        for name, to in (("alcove", "usr/bin/alcove"), ("alcove-worker", "usr/libexec/alcove/alcove-worker")):
            (root / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(build.programs / name, root / to)
        tree.overlay(build.clone / "image/root", root)
        own_files(build, root)
        if build.lay:
            tree.overlay(build.lay, root)
        tree.users(root)
        tree.units(root)
        tree.libraries(root)
    say.limit("the root file system, unpacked", tree.size_bytes(root), MOST_ROOT_MIB)
    with say.step("packing the root file system"):
        made = verity.make(root, work / "root.img", build.epoch_s)
    say.limit("the root image", made.path.stat().st_size, disk.partition("root-a").size_bytes >> 20)
    return made


def own_files(build: Build, root: pathlib.Path) -> None:
    """What says which image this is."""
    share = root / "usr/share/alcove"
    share.mkdir(parents=True, exist_ok=True)
    shutil.copy(build.clone / "board" / f"{build.board['id']}.toml", share / "board.toml")
    (share / "version").write_text(f"{build.version}\n")
    (root / "usr/lib/os-release").write_text(
        f'NAME="Alcove"\nID=alcove\nID_LIKE=debian\nVERSION_ID={build.version}\nPRETTY_NAME="Alcove {build.version}"\n'
        f"VARIANT_ID={build.board['id']}\n"
    )
    # A clock that knows nothing begins here; a squashfs keeps the time of the build for all files.
    (root / "usr/lib/clock-epoch").touch()
    rauc = root / "etc/rauc"
    rauc.mkdir(parents=True, exist_ok=True)
    shutil.copy(bundle.certificate(build), rauc / "keyring.pem")
    system = rauc / "system.conf"
    if system.exists():
        system.write_text(system.read_text().replace("@board@", build.board["id"]))


def slot_facts(build: Build, root: verity.Root) -> str:
    return (
        f'version = "{build.version}"\nboard = "{build.board["id"]}"\nroot_hash = "{root.root_hash}"\n'
        f'root_bytes = {root.data_bytes}\nsalt = "{root.salt}"\n'
    )


def boot_slot(build: Build, kernel: Kernel, slot: str, work: pathlib.Path) -> pathlib.Path:
    """The file system of boot-a or boot-b."""
    paths = kernel.in_order(build.board["kernel"]["initrd_modules"])
    modules = [(module_name(path), kernel.module(path)) for path in paths]
    files: dict[str, pathlib.Path | bytes] = {
        "vmlinuz": kernel.image(),
        "initrd": initrd.make(build.programs / "alcove-init", slot, modules),
        "slot.toml": slot.encode(),
    }
    trees = build.board.get("device_tree")
    if trees:
        files["board.dtb"] = kernel.device_tree(trees["file"])
        for name in trees["variants"]:
            files[name] = kernel.device_tree(name)
    size = sum(len(content) if isinstance(content, bytes) else content.stat().st_size for content in files.values())
    path = work / "boot-slot.img"
    fat.make(path, (size + BOOT_SLACK_BYTES) >> 20 << 20, "ALCOVESLOT", files, build.epoch_s)
    return path


def boot(build: Build, kernel: Kernel, work: pathlib.Path) -> pathlib.Path:
    """The partition that the board's own firmware reads."""
    loader = build.board["loader"]
    files: dict[str, pathlib.Path | bytes] = {
        "boot.scr": boot_script(build, work),
        "board.env": board_environment(build.board).encode(),
    }
    if "file" in loader["place"]:
        files[loader["place"]["file"]["to"]] = packaged(build, loader["package"], loader["file"])
    for listed in loader["files"]:
        files[listed["to"]] = loader_file(build, kernel, listed["from"])
    path = work / "boot.img"
    fat.make(path, disk.partition("boot").size_bytes, "ALCOVEBOOT", files, build.epoch_s)
    return path


def loader_file(build: Build, kernel: Kernel, origin: dict) -> pathlib.Path | bytes:
    if "package" in origin:
        return packaged(build, origin["package"]["package"], origin["package"]["file"])
    if "device_tree" in origin:
        return kernel.device_tree(origin["device_tree"])
    return build.clone / "board" / origin["beside"]


def packaged(build: Build, package: str, file: str) -> bytes:
    """One file of a package of the board."""
    deb = next(place(build.cache / "packages", p) for p in build.board_packages if p.name == package)
    packed = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    return say.run("tar", "-x", "-O", f"./{file}", stdin=packed.stdout).stdout


def board_environment(board: dict) -> str:
    """What the boot script has to know of the board."""
    facts = board["boot"]
    lines = [" ".join([f"board_args=console={facts['console']}", *facts["arguments"]])]
    addresses = {"kernel_addr_r": "kernel_address", "ramdisk_addr_r": "initrd_address", "fdt_addr_r": "device_tree_address"}
    lines += [f"{name}={facts[key]:#x}" for name, key in addresses.items() if facts.get(key) is not None]
    return "\n".join(lines) + "\n"


def boot_script(build: Build, work: pathlib.Path) -> bytes:
    """The boot script of all boards, as U-Boot wants it."""
    script = work / "boot.scr"
    environment = {"SOURCE_DATE_EPOCH": str(build.epoch_s), "PATH": "/usr/sbin:/usr/bin"}
    source = build.clone / "image/boot/boot.cmd"
    say.run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "Alcove", "-d", source, script, env=environment)
    return script.read_bytes()


def checksums(build: Build) -> None:
    """SHA256SUMS over what is handed out."""
    lines = []
    for path in sorted(build.out.glob(f"{build.stem}.*")):
        if path.suffix != ".img":
            with path.open("rb") as content:
                lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {path.name}\n")
    (build.out / f"{build.stem}.SHA256SUMS").write_text("".join(lines))
