"""Splits that lie beside the images: lists of names a split, or a JSON of such lists."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.file_formats import read_json
from seewhy.inputs.layouts import walk

FEWEST = 0.8  # share of a list's lines that must name images for it to be one of a split
LARGEST = 50_000_000  # bytes of a list


def add_splits(frame: pd.DataFrame, data: Path, settings: Dataset, root: Path) -> tuple[pd.DataFrame, list[str]]:
    """`frame` with the column `split` from `splits:`, or from lists that lie beside the images; and what was taken.

    Rows that no list names are of the split `none`. Raises SeewhyError for a list that names no image of the frame.
    """
    if settings.splits is not None:
        lists = _given_lists(settings.splits, root)
    elif "split" in frame:
        return frame, []
    else:
        lists = _lists_beside(frame, data)
    if not lists:
        return frame, []
    split = pd.Series("none", index=frame.index)
    keys = _rows_by_tail(frame["image"].tolist())
    notes = []
    for name, (file, names) in lists.items():
        rows = {row for one in names for row in keys.get(_plain_line(one), [])}
        if not rows:
            raise SeewhyError(f"no line of '{file}' names an image of the dataset")
        split.loc[sorted(rows)] = name
        missing = sum(_plain_line(one) not in keys for one in names)
        notes.append(
            f"split {name} is in {file}" + (f"; {missing:,} of its names are no image here" if missing else "")
        )
    return frame.assign(split=split), notes


Lists = dict[str, tuple[str, list[str]]]


def _given_lists(splits: str | dict[str, str], root: Path) -> Lists:
    if isinstance(splits, dict):
        return {name: (file, _read_names(root / file)) for name, file in splits.items()}
    held = read_json(root / splits)
    found = _of_json(held, splits)
    if not found:
        raise SeewhyError(f'\'{splits}\' is no JSON of splits; allowed: {{"train": [names], "test": [names]}}')
    return found


def _of_json(held: Any, file: str) -> Lists:
    if not isinstance(held, dict) or not all(isinstance(one, list) for one in held.values()):
        return {}
    found: Lists = {}
    for key, names in held.items():
        split = walk.split_of(str(key)) or str(key)
        found[split] = (file, [str(_name_of_entry(one)) for one in names])
    return found


def _name_of_entry(entry: Any) -> Any:
    if isinstance(entry, list) and entry:
        return entry[0]
    if isinstance(entry, dict):
        return next((entry[key] for key in ("image", "file_name", "filename", "path", "name") if key in entry), "")
    return entry


def _lists_beside(frame: pd.DataFrame, data: Path) -> Lists:
    """Lists in the data's folder, or one below, of which most lines name images."""
    folder = data if data.is_dir() else data.parent
    keys = _rows_by_tail(frame["image"].tolist())
    found: Lists = {}
    for file in sorted([*folder.glob("*.txt"), *folder.glob("*/*.txt")]):
        split = _split_of_list(file.stem)
        if split is None or file.stat().st_size > LARGEST:
            continue
        names = _read_names(file)
        if names and sum(_plain_line(one) in keys for one in names) > FEWEST * len(names) and split not in found:
            found[split] = (file.relative_to(folder).as_posix(), names)
    for file in sorted(folder.glob("*split*.json")):
        lists = _of_json(read_json(file), file.name)
        if lists and all(any(_plain_line(one) in keys for one in names) for _, names in lists.values()):
            found = found or lists
    return found if set(found) - {"train"} else {}


def _split_of_list(stem: str) -> str | None:
    words = [one for one in (walk.split_of(word) for word in re.split(r"[^A-Za-z]+", stem)) if one]
    words += ["train"] if stem.lower().startswith("trainval") else []
    return words[0] if words else None


def _read_names(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except FileNotFoundError:
        raise SeewhyError(f"splits: there is no file '{file.name}' in '{file.parent.name}'") from None
    except UnicodeDecodeError:
        return []


def _plain_line(line: str) -> str:
    """A line as the images are looked up: without the label behind the name, and without its ending."""
    text = line.replace("\\", "/")
    word = text.split()[0].split(",")[0] if re.search(r"\.[A-Za-z]{3,4}[\s,]", text) else text
    return re.sub(r"\.[A-Za-z]{3,4}$", "", word)


def _rows_by_tail(images: list[str]) -> dict[str, list[int]]:
    """Rows by each tail of an image's path, without ending; a tail that several images share is none but the whole."""
    found: dict[str, list[int]] = {}
    for row, image in enumerate(images):
        parts = re.sub(r"\.[A-Za-z]{3,4}$", "", image.replace("\\", "/")).split("/")
        for start in range(max(0, len(parts) - 5), len(parts)):
            found.setdefault("/".join(parts[start:]), []).append(row)
    return {key: rows for key, rows in found.items() if len(rows) == 1}
