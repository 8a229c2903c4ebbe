"""Measurements on disk: one table a family, what it is of in its note, and finished batches of a run that was stopped.

data/measurements/<study>/<family>.parquet, .npz     what the stage made
data/measurements/.kept/<study>/...                  the same files by a second name: DVC removes a stage's outputs
                                                     before it runs, and work that is still right is used again
data/measurements/.parts/<study>/<family>/...        batches of the run that goes on
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.maps.store import keep_file
from seewhy.measure.family import Result, tidy_table

Note = dict[str, Any]


def measurements_folder(root: Path, study: str) -> Path:
    """Folder of a study's measurements."""
    return root / "data" / "measurements" / study


def family_files(root: Path, study: str, family: str) -> Iterator[Path]:
    """Where the table of a family may be: as the stage left it, then as the last run did."""
    folder = measurements_folder(root, study)
    yield folder / f"{family}.parquet"
    yield folder.parent / ".kept" / study / f"{family}.parquet"


def read_family(root: Path, study: str, family: str) -> Result:
    """The stored table and arrays of a family.

    Raises SeewhyError, which names the stage, where it is missing or damaged.
    """
    path = next(family_files(root, study, family))
    table, _ = artifacts.read_table(path, f"measure@{study}")
    return Result(tidy_table([table]), read_arrays(path))


def find_note(root: Path, study: str, family: str, key: str) -> tuple[Path, Note] | None:
    """The first table of a family that was made under that key, and its note; None where there is none."""
    for path in family_files(root, study, family):
        note = read_note(path)
        if note.get("key") == key:
            return path, note
    return None


def read_tidy(path: Path) -> pd.DataFrame:
    """A table whose note was read; texts as objects, as when it was measured: equal values are equal bytes."""
    return tidy_table([pq.read_table(path).to_pandas()])


def read_note(path: Path) -> Note:
    """What the table was made of; empty for a file that is missing, damaged or not ours: then it is made again."""
    try:
        found: Note = json.loads((pq.read_schema(path).metadata or {})[artifacts.NOTE])
    except (pa.ArrowException, ValueError, KeyError, OSError):
        return {}
    return found


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays beside a table."""
    arrays = path.with_suffix(".npz")
    if not arrays.is_file():
        return {}
    try:
        with np.load(arrays, allow_pickle=False) as found:
            return dict(found)
    except (ValueError, OSError, EOFError):
        raise SeewhyError(f"{arrays} is damaged; make it again: dvc repro -f measure@{path.parent.name}") from None


def write_family(root: Path, study: str, family: str, result: Result, note: Note) -> list[Path]:
    """Writes table and arrays, each whole or not at all, the table last; their paths. Equal results: equal bytes."""
    path, kept = family_files(root, study, family)
    files = [path]
    if result.arrays:
        files = [path.with_suffix(".npz"), path]
        write_arrays(files[0], result.arrays)
    else:
        path.with_suffix(".npz").unlink(missing_ok=True)
        kept.with_suffix(".npz").unlink(missing_ok=True)
    artifacts.write_table(path, result.table, note)
    for file in files:
        keep_file(file, kept.parent / file.name)
    return files


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Arrays as npz. NumPy gives all members the same time, so that equal arrays are equal bytes."""
    if strange := [name for name, one in arrays.items() if one.dtype.hasobject]:
        raise TypeError(f"arrays of objects cannot be stored: {strange[0]}")
    with artifacts.atomic_file(path) as scratch, scratch.open("wb") as file:
        np.savez_compressed(file, **dict(sorted(arrays.items())))  # type: ignore[arg-type]


def remove_others(root: Path, study: str, files: Iterable[Path]) -> None:
    """Removes the tables of families that are no longer measured."""
    names = {file.name for file in files}
    for path in family_files(root, study, "any"):
        for other in path.parent.glob("*"):
            if other.name not in names:
                other.unlink()


@dataclass(frozen=True)
class Parts:
    """Finished batches of one run; a run with another plan has others."""

    folder: Path

    @classmethod
    def of_run(cls, root: Path, study: str, family: str, key: str) -> "Parts":
        """The batches of the run with that key."""
        return cls(measurements_folder(root, study).parent / ".parts" / study / family / key)

    def read_part(self, number: int) -> pd.DataFrame | None:
        """A finished batch; None where it is not done."""
        try:
            return pq.read_table(self.folder / f"{number:06d}.parquet").to_pandas()
        except (pa.ArrowException, OSError):
            return None

    def write_part(self, number: int, table: pd.DataFrame) -> None:
        """Keeps a batch, whole or not at all."""
        artifacts.write_table(self.folder / f"{number:06d}.parquet", table, {})

    def remove_parts(self) -> None:
        """All batches of the family: its table is there."""
        shutil.rmtree(self.folder.parent, ignore_errors=True)
