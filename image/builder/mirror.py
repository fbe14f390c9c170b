"""What the mirror has: asks apt which packages a set needs, and fetches those of the lock file.

Never: the state of the machine's own apt, a package whose hash was not checked, or a host name of its own.
"""

import dataclasses
import pathlib
import re
import subprocess
import urllib.parse

from lock import Package

# Asked for at once: a command line has a limit.
FETCHED_AT_ONCE = 50
URI = re.compile(r"'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})")


class Gone(Exception):
    """The mirror no longer has a package of the lock file."""


@dataclasses.dataclass
class Mirror:
    """apt with folders of its own, for ARM. `sources` has lines "deb ADDRESS SUITE SECTION…"."""

    folder: pathlib.Path
    sources: str
    settings: str

    def __post_init__(self):
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "etc/sources.list").write_text(self.sources)
        (self.folder / "apt.conf").write_text(
            f"""{self.settings}
Dir "{self.folder}";
Dir::State "state";
Dir::State::status "{self.folder}/status";
Dir::Cache "cache";
Dir::Etc "etc";
Dir::Etc::trusted "/etc/apt/trusted.gpg";
Dir::Etc::trustedparts "/usr/share/keyrings";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::ForceHash "sha256";
Acquire::Languages "none";
"""
        )

    def addresses(self) -> dict[str, str]:
        """Address of each archive, without a slash at its end."""
        found = {}
        for line in self.sources.splitlines():
            _, address, suite, *_ = line.split()
            found.setdefault("security" if suite.endswith("-security") else "main", address.rstrip("/"))
        return found

    def update(self) -> None:
        """Reads the lists of packages anew."""
        self._apt("apt-get", "-q", "update")

    def closure(self, packages: list[str], suite: str = "trixie") -> list[Package]:
        """These packages with all that they need, in the order in which apt would unpack them."""
        suite_argument = [] if suite == "trixie" else ["-t", suite]
        told = self._apt("apt-get", "install", "-qq", "-y", "--print-uris", *suite_argument, *packages)
        return [self._package(line) for line in told.splitlines() if line.startswith("'")]

    def alone(self, package: str, suite: str = "trixie") -> Package:
        """One package without what it needs."""
        wanted = next((p for p in self.closure([package], suite) if p.name == package), None)
        if wanted is None:
            raise SystemExit(f"the mirror has no package {package} in {suite}")
        return wanted

    def fetch(self, packages: list[Package], into: pathlib.Path) -> None:
        """Brings the files, named after their hashes. Raises Gone for the first that the mirror does not have."""
        into.mkdir(parents=True, exist_ok=True)
        missing = [p for p in packages if not place(into, p).exists()]
        for start in range(0, len(missing), FETCHED_AT_ONCE):
            self._fetch_some(missing[start : start + FETCHED_AT_ONCE], into)

    def _fetch_some(self, packages: list[Package], into: pathlib.Path) -> None:
        addresses = self.addresses()
        arguments = []
        for package in packages:
            address = f"{addresses.get(package.archive, addresses['main'])}/{urllib.parse.quote(package.path)}"
            arguments += [address, str(place(into, package)) + ".part", f"SHA256:{package.sha256}"]
        done = self._run("/usr/lib/apt/apt-helper", "-q", "download-file", *arguments)
        for package in packages:
            part = pathlib.Path(str(place(into, package)) + ".part")
            if not part.exists():
                raise Gone(f"{package.name} {package.version}\n{done.stderr.strip()}")
            part.rename(place(into, package))

    def _package(self, line: str) -> Package:
        found = URI.match(line)
        if found is None:
            raise SystemExit(f"apt told an address without SHA-256: {line}")
        uri = found["uri"]
        # The longer address first: that of one archive may begin like the other's.
        for archive, address in sorted(self.addresses().items(), key=lambda known: -len(known[1])):
            if uri.startswith(address + "/"):
                path = urllib.parse.unquote(uri[len(address) + 1 :])
                break
        else:
            raise SystemExit(f"apt told an address outside its sources: {uri}")
        name, version, _ = urllib.parse.unquote(found["file"]).split("_")
        return Package(name, version, int(found["size"]), found["sha256"], archive, path)

    def _apt(self, *command: str) -> str:
        done = self._run(*command)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command[:3])}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def _run(self, *command: str) -> subprocess.CompletedProcess:
        environment = {"APT_CONFIG": str(self.folder / "apt.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def place(folder: pathlib.Path, package: Package) -> pathlib.Path:
    """Where the file of a package lies in the cache."""
    return folder / f"{package.sha256}.deb"
