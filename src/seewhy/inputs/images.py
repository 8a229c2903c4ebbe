"""Image files -> what the network sees. Boxes and masks follow the same geometry: maps can be held against them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from seewhy.config.params import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs.sources import open_picture

LARGEST = 120_000_000  # pixels; PIL itself only warns up to twice its limit
SHOWN = 400  # pixels a side: more than a panel of a figure has
FILTERS = {name: Image.Resampling[name.upper()] for name in ("nearest", "bilinear", "bicubic", "lanczos")}


def open_image(path: Path, where: str = "", mode: str = "RGB") -> Image.Image:
    """The decoded image in `mode`: RGB, or L for a mask, whose values stay as they are in the file.

    EXIF rotation is not applied: training code that calls `convert` does not either.
    """
    place = f"{where}: " if where else ""
    try:
        with open_picture(path) as image:
            if image.width * image.height > LARGEST:
                raise SeewhyError(
                    f"{place}image '{path.name}' has {image.width} x {image.height} pixels; allowed: {LARGEST:,}"
                )
            return _values(image) if mode == "L" else _eight_bit(image).convert(mode)
    except FileNotFoundError:
        raise SeewhyError(f"{place}there is no image '{path}'") from None
    except SeewhyError:
        raise
    except Exception as error:  # a damaged file makes PIL's decoders fail in every way there is
        raise SeewhyError(f"{place}image '{path.name}' cannot be read: {' '.join(str(error).split())}") from None


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit grey, and floats up to 1, scaled to 8 bits; PIL's own `convert` would clip them to white or black."""
    if image.mode == "F":
        values = np.asarray(image)
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
            raise ValueError("its numbers are no colours; allowed: 0 to 1, or 0 to 255")
        return Image.fromarray((values * (255 if values.max() <= 1 else 1)).round().astype(np.uint8))
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    return image


def _values(mask: Image.Image) -> Image.Image:
    """A mask's own numbers: palette indices, not their colours; large 16-bit values cut at 255, not scaled away."""
    if mask.mode in ("P", "1") or mask.mode.startswith("I"):
        return Image.fromarray(np.asarray(mask).clip(0, 255).astype(np.uint8))
    return mask.convert("L")


@dataclass(frozen=True)
class Fit:
    """Where an image of `size` (w, h) lands in the network's input: x -> x * scale + offset, for both axes."""

    resized: tuple[int, int]
    offset: tuple[int, int]
    canvas: tuple[int, int]

    @classmethod
    def of(cls, size: tuple[int, int], preprocessing: Preprocessing) -> "Fit":
        """Geometry of `preprocessing` for an image of `size` (width, height)."""
        height, width = canvas_size(preprocessing)
        if preprocessing.resize == "squash":
            resized = (width, height)
        elif preprocessing.resize == "crop":
            resized = _covering(size, (int(width / preprocessing.crop), int(height / preprocessing.crop)))
        else:
            factor = min(width / size[0], height / size[1])
            resized = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
        if resized[0] * resized[1] > LARGEST:
            raise SeewhyError(f"an image of {size[0]} x {size[1]} pixels is too long to crop; allowed: squash or pad")
        # round() of Python, as in torchvision's CenterCrop: half a pixel goes to the even side
        offset = (-round((resized[0] - width) / 2), -round((resized[1] - height) / 2))
        return cls(resized, offset, (width, height))

    @property
    def seen(self) -> tuple[float, float, float, float]:
        """Which part of the image the canvas shows: x0, y0, x1, y1 in shares of its sides, beyond 0 to 1 if padded."""
        (w, h), (x, y), (width, height) = self.resized, self.offset, self.canvas
        return -x / w, -y / h, (width - x) / w, (height - y) / h

    def image(self, image: Image.Image, resample: Image.Resampling) -> Image.Image:
        """`image` resized, cropped or padded with zeros to the canvas."""
        resized = image.resize(self.resized, resample)
        if self.resized == self.canvas:
            return resized
        canvas = Image.new(image.mode, self.canvas)
        canvas.paste(resized, self.offset)
        return canvas

    def boxes(self, boxes: Sequence[Sequence[float]], size: tuple[int, int]) -> Float[np.ndarray, "k 4"]:
        """Pixel boxes (xyxy) of the file in pixels of the canvas, clipped to it; those outside are dropped."""
        scale = np.array([self.resized[0] / size[0], self.resized[1] / size[1]] * 2)
        moved = np.asarray(boxes, dtype=float).reshape(-1, 4) * scale + np.array(self.offset * 2)
        moved = moved.clip(0, np.array(self.canvas * 2))
        return moved[(moved[:, 2:] > moved[:, :2]).all(1)]


def _covering(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """`size` scaled to cover `target`, rounded as torchvision's Resize does: one side exact, the other cut down."""
    if target[0] * size[1] >= target[1] * size[0]:
        return target[0], int(target[0] * size[1] / size[0])
    return int(target[1] * size[0] / size[1]), target[1]


def canvas_size(preprocessing: Preprocessing) -> tuple[int, int]:
    """(height, width) of the network's input."""
    size = preprocessing.size
    if size is None:
        raise SeewhyError("preprocessing.size is not set; allowed: pixels, or [height, width]")
    return (size, size) if isinstance(size, int) else size


def photos(paths: Sequence[Path], preprocessing: Preprocessing) -> UInt8[np.ndarray, "n h w 3"]:
    """Images fitted to the canvas, before scale, mean and std: what a person can look at.

    With `grey` they are turned grey first, as training code does, and have three equal channels.
    """
    fitted = []
    for path in paths:
        image = open_image(path)
        if preprocessing.grey:
            image = image.convert("L").convert("RGB")
        fitted.append(Fit.of(image.size, preprocessing).image(image, FILTERS[preprocessing.interpolation]))
    return np.stack([np.asarray(image) for image in fitted])


def original(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The file in its own colours and shape, shrunk to at most `SHOWN` pixels a side: for people, not for the model."""
    image = open_image(path)
    image.thumbnail((SHOWN, SHOWN))
    return np.asarray(image)


def part(path: Path, box: Sequence[float], size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    """The part `box` (x0, y0, x1, y1 in shares of its sides) of the file, in its own colours, as (height, width)."""
    image = open_image(path)
    x0, y0, x1, y1 = box
    inner = (x0 * image.width, y0 * image.height, x1 * image.width, y1 * image.height)
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR, box=inner))


def tensor(fitted: UInt8[np.ndarray, "n h w 3"], preprocessing: Preprocessing) -> Float[Tensor, "n c h w"]:
    """Fitted photos as the network's input: (pixel / 255 * scale - mean) / std; one channel with `grey`, else three."""
    channels = fitted[..., :1] if preprocessing.grey else fitted
    values = torch.from_numpy(channels).permute(0, 3, 1, 2).float() / 255 * preprocessing.scale
    mean, std = (
        torch.tensor(value).view(1, -1, 1, 1) for value in (preprocessing.mean or 0.0, preprocessing.std or 1.0)
    )
    return ((values - mean) / std).contiguous()


def mask(path: Path, preprocessing: Preprocessing) -> UInt8[np.ndarray, "h w"]:
    """A mask file fitted to the canvas by nearest neighbour, so that its values stay class indices."""
    image = open_image(path, mode="L")
    return np.asarray(Fit.of(image.size, preprocessing).image(image, Image.Resampling.NEAREST))
