"""Does a map depend on what the model has learnt? Weights are redrawn from the output downwards (Adebayo et al. 2018).

A map that stays as it was when the network has forgotten everything shows the picture, not the reasons. Maps are alike
for a reason of their own, too: a network sees little at the border, and objects stand in the middle. So what is left of
a map is counted from what it has in common with the random network's maps of *other* images. Random weights differ from
draw to draw, so that several are taken.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seewhy.engine.modules import eval_mode
from seewhy.metrics.agreement import rank_vectors

SAME = 0.9  # mean likeness to maps of other images from which on nothing can be said: all maps are one


def randomise_cascade(
    model: nn.Module, image: Float[Tensor, "1 c h w"], depths: int, seed: int
) -> Iterator[tuple[float, nn.Module]]:
    """A copy of the model with more and more of its weights redrawn, from the output to the input, in `depths` steps,
    fewer where fewer modules have weights.

    Yields the share of the parameters that are redrawn, and the copy, the same one each time. Every tensor is drawn
    from a normal distribution with its own mean and standard deviation, so that the network neither dies nor overflows.
    """
    other = copy.deepcopy(model).eval().requires_grad_(False)
    order, parameters = _call_places(other, image), dict(other.named_parameters())
    places = sorted(set(order.values()), reverse=True)
    groups = [list(part) for part in np.array_split(places, min(depths, len(places)))]
    draw, total, done = torch.Generator().manual_seed(seed), sum(map(torch.numel, parameters.values())), 0
    for group in groups:
        for name in (name for place in group for name in order if order[name] == place):
            _redraw_weight(parameters[name], draw)
            done += parameters[name].numel()
        yield done / total, other


def _redraw_weight(weight: nn.Parameter, draw: torch.Generator) -> None:
    """A single number has no spread of its own: its size stands in for it."""
    spread = weight.std(correction=0) if weight.numel() > 1 else weight.abs().mean()
    with torch.no_grad():
        weight.copy_(weight.mean() + spread * torch.randn(weight.shape, generator=draw).to(weight))


def _call_places(model: nn.Module, image: Float[Tensor, "1 c h w"]) -> dict[str, int]:
    """When each parameter is used: the call of its module, or of the nearest one around it that is called at all."""
    calls: dict[str, int] = {}

    def note_call(name: str) -> None:
        calls.setdefault(name, len(calls))

    handles = [
        module.register_forward_pre_hook(lambda _module, _args, name=name: note_call(name))
        for name, module in model.named_modules()
    ]
    try:
        with eval_mode(model), torch.no_grad():
            model(image.clone())
    finally:
        for handle in handles:
            handle.remove()
    return {
        name: next(calls[part] for part in _modules_around(name) if part in calls)
        for name, _ in model.named_parameters()
    }


def _modules_around(parameter: str) -> Iterator[str]:
    """The modules around a parameter, from the inside out; the last is the model, whose name is empty."""
    name = parameter
    while name:
        name = name.rpartition(".")[0]
        yield name


def likeness_to_others(
    changed: Float[np.ndarray, "n h w"], others: Float[np.ndarray, "m h w"], partners: Int[np.ndarray, "n k"]
) -> Float[np.ndarray, " n"]:
    """Mean rank correlation of each map with those of its partners; NaN where the map or all partners are constant.

    Args:
        changed: maps of a random network.
        others: maps of the trained network.
        partners: for each of `changed` the places of other images in `others`; -1 for none.
    """
    own, theirs = rank_vectors(changed), rank_vectors(others)
    likeness = np.stack([(own * theirs[places]).sum(1) for places in partners.T], axis=1)
    there = np.isfinite(likeness) & (partners >= 0)
    return np.where(there, likeness, 0).sum(1) / np.where(there.any(1), there.sum(1), np.nan)


def kept_share(likeness: Float[np.ndarray, " n"], others: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """What is left of each map, (likeness - others) / (1 - mean of others): 1 is all of it, 0 no more than it has in
    common with the random network's maps of other images. NaN where that is all (`SAME`) to begin with.

    The mean over images stands below the line, so that no single map is divided by its own chance scatter.

    >>> kept_share(np.array([1.0, 0.4, 0.2]), np.array([0.4, 0.4, 0.4])).round(2).tolist()
    [1.0, 0.0, -0.33]
    """
    there = others[np.isfinite(others)]
    shared = float(there.mean()) if len(there) else 1.0
    return (likeness - others) / (1 - shared) if shared < SAME else np.full(len(likeness), np.nan)
