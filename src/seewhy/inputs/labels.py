"""Labels as people write them -> class names, lists of class names, or numbers."""

import ast
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from seewhy.errors import SeewhyError, list_names, unknown_name

Reading = Literal["auto", "names", "indices"]
Uncertain = Literal["ignore", "negative", "positive"]
SEPARATORS = ("|", ";", ",", " ")
NOTHING = ("no finding", "no findings", "none", "nothing", "normal", "[]")  # which say that no label holds
LONGEST = 20_000  # characters of a list in a cell
INDEX = re.compile(r"([0-9]{1,9})(\.0+)?")


def index_of(found: str) -> str | None:
    """The digits of an index, also written as 3.0; None for other text.

    >>> index_of("3.0"), index_of("cup")
    ('3', None)
    """
    number = INDEX.fullmatch(found)
    return number[1] if number else None


def class_label(found: str, classes: Sequence[str], where: str, reading: Reading = "auto") -> str | None:
    """A class name, or the index of one; empty means unlabelled. `reading` is what `choose_reading` found.

    Raises SeewhyError for what is no class.
    """
    number = index_of(found)
    if not found or (found in classes and (reading != "indices" or number is None)):
        return found or None
    if number and number in classes and reading != "indices":
        return number
    if number and int(number) < len(classes) and reading != "names":
        return classes[int(number)]
    raise unknown_name("label", found, classes, where)


def choose_reading(found: Iterable[str], classes: Sequence[str], asked: Reading, key: str) -> tuple[Reading, str]:
    """Whether a column of labels is of names or of indices, and a line that says so where both could be meant.

    Integers that are names, too, are read as indices where one of them is no name, as names where one of them is no
    index. Raises SeewhyError where both readings fit and differ: `labels:` decides.

    >>> choose_reading(["0", "1", "2"], ["1", "10", "2"], "auto", "datasets.a")[0]
    'indices'
    """
    numbers = sorted({number for one in set(found) if (number := index_of(one))}, key=int)
    clashing = [one for one in numbers if one in classes and (int(one) >= len(classes) or classes[int(one)] != one)]
    if asked != "auto" or not clashing:
        return asked, ""
    as_names, as_indices = all(one in classes for one in numbers), all(int(one) < len(classes) for one in numbers)
    shown = list_names(classes)
    if as_indices and not as_names:
        odd = next(one for one in numbers if one not in classes)
        return "indices", f"numbers are read as indices, since '{odd}' is no class name (classes: {shown})"
    if as_names and not as_indices:
        odd = next(one for one in numbers if int(one) >= len(classes))
        return "names", f"numbers are read as names, since there is no index {odd} (classes: {shown})"
    raise SeewhyError(
        f"{key}: the labels {list_names(numbers)} can be names of classes or their indices (classes: {shown}); "
        "`labels: names` or `labels: indices` decides"
    )


def several_labels(found: str, classes: Sequence[str], where: str) -> list[str] | None:
    """Class names in a cell: `A|B`, `A;B`, `['A', 'B']`, `A, B`, `0 3`; None where the cell is empty.

    >>> several_labels("bar|disc", ["disc", "bar"], ""), several_labels("['bar']", ["disc", "bar"], "")
    (['disc', 'bar'], ['bar'])
    """
    text = found.strip()
    if not text:
        return None
    parts = label_parts(text, classes)
    if not parts or (text.lower() in NOTHING and text not in classes):
        return []
    named = {class_label(part, classes, where) for part in parts}
    return [name for name in classes if name in named]


def label_parts(text: str, classes: Sequence[str]) -> list[str]:
    """The labels in a cell, not yet checked; `classes` decides what separates them where it is not a list."""
    if text[:1] in "[({" and len(text) <= LONGEST:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            value = None
        if isinstance(value, list | tuple | set):
            return [str(one).strip() for one in value]
    if text in classes:
        return [text]
    for separator in SEPARATORS:
        parts = [part.strip() for part in text.split(separator) if part.strip()]
        known = [part in classes or index_of(part) is not None for part in parts]
        if len(parts) > 1 and (all(known) or (separator in "|;" and separator in text)):
            return parts
    return [text]


