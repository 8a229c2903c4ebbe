"""Ablation-CAM: what the score loses when a channel is set to zero."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from seewhy.engine.rerun import Head, Heads, rerun_method
from seewhy.engine.targets import Score, read_scores
from seewhy.methods.pixels import INNER

PROBES = 8  # random halves of the channels on which the closed form must hold


@rerun_method("ablationcam", title="Ablation-CAM", paper="doi:10.1109/WACV45572.2020.9093360")
def ablationcam(heads: Heads, scores: Sequence[Score], closed: bool = True) -> Float[Tensor, "n t h w"]:
    """sum_k w_k A_k, w_k = (y - y_k) / |y|, y_k the score with channel k at 0. Desai & Ramaswamy 2020, equations 3, 4.

    Before the paper's ReLU, and by |y| where it divides by y: a negative score would turn the sign of the whole map.
    A score of exactly 0 does not divide. Class tokens have no place in the map and are not ablated.

    Where the head is affine in A (pooling and a linear layer), w_k is known without ablating anything: see
    `closed_form`. Cost: one forward pass and three small head passes for each image; elsewhere one head pass more for
    each channel that is not zero anyway, shared by all scores, and never the trunk. `closed=False` ablates in any case.
    """
    maps = []
    for index, head in enumerate(heads):
        single = [score.pick_images([index]) for score in scores]
        drops = closed_form(head, single) if closed else None
        drops = ablate_channels(head, single) if drops is None else drops
        whole = read_scores(head.output, single)
        weights = drops / torch.where(whole == 0, 1.0, whole.abs())
        maps.append(torch.einsum("tc,chw->thw", weights, head.activation[0]))
    return torch.stack(maps)


def closed_form(head: Head, scores: Sequence[Score]) -> Float[Tensor, "t c"] | None:
    """sum_ij g_kij A_kij, the drop of an affine head exactly (w_k mean(A_k) behind pooling); None where it is not.

    Found by measuring: all channels at 0, random halves, and each score's strongest channel alone must cost what the
    formula says, to rounding. An affine head always passes; another one would have to agree on all of these.
    """
    a = head.activation
    drops = (_score_gradients(head, scores) * a).sum((2, 3))
    draw = torch.Generator().manual_seed(0)
    kept = torch.rand(PROBES, a.shape[1], generator=draw).to(a.device) < 0.5
    alone = drops.abs().argmax(1).unique()[:PROBES]
    single = torch.arange(a.shape[1], device=a.device) != alone[:, None]
    kept = torch.cat([torch.zeros_like(kept[:1]), kept, single]).to(a)
    whole = read_scores(head.output, scores)
    found = whole - read_scores(head(a * kept[:, :, None, None]), scores)
    scale = torch.maximum(whole.abs(), drops.abs().sum(1, keepdim=True))
    right = (found - drops @ (1 - kept).T).abs() <= 100 * torch.finfo(a.dtype).eps * scale
    return drops if bool(right.all()) else None


def ablate_channels(head: Head, scores: Sequence[Score]) -> Float[Tensor, "t c"]:
    """The drop of each score for each channel, by setting one after the other to zero and running the head again."""
    a, whole = head.activation, read_scores(head.output, scores)
    drops = torch.zeros(len(scores), a.shape[1], dtype=whole.dtype, device=a.device)
    for part in a[0].flatten(1).any(1).nonzero()[:, 0].split(INNER):  # channels that are zero anyway cost nothing
        rows = a.repeat(len(part), 1, 1, 1)
        rows[torch.arange(len(part)), part] = 0
        drops[:, part] = whole - read_scores(head(rows), scores)
    return drops


def _score_gradients(head: Head, scores: Sequence[Score]) -> Float[Tensor, "t c h w"]:
    """The gradient of each score; zero where the head cuts it off, which the probes then disprove."""
    leaf = head.activation.detach().requires_grad_()
    with torch.enable_grad():
        found = read_scores(head(leaf), scores)[:, 0]
        if not found.requires_grad:
            return leaf.detach().expand(len(scores), *leaf.shape[1:]) * 0
        ones = torch.eye(len(scores), dtype=found.dtype, device=found.device)
        parts = [torch.autograd.grad(found, leaf, one, retain_graph=True, allow_unused=True)[0] for one in ones]
    return torch.cat([torch.zeros_like(leaf) if part is None else part for part in parts])
