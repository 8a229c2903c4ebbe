"""One pass remembered module by module, and modules that answer from memory; afterwards they are as they were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seewhy.engine.modules import first_tensor
from seewhy.engine.targets import output_of


@dataclass(frozen=True)
class Record:
    """One pass: the output, what the layer returned (call by call), and what the modules before it returned."""

    output: Tensor
    given: list[Any]
    trunk: dict[nn.Module, list[Tensor]]


def blank_row(output: Tensor) -> Tensor:
    """One row of NaN in the shape of the output, without its memory."""
    return output.new_full((1,) * output.ndim, torch.nan).expand(1, *output.shape[1:])


def record_pass(
    model: nn.Module, images: Tensor, layer: nn.Module, keep: Callable[[Tensor], Tensor], call: int = 0
) -> Record:
    """A pass in which `keep` is kept of what the outermost of the modules that ended before the layer returned; before
    that call of the layer, if one is named: earlier ones are kept too.

    Left out are modules that return anything but a tensor with a row for each image.
    """
    ended: list[tuple[nn.Module, Tensor | None]] = []
    begun: list[int] = []
    given: list[Any] = []
    reached: list[bool] = []

    calls = [0, 0]  # of the layer, begun and ended

    def before_call(module: nn.Module, _args: Any) -> None:
        begun.append(len(ended))
        if module is layer:
            calls[0] += 1
            if call in (0, calls[0]):
                reached.append(True)

    def after_call(module: nn.Module, _args: Any, output: Any) -> Any:
        first = begun.pop()
        if module is layer:
            calls[1] += 1
        if module is layer and call in (0, calls[1]):
            given.append(output)
            tensor, hand_on = first_tensor(output, type(layer).__name__)
            return hand_on(tensor.clone())  # an in-place operation behind the layer must not overwrite what was kept
        if not reached:
            ended[first:] = [(module, keep(output) if _has_rows(output, len(images)) else None)]
        return output

    handles = [module.register_forward_pre_hook(before_call) for module in model.modules()]
    handles += [module.register_forward_hook(after_call) for module in model.modules()]
    try:
        output = output_of(model(images.clone()))
    finally:
        for handle in handles:
            handle.remove()
    return Record(output, given, _by_module(ended))


def _has_rows(output: Any, rows: int) -> bool:
    return isinstance(output, Tensor) and output.is_floating_point() and output.ndim > 0 and len(output) == rows


def _by_module(ended: list[tuple[nn.Module, Tensor | None]]) -> dict[nn.Module, list[Tensor]]:
    """What was kept of each module, call by call, where all its calls are known."""
    calls: dict[nn.Module, list[Tensor | None]] = {}
    for module, kept in ended:
        calls.setdefault(module, []).append(kept)
    return {
        module: [one for one in kept if one is not None]
        for module, kept in calls.items()
        if all(one is not None for one in kept)
    }


@contextmanager
def answer_from_memory(answers: dict[nn.Module, list[Any]]) -> Iterator[None]:
    """The modules return `answers`, call by call, and run as ever after the last; afterwards they are as they were."""
    own = {module: module.__dict__.get("forward") for module in answers}

    def make_forward(outputs: Iterator[Any], forward: Callable[..., Any]) -> Callable[..., Any]:
        def remembered_forward(*args: Any, **options: Any) -> Any:
            for output in outputs:
                return output
            return forward(*args, **options)

        return remembered_forward

    try:
        for module, outputs in answers.items():
            module.__dict__["forward"] = make_forward(iter(outputs), module.forward)
        yield
    finally:
        for module, forward in own.items():
            module.__dict__.pop("forward", None)
            if forward is not None:
                module.__dict__["forward"] = forward
