"""Image files -> decoded pictures: colours of 8 bits, or the numbers and bands of a file that holds those."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps

from seewhy.config.preprocessing import Preprocessing
from seewhy.errors import SeewhyError
from seewhy.inputs.geometry import LARGEST
from seewhy.inputs.raster import Picture
from seewhy.inputs.sources import as_picture, open_picture, open_source

Exif = Literal["upright", "stored"]
WITH_NUMBERS = (".npy", ".tif", ".tiff", ".dcm")  # files that may hold numbers in place of colours


def open_image(path: Path, where: str = "", mode: str = "RGB", exif: Exif = "upright") -> Image.Image:
    """The decoded image in `mode`: RGB, or L for a mask, whose values stay as they are in the file.

    `exif`: turned upright as every viewer shows it, or as the pixels lie in the file. Raises SeewhyError for a file
    that is none, is damaged, or larger than `LARGEST` pixels.
    """
    place = f"{where}: " if where else ""
    try:
        with open_picture(path) as image:
            if image.width * image.height > LARGEST:
                raise SeewhyError(
                    f"{place}image '{path.name}' has {image.width} x {image.height} pixels; allowed: {LARGEST:,}"
                )
            turned = _turned_upright(image) if exif == "upright" else image
            return _mask_values(turned) if mode == "L" else _eight_bit(turned).convert(mode)
    except FileNotFoundError:
        raise SeewhyError(f"{place}there is no image '{path}'") from None
    except SeewhyError:
        raise
    except Exception as error:  # a damaged file makes PIL's decoders fail in every way there is
        raise SeewhyError(f"{place}image '{path.name}' cannot be read: {' '.join(str(error).split())}") from None


def exif_orientation(path: Path) -> int:
    """The EXIF orientation, 1 to 8: 1 for a file that says nothing, or no image."""
    try:
        with Image.open(path) as image:
            found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a damaged header says nothing
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned_upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says; as it is where EXIF is damaged."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # PIL fails in several ways on damaged EXIF
        return image


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


def _mask_values(mask: Image.Image) -> Image.Image:
    """A mask's own numbers: palette indices, not their colours; large 16-bit values cut at 255, not scaled away."""
    if mask.mode in ("P", "1") or mask.mode.startswith("I"):
        return Image.fromarray(np.asarray(mask).clip(0, 255).astype(np.uint8))
    return mask.convert("L")


def read_picture(path: Path, preprocessing: Preprocessing) -> Picture:
    """What lies at a path or address, as the first step takes it: red, green, blue, or `bands` in their place.

    Bytes, or float32 of 0 to 255 where the file holds numbers: floats of 0 to 1 are multiplied by 255, so that the
    step which divides by 255 gives the file's own. Raises SeewhyError where the file has fewer bands.
    """
    values = _numbers_at(path) if path.suffix.lower() in WITH_NUMBERS or "#" in path.name else None
    if values is None:
        if preprocessing.bands is not None:
            raise SeewhyError(f"bands: image '{path.name}' has none; allowed: a TIFF of several, an array")
        return np.asarray(open_image(path, exif=preprocessing.exif))
    return _colours_of(values, preprocessing.bands, path)


def _numbers_at(path: Path) -> np.ndarray | None:
    """The array (h, w) or (h, w, bands) where a file holds numbers that are no 8-bit colours; None for a picture."""
    try:
        found = open_source(path)
    except FileNotFoundError:
        raise SeewhyError(f"there is no image '{path}'") from None
    except SeewhyError:
        raise
    except Exception as error:  # a damaged file
        raise SeewhyError(f"image '{path.name}' cannot be read: {' '.join(str(error).split())}") from None
    is_number = isinstance(found, np.ndarray) or found.mode == "F"
    return np.asarray(found) if is_number else None


def _colours_of(values: np.ndarray, bands: Sequence[int] | None, path: Path) -> Picture:
    """Three channels of an array: its bands, the first three, or one three times."""
    whole = values[..., None] if values.ndim == 2 else values
    count = whole.shape[2]
    chosen = list(bands or ((1, 2, 3) if count >= 3 else (1,)))
    if max(chosen) > count:
        raise SeewhyError(f"bands: found {chosen}; image '{path.name}' has {count}; allowed: 1 to {count}")
    colours = whole[..., [band - 1 for band in chosen]]
    if colours.dtype.kind != "f":
        return np.stack(
            [np.asarray(as_picture(one)) for one in np.moveaxis(colours, 2, 0)] * (3 // len(chosen)), axis=2
        )
    if not np.isfinite(colours).all() or colours.min() < 0 or colours.max() > 255:
        raise SeewhyError(f"image '{path.name}': its numbers are no colours; allowed: 0 to 1, or 0 to 255")
    numbers = colours.astype(np.float32) * np.float32(255 if colours.max() <= 1 else 1)
    return numbers.repeat(3 // len(chosen), axis=2)
