"""COCO's marks: boxes and polygons of categories, one JSON for all images."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.containers import LARGEST
from seewhy.inputs.file_formats import read_json
from seewhy.inputs.labels import label_of_image
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading

NAME = "coco"
ABOUT = "COCO's JSON of images, annotations (bbox, segmentation) and categories"
BACKGROUND = "background"


def recognise(path: Path) -> Finding | None:
    """A JSON with images, annotations with boxes, and categories; or a folder with one."""
    file = _marks_file(path)
    if file is None:
        return None
    held = read_json(file)
    several = len({one.get("category_id") for one in held["annotations"]}) > 1
    count = f"{len(held['annotations']):,} marks of {len(held['categories'])} categories"
    told = f"{file.name} holds {count}, as COCO has them"
    return Finding(NAME, told, UNMISTAKABLE, "multilabel" if several else "classification")


def read(path: Path, settings: Dataset) -> Reading:
    """Each image with the boxes of its marks; its labels are their categories; for segmentation, their polygons."""
    file = _marks_file(path)
    if file is None:
        raise SeewhyError(f"there are no marks in '{path.name}'; allowed: {ABOUT}")
    held = read_json(file)
    try:
        names = category_names(held)
        boxes: dict[Any, list[list[float]]] = defaultdict(list)
        labels: dict[Any, set[str]] = defaultdict(set)
        for one in held["annotations"]:
            x, y, w, h = (float(value) for value in one["bbox"])
            labels[one["image_id"]].add(names[one["category_id"]])
            if w > 0 and h > 0:
                boxes[one["image_id"]].append([x, y, x + w, y + h])
        rows = [
            {
                "image": str(one["file_name"]),
                "boxes": json.dumps(boxes[one["id"]]),
                "label": label_of_image(sorted(labels[one["id"]]), settings.task),
                "mask": f"{file}#mask/{one['id']}",
            }
            for one in held["images"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SeewhyError(f"'{file.name}' is damaged: {type(error).__name__} {error}; allowed: {ABOUT}") from None
    frame = pd.DataFrame(rows)
    classes = list(dict.fromkeys(names.values()))
    segments = settings.task == "segmentation"
    frame = frame.drop(columns=["label"] if segments else ["mask"])
    folder = file.parent.parent if file.parent.name == "annotations" else file.parent
    notes = []
    if settings.task == "classification" and (mixed := sum(len(one) > 1 for one in labels.values())):
        notes.append(f"{mixed:,} images have marks of several categories, and so no label; `task: multilabel` has them")
    return Reading(frame, [BACKGROUND, *classes] if segments else classes, notes, (folder, file.parent))


def category_names(held: dict[str, Any]) -> dict[int, str]:
    """Names of categories by their ids, in the order of these."""
    return {one["id"]: str(one["name"]) for one in sorted(held["categories"], key=lambda one: one["id"])}


def drawn_mask(file: Path, image: str) -> Image.Image:
    """The marks of an image as class indices: 0 for the background, then the categories in the order of their ids.

    Smaller marks lie over larger ones. Raises SeewhyError for an image that is not in the file.
    """
    held = read_json(file)
    index = {one: place for place, one in enumerate(category_names(held), start=1)}
    size = next((one for one in held["images"] if str(one["id"]) == image), None)
    if size is None:
        raise SeewhyError(f"'{file.name}' has no image {image}")
    if size["width"] * size["height"] > LARGEST:
        raise SeewhyError(f"image {image} in '{file.name}' has {size['width']} x {size['height']} pixels")
    canvas = Image.new("L", (size["width"], size["height"]))
    marks = [one for one in held["annotations"] if str(one["image_id"]) == image]
    for one in sorted(marks, key=lambda one: -float(one.get("area", 0))):
        _draw_shape(canvas, one.get("segmentation"), index[one["category_id"]], one["bbox"])
    return canvas


def _draw_shape(canvas: Image.Image, shape: Any, value: int, box: list[float]) -> None:
    if isinstance(shape, dict):
        inside = run_lengths(shape, canvas.size)
        canvas.paste(value, mask=Image.fromarray(inside.astype(np.uint8) * 255))
        return
    draw = ImageDraw.Draw(canvas)
    for points in shape or []:
        draw.polygon([float(point) for point in points], fill=value)
    if not shape:
        x, y, w, h = box
        draw.rectangle([x, y, x + w - 1, y + h - 1], fill=value)


def run_lengths(shape: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    """A mask from COCO's run lengths, as numbers or as their text, column by column; `size` is (width, height)."""
    counts = shape["counts"]
    lengths = counts if isinstance(counts, list) else _decode_lengths(counts)
    width, height = size
    flat = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    if flat.size != width * height:
        raise SeewhyError(f"run lengths of {flat.size} pixels for an image of {width} x {height}")
    return flat.reshape(width, height).T


def _decode_lengths(text: str | bytes) -> list[int]:
    """COCO's text of run lengths: six bits a letter, differences from the run before last."""
    found: list[int] = []
    data, place = text.encode() if isinstance(text, str) else text, 0
    while place < len(data):
        value, shift, more = 0, 0, True
        while more and place < len(data):
            letter = data[place] - 48
            value |= (letter & 0x1F) << shift
            more, place, shift = bool(letter & 0x20), place + 1, shift + 5
            if not more and letter & 0x10:
                value |= -1 << shift
        found.append(value + found[-2] if len(found) > 2 else value)
    return found


def is_marks(held: object) -> bool:
    """Whether a JSON file's content is COCO's marks."""
    if not isinstance(held, dict) or not all(
        isinstance(held.get(key), list) for key in ("images", "annotations", "categories")
    ):
        return False
    return all(isinstance(one, dict) and "bbox" in one for one in held["annotations"][:5]) and bool(held["annotations"])


def _marks_file(path: Path) -> Path | None:
    places = (
        [path] if path.is_file() else [*sorted(path.glob("*.json")), *sorted((path / "annotations").glob("*.json"))]
    )
    found = []
    for one in places:
        try:
            if one.suffix == ".json" and is_marks(read_json(one)):
                found.append(one)
        except (SeewhyError, OSError):
            continue
    if len(found) > 1:
        tests = [one for one in found if "test" in one.stem] or [one for one in found if "val" in one.stem]
        found = tests or found
    return found[0] if len(found) == 1 else None
