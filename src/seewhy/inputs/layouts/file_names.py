"""The class in the name of each file: `cat.12.jpg`, `[ulcer] 7.png`, `0012_cup.jpg`."""

import re
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import LAST, Finding, Reading

NAME = "file-names"
ABOUT = "the class in the name of each file; `pattern: '{label}_#'` says where (* for anything, # for digits)"
USUAL_PATTERNS = (
    *("[{label}]*", "{label}.#", "{label}_#", "{label}-#", "{label} (#)", "{label} #", "{label}#"),
    *("#_{label}", "#-{label}", "#.{label}", "{label}_#_#", "{label}_#x#_#"),
)
CAMERAS = {
    "img",
    "image",
    "images",
    "dsc",
    "dscn",
    "dscf",
    "photo",
    "pic",
    "picture",
    "frame",
    "scan",
    "file",
    "p",
    "mask",
}


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of a file name as a regular expression with the group `label`.

    >>> compile_pattern("{label}_#.jpg").fullmatch("great_tit_12.jpg")["label"]
    'great_tit'
    """
    words = {"{label}": "(?P<label>.+?)", "*": ".*", "#": "[0-9]+"}
    parts = re.split(r"(\{label\}|\*|#)", pattern)
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts))


def label_in(name: str, pattern: re.Pattern[str]) -> str | None:
    """The label in a file's name; the ending may stand in the pattern or not."""
    found = pattern.fullmatch(name) or pattern.fullmatch(name.rpartition(".")[0])
    return found["label"].strip() if found else None


def labels_in(names: list[str], pattern: str, place: str) -> list[str]:
    """The label in each name; raises SeewhyError for the first one that does not fit."""
    wanted = compile_pattern(pattern)
    found = [label_in(name, wanted) for name in names]
    if None in found:
        odd = names[found.index(None)]
        raise SeewhyError(f"{place}: '{odd[:120]}' does not fit `pattern: '{pattern}'`; allowed: {ABOUT}")
    return [str(one) for one in found]


def recognise(path: Path) -> Finding | None:
    """Files in one folder whose names begin or end with one of a few words, several files a word."""
    if not path.is_dir():
        return None
    names = [one.name for one in walk.direct_pictures(walk.top_folder(path))]
    for pattern in USUAL_PATTERNS:
        wanted = compile_pattern(pattern)
        found = [label_in(name, wanted) for name in names]
        classes = {one for one in found if one}
        good = None not in found and 2 <= len(classes) * 2 <= len(names) and len(classes) > 1
        if (
            good
            and not {re.sub("[^a-z]", "", one.lower()) for one in classes} & CAMERAS
            and not any(one.isdecimal() for one in classes)
        ):
            told = f"file names fit '{pattern}': {list_names(sorted(classes))}"
            return Finding(NAME, told, LAST, settings={"pattern": pattern})
    return None


def read(path: Path, settings: Dataset) -> Reading:
    """Each image; its label is in its name."""
    folder = walk.top_folder(path)
    found = walk.list_pictures(folder, settings.files)
    if not found or settings.pattern is None:
        raise SeewhyError(f"'{path.name}': allowed: {ABOUT}")
    names = labels_in([one.name for one in found], settings.pattern, f"'{path.name}'")
    frame = pd.DataFrame({"image": map(str, found), "label": names})
    return Reading(frame, sorted(set(names)))
