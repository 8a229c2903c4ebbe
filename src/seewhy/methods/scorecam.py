"""Score-CAM: channels weighed by the score of the image seen through them."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.reading import upsample
from seewhy.engine.rerun import Heads, rerun_method
from seewhy.engine.targets import Score, output_of, read_scores
from seewhy.engine.tuned import fast_model


@rerun_method("scorecam", title="Score-CAM", paper="arXiv:1910.01279")
def scorecam(heads: Heads, scores: Sequence[Score], inner: int = 16, fast: bool = False) -> Float[Tensor, "n t h w"]:
    """sum_k w_k A_k, w = softmax over k of score(x * H_k), H_k = A_k scaled to 0..1, enlarged. Wang et al. 2020, eq. 8.

    Before the paper's ReLU. The paper subtracts the score of a base image, which the softmax forgets. Channels are
    scaled before they are enlarged, as torchcam does; the paper scales after. Channels with the same mask (all the
    constant ones among them) share one run, and all scores share all runs: at most c forward passes an image, `inner`
    at a time. `fast` runs a tuned copy of the model (see `tuned_copy`): scores, and so weights, to 1e-4.
    """
    maps = []
    with fast_model(heads.model, heads.images[:1], fast) as model:
        for index, head in enumerate(heads):
            masks, which = distinct_masks(head.activation[0])
            single = [score.pick_images([index]) for score in scores]
            seen = torch.cat([_ask_through(model, head.image, part, single) for part in masks.split(inner)], 1)
            maps.append(torch.einsum("tc,chw->thw", seen[:, which].softmax(1), head.activation[0]))
    return torch.stack(maps)


def distinct_masks(activation: Float[Tensor, "c h w"]) -> tuple[Float[Tensor, "m h w"], Tensor]:
    """The different masks among the channels, and which of them each channel has; a constant channel's is all zero."""
    low = activation.amin((1, 2), keepdim=True)
    spread = activation.amax((1, 2), keepdim=True) - low
    masks = (activation - low) / torch.where(spread == 0, 1.0, spread)
    found, which = masks.flatten(1).unique(dim=0, return_inverse=True)
    return found.unflatten(1, activation.shape[1:]), which


def _ask_through(model: nn.Module, image: Tensor, masks: Tensor, scores: Sequence[Score]) -> Float[Tensor, "t m"]:
    height, width = image.shape[2:]
    return read_scores(output_of(model(image * upsample(masks, (height, width))[:, None])), scores)
