"""A user's dataset -> a checked table: every name resolved, every image decoded once, every label a class."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.config import artifacts
from seewhy.config.dataset import WITHOUT_CLASSES, Task
from seewhy.config.dataset import Dataset as Settings
from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs import dataset_labels, rows
from seewhy.inputs.class_names import check_distinct, read_classes
from seewhy.inputs.layouts import read_layout
from seewhy.inputs.layouts.finding import Reading
from seewhy.inputs.layouts.splits import add_splits
from seewhy.inputs.manifest import is_listed, read_images, read_manifest
from seewhy.inputs.mask_values import mask_reading
from seewhy.inputs.paths import Lookup, existing_path
from seewhy.inputs.rows import is_mask
from seewhy.inputs.sources import source_file
from seewhy.progress import show_progress

THREADS = 2  # that decode images: PIL does so beside Python
AHEAD = 64  # images that are begun before the first of them is looked at


@dataclass(frozen=True)
class Dataset:
    """A checked dataset. `frame` has one row an image: `image` and masks are addresses relative to `root`.

    `label` is a class name; of several labels a JSON list of names, of a regression a JSON list of numbers, in the
    order of `classes`. `uncertain`, of several labels, is a JSON list of classes that are not known for the image.
    `notes` say how the data were read.
    """

    name: str
    classes: list[str]
    frame: pd.DataFrame
    root: Path
    task: Task = "classification"
    notes: list[str] = field(default_factory=list)

    @property
    def mask_columns(self) -> list[str]:
        """Names of the mask columns."""
        return [column for column in self.frame if is_mask(column)]


def load_dataset(name: str, root: Path) -> Dataset:
    """The dataset as its stage left it (`artifacts.dataset_stage`)."""
    frame, note = artifacts.read_table(artifacts.dataset_path(root, name), artifacts.dataset_stage(name))
    return Dataset(name, note["classes"], frame, root, note["task"], note.get("notes", []))


def check_dataset(name: str, settings: Settings, root: Path) -> Path:
    """Reads images and what is known of them, checks all, writes data/datasets/<name>.parquet.

    A path in a table is looked up in `root:`, or else in the table's folder, then in the project.
    Raises SeewhyError, in one line, for whatever is wrong first.
    """
    found = read_dataset(name, settings, root)
    where = f"dataset '{name}'"
    table = pd.DataFrame(_checked_rows(found, name))
    twice = table["image"][table["image"].duplicated()]
    if len(twice):
        raise SeewhyError(f"image '{twice.iloc[0]}' stands twice in {where}; allowed: one row an image")
    notes = [*found.notes, *_lookup_notes(found.lookup, table)]
    note = {"classes": found.classes, "task": settings.task} | ({"notes": notes} if notes else {})
    path = artifacts.dataset_path(root, name)
    artifacts.write_table(path, table, note)
    return path


@dataclass(frozen=True)
class Unchecked:
    """A dataset as it was read: rows as text, classes, and where paths are looked up; no image was opened."""

    frame: pd.DataFrame
    classes: list[str]
    notes: list[str]
    lookup: Lookup
    settings: Settings
    mask_steps: str = ""


def read_dataset(name: str, settings: Settings, root: Path) -> Unchecked:
    """What `settings` name, read by its layout, with labels, splits and masks understood; no image is decoded."""
    where, key = f"dataset '{name}'", f"datasets.{name}"
    given = given_classes(settings, root, key, where)
    reading, settings, folders, data = _read_source(settings, root, where, key, given)
    reading = dataset_labels.with_file_names(reading, settings, where)
    if settings.group and settings.group not in reading.frame:
        raise unknown_name("column", settings.group, reading.frame.columns, f"{key}.group")
    classes = given or reading.classes
    if not classes and settings.task not in WITHOUT_CLASSES:
        raise SeewhyError(
            f"{key}.classes: the data name no classes; allowed: a list of names in the order of the outputs"
        )
    notes = [*reading.notes, *_order_notes(given, reading.classes)]
    frame, told = dataset_labels.read_labels(reading, classes, settings, where, key)
    frame, split_notes = add_splits(frame, data, settings, root)
    hint = f"; {key}.root says where paths start"
    lookup = Lookup(root, tuple(dict.fromkeys(folders)), hint)
    steps, mask_notes = "", list[str]()
    if settings.task == "segmentation" and "mask" in frame:
        masks = [path for one in frame["mask"] if one and (path := lookup.find_file(one))]
        steps, mask_notes = mask_reading(masks, classes, settings, root, where)
    return Unchecked(frame, classes, [*notes, *told, *split_notes, *mask_notes], lookup, settings, steps)


def given_classes(settings: Settings, root: Path, key: str, where: str) -> list[str]:
    """The class names that params.yaml has or names a file of; none where it leaves them to the data."""
    if not isinstance(settings.classes, str):
        return check_distinct(settings.classes or [], f"{key}.classes")
    path = Lookup(root, (root,)).resolve_file(settings.classes, f"{key}.classes", search=False)
    return read_classes(path, f"classes {path.name} of {where}")


def _read_source(
    settings: Settings, root: Path, where: str, key: str, given: list[str]
) -> tuple[Reading, Settings, list[Path], Path]:
    """What was read, the settings it was read with, the folders where its paths start, and the file or folder."""
    if settings.images is not None:
        folder = root / settings.images
        return read_images(folder, settings, given, f"{key}.images"), settings, [folder], folder
    colours = str(root / settings.colours) if settings.colours else None
    known = settings.model_copy(update={"classes": given or settings.classes, "colours": colours})
    own = [root / settings.root] if settings.root else []
    if settings.manifest is not None:
        file = Lookup(root, (root,)).resolve_file(settings.manifest, f"{key}.manifest", search=False)
        if not is_listed(file, settings.task):
            return read_manifest(file, settings, given, where, key), settings, own or [file.parent, root], file
    else:
        file = existing_path(str(settings.data), root, f"{key}.data")
    finding, reading, whole = read_layout(file, known, key)
    told = f"layout {finding.layout}: {finding.reason}"
    return replace(reading, notes=[told, *reading.notes]), whole, [*own, *reading.folders, root], file


def _order_notes(given: list[str], found: list[str]) -> list[str]:
    """A line where the classes of params.yaml stand in another order than the data have them."""
    if given and found and given != found and set(given) == set(found):
        told = f"{list_names(given)}; by the data's own order: {list_names(found)}"
        return [f"classes are numbered as `classes` says: {told}"]
    if (
        given
        and [name for name in given if name.isdecimal()]
        and given == sorted(given) != sorted(given, key=_natural_order)
    ):
        return [f"classes are in the order of text, as ImageFolder has them, not of numbers: {list_names(given)}"]
    if (
        not given
        and found == sorted(found)
        and all(one.isdecimal() for one in found)
        and found != sorted(found, key=int)
    ):
        return [f"classes are in the order of text, as ImageFolder has them, not of numbers: {list_names(found)}"]
    return []


def _natural_order(name: str) -> tuple[int, int, str]:
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)


def _checked_rows(found: Unchecked, name: str) -> list[dict[str, Any]]:
    records = found.frame.to_dict("records")
    check_one = rows.Check(found.classes, found.settings, found.lookup, found.mask_steps)
    places = [f"row {number} of dataset '{name}'" for number in range(1, len(records) + 1)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(show_progress(_in_order(pool, check_one, records, places), len(records), f"checking {name}"))


def _in_order(pool: ThreadPoolExecutor, check_one: rows.Check, records: list[Any], places: list[str]) -> Iterator[Any]:
    """Checked rows one after the other; little is begun after the first error."""
    for start in range(0, len(records), AHEAD):
        yield from pool.map(check_one, records[start : start + AHEAD], places[start : start + AHEAD])


def _lookup_notes(lookup: Lookup, table: pd.DataFrame) -> list[str]:
    """How paths were found that are not as they are written, and what lies outside the project."""
    notes = [f"{told} ({count:,})" for told, count in lookup.notes.items()]
    outside = [source_file(one) for one in table["image"] if Path(one).is_absolute()]
    if outside:
        folders = dict.fromkeys(str(one.parent) for one in outside)
        notes.append(
            f"{len(outside):,} images are read where they lie, outside the project: {list_names([*folders][:3])}"
        )
    return notes
