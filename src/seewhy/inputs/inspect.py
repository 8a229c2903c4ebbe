"""What a user's file is, without running anything in it, and the lines of params.yaml that put it to use."""

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import tables
from seewhy.inputs.class_names import read_classes
from seewhy.inputs.lines import Found, entry_name, flow_style, yaml_path
from seewhy.inputs.paths import SUFFIXES

NAMES = (".npy", ".json", ".txt")  # class names
TABLES = (".csv", ".tsv", ".parquet", *tables.PICKLES)
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how torch's files began before they were zip archives
IMAGE_WORDS, LABEL_WORDS = ("image", "path", "file"), ("label", "class", "category", "target")
CLASSES = 60  # distinct values of a column beyond which they are no classes


def inspect_file(path: Path, root: Path) -> Found:
    """A checkpoint, a table, a file of class names or a folder of images; `root` is the project's folder.

    Raises SeewhyError for a file that is none of these, or damaged, or that would need code to be run.
    """
    if path.is_dir():
        return _inspect_folder(path, root)
    if not path.is_file():
        raise SeewhyError(f"there is no file '{path}'")
    suffix = path.suffix.lower()
    if suffix in TABLES and not _is_torch(path):
        return _inspect_table(path, root)
    if suffix in NAMES and not (suffix == ".txt" and "," in _first_line(path)):
        return _inspect_names(path, root)
    if suffix == ".txt":
        return _inspect_table(path, root)
    from seewhy.inputs.describe import describe_checkpoint

    return describe_checkpoint(path, root)


def _is_torch(path: Path) -> bool:
    with path.open("rb") as file:
        return zipfile.is_zipfile(path) or file.read(len(LEGACY)) == LEGACY


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(10_000)


def _inspect_folder(path: Path, root: Path) -> Found:
    count = sum(one.suffix.lower() in SUFFIXES and not one.name.startswith(".") for one in path.rglob("*"))
    lines = "# TASK: classification, segmentation, or captioning (without classes)\n"
    lines += f"datasets:\n  {entry_name(path)}: {{task: TASK, images: {yaml_path(path, root)}, classes: [NAMES]}}\n"
    return Found({"what": "a folder", "images": f"{count:,}"}, lines)


def _inspect_names(path: Path, root: Path) -> Found:
    names = read_classes(path, f"'{path.name}'")
    lines = (
        f"datasets:\n  {entry_name(path)}: {{task: classification, images: FOLDER, classes: {yaml_path(path, root)}}}\n"
    )
    return Found({"what": "class names", "classes": f"{len(names)}: {list_names(names)}"}, lines)


def _inspect_table(path: Path, root: Path) -> Found:
    found = tables.read_tables(path, f"'{path.name}'")
    key = next((name for name in found if "test" in name), next(iter(found)))
    frame = tables.as_text(found[key])
    facts = {"what": "a table" if len(found) == 1 else f"{len(found)} tables", "rows": f"{len(frame):,}"}
    if key:
        facts["tables"] = list_names(f"{name} ({len(one):,} rows)" for name, one in found.items())
    facts["columns"] = list_names(frame.columns)
    columns = {"image": _named_column(frame, IMAGE_WORDS), "label": _named_column(frame, LABEL_WORDS)}
    renamed = {ours: theirs for ours, theirs in columns.items() if theirs and theirs != ours}
    label = columns["label"]
    names = sorted(set(frame[label]) - {""}) if label else []
    if names and len(names) <= CLASSES:
        facts["classes"] = f"{len(names)} in column '{label}': {list_names(names)}"
    numbered = all(name.isdecimal() for name in names)
    entry: dict[str, Any] = {"task": "classification", "manifest": yaml_path(path, root)}
    entry |= {"table": key} if key else {}
    if label is None and "caption" in frame:
        entry["task"] = "captioning"
    else:
        entry["classes"] = "NAMES" if numbered or len(names) > CLASSES else names
    entry |= {"columns": renamed} if renamed else {}
    return Found(facts, f"datasets:\n  {entry_name(path)}: {flow_style(entry)}\n")


def _named_column(frame: pd.DataFrame, words: tuple[str, ...]) -> str | None:
    """The column that such a word names, whole before in part."""
    whole = [name for word in words for name in frame if name.lower() == word]
    return next(iter([*whole, *(name for word in words for name in frame if word in name.lower())]), None)
