"""Which layer to explain: found by watching one forward pass."""

import torch
from torch import Tensor, nn

from seewhy.errors import SeewhyError
from seewhy.methods.evidence import untouched


def spatial_layers(model: nn.Module, images: Tensor) -> dict[str, tuple[int, int, int]]:
    """Every module whose output is (n, c, h, w) with more than one cell, in the order they end: name -> (c, h, w)."""
    shapes: dict[str, tuple[int, int, int]] = {}
    names = {module: name for name, module in model.named_modules() if name}

    def note(module: nn.Module, _args: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            shapes.pop(names[module], None)
            shapes[names[module]] = (output.shape[1], output.shape[2], output.shape[3])

    handles = [module.register_forward_hook(note) for module in names]
    try:
        with untouched(model), torch.no_grad():
            model(images[:1])
    finally:
        for handle in handles:
            handle.remove()
    return shapes


def last_layer(model: nn.Module, images: Tensor) -> str:
    """The last module with a spatial output: what the head reads. The usual choice for class activation maps."""
    shapes = spatial_layers(model, images)
    if not shapes:
        raise SeewhyError("no layer of this model has an output (n, channels, height, width); name a layer by hand")
    return list(shapes)[-1]


def depth_layers(model: nn.Module, images: Tensor, count: int = 4) -> list[str]:
    """Up to `count` layers from shallow to deep, one for each resolution, the deepest kept.

    At each resolution the outermost module counts, and of several the last: a stage, not the first half of the next.
    """
    at: dict[tuple[int, int], list[str]] = {}
    shapes = spatial_layers(model, images)
    for name, (_, height, width) in shapes.items():
        at.setdefault((height, width), []).append(name)
    outermost = [min(reversed(names), key=lambda name: name.count(".")) for names in at.values()]
    return sorted(outermost, key=list(shapes).index)[-count:]
