"""Class folders: `test/<class>/*.png`, `{train,val,test}/<class>`, one tree, folders within a class's folder."""

import re
from collections import defaultdict
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import LAST, USUAL, Finding, Reading
from seewhy.inputs.layouts.roles import role_of

NAME = "folders"
ABOUT = "class folders: test/<class>/*.png, {train,val,test}/<class>, or <class>/*.png"
FEWEST = 2  # folders that make classes


def recognise(path: Path) -> Finding | None:
    """Folders with images in them, under the name of a split or at once."""
    if not path.is_dir():
        return None
    folder = walk.top_folder(path)
    splits, classes = _class_folders(folder)
    names = list(dict.fromkeys(one.name for some in classes.values() for one in some))
    if len(names) < FEWEST or all(role_of(name) for name in names) or _are_parts(names):
        return None
    loose = walk.direct_pictures(folder)
    told = f"folders with images in them: {list_names(names)}"
    if splits:
        told = f"{list_names(f'{one.name}/' for one in splits)} with class folders: {list_names(names)}"
    return Finding(NAME, told, LAST if loose else USUAL)


def read(path: Path, settings: Dataset) -> Reading:
    """Each image with the name of the folder in which it lies, in the order of ImageFolder: by class, then by path."""
    folder = walk.top_folder(path)
    splits, classes = _class_folders(folder)
    rows: list[dict[str, str]] = []
    inner: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for split, some in classes.items():
        for one in some:
            for file in walk.list_pictures(one):
                parts = walk.parts_below(file, one)
                rows.append({"image": str(file), "label": one.name, "split": split})
                inner[one.name].add(parts)
    frame = pd.DataFrame(rows)
    if settings.files and len(frame):
        kept = {str(file) for file in walk.matching_files(map(Path, frame["image"]), folder, settings.files)}
        frame = frame[frame["image"].isin(kept)].reset_index(drop=True)
    elif len(frame):
        _check_depth(inner, path)
    if frame.empty:
        raise SeewhyError(f"there is no class folder with images in '{path.name}'; allowed: {ABOUT}")
    names, notes = _class_order(classes)
    notes += [f"no folder is named after a split: {len(frame):,} images in all"] if not splits else []
    for place in [folder, *splits]:
        if hidden := walk.strange_folders(place):
            notes.append(f"hidden folders are no classes here, but were for ImageFolder: {list_names(hidden)}")
    return Reading(frame if splits else frame.drop(columns="split"), names, notes)


def _are_parts(names: list[str]) -> bool:
    """Whether folders are the numbered parts of one: images_001, images_002."""
    stems = {re.sub(r"[_\- ]?(part|batch|chunk)?[_\- ]?\d+$", "", name.lower()) for name in names}
    return len(stems) == 1 and ("image" in (stem := stems.pop()) or role_of(stem) == "images")


def _class_folders(folder: Path) -> tuple[list[Path], dict[str, list[Path]]]:
    """Folders of splits (none where there are none), and the class folders of each split."""
    inner = walk.subfolders(folder)
    splits = [one for one in inner if walk.split_of(one.name) and walk.subfolders(one)]
    if not splits:
        for one in inner:  # images/train/<class>: the splits lie one folder deeper
            deeper = [two for two in walk.subfolders(one) if walk.split_of(two.name) and walk.subfolders(two)]
            if deeper and len([two for two in inner if walk.has_picture(two)]) == 1:
                return deeper, {str(walk.split_of(two.name)): walk.subfolders(two) for two in deeper}
        return [], {"": [one for one in inner if walk.has_picture(one)]}
    return splits, {str(walk.split_of(one.name)): walk.subfolders(one) for one in splits}


def _class_order(classes: dict[str, list[Path]]) -> tuple[list[str], list[str]]:
    """Class names in the order of their folders' names, as ImageFolder numbers them; those of `train` where it is."""
    of_split = {split: [one.name for one in some] for split, some in classes.items()}
    union = sorted({name for names in of_split.values() for name in names})
    chosen = of_split.get("train", union)
    notes = []
    for split, names in of_split.items():
        if names != chosen and split:
            missing, more = sorted(set(chosen) - set(names)), sorted(set(names) - set(chosen))
            told = f"{split} lacks {list_names(missing)}" if missing else f"{split} has {list_names(more)} besides"
            notes.append(f"{told}: classes are numbered as in train; ImageFolder({split}) numbers them otherwise")
    chosen = chosen if set(union) <= set(chosen) else union
    return chosen, notes


def _check_depth(inner: dict[str, set[tuple[str, ...]]], path: Path) -> None:
    """Refuses images at several depths of most classes: whole pictures beside the crops that were made of them."""
    mixed = [name for name, places in inner.items() if len({len(place) for place in places}) > 1]
    last = {place[-1] for places in inner.values() for place in places if place}
    if len(mixed) * 2 > len(inner) and len(last - set(inner)) == 1:
        (odd,) = last - set(inner)
        raise SeewhyError(
            f"in '{path.name}' images lie both in the class folders and in '{odd}' inside them; `files: '**/{odd}/*'` "
            "takes the inner ones, `files: '*'` all, as ImageFolder does"
        )
