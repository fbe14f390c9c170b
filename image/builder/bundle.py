"""The update bundle, and the development keys that sign it.

Never: a key in the sources or in an image.
"""

import hashlib
import os
import pathlib
import shutil

import say

# Of a development key: the image says "development" wherever it tells who signed it.
SUBJECT = "/O=Alcove/CN=Alcove development key"
VALID_DAYS = "36500"


def keys(build) -> pathlib.Path:
    """The folder of this checkout's keys, which are made where there are none."""
    folder = build.clone / "target/keys"
    if not (folder / "development.cert.pem").exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with say.step("making this checkout's development key (target/keys)"):
            say.run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", SUBJECT,
                "-days", VALID_DAYS, "-not_before", "20200101000000Z", "-addext", "keyUsage=critical,digitalSignature",
                "-addext", "extendedKeyUsage=emailProtection,codeSigning",
                "-keyout", folder / "development.key.pem", "-out", folder / "development.cert.pem",
            )
            (folder / "development.key.pem").chmod(0o600)
    return folder


def certificate(build) -> pathlib.Path:
    return keys(build) / "development.cert.pem"


def make(build, images: dict[str, pathlib.Path], work: pathlib.Path) -> None:
    """Signs a bundle of the slot's two images."""
    content = work / "bundle"
    content.mkdir()
    lines = [
        "[update]", f"compatible=alcove-{build.board['id']}", f"version={build.version}", f"build={build.epoch_s}", "",
        "[bundle]", "format=verity", "",
    ]
    if build.changes:
        lines += ["[meta.alcove]", f"changes={build.changes}", ""]
    for slot, image in images.items():
        shutil.copy(image, content / f"{slot}.img")
        os.utime(content / f"{slot}.img", (build.epoch_s, build.epoch_s))
        lines += [f"[image.{slot}]", f"filename={slot}.img", ""]
    (content / "manifest.raucm").write_text("\n".join(lines))
    path = build.out / f"{build.stem}.raucb"
    folder = keys(build)
    say.run(
        "rauc", "bundle", f"--cert={folder / 'development.cert.pem'}", f"--key={folder / 'development.key.pem'}",
        "--mksquashfs-args=-comp zstd -no-exports", content, path,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(build.epoch_s)},
    )
    say.note(f"the bundle: {say.mib(path.stat().st_size)}")


def content(build, path: pathlib.Path, to: pathlib.Path) -> dict[str, str]:
    """Hashes of what a bundle holds, once its signature was found good."""
    say.run("rauc", f"--keyring={certificate(build)}", "extract", path, to)
    found = {}
    for file in sorted(to.iterdir()):
        with file.open("rb") as opened:
            found[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found
