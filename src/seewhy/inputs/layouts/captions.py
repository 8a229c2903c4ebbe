"""Captions: COCO's JSON, Flickr8k's token file (`name.jpg#0<tab>caption`), its CSV (`image,caption`)."""

import re
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.file_formats import read_json
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import UNMISTAKABLE, USUAL, Finding, Reading

NAME = "captions"
ABOUT = "captions: COCO's JSON, or Flickr8k's lines of a name, #0 to #4 and a caption"
TOKEN = re.compile(
    r"(?P<image>[^\t\n]+?\.(?:jpe?g|png|bmp|webp))(?:#\d+)?(?:\t|\s*\|\s*(?:\d+\s*\|\s*)?|,(?=\S))(?P<caption>.+)"
)
LISTS = {"train": "Flickr_8k.trainImages.txt", "val": "Flickr_8k.devImages.txt", "test": "Flickr_8k.testImages.txt"}


def recognise(path: Path) -> Finding | None:
    """A file with captions of images, or a folder with one."""
    file = _captions_file(path)
    if file is None:
        return None
    strength = UNMISTAKABLE if path.is_file() or file.suffix != ".txt" else USUAL
    kind = "COCO's captions" if file.suffix == ".json" else "names of images with captions"
    return Finding(NAME, f"{file.name} holds {kind}", strength, "captioning")


def read(path: Path, settings: Dataset) -> Reading:
    """One row an image, its captions one a line."""
    del settings
    file = _captions_file(path)
    if file is None:
        raise SeewhyError(f"there are no captions in '{path.name}'; allowed: {ABOUT}")
    frame = _read_coco(file) if file.suffix == ".json" else _read_token_file(file)
    grouped = frame.groupby("image", sort=False)["caption"].agg("\n".join).reset_index()
    folder = file.parent.parent if file.parent.name == "annotations" else file.parent
    for split, name in LISTS.items():
        if (listed := file.parent / name).is_file():
            names = set(listed.read_text(encoding="utf-8").split())
            grouped.loc[grouped["image"].isin(names), "split"] = split
    if "split" in grouped:
        grouped["split"] = grouped["split"].fillna("none")
    return Reading(grouped, folders=(folder,))


def is_captions(held: object) -> bool:
    """Whether a JSON file's content is COCO's captions."""
    marks = held.get("annotations") if isinstance(held, dict) else None
    return isinstance(marks, list) and bool(marks) and isinstance(marks[0], dict) and "caption" in marks[0]


def _captions_file(path: Path) -> Path | None:
    if path.is_file():
        return path if _has_captions(path) else None
    places = [*sorted(path.glob("*.txt")), *sorted(path.glob("*.json")), *sorted((path / "annotations").glob("*.json"))]
    found = [one for one in places if _has_captions(one)]
    named = [one for one in found if walk.split_of(re.split(r"[_\-.0-9]", one.stem.replace("captions_", ""))[0])]
    tests = [one for one in named if "test" in one.stem] or [one for one in named if "val" in one.stem]
    whole = [one for one in found if one.stem.endswith("token")]
    chosen = whole or tests or found
    return chosen[0] if len(chosen) == 1 else None


def _has_captions(file: Path) -> bool:
    try:
        if file.suffix == ".json":
            return is_captions(read_json(file))
        if file.suffix not in (".txt", ".token"):
            return False
        with file.open(encoding="utf-8", errors="replace") as stream:
            some = [line for _, line in zip(range(20), stream, strict=False) if line.strip()]
    except (OSError, SeewhyError):
        return False
    some = some if some and TOKEN.match(some[0]) else some[1:]  # a head
    return bool(some) and sum(bool(TOKEN.match(line)) for line in some) > 0.8 * len(some)


def _read_token_file(file: Path) -> pd.DataFrame:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SeewhyError(f"'{file.name}' is no text: {error}") from None
    found = [TOKEN.match(line) for line in text.splitlines()]
    rows = [(one["image"], one["caption"].strip().strip('"')) for one in found if one]
    return pd.DataFrame(rows, columns=["image", "caption"])


def _read_coco(file: Path) -> pd.DataFrame:
    held = read_json(file)
    try:
        names = {one["id"]: str(one["file_name"]) for one in held["images"]}
        rows = [(names[one["image_id"]], " ".join(str(one["caption"]).split())) for one in held["annotations"]]
    except (KeyError, TypeError) as error:
        raise SeewhyError(
            f"'{file.name}' is damaged: {type(error).__name__} {error}; allowed: COCO's captions"
        ) from None
    return pd.DataFrame(rows, columns=["image", "caption"])
