"""Columns of a user's table -> ours: which holds the image, which the label, and what kind of label that is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs import labels
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import Reading

IMAGE_WORDS = ("image", "image_path", "filepath", "file_path", "path", "filename", "file_name", "img", "file", "id")
LABEL_WORDS = ("label", "labels", "class", "category", "target", "diagnosis", "finding", "species", "tags", "dx", "y")
NAME_WORDS = ("class_name", "label_name", "category_name", "classname", "class")
SPLIT_WORDS = ("split", "subset", "partition", "set", "fold_name")
OURS = ("split", "boxes", "mask", "caption")
LOOKED_AT = 60  # rows by which a column is told


@dataclass(frozen=True)
class Columns:
    """Which columns of a table were taken for what, and why."""

    image: str
    label: str | None = None
    named: str | None = None  # a second column with the names of the label's indices
    parts: list[str] = field(default_factory=list)  # one column a class
    others: dict[str, str] = field(default_factory=dict)  # ours: theirs
    why: str = ""

    @property
    def as_settings(self) -> dict[str, object]:
        """The keys of the section that say the same."""
        renamed = {"image": self.image, **({"label": self.label} if self.label else {}), **self.others}
        found: dict[str, object] = {"columns": {ours: theirs for ours, theirs in renamed.items() if ours != theirs}}
        return {key: value for key, value in (found | {"label_columns": self.parts}).items() if value}


class Files:
    """The images below a folder, by name and stem: looked at once, and only if asked."""

    def __init__(self, folder: Path):
        self.folder = folder

    @cached_property
    def file_names(self) -> set[str]:
        """File names, with and without ending."""
        found = [one.name for one in walk.list_pictures(self.folder)]
        return {*found, *(name.rpartition(".")[0] for name in found)}

    def share_named(self, values: Sequence[str]) -> float:
        """Share of the values that name one of the images."""
        known = [value.replace("\\", "/").rpartition("/")[2] in self.file_names for value in values if value]
        return sum(known) / max(1, len(known))


def columns_of(frame: pd.DataFrame, folder: Path, settings: Dataset | None = None) -> Columns | None:
    """The columns of a table beside its images; None where no column names images. `settings` go before guesses."""
    given = dict(settings.columns) if settings else {}
    image, why = _image_column(frame, folder, given.get("image"))
    if image is None:
        return None
    others = {ours: theirs for ours, theirs in given.items() if ours not in ("image", "label")}
    split = next((one for one in frame if one.lower() in SPLIT_WORDS), None)
    others |= {"split": split} if split and "split" not in others else {}
    others |= {ours: ours for ours in OURS if ours in frame and ours not in others}
    taken = {image, *others.values()}
    parts = list(settings.label_columns) if settings else []
    for name in [*parts, *given.values()]:
        if name not in frame:
            raise unknown_name("column", name, frame.columns, "the table")
    label = given.get("label") or (None if parts else _named_column(frame, LABEL_WORDS, taken))
    classes = settings.classes if settings and isinstance(settings.classes, list) else []
    if not parts and "label" not in given:
        parts = _class_columns(frame, taken | ({label} if label else set()), classes)
        label = None if parts else label
    named = _names_beside(frame, label, taken)
    told = [f"column '{image}' {why}"]
    told += [f"column '{label}' holds the labels"] if label else []
    told += [f"columns {list_names(parts)} hold 0 and 1"] if parts else []
    return Columns(image, label, named, parts, others, "; ".join(told))


def _image_column(frame: pd.DataFrame, folder: Path, given: str | None) -> tuple[str | None, str]:
    if given:
        return given, "is named in `columns`"
    some = frame.head(LOOKED_AT)
    ending = [name for name in frame if _is_mostly(some[name].map(walk.is_picture))]
    best = _named_column(frame[ending], IMAGE_WORDS, set()) or next(iter(ending), None)
    if best:
        return best, "holds names of images"
    files = Files(folder)
    for name in sorted(frame, key=lambda one: _word_rank(one, IMAGE_WORDS)):
        if files.share_named(some[name].tolist()) > 0.8:
            return name, f"holds names of images in '{folder.name}' without their ending"
    return None, ""


def _is_mostly(found: pd.Series) -> bool:
    return bool(len(found)) and bool(found.mean() > 0.8)


def _word_rank(name: str, words: Sequence[str]) -> int:
    low = name.lower().replace(" ", "_")
    whole = [place for place, word in enumerate(words) if low == word]
    part = [len(words) + place for place, word in enumerate(words) if word in low.split("_")]
    return min([*whole, *part, 3 * len(words)])


def _named_column(frame: pd.DataFrame, words: Sequence[str], taken: set[str]) -> str | None:
    """The column that such a word names, whole before in part."""
    free = [name for name in frame if name not in taken and _word_rank(name, words) < 3 * len(words)]
    return min(free, key=lambda name: _word_rank(name, words), default=None)


def _class_columns(frame: pd.DataFrame, taken: set[str], classes: list[str]) -> list[str]:
    """A column a class: those named as the classes are, or else all that hold 0 and 1."""
    if classes and all(name in frame for name in classes):
        return list(classes)
    binary = [name for name in frame if name not in taken and labels.is_binary(frame[name])]
    if len(binary) < 2 or classes:
        return []
    empty = [name for name in frame if name not in taken and set(frame[name].str.strip()) <= {"0", "0.0"}]
    return [name for name in frame if name in binary or name in empty]  # a class that no image has is one as well


def _names_beside(frame: pd.DataFrame, label: str | None, taken: set[str]) -> str | None:
    """A column that names each index in the label's column: one name an index and back."""
    if label is None or not all(map(labels.index_of, frame[label].unique())):
        return None
    for name in frame:
        if name in taken or name == label or _word_rank(name, NAME_WORDS) >= 3 * len(NAME_WORDS):
            continue
        pairs = frame[[label, name]].drop_duplicates()
        whole = sorted(int(str(labels.index_of(one))) for one in pairs[label]) == [*range(len(pairs))]
        if whole and pairs[name].is_unique and not any(map(labels.index_of, pairs[name])):
            return name
    return None


