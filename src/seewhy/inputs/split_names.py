"""What a name that a line of splitting does not set stands for: the dataset, one of its splits, labels, a count."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seewhy.inputs.layouts.walk import split_of
from seewhy.inputs.split_draws import LABELS, Draws, Part

DATA = (
    *("dataset", "data", "df", "X", "x", "samples", "paths", "images", "files", "frame", "full", "idx", "indices"),
    "self",
)
COUNTS = ("n", "N", "n_samples", "num_samples", "dataset_size", "dataset_len", "total", "length")
TAKE_ROWS = ("len", "list", "random_split", "train_test_split", "Subset")  # of the dataset that is their first argument


@dataclass(frozen=True)
class Name:
    """A dotted name that the text does not set."""

    text: str

    @property
    def last_part(self) -> str:
        """The name after the last dot."""
        return self.text.rpartition(".")[2]


class UnsetNames:
    """Names by what people call things; `notes` has a sentence for each that is known by its use alone."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.notes: list[str] = []

    def value_of(self, name: str) -> Any:
        """A count, a column, labels or the dataset; a Name for any other."""
        frame = self.draws.frame
        if name in COUNTS:
            return len(frame)
        if name in frame and name != "image":
            return Part(self.draws.whole.rows, name)
        if name in LABELS:
            return Part(self.draws.whole.rows, "label")
        if name in DATA or {word.rstrip("s") for word in _words(name)} & {one.rstrip("s") for one in DATA}:
            return self._rows_of_split(name) or self.draws.whole
        return Name(name)

    def dataset_of(self, value: Any) -> Any:
        """The rows of a name where a dataset is asked for: those of a split of that name, or all. Other values stay."""
        if not isinstance(value, Name) or not value.text.isidentifier():
            return value
        found = self._rows_of_split(value.text)
        if found is None:
            self._add_note(f"'{value.text}' is taken as the whole dataset")
        return found or self.draws.whole

    def labels_of(self, value: Name) -> Part | None:
        """`full.targets` of a name that stands for a dataset."""
        base, dot, last = value.text.rpartition(".")
        rows = self.dataset_of(Name(base)) if dot and last in (*LABELS, "samples", "imgs") else None
        if not isinstance(rows, Part):
            return None
        return rows if last in ("samples", "imgs") else replace(rows, column="label")

    def _rows_of_split(self, name: str) -> Part | None:
        """The rows of the split that a name is called after, as val_dataset; None where the data have no such one."""
        if "split" not in self.draws.frame:
            return None
        held = self.draws.frame["split"].astype(str)
        words = (name, *_words(name))
        split = next((word for one in words for word in (one, split_of(one)) if word in set(held)), None)
        if split is None or held.nunique() < 2:
            return None
        self._add_note(f"'{name}' is taken as split '{split}'")
        return Part(np.flatnonzero((held == split).to_numpy()))

    def _add_note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def _words(name: str) -> list[str]:
    """The words of a name: val_dataset, valDataset -> val, dataset."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")
