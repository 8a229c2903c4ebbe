"""A file of torch.save read with `weights_only=True`: a narrow allow-list, and data in place of every other object.

An object of a class that is not on the list is read as `Inert`: its attributes, nothing imported, nothing run.
A function that the file wants called has no data to stand for: it is refused by its name.
"""

import datetime
import re
import sys
import warnings
from _compat_pickle import IMPORT_MAPPING
from collections import OrderedDict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch

from seewhy.inputs.arrays import NUMPY, PURE_PATHS, RefusedError

TRIES = 100  # classes unknown to us in one file, beyond which it is no checkpoint
UNKNOWN = re.compile(r"GLOBAL ([\w.]+) was not an allowed global")  # what torch says, in three cases
FILLED = re.compile(r"Can only (SETITEM|append)[^<]*but got <class '([\w.]+)'>")
BLOCKED = re.compile(r"GLOBAL ([\w.]+) whose module")
KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "c8", "c16", "O", "U", "S", "M8", "m8")
PYTHON = sys.stdlib_module_names | IMPORT_MAPPING.keys()  # the latter by the names of Python 2, which pickles keep
# of Python's own names only these may be stood in for: holders of data, and types that are named but not called
HOLDERS = {"argparse.Namespace", "types.SimpleNamespace", "functools.partial", "enum.Enum"}
TYPES = {f"builtins.{kind}" for kind in ("int", "float", "bool", "str", "bytes", "list", "dict", "tuple", "object")}


class Inert:
    """Data in place of an object: `arguments` it was made with, `attributes` it had. It has no behaviour."""

    __slots__ = ("arguments", "attributes")  # and no __dict__: the file must not hide a method behind an attribute
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]
    path = ""  # dotted name of the class it stands for

    def __new__(cls, *arguments: Any) -> "Inert":
        """As the opcode NEWOBJ makes it; a call gets here too, and then to __init__."""
        self = object.__new__(cls)
        self.arguments, self.attributes = arguments, {}
        return self

    def __init__(self, *_: Any):
        if not (self.path in HOLDERS or self.path.rpartition(".")[2][:1].isupper()):
            raise RefusedError(self.path)

    def __repr__(self) -> str:
        return f"{self.path} {self.attributes or self.arguments}"

    def __setstate__(self, state: Any) -> None:
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)  # (attributes, slots)
        for part in parts:
            self.attributes |= part if isinstance(part, dict) else {}


def _empty_mapping(*_: Any) -> dict[Any, Any]:
    return {}


def _empty_sequence(*_: Any) -> list[Any]:
    return []


def _enumeration_member(*asked: Any) -> Inert:
    """A member of an enumeration, which some versions of Python write as getattr(class, name); nothing else is got."""
    match asked:
        case (type() as owner, str(name)) if issubclass(owner, Inert):
            return owner(name)
    raise RefusedError("builtins.getattr")


ALLOWED: list[Any] = [
    *((ours, name) for name, ours in (NUMPY | PURE_PATHS).items()),
    *{(type(np.dtype(kind)), f"numpy.dtypes.{type(np.dtype(kind)).__name__}") for kind in KINDS},
    *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone),
    (_empty_mapping, "collections.defaultdict"),
    (_empty_sequence, "collections.deque"),
    (_enumeration_member, "builtins.getattr"),
]


def read_inert(path: Path) -> Any:
    """The file's content, tensors on the CPU, `Inert` for every object of a foreign class.

    Raises RefusedError for a function to be called, and whatever torch raises for a file that it cannot read.
    """
    known: dict[str, Any] = {}
    for _ in range(TRIES):
        allowed = [*ALLOWED, *((kind, name) for name, kind in known.items())]
        try:
            with warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
                warnings.simplefilter("ignore")  # on protocols and TorchScript: the error says it all
                return torch.load(path, map_location="cpu", weights_only=True)
        except RefusedError:
            raise
        except UnpicklingError as error:
            name, kind = _asked_name(str(error))
            if known.get(name) is kind:
                raise
            known[name] = kind
    raise UnpicklingError(f"more than {TRIES} foreign classes")


def _asked_name(message: str) -> tuple[str, Any]:
    """Name and stand-in of what torch did not know; dict and list themselves for the kinds that are filled."""
    if blocked := BLOCKED.search(message):
        raise RefusedError(blocked[1])
    if filled := FILLED.search(message):
        return filled[2], OrderedDict if filled[1] == "SETITEM" else list
    if unknown := UNKNOWN.search(message):
        name = unknown[1] if "." in unknown[1] else f"builtins.{unknown[1]}"
        return name, stand_in(name)
    raise UnpicklingError(message)


def stand_in(name: str) -> type[Inert]:
    """A class of data for that dotted name; raises RefusedError for what belongs to Python itself and does things."""
    module, _, last = name.rpartition(".")
    if module.partition(".")[0] in PYTHON and name not in HOLDERS | TYPES:
        raise RefusedError(name)
    return type(last, (Inert,), {"__slots__": (), "__module__": module, "path": name})
