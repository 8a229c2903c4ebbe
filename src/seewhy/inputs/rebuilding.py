"""A network of a zoo made like the user's: first layer and head as the weights' names and shapes say they are."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from seewhy.errors import SeewhyError
from seewhy.inputs.module_lines import is_module_line, parse_module
from seewhy.inputs.weights import match_weights


def split_lines(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Arguments for the constructor, and lines that make a part of the network, by the part's name."""
    lines = {name: line for name, line in arguments.items() if is_module_line(line)}
    return {name: value for name, value in arguments.items() if name not in lines}, lines


def replace_parts(model: nn.Module, lines: Mapping[str, str], where: str) -> None:
    """Puts the modules that the lines make where the lines' names say. Raises SeewhyError for a part that is not there
    and a line that cannot be read."""
    for name, line in lines.items():
        model.set_submodule(name, parse_module(line, f"arguments.{name} of {where}"))


def rebuild_ends(model: nn.Module, weights: Mapping[str, Tensor], where: str) -> list[str]:
    """Changes the model's first convolution and its head to what the weights are of; sentences about what was changed.

    Whatever has no weights and changes nothing in eval mode (dropout) is left out of a head. Raises SeewhyError where
    several linear layers follow each other with something between them that the file does not tell.
    """
    found = match_weights(model, weights, where).weights
    notes = _first_layer(model, found)
    own = model.state_dict()
    strange = [key for key in {**own, **found} if _shape_of(own, key) != _shape_of(found, key)]
    scope = _common_beginning([key.split(".")[:-1] for key in strange])
    if not strange or not scope or not _is_last(model, scope):
        return notes
    name = ".".join(scope)
    try:
        old = model.get_submodule(name)
    except AttributeError:
        name = name.rpartition(".")[0]
        old = model.get_submodule(name)
    if not name:
        return notes
    theirs = {key.removeprefix(f"{name}."): value for key, value in found.items() if key.startswith(f"{name}.")}
    made = _rebuilt_part(theirs, old, name, where)
    if made is None or _features_in(made) != _features_in(old):
        return notes
    model.set_submodule(name, made)
    return [*notes, f"the head `{name}` is made as the weights are: {_module_line(made)}"]


def _shape_of(weights: Mapping[str, Tensor], key: str) -> tuple[int, ...] | None:
    return tuple(weights[key].shape) if key in weights else None


def _common_beginning(paths: list[list[str]]) -> list[str]:
    """The beginning that all paths have."""
    shared: list[str] = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return shared


def _is_last(model: nn.Module, scope: list[str]) -> bool:
    """Whether the last weights of the network belong there."""
    return list(model.state_dict())[-1].split(".")[: len(scope)] == scope


def _first_layer(model: nn.Module, found: Mapping[str, Tensor]) -> list[str]:
    """Gives the first convolution the channels and the bias that the file has for it."""
    name, first = next(((name, one) for name, one in model.named_modules() if isinstance(one, nn.Conv2d)), ("", None))
    theirs = found.get(f"{name}.weight")
    if first is None or theirs is None or theirs.ndim != 4 or first.groups != 1:
        return []
    bias = f"{name}.bias" in found
    same = theirs.shape[0] == first.out_channels and tuple(theirs.shape[2:]) == first.kernel_size
    if not same or (theirs.shape[1] == first.in_channels and bias == (first.bias is not None)):
        return []
    options: dict[str, Any] = {"stride": first.stride, "padding": first.padding, "dilation": first.dilation}
    options |= {"kernel_size": first.kernel_size}
    made = nn.Conv2d(theirs.shape[1], first.out_channels, bias=bias, **options)
    model.set_submodule(name, made)
    beside = " and a bias" if bias and first.bias is None else ""
    return [f"the first layer `{name}` takes {theirs.shape[1]} channels{beside}, as the weights do"]


