"""The evidence engine: one forward pass, cut at a layer, then one small backward pass for each target.

The trunk runs without a graph. The layer's output is detached and becomes a leaf, so only the head (what follows the
layer) is differentiated: K targets cost one trunk and K heads, and no parameter ever receives a gradient.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.modules import RepeatedError, check_device_and_type, eval_mode, find_layer, first_tensor, split_call
from seewhy.engine.targets import Targets, check_scores, output_of, resolve_targets
from seewhy.engine.tokens import Layout, Traits, layout_of, model_traits
from seewhy.errors import SeewhyError


@dataclass(frozen=True)
class Evidence:
    """What one pass shows at a layer for one target, for n images; token models are laid out as maps already."""

    activation: Float[Tensor, "n c h w"]
    gradient: Float[Tensor, "n c h w"]
    score: Float[Tensor, " n"]


See = Callable[[str, int, int, Evidence], None]  # layer, which target, of how many, what is seen


@dataclass(frozen=True)
class Pass:
    """One forward pass: the model's output, and evidence for each layer (outer) and target (inner)."""

    output: Tensor
    evidence: dict[str, list[Evidence]]


def collect_evidence(model: nn.Module, images: Tensor, layers: Sequence[str], targets: Targets) -> Pass:
    """Evidence at the named `layers` for `targets`, all of it at once: see `visit_evidence` for many targets."""
    evidence: dict[str, list[Evidence]] = {name: [] for name in layers}
    output = visit_evidence(model, images, layers, targets, lambda name, _index, _of, one: evidence[name].append(one))
    return Pass(output, evidence)


def visit_evidence(model: nn.Module, images: Tensor, layers: Sequence[str], targets: Targets, see: See) -> Tensor:
    """The model's output, after `see(layer, i, t, evidence)` for each layer and target i of t (see `resolve_targets`).

    A target's gradients go before the next ones come: where `see` keeps maps only, a thousand classes need the memory
    of one gradient. The model is left as it was found. Works inside `no_grad` and `inference_mode`, on frozen and on
    unfrozen models, for layers that return a tensor or a tuple, list or dict with one (the first counts, the rest is
    handed on). Raises SeewhyError for a layer that does not exist, is not reached, is called more than once, or whose
    output has no place in the image.
    """
    check_device_and_type(model, images)
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        # a tensor born in inference mode cannot take part in a graph: its clone can
        clean = images.clone() if images.is_inference() else images
        output, seen = _run_forward(model, clean, layers)
        known = model_traits(model)
        places = [
            _Place(name, _find_layout(model, known, name, seen, images), seen[name]) for name in dict.fromkeys(layers)
        ]
        with torch.enable_grad():
            scores = [target(output) for target in resolve_targets(targets, output.detach())]
        check_scores(scores, len(images))
        _run_backwards(scores, places, see)
    return output.detach()


