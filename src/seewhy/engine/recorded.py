"""Models that are recorded steps: TorchScript, or a torch.export program for a fixed number of images.

Each becomes an ordinary module, which takes any number of images and whose output hooks can read and change.
"""

import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils._pytree import tree_map

from seewhy.errors import SeewhyError


class NoLayerError(SeewhyError):
    """A model without a layer that can be looked into: it predicts, but has no maps of layers."""

    def __init__(self) -> None:
        super().__init__(
            "no layer of this model can be looked into (TorchScript and exported programs have none); allowed: methods "
            "at the input (gradient, integrated_gradients, occlusion, rise), or the network as its class makes it"
        )


class Recorded(nn.Module):
    """A model that runs its recorded steps; names of parts and weights are those of its file.

    torch.jit refuses hooks on what it loads. They work on this module; its parts have none. `count`: the only number of
    images that the steps take, None for any.
    """

    def __init__(self, script: nn.Module, count: int | None = None):
        super().__init__()
        self._script = (script,)  # in a tuple it is no part, whose name would stand before all others
        self.count = count
        self.training = script.training
        self._link_parts()

    def _link_parts(self) -> None:
        (script,) = self._script
        for name, part in script.named_children():
            self.add_module(name, part)
        for name, value in script.named_parameters(recurse=False):
            self.register_parameter(name, value)
        for name, buffer in script.named_buffers(recurse=False):
            self.register_buffer(name, buffer)

    def forward(self, *given: Any) -> Any:
        """What the recorded steps return, of as many images as are given."""
        if self.count is None or len(given[0]) == self.count:
            return self._script[0](*given)
        images, *rest = given
        groups = [self._script[0](_fill_group(part, self.count), *rest) for part in images.split(self.count)]
        return tree_map(lambda *parts: _join_rows(parts, len(images)), groups[0], *groups[1:])

    def train(self, mode: bool = True) -> "Recorded":
        """Sets the mode of the recorded model, too: its own steps read it."""
        with suppress(NotImplementedError):  # an exported program is what it was exported as
            self._script[0].train(mode)
        return super().train(mode)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "Recorded":
        self._script[0]._apply(fn, recurse)
        self._link_parts()
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Recorded":
        other = Recorded(copy.deepcopy(self._script[0], memo), self.count)
        other._forward_hooks = copy.copy(self._forward_hooks)
        return other


def _fill_group(images: Tensor, count: int) -> Tensor:
    """The images with the last one repeated until there are `count`."""
    return torch.cat([images, images[-1:].expand(count - len(images), *images.shape[1:])])


def _join_rows(parts: tuple[Any, ...], count: int) -> Any:
    """One output of all groups, without the rows of repeated images; of what has no rows the first."""
    rows = isinstance(parts[0], Tensor) and parts[0].ndim
    return torch.cat(parts)[:count] if rows else parts[0]


def with_hooks(model: nn.Module) -> nn.Module:
    """The model itself, or one that takes hooks and any number of images where it is recorded steps that do not."""
    if isinstance(model, torch.jit.ScriptModule):
        return Recorded(model)
    count = _recorded_count(model)
    return model if count is None else Recorded(model, count)


def _recorded_count(model: nn.Module) -> int | None:
    """The number of images that a torch.export program was recorded for; None where it takes any, or is none."""
    nodes = model.graph.nodes if isinstance(model, fx.GraphModule) else ()
    image = next((node.meta["val"] for node in nodes if node.op == "placeholder" and "val" in node.meta), None)
    count = image.shape[0] if isinstance(image, Tensor) and image.ndim else None
    return count if isinstance(count, int) else None


def takes_hooks(module: nn.Module) -> bool:
    """Whether hooks on the module are called: on parts of a TorchScript model they are not."""
    return not isinstance(module, torch.jit.ScriptModule)
