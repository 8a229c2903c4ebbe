"""YOLO: `images/` and `labels/*.txt` with `class x y w h` in shares of the picture, names in a data.yaml."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from ruamel.yaml import YAML, YAMLError

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.labels import label_of_image
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading

NAME = "yolo"
ABOUT = "YOLO: images/ and labels/*.txt of the same stems, with lines `class x y w h`"
LOOKED_AT = 200  # images whose marks tell the layout
Mark = tuple[float, float, float, float, float]  # class, centre, width and height


def recognise(path: Path) -> Finding | None:
    """Text files of five numbers a line in a folder `labels` beside one `images`, or beside the images."""
    if not path.is_dir():
        return None
    files = walk.list_pictures(path)
    marks = {one: found for one in files[:LOOKED_AT] if (found := _readable_marks(_marks_of(one)))}
    if not marks:
        return None
    first = next(iter(marks))
    told = f"{walk.paths_shown([_marks_of(first)], path)} holds boxes of {walk.paths_shown([first], path)}"
    mixed = next((one for one, found in marks.items() if len({mark[0] for mark in found}) > 1), None)
    if mixed is None:
        return Finding(NAME, f"{told}, as YOLO has them", UNMISTAKABLE)
    several = f"those of {walk.paths_shown([mixed], path)} are of several classes"
    return Finding(NAME, f"{told}, as YOLO has them; {several}", UNMISTAKABLE, "multilabel")


def read(path: Path, settings: Dataset) -> Reading:
    """Each image with its boxes in pixels; its label is the class of all of them, if that is one."""
    rows, seen, mixed = [], set(), 0
    names = _class_names(path)
    for file in walk.list_pictures(path, settings.files):
        marks = _read_marks(_marks_of(file))
        if marks:
            with Image.open(file) as image:
                width, height = image.size
        boxes = [
            [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]
            for _, x, y, w, h in marks
        ]
        own = sorted({int(mark[0]) for mark in marks})
        seen |= {*own}
        mixed += len(own) > 1
        split = next((one for one in map(walk.split_of, walk.parts_below(file, path)) if one), "")
        rows.append({"image": str(file), "boxes": json.dumps(boxes), "label": own, "split": split})
    if not rows:
        raise SeewhyError(f"there is no image in '{path.name}'; allowed: {ABOUT}")
    frame = pd.DataFrame(rows)
    classes = names or [str(one) for one in range(max(seen, default=-1) + 1)]
    if seen and max(seen) >= len(classes):
        raise SeewhyError(f"'{path.name}' has boxes of class {max(seen)}; its data.yaml names {len(classes)} classes")
    frame["label"] = [label_of_image([classes[one] for one in own], settings.task) for own in frame["label"]]
    notes = [f"{mixed:,} images have boxes of several classes, and so no label; `task: multilabel` has them"]
    frame = frame if frame["split"].any() else frame.drop(columns="split")
    return Reading(frame, classes, notes if mixed and settings.task == "classification" else [])


def _marks_of(image: Path) -> Path:
    """Where YOLO looks for an image's marks: the last folder `images` in its path becomes `labels`."""
    parts = list(image.parts)
    places = [place for place, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def _readable_marks(file: Path) -> list[Mark]:
    """The marks of a file; none where it is no such list."""
    try:
        return _read_marks(file)
    except SeewhyError:
        return []


def _read_marks(file: Path) -> list[Mark]:
    """Class and box of each line; of a polygon, the box around it."""
    if not file.is_file():
        return []
    found = []
    try:
        for line in file.read_text(encoding="utf-8-sig").splitlines():
            number, *values = [float(one) for one in line.split()] or [-1.0]
            if number < 0:
                continue
            if len(values) > 5:
                xs, ys = values[0::2], values[1::2]
                values = [(min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)]
            x, y, w, h = values[:4]
            if not (number == int(number) and 0 <= x <= 1 and 0 <= y <= 1 and 0 < w <= 1 and 0 < h <= 1):
                raise ValueError(line[:60])
            found.append((number, x, y, w, h))
    except (ValueError, OSError) as error:
        raise SeewhyError(f"'{file.name}' is no list of YOLO's boxes: {error}; allowed: class x y w h") from None
    return found


def _class_names(path: Path) -> list[str]:
    for file in sorted([*path.glob("*.yaml"), *path.glob("*.yml")]):
        try:
            held: Any = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        except (YAMLError, UnicodeDecodeError):
            continue
        names = held.get("names") if isinstance(held, dict) else None
        if isinstance(names, dict):
            names = [names[key] for key in sorted(names, key=int)]
        if isinstance(names, list):
            return [str(name) for name in names]
    return []
