"""The one public call: maps of any model for any batch, all methods and targets from one forward pass."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seewhy.errors import SeewhyError, unknown
from seewhy.methods.cam import CAMS, PAPERS
from seewhy.methods.evidence import collect
from seewhy.methods.layers import last_layer
from seewhy.methods.targets import Targets


@dataclass(frozen=True)
class Explanation:
    """Raw, signed float32 maps (n, t, h, w) by method name, for n images and t targets.

    With several layers they are read as `result[method, layer]`; `layer` is then the list of them.
    """

    maps: dict[tuple[str, str], Float[Tensor, "n t h w"]]
    scores: Float[Tensor, "n t"]
    predictions: Int[Tensor, " n"] | None
    layer: str | list[str]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str | tuple[str, str]) -> Float[Tensor, "n t h w"]:
        """The maps of a method (at the only layer), or of a method at a layer."""
        if isinstance(key, str) and not isinstance(self.layer, str):
            raise SeewhyError(f"this explanation has several layers; read it as result['{key}', layer]")
        pair = (key, str(self.layer)) if isinstance(key, str) else key
        if pair not in self.maps:
            raise unknown(
                "map", pair if isinstance(key, tuple) else key, {method for method, _ in self.maps}, "explanation"
            )
        return self.maps[pair]


def explain(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    *,
    methods: Sequence[str],
    targets: Targets = None,
    layer: str | nn.Module | Sequence[str | nn.Module] | None = None,
) -> Explanation:
    """Maps of `methods` for every image and target.

    `targets`: None (the predicted class), a class, one class an image, "all", or callables from output to (n,) scores.
    `layer`: a module, its dotted name, several of them, or None (the last one with a spatial output). The model is
    left as it was found. Raises SeewhyError for an unknown method, layer or class and for targets that do not fit.
    """
    if images.ndim != 4 or not len(images):
        raise SeewhyError(f"images has shape {tuple(images.shape)}; allowed: (n, channels, height, width) with n > 0")
    for method in methods:
        if method not in CAMS:
            raise unknown("method", method, CAMS)
    many = isinstance(layer, Sequence) and not isinstance(layer, str)
    wanted: list[Any] = list(layer) if many else [layer]  # type: ignore[arg-type]
    layers = [_name(model, images, one) for one in wanted]
    seen = collect(model, images, layers, targets)
    maps = {
        (method, name): torch.stack([CAMS[method](one).float() for one in evidence], 1)
        for name, evidence in seen.evidence.items()
        for method in methods
    }
    return Explanation(
        maps,
        torch.stack([one.score.float() for one in seen.evidence[layers[0]]], 1),
        seen.output.argmax(1) if seen.output.ndim == 2 else None,
        layers if many else layers[0],
        {"methods": {method: PAPERS[method] for method in methods}, "torch": torch.__version__},
    )


def _name(model: nn.Module, images: Tensor, layer: str | nn.Module | None) -> str:
    if layer is None:
        return last_layer(model, images)
    if isinstance(layer, str):
        return layer
    for name, module in model.named_modules():
        if module is layer:
            return name
    raise SeewhyError(f"the layer {type(layer).__name__} given to explain is not a module of this model")
