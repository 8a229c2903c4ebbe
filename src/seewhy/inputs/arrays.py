"""numpy arrays and numbers of an untrusted pickle, rebuilt with dtypes that cannot reach beyond their own bytes.

A pickled dtype may claim fields at any offset, or objects where there are only bytes: numpy would follow them as
pointers. Only dtypes that their short name describes in full ("<f8", "|O") are used, and made anew from that name.
"""

from math import prod
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np


class RefusedError(Exception):
    """What an untrusted pickle names and may not have; the argument is its dotted name."""


KINDS = "biufcmMSUO"
PATHS = {"PosixPath": PurePosixPath, "Path": PurePosixPath, "WindowsPath": PureWindowsPath} | {
    pure.__name__: pure for pure in (PurePosixPath, PureWindowsPath)
}


def plain_dtype(dtype: Any) -> np.dtype:
    """The dtype anew from its name; raises RefusedError where a name is not all there is to it."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in KINDS or dtype.fields or dtype.subdtype:
        raise RefusedError("numpy.dtype with fields")
    return np.dtype(dtype.str)


def checked_state(state: Any) -> tuple[Any, ...]:
    """The state that a pickled array is filled with, its dtype made anew, objects only where objects are listed."""
    *_, shape, dtype, fortran, values = state
    kind = plain_dtype(dtype)
    if kind.hasobject and (type(values) is not list or len(values) != prod(shape)):
        raise RefusedError("numpy.ndarray of objects without objects")
    return 1, shape, kind, fortran, values


class Array(np.ndarray):
    """An array that checks what it is filled with."""

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(checked_state(state))  # type: ignore[misc]


def reconstruct_array(kind: Any, *_: Any) -> np.ndarray:
    """Takes the place of numpy's `_reconstruct`: an empty array, filled afterwards."""
    if kind not in (Array, np.ndarray):
        raise RefusedError(f"numpy._core.multiarray._reconstruct of {kind}")
    return np.ndarray.__new__(kind, (0,))


def scalar_value(dtype: Any, value: Any = b"") -> Any:
    """Takes the place of numpy's `scalar`: one number or text from its bytes."""
    kind = plain_dtype(dtype)
    return value if kind.hasobject else np.frombuffer(value, kind, count=1)[0]


def array_from_buffer(buffer: Any, dtype: Any, shape: tuple[int, ...], order: str) -> np.ndarray:
    """Takes the place of numpy's `_frombuffer`, which pickles of protocol 5 name."""
    return np.frombuffer(buffer, plain_dtype(dtype)).reshape(shape, order=order)  # type: ignore[call-overload]


# what a pickle calls them -> what it gets; numpy 1 called the module numpy.core
NUMPY: dict[str, Any] = {
    "numpy.dtype": np.dtype,
    "numpy.ndarray": Array,
    **{
        f"numpy.{core}.{name}": ours
        for core in ("core", "_core")
        for name, ours in (
            ("multiarray.scalar", scalar_value),
            ("multiarray._reconstruct", reconstruct_array),
            ("numeric._frombuffer", array_from_buffer),
        )
    },
}
PURE_PATHS: dict[str, Any] = {
    f"{module}.{name}": pure for module in ("pathlib", "pathlib._local") for name, pure in PATHS.items()
}
