"""A user's own line of splitting -> the rows that the same call gives: parsed, and redrawn with the same seed.

Rows are numbered in the order of the table: for class folders that of ImageFolder, classes and files sorted.
"""

import ast
import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs.split_code import SplitInterpreter
from seewhy.inputs.split_draws import Folds, Part, Splits

LISTS = (".txt", ".json", ".csv", ".lst")
LARGEST_FILE = 50_000_000  # bytes of a list of names
LONGEST = 20_000  # characters: more is no line
COMPARED = (ast.Compare, ast.BoolOp, ast.UnaryOp)
Rows = Int[np.ndarray, " k"]


@dataclass(frozen=True)
class Selection:
    """Which rows a line takes, in the order of the user's own subset, and a sentence that says so."""

    rows: Rows
    sentence: str


def select_rows(line: str, frame: pd.DataFrame, root: Path = Path(), classes: Sequence[str] | None = None) -> Selection:
    """The rows of `frame` that `line` takes: a value of column `split`, a comparison, a list file, or a split's call.

    `root` is where the path of a list file starts; `classes` are names in the order of the outputs, by which labels
    that are numbers in the user's code are sorted. Raises SeewhyError for a line that says no rows, or none of these.

    >>> frame = pd.DataFrame({"image": list("abcde"), "split": ["train"] * 3 + ["test"] * 2, "fold": range(5)})
    >>> select_rows("test", frame).rows.tolist()
    [3, 4]
    >>> select_rows("fold != 3", frame).rows.tolist()
    [0, 1, 2, 4]
    >>> select_rows("random_split([0.8, 0.2], seed=42)[1]", frame).sentence
    '1 of 5 rows by random_split([0.8, 0.2], seed=42)[1]'
    """
    text = textwrap.dedent(line).strip()
    values = set(frame["split"].astype(str)) if "split" in frame else set()
    if text in values:
        return _make_selection(
            np.flatnonzero((frame["split"].astype(str) == text).to_numpy()), f"split '{text}'", frame
        )
    path, _, key = _file_and_key(text)
    if path:
        return _make_selection(_listed_rows(root / path, key, frame), f"the names in {text}", frame)
    tree = _parse_text(text)
    if tree is None or (len(tree.body) == 1 and _is_name(tree.body[0])):
        raise unknown_name("split", text, sorted(values))
    last = tree.body[-1]
    if len(tree.body) == 1 and isinstance(last, ast.Expr) and isinstance(last.value, COMPARED):
        return _make_selection(np.flatnonzero(_compared_rows(last.value, frame)), text, frame)
    rows, notes = _rows_of_calls(tree, frame, classes)
    return _make_selection(rows, "; ".join([" ".join(text.split()), *notes]), frame)


def _make_selection(rows: Rows, told: str, frame: pd.DataFrame) -> Selection:
    if not len(rows):
        raise SeewhyError(f"split: '{told[:120]}' takes no row of {len(frame):,}; allowed: a line that takes some")
    return Selection(rows, f"{len(rows):,} of {len(frame):,} rows by {told}")


def _parse_text(text: str) -> ast.Module | None:
    try:
        return ast.parse(text) if 0 < len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_name(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Name | ast.Constant)


# comparisons of columns


def _compared_rows(node: ast.expr, frame: pd.DataFrame) -> np.ndarray:
    """Which rows a comparison of a column holds for."""
    if isinstance(node, ast.BoolOp):
        parts = [_compared_rows(one, frame) for one in node.values]
        return np.logical_and.reduce(parts) if isinstance(node.op, ast.And) else np.logical_or.reduce(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_compared_rows(node.operand, frame)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.left, ast.Name | ast.Subscript):
        raise _refusal_error(node)
    name = node.left.id if isinstance(node.left, ast.Name) else str(_literal_value(node.left.slice))
    if name not in frame:
        raise unknown_name("column", name, frame.columns, "split")
    kind, wanted = node.ops[0], _literal_value(node.comparators[0])
    values = wanted if isinstance(wanted, list | tuple) else [wanted]
    if isinstance(kind, ast.Eq | ast.In | ast.NotEq | ast.NotIn):
        said = {_plain_text(one) for one in values}
        same = frame[name].map(_plain_text).isin(said).to_numpy()
        return ~same if isinstance(kind, ast.NotEq | ast.NotIn) else same
    return _ordered_rows(kind, pd.to_numeric(frame[name], errors="coerce").to_numpy(float), wanted, node)


def _ordered_rows(kind: ast.cmpop, column: np.ndarray, wanted: Any, node: ast.expr) -> np.ndarray:
    if not isinstance(wanted, int | float):
        raise _refusal_error(node)
    if isinstance(kind, ast.Lt | ast.LtE):
        return column < wanted if isinstance(kind, ast.Lt) else column <= wanted
    if isinstance(kind, ast.Gt | ast.GtE):
        return column > wanted if isinstance(kind, ast.Gt) else column >= wanted
    raise _refusal_error(node)


