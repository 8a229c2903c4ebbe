"""Where in the image each value of a layer's output lies: maps, channels-last maps and rows of tokens.

Found from the layer, the model and the shapes of one pass, never asked of the user; `None` where it cannot be told.
"""

from dataclasses import dataclass
from math import ceil
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

CLASS_TOKENS = ("cls_token", "class_token", "class_embedding")
PREFIXES = (*CLASS_TOKENS, "dist_token", "distillation_token", "reg_token", "register_tokens")
MOST_PREFIX = 16  # tokens in front of the patches, where the model does not name them
CHANNELS_FIRST = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.MaxPool2d)


@dataclass(frozen=True)
class Layout:
    """How a layer's output reads as a map of `grid` cells; `prefix` tokens (class, distillation) have no place.

    Tokens come as (images, tokens, channels), or before the images where a transformer is not `batch_first`.
    """

    order: Literal["channels first", "channels last", "tokens", "tokens first"]
    grid: tuple[int, int]
    prefix: int = 0

    @property
    def cell_dimensions(self) -> tuple[int, ...]:
        """The dimensions of the layer's output along which cells lie."""
        return {"channels first": (2, 3), "channels last": (1, 2), "tokens": (1,), "tokens first": (0,)}[self.order]

    def to_maps(self, values: Tensor) -> Float[Tensor, "n c h w"]:
        """The output, or its gradient, as (n, c, h, w); prefix tokens are left out."""
        if self.order == "channels first":
            return values
        if self.order == "tokens first":
            values = values.transpose(0, 1)
        if self.order in ("tokens", "tokens first"):
            values = values[:, self.prefix :].unflatten(1, self.grid)
        return values.permute(0, 3, 1, 2)

    def from_maps(self, maps: Float[Tensor, "n c h w"], like: Tensor) -> Tensor:
        """`maps` in the layer's own layout, with the prefix tokens of `like`: the inverse of `to_maps`."""
        if self.order == "channels first":
            return maps
        last = maps.permute(0, 2, 3, 1)
        if self.order == "tokens first":
            return torch.cat([like[: self.prefix], last.flatten(1, 2).transpose(0, 1)])
        return last if self.order == "channels last" else torch.cat([like[:, : self.prefix], last.flatten(1, 2)], 1)


@dataclass(frozen=True)
class Traits:
    """What a model says of its layouts: the side of a patch, the prefix tokens, norms over channels that come last."""

    patch: tuple[int, int] | None
    prefix: int | None
    mixed: bool


def model_traits(model: nn.Module) -> Traits:
    """Read once for a model: attributes and parameters by the names that timm, torchvision and others give them."""
    return Traits(
        _patch_side(model), _prefix_tokens(model), any("normalized_shape" in vars(part) for part in model.modules())
    )


def layout_of(model: nn.Module | Traits, layer: nn.Module, shape: torch.Size, images: torch.Size) -> Layout | None:
    """The layout of an output of that shape at `layer`, for images of shape (n, c, H, W); None if it cannot be told.

    Tokens and channels-last maps need their batch first and a grid that a whole stride makes of the image. Many layers
    are asked faster with the model's `traits` read once.
    """
    model = model if isinstance(model, Traits) else model_traits(model)
    size = (images[2], images[3])
    if len(shape) == 3 and shape[0] != images[0] == shape[1]:
        found = _token_grid(model, shape[0], size)
        return found and Layout("tokens first", found.grid, found.prefix)
    if len(shape) not in (3, 4) or shape[0] != images[0]:
        return None
    return _token_grid(model, shape[1], size) if len(shape) == 3 else _map_layout(model, layer, shape, size)


def has_class_token(model: nn.Module) -> bool:
    """Whether a token of its own gathers what the head reads."""
    return any(name.rpartition(".")[2] in CLASS_TOKENS for name, _ in model.named_parameters())


