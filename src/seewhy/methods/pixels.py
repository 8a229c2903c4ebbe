"""Methods that ask the model about its input: their registry, and what they share.

A pixel method is a function `(model, images, score, layer, **options)` with a raw, signed map (n, c, H, W); c is 1
where a method does not tell the channels apart. Methods whose passes serve any score take all `scores` at once and
return (n, t, c, H, W). Every option has a default, random draws have a seed of the image's own, and no more than
`INNER` images pass the model at once.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.evidence import eval_mode
from seewhy.engine.targets import Score, batch_scores, output_of, read_scores
from seewhy.errors import SeewhyError
from seewhy.methods.cam import PAPERS, TITLES

PixelMethod = Callable[..., Tensor]
PIXELS: dict[str, PixelMethod] = {}  # each (model, images, scores, layer, **options) -> (n, t, ...)
LAYERED: set[str] = set()  # those that also look at a layer
INNER = 32


def pixel_method(name: str, title: str, paper: str, layered: bool = False) -> Callable[[PixelMethod], PixelMethod]:
    """Registers a method of one score under `name`; `layered` where it needs the name of a layer."""

    def register_method(function: PixelMethod) -> PixelMethod:
        @functools.wraps(function)
        def run_every_score(
            model: nn.Module, images: Tensor, scores: Sequence[Score], layer: str | None, **options: Any
        ) -> Tensor:
            return torch.stack([function(model, images, score, layer, **options) for score in scores], 1)

        shared_method(name, title, paper)(run_every_score)
        if layered:
            LAYERED.add(name)
        return _guard_method(function)

    return register_method


def shared_method(name: str, title: str, paper: str) -> Callable[[PixelMethod], PixelMethod]:
    """Registers a method under `name` that takes all scores at once and makes them share its passes."""

    def register_method(function: PixelMethod) -> PixelMethod:
        PIXELS[name], TITLES[name], PAPERS[name] = _guard_method(function), title, paper
        return PIXELS[name]

    return register_method


def _guard_method(function: PixelMethod) -> PixelMethod:
    """The model is left untouched, also in a caller's `no_grad` or `inference_mode`."""

    @functools.wraps(function)
    def run_guarded(model: nn.Module, images: Tensor, *given: Any, **options: Any) -> Tensor:
        with eval_mode(model), torch.inference_mode(False), torch.no_grad():
            # a tensor born in inference mode cannot take part in a graph: its clone can
            clean = images.clone() if images.is_inference() else images.detach()
            return function(model, clean, *given, **options)

    return run_guarded


def index_chunks(n: int) -> Iterator[range]:
    """0 to n - 1 in ranges of at most INNER."""
    return (range(start, min(start + INNER, n)) for start in range(0, n, INNER))


def each_image(images: Tensor, scores: Sequence[Score]) -> Iterator[tuple[Tensor, list[Score]]]:
    """Image after image as a batch of one, with its scores: what a method makes of one never depends on the others."""
    return (
        (images[index : index + 1], [score.pick_images([index]) for score in scores]) for index in range(len(images))
    )


def ask_scores(model: nn.Module, versions: Float[Tensor, "k c h w"], scores: Sequence[Score]) -> Float[Tensor, "t k"]:
    """The scores of one image, asked of k versions of it, without a graph: one pass for all scores."""
    with torch.no_grad():
        # clones: a model may begin with an in-place operation
        parts = [
            read_scores(output_of(model(versions[list(part)].clone())), scores) for part in index_chunks(len(versions))
        ]
    return torch.cat(parts, 1)


def input_gradient(model: nn.Module, images: Float[Tensor, "n c h w"], score: Score) -> Float[Tensor, "n c h w"]:
    """d score_i / d image_i; raises SeewhyError where the score does not depend on the image."""
    return torch.cat(
        [_input_gradient(model, images[list(part)], score.pick_images(part)) for part in index_chunks(len(images))]
    )


def _input_gradient(model: nn.Module, images: Tensor, score: Score) -> Tensor:
    """Of the summed scores: images do not meet in eval mode, so each gets its own. No parameter receives any."""
    leaf = images.detach().requires_grad_()
    with torch.enable_grad():
        # a clone: a model may begin with an in-place operation
        total = batch_scores(score, output_of(model(leaf.clone()))).sum()
        found = torch.autograd.grad(total, leaf, allow_unused=True)[0] if total.requires_grad else None
    if found is None:
        raise SeewhyError("the target's score does not depend on the image: the model or the target cuts the gradient")
    return found


def rough_greys(image: Float[Tensor, "1 c h w"]) -> Float[Tensor, "1 1 2 2"]:
    """The means of the image's four quarters in steps of 1/64: what rounding to half precision hardly ever changes.

    A seed made of it is the image's own in every precision; of few draws, others would make another map.
    """
    return (functional.adaptive_avg_pool2d(image.float().mean(1, keepdim=True), 2) * 64).round()


def image_generator(image: Tensor, seed: int) -> torch.Generator:
    """Random draws of the image's own, on the CPU: equal on every device, in any order, in any batch."""
    return torch.Generator().manual_seed(image_seed(image, seed))


def image_seed(image: Tensor, seed: int) -> int:
    """A seed of the image's own, from its values and the run's seed: order and batch make no difference."""
    digest = hashlib.sha256(image.detach().cpu().float().numpy().tobytes() + str(seed).encode()).digest()
    return int.from_bytes(digest[:4], "big")
