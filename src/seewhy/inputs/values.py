"""The steps that change numbers and channels, not places: on a batch, in the user's own order."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from seewhy.config.preprocessing import Expand, Grey, Normalise, Reverse, Scale, Standardise, Step

Batch = Float[Tensor, "n c h w"]


def apply_values(batch: Batch, steps: Iterable[Step]) -> Batch:
    """The batch after those of `steps` that change values; of a grey one only the first channel is taken first."""
    for step in steps:
        batch = apply_value(batch, step)
    return batch


def apply_value(batch: Batch, step: Step) -> Batch:
    """The batch after one step; as it was after one that moves pixels."""
    if isinstance(step, Grey):
        return batch[:, :1] if step.channels == 1 else batch
    if isinstance(step, Expand):
        return batch[:, :1].expand(-1, 3, -1, -1)
    if isinstance(step, Reverse):
        return batch.flip(1)
    if isinstance(step, Scale):
        return _divide_values(batch, step.divisor)
    if isinstance(step, Normalise):
        return (batch - _by_channel(step.mean, batch)) / _by_channel(step.std, batch)
    return _standardise_images(batch, step) if isinstance(step, Standardise) else batch


def _divide_values(batch: Batch, divisor: float) -> Batch:
    """Divided; multiplied where the divisor is one over a whole number, as in the code that multiplied."""
    times = 1 / divisor
    return batch * round(times) if abs(divisor) < 1 and abs(times - round(times)) < 1e-9 else batch / divisor


def _by_channel(values: tuple[float, ...], batch: Batch) -> Float[Tensor, "1 c 1 1"]:
    return torch.tensor(values, dtype=batch.dtype).view(1, -1, 1, 1)


def _standardise_images(batch: Batch, step: Standardise) -> Batch:
    """By each image's own mean and std; a picture of one value has no spread, and becomes zero."""
    places = (1, 2, 3) if step.over == "image" else (2, 3)
    std = batch.std(places, correction=step.ddof, keepdim=True) + step.eps
    return (batch - batch.mean(places, keepdim=True)) / torch.where(std > 0, std, torch.ones_like(std))