def label_names(values: Iterable[str], where: str) -> list[str]:
    """All labels that occur in a column of several a cell, sorted.

    Raises SeewhyError where only blanks could separate them: they may be part of a name as well.

    >>> label_names(["Mass|Edema", "No Finding", "Edema"], "")
    ['Edema', 'Mass']
    """
    texts = [value.strip() for value in values if value.strip()]
    found = {part for text in texts for part in label_parts(text, [])}
    plain = [one for one in found if one.lower() not in NOTHING]
    if not any(mark in text for text in texts for mark in "|;[,") and any(" " in one for one in plain):
        first = next(one for one in plain if " " in one)
        raise SeewhyError(f"{where}: labels such as '{first[:60]}' may be one or several; `classes` names them all")
    if not any(mark in text for text in texts for mark in "|;["):
        plain = [part.strip() for one in plain for part in one.split(",")]
    return sorted({*plain} - {""})


@dataclass(frozen=True)
class Marked:
    """What columns of 0 and 1 say of each row: the classes that hold, and those of which nothing is known."""

    held: list[list[str] | None]
    uncertain: list[list[str]]


def from_columns(frame: pd.DataFrame, columns: Sequence[str], names: Sequence[str], uncertain: Uncertain) -> Marked:
    """Labels from a column a class: 1 holds, 0 does not; -1 and blank are what `uncertain` says.

    A row in which every cell is blank has no label. Raises SeewhyError for another number.
    """
    values = pd.DataFrame(
        {name: number_column(frame[column], column) for column, name in zip(columns, names, strict=True)}
    )
    strange = values.where(~values.isin([0, 1, -1]) & values.notna()).stack().dropna()
    if len(strange):
        raise SeewhyError(f"column '{strange.index[0][1]}': found {strange.iloc[0]:g}; allowed: 0, 1, -1 and blank")
    blank = values.isna().all(axis=1)
    doubtful = values.isna() | (values == -1)
    holds = (values == 1) | (doubtful & (uncertain == "positive"))
    unjudged = doubtful if uncertain == "ignore" else doubtful & False
    held = [None if empty else [*holds.columns[row]] for empty, row in zip(blank, holds.to_numpy(), strict=True)]
    return Marked(held, [[] if e else [*unjudged.columns[r]] for e, r in zip(blank, unjudged.to_numpy(), strict=True)])


def number_column(column: pd.Series, name: str) -> pd.Series:
    """A column of text as numbers, blank as NaN; raises SeewhyError for text that is none."""
    text = column.astype(str).str.strip()
    found = pd.to_numeric(text.where(text != ""), errors="coerce")
    wrong = text[found.isna() & (text != "") & ~text.str.lower().isin(("nan", "na", "null"))]
    if len(wrong):
        raise SeewhyError(f"column '{name}': found {wrong.iloc[0][:80]!r}; allowed: numbers")
    if np.isinf(found).any():
        raise SeewhyError(f"column '{name}': found an infinite number; allowed: finite numbers")
    return found


def one_of_columns(marked: Marked, where: str) -> list[str]:
    """One class a row from columns of 0 and 1; raises SeewhyError for a row in which two are 1."""
    found = []
    for row, names in enumerate(marked.held, start=1):
        if names and len(names) > 1:
            raise SeewhyError(
                f"row {row} of {where} has {len(names)} labels: {list_names(names)}; `task: multilabel` reads them"
            )
        found.append(names[0] if names else "")
    return found


def number_list(found: str, count: int, where: str) -> list[float] | None:
    """The numbers in a cell: one, or a list of `count`; None where the cell is empty. Raises SeewhyError for others."""
    if not found.strip():
        return None
    try:
        value = json.loads(found)
        values = [float(one) for one in (value if isinstance(value, list) else [value])]
    except (ValueError, TypeError, RecursionError, OverflowError):
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise SeewhyError(f"label in {where}: found {found[:80]!r}; allowed: {count} finite number{'s' * (count > 1)}")
    return values


def is_binary(column: pd.Series) -> bool:
    """Whether a column holds 0, 1, -1 and blank only, and both 0 or blank and 1."""
    values = {value.strip() for value in column.astype(str)}
    plain = {value.removesuffix(".0") for value in values}
    return plain <= {"0", "1", "-1", ""} and "1" in plain and len(plain) > 1


def label_of_image(names: Sequence[str], task: str) -> str:
    """The label of an image whose marks have these names: all of them, or the only one, or none."""
    if task == "multilabel":
        return json.dumps(names)
    return names[0] if len(names) == 1 else ""


def classes_of_labels(found: Iterable[str]) -> list[str]:
    """The classes that labels name: sorted, or all indices up to the largest where every label is one."""
    values = set(found) - {""}
    if all(value.isdecimal() for value in values):
        return [str(one) for one in range(max(map(int, values), default=-1) + 1)]
    return sorted(values)