def task_of(frame: pd.DataFrame, found: Columns) -> str:
    """What the labels of a table are: one class, several, numbers, captions or masks."""
    if found.parts:
        rows = frame[found.parts].replace("", "0").astype(float).eq(1).sum(axis=1)
        return "classification" if (rows == 1).all() else "multilabel"
    if found.label is None:
        return (
            "captioning"
            if "caption" in found.others
            else "segmentation"
            if "mask" in found.others
            else "classification"
        )
    values = [value.strip() for value in frame[found.label] if value.strip()]
    if any(value.startswith("[") and value.endswith("]") for value in values) or any("|" in one for one in values):
        return "multilabel"
    return (
        "regression"
        if values and all(map(_is_number, values)) and not all(map(labels.index_of, values))
        else "classification"
    )


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def interpret_table(frame: pd.DataFrame, folder: Path, settings: Dataset, place: str) -> Reading:
    """A table of text as a reading; raises SeewhyError where no column names images."""
    found = columns_of(frame, folder, settings)
    if found is None:
        told = f"no column of {place} names images; found: {list_names(frame.columns)}"
        raise SeewhyError(f"{told}; `columns: {{image: ...}}` names one")
    ours = {"image": found.image, **found.others, **({"label": found.label} if found.label else {})}
    masks = {name: name for name in frame if name.endswith("_mask") and name not in ours.values()}
    own = {name: name for name in settings.kept_columns}
    if missing := next((name for name in own if name not in frame), None):
        raise unknown_name("column", missing, frame.columns, place)
    kept = pd.DataFrame({name: frame[theirs] for name, theirs in (own | ours | masks).items()})
    classes = _class_names(frame, found, settings)
    notes: list[str] = []
    for name in found.parts:
        kept[f"part:{name}"] = frame[name]
    if found.named:
        notes.append(f"column '{found.named}' names the indices of '{found.label}'")
    if settings.task == "captioning" and "caption" in kept:
        captions = kept.groupby("image", sort=False)["caption"].agg("\n".join)
        kept = (
            kept.drop_duplicates("image").assign(caption=lambda one: one["image"].map(captions)).reset_index(drop=True)
        )
    return Reading(kept, classes, notes, (folder,), found.parts)


def _class_names(frame: pd.DataFrame, found: Columns, settings: Dataset) -> list[str]:
    """Class names in the order that scikit-learn and pandas give them: of columns as they stand, of names sorted."""
    if found.parts:
        return found.parts
    if found.label is None:
        return []
    if settings.task == "regression":
        return [found.label]
    values = [value for value in frame[found.label].unique() if value.strip()]
    if found.named:
        pairs = frame[[found.label, found.named]].drop_duplicates()
        return pairs.sort_values(found.label, key=lambda one: one.map(labels.index_of).astype(int))[
            found.named
        ].tolist()
    if settings.task == "multilabel":
        known = settings.classes if isinstance(settings.classes, list) else None
        return known or labels.label_names(values, f"column '{found.label}'")
    if values and all(map(labels.index_of, values)):
        return [str(one) for one in range(max(int(str(labels.index_of(value))) for value in values) + 1)]
    return sorted(values)
