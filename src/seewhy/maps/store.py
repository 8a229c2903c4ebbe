"""Maps on disk: one Parquet table for each method, written batch by batch, so that a run that was stopped goes on.

A finished batch is a small file of its own. When all are there they become one table for each method, in order, and
the small files go: the bytes of a table do not depend on how often the run was stopped. Maps of an earlier run are used
again: one image more makes the maps of that image, one method more those of that method.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Float

from seewhy.config import artifacts
from seewhy.errors import SeewhyError

if TYPE_CHECKING:
    from seewhy.maps.explaining import Job

Pair = tuple[str, int]  # image and target
PACKAGE = Path(__file__).parents[1]
ROOMS = ("engine", "inputs", "maps", "methods", "tasks")  # what maps depend on
CODE = [  # what made a batch: no run goes on with batches of another
    *(path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))),
    PACKAGE / "study.py",
]
JOINED = 32  # batches that become one row group of the final table: the most that is held in memory at once
KEPT = b"seewhy.kept"  # key in a schema: what decides whether a map can be used again
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
    """The tables <folder>/<method>.parquet of all targets of `work`, made in batches of `size` images.

    `note` says what they are made of and goes into each. `images`: a digest of each image's file; maps of an earlier
    run are used again where this, and all of the note but the dataset, are the same. Without it, none are.
    """

    folder: Path
    methods: Sequence[str]
    note: Mapping[str, Any]
    work: Sequence["Job"]
    size: int
    images: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def missing_batches(self) -> list[tuple[list["Job"], list[str]]]:
        """What is left to do: images with the methods that they lack, those that lack the same together."""
        groups: dict[tuple[str, ...], list[Job]] = {}
        for job in self.work:
            lacks = tuple(name for name in self.methods if not self._has_maps(job, name))
            if lacks:
                groups.setdefault(lacks, []).append(job)
        return [
            (some[start : start + self.size], list(lacks))
            for lacks, some in groups.items()
            for start in range(0, len(some), self.size)
        ]

    def _has_maps(self, job: "Job", method: str) -> bool:
        return all((job.image, target) in self._kept_maps[method][1] for target in job.targets)

    @cached_property
    def _maps_key(self) -> str:
        """Digest of what concerns every map, and of the code."""
        own = {name: value for name, value in self.note.items() if name != "dataset"}
        return _short_digest([own, artifacts.file_sha256(*CODE)])

    @cached_property
    def _kept_maps(self) -> dict[str, tuple[Path | None, set[Pair]]]:
        """For each method a table of an earlier run, and the pairs of which its maps are still right."""
        return {method: self._find_kept(method) for method in self.methods}

    def _find_kept(self, method: str) -> tuple[Path | None, set[Pair]]:
        for path in (self.folder / f"{method}.parquet", self._second_name(method)):
            try:
                table = pq.read_table(path, columns=["image", "target"])
                told = json.loads((table.schema.metadata or {})[KEPT])
            except (pa.ArrowException, ValueError, KeyError, OSError):
                continue
            if told["key"] == self._maps_key:
                pairs = zip(table["image"].to_pylist(), table["target"].to_pylist(), strict=True)
                files, own = told["images"], self.images
                return path, {pair for pair in pairs if pair[0] in own and files.get(pair[0]) == own[pair[0]]}
        return None, set()

    def _second_name(self, method: str) -> Path:
        """The table's second name: DVC removes a stage's outputs before it runs."""
        return self.folder.parent / ".kept" / self.folder.name / f"{method}.parquet"

    @cached_property
    def _parts_folder(self) -> Path:
        """Batches of this very run: with another note or plan, or made by other code, they are of another run."""
        plan = [[[[job.image, *job.targets] for job in some], names] for some, names in self.missing_batches]
        text = [self.note, list(self.methods), self._maps_key, plan]
        return self.folder.parent / ".parts" / self.folder.name / _short_digest(text)

    def _part_file(self, number: int) -> Path:
        return self._parts_folder / f"{number:06d}.parquet"

    def has_batch(self, number: int) -> bool:
        """Whether that batch is done."""
        return self._part_file(number).is_file()

    def write_batch(
        self, number: int, rows: pd.DataFrame, scores: Float[np.ndarray, " n"], maps: Mapping[str, Any]
    ) -> None:
        """Writes a batch: rows with `image` and `target`, a score and for each method a map (n, h, w) for each row."""
        tables = [_maps_table(rows, scores, maps[method]) for method in self.missing_batches[number][1]]
        with artifacts.atomic_file(self._part_file(number)) as scratch:
            pq.write_table(pa.concat_tables(tables), scratch)

    def write_tables(self) -> list[Path]:
        """Joins what is kept and what was made into the tables and removes what is of no use now; the tables' paths."""
        paths = [self.folder / f"{method}.parquet" for method in self.methods]
        told = {"key": self._maps_key, "images": dict(self.images)}
        notes = {artifacts.NOTE: self.note, KEPT: told}
        schema = SCHEMA.with_metadata({key: json.dumps(one, sort_keys=True).encode() for key, one in notes.items()})
        with ExitStack() as stack:
            scratches = [stack.enter_context(artifacts.atomic_file(path)) for path in paths]
            for method, scratch in zip(self.methods, scratches, strict=True):
                with pq.ParquetWriter(scratch, schema) as writer:
                    for start in range(0, len(self.work), JOINED * self.size):
                        table = self._join_maps(self.work[start : start + JOINED * self.size], method)
                        writer.write_table(table.replace_schema_metadata(schema.metadata).combine_chunks())
        self._remove_others(paths)
        return paths

    def _join_maps(self, work: Sequence["Job"], method: str) -> pa.Table:
        """The maps of some images in order, from kept tables and batches."""
        wanted = [(job.image, target) for job in work for target in job.targets]
        images, (path, kept) = {image for image, _ in wanted}, self._kept_maps[method]
        parts = [self._method_rows(number, method) for number in self._batch_numbers(images, method)]
        if path is not None and not kept.isdisjoint(wanted):
            parts.append(pq.read_table(path, filters=[("image", "in", list(images))]).cast(SCHEMA))
        table = pa.concat_tables([SCHEMA.empty_table(), *(part.replace_schema_metadata(None) for part in parts)])
        place: dict[Pair, int] = {}
        for number, pair in enumerate(zip(table["image"].to_pylist(), table["target"].to_pylist(), strict=True)):
            place.setdefault(pair, number)  # batches come first: what is kept may be of another file
        return table.take([place[pair] for pair in wanted])

    def _batch_numbers(self, images: set[str], method: str) -> list[int]:
        """The batches that made maps of that method for any of those images."""
        every = enumerate(self.missing_batches)
        return [
            number for number, (some, names) in every if method in names and any(job.image in images for job in some)
        ]

    def _method_rows(self, number: int, method: str) -> pa.Table:
        """The rows of one method: a batch holds all rows of its first method, then of its second, and so on."""
        part, names = pq.read_table(self._part_file(number)), self.missing_batches[number][1]
        rows = part.num_rows // len(names)
        return part.slice(names.index(method) * rows, rows)

    def _remove_others(self, paths: Sequence[Path]) -> None:
        for other in set(self.folder.glob("*.parquet")) - set(paths):
            other.unlink()
        for path in paths:
            keep_file(path, self._second_name(path.stem))
        for other in set(self._second_name("any").parent.glob("*.parquet")) - {
            self._second_name(path.stem) for path in paths
        }:
            other.unlink()
        shutil.rmtree(self._parts_folder.parent, ignore_errors=True)


