"""Files that hold many images: arrays, pickles of arrays, tables of pixels, Parquet and Arrow, marks as polygons.

`keys` says what is in one, `column` gives a whole array or column of it, `element` one image. What was read stays at
hand for the next image of the same file, until the file changes.
"""

import gzip
import io
import json
import struct
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import pickles

LARGEST = 120_000_000  # pixels of an image; PIL itself only warns up to twice its limit
MEMORY = 16 * 2**30  # bytes of an array beyond which it is not unpacked
TORCH = (".pt", ".pth")
IDX = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # types of MNIST's format
ROWS = (".parquet", ".arrow")
PIXELS = "pixel*"  # the key of columns pixel0, pixel1, ... of a CSV


def element(file: Path, asked: str) -> Image.Image | np.ndarray:
    """The image at `asked` in a file: a key and a row, as `test_images/17`, or only a row where there is one array.

    Raises SeewhyError for a key or row that is not there.
    """
    key, _, row = asked.rpartition("/")
    if file.suffix.lower() == ".json":
        from seewhy.inputs.layouts.coco import drawn_mask

        return drawn_mask(file, row)
    held = column(file, key)
    if not row.isdecimal() or int(row) >= len(held):
        raise SeewhyError(f"'{file.name}' has no row {row or asked!r} in '{key}'; allowed: 0 to {len(held) - 1}")
    return _pictured(held[int(row)], file)


def _pictured(value: Any, file: Path) -> Image.Image | np.ndarray:
    """An image from what a row holds: an array, encoded bytes, a path beside them, or numbers written as text."""
    if isinstance(value, dict):
        value = value.get("bytes") or (file.parent / str(value.get("path") or ""))
    if isinstance(value, bytes):
        return _decoded(io.BytesIO(value), file)
    if isinstance(value, Path):
        return _decoded(value, file)
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


def _decoded(source: Any, file: Path) -> Image.Image:
    with Image.open(source) as image:
        if image.width * image.height > LARGEST:
            raise SeewhyError(
                f"an image in '{file.name}' has {image.width} x {image.height} pixels; allowed: {LARGEST:,}"
            )
        image.load()
        return image


def column(file: Path, key: str) -> Any:
    """The array or column of that key; "" where the file has only one. Rows are taken from it by their number."""
    stat = file.stat()
    return _column(file, key, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=6)
def _column(file: Path, key: str, _changed: int, _size: int) -> Any:
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
        return idx(file)
    held = content(file)
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


def content(file: Path) -> dict[str, Any]:
    """What a file of several arrays holds, by key; an array, or what gives it when called."""
    kind = file.suffix.lower()
    if kind == ".npz":
        return _npz(file)
    if kind == ".mat":
        from scipy.io import loadmat

        return {key: _last_first(value) for key, value in loadmat(file).items() if isinstance(value, np.ndarray)}
    if kind in TORCH:
        from seewhy.inputs import inert

        found = inert.read(file)
        parts = (
            found
            if isinstance(found, dict)
            else dict(enumerate(found))
            if isinstance(found, tuple | list)
            else {"": found}
        )
        return {str(key): one.numpy() for key, one in parts.items() if hasattr(one, "numpy")}
    with file.open("rb") as stream:
        found = pickles.read(stream)
    return {_text(key): value for key, value in found.items()} if isinstance(found, dict) else {"": found}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


def _last_first(array: np.ndarray) -> np.ndarray:
    """SVHN's images (h, w, c, n) as (n, h, w, c)."""
    return np.moveaxis(array, -1, 0) if array.ndim == 4 else array


def _npz(file: Path) -> dict[str, Any]:
    """Arrays of a .npz by name, each read when asked for; refused where one claims more memory than there can be."""
    held = np.load(file, allow_pickle=False)
    return {key: lambda key=key: _unpacked(held, key, file) for key in held.files}


def _unpacked(held: Any, key: str, file: Path) -> np.ndarray:
    shape, kind = npz_shapes(file)[key]
    if kind.hasobject:
        raise SeewhyError(f"'{key}' in '{file.name}' needs code to load; allowed: arrays of numbers or text")
    if prod(shape) * kind.itemsize > MEMORY:
        raise SeewhyError(f"'{key}' in '{file.name}' has the shape {shape}; allowed: {MEMORY >> 30} GB")
    return held[key]


def npz_shapes(file: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and dtype of each array of a .npz, from their headers alone."""
    import zipfile

    found = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as stream:
                    found[name.removesuffix(".npy")] = _header(stream)
    return found


def npy_shape(file: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a .npy."""
    with file.open("rb") as stream:
        return _header(stream)


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    return shape, kind


def _holds_objects(file: Path) -> bool:
    return npy_shape(file)[1].hasobject


def arrow_table(file: Path) -> Any:
    """A Parquet or Arrow file as a table; Arrow is mapped, not read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix.lower() == ".parquet":
        return pq.read_table(file)
    mapped = pa.memory_map(str(file))
    try:
        return pa.ipc.open_stream(mapped).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(mapped).read_all()


def is_idx(file: Path) -> bool:
    """Whether a file is one of MNIST's: two zero bytes, a type, and up to four dimensions."""
    try:
        with _stream(file) as stream:
            head = stream.read(4)
    except (OSError, EOFError, gzip.BadGzipFile):
        return False
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in IDX and 1 <= head[3] <= 4


def idx(file: Path) -> np.ndarray:
    """The array of a file in MNIST's format, also gzipped."""
    with _stream(file) as stream:
        head = stream.read(4)
        shape = struct.unpack(f">{head[3]}I", stream.read(4 * head[3]))
        kind = np.dtype(IDX[head[2]])
        if prod(shape) * kind.itemsize > MEMORY:
            raise SeewhyError(f"'{file.name}' claims the shape {shape}; allowed: {MEMORY >> 30} GB")
        return np.frombuffer(stream.read(prod(shape) * kind.itemsize), kind).reshape(shape)


def _stream(file: Path) -> Any:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def whole(file: Path) -> np.ndarray:
    """A file that is one image but no picture: an array, or DICOM."""
    if file.suffix.lower() == ".npy":
        return np.asarray(column(file, ""))
    try:
        import pydicom
    except ImportError:
        raise SeewhyError(f"'{file.name}' is DICOM; reading it needs: pip install 'seewhy[dicom]'") from None
    return dicom_values(pydicom.dcmread(file))


def dicom_values(found: Any) -> np.ndarray:
    """Pixels of a DICOM file: 8-bit ones as they are, others as 16 bits in the file's window, or between its extremes.

    Where the file says that low values are bright (MONOCHROME1), they are made so.
    """
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    if found.BitsStored == 8:
        plain = np.asarray(found.pixel_array, dtype=np.uint8)
        return 255 - plain if found.PhotometricInterpretation == "MONOCHROME1" else plain
    values = apply_voi_lut(apply_modality_lut(found.pixel_array, found), found).astype(np.float64)
    if values.ndim == 3 and values.shape[2] == 3:
        return values.clip(0, 255).astype(np.uint8)
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / max(high - low, 1e-12)
    shares = 1 - shares if found.PhotometricInterpretation == "MONOCHROME1" else shares
    return (shares * 65535).round().astype(np.uint16)


def read_json(file: Path) -> Any:
    """A JSON file's content, kept at hand until it changes."""
    stat = file.stat()
    return _json(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _json(file: Path, _changed: int, _size: int) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SeewhyError(f"'{file.name}' is no JSON: {' '.join(str(error).split())[:200]}") from None
