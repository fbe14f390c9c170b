"""ext4 partitions as files.

Never: a time, a seed or a number that differs from build to build.
"""

import os
import pathlib
import uuid

import say


def make(path: pathlib.Path, size_bytes: int, label: str, identity: uuid.UUID, epoch_s: int) -> None:
    """An empty file system."""
    path.unlink(missing_ok=True)
    with path.open("wb") as image:
        image.truncate(size_bytes)
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch_s), "E2FSPROGS_FAKE_TIME": str(epoch_s)}
    say.run(
        "mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-U", identity, "-m", "0", "-b", "4096",
        "-E", f"hash_seed={identity},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", path, env=environment,
    )
