"""One row of a dataset, checked: its image decoded, its mask of equal size, its boxes in the image."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from seewhy.config import artifacts
from seewhy.config.dataset import Dataset as Settings
from seewhy.errors import SeewhyError
from seewhy.inputs.paths import Lookup, path_from_root
from seewhy.inputs.picture_files import open_image
from seewhy.inputs.sources import NO_CLASS, split_address


@dataclass(frozen=True)
class Check:
    """What the rows of a dataset are checked against; `mask_steps` makes class indices of a mask's values."""

    classes: list[str]
    settings: Settings
    lookup: Lookup
    mask_steps: str = ""

    def __call__(self, row: dict[str, str], where: str) -> dict[str, Any]:
        """The checked row; raises SeewhyError, which begins with `where`, for what is wrong in it."""
        path = self.lookup.resolve_file(row["image"], where)
        image = _open_checked(path, where)
        checked: dict[str, Any] = {
            "image": path_from_root(path, self.lookup.root),
            "width": image.width,
            "height": image.height,
            "sha256": _image_digest(path, image),
            "split": row.get("split") or "test",
            "label": row.get("label") or None,
            "caption": row.get("caption") or None,
            "boxes": json.dumps(_check_boxes(row.get("boxes", ""), image.size, where)),
        }
        for column in filter(is_mask, row):
            checked[column] = self._check_mask(row[column], column, image.size, where)
        more = ("uncertain", *self.settings.keep)
        if self.settings.group:
            checked["image_group"] = row[self.settings.group] or None
        return checked | {name: row[name] for name in more if name in row and name not in checked}

    def _check_mask(self, found: str, column: str, size: tuple[int, int], where: str) -> str | None:
        """The mask's address; of a segmentation's own mask every value must be one of the classes, or `NO_CLASS`."""
        if not found:
            return None
        place = f"{column}, {where}"
        path = self.lookup.resolve_file(found, place, search=False)
        own = self.settings.task == "segmentation" and column == "mask"
        address = Path(f"{path}{self.mask_steps}") if own else path
        mask = _open_checked(address, place, "L")
        if mask.size != size:
            raise SeewhyError(f"{place}: mask '{found}' is {mask.size}, its image {size}; allowed: equal sizes")
        most = len(self.classes) if len(self.classes) > 1 else 2  # one name is that of what is not the background
        strange = [value for value in np.unique(np.asarray(mask)) if most <= value != NO_CLASS] if own else []
        if strange:
            raise SeewhyError(
                f"{place}: mask '{found}' has the value {strange[0]}; allowed: a class index up to {most - 1}, "
                f"or {NO_CLASS} for none"
            )
        return path_from_root(address, self.lookup.root)


def _open_checked(path: Path, where: str, mode: str = "RGB") -> Any:
    """The decoded image; every error begins with `where`, also that of a file that holds many."""
    try:
        return open_image(path, where, mode)
    except SeewhyError as error:
        told = str(error)
        raise SeewhyError(told if told.startswith(where) else f"{where}: {told}") from None


def is_mask(column: str) -> bool:
    """Whether a column is one of masks."""
    return column == "mask" or column.endswith("_mask")


def _image_digest(path: Path, image: Any) -> str:
    """Hash of the file, or of the pixels of an image that shares its file with others."""
    return sha256(image.tobytes()).hexdigest() if split_address(path)[1] else artifacts.file_sha256(path)


def _check_boxes(found: str, size: tuple[int, int], where: str) -> list[list[float]]:
    try:
        boxes = np.asarray(json.loads(found or "[]"), dtype=float)
    except (ValueError, TypeError, OverflowError, RecursionError):
        boxes = np.empty(0)[None]
    if boxes.shape == (0,):
        return []
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        raise SeewhyError(f"boxes in {where}: found {found[:80]!r}; allowed: a JSON list of [x0, y0, x1, y1]")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise SeewhyError(f"boxes in {where}: found {found[:80]!r}; allowed: x0 < x1 and y0 < y1")
    if (boxes[:, :2] >= size).any() or (boxes[:, 2:] <= 0).any():
        raise SeewhyError(
            f"boxes in {where}: found {found[:80]!r}; allowed: pixels of the image, {size[0]} x {size[1]}"
        )
    return boxes.tolist()
