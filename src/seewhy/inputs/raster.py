"""One operation on one picture, as each library does it: to the last byte where pictures are 8-bit.

A picture is an array (height, width, channels) of uint8, or of float32 where the user's code resizes numbers.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Shaped
from PIL import Image

from seewhy.config.preprocessing import Grey, Pad, Resize
from seewhy.inputs.geometry import Operation, Resized, Window

Picture = Shaped[np.ndarray, "h w c"]
PIL_FILTERS = {name: Image.Resampling[name.upper()] for name in ("nearest", "bilinear", "bicubic", "lanczos", "box")}
PIL_FILTERS |= {"hamming": Image.Resampling.HAMMING, "area": Image.Resampling.BOX}
OPENCV_FLAGS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "area": cv2.INTER_AREA,
    "box": cv2.INTER_AREA,
    "hamming": cv2.INTER_AREA,
}
PIL_WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue in the luminance
NUMPY_PADS: dict[str, Any] = {"constant": "constant", "edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}


def writable_copy(picture: np.ndarray) -> np.ndarray:
    """The same values in a block of memory that torch may have: PIL's own are read-only."""
    return np.require(picture, requirements=["C", "W"])


def apply_operation(picture: Picture, operation: Operation, nearest: bool = False) -> Picture:
    """The picture after it; with `nearest` its values are class indices, which no filter may mix."""
    if isinstance(operation, Window):
        return cut_window(picture, operation)
    height, width = picture.shape[:2]
    step = operation.step.model_copy(update={"interpolation": "nearest"}) if nearest else operation.step
    if (width, height) == operation.size:
        return picture
    return resize_picture(picture, operation, step)


def resize_picture(picture: Picture, operation: Resized, step: Resize) -> Picture:
    """The picture at the operation's size, by the step's library and filter."""
    if step.library == "opencv":
        found = cv2.resize(
            np.ascontiguousarray(picture), operation.size, interpolation=OPENCV_FLAGS[step.interpolation]
        )
        return found.reshape(*found.shape[:2], picture.shape[2])
    if step.library == "pil":
        return _resize_by_pil(picture, operation, step)
    return _resize_by_torch(picture, operation, step)


def _resize_by_pil(picture: Picture, operation: Resized, step: Resize) -> Picture:
    kind = PIL_FILTERS[step.interpolation]
    if picture.dtype == np.uint8 and picture.shape[2] in (1, 3):
        image = Image.fromarray(np.ascontiguousarray(picture.squeeze(2) if picture.shape[2] == 1 else picture))
        found = np.asarray(image.resize(operation.size, kind))
        return found.reshape(*found.shape[:2], picture.shape[2])
    bands = [Image.fromarray(np.ascontiguousarray(picture[..., k])) for k in range(picture.shape[2])]
    return np.stack([np.asarray(band.resize(operation.size, kind)) for band in bands], axis=2)


def _resize_by_torch(picture: Picture, operation: Resized, step: Resize) -> Picture:
    functional, mode = _torchvision_functions(step.library == "torch"), _torch_mode(step.interpolation)
    channels_first = torch.from_numpy(writable_copy(picture.transpose(2, 0, 1)))
    width, height = operation.size
    found = functional.resize(channels_first, [height, width], interpolation=mode, antialias=step.antialias)
    return np.ascontiguousarray(found.numpy().transpose(1, 2, 0))


@cache
def _torchvision_functions(second: bool) -> Any:
    """torchvision's functions on tensors: those of v2, or those of its first API, which round otherwise."""
    from torchvision.transforms import functional
    from torchvision.transforms.v2 import functional as functional_v2

    return functional_v2 if second else functional


def _torch_mode(interpolation: str) -> Any:
    from torchvision.transforms import InterpolationMode

    return InterpolationMode(interpolation if interpolation in ("nearest", "bicubic", "lanczos") else "bilinear")


def cut_window(picture: Picture, window: Window) -> Picture:
    """The part of the picture that the window shows, filled outside as its `pad` says."""
    (x, y), (width, height) = window.start, window.size
    inner_x, inner_y = slice(max(0, x), x + width), slice(max(0, y), y + height)
    inner = picture[inner_y, inner_x]
    top, left = max(0, -y), max(0, -x)
    around = (top, height - inner.shape[0] - top), (left, width - inner.shape[1] - left)
    return pad_picture(inner, around, window.pad) if any(map(any, around)) else np.ascontiguousarray(inner)


def pad_picture(picture: Picture, around: Sequence[tuple[int, int]], pad: Pad) -> Picture:
    """The picture with a border `around` it: (above, below), (left, right)."""
    if pad.mode != "constant":
        return np.pad(picture, (*around, (0, 0)), mode=NUMPY_PADS[pad.mode])
    (top, bottom), (left, right) = around
    height, width, channels = picture.shape
    found = np.empty((height + top + bottom, width + left + right, channels), picture.dtype)
    found[:] = np.asarray(pad.fill).astype(picture.dtype)
    found[top : top + height, left : left + width] = picture
    return found


def grey_picture(picture: Picture, step: Grey) -> Picture:
    """The luminance of red, green and blue, as the step's library weighs and rounds them."""
    if picture.shape[2] == 1:
        grey = picture
    elif step.library == "pil" and picture.dtype != np.uint8:
        grey = (picture @ np.array(PIL_WEIGHTS, picture.dtype))[..., None]
        grey = picture[..., :1] if (picture == picture[..., :1]).all() else grey
    elif step.library == "opencv":
        grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)[..., None]
    elif step.library == "pil" and picture.dtype == np.uint8:
        grey = np.asarray(Image.fromarray(np.ascontiguousarray(picture)).convert("L"))[..., None]
    else:
        channels_first = torch.from_numpy(writable_copy(picture.transpose(2, 0, 1)))
        grey = (
            _torchvision_functions(step.library != "torch_v1")
            .rgb_to_grayscale(channels_first)
            .numpy()
            .transpose(1, 2, 0)
        )
    return grey.repeat(3, axis=2) if step.channels == 3 else grey
