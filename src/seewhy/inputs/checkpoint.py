"""A checkpoint file -> weights and facts, safely: `weights_only=True` and a narrow allow-list, never a fall-back."""

import argparse
import pathlib
import re
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seewhy import artifacts
from seewhy.errors import SeewhyError, listing

WEIGHTS = ("model_state_dict", "state_dict", "network", "model")  # keys under which people keep the weights
PREFIXES = ("module.", "_orig_mod.")  # left by DataParallel and torch.compile
# plain values that training scripts store beside the weights; each is data, none runs code when rebuilt
_MULTIARRAY = import_module("numpy._core.multiarray")
ALLOWED: list[Any] = [
    _MULTIARRAY.scalar,
    _MULTIARRAY._reconstruct,
    (_MULTIARRAY.scalar, "numpy.core.multiarray.scalar"),  # files written with numpy 1
    (_MULTIARRAY._reconstruct, "numpy.core.multiarray._reconstruct"),
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")},
    argparse.Namespace,
    pathlib.PosixPath,
]


@dataclass(frozen=True)
class Checkpoint:
    """Weights by name, and what the file says of itself: `config`, `epoch`, `val_acc` (percent or share)."""

    weights: dict[str, Tensor]
    sha256: str
    config: dict[str, Any] = field(default_factory=dict)
    epoch: int | None = None
    val_acc: float | None = None

    @property
    def claim(self) -> float | None:
        """The accuracy the file claims, as a share: a value above 1 is percent."""
        if self.val_acc is None:
            return None
        return self.val_acc / 100 if self.val_acc > 1 else self.val_acc


def load(path: Path, where: str) -> Checkpoint:
    """Reads a checkpoint that holds a state_dict, bare or under one of `WEIGHTS`.

    Raises SeewhyError for a file that is missing, damaged, or that would need code to be run.
    """
    if not path.is_file():
        raise SeewhyError(f"{where}: there is no checkpoint '{path}'")
    content = _read(path, where)
    if not isinstance(content, dict):
        raise SeewhyError(
            f"{where}: '{path.name}' holds a {type(content).__name__}; allowed: a state_dict, or a dict with one"
        )
    key = next((key for key in WEIGHTS if isinstance(content.get(key), dict)), None)
    weights = content[key] if key else content
    tensors = _bare({name: value for name, value in weights.items() if _is_weight(name, value)})
    if not tensors:
        raise SeewhyError(
            f"{where}: no weights in '{path.name}'; found keys: {listing(content)}; allowed: {listing(WEIGHTS)}"
        )
    facts = content if key else {}
    return Checkpoint(
        tensors,
        artifacts.sha256(path),
        _mapping(facts.get("config")),
        _number(facts.get("epoch"), int),
        _number(facts.get("val_acc"), float),
    )


def _read(path: Path, where: str) -> Any:
    """The file's content. A damaged pickle fails in every way there is, so any exception is the file's fault."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(ALLOWED):
            warnings.simplefilter("ignore")  # on protocols and TorchScript: the error says it all
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise SeewhyError(f"{where}: '{path.name}' {_reason(str(error), path.stat().st_size)}") from None


def _reason(message: str, size: int) -> str:
    """What is wrong with the file, in our words: torch's own advise to load it unsafely."""
    if "TorchScript" in message:
        return "is a TorchScript archive; allowed: model.state_dict() in a file written by torch.save"
    if code := re.search(r"GLOBAL ([\w.]+)", message):
        return f"needs code to load ({code[1]}); save model.state_dict() instead of the model or its objects"
    return f"({size:,} bytes) is damaged, truncated or no checkpoint; allowed: a file written by torch.save"


def _is_weight(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _bare(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that every name has: a network may have a part that is itself called `module`."""
    for prefix in PREFIXES:
        if weights and all(name.startswith(prefix) for name in weights):
            return _bare({name.removeprefix(prefix): value for name, value in weights.items()})
    return weights


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, argparse.Namespace):
        return vars(value)
    return value if isinstance(value, dict) else {}


def _number(value: Any, kind: type) -> Any:
    """A finite number, be it Python's, numpy's or a tensor of one element; anything else is as good as absent."""
    if isinstance(value, Tensor | np.ndarray) and value.ndim == 0:
        value = value.item()
    return kind(value) if isinstance(value, int | float | np.number) and np.isfinite(value) else None
