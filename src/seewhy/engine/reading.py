"""From a raw map to what is looked at: three named steps on tensors, none of which a method does by itself."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def relu(maps: Float[Tensor, "... h w"]) -> Float[Tensor, "... h w"]:
    """Evidence for the target alone: what speaks against it becomes 0."""
    return maps.clamp(min=0)


def upsample(maps: Float[Tensor, "... h w"], size: tuple[int, int]) -> Float[Tensor, "... H W"]:
    """Bilinear interpolation to `size` (height, width), cell centres aligned with pixel centres."""
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    return functional.interpolate(flat, size, mode="bilinear", align_corners=False).reshape(*maps.shape[:-2], *size)


def normalise(maps: Float[Tensor, "... h w"], by: float | None = None) -> Float[Tensor, "... h w"]:
    """Each map as a share of its own largest absolute value, or of `by` for one scale over many maps.

    Zero stays zero and the sign stays. A map without evidence (all zero, or not finite) becomes NaN throughout: it
    must read "no evidence", never noise.
    """
    largest = maps.abs().amax((-2, -1), keepdim=True)
    scale = largest if by is None else torch.full_like(largest, by)
    empty = (largest == 0) | ~torch.isfinite(largest)
    return torch.where(empty, torch.nan, maps / torch.where(scale == 0, 1.0, scale))
