"""What the person at the terminal reads: each step with its time, sizes with their limits.

Never: a step without a name.
"""

import contextlib
import subprocess
import sys
import time


@contextlib.contextmanager
def step(words: str):
    """Says what begins and how long it took."""
    start = time.monotonic()
    print(f"== {words}", flush=True)
    yield
    print(f"   done in {time.monotonic() - start:.1f} s", flush=True)


def note(words: str) -> None:
    print(f"   {words}", flush=True)


def mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):.1f} MiB"


def limit(what: str, size_bytes: int, most_mib: int) -> None:
    """Says the size, and ends the build where it is past the limit."""
    note(f"{what}: {mib(size_bytes)} of {most_mib} MiB")
    if size_bytes > most_mib << 20:
        sys.exit(f"{what} is past its limit of {most_mib} MiB")


def run(*command, **options) -> subprocess.CompletedProcess:
    """Runs a program, quiet unless it fails: then all that it said is shown and the build ends."""
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **options)
    if done.returncode != 0:
        said = b"".join(out if isinstance(out, bytes) else out.encode() for out in (done.stdout, done.stderr))
        sys.exit(f"{' '.join(str(word) for word in command[:6])} ended with {done.returncode}:\n{said.decode(errors='replace')}")
    return done
