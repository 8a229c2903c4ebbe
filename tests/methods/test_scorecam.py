"""Score-CAM: by hand, against a plain loop, against torchcam, and that equal masks share a run."""

import pytest
import torch
from torch import Tensor, nn
from torchcam.methods import ScoreCAM
from torchvision.models import resnet18

import seewhy
from seewhy.engine.rerun import Heads
from seewhy.engine.targets import class_score
from seewhy.methods.scorecam import distinct_masks, scorecam

from .nets import Pooled, small


class Bright(nn.Module):
    """The score is the sum of what is seen; the layer sees the channels one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).sum((1, 2, 3))[:, None]


def test_by_hand() -> None:
    images = torch.tensor([[[[0.0, 2.0]], [[4.0, 0.0]]]])  # masks (0, 1) and (1, 0)
    # through the first mask the image is (0, 2), (0, 0), through the second (0, 0), (4, 0): scores 2 and 4
    weights = torch.tensor([2.0, 4.0]).softmax(0)
    found = seewhy.explain(Bright(), images, methods=["scorecam"], targets=1, layer="layer")["scorecam"][0, 0]
    torch.testing.assert_close(found, torch.stack([4 * weights[1], 2 * weights[0]])[None])


def test_equals_a_plain_loop_for_every_class_and_image() -> None:
    model, images = small(), torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = seewhy.explain(
        model, images, methods=["scorecam"], targets="all", layer="mix", options={"scorecam": {"inner": 3}}
    )["scorecam"]
    with torch.no_grad():
        for image, seen in zip(images, model.mix(model.act(model.layer(model.stem(images)))), strict=True):
            scores = []
            for channel in seen:
                mask = (channel - channel.min()) / (channel.max() - channel.min())
                scores.append(model(image[None] * seewhy.upsample(mask, (16, 16)))[0])
            expected = torch.einsum("kt,khw->thw", torch.stack(scores).softmax(0), seen)
            torch.testing.assert_close(found[0], expected, rtol=1e-4, atol=1e-5)
            found = found[1:]


@pytest.mark.parametrize("fast", [False, True])
def test_agrees_with_torchcam(fast: bool) -> None:
    """Its map before it scales; the ReLU, which it cannot leave out, is ours to add."""
    torch.manual_seed(0)
    model = resnet18(num_classes=7).eval()
    images = torch.rand(2, 3, 64, 64)
    with ScoreCAM(model, "layer3") as peer, torch.inference_mode():
        model(images)
        theirs = peer(class_idx=[3, 5], normalized=False)[0]
    ours = scorecam(Heads(model, images, "layer3"), [class_score([3, 5])], fast=fast)[:, 0]
    assert float((seewhy.relu(ours) - theirs).abs().max() / theirs.abs().max()) < 1e-4


def test_equal_and_constant_channels_share_a_run() -> None:
    activation = torch.rand(6, 3, 3)
    activation[1] = 0
    activation[2] = 5
    activation[4] = 2 * activation[3] + 1  # the same mask, up to rounding or exactly
    activation[5] = activation[3]
    masks, which = distinct_masks(activation)
    assert which[1] == which[2]
    assert which[5] == which[3]
    assert len(masks) in (3, 4)
    assert masks[which[1]].abs().max() == 0
    full = activation - activation.amin((1, 2), keepdim=True)
    full = full / full.amax((1, 2), keepdim=True).clamp(min=1e-12)
    torch.testing.assert_close(masks[which], full)


def test_skipped_channels_change_nothing() -> None:
    model, runs = Pooled(torch.rand(3, 4)), []
    model.head.register_forward_pre_hook(lambda _module, args: runs.append(len(args[0])))
    images = torch.rand(1, 4, 6, 6)
    images[:, 2] = 0
    images[:, 3] = images[:, 1]
    found = scorecam(Heads(model, images, "layer"), [class_score([0])])[0, 0]
    assert sum(runs) == 1 + 2 + 3  # the image, the head's check of itself, and three masks for four channels
    masks = torch.stack([distinct_masks(images[0])[0][i] for i in distinct_masks(images[0])[1]])
    scores = torch.cat([model(images * mask)[:, 0] for mask in masks]).detach()
    torch.testing.assert_close(found, torch.einsum("k,khw->hw", scores.softmax(0), images[0]))


def test_a_dead_layer_has_no_evidence() -> None:
    found = seewhy.explain(Bright(), torch.zeros(1, 2, 4, 4), methods=["scorecam"], targets=0, layer="layer")
    assert seewhy.normalise(found["scorecam"]).isnan().all()
