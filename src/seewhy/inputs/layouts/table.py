"""A table beside its images: CSV, TSV, Parquet or a pickled DataFrame, one or one a split, also two with one key."""

from itertools import islice
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import tables
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import LAST, UNMISTAKABLE, USUAL, Finding, Reading
from seewhy.inputs.layouts.tabular import Columns, columns_of, interpret_table, task_of

NAME = "table"
ABOUT = "a table with a column of images: CSV, TSV, Parquet, pickled, or lines `name label`; or a folder with one"
ENDINGS = (".csv", ".tsv", ".parquet", *tables.PICKLES)
LARGEST = 400_000_000  # bytes of a table that is looked into


def recognise(path: Path) -> Finding | None:
    """A table, or a folder with one, in which a column names images."""
    try:
        frame, found, files = _read_tables(path, None)
    except (SeewhyError, OSError):
        return None
    if found is None:
        return None
    told = f"{list_names(one.name for one in files)}: {found.why}"
    strength = UNMISTAKABLE if path.is_file() else USUAL if found.label or found.parts else LAST
    return Finding(NAME, told, strength, task_of(frame, found), found.as_settings)


def read(path: Path, settings: Dataset) -> Reading:
    """The rows of the table, with our names for its columns; a table a split gives the split."""
    frame, _, files = _read_tables(path, settings)
    folder = path if path.is_dir() else path.parent
    reading = interpret_table(frame, folder, settings, list_names(one.name for one in files))
    inner = [walk.top_folder(folder)] if path.is_dir() else []
    return Reading(reading.frame, reading.classes, reading.notes, tuple(dict.fromkeys((folder, *inner))), reading.parts)


def column_names(path: Path) -> list[str]:
    """The columns of the table at `data`; none where there is no table."""
    try:
        return list(_read_tables(path, None)[0].columns)
    except (SeewhyError, OSError):
        return []


def _read_tables(path: Path, settings: Dataset | None) -> tuple[pd.DataFrame, Columns | None, list[Path]]:
    folder = path if path.is_dir() else path.parent
    files = _table_files(path)
    if not files:
        raise SeewhyError(f"there is no table in '{path.name}'; allowed: files ending in {list_names(ENDINGS)}")
    key = settings.table if settings else None
    found = [(file, _read_table(file, key)) for file in files]
    if len(found) == 1 and path.is_file():
        found += _second_table(path, found[0][1], settings is not None and settings.task == "captioning")
    by_split = [walk.split_of(file.stem) for file, _ in found]
    if len(found) > 1 and all(by_split) and len({tuple(one.columns) for _, one in found}) == 1:
        parts = [one.assign(split=split) for (_, one), split in zip(found, by_split, strict=True)]
        frame = pd.concat(parts, ignore_index=True)
    else:
        frame = _joined_tables([one for _, one in found])
    return frame, columns_of(frame, folder, settings), [file for file, _ in found]


def _read_table(file: Path, key: str | None = None) -> pd.DataFrame:
    """The table in a file; of a list, each line's name and what follows it."""
    if file.suffix.lower() == ".txt":
        pairs = [line.strip().rsplit(None, 1) for line in _read_lines(file) if line.strip()]
        return pd.DataFrame([pair for pair in pairs if len(pair) == 2], columns=["image", "label"])
    head = next(iter(_read_lines(file, 1)), "") if file.suffix.lower() == ".csv" else ""
    return tables.read_text_table(file, key, f"'{file.name}'", ";" if ";" in head and "," not in head else None)


def _read_lines(file: Path, most: int | None = None) -> list[str]:
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        return list(islice(stream, most))


def _is_list(file: Path) -> bool:
    """Whether a text has the name of an image and one word in each of its first lines."""
    pairs = [line.split() for line in _read_lines(file, 20) if line.strip()]
    return bool(pairs) and all(len(pair) > 1 and walk.is_picture(" ".join(pair[:-1])) for pair in pairs)


def _table_files(path: Path) -> list[Path]:
    """The table itself; of a folder those tables that are one a split, two with one key, or the only one."""
    if path.is_file():
        if path.stat().st_size > LARGEST:
            return []
        return [path] if path.suffix.lower() in ENDINGS or (path.suffix.lower() == ".txt" and _is_list(path)) else []
    found = [one for one in sorted(path.iterdir()) if one.is_file() and one.suffix.lower() in ENDINGS[:3]]
    found = [one for one in found if not one.name.startswith(("sample_submission", "class_dict", "."))]
    splits = [one for one in found if walk.split_of(one.stem)]
    return splits or found


def _second_table(path: Path, frame: pd.DataFrame, has_captions: bool) -> list[tuple[Path, pd.DataFrame]]:
    """A second table in the same folder with the same keys, where the first one has images and no labels."""
    found = columns_of(frame, path.parent)
    if found is None or found.label or found.parts or found.others or has_captions:
        return []
    for file in sorted(path.parent.glob("*.csv")):
        if file != path and file.stat().st_size < LARGEST:
            other = _read_table(file)
            if _common_key([frame, other]) and len(other.columns) > 1:
                return [(file, other)]
    return []


def _joined_tables(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables with one key, side by side; raises SeewhyError for those that have none."""
    if len(frames) == 1:
        return frames[0]
    key = _common_key(frames)
    if key is None:
        shown = "; ".join(list_names(one.columns) for one in frames)
        raise SeewhyError(f"{len(frames)} tables without a key of all: {shown}; name one of them as `data`")
    first, *others = frames
    for one in others:
        first = first.merge(
            one.drop(columns=[name for name in one if name in first and name != key]), on=key, how="left"
        )
    return first.fillna("")


def _common_key(frames: list[pd.DataFrame]) -> str | None:
    """A column of all tables with each value once, and with the same values in all of them."""
    for name in frames[0]:
        if all(name in one and one[name].is_unique and len(one) for one in frames):
            values = [set(one[name]) for one in frames]
            if all(len(values[0] & one) > 0.9 * len(values[0]) for one in values[1:]):
                return name
    return None
