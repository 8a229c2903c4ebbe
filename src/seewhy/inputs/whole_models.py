"""A model that was saved whole: parts of torch.nn that its file describes, made as the file says. Nothing is run."""

import inspect
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from seewhy.errors import list_names
from seewhy.inputs.inert import Inert

WRAPPERS = ({"module"}, {"_orig_mod"})  # the only part of DataParallel, of torch.compile
PASSIVE = {
    "p",
    "momentum",
    "inplace",
    "track_running_stats",
    "device",
    "dtype",
}  # settings without effect on predictions
PLAIN = (int, float, bool, str, type(None), tuple, list)


def adopt_modules(model: nn.Module, whole: Inert) -> list[str]:
    """Puts what the file has into the model where it differs: another head, activation or stride. A sentence about it.

    Loading the file with the class at hand would give these parts: they are the file's, the steps are the class's.
    """
    while set(_parts_of(whole)) in WRAPPERS:
        (whole,) = _parts_of(whole).values()
    changed = dict(_changed_modules(model, whole, ""))
    for name, part in changed.items():
        model.set_submodule(name, part)
    if not changed:
        return []
    told = list_names(f"`{name}` {' '.join(str(part).split())[:160]}" for name, part in changed.items())
    return [f"made as the whole model in the file has it: {told}"]


def _parts_of(module: Inert) -> dict[str, Inert]:
    held = module.attributes.get("_modules") or {}
    return {str(name): part for name, part in held.items() if isinstance(part, Inert)}


def _changed_modules(model: nn.Module, whole: Inert, path: str) -> Iterator[tuple[str, nn.Module]]:
    """The outermost parts that the file has otherwise, by name, each as the file has it."""
    for name, theirs in _parts_of(whole).items():
        ours, place = model._modules.get(name), f"{path}{name}"
        made = described_module(theirs)
        if ours is None or (made is not None and _is_other(ours, made)):
            if made is not None and ours is not None:
                yield place, made
        elif made is None:
            yield from _changed_modules(ours, theirs, f"{place}.")


def _is_other(ours: nn.Module, made: nn.Module) -> bool:
    """Whether two parts of torch.nn differ in what they compute, whatever their weights are."""
    if type(ours) is not type(made) or ours._modules.keys() != made._modules.keys():
        return True
    if any(_is_other(one, other) for one, other in zip(ours.children(), made.children(), strict=True)):
        return True
    shapes = [{key: value.shape for key, value in one.state_dict().items()} for one in (ours, made)]
    settings = set(inspect.signature(type(made)).parameters) - PASSIVE - {"bias"}
    return shapes[0] != shapes[1] or any(getattr(ours, key, None) != getattr(made, key, None) for key in settings)


def described_module(theirs: Inert) -> nn.Module | None:
    """The module of torch.nn that the data describe, with weights of its own.

    None for any other class, for data without settings (TorchScript), and where settings and weights contradict each
    other.
    """
    module, _, name = theirs.path.rpartition(".")
    kind = getattr(nn, name, None)
    if not module.startswith("torch.nn.modules") or "training" not in theirs.attributes or not isinstance(kind, type):
        return None
    if kind is nn.Sequential:
        parts = {key: described_module(part) for key, part in _parts_of(theirs).items()}
        return None if None in parts.values() else nn.Sequential(OrderedDict(parts))  # type: ignore[arg-type]
    if _parts_of(theirs):
        return None
    try:
        given = _settings_of(kind, theirs)
        with torch.device("meta"):
            shapes = {key: value.shape for key, value in kind(**given).state_dict().items()}
        return kind(**given) if shapes == _shapes_of(theirs) else None
    except Exception:  # whatever torch raises for settings that a file claims
        return None


def _settings_of(kind: type, theirs: Inert) -> dict[str, Any]:
    """Arguments of the constructor: attributes of the same name; of a bias, whether there is one."""
    held = theirs.attributes
    found = {}
    for key in inspect.signature(kind).parameters:
        if key in (held.get("_parameters") or {}):
            found[key] = held["_parameters"][key] is not None
        elif key in held and isinstance(held[key], PLAIN):
            found[key] = held[key]
    return found


def _shapes_of(theirs: Inert) -> dict[str, torch.Size]:
    held = [(theirs.attributes.get(kind) or {}).items() for kind in ("_parameters", "_buffers")]
    return {str(key): value.shape for some in held for key, value in some if isinstance(value, Tensor)}
