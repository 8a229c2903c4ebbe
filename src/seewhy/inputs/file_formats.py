"""Files in one format each, read as what they hold: headers of NumPy's files, Arrow, MNIST's IDX, DICOM, JSON."""

import gzip
import json
import struct
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from seewhy.errors import SeewhyError

MEMORY = 16 * 2**30  # bytes of an array beyond which it is not unpacked
IDX = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}  # types of MNIST's format


def npz_shapes(file: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and dtype of each array of a .npz, from their headers alone."""
    import zipfile

    found = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                with archive.open(name) as stream:
                    found[name.removesuffix(".npy")] = _array_header(stream)
    return found


def npy_shape(file: Path) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of a .npy."""
    with file.open("rb") as stream:
        return _array_header(stream)


def _array_header(stream: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    return shape, kind


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
        with _open_stream(file) as stream:
            head = stream.read(4)
    except (OSError, EOFError, gzip.BadGzipFile):
        return False
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in IDX and 1 <= head[3] <= 4


def read_idx(file: Path) -> np.ndarray:
    """The array of a file in MNIST's format, also gzipped."""
    with _open_stream(file) as stream:
        head = stream.read(4)
        shape = struct.unpack(f">{head[3]}I", stream.read(4 * head[3]))
        kind = np.dtype(IDX[head[2]])
        if prod(shape) * kind.itemsize > MEMORY:
            raise SeewhyError(f"'{file.name}' claims the shape {shape}; allowed: {MEMORY >> 30} GB")
        return np.frombuffer(stream.read(prod(shape) * kind.itemsize), kind).reshape(shape)


def _open_stream(file: Path) -> Any:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


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
    return _cached_json(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _cached_json(file: Path, _changed: int, _size: int) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SeewhyError(f"'{file.name}' is no JSON: {' '.join(str(error).split())[:200]}") from None
