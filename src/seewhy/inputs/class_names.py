"""Files of class names as people keep them -> names in the order of the outputs."""

import csv
import json
from pathlib import Path
from typing import Any

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import pickles
from seewhy.inputs.arrays import RefusedError
from seewhy.inputs.tables import PICKLES
from seewhy.inputs.vocabulary import index_table

KINDS = {".npy": "a numpy array", ".txt": "a text", ".csv": "a CSV"} | dict.fromkeys(PICKLES, "a pickle")
ALLOWED = "a JSON list of names, in index order; or such a .npy or .txt file; or names with their indices"
HELD = ("id2label", "class_to_idx", "label2id", "idx_to_class", "classes", "class_names", "names", "labels")
NAME_COLUMNS = ("name", "class", "class_name", "label", "label_name", "category")
INDEX_COLUMNS = ("id", "index", "idx", "class_id", "number", "code", "label_id", "")


def read_classes(path: Path, where: str) -> list[str]:
    """Class names in index order, from JSON, .npy, .txt, .csv or a pickle.

    A list; a mapping of names to indices or of indices to names (also to [code, name], as ImageNet's file); a model's
    config.json with `id2label`; a table with a column of names, by its column of indices if it has one.
    Raises SeewhyError for other content, and for names that are not different.
    """
    try:
        found = _read_names(path)
    except RefusedError as error:
        raise SeewhyError(f"{where} needs code to load ({error}); allowed: an array of names") from None
    except SeewhyError:
        raise
    except Exception as error:
        kind = KINDS.get(path.suffix, "JSON")
        raise SeewhyError(f"{where} is not {kind}: {' '.join(str(error).split())}") from None
    names = names_of(found)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise SeewhyError(f"{where}: allowed: {ALLOWED}")
    return check_distinct(names, where)


def names_of(found: Any) -> list[Any] | None:
    """Names in index order from a list or a mapping; None for what holds none.

    >>> names_of({"1": ["n02", "bar"], "0": ["n01", "disc"]}), names_of({"disc": 1, "bar": 0})
    (['disc', 'bar'], ['bar', 'disc'])
    """
    if isinstance(found, list):
        return found
    if not isinstance(found, dict) or not found:
        return None
    for key in HELD:
        if isinstance(found.get(key), dict | list) and (names := names_of(found[key])):
            return names
    pairs = {index: one[-1] if isinstance(one, list | tuple) and one else one for index, one in found.items()}
    names = index_table(pairs)
    return names if names and all(names) else None


def _read_names(path: Path) -> Any:
    if path.suffix == ".npy":
        array = pickles.read_array(path)
        return [str(name) if isinstance(name, str | int) else None for name in array.tolist()]
    if path.suffix == ".txt":
        return _names_of_lines(
            [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        )
    if path.suffix == ".csv":
        return _names_of_csv(path)
    if path.suffix in PICKLES:
        with path.open("rb") as file:
            held = pickles.read_pickle(file)
        return held.tolist() if hasattr(held, "tolist") else held
    return json.loads(path.read_text())


def _names_of_lines(lines: list[str]) -> list[str]:
    """Names, one a line; without their indices where each line begins (or ends) with its own.

    A number that alone tells the names apart, as in "class 7", is part of the name.
    """
    for first in (True, False):
        parts = [line.split(None, 1) if first else line.rsplit(None, 1)[::-1] for line in lines]
        if all(len(part) == 2 and part[0].isdecimal() for part in parts):
            numbers = [int(part[0]) for part in parts]
            numbered = sorted(numbers) in ([*range(len(lines))], [*range(1, len(lines) + 1)])
            if numbered and len({part[1] for part in parts}) == len(lines):
                return [part[1] for part in sorted(parts, key=lambda part: int(part[0]))]
    return lines


def _names_of_csv(path: Path) -> list[str]:
    """The column of names of a CSV, in the order of its indices, if it has a column of them."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if any(row)]
    head = [cell.lower() for cell in rows[0]]
    name = next((head.index(one) for one in NAME_COLUMNS if one in head), None)
    if name is None:
        if len(head) == 1:
            return [row[0] for row in rows]
        raise ValueError(f"no column of names; found: {', '.join(rows[0])}")
    index = next((head.index(one) for one in INDEX_COLUMNS if one in head), None)
    if index is not None and index != name and all(row[index].isdecimal() for row in rows[1:]):
        rows[1:] = sorted(rows[1:], key=lambda row: int(row[index]))
    return [row[name] for row in rows[1:]]


def check_class_order(ours: list[str], theirs: list[str] | None, where: str) -> None:
    """Refuses a dataset whose classes stand in another order than the checkpoint has them: labels would be mixed up.

    >>> check_class_order(["cup", "cat"], ["cup", "cat"], "study 'a'")
    """
    if theirs is None or list(theirs) == ours or set(theirs) != set(ours) or len(theirs) != len(ours):
        return
    place = next(place for place, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other)
    raise SeewhyError(
        f"{where}: output {place} is '{ours[place]}' by the dataset's classes and '{theirs[place]}' by the "
        f"checkpoint's; allowed: `classes` in the checkpoint's order: {list_names(theirs)}"
    )


def check_distinct(found: list[str], where: str) -> list[str]:
    """`found`, each name once; raises SeewhyError for one that stands twice."""
    if len(set(found)) != len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise SeewhyError(f"{where}: '{twice}' stands twice; allowed: different names")
    return found
