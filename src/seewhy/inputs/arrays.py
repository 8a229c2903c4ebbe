"""numpy arrays and numbers of an untrusted pickle, rebuilt with dtypes that cannot reach beyond their own bytes.

A pickled dtype may claim fields at any offset, or objects where there are only bytes: numpy would follow them as
pointers. Only dtypes that their short name describes in full ("<f8", "|O") are used, and made anew from that name.
"""

from math import prod
from pathlib import PurePosixPath, PureWindowsPath
from pickle import UnpicklingError
from typing import Any

import numpy as np

KINDS = "biufcmMSUO"
PATHS = {"PosixPath": PurePosixPath, "Path": PurePosixPath, "WindowsPath": PureWindowsPath} | {
    pure.__name__: pure for pure in (PurePosixPath, PureWindowsPath)
}


def plain(dtype: Any) -> np.dtype:
    """The dtype anew from its name; raises UnpicklingError where a name is not all there is to it."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in KINDS or dtype.fields or dtype.subdtype:
        raise UnpicklingError("numpy.dtype with fields")
    return np.dtype(dtype.str)


class Array(np.ndarray):
    """An array that checks what it is filled with."""

    def __setstate__(self, state: Any) -> None:
        *_, shape, dtype, fortran, values = state
        kind = plain(dtype)
        if kind.hasobject and (type(values) is not list or len(values) != prod(shape)):
            raise UnpicklingError("numpy.ndarray of objects without objects")
        super().__setstate__((1, shape, kind, fortran, values))  # type: ignore[misc]


def reconstruct(*_: Any) -> Array:
    """Takes the place of numpy's `_reconstruct`: an empty array, filled afterwards."""
    return Array.__new__(Array, (0,))


def scalar(dtype: Any, value: Any = b"") -> Any:
    """Takes the place of numpy's `scalar`: one number or text from its bytes."""
    kind = plain(dtype)
    return value if kind.hasobject else np.frombuffer(value, kind, count=1)[0]


def frombuffer(buffer: Any, dtype: Any, shape: tuple[int, ...], order: str) -> np.ndarray:
    """Takes the place of numpy's `_frombuffer`, which pickles of protocol 5 name."""
    return np.frombuffer(buffer, plain(dtype)).reshape(shape, order=order)  # type: ignore[call-overload]


# what a pickle calls them -> what it gets; numpy 1 called the module numpy.core
NUMPY: dict[str, Any] = {
    "numpy.dtype": np.dtype,
    "numpy.ndarray": Array,
    **{
        f"numpy.{core}.{name}": ours
        for core in ("core", "_core")
        for name, ours in (
            ("multiarray.scalar", scalar),
            ("multiarray._reconstruct", reconstruct),
            ("numeric._frombuffer", frombuffer),
        )
    },
}
PURE_PATHS: dict[str, Any] = {
    f"{module}.{name}": pure for module in ("pathlib", "pathlib._local") for name, pure in PATHS.items()
}
