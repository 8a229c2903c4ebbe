"""Files that hold many images: arrays, pickles of arrays, tables of pixels, Parquet and Arrow, marks as polygons.

`read_content` says what is in one, `read_column` gives a whole array or column of it, `read_element` one image. What
was read stays at hand for the next image of the same file, until the file changes.
"""

import io
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import pickles
from seewhy.inputs.file_formats import MEMORY, arrow_table, dicom_values, is_idx, npy_shape, npz_shapes, read_idx

LARGEST = 120_000_000  # pixels of an image; PIL itself only warns up to twice its limit
TORCH = (".pt", ".pth")
ROWS = (".parquet", ".arrow")
PIXELS = "pixel*"  # the key of columns pixel0, pixel1, ... of a CSV


def read_element(file: Path, asked: str) -> Image.Image | np.ndarray:
    """The image at `asked` in a file: a key and a row, as `test_images/17`, or only a row where there is one array.

    Raises SeewhyError for a key or row that is not there.
    """
    key, _, row = asked.rpartition("/")
    if file.suffix.lower() == ".json":
        from seewhy.inputs.layouts.coco import drawn_mask

        return drawn_mask(file, row)
    held = read_column(file, key)
    if not row.isdecimal() or int(row) >= len(held):
        raise SeewhyError(f"'{file.name}' has no row {row or asked!r} in '{key}'; allowed: 0 to {len(held) - 1}")
    return _picture_of_value(held[int(row)], file)


def _picture_of_value(value: Any, file: Path) -> Image.Image | np.ndarray:
    """An image from what a row holds: an array, encoded bytes, a path beside them, or numbers written as text."""
    if isinstance(value, dict):
        value = value.get("bytes") or (file.parent / str(value.get("path") or ""))
    if isinstance(value, bytes):
        return _decoded_image(io.BytesIO(value), file)
    if isinstance(value, Path):
        return _decoded_image(value, file)
    if isinstance(value, str):
        value = np.array(value.split(), dtype=np.uint8)
    array = np.asarray(value)
    if array.ndim == 1:  # CIFAR's rows of three planes, FER2013's of one
        channels = 3 if array.size % 3 == 0 and round((array.size / 3) ** 0.5) ** 2 * 3 == array.size else 1
        side = round((array.size / channels) ** 0.5)
        if side * side * channels != array.size:
            raise SeewhyError(f"{array.size} pixels in a row of '{file.name}' are no square image")
        array = array.reshape(channels, side, side) if channels > 1 else array.reshape(side, side)
    return array


def _decoded_image(source: Any, file: Path) -> Image.Image:
    with Image.open(source) as image:
        if image.width * image.height > LARGEST:
            raise SeewhyError(
                f"an image in '{file.name}' has {image.width} x {image.height} pixels; allowed: {LARGEST:,}"
            )
        image.load()
        return image


def read_column(file: Path, key: str) -> Any:
    """The array or column of that key; "" where the file has only one. Rows are taken from it by their number."""
    stat = file.stat()
    return _cached_column(file, key, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=6)
def _cached_column(file: Path, key: str, _changed: int, _size: int) -> Any:
    kind = file.suffix.lower()
    if kind == ".npy":
        return pickles.read_array(file) if _holds_objects(file) else np.load(file, mmap_mode="r", allow_pickle=False)
    if kind in ROWS:
        return Rows(arrow_table(file), key)
    if kind == ".csv" and key == PIXELS:
        return pd.read_csv(
            file, usecols=lambda name: name.strip().lower().startswith("pixel"), dtype=np.uint8
        ).to_numpy()
    if kind == ".csv":
        return pd.read_csv(file, usecols=lambda name: name.strip() == key, dtype=str).iloc[:, 0].tolist()
    if is_idx(file):
        return read_idx(file)
    held = read_content(file)
    if key not in held:
        raise unknown_name("array", key, held, f"'{file.name}'")
    found = held[key]
    return found() if callable(found) else found


class Rows:
    """A column of an Arrow table, one row at a time: the whole of it may be larger than the memory."""

    def __init__(self, table: Any, key: str):
        self.chunked = table.column(key)

    def __len__(self) -> int:
        return len(self.chunked)

    def __getitem__(self, row: int) -> Any:
        return self.chunked[row].as_py()


def read_content(file: Path) -> dict[str, Any]:
    """What a file of several arrays holds, by key; an array, or what gives it when called."""
    kind = file.suffix.lower()
    if kind == ".npz":
        return _npz_arrays(file)
    if kind == ".mat":
        from scipy.io import loadmat

        return {key: _last_first(value) for key, value in loadmat(file).items() if isinstance(value, np.ndarray)}
    if kind in TORCH:
        from seewhy.inputs import inert

        found = inert.read_inert(file)
        parts = (
            found
            if isinstance(found, dict)
            else dict(enumerate(found))
            if isinstance(found, tuple | list)
            else {"": found}
        )
        return {str(key): one.numpy() for key, one in parts.items() if hasattr(one, "numpy")}
    with file.open("rb") as stream:
        found = pickles.read_pickle(stream)
    return {_text_key(key): value for key, value in found.items()} if isinstance(found, dict) else {"": found}


def _text_key(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


def _last_first(array: np.ndarray) -> np.ndarray:
    """SVHN's images (h, w, c, n) as (n, h, w, c)."""
    return np.moveaxis(array, -1, 0) if array.ndim == 4 else array


def _npz_arrays(file: Path) -> dict[str, Any]:
    """Arrays of a .npz by name, each read when asked for; refused where one claims more memory than there can be."""
    held = np.load(file, allow_pickle=False)
    return {key: lambda key=key: _checked_array(held, key, file) for key in held.files}


def _checked_array(held: Any, key: str, file: Path) -> np.ndarray:
    shape, kind = npz_shapes(file)[key]
    if kind.hasobject:
        raise SeewhyError(f"'{key}' in '{file.name}' needs code to load; allowed: arrays of numbers or text")
    if prod(shape) * kind.itemsize > MEMORY:
        raise SeewhyError(f"'{key}' in '{file.name}' has the shape {shape}; allowed: {MEMORY >> 30} GB")
    return held[key]


def _holds_objects(file: Path) -> bool:
    return npy_shape(file)[1].hasobject


def read_single_image(file: Path) -> np.ndarray:
    """A file that is one image but no picture: an array, or DICOM."""
    if file.suffix.lower() == ".npy":
        return np.asarray(read_column(file, ""))
    try:
        import pydicom
    except ImportError:
        raise SeewhyError(f"'{file.name}' is DICOM; reading it needs: pip install 'seewhy[dicom]'") from None
    return dicom_values(pydicom.dcmread(file))
