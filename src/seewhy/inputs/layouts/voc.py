"""Pascal VOC: JPEGImages, Annotations (XML), SegmentationClass, ImageSets."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.labels import label_of_image
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import PUBLISHED, Finding, Reading

NAME = "voc"
ABOUT = "Pascal VOC: a folder with JPEGImages and Annotations (XML) or SegmentationClass"
LARGEST = 2_000_000  # bytes of an annotation
TWENTY = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog"),
    *("horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


def recognise(path: Path) -> Finding | None:
    """JPEGImages beside Annotations or SegmentationClass, or XML beside the images."""
    folder = _voc_folder(path)
    if folder is None:
        return None
    marks = (folder / "Annotations").is_dir()
    told = f"JPEGImages and {'Annotations' if marks else 'SegmentationClass'}, as Pascal VOC has them"
    return Finding(NAME, told, PUBLISHED, "multilabel" if marks else "segmentation")


def read(path: Path, settings: Dataset) -> Reading:
    """Each image with its boxes, labels, mask, and the split whose list names it."""
    folder = _voc_folder(path)
    if folder is None:
        raise SeewhyError(f"'{path.name}' is not laid out as VOC; allowed: {ABOUT}")
    splits = _listed_splits(folder, "Segmentation" if settings.task == "segmentation" else "Main")
    rows, names = [], set()
    for file in walk.list_pictures(folder / "JPEGImages"):
        if splits and file.stem not in splits:
            continue
        marks = _read_marks(folder / "Annotations" / f"{file.stem}.xml")
        names |= {name for name, _ in marks}
        mask = folder / "SegmentationClass" / f"{file.stem}.png"
        rows.append(
            {
                "image": str(file),
                "boxes": json.dumps([box for _, box in marks]),
                "label": label_of_image(sorted({name for name, _ in marks}), settings.task),
                "mask": str(mask) if mask.is_file() else "",
                "split": splits.get(file.stem, ""),
            }
        )
    frame = pd.DataFrame(rows)
    if frame.empty:
        raise SeewhyError(f"no image of '{path.name}' is named in its lists")
    classes = [*TWENTY] if names <= set(TWENTY) else sorted(names)
    segments = settings.task == "segmentation"
    unused = ["label"] if segments else ["mask"] if not frame["mask"].any() or settings.task == "multilabel" else []
    unused += [] if splits else ["split"]
    return Reading(frame.drop(columns=unused), ["background", *classes] if segments else classes)


def _voc_folder(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    for one in (path, *sorted(path.glob("VOC*")), *sorted(path.glob("VOCdevkit/VOC*"))):
        if (one / "JPEGImages").is_dir() and any(
            (one / name).is_dir() for name in ("Annotations", "SegmentationClass")
        ):
            return one
    return None


def _listed_splits(folder: Path, kind: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for split in ("train", "val", "test"):
        file = folder / "ImageSets" / kind / f"{split}.txt"
        if file.is_file():
            lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
            found |= {line[0]: split for line in lines if line}
    return found


def _read_marks(file: Path) -> list[tuple[str, list[float]]]:
    """Names and boxes in an annotation; VOC counts pixels from 1 and its boxes hold their last one."""
    if not file.is_file():
        return []
    text = file.read_bytes()
    if len(text) > LARGEST or b"<!" in text.replace(b"<!--", b""):
        raise SeewhyError(f"annotation '{file.name}' declares a document type or is too long; allowed: plain XML")
    try:
        objects = ElementTree.fromstring(text).findall("object")
        return [(str(one.findtext("name")).strip(), _box_corners(one.find("bndbox"))) for one in objects]
    except (ElementTree.ParseError, TypeError, ValueError) as error:
        raise SeewhyError(f"annotation '{file.name}' cannot be read: {error}") from None


def _box_corners(found: Any) -> list[float]:
    x0, y0, x1, y1 = (float(found.findtext(name)) for name in ("xmin", "ymin", "xmax", "ymax"))
    return [max(0.0, x0 - 1), max(0.0, y0 - 1), x1, y1]
