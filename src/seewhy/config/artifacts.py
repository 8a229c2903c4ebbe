"""Where every file lives, and how it is written: whole or not at all, with a note of what it was made from."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seewhy.errors import SeewhyError

if TYPE_CHECKING:
    import pandas as pd

NOTE = b"seewhy"  # key of our note in a Parquet schema
BESIDE = ("_low", "_high", "_n")  # endings of what stands beside a figure in a metrics file


def dataset_path(root: Path, name: str) -> Path:
    """The checked manifest of a dataset."""
    return root / "data" / "datasets" / f"{name}.parquet"


def dataset_stage(name: str) -> str:
    """The stage that makes it, as DVC is told."""
    return f"data/dvc.yaml:dataset@{name}"


def demo_stage(key: str) -> str:
    """The stage that makes a checkpoint of the demonstration, as DVC is told."""
    return f"data/dvc.yaml:demo@{key}"


def predictions_path(root: Path, study: str) -> Path:
    """One row for each image a study examined."""
    return root / "data" / "predictions" / f"{study}.parquet"


def attributions_folder(root: Path, study: str) -> Path:
    """Folder of a study's stored maps: one table a method."""
    return root / "data" / "attributions" / study


def measurements_folder(root: Path, name: str) -> Path:
    """Folder of what was measured of a study or comparison: one table a family, arrays beside it."""
    return root / "data" / "measurements" / name


def settings_path(root: Path, name: str, stage: str) -> Path:
    """What a stage of a study or comparison rests on, with all defaults filled in."""
    return root / "data" / "settings" / name / f"{stage}.json"


def executed_path(root: Path, name: str, stem: str) -> Path:
    """A notebook as it was executed for a study or comparison: its page is rendered from it."""
    return root / "data" / "pages" / name / f"{stem}.ipynb"


def reports_folder(root: Path, name: str) -> Path:
    """Folder of the pages of a study or comparison."""
    return root / "reports" / name


def metrics_path(root: Path, name: str, section: str) -> Path:
    """The figures that one notebook measured: a DVC metric."""
    return reports_folder(root, name) / "metrics" / f"{section}.json"


def file_sha256(*paths: Path) -> str:
    """Hex digest of the files' bytes, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A scratch file that takes the place of `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        yield Path(scratch)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """A text file in UTF-8."""
    with atomic_file(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """JSON with sorted keys and a final newline."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote; raises SeewhyError for what is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SeewhyError(f"{path} is no JSON: {error}") from None


def read_metrics(path: Path) -> dict[str, Any]:
    """What `write_metrics` wrote; raises SeewhyError for what is no JSON mapping."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise SeewhyError(f"{path} is no JSON: found {type(found).__name__}; allowed: a mapping of figures")
    return found


def write_metrics(path: Path, figures: dict[str, Any]) -> None:
    """Figures rounded to 4 digits; those that are not finite are left out, since DVC shows a NaN as a change."""
    finite = {key: value for key, value in figures.items() if value is not None and math.isfinite(value)}
    write_json(
        path, {key: value if isinstance(value, int) else round(float(value), 4) for key, value in finite.items()}
    )


def write_csv(path: Path, frame: "pd.DataFrame") -> None:
    """A table that people open in a spreadsheet."""
    with atomic_file(path) as scratch:
        frame.to_csv(scratch, index=False)


def write_table(path: Path, frame: "pd.DataFrame", note: dict[str, Any]) -> None:
    """A table as Parquet with `note` (what it was made from) in its schema; equal input gives equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.replace_schema_metadata({NOTE: json.dumps(note, sort_keys=True).encode()})
    with atomic_file(path) as scratch:
        pq.write_table(table, scratch)


def read_table(path: Path, made_by: str) -> tuple["pd.DataFrame", dict[str, Any]]:
    """Table and note. `made_by` is the stage to name when the file is missing or not ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise SeewhyError(f"{path.name} is not there yet in {path.parent}; make it with: dvc repro {made_by}")
    try:
        table = pq.read_table(path)
        return table.to_pandas(), json.loads((table.schema.metadata or {})[NOTE])
    except (pa.ArrowException, ValueError, KeyError, OSError):
        raise SeewhyError(f"{path} is damaged or not of this project; make it again: dvc repro -f {made_by}") from None
