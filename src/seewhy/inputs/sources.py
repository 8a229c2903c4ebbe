"""Where an image lies, as an address: a file, or a file and a place in it, as `images.npz#test_images/17`.

    photos/17.png                     the file
    images.npz#test_images/17         row 17 of an array (also .npy, .pt, .mat, MNIST idx, CIFAR, Parquet, Arrow)
    fer2013.csv#pixels/17             row 17 of a column of pixels
    marks.json#mask/42                the polygons of image 42 in COCO's marks, drawn as class indices
    mask.png#values=0,255             a mask whose values 0 and 255 stand for class 0 and class 1
    mask.jpg#above=127                a mask whose values above 127 stand for class 1
    mask.png#colours=000000,80ff00    a mask whose colours stand for class 0 and class 1; other colours: no class

Nothing in a file is run.
"""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import containers
from seewhy.inputs.containers import LARGEST

MARK = "#"
NO_CLASS = 255  # of a mask's pixel
CHANNELS = (1, 3, 4)
TIFF = (".tif", ".tiff")


def split_address(address: Path | str) -> tuple[Path, list[str]]:
    """The file of an address, and what is asked of it: ("images.npz", ["test_images/17"]).

    A file whose name has the mark in it is taken as a file.

    >>> split_address("no/such.npz#test_images/17")
    (PosixPath('no/such.npz'), ['test_images/17'])
    """
    whole = str(address)
    if MARK not in whole or _is_file(whole):
        return Path(whole), []
    places = [place for place, sign in enumerate(whole) if sign == MARK]
    end = next((place for place in reversed(places) if _is_file(whole[:place])), places[0])
    return Path(whole[:end]), whole[end + 1 :].split(MARK)


def source_file(address: Path | str) -> Path:
    """The file of an address: what is watched for changes, and linked to."""
    return split_address(address)[0]


def open_source(address: Path | str) -> Image.Image | np.ndarray:
    """What lies at an address: a picture, or an array (h, w) or (h, w, bands) of numbers that are no 8-bit colours.

    Raises SeewhyError for what is asked and not there, anything for a damaged file.
    """
    file, asked = split_address(address)
    readings = [one for one in asked if "=" in one.partition("/")[0]]
    inside = [one for one in asked if one not in readings]
    found = _open_inside(file, inside)
    for one in readings:
        kind, _, values = one.partition("=")
        if kind not in MASK_READINGS:
            raise SeewhyError(f"'{kind}=' in the address of '{file.name}'; allowed: {list_names(MASK_READINGS)}")
        found = Image.fromarray(MASK_READINGS[kind](found, values.split(",")))
    return found


def open_picture(address: Path | str) -> Image.Image:
    """What lies at an address as a picture of 8 bits a channel; PIL's own, not yet decoded, for a plain image file."""
    found = open_source(address)
    return found if isinstance(found, Image.Image) else as_picture(found)


def _open_inside(file: Path, inside: list[str]) -> Image.Image | np.ndarray:
    if inside:
        found = containers.read_element(file, inside[0])
    elif file.suffix.lower() in (".npy", ".dcm"):
        found = containers.read_single_image(file)
    elif file.suffix.lower() in TIFF and _has_bands(file):
        found = _read_tiff(file)
    else:
        return _check_size(Image.open(file), file)
    if not isinstance(found, np.ndarray):
        return found
    array = channels_last(found)
    return as_picture(array) if array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2] in CHANNELS) else array


def _check_size(image: Image.Image, file: Path) -> Image.Image:
    if image.width * image.height > LARGEST:
        raise SeewhyError(f"image '{file.name}' has {image.width} x {image.height} pixels; allowed: {LARGEST:,}")
    return image


def channels_last(array: np.ndarray) -> np.ndarray:
    """An array as (h, w) or (h, w, channels): channels that come first are put last, single ones are left out.

    >>> channels_last(np.zeros((3, 32, 28))).shape, channels_last(np.zeros((28, 28, 1))).shape
    ((32, 28, 3), (28, 28))
    """
    if array.ndim == 3 and array.shape[0] in CHANNELS and array.shape[2] not in CHANNELS:
        array = array.transpose(1, 2, 0)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise SeewhyError(f"an array of shape {array.shape} is no image; allowed: (h, w), (h, w, c) and (c, h, w)")
    return array


