"""Which channels of a layer, and which depth of the network, carry a score."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.evidence import Evidence, check_device_and_type, collect_evidence, eval_mode
from seewhy.engine.layers import depth_layers
from seewhy.engine.modules import find_layer, first_tensor
from seewhy.engine.rerun import Head, Heads
from seewhy.engine.targets import Score, Targets, output_of, resolve_targets
from seewhy.engine.tokens import layout_of
from seewhy.methods.ablation import ablate_channels, closed_form


@dataclass(frozen=True)
class ChannelImportance:
    """What each channel of `layer` is worth to each score, in the score's own unit, signed.

    `gradient` estimates it, `ablation` measures it; behind pooling and a linear layer they are one (w_k mean(A_k)), and
    how far they differ elsewhere says how far the gradient can be trusted at this layer.
    """

    layer: str
    gradient: Float[Tensor, "n t c"]
    ablation: Float[Tensor, "n t c"]
    score: Float[Tensor, "n t"]

    def top_channels(self, count: int) -> Tensor:
        """The `count` channels whose loss costs most, as a mean over images, for each target: (t, count)."""
        return self.ablation.mean(0).topk(count, dim=1).indices


@dataclass(frozen=True)
class LayerImportance:
    """What each layer, shallow to deep, says of each score. First axis: `layers`.

    `gradient` is sum(g A) over the whole layer: the score itself where everything behind it is homogeneous (ReLU,
    pooling, no biases), so its distance from `score` is what later biases and saturation decide. `width` is how many
    channels carry it, (sum |c_k|)^2 / sum c_k^2 of the channels' shares c_k: 1 where one does, all where all do alike.
    `place` is what the score loses where each channel is replaced by its own mean: 0 where it no longer matters *where*
    in the image something is.
    """

    layers: list[str]
    gradient: Float[Tensor, "l n t"]
    width: Float[Tensor, "l n t"]
    place: Float[Tensor, "l n t"]
    score: Float[Tensor, "n t"]


def channel_importance(model: nn.Module, images: Tensor, targets: Targets, layer: str) -> ChannelImportance:
    """Per channel: gradient x activation, sum_ij g_kij A_kij, and the score's exact drop with the channel at zero.

    Exact means that the head is run again (see `ablate_channels`), or that a closed form holds by measurement. Tokens
    without a place in the image are neither summed nor ablated. Raises SeewhyError as `collect_evidence` does.
    """
    seen = collect_evidence(model, images, [layer], targets)
    scores = resolve_targets(targets, seen.output)
    evidence = seen.evidence[layer]
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        drops = [
            _score_drops(head, [score.pick_images([index]) for score in scores])
            for index, head in enumerate(Heads(model, images, layer))
        ]
    return ChannelImportance(layer, _by_channel(evidence), torch.stack(drops).float(), _evidence_scores(evidence))


def layer_importance(
    model: nn.Module, images: Tensor, targets: Targets, layers: Sequence[str] | None = None
) -> LayerImportance:
    """Per layer over the depth (`depth_layers` unless named): gradient x activation, its width, and what place costs.

    One pass with a gradient at every layer, then a pass for each layer. Raises SeewhyError as `collect_evidence`.
    """
    check_device_and_type(model, images)
    names = list(layers) if layers is not None else depth_layers(model, images)
    seen = collect_evidence(model, images, names, targets)
    scores = resolve_targets(targets, seen.output)
    shares = [_by_channel(seen.evidence[name]) for name in names]
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        outputs = [seen.output, *(_without_place(model, images, name) for name in names)]
        whole, *flat = (torch.stack([score(output) for score in scores], 1) for output in outputs)
    return LayerImportance(
        names,
        torch.stack([share.sum(-1) for share in shares]),
        torch.stack([_evidence_width(share) for share in shares]),
        (whole - torch.stack(flat)).float(),
        _evidence_scores(seen.evidence[names[0]]),
    )


def _evidence_width(shares: Float[Tensor, "n t c"]) -> Float[Tensor, "n t"]:
    squares = (shares**2).sum(-1)
    return torch.where(squares == 0, 0.0, shares.abs().sum(-1) ** 2 / torch.where(squares == 0, 1.0, squares))


def _score_drops(head: Head, scores: list[Score]) -> Float[Tensor, "t c"]:
    closed = closed_form(head, scores)
    return ablate_channels(head, scores) if closed is None else closed


def _without_place(model: nn.Module, images: Tensor, name: str) -> Tensor:
    """The model's output where every map of the layer is flat: its mean in each cell."""

    def average_cells(layer: nn.Module, _args: object, output: object) -> object:
        maps, hand_on = first_tensor(output, name)
        layout = layout_of(model, layer, maps.shape, images.shape)
        assert layout is not None  # `collect_evidence` has asked before
        spatial = layout.to_maps(maps)
        return hand_on(layout.from_maps(spatial.mean((2, 3), keepdim=True).expand_as(spatial), maps).clone())

    handle = find_layer(model, name).register_forward_hook(average_cells)
    try:
        return output_of(model(images.clone()))
    finally:
        handle.remove()


def _by_channel(evidence: list[Evidence]) -> Float[Tensor, "n t c"]:
    return torch.stack([(one.gradient * one.activation).sum((2, 3)) for one in evidence], 1).float()


def _evidence_scores(evidence: list[Evidence]) -> Float[Tensor, "n t"]:
    return torch.stack([one.score for one in evidence], 1).float()
