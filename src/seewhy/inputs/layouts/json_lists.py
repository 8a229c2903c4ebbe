"""JSON (or JSON Lines) of images: a list of records, a mapping of names to labels, or such lists by split."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs import tables
from seewhy.inputs.file_formats import read_json
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.captions import is_captions
from seewhy.inputs.layouts.coco import is_marks
from seewhy.inputs.layouts.finding import UNMISTAKABLE, USUAL, Finding, Reading
from seewhy.inputs.layouts.tabular import columns_of, interpret_table, task_of

NAME = "json"
ABOUT = "JSON: a list of records with a name of an image, a mapping of names to labels, or such by split"
ENDINGS = (".json", ".jsonl")


def recognise(path: Path) -> Finding | None:
    """Records, or names and labels, of which one part names images."""
    file = _json_file(path)
    if file is None:
        return None
    try:
        frame = _read_frame(file)
        found = columns_of(frame, file.parent) if frame is not None else None
    except SeewhyError:
        return None
    if found is None or frame is None:
        return None
    strength = UNMISTAKABLE if path.is_file() else USUAL
    return Finding(NAME, f"{file.name} lists images: {found.why}", strength, task_of(frame, found), found.as_settings)


def read(path: Path, settings: Dataset) -> Reading:
    """The records as rows."""
    file = _json_file(path)
    frame = _read_frame(file) if file else None
    if frame is None or file is None:
        raise SeewhyError(f"'{path.name}' is no list of images; allowed: {ABOUT}")
    return interpret_table(frame, file.parent, settings, file.name)


def _json_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in ENDINGS else None
    found = [one for one in sorted(path.iterdir()) if one.suffix.lower() in ENDINGS and one.is_file()]
    listed = [one for one in found if one.stem.lower() in ("metadata", "labels", "annotations", "data", "dataset")]
    return (listed or found)[0] if len(listed or found) == 1 else None


def _read_frame(file: Path) -> pd.DataFrame | None:
    held = _read_json_lines(file) if file.suffix.lower() == ".jsonl" else read_json(file)
    if isinstance(held, dict) and held and all(walk.split_of(str(key)) for key in held):
        parts = [(str(walk.split_of(str(key))), _records_of(value)) for key, value in held.items()]
        rows = [record | {"split": split} for split, records in parts for record in records or []]
    elif is_captions(held) or is_marks(held):
        return None
    else:
        for key in ("images", "data", "samples", "annotations", "items"):
            if isinstance(held, dict) and isinstance(held.get(key), list) and len(held) <= 4:
                held = held[key]
        rows = _records_of(held) or []
    return tables.as_text(pd.DataFrame(rows)) if rows else None


def _read_json_lines(file: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise SeewhyError(f"'{file.name}' is no JSON Lines: {error}") from None


def _records_of(held: Any) -> list[dict[str, Any]] | None:
    """Records from a list of them, a list of pairs, a list of names, or a mapping of names."""
    if isinstance(held, dict):
        if all(isinstance(value, dict) for value in held.values()):
            return [{"image": name} | value for name, value in held.items()]
        return [{"image": name, "label": value} for name, value in held.items()]
    if not isinstance(held, list):
        return None
    if all(isinstance(one, dict) for one in held):
        return held
    if all(isinstance(one, list) and len(one) == 2 for one in held):
        return [{"image": name, "label": value} for name, value in held]
    return [{"image": one} for one in held] if all(isinstance(one, str) for one in held) else None
