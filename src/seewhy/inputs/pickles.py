"""Pickled tables and arrays, read through an unpickler that knows a list of names and refuses every other by name.

The list is of single (module, name) pairs: a module let in as a whole brings its test helpers and loaders along, some
of which execute the text they are given.
"""

import pickle
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from seewhy.inputs.arrays import NUMPY, PURE_PATHS, RefusedError, checked_state, plain_dtype

# who makes them in today's pandas -> what older files call the same: numeric, text, categorical and date columns
PANDAS = {
    "pandas": {
        "DataFrame": "pandas.core.frame",
        "Series": "pandas.core.series",
        "Index": "pandas.core.indexes.base",
        "RangeIndex": "pandas.core.indexes.range",
        "CategoricalIndex": "pandas.core.indexes.category",
        "DatetimeIndex": "pandas.core.indexes.datetimes",
        "Categorical": "pandas.core.arrays.categorical",
        "CategoricalDtype": "pandas.core.dtypes.dtypes",
        "DatetimeTZDtype": "pandas.core.dtypes.dtypes",
        "StringDtype": "pandas.core.arrays.string_",
        "BooleanDtype": "pandas.core.arrays.boolean",
        "Int64Dtype": "pandas.core.arrays.integer",
        "Float64Dtype": "pandas.core.arrays.floating",
    },
    "pandas.arrays": {
        "DatetimeArray": "pandas.core.arrays.datetimes",
        "TimedeltaArray": "pandas.core.arrays.timedeltas",
        "StringArray": "pandas.core.arrays.string_",
        "ArrowStringArray": "pandas.core.arrays.string_arrow",
        "BooleanArray": "pandas.core.arrays.boolean",
        "IntegerArray": "pandas.core.arrays.integer",
        "FloatingArray": "pandas.core.arrays.floating",
    },
}
AS_THEY_ARE = (
    "pandas.NA",
    "pandas.core.internals.managers.BlockManager",
    "pandas.core.internals.managers.SingleBlockManager",
    "pandas.core.indexes.base._new_Index",
    "pandas.core.indexes.datetimes._new_DatetimeIndex",
    "pandas._libs.internals._unpickle_block",
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked",
    "pandas._libs.missing.NA",
    "pandas._libs.tslibs.timestamps._unpickle_timestamp",
    "pandas._libs.tslibs.nattype._nat_unpickle",
    "pyarrow.lib.py_buffer",
    "pyarrow.lib.type_for_alias",
    "pyarrow.lib.chunked_array",
    "collections.OrderedDict",
    *(f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")),
)
BUILTINS = {"slice": slice, "bytearray": bytearray, "set": set, "frozenset": frozenset, "complex": complex}


def _encode_text(text: str, encoding: str) -> bytes:
    """Takes the place of codecs' `encode`, by which protocol 2 writes bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise RefusedError("_codecs.encode")
    return text.encode(encoding)


def _arrow_array(data: Any) -> Any:
    """Takes the place of pyarrow's `_restore_array`: the array, checked not to reach beyond its buffers."""
    restored = import_module("pyarrow.lib")._restore_array(data)
    restored.validate(full=True)
    return restored


OURS: dict[str, Any] = {
    **NUMPY,
    "numpy.ndarray": np.ndarray,  # its state is checked by the reader
    **PURE_PATHS,
    **{f"{module}.{name}": one for module in ("builtins", "__builtin__") for name, one in BUILTINS.items()},
    "_codecs.encode": _encode_text,
    "pyarrow.lib._restore_array": _arrow_array,
}
THEIRS = {
    **{name: name for name in AS_THEY_ARE},
    **{f"{room}.{name}": f"{room}.{name}" for room, names in PANDAS.items() for name in names},
    **{f"{old}.{name}": f"{room}.{name}" for room, names in PANDAS.items() for name, old in names.items()},
    **{f"pandas.core.indexes.numeric.{kind}Index": "pandas.Index" for kind in ("Int64", "Float64")},  # pandas 1
}


class _Reader(pickle._Unpickler):  # the one in Python: its opcodes can be taken one by one
    """An unpickler that makes what is on the list and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}"
        if path in OURS:
            return OURS[path]
        if path not in THEIRS or "." in name:  # a dotted name would be looked up attribute by attribute
            raise RefusedError(path)
        room, _, known = THEIRS[path].rpartition(".")
        return getattr(import_module(room), known)

    def _build_checked(self) -> None:
        made = self.stack[-2]  # type: ignore[attr-defined]
        if callable(made):  # a state given to a class or a function would change it for everybody
            raise RefusedError(f"state of {getattr(made, '__name__', made)}")
        if isinstance(made, np.ndarray):
            self.stack[-1] = checked_state(self.stack[-1])  # type: ignore[attr-defined]
        super().load_build()  # type: ignore[misc]
        if isinstance(made, np.dtype):
            plain_dtype(made)

    dispatch: ClassVar[dict[int, Any]] = {**pickle._Unpickler.dispatch, pickle.BUILD[0]: _build_checked}


def read_pickle(file: BinaryIO) -> Any:
    """The object pickled in `file`. Raises RefusedError for a name that is not listed, anything for a damaged file.

    Text of Python 2 that is no ASCII, as the bytes of CIFAR's arrays, is read as latin1.
    """
    start = file.tell()
    try:
        return _Reader(file).load()
    except UnicodeDecodeError:
        file.seek(start)
        return _Reader(file, encoding="latin1").load()


def read_array(path: Path) -> np.ndarray:
    """The array of a .npy file, also one of Python objects (text), which numpy itself would unpickle unsafely."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        dtype = header(file)[2]
        if dtype.hasobject:
            return np.asarray(read_pickle(file))
    return np.load(path, allow_pickle=False)
