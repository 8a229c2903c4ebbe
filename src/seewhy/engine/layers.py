"""Which layer to explain: found by watching one forward pass."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from seewhy.engine.box_layers import shared_layer
from seewhy.engine.box_scores import box_hook
from seewhy.engine.evidence import collect_evidence
from seewhy.engine.modules import eval_mode, find_layer, split_call
from seewhy.engine.outputs import known_calls, look_once
from seewhy.engine.recorded import NoLayerError
from seewhy.engine.targets import output_of
from seewhy.engine.tokens import Layout
from seewhy.engine.watching import Watched, watch_forward
from seewhy.errors import SeewhyError

MOST_TRIED = 80  # layers, from the last, that are tried for one that the prediction depends on
PATIENCE = 3  # layers without a gradient until it is asked whether there is any
STEM = 0.9  # share of the weights behind a layer from which on it is the network's beginning
BORDERS = nn.ReflectionPad2d.__module__


def last_layer(model: nn.Module, images: Tensor) -> str:
    """The last module with a spatial output that the prediction depends on: what the head reads. The usual choice for
    class activation maps.

    For Swin that is the last norm. A ViT's head reads the class token alone, so no gradient of a class reaches the
    patch tokens behind the last attention: there it is that attention's input (the last block's first norm), the
    deepest place where patches still act on the score. A layer that is called more than once stands for all its calls
    where their sizes agree, else for the last (`name#2`). Measured on the first image, not guessed from names. Of a
    detector it is the last that boxes of every size depend on.

    Raises SeewhyError where there is none, or where none is known but the first of many layers: a map of the stem says
    little of what the network found.
    """
    seen = watch_forward(model, images)
    if boxes := box_hook(model):
        name = shared_layer(model, images, seen, boxes)
        _refuse_stem(model, seen, name)
        return name
    for tried, name in enumerate(_layers_to_try(seen)):
        if tried == PATIENCE and not _has_gradient(model, images):
            return seen.attended[-1] if seen.attended else list(seen.layers)[-1]  # a head of zeros: any layer will do
        if name in seen.repeated:
            look_once(model, images)
        calls = seen.repeated.get(name)
        if name in seen.plain or reaches_cells(model, images, f"{name}#{len(calls)}" if calls else name):
            _refuse_stem(model, seen, name)
            return name
    if not seen.order:
        raise NoLayerError
    if seen.layers or seen.repeated:
        raise SeewhyError(
            "the prediction has no gradient at any layer with a place in the image (is the model quantised, or is the "
            "gradient cut?); methods without gradients remain (occlusion, rise)"
        )
    raise SeewhyError("no layer of this model has an output with a place in the image; name a layer by hand")


def _layers_to_try(seen: Watched) -> list[str]:
    """Layers to try, the last first; behind tokens with a class token what the last attention reads comes second."""
    names = [name for name in reversed(seen.order) if name in seen.layers or name in seen.repeated]
    places = [name if name in seen.layers else _name_calls(name, seen.repeated[name]) for name in names]
    first = places[:1]
    if first and first[0] in seen.layers and seen.layers[first[0]].prefix:
        first += seen.attended[::-1]
    rest = [*places, *reversed(seen.inside)]
    return list(dict.fromkeys([*first, *rest]))[:MOST_TRIED]


def _name_calls(name: str, calls: Sequence[Layout]) -> str:
    """A layer that is called more than once: all its calls where they are equally fine, else the last."""
    return name if len({one.grid for one in calls}) == 1 else f"{name}#{len(calls)}"


def calls_of(model: nn.Module, names: Sequence[str]) -> dict[str, list[str]]:
    """The places that each layer stands for: itself, or each of its calls where `look_once` saw several.

    Raises SeewhyError where these differ in size: a sum of their maps would have no place in the image.
    """
    found = {name: [name] for name in names}
    counted = {name: known_calls(model, find_layer(model, name)) for name in names if not split_call(name)[1]}
    for name, shapes in counted.items():
        if len(set(shapes)) > 1:
            told = ", ".join(f"'{name}#{k}' {tuple(shape or ())}" for k, shape in enumerate(shapes, start=1))
            raise SeewhyError(
                f"layer '{name}' is called {len(shapes)} times, with outputs of other sizes; choose: {told}"
            )
        if len(shapes) > 1:
            found[name] = [f"{name}#{k}" for k in range(1, len(shapes) + 1)]
    return found


def depth_layers(model: nn.Module, images: Tensor, count: int = 4, own: str = "") -> list[str]:
    """Up to `count` layers from shallow to deep, one for each resolution, the deepest kept; and in its place the layer
    `own`, if it is none of them.

    At each resolution the container with most parameters counts, of equals the last: a stage, not the stem before it
    nor the first half of the next; without containers, the last module. A border that is put around a layer's output
    makes a resolution of its own, and is no layer.
    A model with one resolution throughout (ViT) gives its attentions' inputs, evenly spaced, ending in the last.
    """
    seen = watch_forward(model, images)
    at: dict[tuple[int, int], list[str]] = {}
    for name, layout in _relevant_layers(model, images, seen).items():
        if type(model.get_submodule(name)).__module__ != BORDERS:
            at.setdefault(layout.grid, []).append(name)
    if len(at) == 1 and seen.attended:
        return seen.attended[::-1][:: -(-len(seen.attended) // count)][::-1]
    stages = [
        max(reversed(names), key=lambda name: _container_size(model.get_submodule(name))) for names in at.values()
    ]
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
    for name, layout in _relevant_layers(model, images, watch_forward(model, images)).items():
        cells = layout.grid[0] * layout.grid[1]
        if cells == images.shape[2] * images.shape[3]:
            continue
        runs = [*(runs[:-1] if runs and runs[-1][1] == cells else runs), (name, cells)]
    rows: list[list[str]] = [[]]
    for (name, cells), (_, before) in zip(runs, [("", 0), *runs], strict=False):
        rows.append([*(rows[-1] if cells > before else []), name])
    best = max(rows, key=len)
    return best[:count] if len(best) > 1 else depth_layers(model, images, count)


def _relevant_layers(model: nn.Module, images: Tensor, seen: Watched) -> dict[str, Layout]:
    """The layers without those that hand on several things where the prediction rests on another of them."""
    return {
        name: layout
        for name, layout in seen.layers.items()
        if name not in seen.packed or layout.prefix or reaches_cells(model, images, name)
    }


def _refuse_stem(model: nn.Module, seen: Watched, name: str) -> None:
    """Raises where nearly all weights that work on maps or tokens come behind the layer."""
    place = seen.order.index(split_call(name)[0])
    sizes = {one: _own_size(model.get_submodule(one)) for one in seen.order}
    behind = sum(sizes[one] for one in seen.order[place + 1 :] if seen.spatial.get(one))
    whole = sum(size for one, size in sizes.items() if seen.spatial.get(one))
    if behind > STEM * whole and behind > 0:
        raise SeewhyError(
            f"the last layer whose place in the image is known is '{name}', the beginning of the network: of "
            f"{1 - behind / whole:.0%} of its weights a map would tell; name a layer by hand"
        )


def _own_size(module: nn.Module) -> int:
    """Parameters of the module itself, without its parts'."""
    return sum(weight.numel() for weight in module.parameters(recurse=False))


def _container_size(module: nn.Module) -> int:
    """Parameters of a container; 0 for a single module."""
    return sum(weight.numel() for weight in module.parameters()) if any(module.children()) else 0


def _has_gradient(model: nn.Module, images: Tensor) -> bool:
    """Whether the largest output of the first image depends on its pixels; that of an untrained head need not."""
    leaf = images[:1].detach().clone().requires_grad_()
    with eval_mode(model), torch.inference_mode(False), torch.enable_grad():
        output = output_of(model(leaf * 1))
        found = torch.autograd.grad(output.amax(), leaf, allow_unused=True)[0] if output.requires_grad else None
    return found is not None and bool(found.any())


def reaches_cells(model: nn.Module, images: Tensor, layer: str) -> bool:
    """Whether the largest output of the first image has a gradient at the layer's cells."""
    try:
        seen = collect_evidence(model, images[:1], [layer], [lambda output: output.flatten(1).amax(1)])
    except SeewhyError:
        return False
    return bool(seen.evidence[layer][0].gradient.any())