def _map_layout(model: Traits, layer: nn.Module, shape: torch.Size, size: tuple[int, int]) -> Layout | None:
    last = _channels_last(layer, shape)
    if last is None and not model.mixed:
        last = False
    for rounded in (False, True) if last is None else ():
        first_fits, last_fits = _is_strided(shape[2:4], size, rounded), _is_strided(shape[1:3], size, rounded)
        if first_fits and last_fits:
            return None
        if first_fits or last_fits:
            last = last_fits
            break
    if last is None:
        return None
    grid = shape[1:3] if last else shape[2:4]
    return Layout("channels last" if last else "channels first", (grid[0], grid[1]))


def _channels_last(layer: nn.Module, shape: torch.Size) -> bool | None:
    """What the layer's type says; None if nothing. A container is what its last telling module is."""
    if isinstance(layer, CHANNELS_FIRST):
        return False
    if isinstance(layer, nn.Linear):
        return True
    if isinstance(layer, nn.LayerNorm) and shape[1] != shape[3]:
        channels = layer.normalized_shape[-1]
        return True if shape[3] == channels else False if shape[1] == channels else None
    if isinstance(layer, nn.Sequential) and type(layer).forward is nn.Sequential.forward:
        said = (_channels_last(child, shape) for child in reversed(layer) if not _is_elementwise(child))
        return next(said, None)
    return None


def _is_elementwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Dropout | nn.Identity) or type(module).__module__ == "torch.nn.modules.activation"


def _is_strided(grid: torch.Size, size: tuple[int, int], rounded: bool) -> bool:
    """Whether one whole stride makes this grid of the image, without a rest or rounded down or up."""
    if not rounded:
        return all(grid) and size[0] % grid[0] == size[1] % grid[1] == 0 and size[0] // grid[0] == size[1] // grid[1]
    return any(
        tuple(grid) in ((size[0] // step, size[1] // step), (ceil(size[0] / step), ceil(size[1] / step)))
        for step in range(1, max(size) + 1)
    )


def _token_grid(model: Traits, count: int, size: tuple[int, int]) -> Layout | None:
    """The grid of so many tokens: of the patches, or coarser by 2, 4 or 8 as in pyramids; where no patch is known, of a
    stride that is a power of 2."""
    named = model.prefix
    strides = [(ceil(size[0] / step), ceil(size[1] / step)) for step in (2, 4, 8, 16, 32, 64)]
    if model.patch is None:
        return next((Layout("tokens", grid) for grid in strides if grid[0] * grid[1] == count > 1), None)
    rows, columns = size[0] // model.patch[0], size[1] // model.patch[1]
    spare = count - rows * columns
    if rows * columns and (spare in (0, named) or (named is None and 0 < spare <= MOST_PREFIX)):
        return Layout("tokens", (rows, columns), spare)
    coarser = [(ceil(rows / step), ceil(columns / step)) for step in (2, 4, 8)]
    for grid in [*coarser, *strides]:  # of a hybrid, whose patches are those of its trunk
        if count > 1 and count - grid[0] * grid[1] in (0, named):  # a class token may join in the last stage
            return Layout("tokens", grid, count - grid[0] * grid[1])
    return None


def _patch_side(model: nn.Module) -> tuple[int, int] | None:
    """The side of a patch: an attribute `patch_size`, or a first convolution that steps by its own size."""
    for module in model.modules():
        side = vars(module).get("patch_size")
        if isinstance(side, int):
            return side, side
        if isinstance(side, tuple | list) and len(side) == 2:
            return int(side[0]), int(side[1])
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is not None and first.kernel_size == first.stride and first.stride[0] > 1:
        return first.stride[0], first.stride[1]
    return None


def _prefix_tokens(model: nn.Module) -> int | None:
    """How many tokens stand before the patches: timm's `num_prefix_tokens`, or the parameters named like one."""
    for module in model.modules():
        if isinstance(count := vars(module).get("num_prefix_tokens"), int):
            return count
    named = [value for name, value in model.named_parameters() if name.rpartition(".")[2] in PREFIXES]
    return sum(value.shape[-2] if value.ndim > 1 else 1 for value in named) or None
