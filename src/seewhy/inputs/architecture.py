"""A name in params.yaml -> an nn.Module with the checkpoint's weights in it."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import arguments as completed
from seewhy.inputs import definitions, huggingface, weights
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.fastai import learner_network
from seewhy.inputs.fitting import fit_arguments, has_effect
from seewhy.inputs.offline import without_downloads
from seewhy.inputs.rebuilding import rebuild, replace_parts, split_lines

COUNT = {"torchvision": "num_classes", "timm": "num_classes", "smp": "classes"}  # what each zoo calls their number
CHANNELS = {"timm": "in_chans", "smp": "in_channels"}
SIDES = {"torchvision": "image_size", "timm": "img_size"}  # of the input, for networks with positions
AUXILIARY = {"aux_logits": ("AuxLogits.", "aux1."), "aux_loss": ("aux_classifier.",)}  # switches that weights show
OFFLINE: dict[str, Any] = {"weights": None, "weights_backbone": None, "pretrained": False, "encoder_weights": None}
ALLOWED = "torchvision:NAME, timm:NAME, smp:NAME or package.module:Class, train.py:Class, notebook.ipynb:Class"


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

    def differences(self, model: nn.Module) -> int:
        """How many tensors of the network or of its part of the file the other does not have in this shape."""
        own, found = model.state_dict(), weights.match_weights(model, self.checkpoint.weights, self.where).weights
        return sum(key not in own or key not in found or own[key].shape != found[key].shape for key in {**own, **found})


def build(
    architecture: str,
    classes: int,
    arguments: dict[str, Any],
    checkpoint: Checkpoint,
    root: Path,
    where: str,
    notes: list[str] | None = None,
) -> nn.Module:
    """The model with the checkpoint's weights, in eval mode.

    Where weights and network differ, sizes are read from the weights, a first layer and a head are made like theirs,
    and two classes may be one output. `notes` gets a sentence for each such choice. Weights of the file that are not
    the network's are left aside: `weights.left_aside` lists them. Raises SeewhyError where `empty` does, or where
    weights and network still differ.
    """
    order = Order(architecture, classes, arguments, checkpoint, root, where, [] if notes is None else notes)
    model = _make(order)
    if order.differences(model):
        model = _fitted(order, model)
    order.notes.extend(weights.fill(model, checkpoint.weights, classes, where))
    return model.eval()


def empty(
    architecture: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint, root: Path, where: str
) -> nn.Module:
    """The model as its constructor leaves it: torchvision:NAME, timm:NAME, smp:NAME, fastai:NAME, transformers:FOLDER,
    torchscript:FILE, export:FILE, a dotted module and class, or a script or notebook and class.

    `classes` is the dataset's number of them, 0 where it has none. Raises SeewhyError where the name does not exist,
    or where the constructor refuses or needs what nothing tells.
    """
    return _make(Order(architecture, classes, arguments, checkpoint, root, where))


def _fitted(order: Order, model: nn.Module) -> nn.Module:
    """The network made once more, with one output for two classes, sizes of the weights, and their first layer and
    head; as it was where that does not help."""
    before = order.differences(model)
    if order.classes == 2:
        single = _make(Order(**{**vars(order), "classes": 1, "notes": []}))
        if order.differences(single) < before:
            order.notes.append("one output: its value speaks for the second class, its negative for the first")
            model, order = single, Order(**{**vars(order), "classes": 1})
    if order.differences(model) and order.zoo in COUNT:
        model = _resized(order, model)
        order.notes.extend(rebuild(model, order.checkpoint.weights, order.where))
    return model


def _resized(order: Order, model: nn.Module) -> nn.Module:
    """A zoo's network with the file's number of channels, and its side of the input."""
    before, found = order.differences(model), dict(order.arguments)
    channels = completed.in_channels(order.checkpoint.weights)
    if (key := CHANNELS.get(order.zoo)) and channels not in (None, 3) and key not in found:
        found[key] = channels
    side = SIDES.get(order.zoo)
    if side and side not in found and any("pos_embed" in one or "pos_embedding" in one for one in model.state_dict()):
        make = lambda **given: _make(Order(**{**vars(order), "arguments": {**found, **given}, "notes": []}))  # noqa: E731
        found |= fit_arguments(make, {}, {side: 224}, order.checkpoint.weights, order.differences) or {}
    if found == dict(order.arguments):
        return model
    other = _make(Order(**{**vars(order), "arguments": found, "notes": []}))
    if order.differences(other) >= before:
        return model
    changed = {name: value for name, value in found.items() if name not in order.arguments}
    order.notes.append(f"read from the weights: {_written(changed)}")
    return other


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in arguments.items())


def _make(order: Order) -> nn.Module:
    if order.zoo in COUNT:
        return _from_zoo(order)
    if not order.name:
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}; allowed: {ALLOWED}")
    if order.zoo == "transformers":
        return huggingface.from_folder(order.name, order.root, order.where)
    if order.zoo == "fastai":
        return learner_network(order.name, order.checkpoint.weights, order.where)
    if order.zoo in ("torchscript", "export"):
        return _recorded(order)
    if definitions.is_file(order.zoo):
        return _from_file(order)
    return _called(order, _from_module(order.zoo, order.name, order.root, order.where))


def _recorded(order: Order) -> nn.Module:
    """A network without its class: TorchScript or torch.export, whose recorded steps are run, as the study asks."""
    path = order.root / order.name
    if not path.is_file():
        raise SeewhyError(f"{order.where}: there is no file '{order.name}'")
    try:
        if order.zoo == "torchscript":
            return torch.jit.load(path, map_location="cpu")
        return torch.export.load(path).module()
    except Exception as error:  # whatever a damaged file raises
        raise SeewhyError(f"{order.where}: '{order.name}' is no {order.zoo} file: {_told(error)}") from None


def _from_zoo(order: Order) -> nn.Module:
    if not order.name:
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}; allowed: {ALLOWED}")
    make = {"torchvision": _from_torchvision, "timm": _from_timm, "smp": _from_smp}[order.zoo](order.name, order.where)
    accepted = inspect.signature(make).parameters
    plain, lines = split_lines(order.arguments)
    given = _for_zoo(order, plain) | {key: value for key, value in OFFLINE.items() if key in accepted}
    model = _checked(order, make, given)
    replace_parts(model, lines, order.where)
    return model


def _for_zoo(order: Order, arguments: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {COUNT[order.zoo]: order.classes} if order.classes else {}
    if order.zoo == "smp" and isinstance(encoder := order.checkpoint.config.get("encoder_name"), str):
        told["encoder_name"] = encoder
    if order.zoo == "torchvision":
        told |= _switches(order)
    return told | dict(arguments)


def _switches(order: Order) -> dict[str, Any]:
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


def _from_file(order: Order) -> nn.Module:
    """A class, a function or a network of a script or notebook, whose definitions alone are run."""
    path = order.root / order.zoo
    if not path.is_file():
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}: there is no file '{order.zoo}'")
    with without_downloads(order.notes):
        taken = definitions.take(path, order.name, dict(order.arguments), order.classes, order.root, order.where)
    order.notes.extend(note for note in taken.notes if note not in order.notes)
    found = definitions.network_of(taken, order.name)
    if isinstance(found, nn.Module):
        return found
    if found is None:
        problem = definitions.missing_value(taken, NameError("", name=order.name), order.where)
        raise problem or unknown_name(
            "architecture", order.architecture, _networks(taken.module, order.zoo), order.where
        )
    own = {key: value for key, value in order.arguments.items() if key not in taken.used or key in _accepted(found)}
    try:
        return _called(Order(**{**vars(order), "arguments": own}), found)
    except SeewhyError as error:
        cause = error.__cause__ or error.__context__
        raise definitions.missing_value(taken, cause, order.where) or error from None  # type: ignore[arg-type]


def _accepted(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(make).parameters


def _called(order: Order, make: Callable[..., nn.Module]) -> nn.Module:
    """A class or function of the user's own, called with what was set and what dataset, file and weights tell."""
    accepted, file = _accepted(make), order.checkpoint
    given = completed.complete(accepted, order.arguments, order.classes, file)
    needed = completed.missing(accepted, given)
    free = dict.fromkeys(needed, 8)

    def quiet(**arguments: Any) -> nn.Module:
        with without_downloads([]):
            return make(**arguments)

    if needed:
        found = fit_arguments(quiet, given, free, file.weights, order.differences)
        if found and all(has_effect(quiet, found, name, order.differences) for name in needed):
            order.notes.append(f"read from the weights: {_written({name: found[name] for name in needed})}")
            given = found
    completed.refuse_missing(accepted, given, f"of {order.where} ({order.architecture})")
    with without_downloads(order.notes):
        model = _checked(order, make, given)
    if not order.differences(model):
        return model
    free = {
        name: given.get(name, one.default)
        for name, one in accepted.items()
        if type(given.get(name, one.default)) in (int, bool)
        and name not in {*order.arguments, *completed.COUNTS, "pretrained"}
    }
    better = fit_arguments(quiet, given, free, file.weights, order.differences)
    if better is None:
        return model
    changed = {name: better[name] for name in free if better[name] != free[name]}
    order.notes.append(f"read from the weights: {_written(changed)}")
    return _checked(order, quiet, better)


def _checked(order: Order, make: Callable[..., nn.Module], given: dict[str, Any]) -> nn.Module:
    try:
        model = make(**given)
    except Exception as error:  # whatever the user's constructor raises
        told = f"{order.where}: {order.architecture} refuses its arguments {given}: {_told(error)}"
        raise SeewhyError(told) from error
    if not isinstance(model, nn.Module):
        raise SeewhyError(f"{order.where}: {order.architecture} makes '{type(model).__name__}'; allowed: an nn.Module")
    return model


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
    if not _makes_a_network(getattr(found, name, None), module):
        raise unknown_name("architecture", f"{module}:{name}", _networks(found, module), where)
    return getattr(found, name)


def _networks(module: Any, prefix: str) -> list[str]:
    """Classes of networks in a module, as architectures."""
    kinds = [key for key, one in vars(module).items() if isinstance(one, type) and issubclass(one, nn.Module)]
    return [f"{prefix}:{kind}" for kind in kinds]


def _makes_a_network(value: object, module: str) -> bool:
    """A class of networks, or a function written in that module: nothing else is ever called."""
    if isinstance(value, type):
        return issubclass(value, nn.Module)
    return inspect.isfunction(value) and value.__module__ == module


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
