"""Methods that ask the model about its input: their registry, and what they share.

A pixel method is a function `(model, images, score, layer, **options)` with a raw, signed map (n, c, H, W); c is 1
where a method does not tell the channels apart. Every option has a default, random draws have a seed of the image's
own, and no more than `INNER` images pass the model at once.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.errors import SeewhyError
from seewhy.methods.cam import PAPERS, TITLES
from seewhy.methods.evidence import untouched
from seewhy.methods.targets import Score, output_of

PixelMethod = Callable[..., Tensor]
PIXELS: dict[str, PixelMethod] = {}
LAYERED: set[str] = set()  # the pixel methods that also look at a layer
INNER = 32


def pixel(name: str, title: str, paper: str, layered: bool = False) -> Callable[[PixelMethod], PixelMethod]:
    """Registers a method under `name`; `layered` where it needs the name of a layer.

    The registered function leaves the model untouched and works inside `no_grad` and `inference_mode`.
    """

    def register(function: PixelMethod) -> PixelMethod:
        @functools.wraps(function)
        def guarded(
            model: nn.Module, images: Tensor, score: Score, layer: str | None = None, **options: object
        ) -> Tensor:
            with untouched(model), torch.inference_mode(False), torch.no_grad():
                # a tensor born in inference mode cannot take part in a graph: its clone can
                clean = images.clone() if images.is_inference() else images.detach()
                return function(model, clean, score, layer, **options)

        PIXELS[name], TITLES[name], PAPERS[name] = guarded, title, paper
        if layered:
            LAYERED.add(name)
        return guarded

    return register


def chunks(n: int) -> Iterator[range]:
    """0 to n - 1 in ranges of at most INNER."""
    return (range(start, min(start + INNER, n)) for start in range(0, n, INNER))


def each(images: Tensor, score: Score) -> Iterator[tuple[Tensor, Score]]:
    """Image after image as a batch of one, with its score: what a method makes of one never depends on the others."""
    return ((images[index : index + 1], score.pick([index])) for index in range(len(images)))


def scores(model: nn.Module, images: Float[Tensor, "n c h w"], score: Score) -> Float[Tensor, " n"]:
    """The score of every image, without a graph."""
    with torch.no_grad():
        return torch.cat([_score(model, images[list(part)], score.pick(part)) for part in chunks(len(images))])


def input_gradient(model: nn.Module, images: Float[Tensor, "n c h w"], score: Score) -> Float[Tensor, "n c h w"]:
    """d score_i / d image_i; raises SeewhyError where the score does not depend on the image."""
    return torch.cat([_gradient(model, images[list(part)], score.pick(part)) for part in chunks(len(images))])


def _gradient(model: nn.Module, images: Tensor, score: Score) -> Tensor:
    """Of the summed scores: images do not meet in eval mode, so each gets its own. No parameter receives any."""
    leaf = images.detach().requires_grad_()
    with torch.enable_grad():
        total = _score(model, leaf, score).sum()
        found = torch.autograd.grad(total, leaf, allow_unused=True)[0] if total.requires_grad else None
    if found is None:
        raise SeewhyError("the target's score does not depend on the image: the model or the target cuts the gradient")
    return found


def _score(model: nn.Module, images: Tensor, score: Score) -> Tensor:
    found = score(output_of(model(images.clone())))  # a clone: a model may begin with an in-place operation
    if tuple(found.shape) != (len(images),):
        raise SeewhyError(
            f"the target returns shape {tuple(found.shape)} for a batch of {len(images)}; "
            f"allowed: ({len(images)},), one score an image, for any batch"
        )
    return found


def generator(image: Tensor, seed: int) -> torch.Generator:
    """Random draws of the image's own, on the CPU: equal on every device, in any order, in any batch."""
    return torch.Generator().manual_seed(image_seed(image, seed))


def image_seed(image: Tensor, seed: int) -> int:
    """A seed of the image's own, from its bytes and the run's seed: order, batch and precision make no difference."""
    digest = hashlib.sha256(image.detach().cpu().float().numpy().tobytes() + str(seed).encode()).digest()
    return int.from_bytes(digest[:4], "big")
