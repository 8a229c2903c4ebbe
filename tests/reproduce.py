"""`make reproduce`: everything twice from nothing, in two clones of the last commit, and what differs.

The two have other folders and another number of workers; nothing of either may be seen in what they make. Takes twice
as long as `make report`, and some 2 GB; what was fetched before is fetched anew. `make reproduce STUDY=photos-lite0`
builds one study.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = ("dvc.lock", "data/dvc.lock", "reports")  # the results; what leads there has its hashes in the locks


def files(root: Path) -> Iterator[Path]:
    """What a clone made, as paths inside it."""
    for name in MADE:
        place = root / name
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path.relative_to(root) for path in found if path.is_file())


def differences(first: Path, second: Path) -> list[str]:
    """A line for each file that one of two projects lacks, or that differs, with the place of the first other byte."""
    told = []
    for name in sorted({*files(first), *files(second)}):
        pair = [folder / name for folder in (first, second)]
        missing = [str(path.parents[len(name.parts) - 1]) for path in pair if not path.is_file()]
        if missing:
            told.append(f"{name}: not in {missing[0]}")
            continue
        one, other = (path.read_bytes() for path in pair)
        if one != other:
            places = (k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
            told.append(f"{name}: differs from byte {next(places, min(len(one), len(other))):,} on")
    return told


def build(root: Path, workers: int, study: str) -> None:
    """A clone of the last commit, without a cache, with its pages built by its own code."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    given = {"SEEWHY_WORKERS": str(workers), "PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", "seewhy", "report", *([study] if study else [])]
    subprocess.run(command, cwd=root, env={**os.environ, **given}, check=True)


def main(study: str) -> int:
    """Builds twice and compares; 1 where anything differs."""
    with tempfile.TemporaryDirectory(prefix="seewhy-reproduce-") as folder:
        first, second = Path(folder) / "a", Path(folder) / "second-clone"
        build(first, 2, study)
        build(second, 0, study)
        told, count = differences(first, second), len([*files(first)])
    print(*told, sep="\n", end="\n" if told else "")  # noqa: T201
    print(f"{count} files; {len(told)} differ" if told else f"{count} files, equal to the last byte")  # noqa: T201
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or [""]))
