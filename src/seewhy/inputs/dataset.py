"""A user's manifest -> a checked table: every name resolved, every image decoded once, every label a class."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seewhy.config import artifacts
from seewhy.config.params import Dataset as Settings
from seewhy.config.params import Task
from seewhy.errors import SeewhyError, listing, unknown
from seewhy.inputs import tables
from seewhy.inputs.images import open_image
from seewhy.inputs.paths import Lookup
from seewhy.progress import progress

TYPO = 0.8  # how alike (difflib's ratio) a column of the user's own must be to a known one to be taken for a typo
KNOWN = ("image", "label", "split", "boxes", "caption")  # besides these: mask, and any column that ends in _mask
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
UNJUDGED = 255  # in a mask: a pixel of no class


@dataclass(frozen=True)
class Dataset:
    """A checked manifest. `frame` has one row an image: `image` and masks are paths relative to `root`."""

    name: str
    classes: list[str]
    frame: pd.DataFrame
    root: Path
    task: Task = "classification"

    @property
    def masks(self) -> list[str]:
        """Names of the mask columns."""
        return [column for column in self.frame if _is_mask(column)]


def load(name: str, root: Path) -> Dataset:
    """The dataset as its stage left it (`artifacts.dataset_stage`)."""
    frame, note = artifacts.read_table(artifacts.dataset(root, name), artifacts.dataset_stage(name))
    return Dataset(name, note["classes"], frame, root, note["task"])


def check(name: str, settings: Settings, root: Path) -> Path:
    """Reads manifest (or folder of images) and classes, checks all, writes data/datasets/<name>.parquet.

    A path in the manifest is looked up in `root:`, or else in the manifest's folder, then in the project.
    """
    where, key = f"dataset '{name}'", f"datasets.{name}"
    project = Lookup(root, (root,))
    classes = _classes(settings.classes, project, key, where)
    if settings.images is not None:
        folders = [root / settings.images]
        frame = _images(folders[0], f"{key}.images")
    else:
        manifest = project.file(str(settings.manifest), f"{key}.manifest")
        frame = _read(manifest, settings, where, key)
        folders = [root / settings.root] if settings.root else [manifest.parent, root]
    lookup = Lookup(root, tuple(dict.fromkeys(folders)), f"; {key}.root says where paths start")
    rows = [
        _check_row(row, classes, settings.task, lookup, f"row {number} of {where}")
        for number, row in progress(enumerate(frame.to_dict("records"), start=1), len(frame), f"checking {name}")
    ]
    table = pd.DataFrame(rows)
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise SeewhyError(f"image '{twice.iloc[0]}' stands twice in {where}; allowed: one row an image")
    path = artifacts.dataset(root, name)
    artifacts.write_table(path, table, {"classes": classes, "task": settings.task})
    return path


def _images(folder: Path, key: str) -> pd.DataFrame:
    """One row for each image file in a folder and the folders in it, in the order of their names."""
    if not folder.is_dir():
        raise SeewhyError(f"{key}: there is no folder '{folder.name}' in {folder.parent}")
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    names = sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))
    if not names:
        raise SeewhyError(f"{key}: there is no image in '{folder.name}'; allowed: files ending in {listing(SUFFIXES)}")
    return pd.DataFrame({"image": names})


def _read(manifest: Path, settings: Settings, where: str, key: str) -> pd.DataFrame:
    place = f"{manifest.name} of {where}"
    frame = _renamed(tables.read(manifest, settings.table, f"manifest {place}"), settings.columns, place)
    columns = [column for column in frame if column in KNOWN or _is_mask(column)]
    free = [name for name in KNOWN if name not in columns]
    for column in frame.columns.difference(columns):
        if get_close_matches(column.strip().lower(), free, 1, TYPO):
            raise unknown("column", column, KNOWN, place)
    if "image" not in columns:
        raise SeewhyError(
            f"missing column 'image' in {place}; found: {listing(frame.columns)}; "
            f"{key}.columns: {{image: ...}} names another"
        )
    if frame.empty:
        raise SeewhyError(f"manifest {place} has no rows")
    if settings.task == "captioning" and "caption" in columns:
        captions = frame.groupby("image")["caption"].agg("\n".join)
        frame = frame.drop_duplicates("image").assign(caption=lambda one: one["image"].map(captions))
    return frame[columns]


def _renamed(frame: pd.DataFrame, ours: Mapping[str, str], place: str) -> pd.DataFrame:
    """`frame` with the columns that `columns:` names under our names; a column that had such a name before is gone."""
    for theirs in ours.values():
        if theirs not in frame:
            raise unknown("column", theirs, frame.columns, place)
    kept = frame.drop(columns=[name for name in ours if name in frame])
    return kept.assign(**{name: frame[theirs] for name, theirs in ours.items()})


def _classes(given: str | list[str] | None, project: Lookup, key: str, where: str) -> list[str]:
    if not isinstance(given, str):
        return tables.distinct(given or [], f"{key}.classes")
    path = project.file(given, f"{key}.classes")
    return tables.names(path, f"classes {path.name} of {where}")


def _check_row(row: dict[str, str], classes: list[str], task: Task, lookup: Lookup, where: str) -> dict[str, Any]:
    path = lookup.file(row["image"], where)
    image = open_image(path, where)
    label = row.get("label", "") if task == "classification" else ""
    checked: dict[str, Any] = {
        "image": path.relative_to(lookup.root).as_posix(),
        "width": image.width,
        "height": image.height,
        "sha256": artifacts.sha256(path),
        "split": row.get("split") or "test",
        "label": _label(label, classes, where),
        "caption": row.get("caption") or None,
        "boxes": json.dumps(_boxes(row.get("boxes", ""), image.size, where)),
    }
    for column in filter(_is_mask, row):
        most = len(classes) if task == "segmentation" and column == "mask" else None
        checked[column] = _mask(row[column], lookup, image.size, most, f"{column}, {where}")
    return checked


def _label(found: str, classes: list[str], where: str) -> str | None:
    """A class name, or the index of one, also written as 3.0; empty means unlabelled."""
    if not found or found in classes:
        return found or None
    number = re.fullmatch(r"([0-9]{1,9})(\.0+)?", found)
    if number and number[1] in classes:
        return number[1]
    if number and int(number[1]) < len(classes):
        return classes[int(number[1])]
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


def _mask(found: str, lookup: Lookup, size: tuple[int, int], most: int | None, where: str) -> str | None:
    """The mask's path; of a segmentation's own mask every value must be one of the `most` classes, or `UNJUDGED`."""
    if not found:
        return None
    path = lookup.file(found, where)
    mask = open_image(path, where, mode="L")
    if mask.size != size:
        raise SeewhyError(f"{where}: mask '{found}' is {mask.size}, its image {size}; allowed: equal sizes")
    strange = [] if most is None else [value for value in np.unique(np.asarray(mask)) if most <= value != UNJUDGED]
    if strange:
        raise SeewhyError(
            f"{where}: mask '{found}' has the value {strange[0]}; allowed: a class index up to {int(most or 0) - 1}, "
            f"or {UNJUDGED} for none"
        )
    return path.relative_to(lookup.root).as_posix()


def _is_mask(column: str) -> bool:
    return column == "mask" or column.endswith("_mask")
