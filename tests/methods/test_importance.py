"""What channels and depths are worth: the case in which it can be worked out, and brute force elsewhere."""

import pytest
import torch
from torch import nn

import seewhy
from seewhy.methods.importance import channel_importance, layer_importance

from .nets import Pooled, small
from .test_evidence import IMAGES, assert_untouched, state


def test_behind_pooling_and_a_linear_layer_both_are_weight_times_mean() -> None:
    weight, images = torch.randn(4, 3), torch.rand(2, 3, 5, 6)
    found = channel_importance(Pooled(weight), images, "all", "layer")
    by_hand = weight * images.mean((2, 3))[:, None]
    torch.testing.assert_close(found.gradient, by_hand)
    torch.testing.assert_close(found.ablation, by_hand)
    torch.testing.assert_close(found.gradient.sum(2), found.score)
    assert found.top_channels(2).tolist() == by_hand.mean(0).topk(2).indices.tolist()


def test_the_ablation_drop_is_what_zeroing_a_channel_costs() -> None:
    model = small()
    found = channel_importance(model, IMAGES, [0, 2, 1], "layer")
    rows = torch.arange(3)
    plain = model(IMAGES)[rows, [0, 2, 1]]
    for channel in range(8):
        gone = torch.ones(8)
        gone[channel] = 0
        handle = model.layer.register_forward_hook(lambda *given, gone=gone: given[2] * gone[:, None, None])
        drop = plain - model(IMAGES)[rows, [0, 2, 1]]
        handle.remove()
        torch.testing.assert_close(found.ablation[:, 0, channel], drop.detach(), rtol=1e-4, atol=1e-6)
    assert (found.ablation - found.gradient).abs().max() > 1e-5  # this head is not linear: the two are not one


def homogeneous() -> nn.Module:
    torch.manual_seed(0)
    convs = [nn.Conv2d(3, 4, 3, bias=False), nn.ReLU(), nn.Conv2d(4, 5, 3, bias=False), nn.ReLU()]
    return nn.Sequential(*convs, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3, bias=False))


def test_without_biases_every_depth_holds_the_whole_score() -> None:
    found = layer_importance(homogeneous(), IMAGES, "all", ["0", "2", "3"])
    torch.testing.assert_close(found.gradient, found.score.expand(3, -1, -1), rtol=1e-4, atol=1e-6)


def test_place_is_worth_nothing_behind_the_last_relu() -> None:
    found = layer_importance(homogeneous(), IMAGES, 1, ["0", "3"])
    torch.testing.assert_close(found.place[1], torch.zeros(3, 1), atol=1e-6, rtol=0)
    assert found.place[0].abs().min() > 1e-5


@pytest.mark.parametrize(("weights", "width"), [([1.0, 0, 0], 1.0), ([1.0, -1.0, 1.0], 3.0), ([0.0, 0, 0], 0.0)])
def test_width_counts_the_channels_that_carry_the_score(weights: list[float], width: float) -> None:
    found = layer_importance(Pooled(torch.tensor([weights])), torch.ones(1, 3, 4, 4), 0, ["layer"])
    assert found.width.item() == pytest.approx(width)


def test_layers_are_found_and_the_model_is_untouched() -> None:
    model = small().train()
    before = state(model)
    with torch.inference_mode():
        found = layer_importance(model, IMAGES.clone(), None)
        channel_importance(model, IMAGES.clone(), None, "mix")
    assert_untouched(before, model)
    assert found.gradient.shape == (len(found.layers), 3, 1)


def test_tokens_keep_their_class_token() -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", depth=2, num_classes=3, img_size=32)
    found = channel_importance(model, torch.rand(1, 3, 32, 32), 0, "blocks.1.norm1")
    assert found.ablation.shape == (1, 1, 192)
    assert found.ablation.abs().max() > 0


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(seewhy.SeewhyError, match="did you mean 'layer'"):
        channel_importance(small(), IMAGES, 0, "layr")
