"""Where an image lands in the network's input, step by step: boxes and masks follow the same operations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Float

from seewhy.config.preprocessing import Crop, Pad, Preprocessing, Resize, Step, fixed_size, height_and_width
from seewhy.errors import SeewhyError

LARGEST = 120_000_000  # pixels; PIL itself only warns up to twice its limit
Sides = tuple[int, int]  # width, height


@dataclass(frozen=True)
class Resized:
    """The whole picture brought to `size` (width, height)."""

    size: Sides
    step: Resize


@dataclass(frozen=True)
class Window:
    """A part of the picture: `size` (width, height) from `start` (x, y); what lies outside is filled as `pad` says."""

    start: tuple[int, int]
    size: Sides
    pad: Pad


Operation = Resized | Window
BLACK = Pad()


def operations_of(step: Step, size: Sides) -> Iterator[Operation]:
    """What a step does to a picture of `size` (width, height); nothing for a step that moves no pixel."""
    if isinstance(step, Resize):
        yield from _resize_operations(step, size)
    elif isinstance(step, Crop):
        yield from _crop_operations(step, size)
    elif isinstance(step, Pad):
        yield _pad_window(step, size)


def _resize_operations(step: Resize, size: Sides) -> Iterator[Operation]:
    if step.rule == "crop_first":
        window = _fastai_window(step, size, crop=True)
        yield Window(*window, BLACK)
    if step.rule == "pad_first":
        window = _fastai_window(step, size, crop=False)
        yield Window(*window, Pad(mode="reflect"))
    target = _target_size(step, size)
    if target[0] * target[1] > LARGEST:
        raise SeewhyError(f"an image of {size[0]} x {size[1]} pixels is too long to crop; allowed: squash or pad")
    yield Resized(target, step)


def _target_size(step: Resize, size: Sides) -> Sides:
    """(width, height) after the resize of a picture of `size`."""
    height, width = height_and_width(step.size)
    if step.rule in ("squash", "crop_first", "pad_first"):
        return width, height
    if step.rule == "cover":
        return _covering_size(step, size, (width, height))
    if step.rule == "contain":
        factor = min(width / size[0], height / size[1])
        return _rounded_side(size[0] * factor, "nearest"), _rounded_side(size[1] * factor, "nearest")
    short, long = min(size), max(size)
    if step.rule == "shorter":
        new_short, new_long = width, _rounded_side(width * long / short, step.rounding)
        if step.max_size is not None and new_long > step.max_size:
            new_short, new_long = int(step.max_size * new_short / new_long), step.max_size
    else:
        new_short, new_long = _rounded_side(width * short / long, step.rounding), width
    return (new_short, new_long) if size[0] <= size[1] else (new_long, new_short)


def _rounded_side(value: float, how: str) -> int:
    return max(1, round(value) if how == "nearest" else int(value))


def _covering_size(step: Resize, size: Sides, target: Sides) -> Sides:
    """`size` scaled to cover `target`: one side exact, the other by `rounding`."""
    if target[0] * size[1] >= target[1] * size[0]:
        return target[0], _rounded_side(target[0] * size[1] / size[0], step.rounding)
    return _rounded_side(target[1] * size[0] / size[1], step.rounding), target[1]


def _fastai_window(step: Resize, size: Sides, crop: bool) -> tuple[tuple[int, int], Sides]:
    """Start and size of the part that has the shape of `step.size`: within the picture, or around it."""
    height, width = height_and_width(step.size)
    ratios = size[0] / width, size[1] / height
    factor = min(ratios) if crop else max(ratios)
    inner = int(factor * width), int(factor * height)
    return (int(0.5 * (size[0] - inner[0])), int(0.5 * (size[1] - inner[1]))), inner


def _crop_operations(step: Crop, size: Sides) -> Iterator[Operation]:
    """torchvision's CenterCrop: pads what is too small, then cuts; round() takes half a pixel to the even side."""
    height, width = step.size
    target = max(size[0], width), max(size[1], height)
    if target != size:
        yield Window((-((target[0] - size[0]) // 2), -((target[1] - size[1]) // 2)), target, BLACK)
    spare = target[0] - width, target[1] - height
    if any(spare):
        start = tuple(round(one / 2) if step.origin == "even" else one // 2 for one in spare)
        yield Window((start[0], start[1]), (width, height), BLACK)


def _pad_window(step: Pad, size: Sides) -> Window:
    if step.sides is not None:
        left, top, right, bottom = step.sides
        return Window((-left, -top), (size[0] + left + right, size[1] + top + bottom), step)
    longest = max(size)
    height, width = step.size or (longest, longest)
    target = max(size[0], width), max(size[1], height)
    left, top = (_padding_before(whole - own, step.origin) for whole, own in zip(target, size, strict=True))
    return Window((-left, -top), target, step)


def _padding_before(spare: int, origin: str) -> int:
    """How much of the padding comes first, to the left or above."""
    if origin == "down":
        return spare // 2
    return round(spare / 2) if origin == "even" else round(spare / 2 - 0.1)


@dataclass(frozen=True)
class Fit:
    """Where an image of `size` (width, height) lands in the network's input, by `operations` in order."""

    size: Sides
    operations: tuple[Operation, ...]

    @classmethod
    def of_image(cls, size: Sides, preprocessing: Preprocessing) -> "Fit":
        """Geometry of `preprocessing` for an image of `size` (width, height)."""
        now, found = size, list[Operation]()
        for step in preprocessing.pipeline:
            for operation in operations_of(step, now):
                found.append(operation)
                now = operation.size
        return cls(size, tuple(found))

    @property
    def canvas(self) -> Sides:
        """(width, height) of the network's input for this image."""
        return self.operations[-1].size if self.operations else self.size

    @property
    def shown_part(self) -> tuple[float, float, float, float]:
        """Which part of the image the canvas shows: x0, y0, x1, y1 in shares of its sides, beyond 0 to 1 if padded."""
        sizes = [self.size, *(one.size for one in self.operations)]
        corners = np.array([0.0, 0.0, *self.canvas])
        for operation, before in zip(reversed(self.operations), reversed(sizes[:-1]), strict=True):
            corners = _corners_before(operation, corners, before)
        x0, y0, x1, y1 = (corners / np.array([*self.size, *self.size])).tolist()
        return x0, y0, x1, y1

    def move_boxes(self, boxes: Sequence[Sequence[float]], size: Sides | None = None) -> Float[np.ndarray, "k 4"]:
        """Pixel boxes (xyxy) of the file in pixels of the canvas, clipped to it; those outside are dropped.

        `size` (width, height) is that of the image where the boxes were drawn on a copy of another size.
        """
        drawn = np.array([*(size or self.size)] * 2)
        start = np.asarray(boxes, dtype=float).reshape(-1, 4) * (np.array([*self.size] * 2) / drawn)
        sizes = [self.size, *(one.size for one in self.operations)]
        moved = reduce(_boxes_after, zip(self.operations, sizes[:-1], strict=True), start)
        return moved[(moved[:, 2:] > moved[:, :2]).all(1)]


def _boxes_after(boxes: np.ndarray, given: tuple[Operation, Sides]) -> np.ndarray:
    """Boxes after an operation on a picture of that size, clipped to what is left of it."""
    operation, before = given
    if isinstance(operation, Resized):
        return boxes * np.array([operation.size[0] / before[0], operation.size[1] / before[1]] * 2)
    return (boxes - np.array(operation.start * 2)).clip(0, np.array(operation.size * 2))


def _corners_before(operation: Operation, corners: np.ndarray, before: Sides) -> np.ndarray:
    """Corners (x0, y0, x1, y1) before an operation, from those after it."""
    if isinstance(operation, Resized):
        return corners * np.array([before[0] / operation.size[0], before[1] / operation.size[1]] * 2)
    return corners + np.array(operation.start * 2)


def canvas_size(preprocessing: Preprocessing) -> tuple[int, int]:
    """(height, width) of the network's input."""
    if preprocessing.size is not None:
        return height_and_width(preprocessing.size)
    found = fixed_size(preprocessing.pipeline)
    if found is None:
        raise SeewhyError("preprocessing.size is not set; allowed: pixels, or [height, width]")
    return found
