"""A user's manifest -> a checked table: every name resolved, every image decoded once, every label a class."""

import json
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seewhy import artifacts
from seewhy.errors import SeewhyError, listing, unknown
from seewhy.inputs.images import open_image
from seewhy.params import Dataset as Settings
from seewhy.progress import progress

TYPO = 0.8  # how alike (difflib's ratio) a column of the user's own must be to a known one to be taken for a typo
KNOWN = ("image", "label", "split", "boxes", "caption")  # besides these: mask, and any column that ends in _mask


@dataclass(frozen=True)
class Dataset:
    """A checked manifest. `frame` has one row an image: `image` and masks are paths relative to `root`."""

    name: str
    classes: list[str]
    frame: pd.DataFrame
    root: Path

    @property
    def masks(self) -> list[str]:
        """Names of the mask columns."""
        return [column for column in self.frame if _is_mask(column)]


def load(name: str, root: Path) -> Dataset:
    """The dataset as the stage `dataset@<name>` left it."""
    frame, note = artifacts.read_table(artifacts.dataset(root, name), f"dataset@{name}")
    return Dataset(name, note["classes"], frame, root)


def check(name: str, settings: Settings, root: Path) -> Path:
    """Reads manifest and classes, checks every row and image, writes data/datasets/<name>.parquet."""
    where = f"dataset '{name}'"
    manifest = _inside(root, settings.manifest, root, f"datasets.{name}.manifest")
    classes = _classes(_inside(root, settings.classes, root, f"datasets.{name}.classes"), where)
    frame = _read(manifest, where)
    rows = []
    for number, row in progress(enumerate(frame.to_dict("records"), start=1), len(frame), f"checking {name}"):
        rows.append(_check_row(row, classes, manifest.parent, root, f"row {number} of {where}"))
    table = pd.DataFrame(rows)
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise SeewhyError(f"image '{twice.iloc[0]}' stands twice in {where}; allowed: one row an image")
    path = artifacts.dataset(root, name)
    artifacts.write_table(path, table, {"classes": classes, "task": settings.task})
    return path


def _read(manifest: Path, where: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # with a field too many in every row pandas shifts all columns by one, or drops the field and warns
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(manifest, dtype=str, keep_default_na=False, index_col=False).fillna("")
    except (ValueError, pd.errors.ParserWarning) as error:
        told = " ".join(str(error).split())
        raise SeewhyError(f"manifest {manifest.name} of {where} is not a CSV table: {told}") from None
    columns = [column for column in frame if column in KNOWN or _is_mask(column)]
    for column in frame.columns.difference(columns):
        if get_close_matches(column.strip().lower(), KNOWN, 1, TYPO):
            raise unknown("column", column, KNOWN, f"{manifest.name} of {where}")
    if "image" not in columns:
        raise SeewhyError(f"missing column 'image' in {manifest.name} of {where}; found: {listing(frame.columns)}")
    if frame.empty:
        raise SeewhyError(f"manifest {manifest.name} of {where} has no rows")
    return frame[columns]


def _classes(path: Path, where: str) -> list[str]:
    try:
        names = json.loads(path.read_text())
    except ValueError as error:
        raise SeewhyError(f"classes {path.name} of {where} is not JSON: {error}") from None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise SeewhyError(f"classes {path.name} of {where}: allowed: a JSON list of names, in index order")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SeewhyError(f"classes {path.name} of {where}: '{twice}' stands twice; allowed: different names")
    return names


def _check_row(row: dict[str, str], classes: list[str], folder: Path, root: Path, where: str) -> dict[str, Any]:
    path = _inside(folder, row["image"], root, where)
    image = open_image(path, where)
    checked: dict[str, Any] = {
        "image": path.relative_to(root).as_posix(),
        "width": image.width,
        "height": image.height,
        "sha256": artifacts.sha256(path),
        "split": row.get("split") or "test",
        "label": _label(row.get("label", ""), classes, where),
        "caption": row.get("caption") or None,
        "boxes": json.dumps(_boxes(row.get("boxes", ""), image.size, where)),
    }
    for column in filter(_is_mask, row):
        checked[column] = _mask(row[column], folder, root, image.size, f"{column}, {where}")
    return checked


def _label(found: str, classes: list[str], where: str) -> str | None:
    """A class name, or the index of one; empty means unlabelled."""
    if not found or found in classes:
        return found or None
    if found.isdecimal() and int(found) < len(classes):
        return classes[int(found)]
    raise unknown("label", found, classes, where)


def _boxes(found: str, size: tuple[int, int], where: str) -> list[list[float]]:
    try:
        boxes = np.asarray(json.loads(found or "[]"), dtype=float)
    except (ValueError, TypeError, OverflowError, RecursionError):
        boxes = np.empty(0)[None]
    if boxes.shape == (0,):
        return []
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise SeewhyError(f"boxes in {where}: found {found[:80]!r}; allowed: a JSON list of [x0, y0, x1, y1]")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise SeewhyError(f"boxes in {where}: found {found[:80]!r}; allowed: x0 < x1 and y0 < y1")
    if (boxes[:, :2] >= size).any() or (boxes[:, 2:] <= 0).any():
        raise SeewhyError(
            f"boxes in {where}: found {found[:80]!r}; allowed: pixels of the image, {size[0]} x {size[1]}"
        )
    return boxes.tolist()


def _mask(found: str, folder: Path, root: Path, size: tuple[int, int], where: str) -> str | None:
    if not found:
        return None
    path = _inside(folder, found, root, where)
    mask = open_image(path, where, mode="L")
    if mask.size != size:
        raise SeewhyError(f"{where}: mask '{found}' is {mask.size}, its image {size}; allowed: equal sizes")
    return path.relative_to(root).as_posix()


def _inside(folder: Path, name: str, root: Path, where: str) -> Path:
    """`name` in `folder`, which must be there and, links followed, in that folder or elsewhere in the project."""
    path = folder / name
    try:
        inside, there = path.resolve().is_relative_to(root.resolve()), path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name too long, a NUL in it, a circle of links
        inside, there = True, False
    if not inside or Path(name).is_absolute():
        raise SeewhyError(f"{where}: '{name}' leads outside the project; allowed: a relative path inside it")
    if not there:
        raise SeewhyError(f"{where}: there is no file '{name[:200]}' in {folder}")
    return path.resolve() if ".." in Path(name).parts else path


def _is_mask(column: str) -> bool:
    return column == "mask" or column.endswith("_mask")
