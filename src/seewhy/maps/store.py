"""Maps on disk: one Parquet table for each method, written batch by batch, so that a run that was stopped goes on.

A finished batch is a small file of its own. When all are there they become one table for each method, in order, and
the small files go: the bytes of a table do not depend on how often the run was stopped.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Float

from seewhy.config import artifacts
from seewhy.errors import SeewhyError

Pair = tuple[str, int]  # image and target
CODE = sorted(Path(__file__).parents[1].rglob("*.py"))  # what made a batch: no run goes on with batches of another
JOINED = 32  # batches that become one row group of the final table: the most that is held in memory at once
SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("target", pa.int32()),
        ("score", pa.float32()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("map", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True)
class Store:
    """The tables <folder>/<method>.parquet; `note` says what they are made of and goes into each."""

    folder: Path
    methods: Sequence[str]
    note: Mapping[str, Any]

    @cached_property
    def _parts(self) -> Path:
        """Batches of this very run: with another note, or made by other code, they are of another run."""
        text = json.dumps([self.note, list(self.methods), artifacts.sha256(*CODE)], sort_keys=True)
        return self.folder.parent / ".parts" / self.folder.name / hashlib.sha256(text.encode()).hexdigest()[:16]

    def _part(self, number: int) -> Path:
        return self._parts / f"{number:06d}.parquet"

    def has(self, number: int) -> bool:
        """Whether that batch is done."""
        return self._part(number).is_file()

    def add(self, number: int, rows: pd.DataFrame, scores: Float[np.ndarray, " n"], maps: Mapping[str, Any]) -> None:
        """Writes a batch: rows with `image` and `target`, a score and for each method a map (n, h, w) for each row."""
        tables = [_table(rows, scores, maps[method]) for method in self.methods]
        with artifacts.whole(self._part(number)) as scratch:
            pq.write_table(pa.concat_tables(tables), scratch)

    def finish(self, batches: int) -> list[Path]:
        """Joins `batches` batches into the tables and removes what is not part of this run; the tables' paths."""
        paths = [self.folder / f"{method}.parquet" for method in self.methods]
        schema = SCHEMA.with_metadata({artifacts.NOTE: json.dumps(self.note, sort_keys=True).encode()})
        with ExitStack() as stack:
            scratches = [stack.enter_context(artifacts.whole(path)) for path in paths]
            with ExitStack() as open_files:
                writers = [open_files.enter_context(pq.ParquetWriter(scratch, schema)) for scratch in scratches]
                for start in range(0, batches, JOINED):
                    self._join(range(start, min(start + JOINED, batches)), writers)
        for other in set(self.folder.glob("*.parquet")) - set(paths):
            other.unlink()
        shutil.rmtree(self._parts.parent, ignore_errors=True)
        return paths

    def _join(self, numbers: Iterable[int], writers: Sequence[pq.ParquetWriter]) -> None:
        """A row group for each method. A batch holds all rows of the first method, then of the second, and so on."""
        parts = [pq.read_table(self._part(number)) for number in numbers]
        for place, writer in enumerate(writers):
            rows = [part.num_rows // len(writers) for part in parts]
            own = [part.slice(place * n, n) for part, n in zip(parts, rows, strict=True)]
            writer.write_table(pa.concat_tables(own).replace_schema_metadata(writer.schema.metadata).combine_chunks())


def _table(rows: pd.DataFrame, scores: Float[np.ndarray, " n"], maps: Float[np.ndarray, "n h w"]) -> pa.Table:
    n, height, width = maps.shape
    columns = {
        "image": list(rows["image"]),
        "target": list(rows["target"]),
        "score": np.asarray(scores, np.float32),
        "height": np.full(n, height),
        "width": np.full(n, width),
        "map": list(np.ascontiguousarray(maps, np.float32).reshape(n, -1)),
    }
    return pa.table({name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()}, SCHEMA)


def read(
    path: Path, pairs: Iterable[Pair], made_by: str
) -> tuple[dict[Pair, Float[np.ndarray, "h w"]], dict[str, Any]]:
    """The maps of those pairs, as far as the table has them, and its note.

    Raises SeewhyError, which names the stage `made_by`, for a damaged table.
    """
    wanted = set(pairs)
    try:
        file = pq.ParquetFile(path)
        note = json.loads((file.schema_arrow.metadata or {})[artifacts.NOTE])
        return {pair: found for pair, found in _rows(file) if pair in wanted}, note
    except (pa.ArrowException, ValueError, KeyError, OSError):
        raise SeewhyError(f"{path} is damaged or not of this project; make it again: dvc repro -f {made_by}") from None


def _rows(file: pq.ParquetFile) -> Iterator[tuple[Pair, np.ndarray]]:
    for batch in file.iter_batches():
        names, targets = batch["image"].to_pylist(), batch["target"].to_pylist()
        heights, widths = batch["height"].to_pylist(), batch["width"].to_pylist()
        for number, pair in enumerate(zip(names, targets, strict=True)):
            values = batch["map"][number].values.to_numpy(zero_copy_only=False)
            yield pair, values.reshape(heights[number], widths[number])
