"""The user's model and its modules: found by name, read and written whatever they return, left as they were found."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import torch
from torch import Tensor, nn

from seewhy.engine.recorded import NoLayerError, takes_hooks
from seewhy.errors import SeewhyError, unknown_name


class RepeatedError(SeewhyError):
    """A layer is called more than once in a pass, and it is not said which call is meant."""

    def __init__(self, name: str):
        super().__init__(f"layer '{name}' is called more than once in a forward pass; choose a call: '{name}#1'")


def split_call(name: str) -> tuple[str, int]:
    """A layer's dotted name and which of its calls is meant; 0 where none is named.

    >>> split_call("features#2")
    ('features', 2)
    """
    module, _, call = name.partition("#")
    return (module, int(call)) if call.isdecimal() and int(call) else (name, 0)


def find_layer(model: nn.Module, name: str, where: str = "") -> nn.Module:
    """The module of that dotted name, whichever of its calls is named; an error names the closest.

    Raises SeewhyError where there is none, and where no hook on it would be called.
    """
    name, _ = split_call(name)
    modules = dict(model.named_modules(remove_duplicate=False))
    if not name or name not in modules:
        raise unknown_name("layer", name, [known for known in modules if known], where)
    if not takes_hooks(modules[name]):
        raise NoLayerError
    return modules[name]


def first_tensor(output: Any, name: str) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """The first tensor that a layer returns, and what puts another in its place; the rest of a container is kept."""
    if isinstance(output, Tensor) and output.is_floating_point():
        return output, lambda tensor: tensor
    several = isinstance(output, tuple | list)
    for key, part in output.items() if isinstance(output, dict) else enumerate(output) if several else ():
        if isinstance(part, Tensor) and part.is_floating_point():
            return part, lambda tensor: _replace_tensor(output, key, tensor)  # noqa: B023 (returned at once)
    found = str(output.dtype) if isinstance(output, Tensor) else type(output).__name__
    raise SeewhyError(f"layer '{name}' returns a {found}; allowed: a float tensor, or a tuple, list or dict with one")


def _replace_tensor(output: Any, key: Any, tensor: Tensor) -> Any:
    """A container like `output` with `tensor` at `key`: plain, named tuple, or a dict of any class."""
    if isinstance(output, tuple):
        parts = (*output[:key], tensor, *output[key + 1 :])
        return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)
    other = copy.copy(output)
    other[key] = tensor
    return other


def check_device_and_type(model: nn.Module, images: Tensor) -> None:
    """Raises SeewhyError where images and model are on different devices, or of different float types."""
    if not images.is_floating_point():
        raise SeewhyError(f"images are of {images.dtype}; allowed: a float tensor, normalised as the model expects")
    weights = [weight for weight in model.parameters() if weight.is_floating_point()]
    devices, types = ({getattr(weight, key): None for weight in weights} for key in ("device", "dtype"))
    for kind, found, allowed in (("on", images.device, list(devices)), ("of", images.dtype, list(types))):
        if allowed and found not in allowed and not (kind == "of" and torch.is_autocast_enabled(images.device.type)):
            to = f"'{allowed[0]}'" if kind == "on" else str(allowed[0])
            raise SeewhyError(f"images are {kind} {found}, the model is {kind} {allowed[0]}; move one: images.to({to})")


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; the train flag of every module as it was afterwards, also after an exception."""
    flags = {module: module.training for module in model.modules()}
    with suppress(NotImplementedError):  # an exported program is what it was exported as
        model.eval()
    recurrent = any(isinstance(module, nn.RNNBase) for module in flags)
    # cuDNN cannot differentiate a recurrent layer in eval mode; the plain kernels can
    with torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext():
        try:
            yield
        finally:
            for module, flag in flags.items():
                module.training = flag