def _run_forward(model: nn.Module, images: Tensor, layers: Sequence[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """The output, and the layers' outputs as leaves of its graph.

    Where the model itself switches the graph off around a layer (a frozen encoder under `no_grad`), leaving that block
    would restore our own switch, off: the pass is then run again with the graph on from the start.
    """
    with _leaf_hooks(model, layers) as seen:
        output = output_of(model(images.clone()))  # a clone: a model may begin with an in-place operation
    if seen and not output.requires_grad:
        with _leaf_hooks(model, layers) as seen, torch.enable_grad():
            output = output_of(model(images.clone()))
    return output, seen


@dataclass
class _Place:
    """A layer in a pass: where its cells lie, its output (a leaf of the graph), and where gradients were not zero."""

    name: str
    layout: Layout
    leaf: Tensor
    anywhere: bool = False
    at_cells: bool = False

    def lay_out_evidence(self, gradient: Tensor | None, score: Tensor) -> Evidence:
        """What a gradient at the leaf says, laid out."""
        if gradient is None:
            raise _unrelated_error(self.name)
        laid = self.layout.to_maps(_compact_gradient(gradient, self.layout.cell_dimensions))
        if self.layout.prefix and not self.at_cells:
            self.anywhere, self.at_cells = self.anywhere or bool(gradient.any()), bool(laid.any())
        return Evidence(self.layout.to_maps(self.leaf.detach()), laid, score.detach())

    def refuse_class_token(self) -> None:
        """Where only the class token is read behind the layer, all maps would silently be zero."""
        if self.anywhere and not self.at_cells:
            raise SeewhyError(
                f"no gradient reaches the patch tokens of layer '{self.name}': the head reads its class token alone; "
                "choose a layer before the last attention (layer=None finds one)"
            )


def _run_backwards(scores: list[Tensor], places: list[_Place], see: See) -> None:
    """Gradients are of summed scores: images do not meet in eval mode, so each gets its own.

    One target after the other: all at once (`is_grads_batched`) was measured slower, since every gradient is then held
    in full; here the next one takes the memory of the last.
    """
    if not all(score.requires_grad for score in scores):
        raise _unrelated_error(places[0].name)
    leaves = [place.leaf for place in places]

    def visit_target(index: int, score: Tensor) -> None:  # a function of its own, so that nothing outlives a target
        more = index + 1 < len(scores)
        found = torch.autograd.grad(score, leaves, torch.ones_like(score), retain_graph=more, allow_unused=True)
        for place, gradient in zip(places, found, strict=True):
            see(place.name, index, len(scores), place.lay_out_evidence(gradient, score))

    for index, score in enumerate(scores):
        visit_target(index, score)
    for place in places:
        place.refuse_class_token()


def _compact_gradient(gradient: Tensor, cells: tuple[int, ...]) -> Tensor:
    """A gradient that is one number for all cells (behind a head that pools) as a view of these numbers, stride 0.

    It reads like any other, needs a cell's memory, and methods may make use of it (see `cam._compact_values`).
    """
    first = gradient
    for dimension in cells:
        first = first.narrow(dimension, 0, 1)
    same = bool((gradient[0] == first[0]).all()) and bool((gradient == first).all())
    return first.clone().expand_as(gradient) if same else gradient


def _unrelated_error(name: str) -> SeewhyError:
    return SeewhyError(
        f"the target's score does not depend on the layer '{name}', or its gradient is cut behind it (a quantised "
        "layer, detach); choose one that the score passes through, or a method without gradients (occlusion, rise)"
    )


@contextmanager
def _leaf_hooks(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Hooks that keep each layer's output. The first one reached becomes a leaf and switches the graph on.

    Each hook hands on a clone: an in-place operation behind the layer must not overwrite what was kept.
    """
    seen: dict[str, Tensor] = {}
    calls = dict.fromkeys(layers, 0)

    def make_hook(name: str) -> Any:
        wanted = split_call(name)[1]

        def keep_output(_module: nn.Module, _args: Any, output: Any) -> Any:
            calls[name] += 1
            if wanted and calls[name] != wanted:
                return output
            if name in seen:
                raise RepeatedError(name)
            tensor, hand_on = first_tensor(output, name)
            # a layer beside an earlier one does not hang on its graph: it becomes a leaf of its own
            seen[name] = tensor if tensor.requires_grad and seen else tensor.detach().requires_grad_()
            torch.set_grad_enabled(True)
            return hand_on(seen[name].clone())

        return keep_output

    handles = []
    try:
        for name in dict.fromkeys(layers):
            handles.append(find_layer(model, name).register_forward_hook(make_hook(name)))
        yield seen
    finally:
        torch.set_grad_enabled(False)
        for handle in handles:
            handle.remove()


def _find_layout(model: nn.Module, known: Traits, name: str, seen: dict[str, Tensor], images: Tensor) -> Layout:
    if name not in seen:
        raise SeewhyError(f"layer '{name}' is not reached by the forward pass; choose one that is")
    layout = layout_of(known, find_layer(model, name), seen[name].shape, images.shape)
    if layout is None:
        raise SeewhyError(
            f"layer '{name}' has output {tuple(seen[name].shape)}, whose place in an image of "
            f"{images.shape[2]} x {images.shape[3]} cannot be told; allowed: (n, channels, height, width), "
            "(n, height, width, channels), or (n, tokens, channels) with a token for each patch"
        )
    return layout
