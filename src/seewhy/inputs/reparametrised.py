"""Weights that a file keeps in other terms than the network: normed weights, and norms fused into convolutions."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from seewhy.errors import list_names

# of torch.nn.utils.weight_norm and spectral_norm -> what torch.nn.utils.parametrizations calls the same
NEW_NAMES = {
    "weight_g": "parametrizations.weight.original0",
    "weight_v": "parametrizations.weight.original1",
}


def as_the_network_has_them(model: nn.Module, weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """`weights` in the terms of the network, and sentences about what was worked out.

    Source of the norms: Salimans & Kingma 2016 (arXiv:1602.07868), Miyato et al. 2018 (arXiv:1802.05957).
    """
    own = model.state_dict()
    found, notes = _weight_norm_names(own, dict(weights)), []
    for kind, fold in (("weight norm", _fold_weight_norm), ("spectral norm", _fold_spectral_norm)):
        if names := fold(own, found):
            notes.append(f"{kind} of {len(names)} layers is folded into their weights")
    if names := _unfuse_norms(model, own, found):
        notes.append(f"{len(names)} norms are fused into the convolutions before them: {list_names(names)}")
    return found, notes


def _has_ending(names: Mapping[str, Tensor], ending: str) -> bool:
    return any(name == ending or name.endswith(f".{ending}") for name in names)


def _weight_norm_names(own: Mapping[str, Tensor], weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names of torch's old weight norm as its new one has them, and the other way round, as the network's are."""
    for old, new in NEW_NAMES.items():
        for theirs, ours in ((old, new), (new, old)):
            if _has_ending(own, ours) and not _has_ending(own, theirs) and _has_ending(weights, theirs):
                weights = {_replace_ending(name, theirs, ours): value for name, value in weights.items()}
    return weights


def _replace_ending(name: str, ending: str, other: str) -> str:
    return name.removesuffix(ending) + other if name == ending or name.endswith(f".{ending}") else name


def _fold_weight_norm(own: Mapping[str, Tensor], weights: dict[str, Tensor]) -> list[str]:
    """Puts g v / |v| in the place of g and v; where, the layers' names."""
    folded = []
    for g, v in (("weight_g", "weight_v"), (NEW_NAMES["weight_g"], NEW_NAMES["weight_v"])):
        for name in [one for one in weights if one == g or one.endswith(f".{g}")] if not _has_ending(own, g) else []:
            layer = name.removesuffix(g)
            if layer + v not in weights:
                continue
            sizes, directions = weights.pop(name), weights.pop(layer + v)
            dim = next((d for d, length in enumerate(sizes.shape) if length > 1), 0)
            weights[f"{layer}weight"] = torch._weight_norm(directions, sizes, dim)
            folded.append(layer)
    return folded


def _fold_spectral_norm(own: Mapping[str, Tensor], weights: dict[str, Tensor]) -> list[str]:
    """Puts W / (u W v) in the place of W, u and v; where, the layers' names."""
    old = ("weight_orig", "weight_u", "weight_v")
    new = ("parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v")
    folded = []
    for whole, u, v in (old, new):
        for name in [one for one in weights if one == whole or one.endswith(f".{whole}")]:
            layer = name.removesuffix(whole)
            if _has_ending(own, whole) or not {layer + u, layer + v} <= weights.keys():
                continue
            weight, left, right = (weights.pop(layer + key) for key in (whole, u, v))
            weights[f"{layer}weight"] = weight / (left @ (weight.flatten(1) @ right))
            folded.append(layer)
    return folded


def _unfuse_norms(model: nn.Module, own: Mapping[str, Tensor], weights: dict[str, Tensor]) -> list[str]:
    """Where the file has a bias for a convolution that has none here and lacks the norm that follows it, the norm is
    made to add that bias and do nothing else. Which norms, by name."""
    missing = [key.removesuffix("running_mean") for key in own if key.endswith("running_mean") and key not in weights]
    order, unfused = list(own), []
    for name in [key for key in weights if key.endswith("bias") and key not in own]:
        beside = name.removesuffix("bias") + "weight"
        if beside not in own:
            continue
        after = [norm for norm in missing if order.index(f"{norm}running_mean") > order.index(beside)]
        if not after or own[f"{after[0]}running_mean"].shape != weights[name].shape:
            continue
        missing.remove(after[0])
        _make_identity(model.get_submodule(after[0].removesuffix(".")), after[0], weights, weights.pop(name))
        unfused.append(after[0].removesuffix("."))
    return unfused


def _make_identity(norm: nn.Module, name: str, weights: dict[str, Tensor], bias: Tensor) -> None:
    """Weights with which the norm adds `bias`, to the precision of its square root."""
    ones, zeros = torch.ones_like(bias), torch.zeros_like(bias)
    filled = {"running_mean": zeros, "running_var": ones - float(getattr(norm, "eps", 0)), "weight": ones, "bias": bias}
    weights |= {name + key: value for key, value in filled.items() if key in norm.state_dict()}
