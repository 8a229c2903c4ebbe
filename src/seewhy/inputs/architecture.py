"""A name in params.yaml -> an nn.Module with the checkpoint's weights in it."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seewhy.engine.recorded import with_hooks
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import arguments as completed
from seewhy.inputs import definitions, huggingface, weights
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.constructors import COUNT, Order, from_module, from_zoo, network_classes, zoo_arguments
from seewhy.inputs.fastai import learner_network
from seewhy.inputs.fitting import fit_arguments, has_effect
from seewhy.inputs.offline import without_downloads
from seewhy.inputs.rebuilding import rebuild_ends, replace_parts, split_lines
from seewhy.inputs.source_code import error_text
from seewhy.inputs.whole_models import adopt_modules

CHANNELS = {"timm": "in_chans", "smp": "in_channels"}
SIDES = {"torchvision": "image_size", "timm": "img_size"}  # of the input, for networks with positions
RECORDED = ("torchscript", "export")  # files that hold a network's steps
OFFLINE: dict[str, Any] = {"weights": None, "weights_backbone": None, "pretrained": False, "encoder_weights": None}
ALLOWED = "torchvision:NAME, timm:NAME, smp:NAME or package.module:Class, train.py:Class, notebook.ipynb:Class"


def build_network(
    architecture: str,
    classes: int,
    arguments: dict[str, Any],
    checkpoint: Checkpoint,
    root: Path,
    where: str,
    notes: list[str] | None = None,
    strict: bool = True,
) -> nn.Module:
    """The model with the checkpoint's weights, in eval mode.

    Where weights and network differ, sizes are read from the weights, a first layer and a head are made like theirs,
    and two classes may be one output. `notes` gets a sentence for each such choice. Weights of the file that are not
    the network's are left aside: `weights.left_aside` lists them; those within its own part only where not `strict`.
    Raises SeewhyError where `empty_network` does, or where weights and network still differ.
    """
    order = Order(architecture, classes, arguments, checkpoint, root, where, [] if notes is None else notes)
    model = _make_network(order)
    if order.zoo not in RECORDED and checkpoint.module is not None:
        order.notes.extend(adopt_modules(model, checkpoint.module))
    if order.count_differences(model):
        model = _fitted_network(order, model)
    order.notes.extend(weights.fill_weights(model, checkpoint.weights, classes, where, strict))
    return model.eval()


def empty_network(
    architecture: str, classes: int, arguments: dict[str, Any], checkpoint: Checkpoint, root: Path, where: str
) -> nn.Module:
    """The model as its constructor leaves it: torchvision:NAME, timm:NAME, smp:NAME, fastai:NAME, transformers:FOLDER,
    torchscript:FILE, export:FILE, a dotted module and class, or a script or notebook and class.

    `classes` is the dataset's number of them, 0 where it has none. Raises SeewhyError where the name does not exist,
    or where the constructor refuses or needs what nothing tells.
    """
    return _make_network(Order(architecture, classes, arguments, checkpoint, root, where))


def _fitted_network(order: Order, model: nn.Module) -> nn.Module:
    """The network made once more, with one output for two classes, sizes of the weights, and their first layer and
    head; as it was where that does not help."""
    before = order.count_differences(model)
    if order.classes == 2:
        single = _make_network(Order(**{**vars(order), "classes": 1, "notes": []}))
        if order.count_differences(single) < before:
            order.notes.append("one output: its value speaks for the second class, its negative for the first")
            model, order = single, Order(**{**vars(order), "classes": 1})
    if order.count_differences(model) and order.zoo in COUNT:
        model = _resized_network(order, model)
        order.notes.extend(rebuild_ends(model, order.checkpoint.weights, order.where))
    return model


def _resized_network(order: Order, model: nn.Module) -> nn.Module:
    """A zoo's network with the file's number of channels, and its side of the input."""
    before, found = order.count_differences(model), dict(order.arguments)
    channels = completed.in_channels(order.checkpoint.weights)
    if (key := CHANNELS.get(order.zoo)) and channels not in (None, 3) and key not in found:
        found[key] = channels
    side = SIDES.get(order.zoo)
    if side and side not in found and any("pos_embed" in one or "pos_embedding" in one for one in model.state_dict()):
        make = lambda **given: _make_network(Order(**{**vars(order), "arguments": {**found, **given}, "notes": []}))  # noqa: E731
        found |= fit_arguments(make, {}, {side: 224}, order.checkpoint.weights, order.count_differences) or {}
    if found == dict(order.arguments):
        return model
    other = _make_network(Order(**{**vars(order), "arguments": found, "notes": []}))
    if order.count_differences(other) >= before:
        return model
    changed = {name: value for name, value in found.items() if name not in order.arguments}
    order.notes.append(f"read from the weights: {_written_arguments(changed)}")
    return other


def _written_arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in arguments.items())


def _make_network(order: Order) -> nn.Module:
    if order.zoo in COUNT:
        return _from_zoo(order)
    if not order.name:
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}; allowed: {ALLOWED}")
    if order.zoo == "transformers":
        return huggingface.from_folder(order.name, order.root, order.where)
    if order.zoo == "fastai":
        return learner_network(order.name, order.checkpoint.weights, order.where)
    if order.zoo in RECORDED:
        return _from_recorded_file(order)
    if definitions.is_file(order.zoo):
        return _from_file(order)
    return _call_constructor(order, from_module(order.zoo, order.name, order.root, order.where))


def _from_recorded_file(order: Order) -> nn.Module:
    """A network without its class: TorchScript or torch.export, whose recorded steps are run, as the study asks."""
    path = order.root / order.name
    if not path.is_file():
        raise SeewhyError(f"{order.where}: there is no file '{order.name}'")
    try:
        if order.zoo == "torchscript":
            return with_hooks(torch.jit.load(path, map_location="cpu"))
        return with_hooks(torch.export.load(path).module())
    except Exception as error:  # whatever a damaged file raises
        raise SeewhyError(f"{order.where}: '{order.name}' is no {order.zoo} file: {error_text(error)}") from None


def _from_zoo(order: Order) -> nn.Module:
    if not order.name:
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}; allowed: {ALLOWED}")
    make = from_zoo(order.zoo, order.name, order.where)
    accepted = inspect.signature(make).parameters
    plain, lines = split_lines(order.arguments)
    given = zoo_arguments(order, plain) | {key: value for key, value in OFFLINE.items() if key in accepted}
    model = _checked_network(order, make, given)
    replace_parts(model, lines, order.where)
    return model


def _from_file(order: Order) -> nn.Module:
    """A class, a function or a network of a script or notebook, whose definitions alone are run."""
    path = order.root / order.zoo
    if not path.is_file():
        raise SeewhyError(f"architecture '{order.architecture}' of {order.where}: there is no file '{order.zoo}'")
    with without_downloads(order.notes):
        taken = definitions.take_definitions(
            path, order.name, dict(order.arguments), order.classes, order.root, order.where
        )
    order.notes.extend(note for note in taken.notes if note not in order.notes)
    found = definitions.network_of(taken, order.name)
    if isinstance(found, nn.Module):
        return found
    if found is None:
        problem = definitions.missing_value(taken, NameError("", name=order.name), order.where)
        raise problem or unknown_name(
            "architecture", order.architecture, network_classes(taken.module, order.zoo), order.where
        )
    own = {
        key: value
        for key, value in order.arguments.items()
        if key not in taken.used or key in _accepted_parameters(found)
    }
    try:
        return _call_constructor(Order(**{**vars(order), "arguments": own}), found)
    except SeewhyError as error:
        cause = error.__cause__ or error.__context__
        raise definitions.missing_value(taken, cause, order.where) or error from None  # type: ignore[arg-type]


def _accepted_parameters(make: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(make).parameters


def _call_constructor(order: Order, make: Callable[..., nn.Module]) -> nn.Module:
    """A class or function of the user's own, called with what was set and what dataset, file and weights tell."""
    accepted, file = _accepted_parameters(make), order.checkpoint
    given = completed.complete_arguments(accepted, order.arguments, order.classes, file)
    needed = completed.missing_arguments(accepted, given)
    free = dict.fromkeys(needed, 8)

    def make_offline(**arguments: Any) -> nn.Module:
        with without_downloads([]):
            return make(**arguments)

    if needed:
        found = fit_arguments(make_offline, given, free, file.weights, order.count_differences)
        if found and all(has_effect(make_offline, found, name, order.count_differences) for name in needed):
            order.notes.append(f"read from the weights: {_written_arguments({name: found[name] for name in needed})}")
            given = found
    completed.refuse_missing(accepted, given, f"of {order.where} ({order.architecture})")
    with without_downloads(order.notes):
        model = _checked_network(order, make, given)
    if not order.count_differences(model):
        return model
    free = {
        name: given.get(name, one.default)
        for name, one in accepted.items()
        if type(given.get(name, one.default)) in (int, bool)
        and name not in {*order.arguments, *completed.COUNTS, "pretrained"}
    }
    better = fit_arguments(make_offline, given, free, file.weights, order.count_differences)
    if better is None:
        return model
    changed = {name: better[name] for name in free if better[name] != free[name]}
    order.notes.append(f"read from the weights: {_written_arguments(changed)}")
    return _checked_network(order, make_offline, better)


def _checked_network(order: Order, make: Callable[..., nn.Module], given: dict[str, Any]) -> nn.Module:
    try:
        model = make(**given)
    except Exception as error:  # whatever the user's constructor raises
        told = f"{order.where}: {order.architecture} refuses its arguments {given}: {error_text(error)}"
        raise SeewhyError(told) from error
    if not isinstance(model, nn.Module):
        raise SeewhyError(f"{order.where}: {order.architecture} makes '{type(model).__name__}'; allowed: an nn.Module")
    return model