def _rebuilt_part(theirs: Mapping[str, Tensor], old: nn.Module, name: str, where: str) -> nn.Module | None:
    """The module whose weights these are: a linear layer, or a sequence of such and norms; None where it is neither."""
    if "weight" in theirs:
        return _rebuilt_layer(theirs, old)
    parts: dict[str, dict[str, Tensor]] = {}
    for key, value in theirs.items():
        child, _, rest = key.partition(".")
        parts.setdefault(child, {})[rest] = value
    made: dict[str, nn.Module] = {}
    for child, own in parts.items():
        part = _rebuilt_part(own, getattr(old, child, nn.Identity()), name, where)
        if part is None:
            return None
        made[child] = part
    if not made:
        return None
    if all(child.isdecimal() for child in made):
        made = _with_gaps(made, old)
    _refuse_unknown_between(made, name, where)
    return nn.Sequential(OrderedDict(made))


def _with_gaps(made: Mapping[str, nn.Module], old: nn.Module) -> dict[str, nn.Module]:
    """The sequence with what has no weights: the old head's own part at that place, if its parts are still the first
    ones, else nothing."""
    kept = isinstance(old, nn.Sequential)
    filled: dict[str, nn.Module] = {}
    for index in range(max(map(int, made)) + 1):
        child = str(index)
        same = kept and index < len(old)  # type: ignore[arg-type]
        mine = old[index] if same else None  # type: ignore[index]
        if child in made:
            filled[child] = made[child]
            kept = kept and type(mine) is type(made[child])
        else:
            filled[child] = mine if kept and mine is not None and not list(mine.parameters()) else nn.Identity()
    return filled


def _refuse_unknown_between(made: Mapping[str, nn.Module], name: str, where: str) -> None:
    """Raises where two linear layers have a place between them of which the file says nothing."""
    order = list(made.values())
    linear = [index for index, part in enumerate(order) if _features_in(part) is not None]
    for first, second in pairwise(linear):
        gap = any(isinstance(part, nn.Identity) for part in order[first + 1 : second])
        if gap or not all(map(str.isdecimal, made)):
            line = _module_line(
                nn.Sequential(*(nn.ReLU() if isinstance(part, nn.Identity) else part for part in order))
            )
            raise SeewhyError(
                f"{where}: the head '{name}' has several linear layers, and the file does not say what stands between "
                f"them; write the line of your own code, as `arguments: {{{name}: '{line}'}}`"
            )


def _rebuilt_layer(theirs: Mapping[str, Tensor], old: nn.Module) -> nn.Module | None:
    weight, bias = theirs["weight"], "bias" in theirs
    if "running_mean" in theirs:
        return nn.BatchNorm1d(len(weight)) if not isinstance(old, nn.BatchNorm2d) else nn.BatchNorm2d(len(weight))
    if weight.ndim == 2:
        return nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
    if weight.ndim == 4 and isinstance(old, nn.Conv2d) and tuple(weight.shape[2:]) == old.kernel_size:
        return nn.Conv2d(weight.shape[1], weight.shape[0], old.kernel_size, old.stride, old.padding, bias=bias)  # type: ignore[arg-type]
    return old if weight.ndim == 1 and old.state_dict().keys() == theirs.keys() else None


def _features_in(module: nn.Module) -> int | None:
    """What the first layer with a matrix takes."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            return part.in_features
        if isinstance(part, nn.Conv2d):
            return part.in_channels
    return None


def _module_line(module: nn.Module) -> str:
    """The module as a line of code: what it holds, in short."""
    if isinstance(module, nn.Sequential):
        return f"nn.Sequential({', '.join(_module_line(part) for part in module if not isinstance(part, nn.Identity))})"
    if isinstance(module, nn.Linear):
        return (
            f"nn.Linear({module.in_features}, {module.out_features}{'' if module.bias is not None else ', bias=False'})"
        )
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        return f"nn.{type(module).__name__}({module.num_features})"
    return f"nn.{type(module).__name__}({module.extra_repr()})"