def keep_file(file: Path, kept: Path) -> None:
    """A second name for a file, or a copy where the disk knows no second names."""
    if kept.exists() and kept.samefile(file):
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    scratch = kept.with_name(f".{kept.name}.part")
    scratch.unlink(missing_ok=True)
    try:
        os.link(file, scratch)
    except OSError:
        shutil.copyfile(file, scratch)
    scratch.replace(kept)


def _short_digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _maps_table(rows: pd.DataFrame, scores: Float[np.ndarray, " n"], maps: Float[np.ndarray, "n h w"]) -> pa.Table:
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


def read_maps(
    path: Path, pairs: Iterable[Pair], made_by: str
) -> tuple[dict[Pair, Float[np.ndarray, "h w"]], dict[str, Any]]:
    """The maps of those pairs, as far as the table has them, and its note.

    Raises SeewhyError, which names the stage `made_by`, for a damaged table.
    """
    wanted = set(pairs)
    try:
        file = pq.ParquetFile(path)
        note = json.loads((file.schema_arrow.metadata or {})[artifacts.NOTE])
        names = pa.array({image for image, _ in wanted}, pa.string())
        return {pair: found for pair, found in _iterate_maps(file, names) if pair in wanted}, note
    except (pa.ArrowException, ValueError, KeyError, OSError):
        raise SeewhyError(f"{path} is damaged or not of this project; make it again: dvc repro -f {made_by}") from None


def _iterate_maps(file: pq.ParquetFile, images: pa.Array) -> Iterator[tuple[Pair, np.ndarray]]:
    """The maps of those images, without unpacking the others."""
    for every in file.iter_batches():
        batch = every.filter(pc.is_in(every["image"], value_set=images))
        names, targets = batch["image"].to_pylist(), batch["target"].to_pylist()
        heights, widths = batch["height"].to_pylist(), batch["width"].to_pylist()
        for number, pair in enumerate(zip(names, targets, strict=True)):
            values = batch["map"][number].values.to_numpy(zero_copy_only=False)
            yield pair, values.reshape(heights[number], widths[number])
