"""Labels, class names, boxes and masks of a session -> the columns of a manifest."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs.class_names import check_distinct

QUANTITY = "value"


def class_names(classes: Any, outputs: int, task: str) -> tuple[list[str], str]:
    """The names in the order of the outputs, and a sentence where they are numbers for want of any.

    Raises SeewhyError for another number of names than outputs: one output is two classes, where it is no quantity.
    """
    count = 2 if outputs == 1 and task in ("classification", "segmentation") else outputs
    if classes is None and task == "regression":
        return ([QUANTITY] if count == 1 else [f"{QUANTITY} {number}" for number in range(count)]), ""
    if classes is None:
        return [str(number) for number in range(count)], f"no class names are given: classes are 0 to {count - 1}"
    if isinstance(classes, str) or not isinstance(classes, Sequence | np.ndarray):
        raise SeewhyError(f"classes: found {classes!r}; allowed: a list of names in the order of the outputs")
    names = check_distinct([str(one).strip() for one in classes], "classes")
    if len(names) != count or "" in names:
        found = "an empty name" if "" in names else f"{len(names)} names ({list_names(names)})"
        said = f"the model returns {outputs} value{'s' * (outputs != 1)} an image"
        two = (
            ', or task="classification", where one output is two classes' if (task, count) == ("multilabel", 1) else ""
        )
        allowed = f"{count} name{'s' * (count != 1)} in the order of the outputs{two}"
        raise SeewhyError(f"classes: found {found}; {said}; allowed: {allowed}")
    return names, ""


def label_texts(labels: Any, count: int, classes: Sequence[str], task: str) -> list[str]:
    """A text for each image as a manifest has it; empty where nothing is known.

    Raises SeewhyError for another number of labels than images, and for what is no label of the task.
    """
    if task == "segmentation":
        raise SeewhyError("labels: found some for segmentation; allowed: `masks`, one an image")
    values = _as_list(labels, "labels")
    if len(values) != count:
        raise SeewhyError(f"labels: found {len(values)} for {count} images; allowed: one label an image")
    if task == "regression":
        return [_number_text(one, len(classes), place) for place, one in enumerate(values)]
    if task == "multilabel":
        return [_several_text(one, classes, place) for place, one in enumerate(values)]
    return [_class_text(one, classes, f"labels, image {place}") for place, one in enumerate(values)]


def _as_list(values: Any, argument: str) -> list[Any]:
    """Plain values of a list, an array, a tensor or a Series."""
    found = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(found, str | dict) or not isinstance(found, Sequence):
        raise SeewhyError(f"{argument}: found {type(values).__name__}; allowed: one value an image, in a list or array")
    return [one.tolist() if hasattr(one, "tolist") else one for one in found]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _class_text(value: Any, classes: Sequence[str], where: str) -> str:
    if _is_missing(value):
        return ""
    if isinstance(value, str):
        if value.strip() in classes:
            return value.strip()
        if list(classes) == [str(number) for number in range(len(classes))]:
            raise SeewhyError(f"{where}: found the name '{value}', but no `classes`; allowed: classes=[...] or indices")
        raise unknown_name("label", value, classes, where)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or not 0 <= int(value) < len(classes):
        raise SeewhyError(f"{where}: found {value!r}; allowed: an index of 0 to {len(classes) - 1}, or a class name")
    return classes[int(value)]


def _several_text(value: Any, classes: Sequence[str], place: int) -> str:
    """A JSON list of names, from a row of 0 and 1, or from a list of names."""
    where = f"labels, image {place}"
    if _is_missing(value):
        return ""
    row = [value] if isinstance(value, int | float) else _as_list(value, where)
    if all(isinstance(one, str) for one in row):
        return json.dumps([_class_text(one, classes, where) for one in row], ensure_ascii=False)
    if len(row) != len(classes) or any(one not in (0, 1) for one in row):
        each = f"{len(classes)} class{'es' * (len(classes) != 1)}"
        raise SeewhyError(f"{where}: found {row!r}; allowed: a 0 or 1 for each of {each}, or names")
    return json.dumps([name for name, one in zip(classes, row, strict=True) if one], ensure_ascii=False)


def _number_text(value: Any, count: int, place: int) -> str:
    row = value if isinstance(value, list | tuple) else [value]
    if all(map(_is_missing, row)):
        return ""
    if len(row) != count or not all(isinstance(one, int | float) and np.isfinite(one) for one in row):
        raise SeewhyError(f"labels, image {place}: found {value!r}; allowed: {count} finite number{'s' * (count > 1)}")
    return json.dumps([float(one) for one in row])


def box_texts(boxes: Any, count: int) -> list[str]:
    """The boxes of each image, [[x0, y0, x1, y1], ...] in its pixels, as JSON; empty where there are none."""
    values = _as_list(boxes, "boxes")
    if len(values) != count:
        raise SeewhyError(f"boxes: found {len(values)} for {count} images; allowed: a list of boxes an image")
    return [_box_text(one, place) for place, one in enumerate(values)]


def _box_text(boxes: Any, place: int) -> str:
    try:
        found = np.asarray([] if boxes is None else boxes, float)
        return json.dumps(found.reshape(-1, 4).tolist()) if found.size else ""
    except (TypeError, ValueError):
        raise SeewhyError(f"boxes, image {place}: found {boxes!r}; allowed: [[x0, y0, x1, y1], ...]") from None


def mask_files(masks: Any, count: int, task: str, folder: Path) -> list[str]:
    """The mask of each image as a file: paths as they are, arrays (h, w) as PNG; empty where there is none."""
    if not isinstance(masks, Sequence | np.ndarray | Tensor) or len(masks) != count:
        found = len(masks) if hasattr(masks, "__len__") else type(masks).__name__
        raise SeewhyError(f"masks: found {found} for {count} images; allowed: a path or an array (h, w) an image")
    return [_mask_file(one, place, task, folder) for place, one in enumerate(masks)]


def _mask_file(mask: Any, place: int, task: str, folder: Path) -> str:
    if mask is None:
        return ""
    if isinstance(mask, str | Path):
        return str(Path(mask).resolve())
    values = np.asarray(mask.cpu() if isinstance(mask, Tensor) else mask)
    fits = values.dtype == bool or (
        values.dtype.kind in "iu" and values.size and 0 <= values.min() <= values.max() <= 255
    )
    if values.ndim != 2 or not fits:
        said = f"{values.dtype} of shape {values.shape} for image {place}"
        raise SeewhyError(f"masks: found {said}; allowed: (h, w) of booleans or of whole numbers from 0 to 255")
    path = folder / "masks" / f"{place:05d}.png"
    path.parent.mkdir(exist_ok=True)
    most = 255 if values.dtype == bool and task != "segmentation" else 1
    Image.fromarray(values.astype(np.uint8) * most).save(path, compress_level=1)
    return path.relative_to(folder).as_posix()
