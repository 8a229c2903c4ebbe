"""The labels of a whole dataset -> one text a row, as its task has them; a file name may hold them, or many columns."""

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pandas as pd

from seewhy.config.dataset import Dataset as Settings
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import labels
from seewhy.inputs.layouts.file_names import labels_in
from seewhy.inputs.layouts.finding import Reading
from seewhy.inputs.sources import source_file

PART = "part:"


def with_file_names(reading: Reading, settings: Settings, where: str) -> Reading:
    """With the labels that `pattern` finds in the file names, where nothing else labels the images."""
    if not settings.pattern or "label" in reading.frame or reading.parts:
        return reading
    names = [PurePosixPath(str(source_file(one)).replace("\\", "/")).name for one in reading.frame["image"]]
    found = labels_in(names, settings.pattern, where)
    return replace(reading, frame=reading.frame.assign(label=found), classes=sorted(set(found)))


def read_labels(
    reading: Reading, classes: list[str], settings: Settings, where: str, key: str
) -> tuple[pd.DataFrame, list[str]]:
    """The frame with labels understood, and what was taken for what.

    Classification: a class name. Several labels: a JSON list of names, and in `uncertain` those that are not known.
    Regression: a JSON list of numbers. Segmentation and captioning have none. Raises SeewhyError for a wrong one.
    """
    frame = reading.frame
    notes: list[str] = []
    own = frame[[name for name in frame if not name.startswith(PART)]]
    columns = {name: frame[PART + name] for name in reading.parts}
    if settings.task == "classification":
        return _single_labels(own, columns, classes, settings, where, key)
    if settings.task == "multilabel":
        own, notes = _several_labels(own, columns, classes, settings, where)
    elif settings.task == "regression":
        own = _number_labels(own, columns, classes, where)
    else:
        own = own.drop(columns="label", errors="ignore")
    return own, notes


def _single_labels(
    frame: pd.DataFrame, columns: dict[str, pd.Series], classes: list[str], settings: Settings, where: str, key: str
) -> tuple[pd.DataFrame, list[str]]:
    if columns:
        marked = labels.from_columns(
            pd.DataFrame(columns), [*columns], _column_classes(columns, classes, where), "negative"
        )
        return frame.assign(label=labels.one_of_columns(marked, where)), [
            f"one-hot columns hold the label: {list_names(columns)}"
        ]
    if "label" not in frame:
        return frame, []
    asked = settings.labels
    reading, note = labels.choose_reading(frame["label"], classes, asked, key)
    found = [
        labels.class_label(one, classes, f"row {number} of {where}", reading) or ""
        for number, one in enumerate(frame["label"], start=1)
    ]
    return frame.assign(label=found), [note] if note else []


def _several_labels(
    frame: pd.DataFrame, columns: dict[str, pd.Series], classes: list[str], settings: Settings, where: str
) -> tuple[pd.DataFrame, list[str]]:
    if columns:
        names = _column_classes(columns, classes, where)
        marked = labels.from_columns(pd.DataFrame(columns), [*columns], names, settings.uncertain)
        held = ["" if one is None else json.dumps(one, ensure_ascii=False) for one in marked.held]
        doubts = [json.dumps(one, ensure_ascii=False) for one in marked.uncertain]
        count = sum(map(len, marked.uncertain))
        note = (
            f"{count:,} labels are -1 or blank: they are not known, and count neither way; `uncertain:` says otherwise"
        )
        return frame.assign(label=held, uncertain=doubts), [note] if count else []
    if "label" not in frame:
        return frame, []
    found = [
        labels.several_labels(one, classes, f"row {number} of {where}")
        for number, one in enumerate(frame["label"], start=1)
    ]
    texts = ["" if one is None else json.dumps(one, ensure_ascii=False) for one in found]
    return frame.assign(label=texts, uncertain="[]"), []


def _number_labels(frame: pd.DataFrame, columns: dict[str, pd.Series], classes: list[str], where: str) -> pd.DataFrame:
    if columns:
        named = dict(zip(_column_classes(columns, classes, where), columns.values(), strict=True))
        values = pd.DataFrame({name: labels.number_column(named[name], name) for name in classes}).to_numpy(dtype=float)
        return frame.assign(label=["" if (row != row).any() else json.dumps(row.tolist()) for row in values])
    if "label" not in frame:
        return frame
    found = [
        labels.number_list(one, len(classes), f"row {number} of {where}")
        for number, one in enumerate(frame["label"], start=1)
    ]
    return frame.assign(label=["" if one is None else json.dumps(one) for one in found])


def _column_classes(columns: dict[str, pd.Series], classes: list[str], where: str) -> list[str]:
    """The class of each column, in the columns' order: that of its name, or that in its place."""
    if set(columns) == set(classes):
        return [*columns]
    if len(columns) != len(classes):
        raise SeewhyError(
            f"{len(columns)} columns of labels in {where} ({list_names(columns)}) for {len(classes)} classes "
            f"({list_names(classes)}); `label_columns` names one for each class"
        )
    return classes
