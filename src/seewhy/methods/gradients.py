"""Methods made of the gradient of the score with respect to the image."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.targets import Score
from seewhy.errors import SeewhyError
from seewhy.methods.pixels import each_image, image_generator, index_chunks, input_gradient, pixel_method, rough_greys

Map = Float[Tensor, "n c h w"]


@pixel_method("gradient", title="Gradient", paper="arXiv:1312.6034")
def gradient(model: nn.Module, images: Map, score: Score, _layer: str | None) -> Map:
    """d score / d x. Simonyan et al. 2014, section 3, signed: the paper takes |.| and the largest channel."""
    return input_gradient(model, images, score)


@pixel_method("input_x_gradient", title="Input x gradient", paper="arXiv:1605.01713")
def input_x_gradient(model: nn.Module, images: Map, score: Score, _layer: str | None) -> Map:
    """x * d score / d x. Shrikumar et al. 2016, section 2; x as the model takes it, so 0 is what normalising made 0."""
    return images * input_gradient(model, images, score)


@pixel_method("integrated_gradients", title="Integrated gradients", paper="arXiv:1703.01365")
def integrated_gradients(
    model: nn.Module, images: Map, score: Score, _layer: str | None, steps: int = 64, baseline: float | Tensor = 0.0
) -> Map:
    """(x - b) * integral of d score / d x along the line from b to x. Sundararajan et al. 2017, equation 1.

    A Gauss-Legendre rule of `steps` points where the paper has a Riemann sum (its equation 3): exact for polynomials.
    The map sums to score(x) - score(b), but for the error of the rule.
    """
    _at_least_one("steps", steps)
    nodes, weights = (torch.from_numpy(part).to(images)[:, None, None, None] for part in _quadrature_rule(steps))
    parts = []
    for image, (one,) in each_image(images, [score]):
        difference, total = image - baseline, torch.zeros_like(image)
        for part in index_chunks(steps):
            points = image - (1 - nodes[list(part)]) * difference
            total += (weights[list(part)] * input_gradient(model, points, one.repeat_images(len(part)))).sum(0)
        parts.append(difference * total)
    return torch.cat(parts)


def _quadrature_rule(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in (0, 1) and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return (nodes + 1) / 2, weights / 2


@pixel_method("smoothgrad", title="SmoothGrad", paper="arXiv:1706.03825")
def smoothgrad(
    model: nn.Module,
    images: Map,
    score: Score,
    _layer: str | None,
    samples: int = 48,
    noise: float = 0.15,
    seed: int = 0,
) -> Map:
    """mean of d score / d x at x + e, e ~ N(0, s^2), s = noise * (max x - min x). Smilkov et al. 2017, section 3.

    Signed, where the paper shows |.|. One sample without noise is the gradient.
    """
    _at_least_one("samples", samples)
    parts = []
    for image, (one,) in each_image(images, [score]):
        draw, total = image_generator(rough_greys(image), seed), torch.zeros_like(image)
        spread = noise * (image.max() - image.min())
        for part in index_chunks(samples):
            points = image + spread * torch.randn(len(part), *image.shape[1:], generator=draw).to(image)
            total += input_gradient(model, points, one.repeat_images(len(part))).sum(0)
        parts.append(total / samples)
    return torch.cat(parts)


def _at_least_one(option: str, value: int) -> None:
    if value < 1:
        raise SeewhyError(f"{option}={value}; allowed: 1 or more")
