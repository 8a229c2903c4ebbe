"""The evidence engine: one forward pass, cut at a layer, then one small backward pass for each target.

The trunk runs without a graph. The layer's output is detached and becomes a leaf, so only the head (what follows the
layer) is differentiated: K targets cost one trunk and K heads, and no parameter ever receives a gradient.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.errors import SeewhyError, unknown
from seewhy.methods.targets import Targets, output_of, resolve


@dataclass(frozen=True)
class Evidence:
    """What one pass shows at a layer for one target, for n images."""

    activation: Float[Tensor, "n c h w"]
    gradient: Float[Tensor, "n c h w"]
    score: Float[Tensor, " n"]


@dataclass(frozen=True)
class Pass:
    """One forward pass: the model's output, and evidence for each layer (outer) and target (inner)."""

    output: Tensor
    evidence: dict[str, list[Evidence]]


def collect(model: nn.Module, images: Tensor, layers: Sequence[str], targets: Targets) -> Pass:
    """Evidence at the named `layers` for `targets` (see `targets.resolve`); the model is left as it was found.

    Works inside `no_grad` and `inference_mode`, on frozen and on unfrozen models. Raises SeewhyError for a layer that
    does not exist, is not reached, or whose output has no spatial layout (n, c, h, w).
    """
    with untouched(model), torch.inference_mode(False), torch.no_grad():
        # a tensor born in inference mode cannot take part in a graph: its clone can
        clean = images.clone() if images.is_inference() else images
        with _cut(model, layers) as seen:
            output = output_of(model(clean))
        _check_reached(layers, seen)
        with torch.enable_grad():
            scores = [target(output) for target in resolve(targets, output.detach())]
            _check_scores(scores, len(images))
            leaves = [seen[layer] for layer in layers]
            gradients = [_backward(score, leaves, keep=index + 1 < len(scores)) for index, score in enumerate(scores)]
    evidence = {
        layer: [
            Evidence(seen[layer].detach(), gradient[position], score.detach())
            for gradient, score in zip(gradients, scores, strict=True)
        ]
        for position, layer in enumerate(layers)
    }
    return Pass(output.detach(), evidence)


def _backward(score: Tensor, leaves: list[Tensor], keep: bool) -> tuple[Tensor, ...]:
    """Gradients of the summed scores: images do not meet in eval mode, so each gets its own."""
    if not score.requires_grad:
        raise SeewhyError(
            "the target's score does not depend on the layer; choose a layer that the score passes through"
        )
    return torch.autograd.grad(score.sum(), leaves, retain_graph=keep, allow_unused=False)


@contextmanager
def _cut(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Hooks that keep each layer's output. The first one reached becomes a leaf and switches the graph on.

    Each hook hands on a clone: an in-place operation behind the layer must not overwrite what was kept.
    """
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> Tensor:
            if not isinstance(output, Tensor):
                raise SeewhyError(
                    f"layer '{name}' returns a {type(output).__name__}; allowed: a layer that returns one tensor"
                )
            kept = output if seen else output.detach().requires_grad_()
            seen[name] = kept
            torch.set_grad_enabled(True)
            return kept.clone()

        return hook

    handles = []
    try:
        for name in layers:
            handles.append(find_layer(model, name).register_forward_hook(keep(name)))
        yield seen
    finally:
        torch.set_grad_enabled(False)
        for handle in handles:
            handle.remove()


def find_layer(model: nn.Module, name: str, where: str = "") -> nn.Module:
    """The module of that dotted name; an error names the closest."""
    modules = dict(model.named_modules())
    if not name or name not in modules:
        raise unknown("layer", name, [known for known in modules if known], where)
    return modules[name]


def _check_reached(layers: Sequence[str], seen: dict[str, Tensor]) -> None:
    for name in layers:
        if name not in seen:
            raise SeewhyError(f"layer '{name}' is not reached by the forward pass; choose one that is")
        if seen[name].ndim != 4:
            raise SeewhyError(
                f"layer '{name}' has output {tuple(seen[name].shape)}; allowed: (n, channels, height, width)"
            )


def _check_scores(scores: list[Tensor], n: int) -> None:
    for index, score in enumerate(scores):
        if tuple(score.shape) != (n,):
            raise SeewhyError(f"target {index} returns shape {tuple(score.shape)}; allowed: ({n},), one score an image")


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; the train flag of every module as it was afterwards, also after an exception."""
    flags = {module: module.training for module in model.modules()}
    model.eval()
    recurrent = any(isinstance(module, nn.RNNBase) for module in flags)
    # cuDNN cannot differentiate a recurrent layer in eval mode; the plain kernels can
    with torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext():
        try:
            yield
        finally:
            for module, flag in flags.items():
                module.training = flag
