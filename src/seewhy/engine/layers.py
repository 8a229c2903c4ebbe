"""Which layer to explain: found by watching one forward pass."""

from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seewhy.engine.evidence import collect, first_tensor, fits, untouched
from seewhy.engine.tokens import Layout, Traits, layout_of, traits
from seewhy.errors import SeewhyError

BORDERS = nn.ReflectionPad2d.__module__


@dataclass(frozen=True)
class Watched:
    """One pass: layers with a place in the image (name -> layout) as they end, and what attentions read."""

    layers: dict[str, Layout]
    attended: list[str]


def last_layer(model: nn.Module, images: Tensor) -> str:
    """The last module with a spatial output: what the head reads. The usual choice for class activation maps.

    For Swin that is the last norm. A ViT's head reads the class token alone, so no gradient of a class reaches the
    patch tokens behind the last attention: there it is that attention's input (the last block's first norm), the
    deepest place where patches still act on the score. Measured on the first image, not guessed from names.
    """
    seen = watch(model, images)
    if not seen.layers:
        raise SeewhyError("no layer of this model has an output with a place in the image; name a layer by hand")
    last = list(seen.layers)[-1]
    if seen.layers[last].prefix and seen.attended and not _reaches(model, images, last):
        return seen.attended[-1]
    return last


def depth_layers(model: nn.Module, images: Tensor, count: int = 4, own: str = "") -> list[str]:
    """Up to `count` layers from shallow to deep, one for each resolution, the deepest kept; and in its place the layer
    `own`, if it is none of them.

    At each resolution the container with most parameters counts, of equals the last: a stage, not the stem before it
    nor the first half of the next; without containers, the last module. A border that is put around a layer's output
    makes a resolution of its own, and is no layer.
    A model with one resolution throughout (ViT) gives its attentions' inputs, evenly spaced, ending in the last.
    """
    seen = watch(model, images)
    at: dict[tuple[int, int], list[str]] = {}
    for name, layout in seen.layers.items():
        if type(model.get_submodule(name)).__module__ != BORDERS:
            at.setdefault(layout.grid, []).append(name)
    if len(at) == 1 and seen.attended:
        return seen.attended[::-1][:: -(-len(seen.attended) // count)][::-1]
    stages = [max(reversed(names), key=lambda name: _size(model.get_submodule(name))) for names in at.values()]
    order = list(seen.layers)
    chosen = sorted(stages, key=order.index)[-count:]
    return sorted({*chosen, own}, key=order.index) if own in order else chosen


def rising_layers(model: nn.Module, images: Tensor, count: int = 4) -> list[str]:
    """Up to `count` layers on the way from the coarsest cells back to fine ones, as networks that answer for each pixel
    go it: the longest row of layers in which each is finer than the one before, the first of equally long ones.

    Of neighbours with one resolution the last module counts; layers as fine as the image, the output among them, do
    not. Where nothing gets finer again, `depth_layers`.
    """
    runs: list[tuple[str, int]] = []
    for name, layout in watch(model, images).layers.items():
        cells = layout.grid[0] * layout.grid[1]
        if cells == images.shape[2] * images.shape[3]:
            continue
        runs = [*(runs[:-1] if runs and runs[-1][1] == cells else runs), (name, cells)]
    rows: list[list[str]] = [[]]
    for (name, cells), (_, before) in zip(runs, [("", 0), *runs], strict=False):
        rows.append([*(rows[-1] if cells > before else []), name])
    best = max(rows, key=len)
    return best[:count] if len(best) > 1 else depth_layers(model, images, count)


def watch(model: nn.Module, images: Tensor) -> Watched:
    """One forward pass of the first image, looked at through hooks that are gone afterwards. What is the network's
    answer, or a container's own input handed on, is no layer."""
    fits(model, images)
    # torchvision's Permute shows its input again; told by its name, since importing it takes a second
    names = {module: name for name, module in model.named_modules() if name and type(module).__name__ != "Permute"}
    inside = {part for module in names if is_attention(module) for part in module.modules() if part is not module}
    shapes: dict[str, torch.Size] = {}
    calls: dict[str, int] = {}
    makers: list[tuple[Tensor, str]] = []
    attended: list[str] = []

    def ended(module: nn.Module, args: tuple[object, ...], output: object) -> None:
        name = names[module]
        with suppress(SeewhyError):
            first, _ = first_tensor(output, name)
            if any(module.children()) and any(first is given for given in args):
                return  # an encoder whose list of features begins with the image: the score need not depend on that
            calls[name] = calls.get(name, 0) + 1
            shapes.pop(name, None)
            shapes[name] = first.shape
            makers.append((first, name))

    def started(_module: nn.Module, args: tuple[object, ...]) -> None:
        if args:
            attended.extend(name for tensor, name in reversed(makers[-3:]) if tensor is args[0])

    handles = [module.register_forward_hook(ended) for module in names if module not in inside]
    handles += [module.register_forward_pre_hook(started) for module in names if is_attention(module)]
    try:
        with untouched(model), torch.no_grad():
            answer = model(images[:1].clone())
    finally:
        for handle in handles:
            handle.remove()
    known = traits(model)
    found = {name: _laid(model, known, name, shape, images) for name, shape in shapes.items() if calls[name] == 1}
    said = {name for tensor, name in makers if tensor is answer}
    layers = {name: place for name, place in found.items() if place is not None and name not in said}
    return Watched(layers, [name for name in attended if name in layers])


def _size(module: nn.Module) -> int:
    """Parameters of a container; 0 for a single module."""
    return sum(weight.numel() for weight in module.parameters()) if any(module.children()) else 0


def is_attention(module: nn.Module) -> bool:
    """torch's multi-head attention, or a module with heads and projections to queries, keys and values."""
    heads = isinstance(getattr(module, "num_heads", None), int)
    return isinstance(module, nn.MultiheadAttention) or (heads and any(hasattr(module, key) for key in ("qkv", "kv")))


def _laid(model: nn.Module, known: Traits, name: str, shape: torch.Size, images: Tensor) -> Layout | None:
    layout = layout_of(known, model.get_submodule(name), shape, torch.Size([1, *images.shape[1:]]))
    return None if layout is None or layout.grid[0] * layout.grid[1] < 2 else layout


def _reaches(model: nn.Module, images: Tensor, layer: str) -> bool:
    """Whether the largest output of the first image has a gradient at the layer's cells."""
    try:
        seen = collect(model, images[:1], [layer], [lambda output: output.flatten(1).amax(1)])
    except SeewhyError:
        return False
    return bool(seen.evidence[layer][0].gradient.any())