def _plain_text(value: Any) -> str:
    """A value as text: 3, 3.0 and "3" are one."""
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)


def _literal_value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise _refusal_error(node) from None


def _refusal_error(node: ast.AST) -> SeewhyError:
    allowed = "a column compared with a value, as fold == 3, split != 'train', fold in [0, 1]"
    return SeewhyError(f"split: '{ast.unparse(node)[:80]}' cannot be taken; allowed: {allowed}")


# list files


def _file_and_key(text: str) -> tuple[str, str, str]:
    """Path and key of `lists/test.txt`, `splits.json["test"]` or `splits.json:test`; empty for another line."""
    path, mark, key = text, "", ""
    if text.endswith("]") and "[" in text:
        path, mark, rest = text.partition("[")
        key = rest[:-1].strip("'\" ")
    elif ".json:" in text:
        path, mark, key = text.rpartition(":")
    good = PurePath(path).suffix.lower() in LISTS and "(" not in path and "\n" not in path
    return (path.strip(), mark, key) if good else ("", "", "")


def _listed_rows(path: Path, key: str, frame: pd.DataFrame) -> Rows:
    """The rows whose images a file names, in the file's order: by path, by its tail, or by name without ending."""
    names = _listed_names(path, key)
    rows = _rows_of_names([PurePath(name.replace("\\", "/")) for name in names], frame, path.name)
    return np.array(list(dict.fromkeys(rows)), dtype=int)


def _listed_names(path: Path, key: str) -> list[str]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SeewhyError(f"split: '{path.name}' has {path.stat().st_size:,} bytes; allowed: {LARGEST_FILE:,}")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise SeewhyError(f"split: there is no readable list '{path.name}' in {path.parent}") from None
    if path.suffix.lower() == ".json":
        return _names_in_json(text, key, path.name)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line.split(",")[0].strip().strip('"') if path.suffix.lower() == ".csv" else line for line in lines]


def _names_in_json(text: str, key: str, name: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise SeewhyError(f"split: '{name}' is no JSON; allowed: a list of names, or a mapping of lists") from None
    if isinstance(found, dict):
        if key not in found:
            raise unknown_name("key", key, found, f"split file '{name}'")
        found = found[key]
    if isinstance(found, list):
        first = [one[0] if isinstance(one, list) and one else one for one in found]
        return [str(one.get("image", one.get("path", ""))) if isinstance(one, dict) else str(one) for one in first]
    raise SeewhyError(f"split: '{name}' holds a {type(found).__name__}; allowed: a list of names")


def _rows_of_names(names: list[PurePath], frame: pd.DataFrame, file: str) -> list[int]:
    """One row a name. Raises SeewhyError for a name of no image, or of several."""
    images = [PurePath(one) for one in frame["image"]]
    tails: dict[tuple[str, ...], list[int]] = {}
    for row, image in enumerate(images):
        whole = image.parts
        for keep in (whole, (*whole[:-1], image.stem)):
            for start in range(len(keep)):
                tails.setdefault(keep[start:], []).append(row)
    found = []
    for name in names:
        rows = next((tails[part] for part in _tails_of(name) if part in tails), [])
        if len(set(rows)) > 1:
            raise SeewhyError(f"split: '{name}' of '{file}' names {len(set(rows))} images; allowed: more of its path")
        found += rows[:1]
    if not found and names:
        raise SeewhyError(f"split: no name of '{file}' is an image here; found: {list_names(map(str, names[:3]))}")
    return found


def _tails_of(name: PurePath) -> list[tuple[str, ...]]:
    """The path, then its tails; what follows a blank, as a label, last."""
    first = PurePath(str(name).split()[0]) if str(name).split() else name
    parts = [one.parts for one in dict.fromkeys((name, first))]
    return [whole[start:] for whole in parts for start in range(len(whole))]


# calls


def _rows_of_calls(tree: ast.Module, frame: pd.DataFrame, classes: Sequence[str] | None) -> tuple[Rows, list[str]]:
    """The rows that the calls of a line leave in its last expression, or under its name for the test; and a sentence
    for each name that the line does not set and that is taken as the dataset or a part of it."""
    interpreter = SplitInterpreter(frame, classes)
    found = interpreter.run_statements(tree.body)
    if found is None:
        found = interpreter.test_part()
    if isinstance(found, Splits | Folds):
        count = len(found.parts)
        raise SeewhyError(f"split: the line gives {count} parts; allowed: one of them, as ...[{count - 1}]")
    if not isinstance(found, Part):
        raise SeewhyError("split: the line ends in no part of the rows; allowed: one, as random_split(...)[1]")
    return found.rows, interpreter.names.notes
