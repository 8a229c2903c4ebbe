"""Which constructor the name of an architecture stands for: that of a zoo, or of a module of the user's own."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import weights
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.source_code import error_text

COUNT = {"torchvision": "num_classes", "timm": "num_classes", "smp": "classes"}  # what each zoo calls their number
LIBRARIES = ("ultralytics",)  # whose networks are made by what their files say
AUXILIARY = {"aux_logits": ("AuxLogits.", "aux1."), "aux_loss": ("aux_classifier.",)}  # switches that weights show


@dataclass(frozen=True)
class Order:
    """What is asked for: the network's name and arguments, and what is known; `notes` tell what was made of it."""

    architecture: str
    classes: int
    arguments: Mapping[str, Any]
    checkpoint: Checkpoint
    root: Path
    where: str
    notes: list[str] = field(default_factory=list)

    @property
    def zoo(self) -> str:
        """What stands before the colon."""
        return self.architecture.partition(":")[0]

    @property
    def name(self) -> str:
        """What stands behind it."""
        return self.architecture.partition(":")[2]

    def count_differences(self, model: nn.Module) -> int:
        """How many tensors of the network or of its part of the file the other does not have in this shape."""
        own, found = model.state_dict(), weights.match_weights(model, self.checkpoint.weights, self.where).weights
        return sum(key not in own or key not in found or own[key].shape != found[key].shape for key in {**own, **found})


def zoo_arguments(order: Order, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a zoo's constructor is called with: what file and weights tell, and over it what was set."""
    told: dict[str, Any] = {COUNT[order.zoo]: order.classes + _is_detector(order)} if order.classes else {}
    if order.zoo == "smp" and isinstance(encoder := order.checkpoint.config.get("encoder_name"), str):
        told["encoder_name"] = encoder
    if order.zoo == "torchvision":
        told |= _auxiliary_switches(order)
    return told | dict(arguments)


def _is_detector(order: Order) -> bool:
    """Whether it is one of torchvision's detectors: these count the background as a class, their first."""
    if order.zoo != "torchvision":
        return False
    from torchvision import models

    return order.name in models.list_models(module=models.detection)


def _auxiliary_switches(order: Order) -> dict[str, Any]:
    """Auxiliary heads as the weights have them; of `transform_input` no weight tells, which is noted."""
    found: dict[str, Any] = {}
    aux = {key: any(one in name for name in order.checkpoint.weights for one in AUXILIARY[key]) for key in AUXILIARY}
    if order.name in ("googlenet", "inception_v3"):
        found |= {"aux_logits": aux["aux_logits"], "init_weights": False}
        if "transform_input" not in order.arguments:
            order.notes.append(
                "`transform_input` is off, and the file does not tell: torchvision switches it on with its published "
                "weights; write `arguments: {transform_input: true}` where the training began with those"
            )
    elif order.name.startswith(("fcn_", "deeplabv3_")) and aux["aux_loss"]:
        found["aux_loss"] = True
    return found


def from_zoo(zoo: str, name: str, where: str) -> Callable[..., nn.Module]:
    """The constructor that a zoo has under that name. Raises SeewhyError for a name that it has not."""
    return {"torchvision": _from_torchvision, "timm": _from_timm, "smp": _from_smp}[zoo](name, where)


def _from_torchvision(name: str, where: str) -> Callable[..., nn.Module]:
    from torchvision import models

    if name not in models.list_models():
        raise unknown_name(
            "architecture", f"torchvision:{name}", [f"torchvision:{known}" for known in models.list_models()], where
        )
    return models.get_model_builder(name)


def _from_timm(name: str, where: str) -> Callable[..., nn.Module]:
    import timm

    if not timm.is_model(name):
        raise unknown_name("architecture", f"timm:{name}", [f"timm:{known}" for known in timm.list_models()], where)
    return timm.model_entrypoint(name)


def _from_smp(name: str, where: str) -> Callable[..., nn.Module]:
    import segmentation_models_pytorch as smp

    known = {kind.__name__: kind for kind in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    if name not in known:
        raise unknown_name("architecture", f"smp:{name}", [f"smp:{one}" for one in known], where)
    return known[name]


def from_module(module: str, name: str, root: Path, where: str) -> Callable[..., nn.Module]:
    """A class of the user's own, found from the project's folder first."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        found = import_module(module)
    except Exception as error:  # the module is the user's: it may fail in any way
        if isinstance(error, ModuleNotFoundError) and error.name in LIBRARIES:
            needed = f"needs the {error.name} library: pip install {error.name}"
            raise SeewhyError(f"{where}: '{module}:{name}' {needed}") from None
        raise SeewhyError(
            f"architecture '{module}:{name}' of {where}: {error_text(error)}; looked in {root} and the environment"
        ) from None
    if not _makes_a_network(getattr(found, name, None), module):
        raise unknown_name("architecture", f"{module}:{name}", network_classes(found, module), where)
    return getattr(found, name)


def network_classes(module: Any, prefix: str) -> list[str]:
    """Classes of networks in a module, as architectures."""
    kinds = [key for key, one in vars(module).items() if isinstance(one, type) and issubclass(one, nn.Module)]
    return [f"{prefix}:{kind}" for kind in kinds]


def _makes_a_network(value: object, module: str) -> bool:
    """A class of networks, or a function written in that module: nothing else is ever called."""
    if isinstance(value, type):
        return issubclass(value, nn.Module)
    return inspect.isfunction(value) and value.__module__ == module
