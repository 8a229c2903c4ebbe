"""A name in params.yaml -> an nn.Module with the checkpoint's weights in it."""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from seewhy.errors import SeewhyError, unknown
from seewhy.inputs import arguments as completed
from seewhy.inputs import weights
from seewhy.inputs.checkpoint import Checkpoint

COUNT = {"torchvision": "num_classes", "timm": "num_classes", "smp": "classes"}  # what each zoo calls their number
OFFLINE: dict[str, Any] = {"weights": None, "weights_backbone": None, "pretrained": False, "encoder_weights": None}


def build(
    architecture: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint, root: Path, where: str
) -> nn.Module:
    """The model with the checkpoint's weights, in eval mode.

    Weights of the file that are not the network's are left aside: `weights.left_aside` lists them. Raises SeewhyError
    where `empty` does, or where weights and network differ.
    """
    model = empty(architecture, classes, arguments, checkpoint, root, where)
    weights.fill(model, checkpoint.weights, classes, where)
    return model.eval()


def empty(
    architecture: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint, root: Path, where: str
) -> nn.Module:
    """The model as its constructor leaves it: torchvision:NAME, timm:NAME, smp:NAME or a dotted module and class.

    `classes` is the dataset's number of them, 0 where it has none. Raises SeewhyError where the name does not exist,
    or where the constructor refuses or needs what nothing tells.
    """
    make = _factory(architecture, root, where)
    accepted = inspect.signature(make).parameters
    zoo = architecture.partition(":")[0]
    if zoo in COUNT:
        given = _for_zoo(zoo, classes, arguments, checkpoint)
        given |= {key: value for key, value in OFFLINE.items() if key in accepted}
    else:
        given = completed.complete(accepted, arguments, classes, checkpoint, f"of {where} ({architecture})")
    try:
        model = make(**given)
    except Exception as error:  # whatever the user's constructor raises
        raise SeewhyError(f"{where}: {architecture} refuses its arguments {given}: {_told(error)}") from None
    if not isinstance(model, nn.Module):
        raise SeewhyError(f"{where}: {architecture} makes a {type(model).__name__}; allowed: an nn.Module")
    return model


def _for_zoo(zoo: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint) -> dict[str, Any]:
    told: dict[str, Any] = {COUNT[zoo]: classes} if classes else {}
    if zoo == "smp" and isinstance(encoder := checkpoint.config.get("encoder_name"), str):
        told["encoder_name"] = encoder
    return told | arguments


def _factory(architecture: str, root: Path, where: str) -> Callable[..., nn.Module]:
    zoo, separator, name = architecture.partition(":")
    if not separator or not name:
        raise SeewhyError(
            f"architecture '{architecture}' of {where}; "
            f"allowed: torchvision:NAME, timm:NAME, smp:NAME or package.module:Class"
        )
    if zoo == "torchvision":
        return _from_torchvision(name, where)
    if zoo == "timm":
        return _from_timm(name, where)
    if zoo == "smp":
        return _from_smp(name, where)
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


def _from_smp(name: str, where: str) -> Callable[..., nn.Module]:
    import segmentation_models_pytorch as smp

    known = {kind.__name__: kind for kind in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    if name not in known:
        raise unknown("architecture", f"smp:{name}", [f"smp:{one}" for one in known], where)
    return known[name]


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
