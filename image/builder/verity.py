"""The root image: a squashfs, and behind it the hash tree by which the kernel checks each of its blocks.

Never: a byte that depends on the machine or the hour.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
import subprocess

import say

BLOCK_BYTES = 4096
SQUASHFS_BLOCK = "256K"


@dataclasses.dataclass(frozen=True)
class Root:
    """A root image. The hash tree begins at `data_bytes`, without a header of its own."""

    path: pathlib.Path
    data_bytes: int
    root_hash: str
    salt: str


def make(tree: pathlib.Path, path: pathlib.Path, epoch_s: int) -> Root:
    """Packs the tree; all files become root's and as old as `epoch_s`."""
    path.unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    say.run(
        "mksquashfs", tree, path, "-comp", "zstd", "-Xcompression-level", "15", "-b", SQUASHFS_BLOCK, "-all-root", "-noappend",
        "-no-progress", "-no-exports", "-mkfs-time", epoch_s, "-all-time", epoch_s, env=environment,
    )
    data_bytes = path.stat().st_size
    padding = -data_bytes % BLOCK_BYTES
    with path.open("ab") as image:
        image.write(bytes(padding))
    data_bytes += padding
    # Known to whoever has the image: what counts is that it differs from image to image.
    with path.open("rb") as image:
        salt = hashlib.file_digest(image, "sha256").hexdigest()
    told = say.run(
        "veritysetup", "format", "--no-superblock", "--hash=sha256", f"--data-block-size={BLOCK_BYTES}",
        f"--hash-block-size={BLOCK_BYTES}", f"--data-blocks={data_bytes // BLOCK_BYTES}", f"--hash-offset={data_bytes}",
        f"--salt={salt}", path, path,
    )
    found = re.search(rb"^Root hash:\s*([0-9a-f]{64})$", told.stdout, re.MULTILINE)
    if found is None:
        raise SystemExit("veritysetup told no root hash")
    return Root(path, data_bytes, found[1].decode(), salt)


def is_whole(root: Root) -> bool:
    """Whether each block is what the root hash promises."""
    done = subprocess.run(
        ["veritysetup", "verify", "--no-superblock", "--hash=sha256", f"--data-block-size={BLOCK_BYTES}",
         f"--hash-block-size={BLOCK_BYTES}", f"--data-blocks={root.data_bytes // BLOCK_BYTES}",
         f"--hash-offset={root.data_bytes}", f"--salt={root.salt}", str(root.path), str(root.path), root.root_hash],
        capture_output=True, check=False,
    )
    return done.returncode == 0
