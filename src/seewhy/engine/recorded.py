"""A TorchScript model as an ordinary module, whose output can be read and changed by hooks."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from seewhy.errors import SeewhyError


class NoLayerError(SeewhyError):
    """A model without a layer that can be looked into: it predicts, but has no maps of layers."""

    def __init__(self) -> None:
        super().__init__(
            "no layer of this model can be looked into (TorchScript and exported programs have none); allowed: methods "
            "at the input (gradient, integrated_gradients, occlusion, rise), or the network as its class makes it"
        )


class Recorded(nn.Module):
    """A TorchScript model that runs its recorded steps; names of parts and weights are those of its file.

    torch.jit refuses hooks on what it loads. They work on this module; its parts have none.
    """

    def __init__(self, script: torch.jit.ScriptModule):
        super().__init__()
        self._script = (script,)  # in a tuple it is no part, whose name would stand before all others
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
        """What the recorded steps return."""
        return self._script[0](*given)

    def train(self, mode: bool = True) -> "Recorded":
        """Sets the mode of the recorded model, too: its own steps read it."""
        self._script[0].train(mode)
        return super().train(mode)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "Recorded":
        self._script[0]._apply(fn, recurse)
        self._link_parts()
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Recorded":
        other = Recorded(copy.deepcopy(self._script[0], memo))
        other._forward_hooks = copy.copy(self._forward_hooks)
        return other


def with_hooks(model: nn.Module) -> nn.Module:
    """The model itself, or one that takes hooks where it is TorchScript."""
    return Recorded(model) if isinstance(model, torch.jit.ScriptModule) else model


def takes_hooks(module: nn.Module) -> bool:
    """Whether hooks on the module are called: on parts of a TorchScript model they are not."""
    return not isinstance(module, torch.jit.ScriptModule)
