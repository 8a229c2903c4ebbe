"""What is odd in a dataset, as (mark, what, text): how it was read, class names, equal images, images in groups."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset as Settings
from seewhy.doctor.marks import Mark
from seewhy.errors import list_names
from seewhy.inputs.class_names import check_class_order
from seewhy.inputs.dataset import Dataset
from seewhy.inputs.layouts import walk

Found = Iterator[tuple[Mark, str, str]]
KNOWN = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".npz", ".parquet", ".arrow")
NUMBERED = r"^(.*\d.*?)[^0-9a-zA-Z]+[a-zA-Z]*\d+$"
FEW = 5  # images of a class below which no figure of it says much


def data_lines(whole: Dataset, studied: Dataset, settings: Settings) -> Found:
    """All that is to be said of a dataset: of `whole`, and of the rows that a study takes."""
    for note in whole.notes:
        yield "ok", "data", note
    yield from class_lines(studied)
    yield from copy_lines(whole)
    yield from group_lines(studied, settings)
    yield from label_lines(studied)
    yield from file_lines(settings, whole.root)


def class_lines(found: Dataset) -> Found:
    """Names that are numbers, in an order that is not theirs: where an index and a name are easily mixed up."""
    numbers = [name for name in found.classes if name.isdecimal()]
    if len(numbers) == len(found.classes) > 0 and numbers != sorted(numbers, key=int):
        told = list_names(f"{index} is '{name}'" for index, name in enumerate(numbers) if str(index) != name)
        yield "warning", "classes", f"names are numbers, and not in their order: output {told}"


def name_lines(found: Dataset, told: list[str] | None) -> Found:
    """Whether the checkpoint calls its classes as the dataset does; another order of equal names is an error.

    Raises SeewhyError for that.
    """
    check_class_order(found.classes, told, f"dataset '{found.name}'")
    if told and found.classes and list(told) != found.classes and len(told) == len(found.classes):
        yield "warning", "classes", f"the checkpoint calls them otherwise: {list_names(told)}"


def copy_lines(whole: Dataset) -> Found:
    """Equal files in one split, in two splits, and with two labels."""
    frame = whole.frame
    if spare := int(frame.duplicated(["sha256", "split"]).sum()):
        twice = frame[frame.duplicated(["sha256", "split"], keep=False)].sort_values("sha256", kind="stable")
        shown = " and ".join(twice["image"].head(2))
        yield "warning", "copies", f"{spare:,} images are equal to others of their split, as {shown}: counted once"
    splits = frame.groupby("sha256")["split"].nunique()
    shared = splits[splits > 1].index
    if len(shared):
        first = frame[frame["sha256"] == shared[0]]
        shown = " and ".join(f"{row.image} ({row.split})" for row in first.head(2).itertuples())
        yield (
            "warning",
            "copies",
            f"{len(shared):,} images stand in two splits, as {shown}: accuracy may be of images seen in training",
        )
    labels = frame.dropna(subset=["label"]).groupby("sha256")["label"].nunique()
    if (several := int((labels > 1).sum())) and whole.task == "classification":
        yield "warning", "copies", f"{several:,} equal images have two labels"


def group_lines(studied: Dataset, settings: Settings) -> Found:
    """Whether images come in groups: of the column that `group` names, or as names of files and folders suggest.

    Which images belong together is never guessed: a suggestion is a question to the user.
    """
    if settings.group:
        named = studied.frame["image_group"].dropna()
        lone = len(studied.frame) - len(named)
        told = f"{len(named):,} images in {named.nunique():,} groups (column '{settings.group}')"
        rest = f"; {lone:,} without, each taken for its own" if lone else ""
        yield "warning" if named.nunique() < FEW else "ok", "groups", told + rest
        return
    for source, names in (("file names", _name_stems(studied)), ("folders", _own_folders(studied))):
        counts = names.value_counts()
        if suggests_groups(names, studied.frame["label"]):
            told = f"{source} suggest groups of images, as {counts[counts.index[0]]:,} of '{counts.index[0]}'"
            ask = "if these are of one patient, site or video, intervals are too narrow"
            yield "warning", "groups", f"{told}: {ask}; name the column: datasets.{studied.name}.group"
            return


def suggests_groups(names: "pd.Series[str]", labels: "pd.Series[str]") -> bool:
    """Whether most images share a name with others, of several names, which are not just those of the classes."""
    known = names[names != ""]
    shared = known[known.duplicated(keep=False)]
    if len(shared) * 2 <= len(names) or shared.nunique() < 2:
        return False
    both = pd.DataFrame({"name": shared, "label": labels.reindex(shared.index)}).dropna()
    one_a_class = len(both) > 0 and both["name"].nunique() <= both["label"].nunique()
    return not (one_a_class and (both.groupby("name")["label"].nunique() == 1).all())


def _name_stems(found: Dataset) -> "pd.Series[str]":
    """What file names that number things twice have before their last number: 'p012' of 'p012_03.png'."""
    stems = found.frame["image"].map(lambda name: Path(str(name)).stem)
    return stems.str.extract(NUMBERED, expand=False).fillna("")


def _own_folders(found: Dataset) -> "pd.Series[str]":
    """The innermost folder that is named neither after a class nor after a split, where there are such."""
    taken = {name.lower() for name in (*found.classes, *found.frame["split"].dropna())}
    parts = found.frame["image"].map(lambda name: Path(str(name)).parts[:-1])
    every = [set(one) for one in parts]
    shared = set.intersection(*every) if every else set()  # folders that all images lie in tell nothing
    own = parts.map(lambda names: [one for one in names if one.lower() not in taken and one not in shared])
    return own.map(lambda names: "/".join(names)).astype(object)


def label_lines(found: Dataset) -> Found:
    """Classes of which there are few images, or none."""
    known = found.frame["label"].dropna()
    if found.task not in ("classification", "multilabel") or known.empty:
        return
    names = known if found.task == "classification" else pd.Series([one for text in known for one in json.loads(text)])
    counts = names.value_counts()
    missing = [name for name in found.classes if name not in counts.index]
    few = [f"{name} {counts[name]}" for name in found.classes if counts.get(name, FEW) < FEW]
    if missing and len(found.classes) <= 2 * len(counts):
        yield (
            "warning",
            "labels",
            f"no image of {len(missing)} of {len(found.classes)} classes: {list_names(missing)}",
        )
    if few:
        yield "warning", "labels", f"few images: {list_names(few)}"


def file_lines(settings: Settings, root: Path) -> Found:
    """Files of unknown kinds in a folder of images, which nothing reads."""
    given = settings.images or settings.data
    if given is None or not (root / given).is_dir():
        return
    files = [one for one in (root / given).rglob("*") if one.is_file() and not one.name.startswith(".")]
    other = Counter(one.suffix.lower() or one.name for one in files if not walk.is_picture(one.name))
    strange = {kind: count for kind, count in other.items() if kind not in KNOWN}
    if strange and len(strange) < len(files):
        yield (
            "ok",
            "files",
            f"not read as images: {list_names(f'{count:,} of {kind}' for kind, count in strange.items())}",
        )
    empty = [one.name for one in files if walk.is_picture(one.name) and one.stat().st_size == 0]
    if empty:
        yield "problem", "files", f"{len(empty):,} image files are empty: {list_names(empty)}"
