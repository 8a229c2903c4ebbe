"""A name in params.yaml -> an nn.Module with the checkpoint's weights in it."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from seewhy.errors import SeewhyError, listing, unknown
from seewhy.inputs.checkpoint import Checkpoint

ZOOS = ("torchvision", "timm")


def build(
    architecture: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint, root: Path, where: str
) -> nn.Module:
    """The model in eval mode. `architecture` is torchvision:NAME, timm:NAME or a dotted module and class.

    Raises SeewhyError where the name does not exist, its constructor refuses, or weights and network differ.
    """
    make = _factory(architecture, root, where)
    accepted = inspect.signature(make).parameters
    given = dict(arguments)
    if "num_classes" in accepted or architecture.partition(":")[0] in ZOOS:
        given.setdefault("num_classes", classes)
    try:
        model = make(**given)
    except Exception as error:  # whatever the user's constructor raises
        raise SeewhyError(f"{where}: {architecture} refuses its arguments {given}: {_told(error)}") from None
    if not isinstance(model, nn.Module):
        raise SeewhyError(f"{where}: {architecture} makes a {type(model).__name__}; allowed: an nn.Module")
    _fill(model, checkpoint.weights, classes, where)
    return model.eval()


def _factory(architecture: str, root: Path, where: str) -> Callable[..., nn.Module]:
    zoo, separator, name = architecture.partition(":")
    if not separator or not name:
        raise SeewhyError(
            f"architecture '{architecture}' of {where}; allowed: torchvision:NAME, timm:NAME or package.module:Class"
        )
    if zoo == "torchvision":
        return _from_torchvision(name, where)
    if zoo == "timm":
        return _from_timm(name, where)
    return _from_module(zoo, name, root, where)


def _from_torchvision(name: str, where: str) -> Callable[..., nn.Module]:
    from torchvision import models

    if name not in models.list_models():
        raise unknown(
            "architecture", f"torchvision:{name}", [f"torchvision:{known}" for known in models.list_models()], where
        )
    return models.get_model_builder(name)


def _from_timm(name: str, where: str) -> Callable[..., nn.Module]:
    import timm

    if not timm.is_model(name):
        raise unknown("architecture", f"timm:{name}", [f"timm:{known}" for known in timm.list_models()], where)
    return timm.model_entrypoint(name)


def _from_module(module: str, name: str, root: Path, where: str) -> Callable[..., nn.Module]:
    """A class of the user's own, found from the project's folder first."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        found = import_module(module)
    except Exception as error:  # the module is the user's: it may fail in any way
        raise SeewhyError(
            f"architecture '{module}:{name}' of {where}: {_told(error)}; looked in {root} and the environment"
        ) from None
    if not callable(getattr(found, name, None)):
        classes = [
            key for key, value in vars(found).items() if isinstance(value, type) and issubclass(value, nn.Module)
        ]
        raise unknown("architecture", f"{module}:{name}", [f"{module}:{known}" for known in classes], where)
    return getattr(found, name)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _fill(model: nn.Module, weights: dict[str, Tensor], classes: int, where: str) -> None:
    own = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in weights.items()}
    other = {key: (found[key], own[key]) for key in own.keys() & found.keys() if found[key] != own[key]}
    heads = [key for key, (theirs, ours) in sorted(other.items()) if ours[0] == classes and theirs[1:] == ours[1:]]
    if heads and len(heads) == len(other):
        number = other[heads[0]][0][0]
        raise SeewhyError(
            f"{where}: the checkpoint has {number} classes ('{heads[0]}'), the dataset {classes}; "
            f"allowed: equal numbers"
        )
    missing, surplus = sorted(own.keys() - found.keys()), sorted(found.keys() - own.keys())
    if missing or surplus or other:
        raise SeewhyError(
            f"{where}: checkpoint and architecture differ; missing: {listing(missing)}; "
            f"surplus: {listing(surplus)}; other shape: {listing(sorted(other))}"
        )
    model.load_state_dict(weights)