def as_picture(array: np.ndarray) -> Image.Image:
    """An array (h, w) or (h, w, channels) as an 8-bit picture, of many bands the first three.

    16-bit values lose their lower byte; floats are taken from 0 to 1, or from 0 to 255. Raises ValueError for others.
    """
    if array.ndim == 3 and array.shape[2] not in CHANNELS:
        array = array[..., :3] if array.shape[2] > 3 else array[..., 0]
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    if array.dtype.kind == "f":
        values = array.astype(np.float32)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 255:
            raise ValueError("its numbers are no colours; allowed: 0 to 1, or 0 to 255")
        array = (values * (255 if values.max() <= 1 else 1)).round()
    elif array.dtype.kind in "iu" and array.dtype.itemsize > 1:
        eight_bit = array.dtype.itemsize > 2 and int(array.max()) <= 255  # colours in numpy's usual kind of number
        array = array if eight_bit else array.astype(np.int64) >> 8
    return Image.fromarray(np.ascontiguousarray(array.clip(0, 255).astype(np.uint8)))


def class_of_value(mask: Image.Image | np.ndarray, values: list[str]) -> UInt8[np.ndarray, "h w"]:
    """Class indices of a mask in which the value `values[k]` stands for class k; any other value is of no class."""
    table = np.full(256, NO_CLASS, np.uint8)
    table[[int(value) for value in values]] = np.arange(len(values), dtype=np.uint8)
    return table[plain_values(mask)]


def class_above(mask: Image.Image | np.ndarray, values: list[str]) -> UInt8[np.ndarray, "h w"]:
    """Class indices of a mask in which what is brighter than the value stands for class 1."""
    return (plain_values(mask) > int(values[0])).astype(np.uint8)


def class_of_colour(mask: Image.Image | np.ndarray, colours: list[str]) -> UInt8[np.ndarray, "h w"]:
    """Class indices of a mask in which the colour `colours[k]`, as rrggbb, stands for class k."""
    packed = packed_colours(mask)
    found = np.full(packed.shape, NO_CLASS, np.uint8)
    for index, colour in enumerate(colours):
        found[packed == int(colour, 16)] = index
    return found


MASK_READINGS = {"values": class_of_value, "above": class_above, "colours": class_of_colour}


def packed_colours(mask: Image.Image | np.ndarray) -> np.ndarray:
    """Each pixel's colour as one number, 0xrrggbb."""
    picture = mask if isinstance(mask, Image.Image) else as_picture(mask)
    red, green, blue = np.asarray(picture.convert("RGB")).astype(np.int64).transpose(2, 0, 1)
    return (red << 16) + (green << 8) + blue


def plain_values(mask: Image.Image | np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """A mask's own numbers: palette indices, not their colours; values above 255 are cut there, not scaled away."""
    if isinstance(mask, Image.Image):
        if mask.mode not in ("P", "1") and not mask.mode.startswith("I"):
            return np.asarray(mask.convert("L"))
        mask = np.asarray(mask)
    if mask.ndim == 3:
        return np.asarray(as_picture(mask).convert("L"))
    return mask.clip(0, 255).astype(np.uint8)


def _has_bands(file: Path) -> bool:
    """Whether a TIFF is one that PIL cannot give the bands of, or gives as a picture that it is not."""
    import tifffile

    try:
        with tifffile.TiffFile(file) as tiff:
            series = tiff.series[0]
            samples = series.shape[-1] if len(series.shape) == 3 else 1
            return len(series.shape) == 3 and (samples not in (3, 4) or series.dtype != np.uint8)
    except (tifffile.TiffFileError, IndexError, ValueError):
        return False


def _read_tiff(file: Path) -> np.ndarray:
    import tifffile

    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[0]
        if int(np.prod(series.shape)) > LARGEST:
            raise SeewhyError(f"image '{file.name}' has the shape {series.shape}; allowed: {LARGEST:,} values")
        array = series.asarray()
    # bands come first in files of one plane a band: there are fewer of them than pixels a side
    return array.transpose(1, 2, 0) if array.ndim == 3 and array.shape[0] < min(array.shape[1:]) else array


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False
