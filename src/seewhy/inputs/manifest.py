"""A manifest in our words, or in others that `columns:` translates; a folder of images."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset as Settings
from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs import labels, tables
from seewhy.inputs.layouts import captions, walk
from seewhy.inputs.layouts.finding import Reading
from seewhy.inputs.paths import SUFFIXES
from seewhy.inputs.rows import is_mask

TYPO = 0.8  # how alike (difflib's ratio) a column of the user's own must be to a known one to be taken for a typo
KNOWN = ("image", "label", "split", "boxes", "caption")  # besides these: mask, and any column that ends in _mask
JSON = (".json", ".jsonl")


def is_listed(file: Path, task: str) -> bool:
    """Whether a manifest is no table but a list that a layout reads: JSON, or Flickr8k's lines."""
    return file.suffix.lower() in JSON or (task == "captioning" and captions.recognise(file) is not None)


def read_images(folder: Path, settings: Settings, classes: list[str], key: str) -> Reading:
    """One row for each image file in a folder and the folders in it, in the order of their names.

    An image in a folder that is named after a class has that label, where all images lie in such folders.
    """
    if not folder.is_dir():
        raise SeewhyError(f"{key}: there is no folder '{folder.name}' in {folder.parent}")
    found = [path for path in walk.list_pictures(folder, settings.files) if path.suffix.lower() in SUFFIXES]
    names = sorted(path.relative_to(folder).as_posix() for path in found)
    if not names:
        raise SeewhyError(
            f"{key}: there is no image in '{folder.name}'; allowed: files ending in {list_names(SUFFIXES)}"
        )
    frame = pd.DataFrame({"image": names})
    owners = [next((part for part in name.split("/")[:-1] if part in classes), None) for name in names]
    if settings.task != "classification" or None in owners:
        return Reading(frame)
    return Reading(frame.assign(label=owners), notes=[f"labels are the names of folders in '{folder.name}'"])


def read_manifest(manifest: Path, settings: Settings, classes: list[str], where: str, key: str) -> Reading:
    """The manifest's rows with our names for its columns; columns of the user's own are left out."""
    place = f"{manifest.name} of {where}"
    frame = _renamed_columns(
        tables.read_text_table(manifest, settings.table, f"manifest {place}"), settings.columns, place
    )
    columns = [column for column in frame if column in KNOWN or is_mask(column)]
    parts = _class_columns(frame, settings, classes, place)
    free = [name for name in KNOWN if name not in columns]
    for column in frame.columns.difference([*columns, *parts]):
        if get_close_matches(column.strip().lower(), free, 1, TYPO):
            raise unknown_name("column", column, KNOWN, place)
    if "image" not in columns:
        raise SeewhyError(
            f"missing column 'image' in {place}; found: {list_names(frame.columns)}; "
            f"{key}.columns: {{image: ...}} names another"
        )
    if frame.empty:
        raise SeewhyError(f"manifest {place} has no rows")
    if settings.task == "captioning" and "caption" in columns:
        captions_of = frame.groupby("image")["caption"].agg("\n".join)
        frame = frame.drop_duplicates("image").assign(caption=lambda one: one["image"].map(captions_of))
    for name in settings.kept_columns:
        if name not in frame:
            raise unknown_name("column", name, frame.columns, place)
    own = [name for name in settings.kept_columns if name not in columns]
    kept = frame[[*columns, *own]].assign(**{f"part:{name}": frame[name] for name in parts})
    return Reading(kept, parts=parts)


def _class_columns(frame: pd.DataFrame, settings: Settings, classes: list[str], place: str) -> list[str]:
    """Columns of 0 and 1, or of numbers, one for each class: those that are named, or those of the classes' names."""
    for name in settings.label_columns:
        if name not in frame:
            raise unknown_name("column", name, frame.columns, place)
    if settings.label_columns or "label" in frame:
        return settings.label_columns
    ours = len(classes) > 0 and all(name in frame and name not in KNOWN for name in classes)
    numeric = settings.task == "regression" or (ours and all(labels.is_binary(frame[name]) for name in classes))
    return classes if ours and numeric else []


def _renamed_columns(frame: pd.DataFrame, ours: Mapping[str, str], place: str) -> pd.DataFrame:
    """`frame` with the columns that `columns:` names under our names; a column that had such a name before is gone."""
    for theirs in ours.values():
        if theirs not in frame:
            raise unknown_name("column", theirs, frame.columns, place)
    kept = frame.drop(columns=[name for name in ours if name in frame])
    return kept.assign(**{name: frame[theirs] for name, theirs in ours.items()})
