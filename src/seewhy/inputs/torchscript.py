"""A TorchScript archive read as data: its modules' parameters and buffers. Its code is neither compiled nor run."""

import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from seewhy.inputs.arrays import RefusedError
from seewhy.inputs.inert import Inert

LISTS = ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist")  # of torch.jit._pickle
KINDS = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def is_archive(path: Path) -> bool:
    """Whether the file is a zip archive with TorchScript's constants in it, which torch.save never writes."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> Any:
    """The scripted module as `Inert` modules with tensors. Raises RefusedError for a name that such files do not have,
    and anything for a damaged file."""
    with zipfile.ZipFile(path) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        with archive.open(inside) as file:
            return _as_module(_Reader(file, archive, inside.rpartition("/")[0]).load())


def _as_module(value: Any) -> Any:
    """An object with tensors and objects as attributes -> one with parameters and modules, as nn.Module keeps them."""
    if not isinstance(value, Inert):
        return value
    module = type(value)()
    parts = {name: _as_module(part) for name, part in value.attributes.items() if isinstance(part, Inert)}
    tensors = {name: part for name, part in value.attributes.items() if isinstance(part, Tensor)}
    module.attributes = {"_parameters": tensors, "_modules": parts}
    return module


def _rebuild_tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    """Takes the place of torch's `_rebuild_tensor_v2`: a view that cannot reach beyond the storage."""
    return storage.as_strided(tuple(size), tuple(stride), offset).clone()


class _Reader(pickle._Unpickler):
    """An unpickler for the classes of such archives: each is data, and nothing else is made."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, folder: str):
        super().__init__(file)
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            path = re.sub(r"___torch_mangle_\d+\.", "", f"{module}.{name}").removeprefix("__torch__.")
            return type(name, (Inert,), {"__slots__": (), "__module__": module, "path": path})
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_parameter"):
            return _rebuild_tensor if name == "_rebuild_tensor_v2" else lambda tensor, *_: tensor
        if module == "torch.jit._pickle":
            return (lambda values: values) if name in LISTS else _refuse_name(name)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in KINDS:
            return name
        return _refuse_name(f"{module}.{name}")

    def persistent_load(self, identity: Any) -> Tensor:
        """The storage of that key, as a flat tensor."""
        _, kind, key, _, _ = identity
        return torch.frombuffer(bytearray(self.archive.read(f"{self.folder}/data/{key}")), dtype=KINDS[kind])


def _refuse_name(path: str) -> NoReturn:
    raise RefusedError(path)
